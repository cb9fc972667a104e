import type { Clock } from '../../common/clock.js';

/** The actor that waited is being stopped. */
export class StoppedError extends Error {
  constructor() {
    super('Stopped');
    this.name = 'StoppedError';
  }
}

interface Sleeper {
  readonly dueMs: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Makes waiting follow a Clock: it looks at the clock every few real milliseconds, wakes who is due and tells the queues. When the
 * clock is moved by an hour, everything that lies within that hour is due at the next look.
 */
export class Timekeeper {
  private readonly sleepers = new Set<Sleeper>();
  private readonly listeners = new Set<(nowMs: number) => void>();
  private readonly dues: (() => number | null)[] = [];
  private timer: NodeJS.Timeout | null = null;
  private ended = false;

  /** @param lookEveryMs real milliseconds between two looks at the clock */
  constructor(
    readonly clock: Clock,
    private readonly lookEveryMs: number,
  ) {}

  now(): Date {
    return this.clock.now();
  }

  start(): void {
    this.timer ??= setInterval(() => this.look(), this.lookEveryMs);
  }

  /** Who sleeps is woken with a StoppedError. */
  stop(): void {
    this.ended = true;
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
    for (const sleeper of this.sleepers) sleeper.reject(new StoppedError());
    this.sleepers.clear();
  }

  onLook(listener: (nowMs: number) => void): void {
    this.listeners.add(listener);
  }

  /** Says of a queue when something in it is due. */
  onAsked(due: () => number | null): void {
    this.dues.push(due);
  }

  /** The earliest moment that anybody waits for, in milliseconds since 1970; null: nobody does. It may have passed already. */
  get nextDueMs(): number | null {
    const sleeping = [...this.sleepers].map(({ dueMs }) => dueMs);
    const queued = this.dues.flatMap((due) => due() ?? []);
    const all = [...sleeping, ...queued];
    return all.length === 0 ? null : Math.min(...all);
  }

  /** Waits `ms` of the clock's time. @throws StoppedError */
  sleep(ms: number): Promise<void> {
    if (this.ended) return Promise.reject(new StoppedError());
    if (ms <= 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.sleepers.add({ dueMs: this.clock.now().getTime() + ms, resolve, reject });
    });
  }

  /** Looks at the clock at once, instead of at the next of its own looks. */
  look(): void {
    const nowMs = this.clock.now().getTime();
    for (const sleeper of this.sleepers) {
      if (sleeper.dueMs > nowMs) continue;
      this.sleepers.delete(sleeper);
      sleeper.resolve();
    }
    for (const listener of this.listeners) listener(nowMs);
  }
}
