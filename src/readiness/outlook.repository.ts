import { Injectable } from '@nestjs/common';
import { Sql } from '../database/sql.js';
import type { PastRun } from './objectives.rules.js';
import type { LiveTokenLife } from './projected-set.rules.js';

/** How many failovers an estimate looks back at. */
const RUNS = 5;

export interface ScheduleOutlook {
  readonly cron: string;
  readonly veleroTtlSeconds: number | null;
}

export interface TokenPolicyFacts {
  readonly protect: boolean;
  readonly tokenValiditySeconds: number | null;
}

/** Reads, beside what verdicts rest on, what the time to come rests on. */
@Injectable()
export class OutlookRepository {
  constructor(private readonly sql: Sql) {}

  /** Reads for many questions at once. */
  joined(): OutlookRepository {
    return new OutlookRepository(this.sql.joined());
  }

  /** The tokens that a hub shows, by cluster. */
  async liveTokens(hubId: string): Promise<Map<string, LiveTokenLife[]>> {
    const rows = await this.sql.query<LiveTokenLife & { cluster: string }>(
      `SELECT cluster, account, secret_present AS "secretPresent", in_backup_selection AS "inBackupSelection", binding_present AS "bindingPresent", problem_code AS "problemCode",
         refreshed_at AS "refreshedAt", expires_at AS "expiresAt", validity_seconds AS "validitySeconds"
       FROM auto_import_token WHERE hub_id = $1 ORDER BY cluster, account`, [hubId]);
    return Map.groupBy(rows, ({ cluster }) => cluster);
  }

  /** The schedule that runs; null: none does. */
  async runningSchedule(hubId: string): Promise<ScheduleOutlook | null> {
    const [row] = await this.sql.query<ScheduleOutlook>(
      `SELECT cron, velero_ttl_seconds AS "veleroTtlSeconds" FROM backup_schedule WHERE hub_id = $1 AND phase = 'Enabled' AND NOT paused AND NOT velero_paused AND cron IS NOT NULL ORDER BY name LIMIT 1`, [hubId]);
    return row ?? null;
  }

  async tokenPolicy(hubId: string): Promise<TokenPolicyFacts> {
    const [row] = await this.sql.query<TokenPolicyFacts>(`SELECT policy = 'PROTECT' AND fencing = 'NONE' AS protect, token_validity_seconds AS "tokenValiditySeconds" FROM hub WHERE id = $1`, [hubId]);
    return row ?? { protect: false, tokenValiditySeconds: null };
  }

  /** What the last failovers onto a hub took that ended with their clusters moved, newest first. */
  pastRuns(targetHubId: string): Promise<PastRun[]> {
    return this.sql.query<PastRun>(
      `SELECT (SELECT count(*)::int FROM import WHERE import.failover_id = failover.id AND import.origin = 'IMPORTED') AS clusters,
         extract(epoch FROM restoring.outcome_at - restoring.intent_at)::float8 AS "restoreSeconds",
         extract(epoch FROM importing.outcome_at - importing.intent_at)::float8 AS "importSeconds"
       FROM failover
       JOIN failover_hub ON failover_hub.failover_id = failover.id AND failover_hub.role = 'TARGET' AND failover_hub.hub_id = $1
       JOIN failover_step AS restoring ON restoring.failover_id = failover.id AND restoring.step = 'RESTORING' AND restoring.outcome_at >= restoring.intent_at
       JOIN failover_step AS importing ON importing.failover_id = failover.id AND importing.step = 'IMPORTING' AND importing.outcome_at >= importing.intent_at
       WHERE failover.status IN ('COMPLETED', 'COMPLETED_WITH_EXCEPTIONS')
       ORDER BY failover.finished_at DESC LIMIT ${RUNS}`, [targetHubId]);
  }

  /** When the plan's last drill ended well; null: never. */
  async lastDrillAt(planId: string): Promise<Date | null> {
    const [row] = await this.sql.query<{ at: Date | null }>(`SELECT max(finished_at) AS at FROM failover WHERE plan_id = $1 AND kind = 'DRILL' AND status = 'COMPLETED'`, [planId]);
    return row?.at ?? null;
  }
}
