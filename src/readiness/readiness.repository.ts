import { Injectable } from '@nestjs/common';
import type { ClusterOrigin } from '../fleet/fleet.types.js';
import { accounts, cleanupBeforeRestore, labels } from '../common/rhacm-names.js';
import { PrismaService } from '../database/prisma.service.js';
import { Sql, type SqlRunner } from '../database/sql.js';
import type { ClusterFacts, ClusterInSet, LeftToken, LiveToken, TargetPath, TargetPaths, TokenCheck, TokenInSet } from './cluster-verdict.rules.js';
import type { KnownCluster } from './plan-verdict.rules.js';
import { clusterFromJson, findingsFromJson, type StoredCluster } from './stored-findings.rules.js';
import type { ClusterReadinessRow, ClusterVerdict, CodeCount, Finding, Verdict, VerdictCounts } from './readiness.types.js';
import { codesInOrder, countsOf } from './summary.rules.js';

/** When more clusters of a plan are due than this, all are. */
const MAX_DUE = 1_000;

export interface PlanRow {
  readonly id: string;
  readonly sourceHubId: string;
  readonly targetHubId: string;
  readonly rpoSeconds: number;
  readonly rtoSeconds: number;
  /** ASSUMED | PROBED */
  readonly reachability: string;
  readonly probeIntervalSeconds: number;
  readonly deepCheck: boolean;
}

/** What is known of a plan's target, beside the hub itself. */
export type KnownOfTarget = Pick<TargetPaths, 'byCluster' | 'left'>;

export type ClusterRow = ClusterFacts & KnownCluster & { readonly id: string };

export interface SavedPlanReadiness {
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  readonly setId: string | null;
  readonly factsAt: Date | null;
  readonly since: Date;
  readonly computedAt: Date;
  readonly counts: VerdictCounts;
  readonly byCode: readonly CodeCount[];
  /** What all its clusters' verdicts rest on alike; null: an older release has computed them */
  readonly basis: string | null;
  /** When all its clusters were last worked out; null: by an older release */
  readonly wholeAt: Date | null;
}

export interface SavedClusterReadiness {
  readonly cluster: string;
  readonly origin: ClusterOrigin;
  readonly verdict: ClusterVerdict;
  readonly code: string | null;
  readonly findings: readonly Finding[];
  readonly setId: string | null;
  readonly since: Date;
  /** When the passing of time alone may change the verdict; null: never */
  readonly recheckAt: Date | null;
}

/** One computation, alone for its plan. All on one connection, so that however many compute none waits for a second one. */
export interface ReadinessWork {
  readonly savedPlan: SavedPlanReadiness | null;
  /** Takes the clusters on which something was told, or time has passed. To be called before facts are read. @returns null: all */
  takeDue(now: Date): Promise<readonly string[] | null>;
  /** @param clusters of these alone; null: of all */
  savedClusters(clusters: readonly string[] | null): Promise<SavedClusterReadiness[]>;
  clusters(hubId: string, restored: RestoredSets, clusters: readonly string[] | null): Promise<ClusterRow[]>;
  /** @param setId whose tokens write over what lies on the target; null: what lies there of all */
  paths(clusters: readonly string[] | null, setId: string | null): Promise<KnownOfTarget>;
  write(plan: SavedPlanReadiness, changed: readonly SavedClusterReadiness[], gone: readonly string[]): Promise<void>;
}

/** Ids of the sets of which a restore would take parts; null: of none. */
export interface RestoredSets {
  /** Whose credentials */
  readonly tokens: string | null;
  /** Whose managed clusters */
  readonly clusters: string | null;
}

export const NO_SETS: RestoredSets = { tokens: null, clusters: null };
export const wholeSet = (setId: string | null): RestoredSets => ({ tokens: setId, clusters: setId });

