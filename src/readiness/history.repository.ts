import { Injectable } from '@nestjs/common';
import type { ListRequest, Page } from '../common/paging.js';
import { sqlKeysetPages } from '../database/keyset.js';
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

export interface PlanThen {
  readonly verdict: Verdict;
  readonly code: string | null;
  readonly cause: string | null;
  readonly since: Date;
}

type OfPlan<T> = T & { readonly planId: string };

const CHANGE = 'id, cluster, at, from_verdict AS "from", to_verdict AS "to", from_code AS "fromCode", to_code AS "toCode", cause';
const CLUSTERS_SHOWN = 5;

/** Reads what the verdicts were. Triggers and the computation write it. */
@Injectable()
export class HistoryRepository {
  constructor(private readonly sql: Sql) {}

  /** Of each plan, oldest first. */
  hours(planIds: readonly string[], from: Date, to: Date): Promise<OfPlan<HourRow>[]> {
    return this.sql.query<OfPlan<HourRow>>(
      `SELECT plan_id AS "planId", hour, verdict, worst_verdict AS "worstVerdict", ready AS "READY", at_risk AS "AT_RISK", not_ready AS "NOT_READY", unknown AS "UNKNOWN", not_needed AS "NOT_NEEDED",
         fewest_recoverable AS "fewestRecoverable", computed_at AS "computedAt"
       FROM plan_readiness_hour WHERE plan_id = ANY($1::uuid[]) AND hour >= date_trunc('hour', $2::timestamptz, 'UTC') AND hour <= $3 ORDER BY hour`, [planIds, from, to]);
  }

  /** Newest first, of each plan; in the order of the ids. */
  changes(planIds: readonly string[], filter: VerdictChangeFilter, page: ListRequest): Promise<(Page<VerdictChange> | Error)[]> {
    return sqlKeysetPages<VerdictChange>(this.sql, {
      list: 'verdict-changes', owners: planIds, filterOf: (planId) => ({ planId, ...filter }), page,
      sort: [{ field: 'at', direction: 'DESC' }, { field: 'id', direction: 'DESC' }],
      columns: CHANGE,
      from: `readiness_change WHERE plan_id = owner.id AND ($2::text IS NULL OR cluster = $2) AND ($3::timestamptz IS NULL OR at >= $3) AND ($4::text IS NULL OR to_verdict = $4) AND ($5::text IS NULL OR to_code = $5)`,
      values: [filter.cluster ?? null, filter.since ?? null, filter.to ?? null, filter.code ?? null],
    });
  }

  /** Clusters whose verdict or code is another now than it was at a moment, grouped by plan and what became of them; most first. */
  groups(planIds: readonly string[], since: Date): Promise<OfPlan<ChangeGroup>[]> {
    return this.sql.query<OfPlan<ChangeGroup>>(
      `WITH before AS (
         SELECT DISTINCT ON (plan_id, cluster) plan_id, cluster, to_verdict AS verdict, to_code AS code FROM readiness_change
         WHERE plan_id = ANY($1::uuid[]) AND cluster IS NOT NULL AND at <= $2 ORDER BY plan_id, cluster, at DESC, id DESC),
       last AS (
         SELECT DISTINCT ON (plan_id, cluster) plan_id, cluster, to_verdict AS verdict, to_code AS code, cause, at FROM readiness_change
         WHERE plan_id = ANY($1::uuid[]) AND cluster IS NOT NULL AND at > $2 ORDER BY plan_id, cluster, at DESC, id DESC)
       SELECT plan_id AS "planId", before.verdict AS "from", last.verdict AS "to", last.code, count(*)::int AS count, min(last.at) AS "firstAt", max(last.at) AS "lastAt",
         (array_agg(last.cluster ORDER BY last.at, last.cluster))[1:${CLUSTERS_SHOWN}] AS clusters, (array_agg(last.cause ORDER BY last.at, last.cluster))[1] AS cause
       FROM last JOIN before USING (plan_id, cluster)
       WHERE last.verdict IS NOT NULL AND before.verdict IS NOT NULL AND (before.verdict, before.code) IS DISTINCT FROM (last.verdict, last.code)
       GROUP BY 1, 2, 3, 4 ORDER BY count(*) DESC, 2, 3, 4`, [planIds, since]);
  }

  /** How many clusters of each plan had which verdict, and by which code, at a moment. */
  countsAsOf(planIds: readonly string[], asOf: Date): Promise<OfPlan<{ verdict: ClusterVerdict; code: string | null; count: number }>[]> {
    return this.sql.query(
      `SELECT plan_id AS "planId", verdict, code, count(*)::int AS count FROM (
         SELECT DISTINCT ON (plan_id, cluster) plan_id, to_verdict AS verdict, to_code AS code FROM readiness_change
         WHERE plan_id = ANY($1::uuid[]) AND cluster IS NOT NULL AND at <= $2 ORDER BY plan_id, cluster, at DESC, id DESC) AS last
       WHERE verdict IS NOT NULL GROUP BY plan_id, verdict, code ORDER BY count(*) DESC, code`, [planIds, asOf]);
  }

  /** Each plan's own verdict at a moment and since when; none of a plan for which none had been computed. */
  plansAsOf(planIds: readonly string[], asOf: Date): Promise<OfPlan<PlanThen>[]> {
    return this.sql.query(
      `SELECT plan.id AS "planId", last.to_verdict AS verdict, last.to_code AS code, last.cause,
         (SELECT at FROM readiness_change WHERE plan_id = plan.id AND cluster IS NULL AND at <= $2 AND from_verdict IS DISTINCT FROM to_verdict ORDER BY at DESC, id DESC LIMIT 1) AS since
       FROM unnest($1::uuid[]) AS plan (id), LATERAL (SELECT * FROM readiness_change WHERE plan_id = plan.id AND cluster IS NULL AND at <= $2 ORDER BY at DESC, id DESC LIMIT 1) AS last`, [planIds, asOf]);
  }
}
