import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { eachAlone, inParallel } from '../common/in-parallel.js';
import { onlyPage, shapedPages, type ListRequest, type Page, type Sort } from '../common/paging.js';
import { ClusterNotFoundError } from '../fleet/fleet.errors.js';
import type { ClusterOrigin } from '../fleet/fleet.types.js';
import { HubNotFoundError } from '../hubs/hubs.errors.js';
import { PlanNotFoundError } from '../recovery/plans/plans.errors.js';
import { AcknowledgementsService } from './acknowledgements.service.js';
import { ClusterListRepository } from './cluster-list.repository.js';
import { assessCluster, type Basis, type ClusterAssessment } from './cluster-verdict.rules.js';
import { withSince, worstClusterVerdict } from './finding-order.rules.js';
import { HubWorldsRepository, type SetRow } from './hub-worlds.repository.js';
import { basisOfHub, hubFindings, overallVerdict, planFindings, type HubFacts } from './plan-verdict.rules.js';
import { ageSeconds, backupLabels, basisOfParts, momentOf, momentWith, PlanWorlds, restorable, summaryOf } from './plan-worlds.service.js';
import { ReadinessRepository, wholeSet, type ClusterRow, type PlanRow, type ReadinessWork, type RestoredSets, type SavedClusterReadiness, type SavedPlanReadiness } from './readiness.repository.js';
import type {
  ClusterGroup, ClusterGrouping, ClusterReadinessFilter, ClusterReadinessRow, ClusterReadinessSortField, ClusterReadinessView, ClusterVerdict, HubReadinessView, PlanReadinessView,
} from './readiness.types.js';
import { recheckAt } from './recheck.rules.js';
import { countCodes, countsOf, countVerdicts, score, tallyAfter, tallyOf, type Tally } from './summary.rules.js';

/** An answer younger than this is given as it is; one that is older is computed anew. */
const FRESH_MS = 5_000;
/** Of one question over many plans, which would else take every connection. */
const PLANS_AT_ONCE = 4;
/** Beyond what is told: all clusters of a plan are worked out this often, in case something was told to nobody. */
const WHOLE_EVERY_MS = 600_000;
const DAY_MS = 86_400_000;

/** What a hub's readiness is read by. */
interface HubReaders {
  readonly repository: ReadinessRepository;
  readonly hubs: HubWorldsRepository;
}

/** What readiness says of one cluster about a set that a failover has fixed. */
export interface ClusterPrediction {
  readonly cluster: string;
  readonly origin: ClusterOrigin;
  readonly verdict: ClusterVerdict;
  /** Of the finding that decides; null: none */
  readonly code: string | null;
}

/**
 * What a failover would bring, from facts that are in the database already: it asks no hub, since on the day that it counts one is down.
 *
 *   fleet, tokens, backups, hubs ──change──▶ compute-readiness {planId} ──▶ rules ──▶ plan_readiness, cluster_readiness
 *                   │                                ▲         ▲
 *                   │    a question, where the last answer is older than a few seconds; a sweep, since expiries pass by themselves
 *                   └──by triggers──▶ readiness_due {planId, cluster}: which clusters; the job is but the doorbell
 */
@Injectable()
export class ReadinessService {
  /** Questions that came while one was being answered share its answer: a computation is heavy, and the connections are few. */
  private readonly answering = new Map<string, Promise<SavedPlanReadiness>>();

  constructor(
    private readonly repository: ReadinessRepository,
    private readonly hubs: HubWorldsRepository,
    private readonly lists: ClusterListRepository,
    private readonly worlds: PlanWorlds,
    private readonly acknowledgements: AcknowledgementsService,
    private readonly clock: Clock,
  ) {}

  /** Computed anew where the last answer is older than a few seconds. @throws PlanNotFoundError */
  async forPlan(planId: string): Promise<PlanReadinessView> {
    const [view] = await this.forPlans([planId]);
    if (view == null) throw new PlanNotFoundError(planId);
    return view;
  }

