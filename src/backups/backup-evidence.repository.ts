import { Injectable } from '@nestjs/common';
import { labels, namespaces } from '../common/rhacm-names.js';
import { Sql, type SqlRunner } from '../database/sql.js';
import type { InferredBelief } from './backup-belief.rules.js';
import type { BackupPart } from './backups.types.js';
import {
  inferCluster, settledCluster, settledToken, type ClusterSources, type InferredSource, type ListedSource, type TokenSources,
} from './belief-sources.rules.js';
import type { TakenBackup, TakeoverRecord } from './collision.rules.js';
import type { ListedContent } from './resource-list.rules.js';

export interface BeliefRow extends InferredBelief {
  readonly cluster: string;
  readonly account: string;
}

export interface DueRecord {
  readonly part: BackupPart;
  readonly backup: string;
  readonly attempts: number;
}

/** A hub that shows a backup, and in which of its storage locations. */
export interface ShowingHub {
  readonly id: string;
  readonly name: string;
  readonly storageLocation: string | null;
}

export interface SetOfOwner {
  readonly id: string;
  readonly startedAt: Date;
  readonly tainted: string | null;
}

/** Sets whose records are read where none were yet: a hub that is registered shows hundreds of old ones. */
const NEWEST_SETS = 10;
/** Sets that are looked through for another hub's doings. */
const TAINT_SETS = 100;
/** First pause before a record is asked for again; it doubles up to an hour. Seconds. */
const RETRY_SECONDS = 60;
/** Tries over more than half a day; a backup that nobody shows any more is given up at once. */
export const MAX_ATTEMPTS = 18;

const keyOf = (cluster: string, account: string): string => `${cluster}/${account}`;
const isoOrNull = (at: Date | null): string | null => at?.toISOString() ?? null;

/** What backup sets hold, by every source; and the reading of Velero's records. */
@Injectable()
export class BackupEvidenceRepository {
  constructor(private readonly sql: Sql) {}

  // ---- Velero's records

  /** Finished parts of the newest sets of which no record was asked for yet. @returns whether there are any */
  async planRecords(ownerClusterId: string, now: Date): Promise<boolean> {
    const planned = await this.sql.execute(
      `WITH newest AS (SELECT * FROM backup_set WHERE owner_cluster_id = $1 AND status IN ('COMPLETE', 'PARTIAL') AND (expires_at IS NULL OR expires_at > $2) ORDER BY started_at DESC NULLS LAST LIMIT $3),
       members AS (
         SELECT id AS set_id, part, member FROM newest CROSS JOIN LATERAL (VALUES ('CREDENTIALS', credentials_backup), ('MANAGED_CLUSTERS', managed_clusters_backup), ('RESOURCES', resources_backup),
           ('GENERIC', generic_backup)) AS parts (part, member) WHERE EXISTS (SELECT 1 FROM (${SHOWING}) AS showing WHERE showing.backup = member AND showing.owner_cluster_id = $1))
       INSERT INTO backup_set_record AS kept (set_id, part, backup, state, next_attempt_at) SELECT set_id, part, member, 'WAITING', $2 FROM members ORDER BY set_id, part
       ON CONFLICT (set_id, part) DO UPDATE SET backup = excluded.backup, state = 'WAITING', hub_id = NULL, read_at = NULL, attempts = 0, next_attempt_at = excluded.next_attempt_at,
         problem_code = NULL, problem_detail = NULL WHERE kept.backup <> excluded.backup`,
      [ownerClusterId, now, NEWEST_SETS],
    );
    return planned > 0;
  }

  /** Sets with records that are to be read now. */
  async setsWithDueRecords(now: Date): Promise<string[]> {
    const rows = await this.sql.query<{ id: string }>(`SELECT DISTINCT set_id AS id FROM backup_set_record WHERE next_attempt_at <= $1`, [now]);
    return rows.map(({ id }) => id);
  }

  /** Takes the records of a set that are due, so that nobody else reads them meanwhile; what is not told read afterwards is due again later. */
  async claimRecords(setId: string, now: Date): Promise<DueRecord[]> {
    const rows = await this.sql.query<DueRecord>(
      `UPDATE backup_set_record SET attempts = attempts + 1, next_attempt_at = $2::timestamptz + LEAST(3600, $3 * 2 ^ attempts) * interval '1 second'
       WHERE set_id = $1 AND next_attempt_at <= $2 RETURNING part, backup, attempts`,
      [setId, now, RETRY_SECONDS],
    );
    return rows.sort((a, b) => (a.part < b.part ? -1 : 1));
  }

