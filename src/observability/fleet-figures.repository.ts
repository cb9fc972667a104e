import { Injectable } from '@nestjs/common';
import { Sql } from '../database/sql.js';
import type { Bucketed } from './counted-histogram.js';

export const EXPIRY_BOUNDS = [0, 3_600, 6 * 3_600, 86_400, 3 * 86_400, 7 * 86_400, 14 * 86_400, 30 * 86_400, 60 * 86_400];
export const STEP_BOUNDS = [1, 5, 15, 30, 60, 120, 300, 600, 1_200, 2_400, 3_600, 7_200];

export interface Figure {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Figures over the tables of all features, read for the metrics and nothing else. Never by cluster: that would be a series each. */
@Injectable()
export class FleetFiguresRepository {
  constructor(private readonly sql: Sql) {}

  /** By source hub and verdict; the worst one where a cluster is in several plans. */
  clusters(): Promise<Figure[]> {
    return this.figures(`
      SELECT hub, verdict, count(*)::int AS value
      FROM (
        SELECT h.name AS hub, (array_agg(r.verdict ORDER BY array_position(ARRAY['NOT_READY', 'UNKNOWN', 'AT_RISK', 'READY', 'NOT_NEEDED'], r.verdict)))[1] AS verdict
        FROM cluster_readiness r JOIN recovery_plan p ON p.id = r.plan_id AND p.archived_at IS NULL JOIN hub h ON h.id = p.source_hub_id AND h.removed_at IS NULL
        GROUP BY h.name, r.cluster
      ) worst GROUP BY hub, verdict`);
  }

  findings(): Promise<Figure[]> {
    return this.figures(`
      SELECT h.name AS hub, f ->> 'code' AS code, f ->> 'severity' AS severity, count(DISTINCT r.cluster)::int AS value
      FROM cluster_readiness r
      JOIN recovery_plan p ON p.id = r.plan_id AND p.archived_at IS NULL
      JOIN hub h ON h.id = p.source_hub_id AND h.removed_at IS NULL
      CROSS JOIN LATERAL jsonb_array_elements(r.findings) AS f
      GROUP BY 1, 2, 3`);
  }

  /** When the hub was last heard of, by the watch that has been silent longest. */
  observed(): Promise<Figure[]> {
    return this.figures(`
      SELECT h.name AS hub, extract(epoch FROM min(w.heard_at))::float8 AS value
      FROM hub h JOIN hub_watch w ON w.hub_id = h.id
      WHERE h.removed_at IS NULL AND w.heard_at IS NOT NULL AND w.phase NOT IN ('ABSENT', 'STOPPED') GROUP BY h.name`);
  }

  reachable(): Promise<Figure[]> {
    return this.figures(`SELECT name AS hub, (reachability = 'REACHABLE')::int AS value FROM hub WHERE removed_at IS NULL AND reachability <> 'UNKNOWN'`);
  }

  /** By id. */
  async hubNames(): Promise<ReadonlyMap<string, string>> {
    const rows = await this.sql.query<{ id: string; name: string }>('SELECT id, name FROM hub WHERE removed_at IS NULL');
    return new Map(rows.map(({ id, name }) => [id, name]));
  }

  /** Which worker watches which hub. */
  watched(): Promise<Figure[]> {
    return this.figures(`
      SELECT hub.name AS hub, regexp_replace(lease.owner, '/[^/]*$', '') AS worker, 1 AS value
      FROM hub JOIN lease ON lease.key = 'hub/' || hub.id AND lease.expires_at > now() WHERE hub.removed_at IS NULL`);
  }

  workers(): Promise<Figure[]> {
    return this.figures(`SELECT count(*)::int AS value FROM lease WHERE key LIKE 'worker/%' AND expires_at > now()`);
  }

  failovers(): Promise<Figure[]> {
    return this.figures(`SELECT kind, status, count(*)::int AS value FROM failover GROUP BY kind, status`);
  }

  /** Time that tokens still have, in seconds. */
  tokenExpiry(now: Date): Promise<Bucketed[]> {
    return this.buckets(
      EXPIRY_BOUNDS,
      `SELECT jsonb_build_object('hub', h.name) AS labels, extract(epoch FROM t.expires_at - $2)::float8 AS value
       FROM auto_import_token t JOIN hub h ON h.id = t.hub_id AND h.removed_at IS NULL WHERE t.expires_at IS NOT NULL`,
      [now],
    );
  }

  stepDurations(): Promise<Bucketed[]> {
    return this.buckets(
      STEP_BOUNDS,
      `SELECT jsonb_build_object('kind', f.kind, 'step', s.step) AS labels, extract(epoch FROM s.outcome_at - s.intent_at)::float8 AS value
       FROM failover_step s JOIN failover f ON f.id = s.failover_id WHERE s.outcome_at IS NOT NULL AND s.intent_at IS NOT NULL`,
    );
  }

  private async figures(text: string): Promise<Figure[]> {
    const rows = await this.sql.query<Record<string, string> & { value: number }>(text);
    return rows.map(({ value, ...labels }) => ({ labels, value: Number(value) }));
  }

  /** @param source gives `labels` (jsonb) and `value`; its parameters begin with $2 */
  private async buckets(bounds: readonly number[], source: string, values: readonly unknown[] = []): Promise<Bucketed[]> {
    // width_bucket counts a value that equals a bound as above it; Prometheus counts it as within
    const rows = await this.sql.query<{ labels: Record<string, string>; bucket: number; count: number; sum: number }>(
      `SELECT labels, width_bucket(-value, (SELECT array_agg(-b ORDER BY -b) FROM unnest($1::float8[]) AS b)) AS bucket, count(*)::int AS count, sum(value)::float8 AS sum
       FROM (${source}) AS source GROUP BY labels, bucket`,
      [bounds, ...values],
    );
    const byLabels = new Map<string, { labels: Record<string, string>; counts: number[]; sum: number }>();
    for (const { labels, bucket, count, sum } of rows) {
      const key = JSON.stringify(labels);
      const entry = byLabels.get(key) ?? { labels, counts: new Array<number>(bounds.length + 1).fill(0), sum: 0 };
      entry.counts[bounds.length - bucket] = count;
      entry.sum += sum;
      byLabels.set(key, entry);
    }
    return [...byLabels.values()];
  }
}