  /** In the order of the ids, in as many statements for many plans as for one; null: there is no such plan. */
  async forPlans(planIds: readonly string[]): Promise<(PlanReadinessView | null)[]> {
    const [plans, acknowledged] = await Promise.all([this.repository.withSaved(planIds), this.acknowledgements.lookup(planIds)]);
    const results = await this.freshOf(new Map(plans.map(({ id, saved }) => [id, saved])));
    const sets = new Map((await this.hubs.setsById([...results.values()].flatMap(({ setId }) => setId ?? []))).map((set) => [set.id, set]));
    const now = this.clock.now();
    return planIds.map((planId) => {
      const [plan, result] = [plans.find(({ id }) => id === planId), results.get(planId)];
      if (plan === undefined || result === undefined) return null;
      const set = (result.setId === null ? null : sets.get(result.setId)) ?? null;
      const { verdict, since, counts, byCode, computedAt } = result;
      return {
        planId, verdict, since, counts, ...score(counts), byCode, findings: result.findings.map((finding) => acknowledged(planId, null, finding)), backupSet: set && summaryOf(set),
        rpoTargetSeconds: plan.rpoSeconds, rtoTargetSeconds: plan.rtoSeconds, rpoCurrentSeconds: ageSeconds(set?.startedAt ?? null, now), factsAgeSeconds: ageSeconds(result.factsAt, now), computedAt,
      };
    });
  }

  /** @throws PlanNotFoundError, CursorInvalidError */
  async clustersOfPlan(planId: string, filter: ClusterReadinessFilter, sort: Sort<ClusterReadinessSortField>, request: ListRequest): Promise<Page<ClusterReadinessRow>> {
    return onlyPage(await this.clustersOfMany([planId], filter, sort, request));
  }

  /** Of each plan, which there are, in the order of the ids; an error where the cursor is not of its list. */
  async clustersOfMany(planIds: readonly string[], filter: ClusterReadinessFilter, sort: Sort<ClusterReadinessSortField>, request: ListRequest): Promise<(Page<ClusterReadinessRow> | Error)[]> {
    const fresh = await this.freshOfMany(planIds);
    const computedAt = (planId: string): Date => fresh.get(planId)?.computedAt ?? this.clock.now();
    const [pages, acknowledged] = await Promise.all([this.lists.pages(planIds, computedAt, filter, sort, request), this.acknowledgements.lookup(planIds)]);
    return shapedPages(pages, (row) => ({ ...row, findings: row.findings.map((finding) => acknowledged(row.planId, row.cluster, finding)) }));
  }

  /** All, by name, some at a time: what the reader does not take is not read. @throws PlanNotFoundError */
  async exportClusters(planId: string, filter: ClusterReadinessFilter): Promise<AsyncIterable<readonly ClusterReadinessRow[]>> {
    const { computedAt } = await this.fresh(planId);
    return this.lists.all(planId, computedAt, filter);
  }

  /** Verdicts counted by a property, most clusters first. @param label for LABEL: the label's key. @throws PlanNotFoundError */
  async groups(planId: string, by: ClusterGrouping, label: string | null, filter: ClusterReadinessFilter): Promise<ClusterGroup[]> {
    return (await this.groupsOfMany([planId], by, label, filter))[0] ?? [];
  }

  /** Of each plan, which there are, in the order of the ids. */
  async groupsOfMany(planIds: readonly string[], by: ClusterGrouping, label: string | null, filter: ClusterReadinessFilter): Promise<ClusterGroup[][]> {
    await this.freshOfMany(planIds);
    const byPlan = Map.groupBy(await this.lists.groups(planIds, by, label, filter), (row) => row.planId);
    return planIds.map((planId) => (byPlan.get(planId) ?? []).map(({ value, counts: found }) => {
      const counts = countsOf(found);
      return { value, counts, clusters: Object.values(counts).reduce((sum, count) => sum + count, 0) };
    }));
  }

  /** @throws HubNotFoundError */
  async forHub(hubId: string): Promise<HubReadinessView> {
    return this.hubReadiness(hubId, { repository: this.repository, hubs: this.hubs });
  }

