import { Injectable } from '@nestjs/common';
import { LeaseLostError } from '../database/lease.errors.js';
import type { HeldLease } from '../database/lease.service.js';
import { Sql } from '../database/sql.js';
import type { ProjectedCluster } from './cluster-projection.rules.js';
import type { AddOnFacts, ManagedClusterFacts, ObservedObject } from './facts.types.js';
import type { WatchedKind, WatchState } from './fleet.types.js';

export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

export interface ClusterSources {
  readonly name: string;
  readonly cluster: ManagedClusterFacts | null;
  readonly addOn: AddOnFacts | null;
  readonly hasHiveSecret: boolean;
  /** When the hub told the newest of these; null: nothing is left of it */
  readonly readAt: Date | null;
}

type TimedState = Pick<WatchState, 'kind' | 'phase' | 'heardAt' | 'errorCode'>;

/**
 * What hubs tell, as their watchers write it: set-based, and under the epoch of the hub's lease, so that a former owner changes nothing.
 * Rows that are as they were are not written.
 */
@Injectable()
export class HubFactsRepository {
  constructor(private readonly sql: Sql) {}

  /**
   * @param readAt when the hub told it, never later
   * @returns the objects that are new or of which we now know something else; a mere resourceVersion is kept, and is no news
   * @throws LeaseLostError
   */
  async upsert(lease: HeldLease, hubId: string, kind: WatchedKind, objects: readonly ObservedObject[], readAt: Date, writtenAt: Date): Promise<ObjectKey[]> {
    if (objects.length === 0) return [];
    const rows = objects.map(({ namespace, name, uid, resourceVersion, facts }) => ({ namespace, name, uid, resource_version: resourceVersion, facts }));
    const answer = await this.sql.query<{ held: boolean; namespace: string | null; name: string | null }>(
      `WITH held AS (SELECT ${lease.guard(7).text} AS held),
       incoming AS (SELECT * FROM jsonb_to_recordset($3::jsonb) AS told (namespace text, name text, uid text, resource_version text, facts jsonb)),
       before AS (SELECT namespace, name, object.uid, object.facts FROM hub_object AS object JOIN incoming USING (namespace, name) WHERE hub_id = $1 AND kind = $2),
       heard AS (UPDATE hub_watch SET heard_at = GREATEST(heard_at, $4) WHERE hub_id = $1 AND kind = $2 AND (SELECT held FROM held)),
       written AS (
         INSERT INTO hub_object AS kept (hub_id, kind, namespace, name, uid, resource_version, facts, read_at, written_at, epoch)
         SELECT $1, $2, namespace, name, uid, resource_version, facts, $4, $6, $5 FROM incoming WHERE (SELECT held FROM held)
         ON CONFLICT (hub_id, kind, namespace, name) DO UPDATE
           SET uid = excluded.uid, resource_version = excluded.resource_version, facts = excluded.facts, read_at = excluded.read_at, written_at = excluded.written_at, epoch = excluded.epoch
           WHERE kept.resource_version <> excluded.resource_version OR kept.uid <> excluded.uid OR kept.facts <> excluded.facts
         RETURNING namespace, name, uid, facts)
       SELECT held, changed.namespace, changed.name FROM held LEFT JOIN (
         SELECT namespace, name FROM written LEFT JOIN before USING (namespace, name)
         WHERE before.uid IS NULL OR before.uid <> written.uid OR before.facts <> written.facts) AS changed ON TRUE`,
      [hubId, kind, JSON.stringify(rows), readAt, lease.epoch, writtenAt, ...lease.guard(7).values],
    );
    return keysOf(lease, answer);
  }

