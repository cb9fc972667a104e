import { Injectable } from '@nestjs/common';
import { Sql } from '../database/sql.js';
import { hasTaught } from './deep-check.rules.js';
import { WAYS } from './probes.repository.js';
import type { DeepAnswer, OtherToken, TriedToken } from './probes.types.js';

/** A cluster whose token's turn it is: for all plans of its hub that ask for it. */
export interface DueCheck {
  readonly hubId: string;
  readonly cluster: string;
  readonly apiUrl: string;
  readonly tokens: readonly TriedToken[];
}

/** A claim that nobody answered for is free again. Milliseconds. */
const CLAIM_MS = 10 * 60_000;

const ASKS = 'plan.deep_check AND plan.archived_at IS NULL';
const NOTHING_LEARNED = `deep_state = NULL, deep_detail = NULL, deep_at = NULL, deep_since = NULL, deep_account = NULL, deep_refreshed_at = NULL, deep_api_url = NULL, deep_other = NULL, deep_attempt = NULL, deep_attempted_at = NULL`;

/** What the deep checks keep: beside the ways, in the same rows, never a token. */
@Injectable()
export class DeepChecksRepository {
  constructor(private readonly sql: Sql) {}

  /**
   * Makes what is due be what plans, clusters and tokens are now: new clusters, other API URLs and tokens that were refreshed since the last
   * try are due at once; what no plan asks for any more is forgotten. Set-based; does nothing where nothing has changed.
   */
  async arrange(now: Date): Promise<void> {
    await this.sql.transaction(async (sql) => {
      await sql.query(`SELECT pg_advisory_xact_lock(hashtextextended('probes/arrange', 0))`);
      await sql.query(
        `INSERT INTO target_path (plan_id, cluster, state, detail, checked_at, since, deep_due_at)
         SELECT plan.id, cluster.name, 'UNKNOWN', 'not probed yet', $1, $1, $1 FROM ${WAYS} WHERE ${ASKS} ON CONFLICT (plan_id, cluster) DO NOTHING`, [now]);
      await sql.query(
        `UPDATE target_path AS path SET deep_due_at = $1 FROM ${WAYS} WHERE path.plan_id = plan.id AND path.cluster = cluster.name AND ${ASKS} AND path.deep_due_at IS NULL`, [now]);
      await sql.query(
        `UPDATE target_path AS path SET ${NOTHING_LEARNED}, deep_due_at = $1 FROM ${WAYS} WHERE path.plan_id = plan.id AND path.cluster = cluster.name AND path.deep_due_at IS NOT NULL AND path.deep_api_url <> cluster.api_url`, [now]);
      await sql.query(
        `UPDATE target_path AS path SET deep_due_at = $1 FROM recovery_plan AS plan WHERE plan.id = path.plan_id AND ${ASKS} AND path.deep_due_at > $1 AND EXISTS (
           SELECT FROM token_incarnation AS life WHERE life.hub_id = plan.source_hub_id AND life.cluster = path.cluster AND life.ended_at IS NULL AND life.seen_at > path.deep_attempted_at)`, [now]);
      const unasked = `path.deep_due_at IS NOT NULL AND NOT EXISTS (SELECT FROM ${WAYS} WHERE plan.id = path.plan_id AND cluster.name = path.cluster AND ${ASKS})`;
      await sql.query(`DELETE FROM target_path AS path WHERE ${unasked} AND path.due_at IS NULL AND path.attempted_at IS NULL`);
      await sql.query(`UPDATE target_path AS path SET ${NOTHING_LEARNED}, deep_due_at = NULL WHERE ${unasked}`);
    });
  }

  /** Source hubs of whose clusters tokens are due. */
  async hubsWithDueChecks(now: Date): Promise<string[]> {
    const rows = await this.sql.query<{ id: string }>(
      `SELECT DISTINCT plan.source_hub_id AS id FROM target_path AS path JOIN recovery_plan AS plan ON plan.id = path.plan_id AND ${ASKS} WHERE path.deep_due_at <= $1`, [now]);
    return rows.map(({ id }) => id);
  }