  /** Of each hub, in the order of the ids, in as many statements as of one; an error where there is no such hub. */
  forHubs(hubIds: readonly string[]): Promise<(HubReadinessView | Error)[]> {
    const readers = this.joinedReaders();
    return eachAlone(hubIds, (hubId) => this.hubReadiness(hubId, readers));
  }

  private async hubReadiness(hubId: string, readers: HubReaders): Promise<HubReadinessView> {
    const { hub, set, basis } = await this.hubWorld(hubId, readers);
    const now = this.clock.now();
    const clusters = (await readers.repository.clusters(hubId, wholeSet(set?.id ?? null))).map((cluster) => assessCluster(cluster, basis, { now, horizonMs: DAY_MS }));
    const counts = countVerdicts(clusters.map((one) => one.verdict));
    const findings = withSince(hubFindings(hub, basis, set, now), [], now);
    return {
      hubId, verdict: overallVerdict(counts, findings), counts, ...score(counts), byCode: countCodes(clusters.flatMap((one) => one.findings)), findings, backupSet: set && summaryOf(set),
      rpoCurrentSeconds: ageSeconds(set?.startedAt ?? null, now), factsAgeSeconds: ageSeconds(hub.heardAt, now), computedAt: now,
    };
  }

  /** @throws ClusterNotFoundError */
  async forCluster(clusterId: string): Promise<ClusterReadinessView> {
    const [view] = await this.forClusters([clusterId]);
    if (view == null) throw new ClusterNotFoundError(clusterId);
    return view;
  }

  /** In the order of the ids, in as many statements for many as for one. null: there is no such cluster. */
  async forClusters(clusterIds: readonly string[]): Promise<(ClusterReadinessView | null)[]> {
    const [clusters, rows] = await Promise.all([this.repository.clustersById(clusterIds), this.repository.ofClusters(clusterIds)]);
    const acknowledged = await this.acknowledgements.lookup([...new Set(rows.map(({ planId }) => planId))]);
    const byCluster = Map.groupBy(rows, ({ clusterId }) => clusterId);
    const views = new Map<string, ClusterReadinessView>();
    for (const { id, name, hubId } of clusters) {
      const byPlan = (byCluster.get(id) ?? []).map(({ clusterId: _its, ...row }) => ({ ...row, findings: row.findings.map((finding) => acknowledged(row.planId, row.cluster, finding)) }));
      if (byPlan.length === 0) continue;
      const verdict = worstClusterVerdict(byPlan.map((row) => row.verdict));
      views.set(id, { clusterId: id, cluster: name, hubId, byPlan, verdict, findings: byPlan.find((row) => row.verdict === verdict)?.findings ?? [] });
    }
    const unplanned = Map.groupBy(clusters.filter(({ id }) => !views.has(id)), (cluster) => cluster.hubId);
    const readers = this.joinedReaders();
    await Promise.all([...unplanned].map(async ([hubId, own]) => {
      const { set, basis } = await this.hubWorld(hubId, readers);
      const now = this.clock.now();
      for (const facts of await readers.repository.clusters(hubId, wholeSet(set?.id ?? null), own.map(({ name }) => name))) {
        const { verdict, findings } = assessCluster(facts, basis, { now, horizonMs: DAY_MS });
        views.set(facts.id, { clusterId: facts.id, cluster: facts.name, hubId, byPlan: [], verdict, findings: withSince(findings, [], now) });
      }
    }));
    return clusterIds.map((id) => views.get(id) ?? null);
  }

