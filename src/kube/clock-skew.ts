import type { Clock } from '../common/clock.js';

/** Of which the median is told: a pause of ours between answer and reading moves one, not all. */
const SAMPLES = 15;
const FIRST_SAMPLES = 3;
/** An answer that took longer says little of when it was written. Milliseconds. */
const LONGEST_ROUND_MS = 2_000;
/** Once there are a few, one a second is enough. Milliseconds. */
const EVERY_MS = 1_000;

/**
 * How far the hub's clock is from ours, by the Date of its answers: cut to whole seconds there, and written about half a round trip before it is
 * read here. Good to a second. Nothing is judged by it: it is shown.
 */
export class ClockSkew {
  private readonly samples: number[] = [];
  private nextAtMs = -Infinity;

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  /** Positive: the hub's clock is ahead. Seconds; null: not known yet. */
  get seconds(): number | null {
    if (this.samples.length < FIRST_SAMPLES) return null;
    const sorted = [...this.samples].sort((a, b) => a - b);
    return Math.round((sorted[sorted.length >> 1] ?? 0) / 1000);
  }

  /** @param roundMs from sending the request to its answer */
  heard(date: string | undefined, roundMs: number): void {
    const nowMs = performance.now();
    if (date === undefined || roundMs > LONGEST_ROUND_MS || nowMs < this.nextAtMs) return;
    const toldMs = Date.parse(date);
    if (!Number.isFinite(toldMs)) return;
    if (this.samples.length >= FIRST_SAMPLES) this.nextAtMs = nowMs + EVERY_MS;
    this.samples.push(toldMs + 500 - (this.clock.now().getTime() - roundMs / 2));
    if (this.samples.length > SAMPLES) this.samples.shift();
  }
}