  /** When the next record of the set is due; null: none is. */
  async nextAttemptAt(setId: string): Promise<Date | null> {
    const [row] = await this.sql.query<{ at: Date | null }>(`SELECT min(next_attempt_at) AS at FROM backup_set_record WHERE set_id = $1`, [setId]);
    return row?.at ?? null;
  }

  /** Hubs that show the set's backup, not another fleet's of the same name: those that answer first, its owner first among them. */
  async hubsShowing(setId: string, backup: string): Promise<ShowingHub[]> {
    return this.sql.query<ShowingHub>(
      `SELECT id, name, storage_location AS "storageLocation" FROM (${SHOWING}) AS showing
       WHERE backup = $2 AND owner_cluster_id = (SELECT owner_cluster_id FROM backup_set WHERE id = $1) ORDER BY is_silent, is_owner DESC, name`,
      [setId, backup],
    );
  }

  async noteFailure(setId: string, part: BackupPart, hubId: string | null, code: string, detail: string, isFinal: boolean): Promise<void> {
    await this.sql.execute(
      `UPDATE backup_set_record SET hub_id = $3, problem_code = $4, problem_detail = $5, state = CASE WHEN $6 THEN 'FAILED' ELSE state END, next_attempt_at = CASE WHEN $6 THEN NULL ELSE next_attempt_at END
       WHERE set_id = $1 AND part = $2 AND state = 'WAITING'`,
      [setId, part, hubId, code, detail.slice(0, 500), isFinal],
    );
  }

  /** Written before a request is made on a hub. */
  async noteRequest(name: string, hubId: string, now: Date): Promise<void> {
    await this.sql.execute(`INSERT INTO download_request (name, hub_id, created_at) VALUES ($1, $2, $3)`, [name, hubId, now]);
  }

  async forgetRequest(name: string): Promise<void> {
    await this.sql.execute(`DELETE FROM download_request WHERE name = $1`, [name]);
  }

  /** Requests that are older and may still be on a hub; those of removed hubs, and those that Velero has long removed itself, are forgotten. */
  async requestsBefore(before: Date, longGone: Date): Promise<{ name: string; hubId: string }[]> {
    await this.sql.execute(`DELETE FROM download_request USING hub WHERE hub.id = hub_id AND (removed_at IS NOT NULL OR download_request.created_at < $1)`, [longGone]);
    return this.sql.query(`SELECT name, hub_id AS "hubId" FROM download_request WHERE created_at < $1 ORDER BY created_at LIMIT 200`, [before]);
  }

  /** What a record lists, for the whole set at once. @returns whether more is known now */
  async recordRead(setId: string, record: DueRecord, hub: ShowingHub, content: ListedContent, now: Date): Promise<boolean> {
    const { part, backup } = record;
    const told: Omit<ListedSource, 'isIn'> = { hubId: hub.id, hubName: hub.name, backup };
    return this.alone(setId, async (sql) => {
      const written = await sql.execute(
        `UPDATE backup_set_record SET state = 'READ', hub_id = $4, read_at = $5, next_attempt_at = NULL, problem_code = NULL, problem_detail = NULL WHERE set_id = $1 AND part = $2 AND backup = $3`,
        [setId, part, backup, hub.id, now],
      );
      if (written === 0) return false;
      switch (part) {
        case 'CREDENTIALS':
          return changeTokens(sql, setId, now, (tokens) => {
            for (const key of content.accounts) if (!tokens.has(key)) tokens.set(key, {});
            for (const [key, sources] of tokens) tokens.set(key, { ...sources, listed: { ...told, isIn: content.accounts.has(key) } });
          });
        case 'MANAGED_CLUSTERS':
          return changeClusters(sql, setId, now, (clusters) => {
            for (const name of content.clusters) if (!clusters.has(name)) clusters.set(name, EMPTY);
            for (const [name, row] of clusters) clusters.set(name, { ...row, sources: { ...row.sources, listed: { ...told, isIn: content.clusters.has(name) } } });
          });
        case 'RESOURCES':
          return markClusters(sql, setId, now, new Set([...content.accounts].map((key) => key.slice(0, key.indexOf('/')))), (hasAccount) => ({ hasAccount }));
        case 'GENERIC':
          return markClusters(sql, setId, now, content.bindings, (hasBinding) => ({ hasBinding }));
      }
    });
  }

  // ---- What we saw ourselves

