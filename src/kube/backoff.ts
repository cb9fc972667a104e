const INITIAL_MS = 800;
const MAX_MS = 30_000;
const RESET_AFTER_MS = 120_000;

/**
 * client-go's backoff of a reflector, for lists and watches together: 800 ms doubling to 30 s, each with up to as much again
 * by chance, from the start again when none was needed for two minutes.
 * @see https://pkg.go.dev/k8s.io/client-go/tools/cache (reflector.go, NewExponentialBackoffManager)
 */
export class Backoff {
  private nextMs = INITIAL_MS;
  private lastAtMs: number | null = null;

  constructor(
    /** From 0 to below 1 */
    private readonly random: () => number,
    private readonly monotonicMs: () => number,
  ) {}

  /** How long to wait this time, in milliseconds. */
  next(): number {
    const nowMs = this.monotonicMs();
    if (this.lastAtMs !== null && nowMs - this.lastAtMs > RESET_AFTER_MS) this.nextMs = INITIAL_MS;
    this.lastAtMs = nowMs;
    const ms = this.nextMs;
    this.nextMs = Math.min(ms * 2, MAX_MS);
    return ms * (1 + this.random());
  }
}
