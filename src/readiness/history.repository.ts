import { Injectable } from '@nestjs/common';
import type { ListRequest, Page } from '../common/paging.js';
import { sqlKeysetPage } from '../database/keyset.js';
import { Sql } from '../database/sql.js';
import type { ChangeGroup, VerdictChange, VerdictChangeFilter } from './history.types.js';
import type { ClusterVerdict, Verdict } from './readiness.types.js';

export interface HourRow {
  readonly hour: Date;
  readonly verdict: Verdict;
  readonly worstVerdict: Verdict;
  readonly READY: number;
  readonly AT_RISK: number;
  readonly NOT_READY: number;
  readonly UNKNOWN: number;
  readonly NOT_NEEDED: number;
  readonly fewestRecoverable: number;
  readonly computedAt: Date;
}

const CHANGE = 'id, cluster, at, from_verdict AS "from", to_verdict AS "to", from_code AS "fromCode", to_code AS "toCode", cause';
const CLUSTERS_SHOWN = 5;

/** Reads what the verdicts were. Triggers and the computation write it. */
@Injectable()
export class HistoryRepository {
  constructor(private readonly sql: Sql) {}

  hours(planId: string, from: Date, to: Date): Promise<HourRow[]> {
    return this.sql.query<HourRow>(
      `SELECT hour, verdict, worst_verdict AS "worstVerdict", ready AS "READY", at_risk AS "AT_RISK", not_ready AS "NOT_READY", unknown AS "UNKNOWN", not_needed AS "NOT_NEEDED",
         fewest_recoverable AS "fewestRecoverable", computed_at AS "computedAt"
       FROM plan_readiness_hour WHERE plan_id = $1 AND hour >= date_trunc('hour', $2::timestamptz, 'UTC') AND hour <= $3 ORDER BY hour`, [planId, from, to]);
  }

  /** Newest first. */
  changes(planId: string, filter: VerdictChangeFilter, page: ListRequest): Promise<Page<VerdictChange>> {
    const own = `plan_id = $1 AND ($2::text IS NULL OR cluster = $2) AND ($3::timestamptz IS NULL OR at >= $3) AND ($4::text IS NULL OR to_verdict = $4) AND ($5::text IS NULL OR to_code = $5)`;
    const values = [planId, filter.cluster ?? null, filter.since ?? null, filter.to ?? null, filter.code ?? null];
    return sqlKeysetPage<VerdictChange>({
      list: 'verdict-changes', filter: { planId, ...filter }, page, firstParameter: values.length + 1,
      sort: [{ field: 'at', direction: 'DESC' }, { field: 'id', direction: 'DESC' }],
      find: (keyset) => this.sql.query<VerdictChange>(`SELECT ${CHANGE} FROM readiness_change WHERE ${own} AND ${keyset.where} ORDER BY ${keyset.orderBy} LIMIT ${keyset.limit}`, [...values, ...keyset.values]),
      count: async () => Number((await this.sql.query<{ count: bigint }>(`SELECT count(*) AS count FROM readiness_change WHERE ${own}`, values))[0]?.count ?? 0n),
    });
  }

  /** Clusters whose verdict or code is another now than it was at a moment, grouped by what became of them; most first. */
  groups(planId: string, since: Date): Promise<ChangeGroup[]> {
    return this.sql.query<ChangeGroup>(
      `WITH before AS (
         SELECT DISTINCT ON (cluster) cluster, to_verdict AS verdict, to_code AS code FROM readiness_change
         WHERE plan_id = $1 AND cluster IS NOT NULL AND at <= $2 ORDER BY cluster, at DESC, id DESC),
       last AS (
         SELECT DISTINCT ON (cluster) cluster, to_verdict AS verdict, to_code AS code, cause, at FROM readiness_change
         WHERE plan_id = $1 AND cluster IS NOT NULL AND at > $2 ORDER BY cluster, at DESC, id DESC)
       SELECT before.verdict AS "from", last.verdict AS "to", last.code, count(*)::int AS count, min(last.at) AS "firstAt", max(last.at) AS "lastAt",
         (array_agg(last.cluster ORDER BY last.at, last.cluster))[1:${CLUSTERS_SHOWN}] AS clusters, (array_agg(last.cause ORDER BY last.at, last.cluster))[1] AS cause
       FROM last JOIN before USING (cluster)
       WHERE last.verdict IS NOT NULL AND before.verdict IS NOT NULL AND (before.verdict, before.code) IS DISTINCT FROM (last.verdict, last.code)
       GROUP BY 1, 2, 3 ORDER BY count(*) DESC, 1, 2, 3`, [planId, since]);
  }

  /** How many clusters had which verdict, and by which code, at a moment. */
  countsAsOf(planId: string, asOf: Date): Promise<{ verdict: ClusterVerdict; code: string | null; count: number }[]> {
    return this.sql.query(
      `SELECT verdict, code, count(*)::int AS count FROM (
         SELECT DISTINCT ON (cluster) to_verdict AS verdict, to_code AS code FROM readiness_change
         WHERE plan_id = $1 AND cluster IS NOT NULL AND at <= $2 ORDER BY cluster, at DESC, id DESC) AS last
       WHERE verdict IS NOT NULL GROUP BY verdict, code ORDER BY count(*) DESC, code`, [planId, asOf]);
  }

  /** The plan's own verdict at a moment and since when; null: none had been computed. */
  async planAsOf(planId: string, asOf: Date): Promise<{ verdict: Verdict; code: string | null; cause: string | null; since: Date } | null> {
    const [row] = await this.sql.query<{ verdict: Verdict; code: string | null; cause: string | null; since: Date }>(
      `WITH own AS (SELECT * FROM readiness_change WHERE plan_id = $1 AND cluster IS NULL AND at <= $2),
       last AS (SELECT * FROM own ORDER BY at DESC, id DESC LIMIT 1)
       SELECT last.to_verdict AS verdict, last.to_code AS code, last.cause,
         (SELECT own.at FROM own WHERE own.from_verdict IS DISTINCT FROM own.to_verdict ORDER BY own.at DESC, own.id DESC LIMIT 1) AS since
       FROM last`, [planId, asOf]);
    return row ?? null;
  }
}
