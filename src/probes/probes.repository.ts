import { Injectable } from '@nestjs/common';
import { shapedPages, type ListRequest, type Page } from '../common/paging.js';
import type { TargetPath as Row } from '../database/generated/client.js';
import { sqlKeysetPages } from '../database/keyset.js';
import { Sql } from '../database/sql.js';
import { provenForMs, stateNow } from './probe-times.rules.js';
import type { DeepCheck, DeepState, OwnAnswer, PathAnswer, PathCode, PathFilter, PathState, TargetPath } from './probes.types.js';

/** A way whose turn it is. */
export interface DuePath {
  readonly planId: string;
  readonly cluster: string;
  readonly apiUrl: string;
  readonly intervalSeconds: number;
  /** Probed by itself, again and again */
  readonly isRegular: boolean;
}

/** A claim that nobody answered for is free again. Milliseconds. */
const CLAIM_MS = 10 * 60_000;

/** The clusters of a plan that need the way: those that Hive or a hosting cluster brings back do not. */
export const WAYS = `recovery_plan AS plan JOIN managed_cluster AS cluster ON cluster.hub_id = plan.source_hub_id AND cluster.origin = 'IMPORTED' AND cluster.api_url IS NOT NULL`;
const NEW_WAY = `INSERT INTO target_path (plan_id, cluster, state, detail, checked_at, since, due_at)`;

@Injectable()
export class ProbesRepository {
  constructor(private readonly sql: Sql) {}

  /**
   * Makes the ways be what plans and clusters are now: new clusters and changed API URLs are due at once, what no plan asks for any more is
   * left, ways to nobody are forgotten. Set-based; does nothing where nothing has changed.
   */
  async arrange(now: Date): Promise<void> {
    await this.sql.transaction(async (sql) => {
      await sql.query(`SELECT pg_advisory_xact_lock(hashtextextended('probes/arrange', 0))`);
      await sql.query(
        `${NEW_WAY} SELECT plan.id, cluster.name, 'UNKNOWN', 'not probed yet', $1, $1, $1 FROM ${WAYS}
         WHERE plan.reachability = 'PROBED' AND plan.archived_at IS NULL ON CONFLICT (plan_id, cluster) DO NOTHING`, [now]);
      await sql.query(
        `UPDATE target_path AS path SET state = 'UNKNOWN', code = NULL, detail = 'the API URL has changed, and was not probed yet', checked_at = $1, since = $1, api_url = NULL, due_at = $1,
           lifeboat_code = NULL, lifeboat_detail = NULL, lifeboat_at = NULL
         FROM ${WAYS} WHERE path.plan_id = plan.id AND path.cluster = cluster.name AND path.api_url <> cluster.api_url`, [now]);
      // Also where the plan was given a shorter interval: a proof counts for two of them.
      await sql.query(
        `UPDATE target_path AS path SET due_at = $1 FROM recovery_plan AS plan WHERE plan.id = path.plan_id AND plan.archived_at IS NULL AND plan.reachability = 'PROBED'
           AND (path.due_at IS NULL OR path.due_at > $1::timestamptz + plan.probe_interval_seconds * interval '1.5 seconds')`, [now]);
      await sql.query(
        `DELETE FROM target_path AS path WHERE path.due_at IS NOT NULL AND NOT EXISTS (SELECT FROM ${WAYS} WHERE plan.id = path.plan_id AND cluster.name = path.cluster AND plan.archived_at IS NULL)`);
    });
  }

  /** Target hubs on which ways are due. */
  async hubsWithDuePaths(now: Date): Promise<string[]> {
    const rows = await this.sql.query<{ id: string }>(
      `SELECT DISTINCT plan.target_hub_id AS id FROM target_path AS path JOIN recovery_plan AS plan ON plan.id = path.plan_id AND plan.archived_at IS NULL WHERE path.due_at <= $1`, [now]);
    return rows.map(({ id }) => id);
  }

