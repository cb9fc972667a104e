import { randomUUID } from 'node:crypto';
import { ManualClock } from '../common/clock.js';
import { Secret } from '../common/secret.js';
import type { ClusterOrigin } from '../fleet/fleet.types.js';
import type { ClusterReadinessRow, ClusterVerdict, PlanReadinessView } from '../readiness/readiness.types.js';
import type { FailoverDetail, FailoverStatus } from '../recovery/failovers/failovers.types.js';
import type { ImportOutcomeCode } from '../recovery/imports/imports.types.js';
import type { SimulatedHub } from '../simulator/simulated-hub.js';
import { FactsFeed } from './facts-feed.js';
import { happenedTo, type Happened } from './oracle.js';
import type { TruthService } from './truth-service.js';
import { TruthWorld, WEST } from './truth-world.js';
import { TokenTrials } from './token-trials.js';
import { Ways } from './ways.js';
import type { Happening, WorldPlan } from './world-plan.js';

const MINUTE_MS = 60_000;
/** Every world begins on this day, at a minute of its own. */
const BEGINS_MS = Date.UTC(2026, 2, 2);
const HOUR_MS = 3_600_000;
/** From a run's moment until its set has been taken and the target shows it: Velero looks once a minute. The operator passes every five, so by the next leap at the latest. */
const RUN_MS = 4.5 * MINUTE_MS;
/** Where the queue waits for its next look at each member, and a sync leaves some for the next. */
const SLOW_RUN_MS = 12 * MINUTE_MS;
/** Before a moment that counts the world goes on step by step for so long: what a leap has set going comes to rest. */
const APPROACH_MS = 2.5 * MINUTE_MS;
/** As often the tables are brought up to date while the world goes on; the times in them are the hub's own. Where nobody but the hub acts on what is seen, it is enough to look less often. */
const LOOK_EVERY_MS = { PROTECT: 10_000, OBSERVE: 20_000 } as const;
/** While backups are being taken, what they mean is worked out so often, and once more when all is done: many small changes come at once. */
const PROJECT_EVERY_MS = 60_000;
const IMPORT_WINDOW_SECONDS = 1_800;
/** How long the actors go on between two looks of the failover, from moment to moment; then in leaps, for those that are waited for until the window ends. Milliseconds. */
const PAUSES_MS = [10_000, 20_000, 30_000, 30_000, 60_000];
const LEAP_MS = 6 * MINUTE_MS;
const ROUNDS = 60;
const ENDS: ReadonlySet<FailoverStatus> = new Set(['COMPLETED', 'COMPLETED_WITH_EXCEPTIONS', 'FAILED', 'CANCELLED']);

const ann = { actor: 'ann', reason: 'a world ends' };
const bob = { actor: 'bob', reason: 'seen it too' };

/** One cluster of one world: what was foretold and what came. */
export interface TruthCase {
  readonly world: string;
  readonly cluster: string;
  readonly origin: ClusterOrigin;
  readonly verdict: ClusterVerdict;
  /** Of the finding that decides */
  readonly code: string | null;
  readonly predicted: ImportOutcomeCode | null;
  /** How the failover says that the import ended; null: it did not get so far */
  readonly outcome: ImportOutcomeCode | null;
  readonly happened: Happened;
  readonly findings: readonly string[];
}

export interface TruthRun {
  readonly world: string;
  readonly plan: WorldPlan;
  /** Codes of the plan's findings that say that a failover cannot run; empty: it can */
  readonly blockedBy: readonly string[];
  readonly status: FailoverStatus;
  readonly problem: string | null;
  /** The problem in words; '' where there is none */
  readonly why: string;
  readonly cases: readonly TruthCase[];
}

/** One world from its beginning to the end of its failover. */
export async function playWorld(service: TruthService, plan: WorldPlan): Promise<TruthRun> {
  const clock = new ManualClock(new Date(BEGINS_MS + (plan.seed % 1440) * MINUTE_MS));
  return service.clock.during(clock, async () => {
    const world = await TruthWorld.raise(plan, clock);
    const run = new Run(service, plan, world);
    try {
      return await run.play();
    } finally {
      await run.close();
      await world.stop();
    }
  });
}

class Run {
  private east: FactsFeed | null = null;
  private west: FactsFeed | null = null;
  private readonly hubIds: string[] = [];
  private alive = true;
  /** When each is to be worked out next, in the world's time: as their jobs would be called */
  private tokensDueMs = 0;
  private readonly backupsDueMs = new Map<string, number>();
  private readonly projectedMs = new Map<string, number>();
  private planId = '';
  private ways: Ways | null = null;
  private trials: TokenTrials | null = null;
  private readonly tag = randomUUID().slice(0, 8);