  /**
   * Works out the verdict on a plan, and those on its clusters of which something was told, or time has passed; on all of them where what they
   * rest on alike is another now, and every few minutes. Writes what changed.
   * @param whole all clusters. @throws PlanNotFoundError
   */
  async compute(planId: string, { whole = false }: { whole?: boolean } = {}): Promise<SavedPlanReadiness> {
    const plan = await this.worlds.plan(planId);
    const now = this.clock.now();
    const [world, named] = await Promise.all([this.worlds.of(plan), this.repository.namedClusters(plan.sourceHubId, plan.targetHubId)]);
    const { basis, set, restored } = restorable(world, now);
    const setId = set?.id ?? null;
    const drafts = planFindings({ ...world, rpoSeconds: plan.rpoSeconds, sourceClusters: named.source, targetClusters: named.target }, basis, set, backupLabels(world.sets), now);
    const basisNow = JSON.stringify([plan.sourceHubId, momentOf(plan, now).horizonMs, plan.reachability, plan.probeIntervalSeconds, plan.deepCheck, setId, restored.tokens, restored.clusters, basis.kind === 'SET' ? [basis.set.credentialsBackup, basis.set.managedClustersStartedAt] : basis, hiveOf(world.source)]);
    return this.repository.alone(planId, async (work) => {
      const { savedPlan } = work;
      if (savedPlan !== null && savedPlan.computedAt > now) return savedPlan; // another process has looked since
      const due = await work.takeDue(now);
      const isKnown = savedPlan !== null && savedPlan.basis === basisNow && savedPlan.wholeAt !== null && now.getTime() - savedPlan.wholeAt.getTime() < WHOLE_EVERY_MS;
      const which = whole || !isKnown ? null : due;
      const { tally, changed, gone } = await this.computeClusters(work, plan, which, basis, setId, restored, now);
      const verdict = overallVerdict(tally.counts, drafts);
      const result: SavedPlanReadiness = {
        verdict, findings: withSince(drafts, savedPlan?.findings ?? [], now), setId, factsAt: older(world.source.heardAt, world.target.heardAt), ...tally,
        since: savedPlan?.verdict === verdict ? savedPlan.since : now, computedAt: now, basis: basisNow, wholeAt: which === null ? now : (savedPlan?.wholeAt ?? now),
      };
      await work.write(result, changed, gone);
      return result;
    });
  }

  /** @param which null: all */
  private async computeClusters(
    work: ReadinessWork, plan: PlanRow, which: readonly string[] | null, basis: Basis, setId: string | null, restored: RestoredSets, now: Date,
  ): Promise<{ tally: Tally; changed: readonly SavedClusterReadiness[]; gone: readonly string[] }> {
    const before = work.savedPlan;
    if (which?.length === 0 && before !== null) return { tally: { counts: before.counts, byCode: before.byCode }, changed: [], gone: [] };
    const saved = new Map((await work.savedClusters(which)).map((row) => [row.cluster, row]));
    const clusters = await work.clusters(plan.sourceHubId, restored, which);
    const moment = momentWith(plan, now, await work.paths(which, restored.tokens));
    const rows = clusters.map((cluster) => saveable(cluster, assessCluster(cluster, basis, moment), recheckAt(cluster, moment), setId, saved.get(cluster.name), now));
    const present = new Set(clusters.map(({ name }) => name));
    const tally = which === null || before === null ? tallyOf(rows) : tallyAfter(before, [...saved.values()], rows);
    return { tally, changed: rows.filter((row) => !isSame(row, saved.get(row.cluster))), gone: [...saved.keys()].filter((name) => !present.has(name)) };
  }

  /** Ids of the plans that a change on the hub may concern; without a hub all that are not archived. */
  plansOf(hubId?: string): Promise<string[]> {
    return this.repository.planIds(hubId);
  }

  /**
   * What would become of each cluster of the plan's source if the credentials of one set and the managed clusters of one, mostly the same, were
   * restored now.
   * @throws PlanNotFoundError
   */
  async predict(planId: string, restored: { readonly [Part in keyof RestoredSets]: string }): Promise<ClusterPrediction[]> {
    const plan = await this.worlds.plan(planId);
    const sets = await this.hubs.setsById([restored.tokens, restored.clusters]);
    const [tokenSet, clusterSet] = [sets.find(({ id }) => id === restored.tokens), sets.find(({ id }) => id === restored.clusters)];
    const now = this.clock.now();
    const basis: Basis = tokenSet === undefined || clusterSet === undefined ? { kind: 'NO_SET' } : basisOfParts(tokenSet, clusterSet);
    const [clusters, moment] = await Promise.all([this.repository.clusters(plan.sourceHubId, restored), this.worlds.moment(plan, now)]);
    return clusters.map((cluster) => {
      const { verdict, findings } = assessCluster(cluster, basis, moment);
      return { cluster: cluster.name, origin: cluster.origin, verdict, code: findings[0]?.code ?? null };
    });
  }