  /** What was decided stays. @returns whether anything changed */
  async writeBeliefs(setId: string, beliefs: readonly BeliefRow[], now: Date): Promise<boolean> {
    return this.alone(setId, (sql) =>
      changeTokens(sql, setId, now, (tokens) => {
        for (const { cluster, account, belief, reason, expiresAt, refreshedAt, expiryDoubt, doubtfulFrom, evidence } of beliefs) {
          const sources = tokens.get(keyOf(cluster, account));
          const decided = sources?.inferred;
          if (decided !== undefined && (decided.belief !== 'UNKNOWN' || belief === 'UNKNOWN')) continue;
          const inferred: InferredSource = { belief, reason, expiresAt: isoOrNull(expiresAt), refreshedAt: isoOrNull(refreshedAt), expiryDoubt, doubtfulFrom: isoOrNull(doubtfulFrom), evidence };
          tokens.set(keyOf(cluster, account), { ...sources, inferred });
        }
      }),
    );
  }

  /**
   * Works out of which clusters the sets hold the ManagedCluster, where that is not done yet.
   * @param settledBefore parts that began later are left for another look
   */
  async writeClusterBeliefs(hubId: string, ownerClusterId: string, settledBefore: Date, now: Date): Promise<{ changed: boolean; undecided: boolean }> {
    const sets = await this.sql.query<{ id: string; startedAt: Date; completedAt: Date | null }>(
      `SELECT sets.id, managed_clusters_started_at AS "startedAt", (SELECT max(completed_at) FROM backup WHERE name = managed_clusters_backup) AS "completedAt"
       FROM (SELECT * FROM backup_set WHERE owner_cluster_id = $1 AND managed_clusters_started_at IS NOT NULL AND status <> 'FAILED' ORDER BY started_at DESC NULLS LAST LIMIT $2) AS sets
       WHERE NOT EXISTS (SELECT 1 FROM backup_set_cluster WHERE set_id = sets.id AND sources ? 'inferred')`,
      [ownerClusterId, NEWEST_SETS],
    );
    const ripe = sets.filter(({ startedAt }) => startedAt < settledBefore);
    let changed = false;
    for (const { id, startedAt, completedAt } of ripe) {
      const rows = await this.sql.query<{ name: string; createdAt: Date | null; isExcluded: boolean; apiUrl: string | null; apiUrlKnown: boolean; importDisabled: boolean | null }>(
        `SELECT managed_cluster.name, created_on_hub_at AS "createdAt", COALESCE(labels->>$3 = 'true', FALSE) AS "isExcluded", told.api_url AS "apiUrl", told.since IS NOT NULL AS "apiUrlKnown", (object.facts->'importDisabled')::boolean AS "importDisabled"
         FROM managed_cluster LEFT JOIN hub_object AS object ON object.hub_id = $1 AND object.kind = 'MANAGED_CLUSTER' AND object.namespace = '' AND object.name = managed_cluster.name LEFT JOIN LATERAL (SELECT api_url, since FROM cluster_api_url AS history WHERE history.hub_id = $1 AND cluster = managed_cluster.name AND since <= $2 ORDER BY since DESC LIMIT 1) AS told ON TRUE
         WHERE managed_cluster.hub_id = $1 AND origin <> 'LOCAL' ORDER BY managed_cluster.name`,
        [hubId, startedAt, labels.excludeFromBackup],
      );
      const written = await this.alone(id, (sql) =>
        changeClusters(sql, id, now, (clusters) => {
          for (const { name, apiUrl, apiUrlKnown, importDisabled, ...cluster } of rows) {
            const row = clusters.get(name) ?? EMPTY;
            clusters.set(name, { ...row, apiUrl, apiUrlKnown, importDisabled, sources: { ...row.sources, inferred: inferCluster(cluster, startedAt, completedAt) } });
          }
        }),
      );
      changed ||= written;
    }
    return { changed, undecided: ripe.length < sets.length };
  }

