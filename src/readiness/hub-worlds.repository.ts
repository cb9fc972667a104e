import { Injectable } from '@nestjs/common';
import { Sql } from '../database/sql.js';
import type { AcmRestoreFacts } from '../fleet/facts.types.js';
import type { Prerequisite } from '../hubs/hubs.types.js';
import type { RestoreOnHub } from '../recovery/restores/restores-on-hub.rules.js';
import type { OwnBackup, Reservation } from './hub-pair.rules.js';
import type { HubFacts, ScheduleFacts } from './plan-verdict.rules.js';
import type { SetCandidate } from './usable-set.rules.js';

/** The kinds on whose freshness verdicts rest. */
const DECISIVE_KINDS = ['MANAGED_CLUSTER', 'TOKEN_SECRET', 'VELERO_BACKUP'] as const;
/** Sets looked at for the newest usable one: a month of hourly sets. */
const MAX_SETS = 1000;

export type SetRow = SetCandidate & { readonly status: string; readonly managedClustersStartedAt: Date | null; readonly completedAt: Date | null };

type OfHub<T> = T & { readonly hubId: string };
type HubRow = Omit<HubFacts, 'prerequisites' | 'schedules' | 'restores' | 'backups' | 'shown'> & {
  readonly prerequisites: readonly (Omit<Prerequisite, 'since' | 'checkedAt'> & { readonly since: string; readonly checkedAt: string })[];
  readonly schedules: readonly ScheduleFacts[];
  readonly restores: readonly { readonly name: string; readonly facts: AcmRestoreFacts }[];
};
type BackupTold = readonly [name: string, type: string | null, phase: string | null, startedMs: number | null, completedMs: number | null];

const dateOf = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));
const toBackup = ([name, type, phase, startedMs, completedMs]: BackupTold): OwnBackup => ({ name, type, phase, startedAt: dateOf(startedMs), completedAt: dateOf(completedMs) });

/** What belongs to a hub comes along as JSON: a statement costs more than what it brings. heardAt: the oldest of the last words; a kind that the hub does not serve has nothing to say. tookOver: the last ended failover that touched it made it the hub of a fleet. */
const HUBS = `
  SELECT id, name, cluster_id AS "clusterId", reachability, unreachable_since AS "unreachableSince", last_error_code AS "lastErrorCode", fencing, fencing_changed_at AS "fencingChangedAt", storage, release, setup,
    inspected_at AS "inspectedAt",
    (SELECT CASE WHEN count(*) = ${DECISIVE_KINDS.length} AND bool_and(phase = 'ABSENT' OR (listed_at IS NOT NULL AND heard_at IS NOT NULL)) THEN min(heard_at) FILTER (WHERE phase <> 'ABSENT') END
     FROM hub_watch WHERE hub_id = hub.id AND kind IN ('${DECISIVE_KINDS.join(`', '`)}')) AS "heardAt",
    COALESCE((SELECT part.role = 'TARGET' FROM failover_hub AS part JOIN failover ON failover.id = part.failover_id
      WHERE part.hub_id = hub.id AND failover.status IN ('COMPLETED', 'COMPLETED_WITH_EXCEPTIONS') ORDER BY failover.finished_at DESC LIMIT 1), false) AS "tookOver",
    (SELECT COALESCE(json_agg(json_build_object('hubId', hub_id, 'code', code, 'state', state, 'cause', cause, 'remedy', remedy, 'remedyBy', remedy_by, 'since', since, 'checkedAt', checked_at) ORDER BY code), '[]')
     FROM hub_prerequisite WHERE hub_id = hub.id) AS prerequisites,
    (SELECT COALESCE(json_agg(json_build_object('name', name, 'phase', phase, 'lastMessage', last_message, 'paused', paused, 'veleroPaused', velero_paused) ORDER BY name), '[]')
     FROM backup_schedule WHERE hub_id = hub.id) AS schedules,
    (SELECT COALESCE(json_agg(json_build_object('name', name, 'facts', facts) ORDER BY name), '[]') FROM hub_object WHERE hub_id = hub.id AND kind = 'ACM_RESTORE') AS restores
  FROM hub WHERE id = ANY($1::uuid[])`;
