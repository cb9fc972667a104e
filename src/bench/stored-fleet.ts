/** A fleet as hubs have told it, written into PostgreSQL without any hub: what is measured there is what our tables cost. */
import { randomBytes } from 'node:crypto';
import { Logger, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../app.module.js';
import { SystemClock } from '../common/clock.js';
import { Secret } from '../common/secret.js';
import { loadConfig } from '../config/config.js';
import { DatabasePool } from '../database/database-pool.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../database/embedded-postgres.js';
import { migrate } from '../database/migrate.js';
import { Sql, type SqlRunner } from '../database/sql.js';
import { isKept, observedObject } from '../fleet/facts.rules.js';
import type { WatchedKind } from '../fleet/fleet.types.js';
import { completeCluster, hubAddOn, VALIDITY_MS } from './bench-fleet.js';
import { Statements } from './statements.js';

/** Stands in the facts of the cluster that all others are copies of. */
const MODEL = 'model-of-all';
const HOUR_MS = 3_600_000;
const SETS_SHOWN = 120;
/** Of so many sets it is known what they hold; of the rest only that they are there. */
const SETS_HELD = 3;

const KIND_OF: Readonly<Record<string, WatchedKind>> = { ManagedCluster: 'MANAGED_CLUSTER', ManagedClusterAddOn: 'ADDON', ManagedServiceAccount: 'ACCOUNT', ManifestWork: 'WORK', Secret: 'TOKEN_SECRET' };

export interface StoredHub {
  readonly id: string;
  readonly clusterId: string;
  readonly clusters: number;
  /** Ends the names of its clusters: no two hubs know one of the same name */
  readonly suffix: string;
}

/** The application on a database of its own, without doors, workers and watchers. */
export class StoredFleet {
  private constructor(
    private readonly server: EmbeddedPostgres,
    private readonly app: INestApplicationContext,
    readonly url: string,
    readonly sql: Sql,
    readonly statements: Statements,
  ) {}

  static async start(): Promise<StoredFleet> {
    const server = await startEmbeddedPostgres();
    try {
      await migrate(server.url);
      const settings = loadConfig({ DATABASE_URL: server.url, LIFEBOAT_ALLOW_LOOPBACK_HUBS: 'true', LOG_LEVEL: 'silent', LIFEBOAT_LEASE_SECONDS: '300', LIFEBOAT_SEALING_KEYS: `bench:${randomBytes(32).toString('base64')}` });
      const ground = { config: Object.freeze({ ...settings, roles: new Set<'api'>() }), databaseUrl: new Secret(server.url), clock: new SystemClock() };
      Logger.overrideLogger(['fatal']);
      const app = await NestFactory.createApplicationContext(AppModule.forRoot(ground), { logger: ['fatal'], abortOnError: false });
      return new StoredFleet(server, app, server.url, app.get(Sql, { strict: false }), new Statements(app.get(DatabasePool, { strict: false }).main));
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  part<T>(type: new (...parts: never[]) => T): T {
    return this.app.get<T>(type, { strict: false });
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.server.stop();
  }

  /** Statements of a seed may take long, and wake nobody. */
  async seed(write: (sql: SqlRunner) => Promise<void>): Promise<void> {
    const pool = new DatabasePool({ url: new Secret(this.url), poolSize: 1, statementTimeoutMs: 600_000 });
    try {
      const sql = new Sql(pool);
      await sql.transaction(async (run) => {
        await run.execute(`SET LOCAL session_replication_role = replica`);
        await write(run);
      });
      await sql.execute('ANALYZE');
    } finally {
      await pool.close();
    }
  }
}

/** Hubs that have been read whole a moment ago, by watchers that are still at work. */
export async function seedHubs(sql: SqlRunner, sizes: readonly number[], policy: string): Promise<StoredHub[]> {
  const now = new Date();
  const hubs: StoredHub[] = [];
  const storage = JSON.stringify([{ name: 'dpa', provider: 'aws', bucket: 'b', prefix: 'p', s3Url: null, region: null, phase: 'Available', owned: true }]);
  for (const [index, clusters] of sizes.entries()) {
    const name = `hub-${String(index).padStart(2, '0')}`;
    const clusterId = `id-of-${name}`;
    const [hub] = await sql.query<{ id: string }>(
      `INSERT INTO hub (id, name, api_url, cluster_id, release, policy, reachability, storage, created_at, created_by, updated_at) VALUES (gen_random_uuid(), $1, $2, $3, '2.14.0', $4, 'REACHABLE', $5::jsonb, $6, 'bench', $6) RETURNING id`,
      [name, `https://${name}.example:6443`, clusterId, policy, storage, now]);
    if (hub === undefined) throw new Error('A hub was not written');
    await sql.execute(`INSERT INTO lease (key, owner, epoch, acquired_at, expires_at) VALUES ('hub/' || $1::text, 'bench', 1, $2, $3)`, [hub.id, now, new Date(now.getTime() + 24 * HOUR_MS)]);
    await sql.execute(
      `INSERT INTO hub_watch (hub_id, kind, phase, listed_at, listed_epoch, heard_at, epoch) SELECT $1, kind, 'WATCHING', $2, 1, $3, 1
       FROM unnest('{MANAGED_CLUSTER,ADDON,ACCOUNT,WORK,TOKEN_SECRET,HIVE_SECRET,HUB_ADDON,BACKUP_SCHEDULE,VELERO_BACKUP}'::text[]) AS told (kind)`,
      [hub.id, now, new Date(now.getTime() + 24 * HOUR_MS)]); // no watcher runs that would hear them
    hubs.push({ id: hub.id, clusterId, clusters, suffix: `-${name}` });
  }
  return hubs;
}

/** Complete clusters as the hub shows them: with add-on, account, role binding and labelled token. */
export async function seedObjects(sql: SqlRunner, hub: StoredHub, kinds: readonly WatchedKind[]): Promise<void> {
  const now = new Date();
  const models = completeCluster(MODEL, now).flatMap((object) => {
    const kind = KIND_OF[object.kind ?? ''];
    return kind === undefined || !kinds.includes(kind) || !isKept(kind, object) ? [] : [observedObject(kind, object)];
  });
  for (const { kind, namespace, name, uid, resourceVersion, facts } of [...models, observedObject('HUB_ADDON', { ...hubAddOn, metadata: { ...hubAddOn.metadata, uid: 'u', resourceVersion: '1' } })]) {
    const of = (text: string): string => (text === MODEL ? `'c-' || lpad(n::text, 5, '0') || $8` : `'${text}'`);
    await sql.execute(
      `INSERT INTO hub_object (hub_id, kind, namespace, name, uid, resource_version, facts, read_at, written_at, epoch)
       SELECT $1, $2, ${of(namespace)}, ${of(name)}, $3, $4, replace($5, '${MODEL}', 'c-' || lpad(n::text, 5, '0') || $8)::jsonb, $6, $6, 1 FROM generate_series(1, $7::int) AS n`,
      [hub.id, kind, uid, resourceVersion === '' ? '1' : resourceVersion, JSON.stringify(facts), now, kind === 'HUB_ADDON' ? 1 : hub.clusters, hub.suffix]);
  }
}

/** The rows that are worked out of those: clusters, and their tokens. Of a hundred some have each of the usual troubles. */
export async function seedClusters(sql: SqlRunner, hub: StoredHub): Promise<void> {
  const now = new Date();
  const expiresAt = new Date(now.getTime() + VALIDITY_MS);
  await sql.execute(
    `INSERT INTO managed_cluster (id, hub_id, name, origin, vendor, cluster_set, openshift_id, labels, api_url, accepted, joined, available, available_since, import_condition, addon_present, addon_namespace, addon_available, deleting, problems, created_on_hub_at, read_at)
     SELECT gen_random_uuid(), $1, 'c-' || lpad(n::text, 5, '0') || $5, CASE WHEN n % 100 < 6 THEN 'HIVE' ELSE 'IMPORTED' END, CASE WHEN n % 10 < 7 THEN 'OpenShift' ELSE 'EKS' END, 'set-' || n % 12, gen_random_uuid()::text,
       jsonb_build_object('vendor', CASE WHEN n % 10 < 7 THEN 'OpenShift' ELSE 'EKS' END, 'env', CASE WHEN n % 3 = 0 THEN 'prod' ELSE 'test' END, 'name', n::text),
       CASE WHEN n % 100 = 10 THEN NULL ELSE 'https://api.c-' || n || '.example:6443' END, 'TRUE', 'TRUE', CASE WHEN n % 100 IN (11, 12) THEN 'UNKNOWN' ELSE 'TRUE' END, $2, 'TRUE', true, 'open-cluster-management-agent-addon', 'TRUE', false, '[]', $3, $2
     FROM generate_series(1, $4::int) AS n`, [hub.id, now, new Date(now.getTime() - 1_000 * HOUR_MS), hub.clusters, hub.suffix]);
  await sql.execute(
    `INSERT INTO auto_import_token (id, hub_id, cluster, account, account_present, account_uid, validity_seconds, expires_at, refreshed_at, secret_present, secret_uid, in_backup_selection, labelled_at, binding_present, problem_code, problem_since, read_at)
     SELECT gen_random_uuid(), $1, name, 'auto-import-account', true, 'a', $2::int, $3, $4, true, 's', true, $4, substr(name, 6, 2) <> '13', CASE WHEN substr(name, 6, 2) = '13' THEN 'ROLE_BINDING_MISSING' END, CASE WHEN substr(name, 6, 2) = '13' THEN $4::timestamptz END, $4
     FROM managed_cluster WHERE hub_id = $1 AND origin = 'IMPORTED'`, [hub.id, VALIDITY_MS / 1_000, expiresAt, now]);
}

/** Hourly backup sets of five days as both hubs show them, and what the newest hold. */
export async function seedSets(sql: SqlRunner, source: StoredHub, targetId: string): Promise<void> {
  const now = new Date();
  await sql.execute(
    `INSERT INTO backup_set (id, owner_cluster_id, credentials_backup, resources_backup, generic_backup, managed_clusters_backup, status, started_at, managed_clusters_started_at, completed_at, expires_at, first_seen_at)
     SELECT gen_random_uuid(), $1::text, 'cred-' || $1 || n, 'res-' || $1 || n, 'gen-' || $1 || n, 'mc-' || $1 || n, 'COMPLETE', at, at, at + interval '3 minutes', at + interval '120 hours', at
     FROM generate_series(1, ${SETS_SHOWN}) AS n, LATERAL (SELECT $2::timestamptz - interval '10 minutes' - (n - 1) * interval '1 hour' AS at)`, [source.clusterId, now]);
  await sql.execute(
    `INSERT INTO backup (hub_id, name, type, schedule_name, owner_cluster_id, phase, created_at, started_at, completed_at, expires_at, read_at)
     SELECT hub_id, part || '-' || $1 || n, type, 'schedule-acm', $1::text, 'Completed', at, at, at + interval '3 minutes', at + interval '120 hours', at
     FROM unnest($3::uuid[]) AS hub_id, (VALUES ('cred', 'credentials'), ('res', 'resources'), ('gen', 'resourcesGeneric'), ('mc', 'managedClusters')) AS parts (part, type), generate_series(1, ${SETS_SHOWN}) AS n,
       LATERAL (SELECT $2::timestamptz - interval '10 minutes' - (n - 1) * interval '1 hour' AS at)`, [source.clusterId, now, [source.id, targetId]]);
  await sql.execute(
    `INSERT INTO backup_set_token (set_id, cluster, account, belief, expires_at, refreshed_at, evidence, reason, decided_at)
     SELECT held.id, cluster, account, CASE WHEN substr(cluster, 6, 2) IN ('14', '15') THEN 'INFERRED_OUT' ELSE 'INFERRED_IN' END, CASE WHEN substr(cluster, 6, 2) IN ('16', '17') THEN $2::timestamptz - interval '1 day' ELSE token.expires_at END,
       refreshed_at, 'Labelled before the backup began', CASE WHEN substr(cluster, 6, 2) IN ('14', '15') THEN 'SECRET_UNLABELLED' END, $2
     FROM (SELECT id FROM backup_set WHERE owner_cluster_id = $3 ORDER BY started_at DESC LIMIT ${SETS_HELD}) AS held, auto_import_token AS token WHERE token.hub_id = $1`, [source.id, now, source.clusterId]);
  await sql.execute(
    `INSERT INTO backup_set_cluster (set_id, cluster, belief, evidence, evidence_kind, sources, api_url_known, api_url, decided_at)
     SELECT held.id, name, 'INFERRED_IN', 'Older than the backup', 'AGE_AT_START', '{}', true, api_url, $2
     FROM (SELECT id FROM backup_set WHERE owner_cluster_id = $3 ORDER BY started_at DESC LIMIT ${SETS_HELD}) AS held, managed_cluster WHERE hub_id = $1`, [source.id, now, source.clusterId]);
  await sql.execute(
    `INSERT INTO backup_schedule (hub_id, name, phase, cron, velero_ttl_seconds, use_managed_service_account, paused, velero_paused, read_at) VALUES ($1, 'schedule-acm', 'Enabled', '0 * * * *', 432000, true, false, false, $2)`, [source.id, now]);
}

export async function seedPlan(sql: SqlRunner, source: StoredHub, target: StoredHub, index: number): Promise<string> {
  const [plan] = await sql.query<{ id: string }>(
    `INSERT INTO recovery_plan (id, name, source_hub_id, target_hub_id, rpo_seconds, rto_seconds, backup_rule, approval_required, import_window_seconds, created_at, created_by, updated_at)
     VALUES (gen_random_uuid(), $1, $2, $3, 7200, 7200, 'NEWEST_COMPLETE', true, 3600, $4, 'bench', $4) RETURNING id`, [`plan-${index}`, source.id, target.id, new Date()]);
  if (plan === undefined) throw new Error('A plan was not written');
  return plan.id;
}

export const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? NaN;
};