const PLAN = `
  SELECT id, source_hub_id AS "sourceHubId", target_hub_id AS "targetHubId", rpo_seconds AS "rpoSeconds", rto_seconds AS "rtoSeconds", reachability, probe_interval_seconds AS "probeIntervalSeconds", deep_check AS "deepCheck"
  FROM recovery_plan WHERE id = $1`;

/** Reads what other features wrote, for verdicts alone; writes plan_readiness and cluster_readiness. */
@Injectable()
export class ReadinessRepository {
  constructor(
    private readonly prisma: PrismaService,
    private readonly sql: Sql,
  ) {}

  /** Reads for many questions at once. */
  joined(): ReadinessRepository {
    return new ReadinessRepository(this.prisma, this.sql.joined());
  }

  /** null: there is no such plan */
  async plan(planId: string): Promise<PlanRow | null> {
    return (await this.sql.query<PlanRow>(PLAN, [planId]))[0] ?? null;
  }

  /** Ids of the plans that are not archived; of one hub where given. */
  async planIds(hubId?: string): Promise<string[]> {
    const rows = await this.prisma.recoveryPlan.findMany({
      where: { archivedAt: null, ...(hubId === undefined ? {} : { OR: [{ sourceHubId: hubId }, { targetHubId: hubId }] }) },
      select: { id: true },
    });
    return rows.map((row) => row.id);
  }

  /** A hub's clusters with their tokens, as they are and as the sets hold them; of some alone where named. */
  clusters(hubId: string, restored: RestoredSets, names: readonly string[] | null = null): Promise<ClusterRow[]> {
    return readClusters(this.sql, hubId, restored, names);
  }

  /**
   * Of the clusters of a plan's hubs those that findings on the plan rest on: those whose names both hubs know, the hubs' own, those that the
   * target has from a backup, and of the source's others one, which stands for that there are any.
   */
  async namedClusters(sourceHubId: string, targetHubId: string): Promise<{ source: KnownCluster[]; target: KnownCluster[] }> {
    const rows = await this.sql.query<KnownCluster & { hubId: string }>(
      `WITH shared AS MATERIALIZED (SELECT name FROM managed_cluster AS cluster JOIN managed_cluster AS other USING (name) WHERE cluster.hub_id = $1 AND other.hub_id = $2)
       SELECT hub_id AS "hubId", ${KNOWN} FROM managed_cluster AS cluster WHERE hub_id IN ($1, $2) AND name IN (SELECT name FROM shared)
       UNION SELECT hub_id, ${KNOWN} FROM managed_cluster AS cluster WHERE hub_id IN ($1, $2) AND origin = 'LOCAL'
       UNION SELECT hub_id, ${KNOWN} FROM managed_cluster AS cluster WHERE hub_id = $2 AND labels ? '${labels.veleroBackupName}'
       UNION (SELECT hub_id, ${KNOWN} FROM managed_cluster AS cluster WHERE hub_id = $1 ORDER BY name LIMIT 1) ORDER BY name`, [sourceHubId, targetHubId]);
    return { source: rows.filter((row) => row.hubId === sourceHubId), target: rows.filter((row) => row.hubId === targetHubId) };
  }

  /** What the last probes found of the ways from the plan's target to the source's clusters, and the tokens that lie there. */
  paths(planId: string): Promise<KnownOfTarget> {
    return readTarget(this.sql, planId, null, null);
  }

  /** Runs `compute` alone for its plan. */
  async alone<T>(planId: string, compute: (work: ReadinessWork) => Promise<T>): Promise<T> {
    return this.sql.transaction(async (sql) => {
      await sql.query(`SELECT pg_advisory_xact_lock(hashtextextended('readiness/' || $1, 0))`, [planId]);
      const savedPlan = await savedOf(sql, planId);
      return compute({
        savedPlan,
        takeDue: (now) => takeDue(sql, planId, now),
        savedClusters: async (clusters) => (await sql.query<SavedClusterRow>(SAVED_CLUSTERS, [planId, clusters])).map((row) => ({ ...row, findings: findingsFromJson(row.findings) })),
        clusters: (hubId, restored, clusters) => readClusters(sql, hubId, restored, clusters),
        paths: (clusters, setId) => readTarget(sql, planId, clusters, setId),
        write: (plan, changed, gone) => write(sql, planId, plan, changed, gone),
      });
    });
  }

