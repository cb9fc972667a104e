import { Injectable } from '@nestjs/common';
import type { ListRequest, Page } from '../common/paging.js';
import type { BackupSchedule as ScheduleRow, Prisma } from '../database/generated/client.js';
import { keysetPage } from '../database/keyset.js';
import { PrismaService } from '../database/prisma.service.js';
import { Sql } from '../database/sql.js';
import type { BackupSchedule } from './backups.types.js';
import type { ClusterLife, PreviewFacts } from './schedule-preview.rules.js';

/** Schedules as others read them, and what a preview rests on; their writer is BackupFactsRepository. */
@Injectable()
export class SchedulesRepository {
  constructor(
    private readonly prisma: PrismaService,
    private readonly sql: Sql,
  ) {}

  schedules(filter: { readonly hubId?: string }, page: ListRequest): Promise<Page<BackupSchedule>> {
    const where: Prisma.BackupScheduleWhereInput = filter.hubId === undefined ? {} : { hubId: filter.hubId };
    return keysetPage<ScheduleRow, Prisma.BackupScheduleWhereInput, Prisma.BackupScheduleOrderByWithRelationInput>({
      list: 'backup-schedules',
      filter,
      sort: [{ field: 'hubId', direction: 'ASC' }, { field: 'name', direction: 'ASC' }],
      page,
      find: (keyset) => this.prisma.backupSchedule.findMany({ ...keyset, where: { AND: [where, keyset.where] } }),
      count: () => this.prisma.backupSchedule.count({ where }),
    });
  }

  /** The hub's first by name: the operator heeds one; null: it has none. */
  ofHub(hubId: string): Promise<BackupSchedule | null> {
    return this.prisma.backupSchedule.findFirst({ where: { hubId }, orderBy: { name: 'asc' } });
  }

  /** Of plans that name the hub as source, by name. */
  async plans(hubId: string): Promise<PreviewFacts['plans']> {
    const plans = await this.prisma.recoveryPlan.findMany({ where: { sourceHubId: hubId, archivedAt: null }, select: { id: true, name: true, rpoSeconds: true }, orderBy: { name: 'asc' } });
    return plans.map(({ id, name, rpoSeconds }) => ({ planId: id, name, rpoSeconds }));
  }

  /** Every cluster of the hub that needs a token, with the shortest life that one of its tokens was granted. */
  lives(hubId: string): Promise<ClusterLife[]> {
    return this.sql.query<ClusterLife>(
      `SELECT DISTINCT ON (cluster.name) cluster.name AS cluster, round(extract(epoch FROM token.expires_at - token.refreshed_at))::int AS "grantedSeconds", token.validity_seconds AS "askedSeconds"
       FROM managed_cluster AS cluster LEFT JOIN auto_import_token AS token
         ON token.hub_id = cluster.hub_id AND token.cluster = cluster.name AND token.secret_present AND token.expires_at > token.refreshed_at
       WHERE cluster.hub_id = $1 AND cluster.origin = 'IMPORTED' ORDER BY cluster.name, token.expires_at - token.refreshed_at`,
      [hubId],
    );
  }

  /** The hub's youngest run, and when the last set that can be restored ends. */
  async sets(hubId: string): Promise<{ readonly lastRunAt: Date | null; readonly lastSetExpiresAt: Date | null }> {
    const [row] = await this.sql.query<{ lastRunAt: Date | null; lastSetExpiresAt: Date | null }>(
      `SELECT max(started_at) AS "lastRunAt", max(expires_at) FILTER (WHERE status = 'COMPLETE') AS "lastSetExpiresAt"
       FROM backup_set WHERE owner_cluster_id = (SELECT cluster_id FROM hub WHERE id = $1)`,
      [hubId],
    );
    return row ?? { lastRunAt: null, lastSetExpiresAt: null };
  }
}