  /** @throws PlanNotFoundError */
  private async fresh(planId: string): Promise<SavedPlanReadiness> {
    return this.freshOrSaved(planId, await this.repository.saved(planId));
  }

  /** By plan; of plans that there are. */
  private async freshOfMany(planIds: readonly string[]): Promise<Map<string, SavedPlanReadiness>> {
    const saved = await this.repository.savedOfPlans(planIds);
    return this.freshOf(new Map(planIds.map((planId) => [planId, saved.get(planId) ?? null])));
  }

  /** @param saved by plan; null: nothing was */
  private async freshOf(saved: ReadonlyMap<string, SavedPlanReadiness | null>): Promise<Map<string, SavedPlanReadiness>> {
    const results = new Map<string, SavedPlanReadiness>();
    await inParallel([...saved], PLANS_AT_ONCE, async ([planId, one]) => void results.set(planId, await this.freshOrSaved(planId, one)));
    return results;
  }

  private async freshOrSaved(planId: string, saved: SavedPlanReadiness | null): Promise<SavedPlanReadiness> {
    if (saved !== null && saved.wholeAt !== null && this.clock.now().getTime() - saved.computedAt.getTime() < FRESH_MS) return saved;
    const underWay = this.answering.get(planId);
    if (underWay !== undefined) return underWay;
    const answer = this.compute(planId).finally(() => this.answering.delete(planId));
    this.answering.set(planId, answer);
    return answer;
  }

  private joinedReaders(): HubReaders {
    return { repository: this.repository.joined(), hubs: this.hubs.joined() };
  }

  private async hubWorld(hubId: string, { hubs: worlds }: HubReaders): Promise<{ hub: HubFacts; set: SetRow | null; basis: Basis }> {
    const [hubs, sets] = await Promise.all([worlds.hubs([hubId], null), worlds.sets([hubId])]);
    const hub = hubs.get(hubId);
    if (hub === undefined) throw new HubNotFoundError(hubId);
    return { hub, ...basisOfHub(hub, sets(hubId), this.clock.now()) };
  }
}

/** What an inspection found of Hive's clusters is told with its age: where it found nothing amiss, its age is told of none. */
function hiveOf({ setup, inspectedAt }: HubFacts): unknown {
  if (setup?.hive.is !== 'READ') return null;
  const { notPreserved, kubeconfigNotInBackup } = setup.hive.value;
  return notPreserved.length + kubeconfigNotInBackup.length === 0 ? 'READ' : [notPreserved, kubeconfigNotInBackup, inspectedAt];
}

function saveable(cluster: ClusterRow, assessment: ClusterAssessment, recheckAt: Date | null, setId: string | null, before: SavedClusterReadiness | undefined, now: Date): SavedClusterReadiness {
  const code = assessment.findings[0]?.code ?? null;
  const held = before !== undefined && before.verdict === assessment.verdict && before.code === code;
  return {
    cluster: cluster.name, origin: cluster.origin, verdict: assessment.verdict, code, findings: withSince(assessment.findings, before?.findings ?? [], now), setId, since: held ? before.since : now, recheckAt,
  };
}

const isSame = (row: SavedClusterReadiness, before: SavedClusterReadiness | undefined): boolean =>
  before !== undefined && row.verdict === before.verdict && row.origin === before.origin && row.setId === before.setId && row.recheckAt?.getTime() === before.recheckAt?.getTime() &&
  JSON.stringify(sorted(row)) === JSON.stringify(sorted(before));

/** jsonb keeps no order of keys. */
const sorted = (row: SavedClusterReadiness) => row.findings.map((one) => [one.code, one.severity, one.verdict, one.cause, one.remedy, one.remedyBy, one.since, one.checkedAt, one.predicts, one.hubId]);

const older = (a: Date | null, b: Date | null): Date | null => (a === null || b === null ? null : a < b ? a : b);