  /**
   * A passive sync has brought these tokens to the hub: they are in the backup, with the expiry that is noted on them.
   * Only where the hub does not manage the cluster: a token there may have been renewed since.
   */
  async writeRestored(hubId: string, setId: string, backup: string, label: string, now: Date): Promise<boolean> {
    const rows = await this.sql.query<{ cluster: string; account: string; expiresAt: string | null; refreshedAt: string | null }>(
      `SELECT namespace AS cluster, name AS account, facts->>'expiresAt' AS "expiresAt", facts->>'refreshedAt' AS "refreshedAt"
       FROM hub_object AS secret WHERE hub_id = $1 AND kind = 'TOKEN_SECRET' AND facts->>'restoredFrom' = $3
         AND NOT EXISTS (SELECT 1 FROM hub_object AS cluster WHERE cluster.hub_id = $1 AND cluster.kind = 'MANAGED_CLUSTER' AND cluster.namespace = '' AND cluster.name = secret.namespace)
         AND NOT EXISTS (SELECT 1 FROM backup_set_token AS kept WHERE set_id = $2 AND kept.cluster = namespace AND account = name AND sources ? 'synced')`,
      [hubId, setId, label],
    );
    if (rows.length === 0) return false;
    return this.alone(setId, (sql) =>
      changeTokens(sql, setId, now, (tokens) => {
        for (const { cluster, account, ...life } of rows) {
          const sources = tokens.get(keyOf(cluster, account));
          if (sources?.synced === undefined) tokens.set(keyOf(cluster, account), { ...sources, synced: { hubId, backup, ...life } });
        }
      }),
    );
  }

  // ---- Collisions

  async setsOf(ownerClusterId: string): Promise<SetOfOwner[]> {
    return this.sql.query<SetOfOwner>(
      `SELECT id, started_at AS "startedAt", tainted FROM backup_set WHERE owner_cluster_id = $1 AND started_at IS NOT NULL ORDER BY started_at DESC LIMIT $2`,
      [ownerClusterId, TAINT_SETS],
    );
  }

  /** What other hubs did in the storage locations in which the owner's backups lie. */
  async neighbours(ownerClusterId: string): Promise<{ backups: TakenBackup[]; takeovers: TakeoverRecord[] }> {
    const rows = await this.sql.query<{ name: string; owner: string | null; restoredBy: string | null; at: string }>(
      `WITH seen AS (SELECT hub_id, name, facts FROM hub_object WHERE kind = 'VELERO_BACKUP' AND hub_id IN (SELECT DISTINCT hub_id FROM backup WHERE owner_cluster_id = $1)),
       places AS (SELECT DISTINCT hub_id, facts->>'storageLocation' AS location FROM seen WHERE facts->>'ownerClusterId' = $1)
       SELECT DISTINCT name, facts->>'ownerClusterId' AS owner, facts->>'restoredByClusterId' AS "restoredBy",
         CASE WHEN facts->>'restoredByClusterId' IS NULL THEN facts->>'startedAt' ELSE COALESCE(facts->>'startedAt', facts->>'createdAt') END AS at
       FROM seen JOIN places ON places.hub_id = seen.hub_id AND places.location IS NOT DISTINCT FROM facts->>'storageLocation'
       WHERE (facts->>'restoredByClusterId' IS NOT NULL OR (facts->>'type' = 'credentials' AND facts->>'ownerClusterId' <> $1)) AND COALESCE(facts->>'startedAt', facts->>'createdAt') IS NOT NULL`,
      [ownerClusterId],
    );
    const known = rows.filter(({ at }) => at !== null);
    return {
      backups: known.flatMap(({ owner, restoredBy, at }) => (owner === null || restoredBy !== null ? [] : [{ ownerClusterId: owner, startedAt: new Date(at) }])),
      takeovers: known.flatMap(({ name, restoredBy, at }) => (restoredBy === null ? [] : [{ name, clusterId: restoredBy, at: new Date(at) }])),
    };
  }

  /** For good: what casts doubt on a set does not go away when its traces do. */
  async taint(setId: string, why: string): Promise<void> {
    await this.sql.execute(`UPDATE backup_set SET tainted = COALESCE(tainted, $2) WHERE id = $1`, [setId, why]);
  }

  /** The hub that owns the set, where it is registered; and those that show it. */
  async hubsOfSet(setId: string): Promise<string[]> {
    const rows = await this.sql.query<{ id: string }>(
      `SELECT hub.id FROM backup_set JOIN hub ON removed_at IS NULL AND (cluster_id = owner_cluster_id OR EXISTS (SELECT 1 FROM backup WHERE hub_id = hub.id AND name = credentials_backup)) WHERE backup_set.id = $1`,
      [setId],
    );
    return rows.map(({ id }) => id);
  }

  /** Sources are weighed together: one speaks at a time. */
  private alone(setId: string, work: (sql: SqlRunner) => Promise<boolean>): Promise<boolean> {
    return this.sql.transaction(async (sql) => {
      await sql.query(`SELECT pg_advisory_xact_lock(hashtextextended('backup_set_belief/' || $1, 0))`, [setId]);
      return work(sql);
    });
  }
}