  /** Target hubs of plans that probe or have probed. */
  async probedHubs(): Promise<string[]> {
    const rows = await this.sql.query<{ id: string }>(
      `SELECT DISTINCT target_hub_id AS id FROM recovery_plan AS plan JOIN hub ON hub.id = plan.target_hub_id AND hub.removed_at IS NULL
       WHERE plan.reachability = 'PROBED' OR EXISTS (SELECT FROM target_path AS path WHERE path.plan_id = plan.id AND path.attempted_at IS NOT NULL)`);
    return rows.map(({ id }) => id);
  }

  /** Takes some ways whose turn it is, the longest due first, so that nobody else probes them meanwhile. */
  async claim(targetHubId: string, limit: number, now: Date): Promise<DuePath[]> {
    return this.sql.query<DuePath>(
      `WITH due AS (
         SELECT path.plan_id, path.cluster FROM target_path AS path JOIN recovery_plan AS plan ON plan.id = path.plan_id AND plan.archived_at IS NULL AND plan.target_hub_id = $1
         WHERE path.due_at <= $3 ORDER BY path.due_at, path.plan_id, path.cluster LIMIT $2 FOR UPDATE OF path SKIP LOCKED)
       UPDATE target_path AS path SET due_at = $4 FROM due, ${WAYS} WHERE (path.plan_id, path.cluster) = (due.plan_id, due.cluster) AND plan.id = path.plan_id AND cluster.name = path.cluster
       RETURNING path.plan_id AS "planId", path.cluster, cluster.api_url AS "apiUrl", plan.probe_interval_seconds AS "intervalSeconds", plan.reachability = 'PROBED' AS "isRegular"`,
      [targetHubId, limit, now, new Date(now.getTime() + CLAIM_MS)]);
  }

  /**
   * Writes down what a probe met. What was learned before stays where it taught nothing.
   * @param own null: not tried
   * @param dueAt null: not again by itself
   */
  async record({ planId, cluster, apiUrl }: DuePath, answer: PathAnswer, own: OwnAnswer | null, dueAt: Date | null, now: Date): Promise<void> {
    await this.sql.query(
      `UPDATE target_path SET
         code = CASE WHEN $4 = 'UNKNOWN' AND state <> 'UNKNOWN' THEN code ELSE $5 END,
         detail = CASE WHEN $4 = 'UNKNOWN' AND state <> 'UNKNOWN' THEN detail ELSE $6 END,
         checked_at = CASE WHEN $4 = 'UNKNOWN' AND state <> 'UNKNOWN' THEN checked_at ELSE $10 END,
         since = CASE WHEN $4 IN ('UNKNOWN', state) THEN COALESCE(since, $10) ELSE $10 END,
         state = CASE WHEN $4 = 'UNKNOWN' THEN state ELSE $4 END,
         api_url = CASE WHEN $4 = 'UNKNOWN' THEN api_url ELSE $3 END,
         attempts = CASE WHEN $4 = 'UNKNOWN' THEN attempts + 1 ELSE 0 END, attempt_code = $5, attempt_detail = $6, attempted_at = $10,
         lifeboat_code = COALESCE($7, lifeboat_code), lifeboat_detail = COALESCE($8, lifeboat_detail), lifeboat_at = CASE WHEN $7::text IS NULL THEN lifeboat_at ELSE $10 END,
         due_at = $9
       WHERE plan_id = $1 AND cluster = $2`,
      [planId, cluster, apiUrl, answer.state, answer.code, answer.detail, own?.code ?? null, own?.detail ?? null, dueAt, now]);
  }

  /** Gives a claim back: nothing was tried. */
  async release({ planId, cluster }: DuePath, dueAt: Date): Promise<void> {
    await this.sql.query(`UPDATE target_path SET due_at = $3 WHERE plan_id = $1 AND cluster = $2`, [planId, cluster, dueAt]);
  }