  constructor(
    private readonly service: TruthService,
    private readonly plan: WorldPlan,
    private readonly world: TruthWorld,
  ) {}

  async play(): Promise<TruthRun> {
    const { plan, world } = this;
    if (!plan.watchedLate) await this.watchEast();
    await world.enableBackups();
    await this.runAndLook(this.runMs);
    if (plan.watchedLate) await this.watchEast();
    await this.watchWest();
    await world.furnishTarget();
    await this.makePlan();
    await this.look();
    await this.cycles();
    if (this.alive) await this.dieQuietly();
    await this.afterDeath();
    return this.failOver();
  }

  async close(): Promise<void> {
    await this.east?.close();
    await this.west?.close();
    for (const hubId of this.hubIds) await this.service.connections.forget(hubId);
  }

  private get runMs(): number {
    return (this.plan.sourceSwitches.queueWaits ?? 0) > 0 || (this.plan.targetSwitches.halfSync ?? 0) > 0 ? SLOW_RUN_MS : RUN_MS;
  }

  // The source lives

  private async cycles(): Promise<void> {
    const { plan, world } = this;
    for (const [index, { happenings }] of plan.cycles.entries()) {
      const dueMs = world.nextRunMs();
      if (dueMs === null) return;
      for (const cluster of plan.clusters.filter(({ joinsBeforeCycle }) => joinsBeforeCycle === index + 1)) await world.join(cluster);
      for (const happening of [...happenings].sort((a, b) => b.minutesBefore - a.minutesBefore)) {
        await this.goTo(dueMs - happening.minutesBefore * MINUTE_MS);
        await this.befall(happening);
        await this.look();
        await this.tryTokens();
      }
      await this.goTo(dueMs);
      const isLast = index === plan.cycles.length - 1;
      if (isLast && plan.diesInRunAfterSeconds !== null) {
        await this.runAndLook(plan.diesInRunAfterSeconds * 1_000);
        return this.die();
      }
      await this.runAndLook(this.runMs);
    }
  }

  private async befall(happening: Happening): Promise<void> {
    // In the same moment as its Secret was deleted, nobody could tell the one from the other.
    if (happening.what === 'REMAKE_SERVICE_ACCOUNT') await this.runAndLook(2 * LOOK_EVERY_MS.OBSERVE);
    await this.world.befall(happening);
  }

  /** With time enough that the hub has noticed what befell it, and that what it set going has come to rest. */
  private async dieQuietly(): Promise<void> {
    for (const happening of this.plan.lastHappenings) await this.befall(happening);
    await this.runAndLook(this.runMs);
    await this.goTo(this.world.time.nowMs + HOUR_MS / 2);
    await this.die();
  }

  private async die(): Promise<void> {
    await this.look();
    await this.tryTokens();
    this.alive = false;
    await this.world.die();
    await this.east?.lose('HUB_UNREACHABLE');
    if (this.east) await this.service.hubs.noteUnreachable(this.east.hubId, 'HUB_UNREACHABLE');
  }

  /** In one leap to some minutes before, then from moment to moment. */
  private async goTo(atMs: number): Promise<void> {
    const { time } = this.world;
    const closeMs = atMs - APPROACH_MS;
    if (closeMs > time.nowMs) {
      await time.leap(closeMs - time.nowMs);
      await this.look();
    }
    await this.runAndLook(Math.max(0, atMs - time.nowMs));
  }

  // Lifeboat looks

  /** @param ms how long the world goes on meanwhile */
  private async runAndLook(ms: number): Promise<void> {
    if (ms > 0) {
      const { time } = this.world;
      let lookedAtMs = 0;
      await time.run(ms, async () => {
        if (time.nowMs - lookedAtMs < LOOK_EVERY_MS[this.plan.policy]) return true;
        await this.look({ inHaste: true });
        lookedAtMs = time.nowMs;
        return true;
      });
    }
    await this.look();
    if (this.alive && this.plan.records === 'SOURCE') await this.readRecords();
  }

  /** What Velero's records say of the sets that are due; of a hub that has no storage nothing is heard, and nothing is waited for. */
  private async readRecords(): Promise<void> {
    if (this.plan.targetSwitches.storageDown === true) return;
    const { sql, records, clock } = this.service;
    const due = await sql.query<{ id: string }>(
      `SELECT DISTINCT set_id AS id FROM backup_set_record JOIN backup_set ON backup_set.id = set_id WHERE owner_cluster_id = $1 AND next_attempt_at <= $2 ORDER BY set_id`, [this.world.east.clusterId, clock.now()]);
    for (const { id } of due) await records.readSet(id);
  }