/** Each by its name, type and phase, and the milliseconds of its start and its end. */
const BACKUPS = `
  SELECT shown.id AS "hubId", json_agg(json_build_array(backup.name, type, phase, extract(epoch FROM started_at) * 1000, extract(epoch FROM completed_at) * 1000)) AS backups
  FROM unnest($1::uuid[]) AS shown (id) JOIN hub AS owner ON owner.id = COALESCE($2::uuid, shown.id) JOIN backup ON backup.hub_id = shown.id AND backup.owner_cluster_id = owner.cluster_id GROUP BY shown.id`;
const SET = `
  SELECT id, credentials_backup AS "credentialsBackup", resources_backup AS "resourcesBackup", generic_backup AS "genericBackup", managed_clusters_backup AS "managedClustersBackup", status,
    started_at AS "startedAt", managed_clusters_started_at AS "managedClustersStartedAt", completed_at AS "completedAt", expires_at AS "expiresAt"
  FROM backup_set`;
const SETS = `
  SELECT hub.id AS "hubId", made.* FROM hub, LATERAL (${SET}
    WHERE owner_cluster_id = hub.cluster_id AND (started_at IS NOT NULL OR managed_clusters_started_at IS NOT NULL) ORDER BY COALESCE(started_at, managed_clusters_started_at) DESC LIMIT ${MAX_SETS}
  ) AS made WHERE hub.id = ANY($1::uuid[]) ORDER BY COALESCE(made."startedAt", made."managedClustersStartedAt") DESC`;
const RESERVATIONS = `
  SELECT 'FAILOVER' AS by, plan.name AS plan FROM failover_hub AS part JOIN failover ON failover.id = part.failover_id JOIN recovery_plan AS plan ON plan.id = failover.plan_id
  WHERE part.hub_id = $1 AND part.open AND plan.id <> $2
  UNION ALL SELECT 'PLAN', name FROM recovery_plan WHERE target_hub_id = $1 AND archived_at IS NULL AND id <> $2 ORDER BY by, plan`;

/** Reads what verdicts rest on beside clusters: the hubs, what they show, and what was backed up; of many hubs in as many statements as of one. */
@Injectable()
export class HubWorldsRepository {
  constructor(private readonly sql: Sql) {}

  /** Reads for many questions at once. */
  joined(): HubWorldsRepository {
    return new HubWorldsRepository(this.sql.joined());
  }

  /**
   * By id; of a hub that there is not: nothing.
   * @param ownerHubId the hub whose backups matter on all of them; null: each one’s own
   */
  async hubs(hubIds: readonly string[], ownerHubId: string | null): Promise<Map<string, HubFacts>> {
    const [hubs, told] = await Promise.all([this.sql.query<HubRow>(HUBS, [hubIds]), this.sql.query<OfHub<{ backups: BackupTold[] }>>(BACKUPS, [hubIds, ownerHubId])]);
    const backupsOf = new Map(told.map(({ hubId, backups }) => [hubId, backups]));
    return new Map(hubs.map((hub) => {
      const backups = (backupsOf.get(hub.id) ?? []).map(toBackup);
      const prerequisites = hub.prerequisites.map((one): Prerequisite => ({ ...one, since: new Date(one.since), checkedAt: new Date(one.checkedAt) }));
      const restores = hub.restores.map(({ name, facts }): RestoreOnHub => ({ name, ...facts }));
      return [hub.id, { ...hub, prerequisites, restores, backups, shown: new Map(backups.map(({ name, phase }) => [name, phase])) }];
    }));
  }

  /** The sets that each hub has made, newest first. */
  async sets(hubIds: readonly string[]): Promise<(hubId: string) => readonly SetRow[]> {
    const byHub = Map.groupBy(await this.sql.query<OfHub<SetRow>>(SETS, [hubIds]), ({ hubId }) => hubId);
    return (hubId) => byHub.get(hubId) ?? [];
  }

  setsById(setIds: readonly string[]): Promise<SetRow[]> {
    return this.sql.query<SetRow>(`${SET} WHERE id = ANY($1::uuid[])`, [setIds]);
  }

  /** Who else counts on a target: other plans’ failovers that are under way there, and other plans that name it. */
  reservations(targetHubId: string, planId: string): Promise<Reservation[]> {
    return this.sql.query<Reservation>(RESERVATIONS, [targetHubId, planId]);
  }
}