/** Usable backups that a registered hub shows. */
const SHOWING = `
  SELECT backup.name AS backup, owner_cluster_id, hub.id, hub.name, hub.reachability = 'UNREACHABLE' AS is_silent, COALESCE(hub.cluster_id = owner_cluster_id, FALSE) AS is_owner,
    (SELECT facts->>'storageLocation' FROM hub_object WHERE hub_object.hub_id = hub.id AND kind = 'VELERO_BACKUP' AND hub_object.namespace = '${namespaces.backup}' AND hub_object.name = backup.name) AS storage_location
  FROM backup JOIN hub ON hub.id = backup.hub_id AND hub.removed_at IS NULL WHERE phase IN ('Completed', 'PartiallyFailed')`;

interface ReadRecord {
  readonly part: BackupPart;
  readonly backup: string;
  readonly hubId: string;
  readonly hubName: string;
}

/** Of the parts whose record was read: what it does not list is not inside. */
async function readRecords(sql: SqlRunner, setId: string): Promise<Map<BackupPart, ListedSource>> {
  const rows = await sql.query<ReadRecord>(
    `SELECT part, backup, hub_id AS "hubId", COALESCE((SELECT name FROM hub WHERE id = hub_id), 'unknown') AS "hubName" FROM backup_set_record WHERE set_id = $1 AND state = 'READ'`,
    [setId],
  );
  return new Map(rows.map(({ part, ...record }) => [part, { ...record, isIn: false }]));
}

async function changeTokens(sql: SqlRunner, setId: string, now: Date, change: (tokens: Map<string, TokenSources>) => void): Promise<boolean> {
  const rows = await sql.query<{ cluster: string; account: string; sources: TokenSources }>(`SELECT cluster, account, sources FROM backup_set_token WHERE set_id = $1`, [setId]);
  const before = new Map(rows.map(({ cluster, account, sources }) => [keyOf(cluster, account), sources]));
  const tokens = new Map(before);
  change(tokens);
  const record = (await readRecords(sql, setId)).get('CREDENTIALS');
  const changed = [...tokens].filter(([key, sources]) => before.get(key) !== sources).map(([key, sources]) => {
    const [cluster = '', account = ''] = key.split('/');
    const whole: TokenSources = sources.listed === undefined && record !== undefined ? { ...sources, listed: record } : sources;
    return { cluster, account, sources: whole, ...settledToken(whole) };
  });
  if (changed.length === 0) return false;
  const written = await sql.execute(
    `INSERT INTO backup_set_token AS kept (set_id, cluster, account, belief, expires_at, refreshed_at, evidence, reason, evidence_kind, evidence_hub_id, conflict, expiry_doubt, sources, decided_at)
     SELECT $1, "cluster", "account", "belief", "expiresAt", "refreshedAt", "evidence", "reason", "evidenceKind", "evidenceHubId", "conflict", "expiryDoubt", "sources", $3
     FROM jsonb_to_recordset($2::jsonb) AS told ("cluster" text, "account" text, "belief" text, "expiresAt" timestamptz, "refreshedAt" timestamptz, "evidence" text, "reason" text, "evidenceKind" text,
       "evidenceHubId" uuid, "conflict" text, "expiryDoubt" text, "sources" jsonb) ORDER BY "cluster", "account"
     ON CONFLICT (set_id, cluster, account) DO UPDATE SET belief = excluded.belief, expires_at = excluded.expires_at, refreshed_at = excluded.refreshed_at, evidence = excluded.evidence,
       reason = excluded.reason, evidence_kind = excluded.evidence_kind, evidence_hub_id = excluded.evidence_hub_id, conflict = excluded.conflict, expiry_doubt = excluded.expiry_doubt,
       sources = excluded.sources, decided_at = CASE WHEN (kept.belief, kept.evidence) = (excluded.belief, excluded.evidence) THEN kept.decided_at ELSE excluded.decided_at END
     WHERE kept.sources <> excluded.sources`,
    [setId, JSON.stringify(changed), now],
  );
  if (written > 0) await count(sql, setId, 'token');
  return written > 0;
}

interface ClusterRow {
  readonly sources: ClusterSources;
  readonly apiUrl: string | null;
  readonly apiUrlKnown: boolean;
  /** null: not known */
  readonly importDisabled: boolean | null;
  readonly hasAccount: boolean | null;
  readonly hasBinding: boolean | null;
}

