import { AdaptiveLimit, MOST_CALLS } from './adaptive-limit.js';
import type { Deadline } from './deadline.js';
import { isKubeError, KubeError } from './kube-error.js';

/** Calls that wait; what comes beyond is refused, and never sent. */
const MOST_WAITING = 1_000;
/** One answer silences all calls of a hub for so long at most; what was refused itself is told the whole time. Milliseconds. */
const LONGEST_PAUSE_MS = 60_000;
/** A refused call waits for so long itself and is sent again; whoever is asked to wait longer is told. Milliseconds. */
const LONGEST_OWN_WAIT_MS = 2_000;
const MOST_TRIES = 5;
/** A list costs a hub more than other calls. */
export const WEIGHT_OF_LIST = 2;

export interface CallLoad {
  /** Calls at once */
  readonly limit: number;
  readonly running: number;
  readonly waiting: number;
  /** Answers 429 since the start */
  readonly throttled: number;
}

interface Waiting {
  readonly weight: number;
  readonly enter: () => void;
  readonly refuse: (error: KubeError) => void;
}

/**
 * Lets as many calls to one hub through as it stands; the rest wait, first come first served, each within its own deadline. Where the hub asks
 * for a pause (Retry-After), all calls keep it.
 */
export class CallGate {
  private readonly adaptive = new AdaptiveLimit();
  private readonly queue: Waiting[] = [];
  private running = 0;
  private throttled = 0;
  private pausedUntilMs = -Infinity;
  private alarm: NodeJS.Timeout | undefined;

  /** @param isLimited false: only Retry-After is kept, for a client that stands for many */
  constructor(private readonly isLimited: boolean) {}

  get load(): CallLoad {
    return { limit: this.limit, running: this.running, waiting: this.queue.length, throttled: this.throttled };
  }

  /**
   * @param weight 1, or WEIGHT_OF_LIST
   * @throws KubeError what `send` throws; HUB_TIMEOUT when the deadline ends before it is its turn; HUB_BUSY_THROTTLED, unsent, where the hub's
   *   pause is longer than the deadline or too many wait
   */
  async run<T>(what: string, weight: number, deadline: Deadline, send: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      await this.enter(what, weight, deadline, tries > 1);
      const startedAtMs = performance.now();
      const { running } = this;
      const wasUsed = running * 2 > this.limit;
      try {
        const answer = await send();
        // Lists take as long as they are long.
        if (weight === 1) this.adaptive.succeeded(startedAtMs, performance.now(), wasUsed);
        return answer;
      } catch (error) {
        this.failed(error, startedAtMs, running);
        if (tries >= MOST_TRIES || !isWaitWorthwhile(error, deadline)) throw error;
      } finally {
        this.running -= weight;
        this.admit();
      }
    }
  }

  /** Resolves when the hub's pause is over. @throws KubeError as `run` */
  async pauseOver(what: string, deadline: Deadline): Promise<void> {
    const leftMs = this.pausedUntilMs - performance.now();
    if (leftMs <= 0) return;
    if (leftMs > deadline.remainingMs) throw throttled(what, leftMs);
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        deadline.signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, leftMs);
      deadline.signal.addEventListener('abort', done, { once: true });
    });
  }

  /** What a call or watch that did not go through this gate was answered. */
  heed(error: unknown): void {
    if (!(error instanceof KubeError)) return;
    if (error.details['status'] === 429) this.throttled += 1;
    if (error.retryAfterMs !== null) this.pausedUntilMs = Math.max(this.pausedUntilMs, performance.now() + Math.min(error.retryAfterMs, LONGEST_PAUSE_MS));
  }

  /** Nobody waits any longer. */
  close(): void {
    clearTimeout(this.alarm);
    for (const { refuse } of this.queue.splice(0)) refuse(new KubeError('HUB_UNREACHABLE', 'The client is closed'));
  }

  private get limit(): number {
    return this.isLimited ? this.adaptive.value : MOST_CALLS;
  }

  private failed(error: unknown, startedAtMs: number, running: number): void {
    this.heed(error);
    if (isKubeError(error, 'HUB_BUSY_THROTTLED')) this.adaptive.refused(startedAtMs, performance.now(), running);
    if (isKubeError(error, 'HUB_TIMEOUT') && error.details['calledOff'] !== true) this.adaptive.timedOut(startedAtMs, performance.now());
  }

  private async enter(what: string, weight: number, deadline: Deadline, isAgain: boolean): Promise<void> {
    const leftMs = this.pausedUntilMs - performance.now();
    if (leftMs > deadline.remainingMs) throw throttled(what, leftMs);
    if (this.queue.length === 0 && leftMs <= 0 && this.fits(weight)) {
      this.running += weight;
      return;
    }
    if (this.queue.length >= MOST_WAITING) throw new KubeError('HUB_BUSY_THROTTLED', `${what}: not sent, ${this.queue.length} calls wait for the hub`, { waiting: this.queue.length });
    await new Promise<void>((resolve, reject) => {
      const refuse = (error: KubeError): void => {
        deadline.signal.removeEventListener('abort', giveUp);
        reject(error);
      };
      const giveUp = (): void => {
        this.queue.splice(this.queue.indexOf(waiting), 1);
        refuse(deadline.failure(what) ?? new KubeError('HUB_TIMEOUT', `${what}: called off`));
      };
      const enter = (): void => {
        deadline.signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const waiting: Waiting = { weight, enter, refuse };
      deadline.signal.addEventListener('abort', giveUp, { once: true });
      if (isAgain) this.queue.unshift(waiting);
      else this.queue.push(waiting);
      this.admit();
      if (deadline.signal.aborted && this.queue.includes(waiting)) giveUp();
    });
  }

  private fits(weight: number): boolean {
    return !this.isLimited || this.running === 0 || this.running + weight <= this.limit;
  }

  private admit(): void {
    clearTimeout(this.alarm);
    const leftMs = this.pausedUntilMs - performance.now();
    if (leftMs > 0) {
      if (this.queue.length > 0) this.alarm = setTimeout(() => this.admit(), Math.ceil(leftMs));
      return;
    }
    for (let [first] = this.queue; first !== undefined && this.fits(first.weight); [first] = this.queue) {
      this.queue.shift();
      this.running += first.weight;
      first.enter();
    }
  }
}

const throttled = (what: string, leftMs: number): KubeError =>
  new KubeError('HUB_BUSY_THROTTLED', `${what}: not sent, the hub asked for a pause`, {}, Math.ceil(leftMs));

/** HTTP 429 promises that nothing was done: the same call may be sent again. */
function isWaitWorthwhile(error: unknown, deadline: Deadline): boolean {
  if (!isKubeError(error, 'HUB_BUSY_THROTTLED') || error.retryAfterMs === null || deadline.signal.aborted) return false;
  return error.retryAfterMs <= LONGEST_OWN_WAIT_MS && error.retryAfterMs < deadline.remainingMs;
}
