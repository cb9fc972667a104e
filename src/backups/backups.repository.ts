import { Injectable } from '@nestjs/common';
import type { ListRequest, Page, Sort } from '../common/paging.js';
import { namespaces } from '../common/rhacm-names.js';
import { sqlKeysetPage, sqlKeysetPages } from '../database/keyset.js';
import { Sql } from '../database/sql.js';
import {
  beliefs, type BackupPart, type BackupSet, type BackupSetCluster, type BackupSetClusterFilter, type BackupSetFilter, type BackupSetMember, type BackupSetSortField, type BackupSetToken,
  type BackupSetTokenFilter, type Belief, type BeliefCounts, type RecordState,
} from './backups.types.js';

const SET_COLUMNS = `
  backup_set.id, owner_cluster_id AS "ownerClusterId", (SELECT id FROM hub WHERE cluster_id = owner_cluster_id AND removed_at IS NULL) AS "ownerHubId",
  credentials_backup AS "credentialsBackup", resources_backup AS "resourcesBackup", generic_backup AS "genericBackup", managed_clusters_backup AS "managedClustersBackup",
  status, started_at AS "startedAt", managed_clusters_started_at AS "managedClustersStartedAt", completed_at AS "completedAt", expires_at AS "expiresAt", first_seen_at AS "firstSeenAt",
  COALESCE((SELECT jsonb_agg(hub_id ORDER BY hub_id) FROM (
    SELECT hub_id FROM backup WHERE name IN (credentials_backup, resources_backup, generic_backup, managed_clusters_backup) GROUP BY hub_id
    HAVING count(*) = num_nonnulls(credentials_backup, resources_backup, generic_backup, managed_clusters_backup)) AS showing), '[]') AS "shownByHubIds",
  schedule_name AS "scheduleName", tainted, token_counts AS "tokenCounts", cluster_counts AS "clusterCounts",
  COALESCE((SELECT jsonb_agg(jsonb_build_object('hubId', hub_id, 'since', since, 'afterSeconds', round(extract(epoch FROM since - completed_at))) ORDER BY hub_id) FROM (
    SELECT hub_id, CASE WHEN backup_set.completed_at IS NOT NULL AND count(created_at) = count(*) THEN GREATEST(max(created_at), backup_set.completed_at) END AS since
    FROM backup WHERE name IN (credentials_backup, resources_backup, generic_backup, managed_clusters_backup) GROUP BY hub_id
    HAVING count(*) = num_nonnulls(credentials_backup, resources_backup, generic_backup, managed_clusters_backup)) AS showing), '[]') AS "shownBy",
  (SELECT jsonb_agg(jsonb_build_object('part', parts.part, 'backup', parts.member, 'phase', shown.phase, 'startedAt', shown.started_at, 'completedAt', shown.completed_at, 'expiresAt', shown.expires_at,
      'storageLocation', shown.location, 'record', COALESCE(record.state, 'NOT_ASKED'), 'recordHubId', record.hub_id, 'recordReadAt', record.read_at, 'problemCode', record.problem_code,
      'problemDetail', record.problem_detail) ORDER BY position)
    FROM (VALUES (1, 'CREDENTIALS', credentials_backup), (2, 'MANAGED_CLUSTERS', managed_clusters_backup), (3, 'RESOURCES', resources_backup), (4, 'GENERIC', generic_backup)) AS parts (position, part, member)
    LEFT JOIN LATERAL (
      SELECT phase, backup.started_at, backup.completed_at, backup.expires_at, (SELECT facts->>'storageLocation' FROM hub_object WHERE hub_object.hub_id = backup.hub_id AND kind = 'VELERO_BACKUP'
        AND namespace = '${namespaces.backup}' AND hub_object.name = backup.name) AS location
      FROM backup WHERE backup.name = parts.member ORDER BY (backup.completed_at IS NOT NULL) DESC, backup.hub_id LIMIT 1) AS shown ON TRUE
    LEFT JOIN backup_set_record AS record ON record.set_id = backup_set.id AND record.part = parts.part
    WHERE parts.member IS NOT NULL) AS members`;

const BELIEF = `set_id AS "setId", cluster, belief, evidence, evidence_kind AS "evidenceKind", evidence_hub_id AS "evidenceHubId", conflict, decided_at AS "decidedAt"`;
const OF_SET = `WHERE set_id = owner.id AND ($2::text IS NULL OR belief = $2) AND ($3::text IS NULL OR cluster = $3)`;

type MemberJson = Record<'part' | 'backup' | 'record', string> & Record<'phase' | 'startedAt' | 'completedAt' | 'expiresAt' | 'storageLocation' | 'recordHubId' | 'recordReadAt' | 'problemCode' | 'problemDetail', string | null>;

