import { Injectable } from '@nestjs/common';
import { PrismaService } from '../database/prisma.service.js';
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
  constructor(
    private readonly prisma: PrismaService,
    private readonly sql: Sql,
  ) {}

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
    const row = await this.prisma.backupSchedule.findFirst({
      where: { hubId, phase: 'Enabled', paused: false, veleroPaused: false, cron: { not: null } },
      orderBy: { name: 'asc' },
      select: { cron: true, veleroTtlSeconds: true },
    });
    return row === null || row.cron === null ? null : { cron: row.cron, veleroTtlSeconds: row.veleroTtlSeconds };
  }

  async tokenPolicy(hubId: string): Promise<TokenPolicyFacts> {
    const { policy, fencing, tokenValiditySeconds } = await this.prisma.hub.findUniqueOrThrow({ where: { id: hubId }, select: { policy: true, fencing: true, tokenValiditySeconds: true } });
    return { protect: policy === 'PROTECT' && fencing === 'NONE', tokenValiditySeconds };
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
    const drill = await this.prisma.failover.findFirst({
      where: { planId, kind: 'DRILL', status: 'COMPLETED' }, orderBy: { finishedAt: 'desc' }, select: { finishedAt: true },
    });
    return drill?.finishedAt ?? null;
  }
}