  /** null: it has not been computed, or by an older release */
  saved(planId: string): Promise<SavedPlanReadiness | null> {
    return savedOf(this.sql, planId);
  }

  /** By plan; of one that has not been computed: nothing. */
  async savedOfPlans(planIds: readonly string[]): Promise<Map<string, SavedPlanReadiness>> {
    const rows = await this.sql.query<SavedPlanRow>(SAVED_PLAN, [planIds]);
    return new Map(rows.map((row) => [row.planId, savedFrom(row)]));
  }

  /** Plans with what was computed of them, if anything was. */
  async withSaved(planIds: readonly string[]): Promise<(Pick<PlanRow, 'id' | 'rpoSeconds' | 'rtoSeconds'> & { readonly saved: SavedPlanReadiness | null })[]> {
    const rows = await this.sql.query<Pick<PlanRow, 'id' | 'rpoSeconds' | 'rtoSeconds'> & (SavedPlanRow | { readonly planId: null })>(PLANS_WITH_SAVED, [planIds]);
    return rows.map(({ id, rpoSeconds, rtoSeconds, ...row }) => ({ id, rpoSeconds, rtoSeconds, saved: row.planId === null ? null : savedFrom(row) }));
  }

  /** Some clusters, each under every plan that names its hub as source; by plan. */
  async ofClusters(clusterIds: readonly string[]): Promise<(ClusterReadinessRow & { clusterId: string })[]> {
    const rows = await this.sql.query<StoredCluster & { clusterId: string; computedAt: Date }>(
      `SELECT cluster.id AS "clusterId", row.plan_id AS "planId", row.cluster, row.origin, row.verdict, row.code, row.findings, row.set_id AS "setId", row.since, row.computed_at AS "computedAt"
       FROM managed_cluster AS cluster JOIN recovery_plan AS plan ON plan.source_hub_id = cluster.hub_id AND plan.archived_at IS NULL
       JOIN cluster_readiness AS row ON row.plan_id = plan.id AND row.cluster = cluster.name WHERE cluster.id = ANY($1::uuid[]) ORDER BY row.plan_id`, [clusterIds]);
    return rows.map((row) => ({ ...clusterFromJson(row, row.computedAt), clusterId: row.clusterId }));
  }

  clustersById(clusterIds: readonly string[]): Promise<{ id: string; hubId: string; name: string }[]> {
    return this.prisma.managedCluster.findMany({ where: { id: { in: [...clusterIds] } }, select: { id: true, hubId: true, name: true } });
  }
}

const LABEL = (key: string): string => `cluster.labels->>'${key}'`;
const KNOWN = `cluster.name, cluster.openshift_id AS "openshiftId", cluster.origin = 'LOCAL' AS "isLocal", COALESCE(${LABEL(labels.excludeFromBackup)} = 'true', false) AS "excludedFromBackup",
  ${LABEL(labels.veleroBackupName)} AS "restoredFromBackup"`;

