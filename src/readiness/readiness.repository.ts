import { Injectable } from '@nestjs/common';
import type { ClusterOrigin, ConditionState } from '../fleet/fleet.types.js';
import type { Belief, BeliefReason } from '../backups/backups.types.js';
import { labels } from '../common/rhacm-names.js';
import { PrismaService } from '../database/prisma.service.js';
import { Sql, type SqlRunner } from '../database/sql.js';
import type { AcmRestoreFacts } from '../fleet/facts.types.js';
import type { Fencing, Prerequisite, Reachability, StorageFacts } from '../hubs/hubs.types.js';
import type { RestoreOnHub } from '../recovery/restores/restores-on-hub.rules.js';
import type { ClusterFacts, TargetPath } from './cluster-verdict.rules.js';
import type { HubFacts, KnownCluster, ScheduleFacts } from './plan-verdict.rules.js';
import { clusterFromJson, findingsFromJson } from './stored-findings.rules.js';
import type { ClusterReadinessRow, ClusterVerdict, Finding, Verdict } from './readiness.types.js';
import type { SetCandidate } from './usable-set.rules.js';

/** The kinds on whose freshness verdicts rest. */
const DECISIVE_KINDS = ['MANAGED_CLUSTER', 'TOKEN_SECRET', 'VELERO_BACKUP'] as const;
/** Sets looked at for the newest usable one: a month of hourly sets. */
const MAX_SETS = 1000;

export interface PlanRow {
  readonly id: string;
  readonly sourceHubId: string;
  readonly targetHubId: string;
  readonly rpoSeconds: number;
  readonly rtoSeconds: number;
  /** ASSUMED | PROBED */
  readonly reachability: string;
}

export type SetRow = SetCandidate & { readonly status: string; readonly managedClustersStartedAt: Date | null; readonly completedAt: Date | null };

export type ClusterRow = ClusterFacts & KnownCluster & { readonly id: string };

export interface SavedPlanReadiness {
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  readonly setId: string | null;
  readonly factsAt: Date | null;
  readonly since: Date;
  readonly computedAt: Date;
}

export interface SavedClusterReadiness {
  readonly cluster: string;
  readonly origin: ClusterOrigin;
  readonly verdict: ClusterVerdict;
  readonly code: string | null;
  readonly findings: readonly Finding[];
  readonly setId: string | null;
  readonly since: Date;
}

/** What one computation read under the plan's lock, and how it writes the result. */
export interface ReadinessWork {
  readonly savedPlan: SavedPlanReadiness | null;
  readonly savedClusters: readonly SavedClusterReadiness[];
  write(plan: SavedPlanReadiness, changed: readonly SavedClusterReadiness[], gone: readonly string[]): Promise<void>;
}

/** Reads what other features wrote, for verdicts alone; writes plan_readiness and cluster_readiness. */
@Injectable()
export class ReadinessRepository {
  constructor(
    private readonly prisma: PrismaService,
    private readonly sql: Sql,
  ) {}

  /** null: there is no such plan */
  async plan(planId: string): Promise<PlanRow | null> {
    return this.prisma.recoveryPlan.findUnique({ where: { id: planId }, select: { id: true, sourceHubId: true, targetHubId: true, rpoSeconds: true, rtoSeconds: true, reachability: true } });
  }

  /** Ids of the plans that are not archived; of one hub where given. */
  async planIds(hubId?: string): Promise<string[]> {
    const rows = await this.prisma.recoveryPlan.findMany({
      where: { archivedAt: null, ...(hubId === undefined ? {} : { OR: [{ sourceHubId: hubId }, { targetHubId: hubId }] }) },
      select: { id: true },
    });
    return rows.map((row) => row.id);
  }

  /** @param owner cluster id of the hub whose backups matter; @returns null: there is no such hub */
  async hub(hubId: string, owner?: string | null): Promise<HubFacts | null> {
    const row = await this.prisma.hub.findUnique({ where: { id: hubId }, include: { prerequisites: true } });
    if (row === null) return null;
    const [schedules, restores, shown, heardAt, tookOver] = await Promise.all([
      this.schedules(hubId), this.restores(hubId), this.shown(hubId, owner === undefined ? row.clusterId : owner), this.heardAt(hubId), this.tookOver(hubId),
    ]);
    return {
      id: row.id, name: row.name, clusterId: row.clusterId, reachability: row.reachability as Reachability, unreachableSince: row.unreachableSince, lastErrorCode: row.lastErrorCode,
      fencing: row.fencing as Fencing, fencingChangedAt: row.fencingChangedAt, storage: row.storage as unknown as StorageFacts[] | null,
      prerequisites: row.prerequisites as Prerequisite[], schedules, restores, shown, heardAt, tookOver,
    };
  }

