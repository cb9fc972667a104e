import { Injectable, Logger } from '@nestjs/common';
import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import type pg from 'pg';
import { DatabasePool } from './database-pool.js';
import { Prisma } from './generated/client.js';
import { LeaseLostError } from './lease.errors.js';
import { rethrow } from './unavailable.js';

/** One text of SQL with its values, whose parameters begin where the caller said. */
interface SqlFragment {
  readonly text: string;
  readonly values: readonly [string, string, string];
}

export interface HeldLease {
  readonly key: string;
  /** Grows with each claim of the key, by whomever. Every write under the lease names it. */
  readonly epoch: bigint;
  /** Of this claim alone: no other claim, in this process or another, has the same */
  readonly owner: string;
  /** Aborted as soon as the lease is lost, uncertain or given back. Pass it to whatever acts under the lease. */
  readonly signal: AbortSignal;
  /**
   * Asks our monotonic clock, so it tells the truth at once after a pause of the process, before any timer has run: call it before each act.
   * @throws LeaseLostError
   */
  assertHeld(): void;
  /**
   * A condition for a write in SQL: `… AND ${guard(4).text}` with `...guard(4).values` as $4 to $6. True while no later claim was made,
   * and none can be made until the transaction ends: keep it short, since renewal waits as well.
   */
  guard(firstParameter: number): SqlFragment;
  /** The same condition for `Prisma.sql` and `$executeRaw`. */
  prismaGuard(): Prisma.Sql;
  /** Lets others have it at once. Harmless when repeated, or when it was lost. */
  release(): Promise<void>;
}

export interface HoldOptions {
  /** Called once when the lease is lost or can no longer be trusted; not after `release` */
  readonly onLost?: () => void;
}

const CLAIM = `
  INSERT INTO lease AS held (key, owner, epoch, acquired_at, expires_at)
  VALUES ($1, $2, 1, now(), now() + $3 * interval '1 millisecond')
  ON CONFLICT (key) DO UPDATE SET owner = $2, epoch = held.epoch + 1, acquired_at = now(), expires_at = now() + $3 * interval '1 millisecond'
  WHERE held.expires_at <= now()
  RETURNING epoch`;
const RENEW = `UPDATE lease SET expires_at = now() + $4 * interval '1 millisecond' WHERE key = $1 AND epoch = $2 AND owner = $3`;
// The row stays, since its epoch must go on growing. A millisecond ago, since the column rounds, up too.
const RELEASE = `UPDATE lease SET expires_at = now() - interval '1 millisecond' WHERE key = $1 AND epoch = $2 AND owner = $3 AND expires_at > now()`;

/**
 * Who may act on what, among processes that share nothing but the database.
 *
 *   claim ──▶ held ──renewed every ttl/3──▶ held …
 *               ├─ a later claim was seen ──────────────▶ lost
 *               ├─ no renewal has succeeded for 2/3 ttl ─▶ lost (by our own clock; the database waits the whole ttl)
 *               └─ release ─────────────────────────────▶ free at once
 *
 * Expiry is judged by the database's clock alone; the holder measures durations on its own monotonic clock, from before it sent the
 * renewal, and stops a third of the ttl before anyone else can begin. What still slips through is stopped by the epoch in each write.
 */
@Injectable()
export class LeaseService {
  private readonly logger = new Logger(LeaseService.name);
  /** This process among all that share the database: every lease that it holds has an owner that begins so. */
  readonly worker = `${hostname()}/${process.pid}/${randomBytes(3).toString('hex')}`;
  private readonly held = new Set<Hold>();
  private readonly pool: pg.Pool;

  constructor(pool: DatabasePool) {
    this.pool = pool.leases;
  }

  /**
   * Claims the lease and keeps it until it is released or lost.
   * @param ttlMs after how many milliseconds without renewal others may claim it
   * @returns null while someone holds it, this process included
   * @throws DatabaseUnavailableError
   */
  async hold(key: string, ttlMs: number, options: HoldOptions = {}): Promise<HeldLease | null> {
    const owner = `${this.worker}/${randomUUID()}`;
    const sentAt = performance.now();
    const { rows } = await this.pool.query<{ epoch: bigint }>(CLAIM, [key, owner, ttlMs]).catch(rethrow);
    const [row] = rows;
    if (row === undefined) return null;
    const hold = new Hold(this.pool, { key, owner, epoch: row.epoch, ttlMs, sentAt }, (lost) => {
      this.held.delete(hold);
      if (!lost) return;
      this.logger.warn(`Lost the lease ${key} (epoch ${row.epoch})`);
      options.onLost?.();
    });
    this.held.add(hold);
    return hold;
  }

