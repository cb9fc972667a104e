import { Injectable, Logger, Optional, type OnModuleDestroy } from '@nestjs/common';
import { FleetChanges } from '../fleet/fleet-changes.service.js';
import { isWanted, nextPauseMs } from './changes.rules.js';
import { ChangesRepository, type LogRead } from './changes.repository.js';
import type { Change, ChangeFilter } from './changes.types.js';

/** The newest changes that are held for all readers together. */
const HELD = 2_000;

export class FeedTimings {
  /** @param longestMs other processes write too: the table is looked at this often, whatever is told here. Real time */
  constructor(readonly shortestMs = 50, readonly longestMs = 500) {}
}

/**
 * The end of the change log, looked at once for all readers of this process, and only while there are any. The table is the truth;
 * what is told within this process only saves waiting.
 *
 *   nobody waits ──wait()──> look: give ids, read what is new ──news──> wake those who wait
 *                              ^                 │ none: pause, ever longer
 *                              └── bell, pause ──┘
 */
@Injectable()
export class ChangeFeed implements OnModuleDestroy {
  private readonly logger = new Logger(ChangeFeed.name);
  /** Every change after `heldAfter` up to `lastId`, in order */
  private held: Change[] = [];
  private heldAfter = 0;
  private lastId = 0;
  private readonly waiting = new Set<{ readonly after: number; readonly wake: () => void }>();
  private isLooking = false;
  private ring: (() => void) | null = null;
  private rang = false;
  private readonly unsubscribe: () => void;

  constructor(private readonly repository: ChangesRepository, changes: FleetChanges, @Optional() private readonly timings: FeedTimings = new FeedTimings()) {
    this.unsubscribe = changes.subscribe(({ topic }) => {
      if (topic === 'TOKENS' || topic === 'HUB') this.bell();
    });
  }

  onModuleDestroy(): void {
    this.unsubscribe();
  }

  /** From what is held where that reaches back far enough, else from the table: a slow reader costs a read, and no memory. */
  async read(after: number, filter: ChangeFilter, limit: number): Promise<LogRead> {
    if (after < this.heldAfter || after >= this.lastId) return this.repository.read(after, filter, limit);
    const { lastId, heldAfter } = this;
    const changes: Change[] = [];
    for (let index = after - heldAfter; index < this.held.length && changes.length < limit; index += 1) {
      const change = this.held[index];
      if (change !== undefined && isWanted(change, filter)) changes.push(change);
    }
    // What is held is not forgotten, whatever the table keeps
    return { changes, upToId: changes.length === limit ? (changes.at(-1)?.id ?? after) : lastId, lastId, keptAfterId: 0 };
  }

  /** Until there is something after that id, at most `limitMs`, or until the signal aborts. */
  wait(after: number, limitMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.lastId > after) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.waiting.delete(reader);
        resolve();
      };
      const reader = { after, wake };
      const timer = setTimeout(wake, limitMs);
      signal.addEventListener('abort', wake, { once: true });
      this.waiting.add(reader);
      if (!this.isLooking) void this.look();
    });
  }

  private bell(): void {
    this.rang = true;
    this.ring?.();
  }

  private async look(): Promise<void> {
    this.isLooking = true;
    let pauseMs = this.timings.shortestMs;
    while (this.waiting.size > 0) {
      this.rang = false;
      let hadNews = false;
      let isAll = true;
      try {
        const numbered = await this.repository.number();
        hadNews = numbered.lastId > this.lastId;
        isAll = numbered.isAll;
        if (hadNews) await this.take(numbered.lastId);
      } catch (error) {
        this.logger.warn({ err: error }, 'The change log cannot be looked at; those who follow it wait');
      }
      for (const reader of this.waiting) if (this.lastId > reader.after) reader.wake();
      pauseMs = nextPauseMs(pauseMs, hadNews, this.timings);
      if (isAll) await this.pause(pauseMs);
    }
    this.isLooking = false;
  }

  /** Holds what is new; where that is too much, readers find it in the table. */
  private async take(lastId: number): Promise<void> {
    const from = this.lastId;
    const fresh = from > 0 && lastId - from <= HELD ? (await this.repository.read(from, {}, HELD)).changes.filter(({ id }) => id <= lastId) : [];
    if (fresh.length === lastId - from) {
      this.held = [...this.held, ...fresh].slice(-HELD);
      this.heldAfter = lastId - this.held.length;
    } else {
      this.held = [];
      this.heldAfter = lastId;
    }
    this.lastId = lastId;
  }

  /** The bell ends it, yet never the shortest pause: what comes within it is read at once. */
  private async pause(ms: number): Promise<void> {
    await this.sleep(this.timings.shortestMs);
    if (this.rang || ms <= this.timings.shortestMs) return;
    await this.sleep(ms - this.timings.shortestMs, true);
  }

  private sleep(ms: number, untilBell = false): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.ring = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      timer.unref();
      if (untilBell) this.ring = done;
    });
  }
}
