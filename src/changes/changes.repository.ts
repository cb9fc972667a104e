import { Injectable } from '@nestjs/common';
import { Sql } from '../database/sql.js';
import { changeTypes, type Change, type ChangeFilter, type ChangeType } from './changes.types.js';

/** How much of the log one statement looks through: a filter that lets little through must not read all of it at once. */
const WINDOW = 20_000;
/** Changes that get their ids in one statement. */
const NUMBERED_AT_ONCE = 2_000;
const FORGOTTEN_AT_ONCE = 5_000;

/** What was read of the log in one look. */
export interface LogRead {
  readonly changes: readonly Change[];
  /** Everything up to here was looked through */
  readonly upToId: number;
  readonly lastId: number;
  readonly keptAfterId: number;
}

interface Row {
  readonly last_id: bigint;
  readonly kept_after: bigint;
  /** null: no change, only where the log stands */
  readonly id: bigint | null;
  readonly at: Date;
  readonly type: ChangeType;
  readonly hub_id: string;
  readonly cluster: string | null;
  readonly subject_id: string;
  readonly data: Record<string, unknown>;
}

/** The change log. Triggers write it; see the migrations 0026_change_log and 0041_changes_waiting. */
@Injectable()
export class ChangesRepository {
  constructor(private readonly sql: Sql) {}

  /**
   * Gives ids to changes whose transactions have ended.
   * @returns the last id; where `isAll` is false, more are waiting
   */
  async number(): Promise<{ lastId: number; isAll: boolean }> {
    const [row] = await this.sql.query<{ last_id: bigint; is_all: boolean }>(
      `SELECT number_changes($1) AS last_id, (SELECT count(*) < $1 FROM (SELECT FROM change_waiting ORDER BY written LIMIT $1) AS waiting) AS is_all`,
      [NUMBERED_AT_ONCE],
    );
    return { lastId: Number(row?.last_id ?? 0n), isAll: row?.is_all ?? true };
  }

  /** Changes after an id, in order; what the filter leaves out is not in the answer, yet counts as looked through. */
  async read(after: number, filter: ChangeFilter, limit: number): Promise<LogRead> {
    const { hubId, cluster, types = changeTypes } = filter;
    const values: unknown[] = [after, after + WINDOW, limit, [...types]];
    const parameter = (value: unknown): string => `$${values.push(value)}`;
    const conditions = [
      'id > $1', 'id <= $2', 'type = ANY($4::text[])',
      ...(hubId === undefined ? [] : [`hub_id = ${parameter(hubId)}`]),
      ...(cluster === undefined ? [] : [`cluster = ${parameter(cluster)}`]),
    ];
    const rows = await this.sql.query<Row>(
      `SELECT last_id, kept_after, found.* FROM change_head LEFT JOIN LATERAL (
         SELECT id, at, type, hub_id, cluster, subject_id, data FROM change WHERE ${conditions.join(' AND ')} ORDER BY id LIMIT $3) AS found ON TRUE ORDER BY found.id`,
      values,
    );
    const changes = rows.flatMap((row) => (row.id === null ? [] : [toChange(row, row.id)]));
    const lastId = Number(rows[0]?.last_id ?? 0n);
    const upToId = changes.length === limit ? (changes.at(-1)?.id ?? after) : Math.max(after, Math.min(lastId, after + WINDOW));
    return { changes, upToId, lastId, keptAfterId: Number(rows[0]?.kept_after ?? 0n) };
  }

  /** Forgets what is older, and all but the newest. */
  async forget(keptMs: number, keptRows: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const [row] = await this.sql.query<{ forgotten: bigint }>(`SELECT forget_changes(clock_timestamp() - $1::bigint * interval '1 millisecond', $2, $3) AS forgotten`, [keptMs, keptRows, FORGOTTEN_AT_ONCE]);
      if (Number(row?.forgotten ?? 0n) < FORGOTTEN_AT_ONCE) return;
    }
  }
}

const toChange = (row: Row, id: bigint): Change => ({
  id: Number(id), at: row.at, type: row.type, hubId: row.hub_id, cluster: row.cluster, subjectId: row.subject_id, data: namedAsInResource(row.data) as Record<string, unknown>,
});

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$/;

/** The log's columns under the names of the resources' fields, and instants written as everywhere. */
function namedAsInResource(value: unknown): unknown {
  if (typeof value === 'string') return INSTANT.test(value) ? new Date(value).toISOString() : value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), namedAsInResource(inner)]));
}