  /** @returns the objects that were there. @throws LeaseLostError */
  async remove(lease: HeldLease, hubId: string, kind: WatchedKind, keys: readonly ObjectKey[]): Promise<ObjectKey[]> {
    if (keys.length === 0) return [];
    const answer = await this.sql.query<{ held: boolean; namespace: string | null; name: string | null }>(
      `WITH held AS (SELECT ${lease.guard(5).text} AS held),
       gone AS (
         DELETE FROM hub_object USING unnest($3::text[], $4::text[]) AS told (namespace, name)
         WHERE hub_id = $1 AND kind = $2 AND hub_object.namespace = told.namespace AND hub_object.name = told.name AND (SELECT held FROM held)
         RETURNING hub_object.namespace, hub_object.name)
       SELECT held, gone.namespace, gone.name FROM held LEFT JOIN gone ON TRUE`,
      [hubId, kind, keys.map(({ namespace }) => namespace), keys.map(({ name }) => name), ...lease.guard(5).values],
    );
    return keysOf(lease, answer);
  }

  /**
   * A full list is through: what was not in it exists no longer.
   * @param listed every object of the list
   * @param at when the hub answered
   * @returns what is gone. @throws LeaseLostError
   */
  async finishListing(lease: HeldLease, hubId: string, kind: WatchedKind, listed: readonly ObjectKey[], at: Date): Promise<ObjectKey[]> {
    const answer = await this.sql.query<{ held: boolean; namespace: string | null; name: string | null }>(
      `WITH held AS (SELECT ${lease.guard(7).text} AS held),
       listed AS (
         INSERT INTO hub_watch AS kept (hub_id, kind, phase, listed_at, listed_epoch, heard_at, error_code, epoch)
         SELECT $1, $2, 'LISTING', $5, $6, $5, NULL, $6 WHERE (SELECT held FROM held)
         ON CONFLICT (hub_id, kind) DO UPDATE SET listed_at = excluded.listed_at, listed_epoch = excluded.listed_epoch, heard_at = GREATEST(kept.heard_at, excluded.heard_at),
           error_code = NULL, epoch = excluded.epoch),
       gone AS (
         DELETE FROM hub_object WHERE hub_id = $1 AND kind = $2 AND (SELECT held FROM held)
           AND NOT EXISTS (SELECT 1 FROM unnest($3::text[], $4::text[]) AS told (namespace, name) WHERE told.namespace = hub_object.namespace AND told.name = hub_object.name)
         RETURNING hub_object.namespace, hub_object.name)
       SELECT held, gone.namespace, gone.name FROM held LEFT JOIN gone ON TRUE`,
      [hubId, kind, listed.map(({ namespace }) => namespace), listed.map(({ name }) => name), at, lease.epoch, ...lease.guard(7).values],
    );
    return keysOf(lease, answer);
  }

  /**
   * States of a hub's watches; a kind that the hub does not serve counts as listed, and has no objects.
   * @returns what is gone with its kind. @throws LeaseLostError
   */
  async noteStates(lease: HeldLease, hubId: string, states: readonly TimedState[], at: Date): Promise<(ObjectKey & { kind: WatchedKind })[]> {
    const rows = states.map(({ kind, phase, heardAt, errorCode }) => ({ kind, phase, heard_at: heardAt, error_code: errorCode }));
    const answer = await this.sql.query<{ held: boolean; kind: WatchedKind | null; namespace: string | null; name: string | null }>(
      `WITH held AS (SELECT ${lease.guard(5).text} AS held),
       noted AS (
         INSERT INTO hub_watch AS kept (hub_id, kind, phase, listed_at, listed_epoch, heard_at, error_code, epoch)
         SELECT $1, kind, phase, CASE WHEN phase = 'ABSENT' THEN $4::timestamptz END, CASE WHEN phase = 'ABSENT' THEN $3::bigint END, heard_at, error_code, $3
         FROM jsonb_to_recordset($2::jsonb) AS told (kind text, phase text, heard_at timestamptz, error_code text) WHERE (SELECT held FROM held)
         ON CONFLICT (hub_id, kind) DO UPDATE SET phase = excluded.phase, heard_at = GREATEST(kept.heard_at, excluded.heard_at), error_code = excluded.error_code, epoch = excluded.epoch,
           listed_at = CASE WHEN excluded.phase = 'ABSENT' AND kept.phase <> 'ABSENT' THEN excluded.listed_at ELSE kept.listed_at END,
           listed_epoch = COALESCE(excluded.listed_epoch, kept.listed_epoch)),
       gone AS (
         DELETE FROM hub_object USING jsonb_to_recordset($2::jsonb) AS told (kind text, phase text)
         WHERE hub_id = $1 AND hub_object.kind = told.kind AND told.phase = 'ABSENT' AND (SELECT held FROM held)
         RETURNING hub_object.kind, hub_object.namespace, hub_object.name)
       SELECT held, gone.kind, gone.namespace, gone.name FROM held LEFT JOIN gone ON TRUE`,
      [hubId, JSON.stringify(rows), lease.epoch, at, ...lease.guard(5).values],
    );
    keysOf(lease, answer);
    return answer.flatMap(({ kind, namespace, name }) => (kind === null || namespace === null || name === null ? [] : [{ kind, namespace, name }]));
  }

