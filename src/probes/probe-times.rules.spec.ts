import { nextProbeAt, stateNow } from './probe-times.rules.js';

const now = new Date('2026-11-24T12:00:00Z');
const HOUR_MS = 3_600_000;
const SIX_HOURS = 6 * 3600;
const hoursUntil = (at: Date): number => (at.getTime() - now.getTime()) / HOUR_MS;

test('after a proof each way has its own place, between half an interval and one and a half from now', () => {
  const hours = Array.from({ length: 2_000 }, (_, index) => hoursUntil(nextProbeAt('PROVEN', `plan/c${index}`, SIX_HOURS, now)));
  expect(Math.min(...hours)).toBeGreaterThanOrEqual(3);
  expect(Math.max(...hours)).toBeLessThan(9);
  const perHour = Array.from({ length: 6 }, (_, hour) => hours.filter((one) => Math.floor(one) === 3 + hour).length);
  // 333 each, were it even
  expect(Math.min(...perHour)).toBeGreaterThan(250);
  expect(Math.max(...perHour)).toBeLessThan(420);
});

test('the place is the same each time, so that a way is not probed more often than its interval says', () => {
  let at = now;
  const gaps: number[] = [];
  for (let i = 0; i < 20; i++) {
    const next = nextProbeAt('PROVEN', 'plan/c1', SIX_HOURS, at);
    gaps.push((next.getTime() - at.getTime()) / HOUR_MS);
    at = next;
  }
  expect(new Set(gaps.slice(1))).toEqual(new Set([6]));
});

test.each([
  { state: 'UNKNOWN' as const, intervalSeconds: SIX_HOURS, hours: 1 / 6, because: 'nothing was learned' },
  { state: 'REFUSED' as const, intervalSeconds: SIX_HOURS, hours: 1, because: 'somebody is opening the way' },
  { state: 'REFUSED' as const, intervalSeconds: 300, hours: 1 / 12, because: 'never later than the interval says' },
])('$state is probed again after $hours h: $because', ({ state, intervalSeconds, hours }) => {
  expect(hoursUntil(nextProbeAt(state, 'plan/c1', intervalSeconds, now))).toBeCloseTo(hours);
});

test.each([
  { state: 'PROVEN' as const, agoHours: 12, counts: 'PROVEN', because: 'two intervals old, to the second' },
  { state: 'PROVEN' as const, agoHours: 12.01, counts: 'UNKNOWN', because: 'it is too old' },
  { state: 'REFUSED' as const, agoHours: 99, counts: 'REFUSED', because: 'it stands until a probe succeeds' },
  { state: 'UNKNOWN' as const, agoHours: 0, counts: 'UNKNOWN', because: 'nothing is known' },
])('$state counts as $counts after $agoHours h: $because', ({ state, agoHours, counts }) => {
  expect(stateNow(state, new Date(now.getTime() - agoHours * HOUR_MS), SIX_HOURS, now)).toBe(counts);
});
