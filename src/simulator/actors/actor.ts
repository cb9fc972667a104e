import type { HubEnv } from './hub-env.js';
import { WorkQueue } from './work-queue.js';

export interface ActorOptions {
  /** Keys worked on at once */
  readonly concurrency: number;
  readonly retryBaseMs?: number;
  readonly retryMaxMs?: number;
}

/** A controller on one hub: informers and the clock fill its queue, `reconcile` looks at the world and acts. */
export abstract class Actor {
  protected readonly queue: WorkQueue;
  private readonly intervals = new Map<string, number>();
  private readonly disposers: (() => void)[] = [];

  constructor(
    readonly name: string,
    protected readonly env: HubEnv,
    options: ActorOptions,
  ) {
    const { retryBaseMs = env.timings.importRetryMs, retryMaxMs = env.timings.importRetryMaxMs } = options;
    const work = (key: string): Promise<void> => {
      const interval = this.intervals.get(key);
      if (interval !== undefined) this.queue.addAfter(key, interval);
      return this.reconcile(key);
    };
    this.queue = new WorkQueue(work, env.time, {
      concurrency: options.concurrency,
      retryBaseMs,
      retryMaxMs,
      onError: (key, error) => env.onError(name, key, error),
    });
  }

  /** Subscribes to what wakes it. Called once, before the informers start. */
  abstract subscribe(): void;

  /** Work begins: the informers have listed. */
  open(): void {
    this.queue.open();
  }

  async stop(): Promise<void> {
    for (const dispose of this.disposers) dispose();
    await this.queue.stop();
  }

  get isIdle(): boolean {
    return this.queue.isIdle;
  }

  protected abstract reconcile(key: string): Promise<void>;

  protected onStop(dispose: () => void): void {
    this.disposers.push(dispose);
  }

  /** Looks at `key` now and again every `ms` of the clock, counted from the start of each look. */
  protected repeat(key: string, ms: number): void {
    this.intervals.set(key, ms);
    this.queue.add(key);
  }

  protected get now(): Date {
    return this.env.time.now();
  }
}