  /** Whether this owner has listed every one of the kinds. */
  async hasListed(hubId: string, epoch: bigint, kinds: readonly WatchedKind[]): Promise<boolean> {
    const [row] = await this.sql.query<{ listed: bigint }>(
      `SELECT count(*) AS listed FROM hub_watch WHERE hub_id = $1 AND listed_epoch = $2 AND kind = ANY($3::text[])`,
      [hubId, epoch, [...kinds]],
    );
    return row !== undefined && Number(row.listed) === kinds.length;
  }

  /** What is known of these clusters; of all of them where `names` is null. */
  async clusterSources(hubId: string, names: readonly string[] | null): Promise<ClusterSources[]> {
    return this.sql.query<ClusterSources>(
      `SELECT named.name, cluster.facts AS "cluster", addon.facts AS "addOn",
         hive.read_at IS NOT NULL AS "hasHiveSecret", GREATEST(cluster.read_at, addon.read_at, hive.read_at) AS "readAt"
       FROM (SELECT unnest($2::text[]) AS name
             UNION SELECT name FROM hub_object WHERE $2::text[] IS NULL AND hub_id = $1 AND kind = 'MANAGED_CLUSTER' AND namespace = ''
             UNION SELECT name FROM managed_cluster WHERE $2::text[] IS NULL AND hub_id = $1) AS named
       LEFT JOIN hub_object AS cluster ON cluster.hub_id = $1 AND cluster.kind = 'MANAGED_CLUSTER' AND cluster.namespace = '' AND cluster.name = named.name
       LEFT JOIN hub_object AS addon ON addon.hub_id = $1 AND addon.kind = 'ADDON' AND addon.namespace = named.name AND addon.name = 'managed-serviceaccount'
       LEFT JOIN LATERAL (SELECT max(read_at) AS read_at FROM hub_object WHERE hub_id = $1 AND namespace = named.name AND kind = 'HIVE_SECRET') AS hive ON TRUE
       ORDER BY named.name`,
      [hubId, names],
    );
  }