  /** Takes some clusters whose turn it is, the longest due first, so that nobody else tries their tokens meanwhile. */
  async claim(hubId: string, limit: number, now: Date): Promise<DueCheck[]> {
    const claimed = await this.sql.query<{ cluster: string; apiUrl: string }>(
      `WITH due AS (
         SELECT path.cluster FROM target_path AS path JOIN recovery_plan AS plan ON plan.id = path.plan_id AND plan.source_hub_id = $1 AND ${ASKS}
         WHERE path.deep_due_at <= $3 ORDER BY path.deep_due_at, path.cluster LIMIT $2 FOR UPDATE OF path SKIP LOCKED),
       claimed AS (
         UPDATE target_path AS path SET deep_due_at = $4 FROM ${WAYS}
         WHERE path.cluster IN (SELECT cluster FROM due) AND plan.source_hub_id = $1 AND ${ASKS} AND path.plan_id = plan.id AND cluster.name = path.cluster
         RETURNING path.cluster, cluster.api_url)
       SELECT DISTINCT cluster, api_url AS "apiUrl" FROM claimed ORDER BY cluster`, [hubId, limit, now, new Date(now.getTime() + CLAIM_MS)]);
    const tokens = Map.groupBy(await this.sql.query<TriedToken & { cluster: string }>(
      `SELECT cluster, account, expires_at AS "expiresAt", refreshed_at AS "refreshedAt" FROM auto_import_token WHERE hub_id = $1 AND cluster = ANY($2::text[]) AND secret_present`,
      [hubId, claimed.map(({ cluster }) => cluster)]), ({ cluster }) => cluster);
    return claimed.map(({ cluster, apiUrl }) => ({ hubId, cluster, apiUrl, tokens: (tokens.get(cluster) ?? []).map(({ cluster: _its, ...token }) => token) }));
  }

  /**
   * Writes down what the cluster said, for every plan that asks. What it said before stays where it said nothing.
   * @param token null: there was none to try
   * @param other what was learned of the other account's token; null: it was not tried
   * @param triedAt when the try began
   * @returns the plans
   */
  async record({ hubId, cluster, apiUrl }: DueCheck, token: TriedToken | null, { state, detail }: DeepAnswer, other: OtherToken | null, dueAt: Date, triedAt: Date, now: Date): Promise<string[]> {
    const taught = hasTaught(state);
    const stays = `(NOT $6::boolean AND path.deep_state IN ('PASSED', 'DENIED', 'REFUSED', 'EMPTY'))`;
    const rows = await this.sql.query<{ id: string }>(
      `UPDATE target_path AS path SET
         deep_since = CASE WHEN ${stays} OR path.deep_state = $4 THEN path.deep_since ELSE $11 END,
         deep_detail = CASE WHEN ${stays} THEN path.deep_detail ELSE $5 END,
         deep_at = CASE WHEN ${stays} THEN path.deep_at ELSE $11 END,
         deep_account = CASE WHEN ${stays} THEN path.deep_account ELSE $7 END,
         deep_refreshed_at = CASE WHEN ${stays} THEN path.deep_refreshed_at ELSE $8::timestamptz END,
         deep_api_url = CASE WHEN ${stays} THEN path.deep_api_url ELSE $3 END,
         deep_other = CASE WHEN ${stays} THEN path.deep_other ELSE $12::jsonb END,
         deep_state = CASE WHEN ${stays} THEN path.deep_state ELSE $4 END,
         deep_attempt = CASE WHEN $6 THEN NULL ELSE $5 END, deep_attempted_at = $10, deep_due_at = $9
       FROM recovery_plan AS plan WHERE plan.id = path.plan_id AND plan.source_hub_id = $1 AND ${ASKS} AND path.cluster = $2 RETURNING plan.id`,
      [hubId, cluster, apiUrl, state, detail, taught, token?.account ?? null, token?.refreshedAt ?? null, dueAt, triedAt, now, other === null ? null : JSON.stringify(other)]);
    return rows.map(({ id }) => id);
  }

  /** Gives a claim back: nothing was tried. */
  async release({ hubId, cluster }: DueCheck, dueAt: Date): Promise<void> {
    await this.sql.query(
      `UPDATE target_path AS path SET deep_due_at = $3 FROM recovery_plan AS plan WHERE plan.id = path.plan_id AND plan.source_hub_id = $1 AND ${ASKS} AND path.cluster = $2`, [hubId, cluster, dueAt]);
  }

  /** Makes the tokens of a plan's clusters, or one, due at once where the plan has them tried. @returns how many */
  async askNow(planId: string, cluster: string | null, now: Date): Promise<number> {
    const rows = await this.sql.query(
      `UPDATE target_path AS path SET deep_due_at = $3 FROM recovery_plan AS plan WHERE plan.id = path.plan_id AND plan.id = $1 AND ${ASKS} AND ($2::text IS NULL OR path.cluster = $2) RETURNING path.cluster`,
      [planId, cluster, now]);
    return rows.length;
  }
}
