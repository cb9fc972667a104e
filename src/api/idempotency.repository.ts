import { Injectable } from '@nestjs/common';
import type { ErrorDetails, ErrorKind } from '../common/domain-error.js';
import { Sql } from '../database/sql.js';

/** Whose key for what: the same key of another caller, or on another route, is another key. */
export interface KeySpace {
  readonly caller: string;
  /** Method and route, or the mutation's name */
  readonly operation: string;
  readonly key: string;
}

/** A refusal as it was told the first time. */
export interface StoredRefusal {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly title: string;
  readonly message: string;
  readonly remedy?: string;
  readonly details: ErrorDetails;
}

export interface StoredAnswer {
  readonly httpStatus: number;
  /** The body as text, so that it is told again to the letter: jsonb would order its fields anew */
  readonly content: { readonly body: string } | { readonly refusal: StoredRefusal };
}

/** What the table says of a key that someone wants to use. */
export type Claim =
  | { readonly state: 'MINE'; /** When it was taken first, by whoever began */ readonly since: Date }
  | { readonly state: 'DONE'; readonly fingerprint: string; readonly answer: StoredAnswer }
  | { readonly state: 'RUNNING'; readonly fingerprint: string; readonly lockedForSeconds: number };

interface Row {
  mine: boolean;
  fingerprint: string;
  state: string;
  http_status: number | null;
  response: StoredAnswer['content'] | null;
  locked_for: number;
  since: Date | null;
}

@Injectable()
export class IdempotencyRepository {
  constructor(private readonly sql: Sql) {}

  /**
   * Takes the key, in one statement: new, or left RUNNING by a process that is gone. Locks live by the database's clock.
   * @param createdAt by our clock; decides how long the answer is kept
   */
  async claim(space: KeySpace, fingerprint: string, createdAt: Date, lockMs: number): Promise<Claim> {
    const rows = await this.sql.query<Row>(
      `WITH mine AS (
         INSERT INTO idempotency_key AS k (caller, operation, key, fingerprint, state, created_at, locked_until)
         VALUES ($1, $2, $3, $4, 'RUNNING', $5, now() + $6 * interval '1 millisecond')
         ON CONFLICT (caller, operation, key) DO UPDATE SET locked_until = excluded.locked_until
         WHERE k.state = 'RUNNING' AND k.locked_until < now() AND k.fingerprint = excluded.fingerprint
         RETURNING k.created_at
       )
       SELECT true AS mine, '' AS fingerprint, '' AS state, NULL::int AS http_status, NULL::jsonb AS response, 0::float8 AS locked_for, created_at AS since FROM mine
       UNION ALL
       SELECT false, fingerprint, state, http_status, response, extract(epoch FROM locked_until - now())::float8, NULL
       FROM idempotency_key WHERE caller = $1 AND operation = $2 AND key = $3 AND NOT EXISTS (SELECT FROM mine)`,
      [space.caller, space.operation, space.key, fingerprint, createdAt, lockMs],
    );
    const row = rows[0];
    // Neither ours nor visible: the winner's row was committed after our snapshot was taken
    if (!row) return { state: 'RUNNING', fingerprint, lockedForSeconds: 1 };
    if (row.mine) return { state: 'MINE', since: row.since ?? createdAt };
    if (row.state === 'DONE' && row.response && row.http_status !== null) return { state: 'DONE', fingerprint: row.fingerprint, answer: { httpStatus: row.http_status, content: row.response } };
    return { state: 'RUNNING', fingerprint: row.fingerprint, lockedForSeconds: row.locked_for };
  }

  async renew(space: KeySpace, lockMs: number): Promise<void> {
    await this.sql.query(
      `UPDATE idempotency_key SET locked_until = now() + $4 * interval '1 millisecond' WHERE caller = $1 AND operation = $2 AND key = $3 AND state = 'RUNNING'`,
      [space.caller, space.operation, space.key, lockMs],
    );
  }

  async finish(space: KeySpace, answer: StoredAnswer): Promise<void> {
    await this.sql.query(
      `UPDATE idempotency_key SET state = 'DONE', http_status = $4, response = $5::jsonb WHERE caller = $1 AND operation = $2 AND key = $3 AND state = 'RUNNING'`,
      [space.caller, space.operation, space.key, answer.httpStatus, JSON.stringify(answer.content)],
    );
  }

  /** Gives a key free again: what it was for did not happen. */
  async release(space: KeySpace): Promise<void> {
    await this.sql.query(`DELETE FROM idempotency_key WHERE caller = $1 AND operation = $2 AND key = $3 AND state = 'RUNNING'`, [space.caller, space.operation, space.key]);
  }

  /** @returns how many were too old */
  async forget(before: Date): Promise<number> {
    const rows = await this.sql.query<{ n: number }>(`WITH gone AS (DELETE FROM idempotency_key WHERE created_at < $1 RETURNING 1) SELECT count(*)::int AS n FROM gone`, [before]);
    return rows[0]?.n ?? 0;
  }
}