  /** Makes the ways of a plan, or one, due at once, whatever the plan asks for. @returns how many */
  async askNow(planId: string, cluster: string | null, now: Date): Promise<number> {
    const rows = await this.sql.query(
      `${NEW_WAY} SELECT plan.id, cluster.name, 'UNKNOWN', 'not probed yet', $3, $3, $3 FROM ${WAYS} WHERE plan.id = $1 AND plan.archived_at IS NULL AND ($2::text IS NULL OR cluster.name = $2)
       ON CONFLICT (plan_id, cluster) DO UPDATE SET due_at = excluded.due_at RETURNING cluster`, [planId, cluster, now]);
    return rows.length;
  }

  /** By cluster, of each plan; in the order of the ids. */
  async listOf(planIds: readonly string[], filter: PathFilter, page: ListRequest, now: Date): Promise<(Page<TargetPath> | Error)[]> {
    const pages = await sqlKeysetPages<PathRow>(this.sql, {
      list: 'target-paths', owners: planIds, filterOf: (planId) => ({ planId, ...filter }), page,
      sort: [{ field: 'cluster', direction: 'ASC', column: 'path.cluster' }],
      columns: COLUMNS,
      from: `target_path AS path JOIN recovery_plan AS plan ON plan.id = path.plan_id WHERE path.plan_id = owner.id AND ($2::text IS NULL OR path.cluster = $2)
        AND ($3::text IS NULL OR $3 = CASE WHEN path.state = 'PROVEN' AND path.checked_at < $4::timestamptz - plan.probe_interval_seconds * interval '${provenForMs(1)} milliseconds' THEN 'UNKNOWN' ELSE path.state END)`,
      values: [filter.cluster ?? null, filter.state ?? null, now],
    });
    return shapedPages(pages, (row) => toPath(row, row.intervalSeconds, now));
  }
}

const COLUMNS = `
  path.plan_id AS "planId", path.cluster, path.state, path.code, path.detail, path.checked_at AS "checkedAt", path.since, path.api_url AS "apiUrl", path.attempt_code AS "attemptCode", path.attempt_detail AS "attemptDetail",
  path.attempted_at AS "attemptedAt", path.lifeboat_code AS "lifeboatCode", path.lifeboat_detail AS "lifeboatDetail", path.lifeboat_at AS "lifeboatAt", path.deep_state AS "deepState", path.deep_detail AS "deepDetail",
  path.deep_at AS "deepAt", path.deep_account AS "deepAccount", path.deep_refreshed_at AS "deepRefreshedAt", path.deep_since AS "deepSince", path.deep_attempt AS "deepAttempt", path.deep_attempted_at AS "deepAttemptedAt",
  path.due_at AS "dueAt", plan.probe_interval_seconds AS "intervalSeconds"`;

type PathRow = Omit<Row, 'attempts' | 'deepApiUrl' | 'deepDueAt'> & { readonly intervalSeconds: number };

function coded(code: string | null, detail: string | null, at: Date | null): (OwnAnswer & { readonly at: Date }) | null {
  return code === null || detail === null || at === null ? null : { code: code as PathCode, detail, at };
}

function deepOf({ deepState, deepDetail, deepAt, deepAccount, deepRefreshedAt, deepSince, deepAttempt, deepAttemptedAt }: PathRow): DeepCheck | null {
  if (deepState === null || deepDetail === null || deepAt === null) return null;
  return {
    state: deepState as DeepState, detail: deepDetail, account: deepAccount, refreshedAt: deepRefreshedAt, checkedAt: deepAt, since: deepSince,
    lastAttempt: deepAttempt === null || deepAttemptedAt === null ? null : { detail: deepAttempt, at: deepAttemptedAt },
  };
}

const toPath = (row: PathRow, intervalSeconds: number, now: Date): TargetPath => ({
  planId: row.planId, cluster: row.cluster, state: stateNow(row.state as PathState, row.checkedAt, intervalSeconds, now), code: row.code as PathCode | null, detail: row.detail,
  checkedAt: row.checkedAt, since: row.since, apiUrl: row.apiUrl, attempt: coded(row.attemptCode, row.attemptDetail, row.attemptedAt),
  lifeboatPath: coded(row.lifeboatCode, row.lifeboatDetail, row.lifeboatAt), deepCheck: deepOf(row), dueAt: row.dueAt,
});