  private async watchEast(): Promise<void> {
    this.east = await this.watch(this.world.east);
    const hub = await this.service.hubs.get(this.east.hubId);
    if (this.plan.policy === 'PROTECT') await this.service.hubs.update(hub.id, { policy: 'PROTECT' }, hub.version, ann);
    await this.look();
    await this.east.hear();
  }

  private async watchWest(): Promise<void> {
    this.west = await this.watch(this.world.west);
    await this.look();
    await this.west.hear();
  }

  private async watch(hub: SimulatedHub): Promise<FactsFeed> {
    const { hubs, connections, leases, facts, clock } = this.service;
    const token = `lifeboat-on-${hub.name}`;
    hub.addToken(token, { user: 'lifeboat', groups: ['system:masters'] });
    const { id } = await hubs.register({ name: `${hub.name}-${this.tag}`, kubeconfig: new Secret(hub.kubeconfig(token)) }, ann);
    this.hubIds.push(id);
    const lease = await leases.hold(`hub/${id}`, 300_000);
    if (lease === null) throw new Error('A new hub is held by somebody');
    return new FactsFeed(id, hub, await connections.clientFor(id), lease, facts, clock);
  }

  /** What the watchers, the token upkeep and the backups' projection would do by now, until nothing is left to do. */
  private async look({ inHaste = false } = {}): Promise<void> {
    const { east, west } = this;
    if (east !== null && this.alive) await this.lookAtSource(east, inHaste);
    if (west !== null) {
      const { kinds } = await west.read();
      if (kinds.has('STORAGE_LOCATION')) await this.service.hubs.noteStorage(west.hubId);
      if (kinds.has('VELERO_BACKUP') || kinds.has('TOKEN_SECRET') || kinds.has('BACKUP_SCHEDULE')) this.backupsDueMs.set(west.hubId, 0);
      await this.projectBackups(west.hubId, inHaste);
    }
  }

  private async lookAtSource(east: FactsFeed, inHaste: boolean): Promise<void> {
    const { tokenWork, clock } = this.service;
    for (let round = 0; round < 8; round++) {
      const { kinds, clusters } = await east.read();
      if (kinds.size === 0 && round > 0) break;
      if (kinds.has('STORAGE_LOCATION')) await this.service.hubs.noteStorage(east.hubId);
      if (kinds.has('HUB_ADDON') || kinds.has('BACKUP_SCHEDULE')) await tokenWork.wakeAll(east.hubId, clock.now());
      else if (clusters.size > 0) await tokenWork.wake(east.hubId, [...clusters], clock.now());
      if (kinds.has('HUB_ADDON') || kinds.has('BACKUP_SCHEDULE') || clusters.size > 0) this.tokensDueMs = 0;
      if (kinds.has('BACKUP_SCHEDULE') || kinds.has('VELERO_SCHEDULE') || kinds.has('VELERO_BACKUP')) this.backupsDueMs.set(east.hubId, 0);
      if (!(await this.keepTokens(east.hubId)) || this.plan.policy === 'OBSERVE') break;
      await this.world.time.settle();
    }
    await this.projectBackups(east.hubId, inHaste);
  }

  /** @returns false: nothing was due */
  private async keepTokens(hubId: string): Promise<boolean> {
    if (this.tokensDueMs > this.world.time.nowMs) return false;
    const { tokens, tokenWork } = this.service;
    await tokens.reconcileHub(hubId, AbortSignal.timeout(60_000));
    this.tokensDueMs = (await tokenWork.nextDueAt(hubId))?.getTime() ?? Infinity;
    return true;
  }

  private async projectBackups(hubId: string, inHaste: boolean): Promise<void> {
    const { nowMs } = this.world.time;
    if ((this.backupsDueMs.get(hubId) ?? Infinity) > nowMs) return;
    if (inHaste && nowMs - (this.projectedMs.get(hubId) ?? 0) < PROJECT_EVERY_MS) return;
    this.projectedMs.set(hubId, nowMs);
    const again = await this.service.backups.reconcileHub(hubId);
    this.backupsDueMs.set(hubId, again === undefined ? Infinity : nowMs + again.againInMs);
  }

  // The failover

