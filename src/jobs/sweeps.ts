import { Logger } from '@nestjs/common';
import type { HeldLease, LeaseService } from '../database/lease.service.js';

export interface Sweep {
  readonly name: string;
  readonly intervalMs: number;
  readonly run: (signal: AbortSignal) => Promise<void>;
}

/** How far a pause may be from the interval, so that processes started together do not stay in step. */
const JITTER = 0.1;

/**
 * Runs each sweep again and again, never twice at once, in one process: whoever holds its lease, until it dies. The first run comes as
 * soon as the lease is held, since what a dead process left undone is waiting.
 */
export class Sweeps {
  private readonly logger = new Logger('Sweeps');
  private readonly stopping = new AbortController();
  private readonly loops: Promise<void>[] = [];

  constructor(
    private readonly leases: Pick<LeaseService, 'hold'>,
    private readonly leaseMs: number,
  ) {}

  start(sweeps: Iterable<Sweep>): void {
    for (const sweep of sweeps) this.loops.push(this.loop(sweep));
  }

  /** Lets running sweeps end, after telling them to. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.loops);
  }

  private async loop(sweep: Sweep): Promise<void> {
    let lease: HeldLease | null = null;
    while (!this.stopping.signal.aborted) {
      if (lease === null || lease.signal.aborted) lease = await this.claim(sweep);
      if (lease !== null) await this.once(sweep, AbortSignal.any([lease.signal, this.stopping.signal]));
      // Whoever does not hold it looks as often as the lease may have ended.
      await this.pause(lease === null ? Math.min(this.leaseMs, sweep.intervalMs) : sweep.intervalMs);
    }
    await lease?.release().catch(() => undefined); // it ends by itself
  }

  private async claim({ name }: Sweep): Promise<HeldLease | null> {
    return this.leases.hold(`sweep/${name}`, this.leaseMs).catch((error: unknown) => {
      this.logger.warn(`The sweep ${name} cannot ask for its lease: ${messageOf(error)}`);
      return null;
    });
  }

  private async once({ name, run }: Sweep, signal: AbortSignal): Promise<void> {
    try {
      await run(signal);
    } catch (error) {
      if (!signal.aborted) this.logger.warn(`The sweep ${name} failed; it runs again: ${messageOf(error)}`);
    }
  }

  private async pause(ms: number): Promise<void> {
    const { signal } = this.stopping;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms * (1 - JITTER + 2 * JITTER * Math.random()));
      signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
    });
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
