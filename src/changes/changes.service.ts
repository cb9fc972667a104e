import { Injectable } from '@nestjs/common';
import { ChangeFeed } from './change-feed.service.js';
import { ChangesExpiredError } from './changes.errors.js';
import { ChangesRepository, type LogRead } from './changes.repository.js';
import type { ChangeFilter, ChangePage, ChangeStep } from './changes.types.js';

/** Changes that a reader has in hand at once, at most. */
const BATCH = 200;
/** A reader who gets nothing learns this often where it stands, if that has changed; milliseconds, real time. */
const POSITION_MS = 15_000;
/** …and sooner where this many changes were not for it: else it might stand where nothing is kept any more. */
const POSITION_AFTER = 1_000;

/** What became of hubs and tokens, in order: page by page, or followed as it comes. */
@Injectable()
export class ChangesService {
  constructor(private readonly repository: ChangesRepository, private readonly feed: ChangeFeed) {}

  /**
   * @param after absent: nothing but where the log stands
   * @throws ChangesExpiredError
   */
  async page(after: number | undefined, filter: ChangeFilter, limit: number): Promise<ChangePage> {
    const { lastId } = await this.repository.number();
    if (after === undefined) {
      const { keptAfterId } = await this.repository.read(lastId, filter, 1);
      return { items: [], upToId: lastId, keptAfterId, hasMore: false };
    }
    const read = checked(after, await this.repository.read(after, filter, limit));
    return { items: read.changes, upToId: read.upToId, keptAfterId: read.keptAfterId, hasMore: read.upToId < read.lastId };
  }

  /** Where a reader begins who comes with this id; without one, where the log stands now. @throws ChangesExpiredError */
  async start(after: number | undefined): Promise<number> {
    const { upToId } = await this.page(after, {}, 1);
    return after ?? upToId;
  }

  /**
   * Every change after `after`, in order, as they come; begins with where it stands. Ends when `signal` aborts. The reader sets the pace.
   * @throws ChangesExpiredError where it fell behind what is kept
   */
  async *follow(after: number, filter: ChangeFilter, signal: AbortSignal): AsyncGenerator<ChangeStep> {
    yield { upToId: after, change: null };
    let position = after;
    let told = after;
    let toldAt = performance.now();
    while (!signal.aborted) {
      const read = checked(position, await this.feed.read(position, filter, BATCH));
      for (const change of read.changes) {
        if (signal.aborted) return;
        yield { upToId: change.id, change };
        told = change.id;
        toldAt = performance.now();
      }
      position = read.upToId;
      if (position - told >= POSITION_AFTER || (position > told && performance.now() - toldAt >= POSITION_MS)) {
        yield { upToId: position, change: null };
        told = position;
        toldAt = performance.now();
      }
      if (position >= read.lastId) await this.feed.wait(position, POSITION_MS, signal);
    }
  }
}

/** @throws ChangesExpiredError: forgotten, or from another log, such as one that a backup of the database replaced */
function checked(after: number, read: LogRead): LogRead {
  if (after < read.keptAfterId || after > read.lastId) throw new ChangesExpiredError(after, read.keptAfterId, read.lastId);
  return read;
}
