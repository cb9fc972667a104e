import { Injectable } from '@nestjs/common';
import { Sql } from '../database/sql.js';
import { tokenKinds } from './token-kinds.js';

export interface DueCluster {
  readonly cluster: string;
  /** As it was when the work was taken: what woke it since leaves it due */
  readonly generation: bigint;
}

export interface SettledCluster extends DueCluster {
  /** When time alone makes a difference; null: it does not */
  readonly recheckAt: Date | null;
}

/** A look without a reason, in case something was never told. */
const LOOK_ANYWAY_MS = 6 * 3_600_000;

/** By name, as wakers do: who takes rows in another order waits for somebody who waits for him. */
const HELD = `
  told AS (SELECT cluster, generation, due_at FROM jsonb_to_recordset($2::jsonb) AS told (cluster text, generation bigint, due_at timestamptz)),
  held AS MATERIALIZED (SELECT told.* FROM token_work AS work JOIN told USING (cluster) WHERE work.hub_id = $1 ORDER BY work.cluster FOR UPDATE OF work)`;

/** Which clusters' tokens are to be looked at, and when. Times are the Clock's. */
@Injectable()
export class TokenWorkRepository {
  constructor(private readonly sql: Sql) {}

  /** Wakes these clusters. */
  async wake(hubId: string, clusters: readonly string[], now: Date): Promise<void> {
    await this.sql.execute(
      `INSERT INTO token_work AS work (hub_id, cluster, due_at) SELECT $1, cluster, $3 FROM unnest($2::text[]) AS told (cluster) ORDER BY cluster
       ON CONFLICT (hub_id, cluster) DO UPDATE SET due_at = LEAST(work.due_at, excluded.due_at), generation = work.generation + 1`,
      [hubId, [...new Set(clusters)], now],
    );
  }

  /** Wakes every cluster of the hub, and those that have rows here and are no more. */
  async wakeAll(hubId: string, now: Date): Promise<void> {
    await this.sql.execute(
      `INSERT INTO token_work AS work (hub_id, cluster, due_at)
       SELECT $1::uuid, cluster, $2::timestamptz FROM (
         SELECT name AS cluster FROM hub_object WHERE hub_id = $1 AND kind = 'MANAGED_CLUSTER' UNION SELECT cluster FROM token_work WHERE hub_id = $1
         UNION SELECT cluster FROM auto_import_token WHERE hub_id = $1) AS known ORDER BY cluster
       ON CONFLICT (hub_id, cluster) DO UPDATE SET due_at = LEAST(work.due_at, excluded.due_at), generation = work.generation + 1`,
      [hubId, now],
    );
  }

  /** Wakes what a lost wake-up left behind: clusters whose facts, or whose hub's plans, are younger than their last pass, and clusters that never had one. */
  async wakeMissed(now: Date): Promise<void> {
    await this.sql.execute(
      `INSERT INTO token_work AS work (hub_id, cluster, due_at)
       SELECT hub_id, cluster, $1 FROM (
         SELECT hub_id, CASE WHEN kind = 'MANAGED_CLUSTER' THEN name ELSE namespace END AS cluster, max(COALESCE(written_at, read_at)) AS written_at
         FROM hub_object WHERE kind = ANY($2::text[]) GROUP BY 1, 2) AS told
       LEFT JOIN token_work AS passed USING (hub_id, cluster)
       LEFT JOIN (SELECT source_hub_id AS hub_id, max(updated_at) AS changed_at FROM recovery_plan GROUP BY 1) AS plans USING (hub_id)
       WHERE (passed.cluster IS NULL AND EXISTS (SELECT 1 FROM hub_object AS known WHERE known.hub_id = told.hub_id AND known.kind = 'MANAGED_CLUSTER' AND known.namespace = '' AND known.name = told.cluster))
         OR (passed.due_at > $1 AND passed.passed_at < GREATEST(told.written_at, plans.changed_at))
       ORDER BY hub_id, cluster
       ON CONFLICT (hub_id, cluster) DO UPDATE SET due_at = LEAST(work.due_at, excluded.due_at), generation = work.generation + 1`,
      [now, tokenKinds.filter((kind) => kind !== 'HUB_ADDON' && kind !== 'BACKUP_SCHEDULE')],
    );
  }

  /** Whose token a backup would leave out comes first, then the longest due. */
  async due(hubId: string, now: Date, limit: number, without: readonly string[]): Promise<DueCluster[]> {
    return this.sql.query(
      `SELECT cluster, generation FROM token_work AS work WHERE hub_id = $1 AND due_at <= $2 AND cluster <> ALL($4::text[])
       ORDER BY cluster IN (SELECT namespace FROM hub_object WHERE hub_id = $1 AND kind = 'TOKEN_SECRET'
         AND facts->>'backupLabel' IS NULL AND facts->>'hiveLabel' IS NULL AND facts->>'typeLabel' IS NULL AND facts->>'deleting' = 'false') DESC, due_at, cluster LIMIT $3`,
      [hubId, now, limit, [...without]],
    );
  }

  /** Hubs where something is due. */
  async hubsWithDueWork(now: Date): Promise<string[]> {
    const rows = await this.sql.query<{ hub_id: string }>(`SELECT DISTINCT hub_id FROM token_work WHERE due_at <= $1`, [now]);
    return rows.map(({ hub_id }) => hub_id);
  }

  /** When the hub's next work is due; null: none is. */
  async nextDueAt(hubId: string): Promise<Date | null> {
    const [row] = await this.sql.query<{ due_at: Date | null }>(`SELECT min(due_at) AS due_at FROM token_work WHERE hub_id = $1`, [hubId]);
    return row?.due_at ?? null;
  }

  /** @param passedAt when the facts were read that the passes were made on */
  async settle(hubId: string, clusters: readonly SettledCluster[], passedAt: Date): Promise<void> {
    const anyway = passedAt.getTime() + LOOK_ANYWAY_MS;
    const rows = clusters.map(({ cluster, generation, recheckAt }) => ({
      cluster, generation: String(generation), due_at: new Date(Math.min(recheckAt?.getTime() ?? anyway, anyway)),
    }));
    await this.sql.execute(
      `WITH ${HELD} UPDATE token_work AS work SET passed_at = $3, due_at = CASE WHEN work.generation = held.generation THEN held.due_at ELSE work.due_at END
       FROM held WHERE work.hub_id = $1 AND work.cluster = held.cluster`,
      [hubId, JSON.stringify(rows), passedAt],
    );
  }

  /** Clusters that are no more need no further look. */
  async forget(hubId: string, clusters: readonly DueCluster[]): Promise<void> {
    const rows = clusters.map(({ cluster, generation }) => ({ cluster, generation: String(generation) }));
    await this.sql.execute(
      `WITH ${HELD} DELETE FROM token_work AS work USING held WHERE work.hub_id = $1 AND work.cluster = held.cluster AND work.generation = held.generation`,
      [hubId, JSON.stringify(rows)],
    );
  }

  async forgetRemovedHubs(): Promise<void> {
    await this.sql.execute(`DELETE FROM token_work USING hub WHERE hub.id = token_work.hub_id AND hub.removed_at IS NOT NULL`);
    await this.sql.execute(`DELETE FROM auto_import_token USING hub WHERE hub.id = auto_import_token.hub_id AND hub.removed_at IS NOT NULL`);
  }
}