/** What verdicts on clusters rest on. The triggers of migration 0033 wake a verdict when something of this changes: whoever reads more tells them. */
async function readClusters(sql: SqlRunner, hubId: string, restored: RestoredSets, names: readonly string[] | null): Promise<ClusterRow[]> {
  type Named<T> = T & { readonly cluster: string };
  const clusters = await sql.query<Omit<ClusterRow, 'tokens' | 'inSet' | 'held' | 'hive'> & HiveTold>(
    `SELECT cluster.id, cluster.origin, cluster.api_url AS "apiUrl", cluster.available, cluster.available_since AS "availableSince", cluster.created_on_hub_at AS "createdOnHubAt", ${KNOWN},
       told.name IS NOT NULL AS "importDisabled", cluster.origin = 'HIVE' AND COALESCE(hub.setup->'hive'->>'is' = 'READ', false) AS "hiveKnown",
       COALESCE(hub.setup->'hive'->'value'->'notPreserved' ? cluster.name, false) AS unpreserved,
       COALESCE(hub.setup->'hive'->'value'->'kubeconfigNotInBackup' ? cluster.name, false) AS "noKubeconfig", hub.inspected_at AS "inspectedAt"
     FROM managed_cluster AS cluster JOIN hub ON hub.id = cluster.hub_id
     LEFT JOIN hub_object AS told ON told.hub_id = $1 AND told.kind = 'MANAGED_CLUSTER' AND told.namespace = '' AND told.name = cluster.name AND told.facts->'importDisabled' = 'true'
     WHERE cluster.hub_id = $1 AND ($2::text[] IS NULL OR cluster.name = ANY($2)) ORDER BY cluster.name`, [hubId, names]);
  const tokens = await sql.query<Named<LiveToken> & { hasAccount: boolean; createdAt: string | null }>(
    `SELECT token.cluster, token.account, secret_present AS "secretPresent", binding_present AS "bindingPresent", problem_since AS "problemSince", early_refresh_at AS "earlyRefreshAt", told.name IS NOT NULL AS "hasAccount",
       told.facts->>'createdAt' AS "createdAt"
     FROM auto_import_token AS token LEFT JOIN hub_object AS told ON told.hub_id = $1 AND told.kind = 'ACCOUNT' AND told.namespace = token.cluster AND told.name = token.account
     WHERE token.hub_id = $1 AND ($2::text[] IS NULL OR token.cluster = ANY($2)) ORDER BY token.cluster, token.account`, [hubId, names]);
  const inSet = restored.tokens === null ? [] : await sql.query<Named<TokenInSet>>(
    `SELECT cluster, account, belief, reason, expires_at AS "expiresAt", refreshed_at AS "refreshedAt", evidence, expiry_doubt AS "expiryDoubt",
       CASE WHEN expiry_doubt IS NOT NULL THEN COALESCE((sources->'inferred'->>'doubtfulFrom')::timestamptz, expires_at) END AS "doubtfulFrom"
     FROM backup_set_token WHERE set_id = $1 AND ($2::text[] IS NULL OR cluster = ANY($2)) ORDER BY cluster, account`, [restored.tokens, names]);
  const held = restored.clusters === null ? [] : await sql.query<Named<ClusterInSet>>(
    `SELECT cluster, belief, evidence, api_url_known AS "apiUrlKnown", api_url AS "apiUrl", import_disabled AS "importDisabled" FROM backup_set_cluster WHERE set_id = $1 AND ($2::text[] IS NULL OR cluster = ANY($2))`, [restored.clusters, names]);
  const live = Map.groupBy(tokens, ({ cluster }) => cluster);
  const inside = Map.groupBy(inSet, ({ cluster }) => cluster);
  const heldByName = new Map(held.map(({ cluster, ...row }) => [cluster, { held: row }]));
  return clusters.map(({ hiveKnown, unpreserved, noKubeconfig, inspectedAt, ...row }) => ({
    ...row,
    ...(hiveKnown ? { hive: { preserved: !unpreserved, kubeconfigInBackup: !noKubeconfig, checkedAt: inspectedAt } } : {}),
    // Of an account whose creation cannot be read: since ever
    tokens: (live.get(row.name) ?? []).map(({ cluster: _its, hasAccount, createdAt, ...token }) => ({ ...token, accountSince: hasAccount ? new Date(createdAt ?? 0) : null })),
    inSet: (inside.get(row.name) ?? []).map(({ cluster: _its, ...token }) => token),
    ...heldByName.get(row.name),
  }));
}

