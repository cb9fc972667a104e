import { Injectable } from '@nestjs/common';
import { Sql, type SqlRunner } from '../database/sql.js';
import type { BackupScheduleFacts, VeleroScheduleFacts } from '../fleet/facts.types.js';
import type { TokenLifeRecord, WatchRecord } from './backup-belief.rules.js';
import type { BackupFacts, PairedSet } from './backup-set.rules.js';
import type { ProjectedSchedule } from './schedule-projection.rules.js';

export interface UndecidedSet {
  readonly id: string;
  readonly credentialsBackup: string;
  readonly startedAt: Date;
}

export interface ClusterLives {
  readonly cluster: string;
  /** The inventory has seen all that the facts say */
  readonly isSettled: boolean;
  readonly lives: readonly (TokenLifeRecord & { readonly account: string })[];
  /** The validity that each account asks for now, in seconds */
  readonly asked: Readonly<Record<string, number | null>>;
}

/** Sets of which beliefs are worked out where none are yet, newest first: a hub that is registered shows hundreds of old ones. */
const NEWEST_SETS = 5;
/** What could not be decided for so long stays unknown. */
const UNDECIDED_MS = 15 * 60_000;
/** What expired sets held is kept for so long. */
const KEEP_BELIEFS_MS = 7 * 86_400_000;
/** Longer than any set whose content is still worked out. */
const KEEP_API_URLS_MS = 90 * 86_400_000;

interface LifeJson {
  readonly account: string;
  readonly refreshedAt: string;
  readonly expiresAt: string | null;
  readonly labelledAt: string | null;
  readonly endedAt: string | null;
  readonly validitySeconds: number | null;
}

const date = (iso: string | null): Date | null => (iso === null ? null : new Date(iso));

/** Schedules, backups, sets and beliefs, as worked out of facts. */
@Injectable()
export class BackupFactsRepository {
  constructor(private readonly sql: Sql) {}

  async scheduleFacts(hubId: string): Promise<{ schedules: { name: string; facts: BackupScheduleFacts }[]; velero: VeleroScheduleFacts[] }> {
    const rows = await this.sql.query<{ kind: string; name: string; facts: unknown }>(
      `SELECT kind, name, facts FROM hub_object WHERE hub_id = $1 AND kind IN ('BACKUP_SCHEDULE', 'VELERO_SCHEDULE') ORDER BY name`,
      [hubId],
    );
    return {
      schedules: rows.filter(({ kind }) => kind === 'BACKUP_SCHEDULE').map(({ name, facts }) => ({ name, facts: facts as BackupScheduleFacts })),
      velero: rows.filter(({ kind }) => kind === 'VELERO_SCHEDULE').map(({ facts }) => facts as VeleroScheduleFacts),
    };
  }

  /** @returns whether anything changed */
  async writeSchedules(hubId: string, schedules: readonly ProjectedSchedule[], readAt: Date): Promise<boolean> {
    const written = await this.sql.execute(
      `WITH told AS (SELECT * FROM jsonb_to_recordset($2::jsonb) AS told ("name" text, "phase" text, "lastMessage" text, "cron" text, "veleroTtlSeconds" int, "tokenTtlSeconds" int,
           "useManagedServiceAccount" boolean, "paused" boolean, "generation" int, "veleroPaused" boolean)),
       gone AS (DELETE FROM backup_schedule WHERE hub_id = $1 AND name NOT IN (SELECT "name" FROM told) RETURNING name),
       written AS (
         INSERT INTO backup_schedule AS kept (hub_id, name, phase, last_message, cron, velero_ttl_seconds, token_ttl_seconds, use_managed_service_account, paused, generation, velero_paused, read_at)
         SELECT $1, "name", "phase", "lastMessage", "cron", "veleroTtlSeconds", "tokenTtlSeconds", "useManagedServiceAccount", "paused", "generation", "veleroPaused", $3 FROM told
         ON CONFLICT (hub_id, name) DO UPDATE SET phase = excluded.phase, last_message = excluded.last_message, cron = excluded.cron, velero_ttl_seconds = excluded.velero_ttl_seconds,
           token_ttl_seconds = excluded.token_ttl_seconds, use_managed_service_account = excluded.use_managed_service_account, paused = excluded.paused, generation = excluded.generation,
           velero_paused = excluded.velero_paused, read_at = excluded.read_at
         WHERE (kept.phase, kept.last_message, kept.cron, kept.velero_ttl_seconds, kept.token_ttl_seconds, kept.use_managed_service_account, kept.paused, kept.generation, kept.velero_paused)
           IS DISTINCT FROM (excluded.phase, excluded.last_message, excluded.cron, excluded.velero_ttl_seconds, excluded.token_ttl_seconds, excluded.use_managed_service_account,
             excluded.paused, excluded.generation, excluded.velero_paused)
         RETURNING name)
       SELECT name FROM gone UNION ALL SELECT name FROM written`,
      [hubId, JSON.stringify(schedules), readAt],
    );
    return written > 0;
  }