  private schedules(hubId: string): Promise<ScheduleFacts[]> {
    return this.prisma.backupSchedule.findMany({ where: { hubId }, select: { name: true, phase: true, lastMessage: true, paused: true, veleroPaused: true }, orderBy: { name: 'asc' } });
  }

  private async restores(hubId: string): Promise<RestoreOnHub[]> {
    const rows = await this.prisma.hubObject.findMany({ where: { hubId, kind: 'ACM_RESTORE' }, select: { name: true, facts: true }, orderBy: { name: 'asc' } });
    return rows.map(({ name, facts }) => ({ name, ...(facts as unknown as AcmRestoreFacts) }));
  }

  private async shown(hubId: string, owner: string | null): Promise<Map<string, string | null>> {
    if (owner === null) return new Map();
    const rows = await this.prisma.backup.findMany({ where: { hubId, ownerClusterId: owner }, select: { name: true, phase: true } });
    return new Map(rows.map((row) => [row.name, row.phase]));
  }

  /** The oldest of the last words; a kind that the hub does not serve has nothing to say. */
  private async heardAt(hubId: string): Promise<Date | null> {
    const rows = await this.prisma.hubWatch.findMany({ where: { hubId, kind: { in: [...DECISIVE_KINDS] } }, select: { phase: true, listedAt: true, heardAt: true } });
    if (rows.length < DECISIVE_KINDS.length) return null;
    const heard = rows.filter((row) => row.phase !== 'ABSENT').map((row) => (row.listedAt === null ? null : row.heardAt));
    return heard.reduce<Date | null>((oldest, one) => (oldest === null || one === null ? null : one < oldest ? one : oldest), heard[0] ?? null);
  }

  /** The last ended failover that touched it made it the hub of a fleet. */
  private async tookOver(hubId: string): Promise<boolean> {
    const last = await this.prisma.failoverHub.findFirst({
      where: { hubId, failover: { status: { in: ['COMPLETED', 'COMPLETED_WITH_EXCEPTIONS'] } } },
      orderBy: { failover: { finishedAt: 'desc' } },
      select: { role: true },
    });
    return last?.role === 'TARGET';
  }

  /** Newest first. */
  async sets(ownerClusterId: string | null): Promise<SetRow[]> {
    if (ownerClusterId === null) return [];
    return this.prisma.backupSet.findMany({
      where: { ownerClusterId, startedAt: { not: null } },
      select: {
        id: true, credentialsBackup: true, resourcesBackup: true, genericBackup: true, managedClustersBackup: true, status: true, startedAt: true, managedClustersStartedAt: true, completedAt: true, expiresAt: true,
      },
      orderBy: { startedAt: 'desc' },
      take: MAX_SETS,
    });
  }

  set(setId: string): Promise<SetRow | null> {
    return this.prisma.backupSet.findUnique({ where: { id: setId } });
  }

  /** A hub's clusters with their tokens, as they are and as the set holds them; of one cluster where named. */
  async clusters(hubId: string, setId: string | null, name?: string): Promise<ClusterRow[]> {
    const one = name === undefined ? {} : { cluster: name };
    const [clusters, tokens, inSet, held, disabled, accounts] = await Promise.all([
      this.prisma.managedCluster.findMany({
        where: { hubId, ...(name === undefined ? {} : { name }) },
        select: { id: true, name: true, origin: true, openshiftId: true, labels: true, apiUrl: true, available: true, availableSince: true, createdOnHubAt: true },
        orderBy: { name: 'asc' },
      }),
      this.prisma.autoImportToken.findMany({ where: { hubId, ...one }, select: { cluster: true, account: true, secretPresent: true, bindingPresent: true, problemSince: true } }),
      setId === null ? [] : this.prisma.backupSetToken.findMany({ where: { setId, ...one }, select: { cluster: true, account: true, belief: true, reason: true, expiresAt: true, refreshedAt: true, evidence: true } }),
      setId === null ? [] : this.prisma.backupSetCluster.findMany({ where: { setId, ...one }, select: { cluster: true, belief: true, evidence: true, apiUrlKnown: true, apiUrl: true } }),
      this.prisma.hubObject.findMany({ where: { hubId, kind: 'MANAGED_CLUSTER', facts: { path: ['importDisabled'], equals: true }, ...(name === undefined ? {} : { name }) }, select: { name: true } }),
      this.accounts(hubId, name ?? null),
    ]);
    const importDisabled = new Set(disabled.map((row) => row.name));
    const live = Map.groupBy(tokens, (token) => token.cluster);
    const inside = Map.groupBy(inSet, (token) => token.cluster);
    const heldByName = new Map(held.map(({ cluster, belief, ...row }) => [cluster, { held: { ...row, belief: belief as Belief } }]));
    return clusters.map((row) => ({
      id: row.id, name: row.name, openshiftId: row.openshiftId, apiUrl: row.apiUrl, availableSince: row.availableSince, createdOnHubAt: row.createdOnHubAt,
      origin: row.origin as ClusterOrigin,
      available: row.available as ConditionState,
      isLocal: row.origin === 'LOCAL',
      excludedFromBackup: labelOf(row.labels, labels.excludeFromBackup) === 'true',
      importDisabled: importDisabled.has(row.name),
      restoredFromBackup: labelOf(row.labels, labels.veleroBackupName),
      tokens: (live.get(row.name) ?? []).map((token) => ({ ...token, accountSince: accounts.get(`${row.name}/${token.account}`) ?? null })),
      inSet: (inside.get(row.name) ?? []).map((token) => ({ ...token, belief: token.belief as Belief, reason: token.reason as BeliefReason | null })),
      ...heldByName.get(row.name),
    }));
  }

