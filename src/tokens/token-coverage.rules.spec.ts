import { setCoverage, setRhythm, tokenOldForRpoAt, type SetRhythm } from './token-coverage.rules.js';
import type { TokenLife } from './token-life.rules.js';

const HOUR = 3_600_000;
const T0 = Date.parse('2026-11-24T00:00:00Z');
const life = (refreshedHours: number, hours: number): TokenLife => ({ refreshedAt: new Date(T0 + refreshedHours * HOUR), expiresAt: new Date(T0 + (refreshedHours + hours) * HOUR) });
const rhythm = (cron: string, veleroTtl: string | null = '720h'): SetRhythm => setRhythm({ cron, veleroTtl }) ?? { gapsMs: [], ttlMs: 0 };
const hours = (ms: number): number => Math.round((ms / HOUR) * 100) / 100;

describe('when sets come', () => {
  test.each([
    { because: 'every four hours', cron: '0 */4 * * *', longest: 4, shortest: 4 },
    { because: 'twice a day, unevenly', cron: '0 8,12 * * *', longest: 20, shortest: 4 },
    { because: 'on weekdays only', cron: '0 2 * * 1-5', longest: 72, shortest: 24 },
    { because: 'often, on weekdays only', cron: '*/5 * * * 1-5', longest: 48 + 5 / 60, shortest: 5 / 60 },
    { because: 'once a month', cron: '@monthly', longest: 31 * 24, shortest: 29 * 24 },
    { because: 'by an interval', cron: '@every 90m', longest: 1.5, shortest: 1.5 },
    { because: 'a time zone moves all alike', cron: 'CRON_TZ=Asia/Tokyo 0 1 * * *', longest: 24, shortest: 24 },
  ])('$cron: $because', ({ cron, longest, shortest }) => {
    const { gapsMs } = rhythm(cron);
    expect([hours(Math.max(...gapsMs)), hours(Math.min(...gapsMs))]).toEqual([hours(longest * HOUR), hours(shortest * HOUR)]);
  });

  test.each([{ cron: null }, { cron: 'often' }, { cron: '0 0 31 2 *' }])('$cron makes no sets', ({ cron }) => {
    expect(setRhythm({ cron, veleroTtl: null })).toBeNull();
  });

  test('what the schedule leaves out is a month', () => {
    expect(rhythm('@daily', null).ttlMs).toBe(720 * HOUR);
    expect(rhythm('@daily', 'soon').ttlMs).toBe(720 * HOUR);
  });
});