  /**
   * Backups as the hub shows them now.
   * @returns the owners of those that changed or went: cluster ids
   */
  async writeBackups(hubId: string): Promise<string[]> {
    const rows = await this.sql.query<{ owner: string | null }>(
      `WITH told AS (
         SELECT name, facts->>'type' AS type, facts->>'scheduleName' AS schedule_name, facts->>'ownerClusterId' AS owner_cluster_id, facts->>'phase' AS phase,
           (facts->>'createdAt')::timestamptz AS created_at, (facts->>'startedAt')::timestamptz AS started_at, (facts->>'completedAt')::timestamptz AS completed_at,
           (facts->>'expiresAt')::timestamptz AS expires_at, read_at
         FROM hub_object WHERE hub_id = $1 AND kind = 'VELERO_BACKUP'),
       gone AS (DELETE FROM backup AS kept WHERE hub_id = $1 AND NOT EXISTS (SELECT 1 FROM told WHERE told.name = kept.name) RETURNING owner_cluster_id),
       written AS (
         INSERT INTO backup AS kept (hub_id, name, type, schedule_name, owner_cluster_id, phase, created_at, started_at, completed_at, expires_at, read_at)
         SELECT $1, name, type, schedule_name, owner_cluster_id, phase, created_at, started_at, completed_at, expires_at, read_at FROM told ORDER BY name
         ON CONFLICT (hub_id, name) DO UPDATE SET type = excluded.type, schedule_name = excluded.schedule_name, owner_cluster_id = excluded.owner_cluster_id, phase = excluded.phase,
           created_at = excluded.created_at, started_at = excluded.started_at, completed_at = excluded.completed_at, expires_at = excluded.expires_at, read_at = excluded.read_at
         WHERE (kept.type, kept.schedule_name, kept.owner_cluster_id, kept.phase, kept.created_at, kept.started_at, kept.completed_at, kept.expires_at)
           IS DISTINCT FROM (excluded.type, excluded.schedule_name, excluded.owner_cluster_id, excluded.phase, excluded.created_at, excluded.started_at, excluded.completed_at, excluded.expires_at)
         RETURNING owner_cluster_id)
       SELECT DISTINCT owner_cluster_id AS owner FROM (SELECT owner_cluster_id FROM gone UNION ALL SELECT owner_cluster_id FROM written) AS changed`,
      [hubId],
    );
    return rows.flatMap(({ owner }) => (owner === null ? [] : [owner]));
  }

  /** Every owner whose backups the hub shows. */
  async ownersOn(hubId: string): Promise<string[]> {
    const rows = await this.sql.query<{ owner: string }>(`SELECT DISTINCT owner_cluster_id AS owner FROM backup WHERE hub_id = $1 AND owner_cluster_id IS NOT NULL`, [hubId]);
    return rows.map(({ owner }) => owner);
  }

  /** Reads and writes the sets of one owner while nobody else does. */
  async pairing(ownerClusterId: string, pair: (backups: BackupFacts[]) => PairedSet[], now: Date): Promise<{ changed: boolean; inProgress: boolean }> {
    return this.sql.transaction(async (sql) => {
      await sql.query(`SELECT pg_advisory_xact_lock(hashtextextended('backup_set/' || $1, 0))`, [ownerClusterId]);
      const sets = pair(await backupsOf(sql, ownerClusterId));
      return { changed: (await writeSets(sql, ownerClusterId, sets, now)) > 0, inProgress: sets.some(({ status }) => status === 'IN_PROGRESS') };
    });
  }

  /** The hub that is registered with that cluster id. */
  async hubOf(ownerClusterId: string): Promise<string | null> {
    const [row] = await this.sql.query<{ id: string }>(`SELECT id FROM hub WHERE cluster_id = $1 AND removed_at IS NULL`, [ownerClusterId]);
    return row?.id ?? null;
  }