  /** Since when each account has existed, by `cluster/account`; of one whose creation cannot be read, since ever. */
  private async accounts(hubId: string, cluster: string | null): Promise<Map<string, Date>> {
    const rows = await this.sql.query<{ key: string; since: string | null }>(
      `SELECT namespace || '/' || name AS key, facts->>'createdAt' AS since FROM hub_object WHERE hub_id = $1 AND kind = 'ACCOUNT' AND ($2::text IS NULL OR namespace = $2)`, [hubId, cluster]);
    return new Map(rows.map(({ key, since }) => [key, new Date(since ?? 0)]));
  }

  /** What the last probes found of the ways from the plan's target to the source's clusters, by cluster. */
  async paths(planId: string): Promise<Map<string, TargetPath>> {
    const rows = await this.prisma.targetPath.findMany({ where: { planId }, select: { cluster: true, state: true, detail: true, checkedAt: true } });
    return new Map(rows.map(({ cluster, state, ...rest }) => [cluster, { state: state as TargetPath['state'], ...rest }]));
  }

  /** Runs `compute` alone for its plan, on what was saved before. */
  async alone<T>(planId: string, compute: (work: ReadinessWork) => Promise<T>): Promise<T> {
    return this.sql.transaction(async (sql) => {
      await sql.query(`SELECT pg_advisory_xact_lock(hashtextextended('readiness/' || $1, 0))`, [planId]);
      const [plan] = await sql.query<SavedPlanRow>(SAVED_PLAN, [planId]);
      const clusters = await sql.query<SavedClusterRow>(SAVED_CLUSTERS, [planId]);
      return compute({
        savedPlan: plan === undefined ? null : { ...plan, findings: findingsFromJson(plan.findings) },
        savedClusters: clusters.map((row) => ({ ...row, findings: findingsFromJson(row.findings) })),
        write: (result, changed, gone) => write(sql, planId, result, changed, gone),
      });
    });
  }

  async saved(planId: string): Promise<SavedPlanReadiness | null> {
    const [plan] = await this.sql.query<SavedPlanRow>(SAVED_PLAN, [planId]);
    return plan === undefined ? null : { ...plan, findings: findingsFromJson(plan.findings) };
  }

  /** How many clusters each verdict has. */
  async countsByVerdict(planId: string): Promise<Partial<Record<ClusterVerdict, number>>> {
    const rows = await this.sql.query<{ verdict: ClusterVerdict; count: number }>(
      'SELECT verdict, count(*)::int AS count FROM cluster_readiness WHERE plan_id = $1 GROUP BY verdict', [planId]);
    return Object.fromEntries(rows.map((row) => [row.verdict, row.count]));
  }

  /** How many clusters each finding concerns. */
  countsByCode(planId: string): Promise<{ code: string; severity: string; verdict: string; count: number }[]> {
    return this.sql.query(
      `SELECT finding->>'code' AS code, finding->>'severity' AS severity, finding->>'verdict' AS verdict, count(*)::int AS count
       FROM cluster_readiness, jsonb_array_elements(findings) AS finding WHERE plan_id = $1 GROUP BY 1, 2, 3`, [planId]);
  }

  /** Of one cluster of a hub, under every plan that names the hub as source. */
  async ofCluster(hubId: string, cluster: string): Promise<ClusterReadinessRow[]> {
    const rows = await this.prisma.clusterReadiness.findMany({
      where: { cluster, plan: { sourceHubId: hubId, archivedAt: null } },
      orderBy: { planId: 'asc' },
    });
    return rows.map((row) => clusterFromJson(row, row.computedAt));
  }

  async cluster(clusterId: string): Promise<{ id: string; hubId: string; name: string } | null> {
    return this.prisma.managedCluster.findUnique({ where: { id: clusterId }, select: { id: true, hubId: true, name: true } });
  }
}