  private async afterDeath(): Promise<void> {
    const { time } = this.world;
    const { tokens, backups } = this.service;
    await this.runAndLook(3 * MINUTE_MS);
    if (this.east) {
      await tokens.reconcileHub(this.east.hubId, AbortSignal.timeout(60_000));
      await backups.reconcileHub(this.east.hubId);
    }
    await this.world.changeWays();
    await time.leap(this.plan.hoursUntilFailover * HOUR_MS);
    await this.runAndLook(3 * MINUTE_MS);
    if (this.west) {
      await this.service.hubs.inspectNow(this.west.hubId);
      await this.west.hear();
      await backups.reconcileHub(this.west.hubId);
    }
    if (this.plan.records !== 'NEVER') await this.readRecords();
    await this.ways?.probeLate(this.service.clock.now());
    await this.tryTokens();
  }

  private async tryTokens(): Promise<void> {
    if (this.plan.deepCheck === 'THROUGHOUT') await this.trials?.tryAll();
  }

  private async makePlan(): Promise<void> {
    const { east, west } = this;
    if (east === null || west === null) throw new Error('The hubs are not watched');
    const { plans, probes, clock } = this.service;
    const { reachability, probeIntervalSeconds } = this.plan;
    const plan = { name: `plan ${this.tag}`, sourceHubId: east.hubId, targetHubId: west.hubId, importWindowSeconds: IMPORT_WINDOW_SECONDS, reachability, probeIntervalSeconds, deepCheck: this.plan.deepCheck !== 'NEVER' };
    this.planId = (await plans.create(plan, ann)).id;
    this.ways = new Ways(this.plan, this.world.world, probes, this.planId, { id: west.hubId, name: WEST });
    await this.ways.probeEarly(clock.now());
    if (this.plan.deepCheck === 'NEVER') return;
    const { deepChecks, connections, jobs } = this.service;
    this.trials = new TokenTrials(deepChecks, connections, jobs, clock, this.world, east.hubId, this.planId);
    await this.trials.tryAll();
  }

  private async failOver(): Promise<TruthRun> {
    const { readiness, failovers, machine, imports } = this.service;
    const { planId } = this;
    const foretold = await readiness.forPlan(planId);
    const rows = (await readiness.clustersOfPlan(planId, {}, { by: 'cluster', direction: 'ASC' }, { limit: 200 })).items;
    const failoverAt = this.service.clock.now();
    const { id } = await failovers.start({ planId, kind: 'DISASTER' }, ann);
    const ended = await this.carryOn(id, () => machine.advance(id));
    const outcomes = new Map((await imports.list(id, {}, { by: 'cluster', direction: 'ASC' }, { limit: 200 })).items.map(({ cluster, outcomeCode }) => [cluster, outcomeCode]));
    return this.result(foretold, rows, ended, outcomes, failoverAt);
  }

  private async carryOn(id: string, advance: () => Promise<unknown>): Promise<FailoverDetail> {
    const { failovers } = this.service;
    for (let round = 0; round < ROUNDS; round++) {
      await advance();
      const failover = await failovers.get(id);
      if (ENDS.has(failover.status) || failover.needsAttention) return failover;
      if (failover.status === 'PENDING_APPROVAL') await failovers.decide(id, { decision: 'APPROVED' }, bob);
      else await this.pause(round);
    }
    throw new Error(`The failover of ${this.plan.name} does not end`);
  }

  private async pause(round: number): Promise<void> {
    const { time } = this.world;
    const pauseMs = PAUSES_MS[round];
    if (pauseMs === undefined) await time.leap(LEAP_MS);
    await time.run(pauseMs ?? MINUTE_MS);
  }

  private result(foretold: PlanReadinessView, rows: readonly ClusterReadinessRow[], ended: FailoverDetail, outcomes: ReadonlyMap<string, ImportOutcomeCode | null>, failoverAt: Date): TruthRun {
    const { world } = this.world;
    const cases = rows.filter(({ origin }) => origin !== 'LOCAL').map((row): TruthCase => ({
      world: this.plan.name, cluster: row.cluster, origin: row.origin, verdict: row.verdict, code: row.code, predicted: row.predictedOutcome, outcome: outcomes.get(row.cluster) ?? null,
      happened: happenedTo(row.cluster, world, this.world.west, failoverAt), findings: row.findings.map(({ code, cause }) => `${code}: ${cause}`),
    }));
    return {
      world: this.plan.name, plan: this.plan, blockedBy: foretold.findings.filter(({ verdict }) => verdict === 'NOT_READY').map(({ code }) => code), status: ended.status, problem: ended.problem?.code ?? null,
      why: ended.problem?.message ?? '', cases,
    };
  }
}
