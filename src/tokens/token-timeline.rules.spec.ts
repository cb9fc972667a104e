import { timelineLife, tokenGaps } from './token-timeline.rules.js';
import type { RecordedLife, SetEntry } from './token-timeline.types.js';

/** Hours since the beginning of the story. */
const at = (hours: number): Date => new Date(Date.UTC(2026, 10, 1) + hours * 3_600_000);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const life = (change: Partial<RecordedLife> = {}): RecordedLife => ({
  id: 'l', account: 'auto-import-account', secretUid: 'u', issuedAt: at(0), expiresAt: at(10), seenAt: at(0), labelledAt: at(0), endedAt: null, nextIssuedAt: null, ...change,
});

test.each([
  { because: 'it is not due yet', given: {}, now: at(7), late: null, missed: false },
  { because: 'it is due this moment', given: {}, now: at(8), late: null, missed: false },
  { because: 'it is a little late', given: {}, now: new Date(at(8).getTime() + 10 * MINUTE), late: 10 * MINUTE, missed: false },
  { because: 'it is so late that something is wrong', given: {}, now: at(9), late: HOUR, missed: true },
  { because: 'it has expired unrenewed, and still is', given: {}, now: at(30), late: 22 * HOUR, missed: true },
  { because: 'it was renewed in time', given: { endedAt: at(8), nextIssuedAt: at(8) }, now: at(30), late: null, missed: false },
  { because: 'it was renewed, too late', given: { endedAt: at(12), nextIssuedAt: at(12) }, now: at(30), late: 4 * HOUR, missed: true },
  { because: 'its Secret went before it was due; the next is another one', given: { endedAt: at(3), nextIssuedAt: at(20) }, now: at(30), late: null, missed: false },
  { because: 'its Secret went when it was overdue', given: { endedAt: at(9) }, now: at(30), late: HOUR, missed: true },
  { because: 'its expiry was never told', given: { expiresAt: null }, now: at(30), late: null, missed: false },
])('refresh: $because', ({ given, now, late, missed }) => {
  const told = timelineLife(life(given), [], now);
  expect({ late: told.refreshLateMs, missed: told.refreshMissed }).toEqual({ late, missed });
});

test.each([
  { because: 'labelled at once', given: {}, hours: 0 },
  { because: 'labelled before it was issued: the label outlives a refresh', given: { labelledAt: at(-3) }, hours: 0 },
  { because: 'labelled later', given: { labelledAt: at(2) }, hours: 2 },
  { because: 'not labelled yet', given: { labelledAt: null }, hours: 5 },
  { because: 'never labelled', given: { labelledAt: null, endedAt: at(1) }, hours: 1 },
  { because: 'what has expired is not missed in a backup', given: { labelledAt: null, expiresAt: at(4) }, hours: 4 },
])('label: $because', ({ given, hours }) => {
  expect(timelineLife(life(given), [], at(5)).unlabelledMs).toBe(hours * HOUR);
});

test('a life knows the sets that hold it, by account and refresh', () => {
  const set = (change: Partial<SetEntry>): SetEntry => ({
    setId: 's', credentialsBackup: 'c', startedAt: at(1), setExpiresAt: at(100), account: 'auto-import-account', belief: 'INFERRED_IN', evidence: 'labelled before', evidenceKind: 'LABEL_AT_START',
    reason: null, expiresAt: at(10), refreshedAt: at(0), ...change,
  });
  const sets = [
    set({ setId: 'in' }), set({ setId: 'verified', belief: 'VERIFIED_IN' }), set({ setId: 'out', belief: 'INFERRED_OUT', refreshedAt: null }), set({ setId: 'pair', account: 'auto-import-account-pair' }),
    set({ setId: 'before', refreshedAt: at(-9) }),
  ];
  expect(timelineLife(life(), sets, at(2)).sets.map(({ setId }) => setId)).toEqual(['in', 'verified']);
});

test.each([
  { because: 'a token is valid all the time', lives: [life()], now: at(9), gaps: [] },
  { because: 'nothing is known', lives: [], now: at(9), gaps: [] },
  { because: 'it expired, and nothing came', lives: [life()], now: at(12), gaps: ['NO_TOKEN 10-'] },
  { because: 'it expired, and another came late', lives: [life({ endedAt: at(12) }), life({ issuedAt: at(12), expiresAt: at(30) })], now: at(20), gaps: ['NO_TOKEN 10-12'] },
  { because: 'the other account\u2019s token bridges a part', lives: [life({ endedAt: at(14) }), life({ account: 'auto-import-account-pair', issuedAt: at(5), expiresAt: at(12) }), life({ issuedAt: at(14), expiresAt: at(30) })], now: at(20), gaps: ['NO_TOKEN 12-14'] },
  { because: 'the Secret was taken away', lives: [life({ endedAt: at(3) })], now: at(5), gaps: ['NO_TOKEN 3-'] },
  { because: 'nobody told when it expires', lives: [life({ expiresAt: null, endedAt: at(4) }), life({ issuedAt: at(6), expiresAt: at(30) })], now: at(9), gaps: ['UNKNOWN 0-4', 'NO_TOKEN 4-6'] },
  { because: 'what nobody knows of one is known of the other', lives: [life({ expiresAt: null }), life({ account: 'auto-import-account-pair', issuedAt: at(2), expiresAt: at(30) })], now: at(9), gaps: ['UNKNOWN 0-2'] },
  { because: 'the span begins later', lives: [life({ endedAt: at(2) }), life({ issuedAt: at(8), expiresAt: at(30) })], from: at(5), now: at(9), gaps: ['NO_TOKEN 5-8'] },
  { because: 'the span ended before the gap did', lives: [life()], to: at(11), now: at(50), gaps: ['NO_TOKEN 10-11'] },
  { because: 'the future has no gaps', lives: [life({ expiresAt: at(4) })], to: at(100), now: at(3), gaps: [] },
])('gaps: $because', ({ lives, from = at(-100), to = at(1000), now, gaps }) => {
  const hours = (date: Date): number => (date.getTime() - at(0).getTime()) / HOUR;
  expect(tokenGaps(lives, { from, to }, now).map(({ kind, from: begins, to: ends }) => `${kind} ${hours(begins)}-${ends === null ? '' : hours(ends)}`)).toEqual(gaps);
});