const labelOf = (stored: unknown, key: string): string | null => {
  if (typeof stored !== 'object' || stored === null || !Object.hasOwn(stored, key)) return null;
  const value = (stored as Record<string, unknown>)[key];
  return typeof value === 'string' ? value : null;
};

type SavedPlanRow = Omit<SavedPlanReadiness, 'findings'> & { findings: unknown };
type SavedClusterRow = Omit<SavedClusterReadiness, 'findings'> & { findings: unknown };

const SAVED_PLAN = `SELECT verdict, findings, set_id AS "setId", facts_at AS "factsAt", since, computed_at AS "computedAt" FROM plan_readiness WHERE plan_id = $1`;
const SAVED_CLUSTERS = `SELECT cluster, origin, verdict, code, findings, set_id AS "setId", since FROM cluster_readiness WHERE plan_id = $1`;
const WRITE_PLAN = `
  INSERT INTO plan_readiness (plan_id, verdict, findings, set_id, facts_at, since, computed_at) VALUES ($1, $2, $3::jsonb, $4, $5, $6, $7)
  ON CONFLICT (plan_id) DO UPDATE SET verdict = excluded.verdict, findings = excluded.findings, set_id = excluded.set_id, facts_at = excluded.facts_at,
    since = excluded.since, computed_at = excluded.computed_at`;
const WRITE_CLUSTERS = `
  INSERT INTO cluster_readiness (plan_id, cluster, origin, verdict, code, findings, set_id, since, computed_at)
  SELECT $1, row.cluster, row.origin, row.verdict, row.code, row.findings, row.set_id, row.since, $3
  FROM jsonb_to_recordset($2::jsonb) AS row (cluster text, origin text, verdict text, code text, findings jsonb, set_id uuid, since timestamptz)
  ON CONFLICT (plan_id, cluster) DO UPDATE SET origin = excluded.origin, verdict = excluded.verdict, code = excluded.code, findings = excluded.findings,
    set_id = excluded.set_id, since = excluded.since, computed_at = excluded.computed_at`;

/** The hour's point: the last of it, and the worst. The counts are the table's own, so that points and rows never disagree. */
const WRITE_HOUR = `
  INSERT INTO plan_readiness_hour (plan_id, hour, verdict, worst_verdict, ready, at_risk, not_ready, unknown, not_needed, fewest_recoverable, set_id, facts_at, computed_at)
  SELECT $1, date_trunc('hour', $5::timestamptz, 'UTC'), $2, $2, ready, at_risk, not_ready, unknown, not_needed, ready + at_risk, $3, $4, $5
  FROM (SELECT count(*) FILTER (WHERE verdict = 'READY') AS ready, count(*) FILTER (WHERE verdict = 'AT_RISK') AS at_risk, count(*) FILTER (WHERE verdict = 'NOT_READY') AS not_ready,
    count(*) FILTER (WHERE verdict = 'UNKNOWN') AS unknown, count(*) FILTER (WHERE verdict = 'NOT_NEEDED') AS not_needed FROM cluster_readiness WHERE plan_id = $1) AS counted
  ON CONFLICT (plan_id, hour) DO UPDATE SET verdict = excluded.verdict, ready = excluded.ready, at_risk = excluded.at_risk, not_ready = excluded.not_ready, unknown = excluded.unknown,
    not_needed = excluded.not_needed, set_id = excluded.set_id, facts_at = excluded.facts_at, computed_at = excluded.computed_at,
    fewest_recoverable = least(plan_readiness_hour.fewest_recoverable, excluded.fewest_recoverable),
    worst_verdict = CASE WHEN array_position($6::text[], excluded.verdict) < array_position($6::text[], plan_readiness_hour.worst_verdict) THEN excluded.verdict ELSE plan_readiness_hour.worst_verdict END`;
const GRAVEST_FIRST: readonly Verdict[] = ['NOT_READY', 'UNKNOWN', 'AT_RISK', 'READY'];

async function write(sql: SqlRunner, planId: string, plan: SavedPlanReadiness, changed: readonly SavedClusterReadiness[], gone: readonly string[]): Promise<void> {
  await sql.execute(WRITE_PLAN, [planId, plan.verdict, JSON.stringify(plan.findings), plan.setId, plan.factsAt, plan.since, plan.computedAt]);
  if (changed.length > 0) {
    const rows = changed.map((row) => ({ ...row, set_id: row.setId }));
    await sql.execute(WRITE_CLUSTERS, [planId, JSON.stringify(rows), plan.computedAt]);
  }
  if (gone.length > 0) await sql.execute('DELETE FROM cluster_readiness WHERE plan_id = $1 AND cluster = ANY($2::text[])', [planId, gone]);
  await sql.execute(WRITE_HOUR, [planId, plan.verdict, plan.setId, plan.factsAt, plan.computedAt, GRAVEST_FIRST]);
}