describe('what is left to the token in a set', () => {
  test.each([
    { because: 'the operator\u2019s own measure: twice the TTL, half of it left', first: life(0, 1440), pairShare: 0.5, cron: '0 */4 * * *', left: 720, uncovered: 0, ends: false },
    { because: 'seconds between grant and report are no finding', first: life(0, 1439.99), pairShare: 0.5, cron: '0 */4 * * *', left: 720, uncovered: 0, ends: false },
    { because: 'nobody makes the pair: a fifth is left', first: life(0, 1440), pairShare: null, cron: '0 */4 * * *', left: 288, uncovered: 0, ends: true },
    { because: 'a later pair leaves less', first: life(0, 1440), pairShare: 0.7, cron: '0 */4 * * *', left: 432, uncovered: 0, ends: true },
    { because: 'EKS: a day, and sets every four hours', first: life(0, 24), pairShare: 0.5, cron: '0 */4 * * *', left: 12, uncovered: 0, ends: true },
    { because: 'EKS: a day, and a set each day', first: life(0, 24), pairShare: 0.5, cron: '0 2 * * *', left: 12, uncovered: 12, ends: true },
    { because: 'EKS without a pair', first: life(0, 24), pairShare: null, cron: '0 2 * * *', left: 4.8, uncovered: 19.2, ends: true },
    { because: 'uneven sets: only the long gap is too long', first: life(0, 24), pairShare: 0.5, cron: '0 8,12 * * *', left: 12, uncovered: 8, ends: true },
    { because: 'weekends weigh on the mean of the week', first: life(0, 24), pairShare: 0.5, cron: '0 2 * * 1-5', left: 12, uncovered: 15.43, ends: true },
    { because: 'an hour, and a set each hour', first: life(0, 1), pairShare: 0.5, cron: '0 * * * *', left: 0.5, uncovered: 12, ends: true },
    { because: 'a pair that is half a life behind', first: life(0, 24), pair: life(12, 24), pairShare: 0.5, cron: '0 2 * * *', left: 12, uncovered: 12, ends: true },
    { because: 'after the first one\u2019s renewal it is three tenths ahead, which is the same', first: life(19.2, 24), pair: life(12, 24), pairShare: 0.5, cron: '0 2 * * *', left: 12, uncovered: 12, ends: true },
    { because: 'both renewed at once, after the cluster was off: no better than one', first: life(0, 24), pair: life(0, 24), pairShare: 0.5, cron: '0 2 * * *', left: 4.8, uncovered: 19.2, ends: true },
    { because: 'the best that two can do', first: life(0, 24), pair: life(9.6, 24), pairShare: 0.5, cron: '0 2 * * *', left: 14.4, uncovered: 9.6, ends: true },
    { because: 'lives of two lengths meet some day: the longer one\u2019s fifth', first: life(0, 24), pair: life(12, 48), pairShare: 0.5, cron: '0 2 * * *', left: 9.6, uncovered: 14.4, ends: true },
    { because: 'a pair without a token yet will be made as it should', first: life(0, 24), pair: { refreshedAt: null, expiresAt: null }, pairShare: 0.5, cron: '0 2 * * *', left: 12, uncovered: 12, ends: true },
  ] as { because: string; first: TokenLife; pair?: TokenLife; pairShare: number | null; cron: string; left: number; uncovered: number; ends: boolean }[])(
    '$left h left, $uncovered h of each day: $because',
    ({ first, pair, pairShare, cron, left, uncovered, ends }) => {
      const coverage = setCoverage(first, pair ?? null, pairShare, rhythm(cron));
      expect(coverage?.restorableForMs).toBeCloseTo(left * HOUR, -5);
      expect([hours(coverage?.uncoveredMsPerDay ?? NaN), coverage?.endsWithinSet]).toEqual([uncovered, ends]);
    },
  );

  test.each([{ refreshedAt: null, expiresAt: new Date(T0) }, { refreshedAt: new Date(T0), expiresAt: null }, life(0, 0)])('a life that is not known: nothing is said (%#)', (first) => {
    expect(setCoverage(first, null, 0.5, rhythm('@daily'))).toBeNull();
  });

  /** Minute by minute: tokens are renewed at four fifths, the pair is made at its share, sets come by the gap. */
  test.each([
    { lifeHours: 24, share: 0.5, gapHours: 24 }, { lifeHours: 24, share: 0.5, gapHours: 7 }, { lifeHours: 10, share: 0.7, gapHours: 9 }, { lifeHours: 3, share: null, gapHours: 1 }, { lifeHours: 48, share: 0.6, gapHours: 36 },
  ])('no hour is worse than it says: life $lifeHours h, pair at $share, a set every $gapHours h', ({ lifeHours, share, gapHours }) => {
    const coverage = setCoverage(life(0, lifeHours), null, share, { gapsMs: [gapHours * HOUR], ttlMs: 720 * HOUR });
    const lifeMin = lifeHours * 60;
    const ends = (minute: number, from: number): number => (minute < from ? -1 : from + Math.floor((minute - from) / (0.8 * lifeMin)) * 0.8 * lifeMin + lifeMin);
    const best = (minute: number): number => Math.max(ends(minute, 0), share === null ? -1 : ends(minute, share * lifeMin));
    let worst = Infinity;
    let uncovered = 0;
    const span = 40 * lifeMin + 1000;
    for (let minute = lifeMin; minute < span; minute += 1) {
      worst = Math.min(worst, best(minute) - minute);
      const start = Math.floor(minute / (gapHours * 60)) * gapHours * 60;
      if (best(start) <= minute) uncovered += 1;
    }
    const restorable = (coverage?.restorableForMs ?? 0) / 60_000;
    expect(worst).toBeGreaterThanOrEqual(restorable - 2);
    expect(worst).toBeLessThanOrEqual(restorable + 2);
    expect(uncovered / (span - lifeMin)).toBeLessThanOrEqual((coverage?.uncoveredMsPerDay ?? 0) / (24 * HOUR) + 0.01);
  });
});

describe('when a token becomes too old for the RPO', () => {
  const first = life(0, 24);
  const pair = life(12, 24);
  test.each([
    { because: 'a set must bring the cluster back for as long as the RPO allows it to be used', tokens: [first], rpo: 4, at: 20 },
    { because: 'the token that lives longest counts', tokens: [first, pair], rpo: 4, at: 32 },
    { because: 'an RPO beyond its life: since before it was made', tokens: [first], rpo: 48, at: -24 },
    { because: 'no token is in the backup', tokens: [], rpo: 4, at: null },
    { because: 'no plan', tokens: [first], rpo: null, at: null },
    { because: 'its end is not known', tokens: [{ refreshedAt: null, expiresAt: null }], rpo: 4, at: null },
  ])('$at: $because', ({ tokens, rpo, at }) => {
    expect(tokenOldForRpoAt(tokens, rpo === null ? null : rpo * HOUR)?.getTime() ?? null).toBe(at === null ? null : T0 + at * HOUR);
  });
});
