import { inferBelief, type TokenLifeRecord } from './backup-belief.rules.js';

const at = (time: string): Date => new Date(`2026-11-24T${time}Z`);
const start = at('20:00:00');
const watched = { listedAt: at('19:00:00'), heardAt: at('20:01:00'), isWatching: false };
const life = (change: Partial<TokenLifeRecord> = {}): TokenLifeRecord => ({
  refreshedAt: at('10:00:00'), expiresAt: at('23:00:00'), labelledAt: at('10:00:01'), endedAt: null, validitySeconds: 3600, ...change,
});

test.each([
  { because: 'labelled before, alive at the start', lives: [life()], belief: 'INFERRED_IN', expiresAt: at('23:00:00') },
  { because: 'what happens afterwards changes nothing', lives: [life({ endedAt: at('20:30:00') })], belief: 'INFERRED_IN', expiresAt: at('23:00:00') },
  { because: 'the life at the start counts, not the present one', lives: [life({ endedAt: at('21:00:00') }), life({ refreshedAt: at('21:00:00'), expiresAt: at('23:59:00') })], belief: 'INFERRED_IN', expiresAt: at('23:00:00') },
  { because: 'an unknown expiry stays unknown', lives: [life({ expiresAt: null })], belief: 'INFERRED_IN', expiresAt: null },
  { because: 'there was no Secret', lives: [], belief: 'INFERRED_OUT', reason: 'SECRET_MISSING' },
  { because: 'it was gone before', lives: [life({ endedAt: at('19:00:00') })], belief: 'INFERRED_OUT', reason: 'SECRET_MISSING' },
  { because: 'it came later', lives: [life({ refreshedAt: at('20:05:00'), labelledAt: at('20:05:00') })], belief: 'INFERRED_OUT', reason: 'SECRET_MISSING' },
  { because: 'it never had a label', lives: [life({ labelledAt: null })], belief: 'INFERRED_OUT', reason: 'SECRET_UNLABELLED' },
  { because: 'the label came after the start', lives: [life({ labelledAt: at('20:00:01') })], belief: 'INFERRED_OUT', reason: 'LABELLED_AFTER_START' },
  { because: 'in the very second of the start Velero may have looked before', lives: [life({ labelledAt: at('20:00:00.000') })], belief: 'UNKNOWN' },
  { because: 'the second before is before', lives: [life({ labelledAt: at('19:59:59') })], belief: 'INFERRED_IN', expiresAt: at('23:00:00') },
  {
    because: 'of two lives that meet at the start, the one that ends sooner is counted on',
    lives: [life({ endedAt: start }), life({ refreshedAt: start, labelledAt: at('19:00:00'), expiresAt: at('23:59:00') })],
    belief: 'INFERRED_IN',
    expiresAt: at('23:00:00'),
  },
  {
    because: 'a token that was replaced at the very start may be in or not',
    lives: [life({ endedAt: start }), life({ refreshedAt: start, labelledAt: null })],
    belief: 'UNKNOWN',
  },
  { because: 'what we did not watch may have been there', lives: [], watch: { listedAt: at('20:30:00'), heardAt: at('20:31:00'), isWatching: true }, belief: 'UNKNOWN' },
  { because: 'a watch that fell silent before the start saw nothing', lives: [], watch: { listedAt: at('19:00:00'), heardAt: at('19:50:00'), isWatching: false }, belief: 'UNKNOWN' },
  { because: 'a watch that stands saw it, though little is said on it', lives: [], watch: { listedAt: at('19:00:00'), heardAt: at('19:50:00'), isWatching: true }, belief: 'INFERRED_OUT', reason: 'SECRET_MISSING' },
  { because: 'a hub that was never listed', lives: [], watch: { listedAt: null, heardAt: null, isWatching: true }, belief: 'UNKNOWN' },
  { because: 'an unlabelled one may have had the label meanwhile', lives: [life({ labelledAt: null })], watch: { listedAt: at('20:30:00'), heardAt: at('20:31:00'), isWatching: true }, belief: 'UNKNOWN' },
  { because: 'a label that is older than the start was there, watched or not', lives: [life()], watch: { listedAt: at('20:30:00'), heardAt: at('20:31:00'), isWatching: true }, belief: 'INFERRED_IN', expiresAt: at('23:00:00') },
  {
    because: 'when it went is known no better than we watched', lives: [life({ endedAt: at('20:30:00') })], watch: { listedAt: at('20:30:00'), heardAt: at('20:31:00'), isWatching: true },
    belief: 'UNKNOWN',
  },
  { because: 'it was removed in the very second of the start', lives: [life({ endedAt: start })], belief: 'UNKNOWN' },
] as { because: string; lives: TokenLifeRecord[]; watch?: typeof watched; belief: string; reason?: string; expiresAt?: Date | null }[])(
  '$belief $reason: $because',
  ({ lives, watch, belief, reason, expiresAt }) => {
    const inferred = inferBelief(lives, start, watch ?? watched);
    expect(inferred).toMatchObject({ belief, reason: reason ?? null });
    if (belief === 'INFERRED_IN') expect(inferred.expiresAt).toEqual(expiresAt ?? null);
  },
);

test.each([
  { because: 'a label that came too late makes the token no other', lives: [life({ labelledAt: at('20:00:01') })], expiresAt: at('23:00:00') },
  { because: 'nor one that never came', lives: [life({ labelledAt: null })], expiresAt: at('23:00:00') },
  { because: 'of two that met at the start, the one that ends sooner', lives: [life({ endedAt: start }), life({ refreshedAt: start, labelledAt: null, expiresAt: at('22:00:00') })], expiresAt: at('22:00:00') },
  { because: 'there was none', lives: [], expiresAt: null },
])('the expiry of the token at the start is known, should it turn out to be inside: $because', ({ lives, expiresAt }) => {
  expect(inferBelief(lives, start, watched).expiresAt).toEqual(expiresAt);
});

test.each([
  { because: 'nothing was changed', validitySeconds: 3600, asked: 3600, isDoubtful: false },
  { because: 'the validity was lowered during this life', validitySeconds: 3600, asked: 600, isDoubtful: true },
  { because: 'or raised', validitySeconds: 3600, asked: 7200, isDoubtful: true },
  { because: 'what it was is not known', validitySeconds: null, asked: 3600, isDoubtful: false },
  { because: 'what it is now is not known', validitySeconds: 3600, asked: null, isDoubtful: false },
])('an expiry is doubtful ($isDoubtful): $because', ({ validitySeconds, asked, isDoubtful }) => {
  const one = life({ validitySeconds });
  const { expiryDoubt, doubtfulFrom, belief } = inferBelief([one], start, watched, asked);
  expect(belief).toBe('INFERRED_IN');
  expect(expiryDoubt !== null).toBe(isDoubtful);
  // From the end that the shorter of both validities would have made.
  expect(doubtfulFrom).toEqual(isDoubtful ? new Date(one.refreshedAt.getTime() + Math.min(validitySeconds ?? 0, asked ?? 0) * 1000) : null);
});