type SetRow = Omit<BackupSet, 'members' | 'shownBy' | 'tokenCounts' | 'clusterCounts'> & {
  readonly members: readonly MemberJson[];
  readonly shownBy: readonly { readonly hubId: string; readonly since: string | null; readonly afterSeconds: number | null }[];
  readonly tokenCounts: Partial<BeliefCounts> | null;
  readonly clusterCounts: Partial<BeliefCounts> | null;
};

/** Sets and beliefs as others read them; their writer is BackupFactsRepository. */
@Injectable()
export class BackupsRepository {
  constructor(private readonly sql: Sql) {}

  sets(filter: BackupSetFilter, sort: Sort<BackupSetSortField>, page: ListRequest): Promise<Page<BackupSet>> {
    const matching = `($1::uuid IS NULL OR owner_cluster_id = (SELECT cluster_id FROM hub WHERE id = $1)) AND ($2::text IS NULL OR status = $2)`;
    const values = [filter.hubId ?? null, filter.status ?? null];
    return sqlKeysetPage<BackupSet>({
      list: 'backup-sets',
      filter,
      sort: [{ field: 'startedAt', direction: sort.direction, nullable: true, column: 'started_at' }, { field: 'id', direction: 'ASC', column: 'backup_set.id' }],
      page,
      firstParameter: 3,
      find: async ({ where, orderBy, limit, values: position }) =>
        (await this.sql.query<SetRow>(`SELECT ${SET_COLUMNS} FROM backup_set WHERE ${matching} AND ${where} ORDER BY ${orderBy} LIMIT ${limit}`, [...values, ...position])).map(toSet),
      count: async () => Number((await this.sql.query<{ count: bigint }>(`SELECT count(*) AS count FROM backup_set WHERE ${matching}`, values))[0]?.count ?? 0),
    });
  }

  async set(id: string): Promise<BackupSet | null> {
    const [row] = await this.sql.query<SetRow>(`SELECT ${SET_COLUMNS} FROM backup_set WHERE backup_set.id = $1`, [id]);
    return row === undefined ? null : toSet(row);
  }

  /** By cluster and account, of each set; in the order of the ids. */
  tokensOfSets(setIds: readonly string[], filter: BackupSetTokenFilter, page: ListRequest): Promise<(Page<BackupSetToken> | Error)[]> {
    return sqlKeysetPages<BackupSetToken>(this.sql, {
      list: 'backup-set-tokens', owners: setIds, filterOf: (setId) => ({ setId, ...filter }), page,
      sort: [{ field: 'cluster', direction: 'ASC' }, { field: 'account', direction: 'ASC' }],
      columns: `${BELIEF}, account, reason, expires_at AS "expiresAt", refreshed_at AS "refreshedAt", expiry_doubt AS "expiryDoubt"`,
      from: `backup_set_token ${OF_SET}`, values: [filter.belief ?? null, filter.cluster ?? null],
    });
  }

  /** By cluster, of each set; in the order of the ids. */
  clustersOfSets(setIds: readonly string[], filter: BackupSetClusterFilter, page: ListRequest): Promise<(Page<BackupSetCluster> | Error)[]> {
    return sqlKeysetPages<BackupSetCluster>(this.sql, {
      list: 'backup-set-clusters', owners: setIds, filterOf: (setId) => ({ setId, ...filter }), page,
      sort: [{ field: 'cluster', direction: 'ASC' }],
      columns: `${BELIEF}, api_url_known AS "apiUrlKnown", api_url AS "apiUrl", has_account AS "hasAccount", has_binding AS "hasBinding"`,
      from: `backup_set_cluster ${OF_SET}`, values: [filter.belief ?? null, filter.cluster ?? null],
    });
  }
}

const date = (text: string | null): Date | null => (text === null ? null : new Date(text));
const counts = (stored: Partial<BeliefCounts> | null): BeliefCounts => Object.fromEntries(beliefs.map((belief) => [belief, stored?.[belief] ?? 0])) as Record<Belief, number>;

const toMember = ({ part, record, startedAt, completedAt, expiresAt, recordReadAt, ...told }: MemberJson): BackupSetMember => ({
  ...told,
  part: part as BackupPart,
  // Velero names a scheduled Backup `<schedule>-<yyyymmddhhmmss>`.
  veleroSchedule: told.backup.replace(/-\d{14}$/, ''),
  record: record as RecordState,
  startedAt: date(startedAt),
  completedAt: date(completedAt),
  expiresAt: date(expiresAt),
  recordReadAt: date(recordReadAt),
});

const toSet = ({ members, shownBy, tokenCounts, clusterCounts, ...row }: SetRow): BackupSet => ({
  ...row,
  members: members.map(toMember),
  shownBy: shownBy.map(({ hubId, since, afterSeconds }) => ({ hubId, since: date(since), afterSeconds })),
  tokenCounts: counts(tokenCounts),
  clusterCounts: counts(clusterCounts),
});