  /**
   * For a Prisma transaction: makes sure that no later claim was made, and that none can be made until the transaction ends.
   * @throws LeaseLostError
   */
  async confirm(transaction: Pick<Prisma.TransactionClient, '$queryRaw'>, lease: HeldLease): Promise<void> {
    lease.assertHeld();
    const rows = await transaction.$queryRaw<unknown[]>`
      SELECT 1 FROM lease WHERE key = ${lease.key} AND epoch = ${lease.epoch} AND owner = ${lease.owner} FOR SHARE`;
    if (rows.length === 0) throw new LeaseLostError(lease.key, lease.epoch);
  }

  /** Gives back whatever is still held; part of the shutdown. */
  async releaseAll(): Promise<void> {
    await Promise.all([...this.held].map((hold) => hold.release().catch(() => undefined))); // it expires by itself
  }
}

interface Claim {
  readonly key: string;
  readonly owner: string;
  readonly epoch: bigint;
  readonly ttlMs: number;
  /** Monotonic, from before the claim was sent */
  readonly sentAt: number;
}

class Hold implements HeldLease {
  readonly key: string;
  readonly owner: string;
  readonly epoch: bigint;
  private readonly ttlMs: number;
  private readonly controller = new AbortController();
  /** Monotonic: until when we may act */
  private trustedUntil: number;
  private renewal: NodeJS.Timeout;
  private deadline: NodeJS.Timeout;
  private renewing: Promise<void> = Promise.resolve();

  constructor(
    private readonly pool: pg.Pool,
    claim: Claim,
    private readonly onEnd: (lost: boolean) => void,
  ) {
    this.key = claim.key;
    this.owner = claim.owner;
    this.epoch = claim.epoch;
    this.ttlMs = claim.ttlMs;
    this.trustedUntil = claim.sentAt + (claim.ttlMs * 2) / 3;
    this.deadline = this.armDeadline();
    this.renewal = this.armRenewal(claim.ttlMs / 3);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  assertHeld(): void {
    if (!this.signal.aborted && performance.now() >= this.trustedUntil) this.end(true);
    if (this.signal.aborted) throw new LeaseLostError(this.key, this.epoch);
  }

  guard(firstParameter: number): SqlFragment {
    const [key, epoch, owner] = [firstParameter, firstParameter + 1, firstParameter + 2];
    return {
      text: `EXISTS (SELECT 1 FROM lease WHERE lease.key = $${key} AND lease.epoch = $${epoch} AND lease.owner = $${owner} FOR SHARE)`,
      values: [this.key, String(this.epoch), this.owner],
    };
  }

  prismaGuard(): Prisma.Sql {
    const { key, epoch, owner } = this;
    return Prisma.sql`EXISTS (SELECT 1 FROM lease WHERE lease.key = ${key} AND lease.epoch = ${epoch} AND lease.owner = ${owner} FOR SHARE)`;
  }

  async release(): Promise<void> {
    this.end(false);
    await this.renewing; // else a renewal under way would give the lease life after its release
    await this.pool.query(RELEASE, [this.key, this.epoch, this.owner]).catch(rethrow);
  }

  private armDeadline(): NodeJS.Timeout {
    return setTimeout(() => this.end(true), Math.max(0, this.trustedUntil - performance.now()));
  }

  private armRenewal(afterMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.renewing = this.renew();
    }, afterMs);
  }

  private async renew(): Promise<void> {
    const sentAt = performance.now();
    try {
      const { rowCount } = await this.pool.query(RENEW, [this.key, this.epoch, this.owner, this.ttlMs]);
      if (rowCount === 0) return this.end(true);
      if (this.signal.aborted || performance.now() >= this.trustedUntil) {
        // It came back too late: we had to stop already. Others, and we ourselves, would wait for a lease that nobody holds.
        this.end(true);
        await this.pool.query(RELEASE, [this.key, this.epoch, this.owner]);
        return;
      }
      this.trustedUntil = sentAt + (this.ttlMs * 2) / 3;
      clearTimeout(this.deadline);
      this.deadline = this.armDeadline();
      this.renewal = this.armRenewal(this.ttlMs / 3);
    } catch {
      // The database does not answer: again soon, until the deadline ends it
      if (!this.signal.aborted) this.renewal = this.armRenewal(this.ttlMs / 15);
    }
  }

  private end(lost: boolean): void {
    if (this.signal.aborted) return;
    clearTimeout(this.deadline);
    clearTimeout(this.renewal);
    this.controller.abort(new LeaseLostError(this.key, this.epoch));
    this.onEnd(lost);
  }
}