/** Hive's clusters are inspected with their hub: the whole computation of every few minutes takes up what has changed. */
interface HiveTold { readonly hiveKnown: boolean; readonly unpreserved: boolean; readonly noKubeconfig: boolean; readonly inspectedAt: Date | null }

async function readTarget(sql: SqlRunner, planId: string, names: readonly string[] | null, setId: string | null): Promise<KnownOfTarget> {
  return { byCluster: await readPaths(sql, planId, names), left: await readLeft(sql, planId, names, setId) };
}

/**
 * Tokens that earlier restores have left on the plan's target, but for those that the set writes over; none where a Restore there would take
 * them away. Nobody is told when they change: the whole computation of every few minutes takes that up.
 */
async function readLeft(sql: SqlRunner, planId: string, names: readonly string[] | null, setId: string | null): Promise<Map<string, LeftToken[]>> {
  const rows = await sql.query<{ cluster: string; account: string; expiresAt: string | null; refreshedAt: string | null }>(
    `SELECT secret.namespace AS cluster, secret.name AS account, secret.facts->>'expiresAt' AS "expiresAt", secret.facts->>'refreshedAt' AS "refreshedAt"
     FROM recovery_plan AS plan JOIN hub_object AS secret ON secret.hub_id = plan.target_hub_id AND secret.kind = 'TOKEN_SECRET' AND starts_with(secret.name, '${accounts.autoImport}')
       AND secret.facts->>'restoredFrom' IS NOT NULL AND secret.facts->>'deleting' = 'false' AND ($2::text[] IS NULL OR secret.namespace = ANY($2))
     WHERE plan.id = $1
       AND NOT EXISTS (SELECT FROM hub_object AS restore WHERE restore.hub_id = plan.target_hub_id AND restore.kind = 'ACM_RESTORE' AND COALESCE(restore.facts->>'cleanupBeforeRestore', '${cleanupBeforeRestore.none}') <> '${cleanupBeforeRestore.none}')
       AND NOT EXISTS (SELECT FROM backup_set_token AS inside WHERE inside.set_id = $3 AND inside.cluster = secret.namespace AND inside.account = secret.name AND inside.belief IN ('VERIFIED_IN', 'INFERRED_IN'))
     ORDER BY secret.namespace, secret.name`, [planId, names, setId]);
  const left = Map.groupBy(rows, ({ cluster }) => cluster);
  return new Map([...left].map(([cluster, tokens]) => [cluster, tokens.map(({ account, expiresAt, refreshedAt }) => ({ account, expiresAt: instant(expiresAt), refreshedAt: instant(refreshedAt) }))]));
}

const instant = (iso: string | null): Date | null => (iso === null ? null : new Date(iso));

async function readPaths(sql: SqlRunner, planId: string, names: readonly string[] | null): Promise<Map<string, TargetPath>> {
  const rows = await sql.query<Omit<TargetPath, 'deepCheck'> & { cluster: string } & DeepTold>(
    `SELECT cluster, state, detail, checked_at AS "checkedAt", since, CASE WHEN attempts > 0 THEN attempt_detail END AS "lastAttempt", deep_state AS "deepState", deep_detail AS "deepDetail",
       deep_at AS "deepAt", deep_since AS "deepSince", deep_account AS "deepAccount", deep_refreshed_at AS "deepRefreshedAt", deep_attempt AS "deepAttempt", deep_other AS "deepOther"
     FROM target_path WHERE plan_id = $1 AND ($2::text[] IS NULL OR cluster = ANY($2))`, [planId, names]);
  return new Map(rows.map(({ cluster, deepState, deepDetail, deepAt, deepSince, deepAccount, deepRefreshedAt, deepAttempt, deepOther, ...path }) => [cluster, {
    ...path,
    deepCheck: deepState === null || deepAt === null ? null : {
      state: deepState === 'UNREACHABLE' ? 'UNKNOWN' : deepState, detail: deepDetail ?? '', checkedAt: deepAt, since: deepSince, account: deepAccount, refreshedAt: deepRefreshedAt, lastAttempt: deepAttempt,
      other: deepOther === null ? null : { ...deepOther, refreshedAt: instant(deepOther.refreshedAt) },
    },
  }]));
}