  /** @returns the names of those that changed. @throws LeaseLostError */
  async writeClusters(lease: HeldLease, hubId: string, clusters: readonly (ProjectedCluster & { readAt: Date })[], gone: readonly string[]): Promise<string[]> {
    const answer = await this.sql.query<{ held: boolean; name: string | null }>(
      `WITH held AS (SELECT ${lease.guard(4).text} AS held),
       incoming AS (SELECT * FROM jsonb_to_recordset($2::jsonb) AS told ("name" text, "origin" text, "vendor" text, "clusterSet" text, "openshiftId" text, "labels" jsonb, "apiUrl" text,
         "accepted" text, "joined" text, "available" text, "availableSince" timestamptz, "importCondition" text, "importReason" text, "importMessage" text, "addonPresent" boolean,
         "addonNamespace" text, "addonAvailable" text, "deleting" boolean, "problems" jsonb, "createdOnHubAt" timestamptz, "readAt" timestamptz)),
       written AS (
         INSERT INTO managed_cluster AS kept (id, hub_id, name, origin, vendor, cluster_set, openshift_id, labels, api_url, accepted, joined, available, available_since,
           import_condition, import_reason, import_message, addon_present, addon_namespace, addon_available, deleting, problems, created_on_hub_at, read_at)
         SELECT gen_random_uuid(), $1, "name", "origin", "vendor", "clusterSet", "openshiftId", "labels", "apiUrl", "accepted", "joined", "available", "availableSince",
           "importCondition", "importReason", "importMessage", "addonPresent", "addonNamespace", "addonAvailable", "deleting", "problems", "createdOnHubAt", "readAt"
         FROM incoming WHERE (SELECT held FROM held) ORDER BY "name"
         ON CONFLICT (hub_id, name) DO UPDATE SET origin = excluded.origin, vendor = excluded.vendor, cluster_set = excluded.cluster_set, openshift_id = excluded.openshift_id,
           labels = excluded.labels, api_url = excluded.api_url, accepted = excluded.accepted, joined = excluded.joined, available = excluded.available,
           available_since = excluded.available_since, import_condition = excluded.import_condition, import_reason = excluded.import_reason, import_message = excluded.import_message,
           addon_present = excluded.addon_present, addon_namespace = excluded.addon_namespace, addon_available = excluded.addon_available, deleting = excluded.deleting,
           problems = excluded.problems, created_on_hub_at = excluded.created_on_hub_at, read_at = excluded.read_at
         WHERE (kept.origin, kept.vendor, kept.cluster_set, kept.openshift_id, kept.labels, kept.api_url, kept.accepted, kept.joined, kept.available, kept.available_since,
             kept.import_condition, kept.import_reason, kept.import_message, kept.addon_present, kept.addon_namespace, kept.addon_available, kept.deleting, kept.problems, kept.created_on_hub_at)
           IS DISTINCT FROM (excluded.origin, excluded.vendor, excluded.cluster_set, excluded.openshift_id, excluded.labels, excluded.api_url, excluded.accepted, excluded.joined,
             excluded.available, excluded.available_since, excluded.import_condition, excluded.import_reason, excluded.import_message, excluded.addon_present, excluded.addon_namespace,
             excluded.addon_available, excluded.deleting, excluded.problems, excluded.created_on_hub_at)
         RETURNING name),
       urls AS (
         INSERT INTO cluster_api_url (hub_id, cluster, since, api_url)
         SELECT $1, "name", "readAt", "apiUrl" FROM incoming
         LEFT JOIN LATERAL (SELECT since, api_url FROM cluster_api_url WHERE hub_id = $1 AND cluster = "name" ORDER BY since DESC LIMIT 1) AS last ON TRUE
         WHERE (SELECT held FROM held) AND (last.since IS NULL OR last.api_url IS DISTINCT FROM "apiUrl") ORDER BY "name"
         ON CONFLICT (hub_id, cluster, since) DO UPDATE SET api_url = excluded.api_url),
       gone AS (DELETE FROM managed_cluster WHERE hub_id = $1 AND name = ANY($3::text[]) AND (SELECT held FROM held) RETURNING name)
       SELECT held, changed.name FROM held LEFT JOIN (SELECT name FROM written UNION ALL SELECT name FROM gone) AS changed ON TRUE`,
      [hubId, JSON.stringify(clusters), [...gone], ...lease.guard(4).values],
    );
    return keysOf(lease, answer.map(({ held, name }) => ({ held, namespace: '', name }))).map(({ name }) => name);
  }

  /** What removed hubs told is forgotten; their history stays elsewhere. */
  async forgetRemoved(): Promise<void> {
    for (const table of ['hub_object', 'hub_watch', 'managed_cluster', 'cluster_api_url']) {
      await this.sql.execute(`DELETE FROM ${table} USING hub WHERE hub.id = ${table}.hub_id AND hub.removed_at IS NOT NULL`);
    }
  }
}

function keysOf(lease: HeldLease, rows: readonly { held: boolean; namespace: string | null; name: string | null }[]): ObjectKey[] {
  if (rows[0]?.held !== true) throw new LeaseLostError(lease.key, lease.epoch);
  return rows.flatMap(({ namespace, name }) => (namespace === null || name === null ? [] : [{ namespace, name }]));
}
