import { ManualClock } from '../common/clock.js';
import { ClockSkew } from './clock-skew.js';

const NOW = Date.parse('2026-11-24T08:00:00.400Z');
const clock = new ManualClock(new Date(NOW));
/** A hub whose clock is off by so much, cut to whole seconds as a Date header is. */
const dateOf = (skewMs: number): string => new Date(NOW + skewMs).toUTCString();

test.each([
  { because: 'together', answers: [[0, 10], [0, 10], [0, 10]], seconds: 0 },
  { because: 'ten minutes behind', answers: [[-600_000, 10], [-600_000, 10], [-600_000, 10]], seconds: -600 },
  { because: 'ten minutes ahead, over a long way', answers: [[600_000, 900], [600_000, 1_100], [600_000, 1_000]], seconds: 601 },
  { because: 'one that is wild moves nothing', answers: [[0, 10], [86_400_000, 10], [0, 10]], seconds: 0 },
  { because: 'two are not enough', answers: [[0, 10], [0, 10]], seconds: null },
  { because: 'slow answers tell nothing', answers: [[0, 2_500], [0, 2_500], [0, 2_500]], seconds: null },
] as const)('$because', ({ answers, seconds }) => {
  const skew = new ClockSkew(clock);
  for (const [ms, roundMs] of answers) skew.heard(dateOf(ms), roundMs);
  expect(skew.seconds === null ? null : skew.seconds + 0).toBe(seconds);
});

test.each([undefined, '', 'once', '99999999999999'])('%j is no date', (date) => {
  const skew = new ClockSkew(clock);
  for (let i = 0; i < 5; i++) skew.heard(date, 10);
  expect(skew.seconds).toBeNull();
});