interface DeepTold {
  readonly deepState: TokenCheck['state'] | 'UNREACHABLE' | null;
  readonly deepDetail: string | null;
  readonly deepAt: Date | null;
  readonly deepSince: Date | null;
  readonly deepAccount: string | null;
  readonly deepRefreshedAt: Date | null;
  readonly deepAttempt: string | null;
  readonly deepOther: { readonly account: string; readonly state: TokenCheck['state'] | 'UNREACHABLE'; readonly refreshedAt: string | null } | null;
}

type SavedPlanRow = Omit<SavedPlanReadiness, 'findings' | 'counts' | 'byCode'> & { planId: string; findings: unknown; counts: Partial<Record<ClusterVerdict, number>> | null; byCode: Counted[] | null };
type SavedClusterRow = Omit<SavedClusterReadiness, 'findings'> & { findings: unknown };
interface Counted { code: string; severity: string; verdict: string; count: number }

const SAVED = `plan_id AS "planId", verdict, findings, set_id AS "setId", facts_at AS "factsAt", since, computed_at AS "computedAt", counts, by_code AS "byCode", basis, whole_at AS "wholeAt"`;
const SAVED_PLAN = `SELECT ${SAVED} FROM plan_readiness WHERE plan_id = ANY($1::uuid[])`;
const PLANS_WITH_SAVED = `
  SELECT plan.id, plan.rpo_seconds AS "rpoSeconds", plan.rto_seconds AS "rtoSeconds", saved.* FROM recovery_plan AS plan LEFT JOIN (SELECT ${SAVED} FROM plan_readiness) AS saved ON saved."planId" = plan.id
  WHERE plan.id = ANY($1::uuid[])`;
const SAVED_CLUSTERS = `
  SELECT cluster, origin, verdict, code, findings, set_id AS "setId", since, recheck_at AS "recheckAt" FROM cluster_readiness WHERE plan_id = $1 AND ($2::text[] IS NULL OR cluster = ANY($2))`;

// Without counts it was computed by an older release, which waits for the next computation: its verdict's since is kept.
const savedFrom = ({ planId: _its, ...row }: SavedPlanRow): SavedPlanReadiness => ({
  ...row, findings: findingsFromJson(row.findings), counts: countsOf(row.counts ?? {}), byCode: codesInOrder(row.byCode ?? []), wholeAt: row.counts === null ? null : row.wholeAt,
});

async function savedOf(sql: SqlRunner, planId: string): Promise<SavedPlanReadiness | null> {
  const [row] = await sql.query<SavedPlanRow>(SAVED_PLAN, [[planId]]);
  return row === undefined ? null : savedFrom(row);
}

/** What is told after this was read stays due. */
async function takeDue(sql: SqlRunner, planId: string, now: Date): Promise<readonly string[] | null> {
  const rows = await sql.query<{ cluster: string | null }>(
    `WITH taken AS (DELETE FROM readiness_due WHERE plan_id = $1 RETURNING cluster)
     SELECT cluster FROM taken UNION SELECT cluster FROM cluster_readiness WHERE plan_id = $1 AND recheck_at <= $2`, [planId, now]);
  const names = rows.flatMap(({ cluster }) => (cluster === null ? [] : [cluster]));
  return names.length < rows.length || names.length > MAX_DUE ? null : names;
}