  /** Sets of which it is not decided what they hold. */
  async undecided(ownerClusterId: string, now: Date): Promise<UndecidedSet[]> {
    return this.sql.query<UndecidedSet>(
      `SELECT id, credentials_backup AS "credentialsBackup", started_at AS "startedAt" FROM (
         SELECT *, row_number() OVER (ORDER BY started_at DESC) AS newest FROM backup_set WHERE owner_cluster_id = $1 AND started_at IS NOT NULL AND status <> 'FAILED') AS sets
       WHERE newest <= $2 AND (status = 'IN_PROGRESS' OR NOT EXISTS (SELECT 1 FROM backup_set_token WHERE set_id = sets.id AND sources ? 'inferred')
         OR (started_at > $3 AND EXISTS (SELECT 1 FROM backup_set_token WHERE set_id = sets.id AND sources->'inferred'->>'belief' = 'UNKNOWN')))`,
      [ownerClusterId, NEWEST_SETS, new Date(now.getTime() - UNDECIDED_MS)],
    );
  }

  /** How well the hub's token Secrets are watched. */
  async watchRecord(hubId: string): Promise<WatchRecord> {
    const [row] = await this.sql.query<WatchRecord>(
      `SELECT listed_at AS "listedAt", heard_at AS "heardAt", phase = 'WATCHING' AND EXISTS (SELECT 1 FROM lease WHERE key = 'hub/' || hub_id AND lease.epoch = hub_watch.epoch AND expires_at > now()) AS "isWatching"
       FROM hub_watch WHERE hub_id = $1 AND kind = 'TOKEN_SECRET'`,
      [hubId],
    );
    return row ?? { listedAt: null, heardAt: null, isWatching: false };
  }

  /** The lives, around that moment, of the tokens of every cluster that needs one. */
  async livesAround(hubId: string, startedAt: Date, now: Date): Promise<ClusterLives[]> {
    const rows = await this.sql.query<{ cluster: string; isSettled: boolean; lives: LifeJson[]; asked: Record<string, number | null> }>(
      `SELECT cluster.name AS cluster, COALESCE((SELECT due_at > $3 FROM token_work WHERE hub_id = $1 AND token_work.cluster = cluster.name), FALSE) AS "isSettled",
         COALESCE((SELECT jsonb_agg(jsonb_build_object('account', account, 'refreshedAt', refreshed_at, 'expiresAt', expires_at, 'labelledAt', labelled_at, 'endedAt', ended_at, 'validitySeconds', validity_seconds))
           FROM token_incarnation AS life WHERE life.hub_id = $1 AND life.cluster = cluster.name AND (ended_at IS NULL OR ended_at > $2::timestamptz - interval '1 minute')), '[]') AS lives,
         COALESCE((SELECT jsonb_object_agg(account, validity_seconds) FROM auto_import_token AS token WHERE token.hub_id = $1 AND token.cluster = cluster.name), '{}') AS asked
       FROM managed_cluster AS cluster WHERE cluster.hub_id = $1 AND cluster.origin = 'IMPORTED' ORDER BY cluster.name`,
      [hubId, startedAt, now],
    );
    return rows.map(({ lives, ...rest }) => ({
      ...rest,
      lives: lives.map(({ account, refreshedAt, expiresAt, labelledAt, endedAt, validitySeconds }) => ({
        account, refreshedAt: new Date(refreshedAt), expiresAt: date(expiresAt), labelledAt: date(labelledAt), endedAt: date(endedAt), validitySeconds,
      })),
    }));
  }

  /** Labels of restored token Secrets that name a backup, on a hub that does not manage their clusters. */
  async restoredFrom(hubId: string): Promise<string[]> {
    const rows = await this.sql.query<{ label: string }>(
      `SELECT DISTINCT facts->>'restoredFrom' AS label FROM hub_object WHERE hub_id = $1 AND kind = 'TOKEN_SECRET' AND facts->>'restoredFrom' IS NOT NULL`,
      [hubId],
    );
    return rows.map(({ label }) => label);
  }

  /** The newest sets that the hub shows, of other hubs. Those of two hubs bear the same name wherever their schedules ran in the same second. */
  async setsOfOthers(hubId: string): Promise<{ id: string; credentialsBackup: string; ownerHubId: string | null }[]> {
    return this.sql.query(
      `SELECT backup_set.id, credentials_backup AS "credentialsBackup", (SELECT id FROM hub AS owner WHERE owner.cluster_id = backup_set.owner_cluster_id AND owner.removed_at IS NULL) AS "ownerHubId" FROM backup_set JOIN backup ON backup.hub_id = $1 AND backup.name = backup_set.credentials_backup AND backup.owner_cluster_id = backup_set.owner_cluster_id
       JOIN hub ON hub.id = $1 WHERE hub.cluster_id IS DISTINCT FROM backup_set.owner_cluster_id ORDER BY backup_set.started_at DESC NULLS LAST LIMIT 50`,
      [hubId],
    );
  }

