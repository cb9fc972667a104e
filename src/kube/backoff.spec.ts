import { Backoff } from './backoff.js';

test('it doubles from 800 ms to 30 s', () => {
  const backoff = new Backoff(() => 0, () => 0);
  expect(Array.from({ length: 8 }, () => backoff.next())).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
});

test('chance adds up to as much again', () => {
  const backoff = new Backoff(() => 0.5, () => 0);
  expect([backoff.next(), backoff.next()]).toEqual([1200, 2400]);
});

test('it starts again when none was needed for two minutes', () => {
  let nowMs = 0;
  const backoff = new Backoff(() => 0, () => nowMs);
  backoff.next();
  nowMs = 120_000;
  expect(backoff.next()).toBe(1600);
  nowMs = 240_001;
  expect(backoff.next()).toBe(800);
});