/** With the hour that it falls into: a row of the time series. */
const WRITE_PLAN = `
  WITH hour AS (
    INSERT INTO plan_readiness_hour (plan_id, hour, verdict, worst_verdict, ready, at_risk, not_ready, unknown, not_needed, fewest_recoverable, set_id, facts_at, computed_at)
    VALUES ($1, date_trunc('hour', $7::timestamptz, 'UTC'), $2, $2, $13, $14, $15, $16, $17, $13::int + $14::int, $4, $5, $7)
    ON CONFLICT (plan_id, hour) DO UPDATE SET verdict = excluded.verdict, ready = excluded.ready, at_risk = excluded.at_risk, not_ready = excluded.not_ready, unknown = excluded.unknown,
      not_needed = excluded.not_needed, set_id = excluded.set_id, facts_at = excluded.facts_at, computed_at = excluded.computed_at,
      fewest_recoverable = least(plan_readiness_hour.fewest_recoverable, excluded.fewest_recoverable),
      worst_verdict = CASE WHEN array_position($12::text[], excluded.verdict) < array_position($12::text[], plan_readiness_hour.worst_verdict) THEN excluded.verdict ELSE plan_readiness_hour.worst_verdict END
  )
  INSERT INTO plan_readiness (plan_id, verdict, findings, set_id, facts_at, since, computed_at, counts, by_code, basis, whole_at) VALUES ($1, $2, $3::jsonb, $4, $5, $6, $7, $8::jsonb, $9::jsonb, $10, $11)
  ON CONFLICT (plan_id) DO UPDATE SET verdict = excluded.verdict, findings = excluded.findings, set_id = excluded.set_id, facts_at = excluded.facts_at,
    since = excluded.since, computed_at = excluded.computed_at, counts = excluded.counts, by_code = excluded.by_code, basis = excluded.basis, whole_at = excluded.whole_at`;
const WRITE_CLUSTERS = `
  INSERT INTO cluster_readiness (plan_id, cluster, origin, verdict, code, findings, set_id, since, computed_at, recheck_at)
  SELECT $1, row.cluster, row.origin, row.verdict, row.code, row.findings, row.set_id, row.since, $3, row.recheck_at
  FROM jsonb_to_recordset($2::jsonb) AS row (cluster text, origin text, verdict text, code text, findings jsonb, set_id uuid, since timestamptz, recheck_at timestamptz)
  ON CONFLICT (plan_id, cluster) DO UPDATE SET origin = excluded.origin, verdict = excluded.verdict, code = excluded.code, findings = excluded.findings, set_id = excluded.set_id,
    since = excluded.since, computed_at = excluded.computed_at, recheck_at = excluded.recheck_at`;
const GRAVEST_FIRST: readonly Verdict[] = ['NOT_READY', 'UNKNOWN', 'AT_RISK', 'READY'];

async function write(sql: SqlRunner, planId: string, plan: SavedPlanReadiness, changed: readonly SavedClusterReadiness[], gone: readonly string[]): Promise<void> {
  const { verdict, setId, factsAt, since, computedAt, counts, byCode } = plan;
  if (changed.length > 0) {
    const rows = changed.map(({ setId: set_id, recheckAt, ...row }) => ({ ...row, set_id, recheck_at: recheckAt }));
    await sql.execute(WRITE_CLUSTERS, [planId, JSON.stringify(rows), computedAt]);
  }
  await sql.execute(WRITE_PLAN, [
    planId, verdict, JSON.stringify(plan.findings), setId, factsAt, since, computedAt, JSON.stringify(counts), JSON.stringify(byCode), plan.basis, plan.wholeAt,
    GRAVEST_FIRST, counts.READY, counts.AT_RISK, counts.NOT_READY, counts.UNKNOWN, counts.NOT_NEEDED,
  ]);
  // After the plan: what is told of them bears its moment
  if (gone.length > 0) await sql.execute('DELETE FROM cluster_readiness WHERE plan_id = $1 AND cluster = ANY($2::text[])', [planId, gone]);
}
