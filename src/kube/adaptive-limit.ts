/** Calls at once on one hub: begins here, and is never more than the most, where a kube-apiserver gains nothing any more. */
const FIRST_LIMIT = 8;
export const MOST_CALLS = 32;
/** A latency of so many times the floor, and this much, is load and not chance. Milliseconds. */
const TOLERATED_RATIO = 4;
const TOLERATED_MS = 250;
/** Of a new latency in the smoothed one. */
const WEIGHT_OF_NEW = 0.1;
/** The floor is the least of this time and of as long before, so that it follows a way that became longer. Milliseconds. */
const FLOOR_WINDOW_MS = 60_000;
/** A limit that was refused is tried again carefully: one more after this time, with its cube from then on. Doubled while that is refused too. */
const FIRST_PROBE_MS = 10_000;
const LAST_PROBE_MS = 40_000;

/**
 * How many calls may run on a hub at once. As API Priority and Fairness expects of a client: more while answers come as fast as they can, half at
 * a refusal (429) or a timeout, and what was refused is remembered. No clock and no timer: who calls tells the time, in monotonic milliseconds.
 */
export class AdaptiveLimit {
  private exact = FIRST_LIMIT;
  private isDoubling = true;
  private smoothedMs: number | null = null;
  private floorMs = Infinity;
  private formerFloorMs = Infinity;
  private windowEndsAtMs = -Infinity;
  /** What began before the last cut tells nothing new */
  private cutAtMs = -Infinity;
  private ceiling = MOST_CALLS;
  private refusedAtMs = -Infinity;
  private probeMs = FIRST_PROBE_MS;

  get value(): number {
    return Math.max(1, Math.floor(this.exact));
  }

  /** @param wasUsed whether as many calls ran as were allowed; what was not needed proves nothing */
  succeeded(startedAtMs: number, endedAtMs: number, wasUsed: boolean): void {
    this.learn(endedAtMs - startedAtMs, endedAtMs);
    if (this.isSlow()) {
      this.isDoubling = false;
      this.cut(0.9, startedAtMs, endedAtMs);
    } else if (wasUsed) {
      const most = this.mostAt(endedAtMs);
      if (this.exact < most) this.exact = Math.min(most, this.exact + (this.isDoubling ? 1 : 1 / this.exact));
    }
  }

  /** The hub did not answer in time. */
  timedOut(startedAtMs: number, endedAtMs: number): void {
    this.isDoubling = false;
    this.cut(0.5, startedAtMs, endedAtMs);
  }

  /** The hub said 429. @param running calls when this one was sent, itself included */
  refused(startedAtMs: number, endedAtMs: number, running: number): void {
    this.isDoubling = false;
    if (startedAtMs < this.cutAtMs) {
      // Of a burst that was too many, the first that was refused tells how many were not.
      this.ceiling = Math.max(1, Math.min(this.ceiling, running - 1));
      this.exact = Math.max(1, Math.min(this.exact, this.ceiling / 2));
      return;
    }
    const wasTried = this.refusedAtMs !== -Infinity && running <= this.ceiling + 2;
    this.probeMs = wasTried ? Math.min(this.probeMs * 2, LAST_PROBE_MS) : FIRST_PROBE_MS;
    this.ceiling = Math.max(1, running - 1);
    this.refusedAtMs = endedAtMs;
    this.cut(0.5, startedAtMs, endedAtMs);
  }

  private cut(factor: number, startedAtMs: number, endedAtMs: number): void {
    if (startedAtMs < this.cutAtMs) return;
    this.exact = Math.max(1, this.exact * factor);
    this.cutAtMs = endedAtMs;
  }

  private mostAt(nowMs: number): number {
    return Math.min(MOST_CALLS, this.ceiling + ((nowMs - this.refusedAtMs) / this.probeMs) ** 3);
  }

  private learn(latencyMs: number, nowMs: number): void {
    if (nowMs > this.windowEndsAtMs) {
      this.formerFloorMs = this.floorMs;
      this.floorMs = Infinity;
      this.windowEndsAtMs = nowMs + FLOOR_WINDOW_MS;
    }
    this.floorMs = Math.min(this.floorMs, latencyMs);
    this.smoothedMs = this.smoothedMs === null ? latencyMs : this.smoothedMs + WEIGHT_OF_NEW * (latencyMs - this.smoothedMs);
  }

  private isSlow(): boolean {
    return this.smoothedMs !== null && this.smoothedMs > TOLERATED_RATIO * Math.min(this.floorMs, this.formerFloorMs) + TOLERATED_MS;
  }
}
