import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { uuidOf } from './act-id.js';
import { IdempotencyInProgressError, IdempotencyKeyReusedError } from './api.errors.js';
import { IdempotencyRepository, type KeySpace, type StoredAnswer } from './idempotency.repository.js';

/** How long a stored answer is kept. Documented: a retry after that is a new request. */
const KEPT_MS = 7 * 24 * 3_600_000;
/** A process that dies leaves its keys locked this long; one that lives renews them. */
const LOCK_MS = 30_000;
const RENEW_MS = 10_000;

export interface Outcome {
  readonly answer: StoredAnswer;
  readonly replayed: boolean;
}

/**
 * One effect per key.
 *
 *   claim ── MINE ──> act ──> finish                       the same key and content: this answer, for 7 days
 *     │                └────> release, if it threw          the same key may try again
 *     ├── DONE ─────> the stored answer, or REUSED if the content differs
 *     └── RUNNING ──> IN_PROGRESS; after the lock of a process that died: claimed anew, acts again
 *
 * What acts again after a crash is guarded by the tables' own constraints: the same id, a name taken, a hub busy.
 */
@Injectable()
export class IdempotencyService {
  private readonly logger = new Logger(IdempotencyService.name);

  constructor(private readonly repository: IdempotencyRepository, private readonly clock: Clock) {}

  /**
   * @param act carries the request out; throws only what is not to be stored. It is given the same id each time that the same
   * request is carried out
   * @throws IdempotencyKeyReusedError, IdempotencyInProgressError
   */
  async once(space: KeySpace, fingerprint: string, act: (actId: string) => Promise<StoredAnswer>): Promise<Outcome> {
    const claim = await this.repository.claim(space, fingerprint, this.clock.now(), LOCK_MS);
    if (claim.state !== 'MINE' && claim.fingerprint !== fingerprint) throw new IdempotencyKeyReusedError();
    if (claim.state === 'DONE') return { answer: claim.answer, replayed: true };
    if (claim.state === 'RUNNING') throw new IdempotencyInProgressError(Math.max(1, Math.min(5, Math.ceil(claim.lockedForSeconds))));
    const actId = uuidOf(space.caller, space.operation, space.key, claim.since.toISOString());
    return { answer: await this.carryOut(space, () => act(actId)), replayed: false };
  }

  /** Forgets answers that are older than they are kept. */
  async sweep(): Promise<void> {
    await this.repository.forget(new Date(this.clock.now().getTime() - KEPT_MS));
  }

  private async carryOut(space: KeySpace, act: () => Promise<StoredAnswer>): Promise<StoredAnswer> {
    const renewal = setInterval(() => void this.repository.renew(space, LOCK_MS).catch((err: unknown) => this.logger.warn({ err }, 'A lock could not be renewed')), RENEW_MS);
    renewal.unref();
    try {
      const answer = await act().catch(async (thrown: unknown) => {
        // If this fails too, the lock runs out by itself
        await this.repository.release(space).catch((err: unknown) => this.logger.warn({ err }, 'A key could not be released'));
        throw thrown;
      });
      await this.repository.finish(space, answer);
      return answer;
    } finally {
      clearInterval(renewal);
    }
  }
}