  async forgetOld(now: Date): Promise<void> {
    for (const table of ['backup', 'backup_schedule']) await this.sql.execute(`DELETE FROM ${table} USING hub WHERE hub.id = ${table}.hub_id AND hub.removed_at IS NOT NULL`);
    for (const table of ['backup_set_token', 'backup_set_cluster', 'backup_set_record']) {
      await this.sql.execute(
        `DELETE FROM ${table} USING backup_set WHERE backup_set.id = ${table}.set_id AND backup_set.expires_at < $1
           AND NOT EXISTS (SELECT 1 FROM failover WHERE failover.set_id = backup_set.id)`,
        [new Date(now.getTime() - KEEP_BELIEFS_MS)],
      );
    }
    await this.sql.execute(
      `DELETE FROM cluster_api_url AS old WHERE since < $1 AND EXISTS (SELECT 1 FROM cluster_api_url AS later WHERE later.hub_id = old.hub_id AND later.cluster = old.cluster
         AND later.since > old.since AND later.since < $1)`,
      [new Date(now.getTime() - KEEP_API_URLS_MS)],
    );
  }

  /** Hubs that are not removed. */
  async hubs(): Promise<string[]> {
    return (await this.sql.query<{ id: string }>(`SELECT id FROM hub WHERE removed_at IS NULL`)).map(({ id }) => id);
  }
}

/** Each backup once: as a hub that shows it done does, its owner first; a dead owner still shows what it was doing. */
function backupsOf(sql: SqlRunner, ownerClusterId: string): Promise<BackupFacts[]> {
  return sql.query<BackupFacts>(
    `SELECT DISTINCT ON (backup.name) backup.name, type, schedule_name AS "scheduleName", phase, backup.created_at AS "createdAt", started_at AS "startedAt", completed_at AS "completedAt", expires_at AS "expiresAt"
     FROM backup JOIN hub ON hub.id = backup.hub_id AND hub.removed_at IS NULL WHERE owner_cluster_id = $1
     ORDER BY backup.name, (completed_at IS NOT NULL) DESC, (hub.cluster_id = $1) DESC NULLS LAST`,
    [ownerClusterId],
  );
}

/** What was complete once stays as it was, for its members go one by one when they expire; but its generic part may reach a passive hub late. */
function writeSets(sql: SqlRunner, ownerClusterId: string, sets: readonly PairedSet[], now: Date): Promise<number> {
  return sql.execute(
    `INSERT INTO backup_set AS kept (id, owner_cluster_id, credentials_backup, resources_backup, generic_backup, managed_clusters_backup, status, started_at, managed_clusters_started_at,
       completed_at, expires_at, first_seen_at, schedule_name)
     SELECT gen_random_uuid(), $1, "credentialsBackup", "resourcesBackup", "genericBackup", "managedClustersBackup", "status", "startedAt", "managedClustersStartedAt", "completedAt", "expiresAt", $3,
       "scheduleName" FROM jsonb_to_recordset($2::jsonb) AS told ("credentialsBackup" text, "resourcesBackup" text, "genericBackup" text, "managedClustersBackup" text, "status" text, "startedAt" timestamptz,
       "managedClustersStartedAt" timestamptz, "completedAt" timestamptz, "expiresAt" timestamptz, "scheduleName" text) ORDER BY "credentialsBackup"
     ON CONFLICT (owner_cluster_id, credentials_backup) DO UPDATE SET resources_backup = excluded.resources_backup, generic_backup = excluded.generic_backup,
       managed_clusters_backup = excluded.managed_clusters_backup, status = excluded.status, started_at = excluded.started_at, managed_clusters_started_at = excluded.managed_clusters_started_at,
       completed_at = excluded.completed_at, expires_at = excluded.expires_at, schedule_name = excluded.schedule_name
     WHERE (kept.status <> 'COMPLETE' OR (kept.generic_backup IS NULL AND excluded.generic_backup IS NOT NULL AND excluded.status = 'COMPLETE')) AND (kept.resources_backup, kept.generic_backup, kept.managed_clusters_backup, kept.status, kept.started_at, kept.managed_clusters_started_at, kept.completed_at,
         kept.expires_at)
       IS DISTINCT FROM (excluded.resources_backup, excluded.generic_backup, excluded.managed_clusters_backup, excluded.status, excluded.started_at, excluded.managed_clusters_started_at,
         excluded.completed_at, excluded.expires_at)`,
    [ownerClusterId, JSON.stringify(sets), now],
  );
}