const EMPTY: ClusterRow = { sources: {}, apiUrl: null, apiUrlKnown: false, importDisabled: null, hasAccount: null, hasBinding: null };

async function changeClusters(sql: SqlRunner, setId: string, now: Date, change: (clusters: Map<string, ClusterRow>) => void): Promise<boolean> {
  const rows = await sql.query<ClusterRow & { cluster: string }>(
    `SELECT cluster, sources, api_url AS "apiUrl", api_url_known AS "apiUrlKnown", import_disabled AS "importDisabled", has_account AS "hasAccount", has_binding AS "hasBinding" FROM backup_set_cluster WHERE set_id = $1`,
    [setId],
  );
  const before = new Map(rows.map(({ cluster, ...row }): [string, ClusterRow] => [cluster, row]));
  const clusters = new Map(before);
  change(clusters);
  const records = await readRecords(sql, setId);
  const record = records.get('MANAGED_CLUSTERS');
  const changed = [...clusters].filter(([name, row]) => before.get(name) !== row).map(([cluster, row]) => {
    const sources: ClusterSources = row.sources.listed === undefined && record !== undefined ? { ...row.sources, listed: record } : row.sources;
    const [hasAccount, hasBinding] = [row.hasAccount ?? (records.has('RESOURCES') ? false : null), row.hasBinding ?? (records.has('GENERIC') ? false : null)];
    return { cluster, ...row, sources, hasAccount, hasBinding, ...settledCluster(sources) };
  });
  if (changed.length === 0) return false;
  const written = await sql.execute(
    `INSERT INTO backup_set_cluster AS kept (set_id, cluster, belief, evidence, evidence_kind, evidence_hub_id, conflict, sources, api_url_known, api_url, import_disabled, has_account, has_binding, decided_at)
     SELECT $1, "cluster", "belief", "evidence", "evidenceKind", "evidenceHubId", "conflict", "sources", "apiUrlKnown", "apiUrl", "importDisabled", "hasAccount", "hasBinding", $3
     FROM jsonb_to_recordset($2::jsonb) AS told ("cluster" text, "belief" text, "evidence" text, "evidenceKind" text, "evidenceHubId" uuid, "conflict" text, "sources" jsonb, "apiUrlKnown" boolean,
       "apiUrl" text, "importDisabled" boolean, "hasAccount" boolean, "hasBinding" boolean) ORDER BY "cluster"
     ON CONFLICT (set_id, cluster) DO UPDATE SET belief = excluded.belief, evidence = excluded.evidence, evidence_kind = excluded.evidence_kind, evidence_hub_id = excluded.evidence_hub_id,
       conflict = excluded.conflict, sources = excluded.sources, api_url_known = excluded.api_url_known, api_url = excluded.api_url, import_disabled = excluded.import_disabled, has_account = excluded.has_account,
       has_binding = excluded.has_binding, decided_at = CASE WHEN (kept.belief, kept.evidence) = (excluded.belief, excluded.evidence) THEN kept.decided_at ELSE excluded.decided_at END
     WHERE (kept.sources, kept.api_url_known, kept.api_url, kept.import_disabled, kept.has_account, kept.has_binding)
       IS DISTINCT FROM (excluded.sources, excluded.api_url_known, excluded.api_url, excluded.import_disabled, excluded.has_account, excluded.has_binding)`,
    [setId, JSON.stringify(changed), now],
  );
  if (written > 0) await count(sql, setId, 'cluster');
  return written > 0;
}

/** Also of clusters of which nothing else is known yet. */
function markClusters(sql: SqlRunner, setId: string, now: Date, inside: ReadonlySet<string>, mark: (isIn: boolean) => Partial<ClusterRow>): Promise<boolean> {
  return changeClusters(sql, setId, now, (clusters) => {
    for (const name of inside) if (!clusters.has(name)) clusters.set(name, EMPTY);
    for (const [name, row] of clusters) clusters.set(name, { ...row, ...mark(inside.has(name)) });
  });
}

async function count(sql: SqlRunner, setId: string, what: 'token' | 'cluster'): Promise<void> {
  await sql.execute(
    `UPDATE backup_set SET ${what}_counts = (SELECT jsonb_object_agg(belief, count) FROM (SELECT belief, count(*) AS count FROM backup_set_${what} WHERE set_id = $1 GROUP BY belief) AS counted) WHERE id = $1`,
    [setId],
  );
}
