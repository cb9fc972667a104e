import type { ClusterAssessment } from './cluster-verdict.rules.js';
import type { ClusterVerdict } from './readiness.types.js';
import { assumptionsOf, differences, imaginedSet, lastRun, type NextRun, type StoredSet } from './what-if.rules.js';

const now = new Date('2026-11-24T12:00:00Z');
const hours = (count: number): Date => new Date(now.getTime() + count * 3_600_000);

/** Every so many hours, counted from `now`. */
const every = (step: number): NextRun => (after) => hours((Math.floor((after.getTime() - now.getTime()) / (step * 3_600_000)) + 1) * step);

const set = (id: string, startedAt: Date, over: Partial<StoredSet> = {}): StoredSet => ({ id, startedAt, completedAt: new Date(startedAt.getTime() + 300_000), expiresAt: hours(1000), usability: 'USABLE', ...over });
const sets = [set('new', hours(-1)), set('old', hours(-25)), set('older', hours(-49), { usability: 'PARTIALLY_FAILED' }), set('broken', hours(-0.5), { usability: 'INCOMPLETE' })];

describe('the last run by a moment', () => {
  test.each<[string, NextRun, Date, Date | null]>([
    ['hourly', every(1), hours(5.5), hours(5)],
    ['in its very minute', every(1), hours(5), hours(5)],
    ['weekly, found further back', every(168), hours(500), hours(336)],
    ['none yet', every(24), hours(3), null],
    ['a schedule that never runs', () => null, hours(3), null],
  ])('%s', (_what, nextRun, by, expected) => {
    expect(lastRun(nextRun, now, by)).toEqual(expected);
  });
});

describe('which set would be restored', () => {
  const choose = (question: Parameters<typeof imaginedSet>[0], nextRun: NextRun | null = every(4), ttlMs: number | null = 100 * 3_600_000, at = question.sourceDiesAt ?? now) =>
    imaginedSet(question, sets, nextRun, ttlMs, now, at);

  test.each<[string, ReturnType<typeof choose>, unknown]>([
    ['the newest usable one', choose({}), { kind: 'STORED', setId: 'new' }],
    ['the one that was asked for', choose({ backupSetId: 'older', sourceDiesAt: hours(20) }), { kind: 'STORED', setId: 'older' }],
    ['a source that died yesterday had made older ones', choose({ sourceDiesAt: hours(-10) }), { kind: 'STORED', setId: 'old' }],
    ['one that was not complete when it died does not count', choose({ sourceDiesAt: hours(-24.99) }), { kind: 'STORED', setId: 'older' }],
    ['before the first set there is none', choose({ sourceDiesAt: hours(-100) }), { kind: 'NONE' }],
    ['a source that lives on makes more', choose({ sourceDiesAt: hours(21) }), { kind: 'PROJECTED', startsAt: hours(20), expiresAt: hours(120) }],
    ['a set takes its time', choose({ sourceDiesAt: hours(20.01) }), { kind: 'PROJECTED', startsAt: hours(16), expiresAt: hours(116) }],
    ['not without a schedule', choose({ sourceDiesAt: hours(21) }, null), { kind: 'STORED', setId: 'new' }],
    ['not one that has expired by the restore', choose({ sourceDiesAt: hours(21) }, every(4), 3_600_000, hours(30)), { kind: 'STORED', setId: 'new' }],
  ])('%s', (_what, found, expected) => {
    expect(found).toEqual(expected);
  });
});

describe('differences', () => {
  const judged = (verdicts: Record<string, ClusterVerdict>) =>
    Object.entries(verdicts).map(([cluster, verdict]) => ({ cluster, assessment: { verdict, findings: verdict === 'NOT_READY' ? [{ code: 'TOKEN_EXPIRED' }] : [] } as unknown as ClusterAssessment }));

  test('who is gained, who is lost, and why', () => {
    const found = differences(judged({ a: 'READY', b: 'NOT_READY', c: 'AT_RISK', d: 'NOT_NEEDED' }), judged({ a: 'NOT_READY', b: 'READY', c: 'READY', d: 'NOT_NEEDED' }));
    expect(found).toEqual({
      gained: 1, lost: 1,
      shown: [
        { cluster: 'a', before: 'READY', after: 'NOT_READY', code: 'TOKEN_EXPIRED' },
        { cluster: 'b', before: 'NOT_READY', after: 'READY', code: null },
        { cluster: 'c', before: 'AT_RISK', after: 'READY', code: null },
      ],
    });
  });

  test('at most a hundred are shown, all are counted', () => {
    const names = Array.from({ length: 250 }, (_, index) => `c${index}`);
    const all = (verdict: ClusterVerdict) => judged(Object.fromEntries(names.map((name) => [name, verdict])));
    const found = differences(all('READY'), all('NOT_READY'));
    expect(found.lost).toBe(250);
    expect(found.shown).toHaveLength(100);
  });
});

test('what is taken for granted is said', () => {
  expect(assumptionsOf({}, { kind: 'STORED', setId: 'new' }, now, now)).toEqual([]);
  expect(assumptionsOf({ sourceDiesAt: hours(21) }, { kind: 'PROJECTED', startsAt: hours(20), expiresAt: null }, now, hours(21))).toHaveLength(3);
  expect(assumptionsOf({ tokenValiditySeconds: 3600 }, { kind: 'STORED', setId: 'new' }, now, now).join()).toContain('sourceDiesAt');
  expect(assumptionsOf({}, { kind: 'STORED', setId: 'new' }, now, hours(-3)).join()).toContain('as they are now');
});
