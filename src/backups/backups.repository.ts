import { Injectable } from '@nestjs/common';
import type { ListRequest, Page, Sort } from '../common/paging.js';
import type { BackupSchedule as ScheduleRow, BackupSetToken as SetTokenRow, Prisma } from '../database/generated/client.js';
import { keysetPage, sqlKeysetPage } from '../database/keyset.js';
import { PrismaService } from '../database/prisma.service.js';
import { Sql } from '../database/sql.js';
import type { BackupSchedule, BackupSet, BackupSetFilter, BackupSetSortField, BackupSetToken, BackupSetTokenFilter, Belief, BeliefReason } from './backups.types.js';

const SET_COLUMNS = `
  backup_set.id, owner_cluster_id AS "ownerClusterId", (SELECT id FROM hub WHERE cluster_id = owner_cluster_id AND removed_at IS NULL) AS "ownerHubId",
  credentials_backup AS "credentialsBackup", resources_backup AS "resourcesBackup", generic_backup AS "genericBackup", managed_clusters_backup AS "managedClustersBackup",
  status, started_at AS "startedAt", managed_clusters_started_at AS "managedClustersStartedAt", completed_at AS "completedAt", expires_at AS "expiresAt", first_seen_at AS "firstSeenAt",
  COALESCE((SELECT jsonb_agg(hub_id ORDER BY hub_id) FROM (
    SELECT hub_id FROM backup WHERE name IN (credentials_backup, resources_backup, generic_backup, managed_clusters_backup) GROUP BY hub_id
    HAVING count(*) = num_nonnulls(credentials_backup, resources_backup, generic_backup, managed_clusters_backup)) AS showing), '[]') AS "shownByHubIds"`;

/** Schedules, sets and beliefs as others read them; their writer is BackupFactsRepository. */
@Injectable()
export class BackupsRepository {
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

  sets(filter: BackupSetFilter, sort: Sort<BackupSetSortField>, page: ListRequest): Promise<Page<BackupSet>> {
    const matching = `($1::uuid IS NULL OR owner_cluster_id = (SELECT cluster_id FROM hub WHERE id = $1)) AND ($2::text IS NULL OR status = $2)`;
    const values = [filter.hubId ?? null, filter.status ?? null];
    return sqlKeysetPage<BackupSet>({
      list: 'backup-sets',
      filter,
      sort: [{ field: 'startedAt', direction: sort.direction, nullable: true, column: 'started_at' }, { field: 'id', direction: 'ASC', column: 'backup_set.id' }],
      page,
      firstParameter: 3,
      find: ({ where, orderBy, limit, values: position }) =>
        this.sql.query<BackupSet>(`SELECT ${SET_COLUMNS} FROM backup_set WHERE ${matching} AND ${where} ORDER BY ${orderBy} LIMIT ${limit}`, [...values, ...position]),
      count: async () => Number((await this.sql.query<{ count: bigint }>(`SELECT count(*) AS count FROM backup_set WHERE ${matching}`, values))[0]?.count ?? 0),
    });
  }

  async set(id: string): Promise<BackupSet | null> {
    const [set] = await this.sql.query<BackupSet>(`SELECT ${SET_COLUMNS} FROM backup_set WHERE backup_set.id = $1`, [id]);
    return set ?? null;
  }

  tokensOf(setId: string, filter: BackupSetTokenFilter, page: ListRequest): Promise<Page<BackupSetToken>> {
    const where: Prisma.BackupSetTokenWhereInput = {
      setId,
      ...(filter.belief === undefined ? {} : { belief: filter.belief }),
      ...(filter.cluster === undefined ? {} : { cluster: filter.cluster }),
    };
    return keysetPage<BackupSetToken, Prisma.BackupSetTokenWhereInput, Prisma.BackupSetTokenOrderByWithRelationInput>({
      list: 'backup-set-tokens',
      filter: { setId, ...filter },
      sort: [{ field: 'cluster', direction: 'ASC' }, { field: 'account', direction: 'ASC' }],
      page,
      find: async (keyset) => (await this.prisma.backupSetToken.findMany({ ...keyset, where: { AND: [where, keyset.where] } })).map(toSetToken),
      count: () => this.prisma.backupSetToken.count({ where }),
    });
  }
}

const toSetToken = (row: SetTokenRow): BackupSetToken => ({ ...row, belief: row.belief as Belief, reason: row.reason as BeliefReason | null });
