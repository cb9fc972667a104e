import { rtoEstimate } from './objectives.rules.js';

describe('by published times', () => {
  test('grows with the fleet, and says what it rests on', () => {
    const small = rtoEstimate(100, [], false);
    const large = rtoEstimate(3_500, [], false);
    expect(small.basis).toBe('PUBLISHED_TIMES');
    expect(large.seconds).toBeGreaterThan(10 * small.seconds);
    expect(large.explanation).toContain('10 imports at a time');
  });

  test.each([0, 1, 10, 200, 3_500, 50_000])('%i clusters: the range holds the estimate', (clusters) => {
    const { lowSeconds, seconds, highSeconds } = rtoEstimate(clusters, [], true);
    expect(lowSeconds).toBeGreaterThan(0);
    expect(lowSeconds).toBeLessThanOrEqual(seconds);
    expect(seconds).toBeLessThanOrEqual(highSeconds);
  });

  test('what a passive hub has synced already need not be restored', () => {
    const [cold, synced] = [rtoEstimate(3_500, [], false), rtoEstimate(3_500, [], true)];
    expect(cold.seconds - synced.seconds).toBe(552 + 268);
  });

  test('350 imports of 20 s at ten a time take 700 s, beside the restore', () => {
    const { seconds } = rtoEstimate(350, [], true);
    expect(seconds).toBe(Math.round(30 + 0.1 * ((51_422 * 552) / 29_387) + 700));
  });
});

describe('by this fleet\u2019s own failovers', () => {
  test('the last run, in proportion', () => {
    expect(rtoEstimate(200, [{ clusters: 100, restoreSeconds: 130, importSeconds: 100 }], false)).toEqual({
      seconds: 430, lowSeconds: 430, highSeconds: 645, basis: 'OWN_FAILOVERS', explanation: '200 clusters by the last failover onto this target, in proportion to their clusters',
    });
  });

  test('of several the middle, from the fastest to half as long again as the slowest', () => {
    const run = (seconds: number) => ({ clusters: 10, restoreSeconds: seconds, importSeconds: 0 });
    expect(rtoEstimate(10, [run(300), run(100), run(200)], false)).toMatchObject({ lowSeconds: 100, seconds: 200, highSeconds: 450 });
  });

  test('a run that moved no cluster is no divisor', () => {
    expect(rtoEstimate(10, [{ clusters: 0, restoreSeconds: 60, importSeconds: 0 }], false).seconds).toBe(60);
  });
});
