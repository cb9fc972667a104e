import { AdaptiveLimit, MOST_CALLS } from './adaptive-limit.js';

/** A hub that answers so many calls at once, each after so long; what comes beyond is refused. */
interface Hub {
  readonly latencyMs: number | ((running: number) => number);
  readonly capacity?: number;
}

/** Rounds of as many calls as are allowed, each round after the one before. @returns the limit after each, and what was refused */
function rounds(limit: AdaptiveLimit, hub: Hub, count: number, from = 0): { limits: number[]; refused: number[]; endMs: number } {
  const limits: number[] = [];
  const refused: number[] = [];
  let nowMs = from;
  for (let round = 0; round < count; round++) {
    const running = limit.value;
    const latencyMs = typeof hub.latencyMs === 'number' ? hub.latencyMs : hub.latencyMs(running);
    let isPaused = false;
    for (let call = 1; call <= running; call++) {
      if (call > (hub.capacity ?? Infinity)) {
        limit.refused(nowMs, nowMs + 1, call);
        refused.push(nowMs);
        isPaused = true;
      } else limit.succeeded(nowMs, nowMs + latencyMs, true);
    }
    nowMs += isPaused ? 1_000 : latencyMs + 1;
    limits.push(limit.value);
  }
  return { limits, refused, endMs: nowMs };
}

test('a hub that is well is used fully within a few rounds', () => {
  const { limits } = rounds(new AdaptiveLimit(), { latencyMs: 5 }, 4);
  expect(limits).toEqual([16, 32, 32, 32]);
});

test('latency that grows with the calls as it does on a kube-apiserver is no reason to hold back', () => {
  const { limits } = rounds(new AdaptiveLimit(), { latencyMs: (running) => 3 + running * 3 }, 10);
  expect(limits.at(-1)).toBe(MOST_CALLS);
});

test('what is not used does not grow', () => {
  const limit = new AdaptiveLimit();
  for (let i = 0; i < 100; i++) limit.succeeded(i * 10, i * 10 + 5, false);
  expect(limit.value).toBe(8);
});

test('a small hub is found out, refuses little afterwards, and is not left idle', () => {
  const limit = new AdaptiveLimit();
  const first = rounds(limit, { latencyMs: 20, capacity: 4 }, 20);
  expect(first.limits.at(-1)).toBe(4);
  const later = rounds(limit, { latencyMs: 20, capacity: 4 }, 3_000, first.endMs);
  expect(later.endMs - first.endMs).toBeGreaterThan(60_000);
  // Looked for more room ever more seldom: after 10, 20, 40 s
  expect(later.refused.length).toBeLessThanOrEqual(4);
  expect(later.limits.filter((value) => value >= 3).length / later.limits.length).toBeGreaterThan(0.95);
});

test('a hub that has room again is used fully again', () => {
  const limit = new AdaptiveLimit();
  const { endMs } = rounds(limit, { latencyMs: 20, capacity: 2 }, 20);
  expect(rounds(limit, { latencyMs: 20 }, 4_000, endMs).limits.at(-1)).toBe(MOST_CALLS);
});

test.each([
  { because: 'one refusal', act: (limit: AdaptiveLimit) => limit.refused(0, 1, 32), left: 16 },
  { because: 'one timeout', act: (limit: AdaptiveLimit) => limit.timedOut(0, 1), left: 16 },
  { because: 'timeouts of the same moment', act: (limit: AdaptiveLimit) => [1, 2, 3].forEach((end) => limit.timedOut(0, end)), left: 16 },
  { because: 'timeouts one after another', act: (limit: AdaptiveLimit) => [0, 10, 20, 30, 40, 50, 60].forEach((start) => limit.timedOut(start, start + 1)), left: 1 },
])('$because: $left are left of 32', ({ act, left }) => {
  const limit = new AdaptiveLimit();
  const { endMs } = rounds(limit, { latencyMs: 0 }, 3, -100);
  expect([limit.value, endMs < 0]).toEqual([32, true]);
  act(limit);
  expect(limit.value).toBe(left);
});

test('a hub that becomes slow under load is asked less, never nothing, and more when it is fast again', () => {
  const limit = new AdaptiveLimit();
  const fast = rounds(limit, { latencyMs: 5 }, 20);
  const slow = rounds(limit, { latencyMs: (running) => 5 + running * 100 }, 200, fast.endMs);
  expect(slow.limits.at(-1)).toBeLessThan(6);
  expect(Math.min(...slow.limits)).toBeGreaterThanOrEqual(1);
  expect(rounds(limit, { latencyMs: 5 }, 200, slow.endMs).limits.at(-1)).toBe(MOST_CALLS);
});
