import { Injectable } from '@nestjs/common';
import { isTerminal } from './failover-transitions.rules.js';
import { FailoverNotFoundError } from './failovers.errors.js';
import { FailoversRepository } from './failovers.repository.js';
import type { FailoverEvent } from './failovers.types.js';

/** Other processes write too: the table is looked at this often, whatever is told here. Milliseconds, real time. */
const LOOK_MS = 1_000;
const BATCH = 500;

/** The event log as it grows. The table is the truth; what is told within this process only saves waiting. */
@Injectable()
export class FailoverEvents {
  private readonly waiting = new Map<string, Set<() => void>>();

  constructor(private readonly repository: FailoversRepository) {}

  /** Something was written about the failover. */
  changed(failoverId: string): void {
    for (const wake of this.waiting.get(failoverId) ?? []) wake();
  }

  /**
   * Every event after `sequence`, as they come. Ends after the last one of a failover that has ended, or when `signal` aborts.
   * @throws FailoverNotFoundError
   */
  async *changes(failoverId: string, sequence: number, signal: AbortSignal): AsyncGenerator<FailoverEvent> {
    let last = sequence;
    while (!signal.aborted) {
      const failover = await this.repository.find(failoverId); // before the events: an end that is seen has its events written
      if (failover === null) throw new FailoverNotFoundError(failoverId);
      const events = await this.repository.events(failoverId, last, BATCH);
      for (const event of events) {
        yield event;
        last = event.sequence;
        if (signal.aborted) return;
      }
      if (events.length < BATCH && isTerminal(failover.status)) return;
      if (events.length < BATCH) await this.pause(failoverId, signal);
    }
  }

  private pause(failoverId: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.waiting.get(failoverId) ?? new Set();
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        waiting.delete(done);
        if (waiting.size === 0) this.waiting.delete(failoverId);
        resolve();
      };
      const timer = setTimeout(done, LOOK_MS);
      signal.addEventListener('abort', done, { once: true });
      this.waiting.set(failoverId, waiting.add(done));
    });
  }
}
