import { StoppedError, type Timekeeper } from './timekeeper.js';

export interface WorkQueueOptions {
  /** Keys that are worked on at once */
  readonly concurrency: number;
  /** Wait before the first retry after a failure, doubled each time, in the clock's milliseconds */
  readonly retryBaseMs: number;
  readonly retryMaxMs: number;
  readonly onError: (key: string, error: unknown) => void;
}

interface Due {
  readonly key: string;
  readonly atMs: number;
}

/**
 * Keys that wait for work, as controller-runtime queues them: a key waits once however often it is added, is worked on by one worker
 * at a time, and comes again if it was added meanwhile.
 *
 *   addAt ──▶ delayed ──(clock)──▶ ready ──▶ running ──▶ done
 *   add ────────────────────────────▲          │ fails: delayed, backoff
 *                                   └──────────┘ added meanwhile
 */
export class WorkQueue {
  private readonly ready = new Set<string>();
  private readonly running = new Set<string>();
  private readonly again = new Set<string>();
  private readonly failures = new Map<string, number>();
  /** A binary heap by time; entries that `dueOf` no longer names are stale and skipped */
  private readonly heap: Due[] = [];
  private readonly dueOf = new Map<string, number>();
  private readonly inFlight = new Set<Promise<void>>();
  private stopped = false;
  private opened = false;

  constructor(
    private readonly work: (key: string) => Promise<void>,
    private readonly time: Timekeeper,
    private readonly options: WorkQueueOptions,
  ) {
    time.onLook((nowMs) => this.look(nowMs));
    time.onAsked(() => (this.stopped ? null : this.nextDueMs()));
  }

  /** Work begins: what was added before has waited. */
  open(): void {
    this.opened = true;
    this.pump();
  }

  add(key: string): void {
    if (this.stopped) return;
    if (this.running.has(key)) this.again.add(key);
    else {
      this.ready.add(key);
      this.pump();
    }
  }

  /** Makes the key ready at a moment of the clock, in milliseconds since 1970; the earliest of several moments counts. */
  addAt(key: string, atMs: number): void {
    if (this.stopped) return;
    const known = this.dueOf.get(key);
    if (known !== undefined && known <= atMs) return;
    this.dueOf.set(key, atMs);
    this.push({ key, atMs });
  }

  addAfter(key: string, ms: number): void {
    this.addAt(key, this.time.now().getTime() + ms);
  }

  get isIdle(): boolean {
    return this.ready.size === 0 && this.running.size === 0;
  }

  /** Takes no more keys and waits for those at work. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.ready.clear();
    this.again.clear();
    await Promise.all(this.inFlight);
  }

  private look(nowMs: number): void {
    for (let first = this.heap[0]; first !== undefined && first.atMs <= nowMs; first = this.heap[0]) {
      this.pop();
      if (this.dueOf.get(first.key) !== first.atMs) continue;
      this.dueOf.delete(first.key);
      this.add(first.key);
    }
  }

  private nextDueMs(): number | null {
    for (let first = this.heap[0]; first !== undefined; first = this.heap[0]) {
      if (this.dueOf.get(first.key) === first.atMs) return first.atMs;
      this.pop();
    }
    return null;
  }

  private pump(): void {
    if (!this.opened) return;
    for (const key of this.ready) {
      if (this.running.size >= this.options.concurrency) return;
      this.ready.delete(key);
      this.running.add(key);
      const flight = this.attend(key).finally(() => this.inFlight.delete(flight));
      this.inFlight.add(flight);
    }
  }

  private async attend(key: string): Promise<void> {
    try {
      await this.work(key);
      this.failures.delete(key);
    } catch (error) {
      if (!(error instanceof StoppedError) && !this.stopped) {
        const failures = this.failures.get(key) ?? 0;
        this.failures.set(key, failures + 1);
        this.options.onError(key, error);
        this.addAfter(key, Math.min(this.options.retryBaseMs * 2 ** failures, this.options.retryMaxMs));
      }
    }
    this.running.delete(key);
    if (this.stopped) return;
    if (this.again.delete(key)) this.ready.add(key);
    this.pump();
  }

  private push(due: Due): void {
    const heap = this.heap;
    let index = heap.push(due) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (!above || above.atMs <= due.atMs) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = due;
  }

  private pop(): void {
    const heap = this.heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      const smaller = right < heap.length && (heap[right]?.atMs ?? 0) < (heap[left]?.atMs ?? 0) ? right : left;
      const child = heap[smaller];
      if (smaller >= heap.length || !child || child.atMs >= last.atMs) break;
      heap[index] = child;
      index = smaller;
    }
    heap[index] = last;
  }
}
