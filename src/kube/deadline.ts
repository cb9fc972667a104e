import { KubeError } from './kube-error.js';

/** Joins callers' signals and a time limit into one signal, and knows afterwards which it was. */
export class Deadline {
  private readonly controller = new AbortController();
  private readonly onAbort = (): void => this.controller.abort();
  private timer: NodeJS.Timeout | undefined;
  private expired = false;
  private endsAtMs = 0;

  private readonly outer: readonly AbortSignal[];

  /** @param limitMs of the whole call, or of one silence if `restart` is used */
  constructor(
    private readonly limitMs: number,
    ...outer: (AbortSignal | undefined)[]
  ) {
    this.outer = outer.filter((signal) => signal !== undefined);
    if (this.calledOff) this.controller.abort();
    // Not AbortSignal.any: what it hangs on a signal that lives as long as the process stays there.
    for (const signal of this.outer) signal.addEventListener('abort', this.onAbort, { once: true });
    this.restart();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Whether the caller called it off. */
  get calledOff(): boolean {
    return this.outer.some((signal) => signal.aborted);
  }

  restart(): void {
    clearTimeout(this.timer);
    this.endsAtMs = performance.now() + this.limitMs;
    this.timer = setTimeout(() => {
      this.expired = true;
      this.controller.abort();
    }, this.limitMs);
  }

  /** Of a deadline that runs. */
  get remainingMs(): number {
    return Math.max(0, this.endsAtMs - performance.now());
  }

  pause(): void {
    clearTimeout(this.timer);
  }

  /** The typed error if this deadline or the caller ended the call; null if it failed by itself. */
  failure(what: string): KubeError | null {
    if (this.expired) return new KubeError('HUB_TIMEOUT', `${what}: no answer within ${this.limitMs} ms`, { limitMs: this.limitMs, calledOff: false });
    return this.calledOff ? new KubeError('HUB_TIMEOUT', `${what}: called off before the answer`, { limitMs: this.limitMs, calledOff: true }) : null;
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const signal of this.outer) signal.removeEventListener('abort', this.onAbort);
  }
}
