import { randomBytes } from 'node:crypto';
import type { ClusterSpec } from '../simulator/actors/clusters.js';
import { parseCron } from '../simulator/actors/cron.js';
import { REALISTIC, type Timings } from '../simulator/actors/timings.js';
import type { FleetCluster } from '../simulator/scenarios/fleet.js';
import { Fleet, objectsOf } from '../simulator/scenarios/fleet.js';
import { startWorld, type World } from '../simulator/scenarios/world.js';
import { SimulatedHub } from '../simulator/simulated-hub.js';
import type { ManualClock } from '../common/clock.js';
import { isKubeError } from '../kube/kube-error.js';
import type { KubeObject, ResourceType } from '../kube/kube.types.js';
import { resources } from '../kube/resources.js';
import { SteppedTime } from './stepped-time.js';
import type { ClusterHappening, Happening, HubHappening, PlannedCluster, WorldPlan } from './world-plan.js';

export const EAST = 'east';
export const WEST = 'west';

const BACKUPS = 'open-cluster-management-backup';
const SCHEDULE = 'schedule-acm';
const ACCOUNT = 'auto-import-account';
const MINUTE_MS = 60_000;
/** An agent that is asked answers within seconds. */
const AGENTS_ANSWER_MS = 20_000;

/**
 * As measured on real hubs, but for what would only make the world look at its clock more often. The periods have no common multiple within a
 * run: a leap lets everything that is due happen in one moment, from which on they must not go in step.
 */
const TIMINGS: Timings = {
  ...REALISTIC, passMs: 307_000, scheduleLookMs: 60_000, bucketSyncMs: 61_300, queueLookMs: 60_700, lookEveryMs: 600_000, tokenCheckMs: 3_600_000, passPerClusterMs: 0, importLoopPerClusterMs: 0, backupPerItemMs: 0, restorePerItemMs: 0, downloadMs: 0, storageCheckMs: 3_600_000,
};

/** Where old agents refresh tokens each second, the world goes on in steps of so many milliseconds: no rule looks closer. */
const COARSE_MS = 60_000;

/** What each makes of the BackupSchedule. */
const HUB_HAPPENINGS: Readonly<Record<HubHappening, object>> = {
  SHORTEN_VALIDITY: { managedServiceAccountTTL: '2h0m0s' }, LENGTHEN_VALIDITY: { managedServiceAccountTTL: '240h0m0s' }, PAUSE_SCHEDULE: { paused: true }, RESUME_SCHEDULE: { paused: false },
};

/** The hubs, clusters and storage of one plan, and what happens to them. The simulator's actors alone decide what comes of it. */
export class TruthWorld {
  sourceIsDead = false;

  private constructor(
    readonly plan: WorldPlan,
    readonly world: World,
    readonly east: SimulatedHub,
    readonly west: SimulatedHub,
    readonly time: SteppedTime,
  ) {}

  static async raise(plan: WorldPlan, clock: ManualClock): Promise<TruthWorld> {
    const tag = randomBytes(4).toString('hex');
    const hub = (name: string, offset: number) => SimulatedHub.start({ name, clusterId: `${name}-${tag}`, clock, seed: plan.seed + offset });
    const [east, west] = [await hub(EAST, 0), await hub(WEST, 1)];
    const first = plan.clusters.filter(({ joinsBeforeCycle }) => joinsBeforeCycle === 0);
    const { release, tokens, importStrategy, localClusterExcluded } = plan;
    const both = { release, importStrategy, localClusterExcluded, components: { managedServiceAccount: true } };
    const world = await startWorld({
      clock, fleet: new Fleet(first.map(fleetCluster)), seed: plan.seed, timings: TIMINGS,
      hubs: [{ hub: east, ...both, tokens, switches: plan.sourceSwitches }, { hub: west, ...both, tokens, switches: plan.targetSwitches }],
    });
    const raised = new TruthWorld(plan, world, east, west, new SteppedTime(clock, world, [east, west], plan.sourceSwitches.agentsRefreshAlways === true ? COARSE_MS : 1));
    await raised.time.run(2 * MINUTE_MS);
    for (const cluster of first) await raised.finish(cluster);
    return raised;
  }

  async stop(): Promise<void> {
    await this.world.stop();
    await Promise.all([this.east.stop(), this.west.stop()]);
  }

  /** A cluster is imported on the source. */
  async join(cluster: PlannedCluster): Promise<void> {
    this.world.clusters.add(specOf(cluster));
    for (const { type, object } of objectsOf(fleetCluster(cluster))) await this.admin.create(type, object);
    await this.time.run(MINUTE_MS);
    await this.finish(cluster);
  }

  async enableBackups(): Promise<void> {
    const { cron, veleroTtl, tokenTtl, useManagedServiceAccount } = this.plan;
    await this.admin.create(resources.backupSchedule, {
      apiVersion: 'cluster.open-cluster-management.io/v1beta1', kind: 'BackupSchedule', metadata: { name: SCHEDULE, namespace: BACKUPS },
      spec: { veleroSchedule: cron, veleroTtl, useManagedServiceAccount, ...(tokenTtl === null ? {} : { managedServiceAccountTTL: tokenTtl }) },
    });
  }

  /** When Velero makes the next set, by the schedule; null: never. */
  nextRunMs(): number | null {
    return parseCron(this.plan.cron)?.next(new Date(this.time.nowMs))?.getTime() ?? null;
  }

  /** What stands on the target before anybody looks. */
  async furnishTarget(): Promise<void> {
    const { client } = this.world.hub(WEST);
    const { targetHas, standingRestore } = this.plan;
    const restore = (name: string, spec: object): KubeObject => ({
      apiVersion: 'cluster.open-cluster-management.io/v1beta1', kind: 'Restore', metadata: { name, namespace: BACKUPS }, spec: { cleanupBeforeRestore: 'None', ...spec },
    });
    if (targetHas.includes('SAME_NAME')) await this.foreign(this.plan.clusters[0]?.name ?? 'c1');
    if (targetHas.includes('OTHER_CLUSTERS')) await this.foreign('own-of-west');
    if (standingRestore) {
      await client.create(resources.restore, restore('restore-acm-passive-sync', {
        veleroManagedClustersBackupName: 'skip', veleroResourcesBackupName: 'latest', veleroCredentialsBackupName: 'latest', syncRestoreWithNewBackups: true, restoreSyncInterval: '10m',
      }));
    }
    if (targetHas.includes('UNFINISHED_RESTORE')) {
      await client.create(resources.restore, restore('restore-acm-left', { veleroManagedClustersBackupName: 'skip', veleroResourcesBackupName: 'skip', veleroCredentialsBackupName: 'acm-credentials-schedule-20200101000000' }));
    }
    if (targetHas.includes('ACTIVE_SCHEDULE')) {
      await client.create(resources.backupSchedule, {
        apiVersion: 'cluster.open-cluster-management.io/v1beta1', kind: 'BackupSchedule', metadata: { name: 'schedule-of-west', namespace: BACKUPS },
        spec: { veleroSchedule: '0 0 1 * *', veleroTtl: '720h0m0s', useManagedServiceAccount: false, noBackupOnStart: true },
      });
    }
  }

  async befall(happening: Happening): Promise<void> {
    try {
      await (happening.cluster === null ? this.befallHub(happening.what) : this.befallCluster(happening.what, happening.cluster));
    } catch (error) {
      // It was not there to be changed: then nothing has happened.
      if (!isKubeError(error, 'KUBE_NOT_FOUND', 'KUBE_CONFLICT')) throw error;
    }
    await this.time.settle();
  }

  /** The network between the target and the clusters becomes what it is in the end. */
  async changeWays(): Promise<void> {
    for (const { name, wayChanges, closedToTarget, closedToAll } of this.plan.clusters) {
      if (wayChanges && !closedToAll) this.world.clusters.find(name)?.setReachableFrom(WEST, !closedToTarget);
    }
    await this.time.settle();
  }

  async die(): Promise<void> {
    this.sourceIsDead = true;
    await this.world.cutOff(EAST);
    await this.time.settle();
  }

  isClosedToAll(cluster: string): boolean {
    return this.plan.clusters.some(({ name, closedToAll }) => name === cluster && closedToAll);
  }

  private get admin() {
    return this.world.hub(EAST).client;
  }

  private async finish(cluster: PlannedCluster): Promise<void> {
    const sim = this.world.clusters.get(cluster.name);
    if (cluster.closedToAll) for (const hub of [EAST, WEST]) sim.setReachableFrom(hub, false);
    if (cluster.urlEntered) await this.enterUrl(cluster.name, cluster.urlWrong ? `https://old.${cluster.name}.example:6443` : sim.apiUrl);
    if (cluster.excluded) await this.befallCluster('EXCLUDE', cluster.name);
    if (cluster.importDisabled) await this.befallCluster('DISABLE_IMPORT', cluster.name);
    await this.time.settle();
  }

  private async enterUrl(name: string, url: string): Promise<void> {
    await this.admin.patch(resources.managedCluster, { name }, { spec: { managedClusterClientConfigs: [{ url }] } }, { patchType: 'merge' });
  }

  private async foreign(name: string): Promise<void> {
    await this.world.hub(WEST).client.create(resources.managedCluster, {
      apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name, labels: { name, clusterID: `another-${name}` } }, spec: { hubAcceptsClient: true },
    });
  }

  private async befallHub(what: HubHappening): Promise<void> {
    await this.admin.patch(resources.backupSchedule, { name: SCHEDULE, namespace: BACKUPS }, { spec: HUB_HAPPENINGS[what] }, { patchType: 'merge' });
  }

  private async befallCluster(what: ClusterHappening, name: string): Promise<void> {
    const cluster = this.world.clusters.find(name);
    if (cluster === undefined) return;
    const account = { name: ACCOUNT, namespace: name };
    const labelled = (labels: Record<string, string | null>) => this.admin.patch(resources.managedCluster, { name }, { metadata: { labels } }, { patchType: 'merge' });
    const annotated = (annotations: Record<string, string | null>) => this.admin.patch(resources.managedCluster, { name }, { metadata: { annotations } }, { patchType: 'merge' });
    const bindingOf = { name: 'addon-managed-serviceaccount-import', namespace: name };
    switch (what) {
      case 'SLEEP':
        return cluster.sleep();
      case 'WAKE':
        return cluster.wake();
      case 'HOLD_AGENT':
        return cluster.holdAgent();
      case 'RELEASE_AGENT':
        return cluster.releaseAgent();
      case 'REFUSE_TOKENS':
        cluster.tokenRequestError = cluster.tokenRequestError === null ? 'the server is currently unable to handle the request' : null;
        return;
      case 'DELETE_SECRET':
        return this.remove(resources.secret, account);
      case 'DELETE_ACCOUNT':
        return this.remove(resources.managedServiceAccount, account);
      case 'REMAKE_SERVICE_ACCOUNT':
        // Where no agent answers, or one that replaces its tokens all the time, no hub shows it.
        if (cluster.isAgentHeld || !cluster.isServedBy(EAST) || cluster.tokenRequestError !== null || this.plan.sourceSwitches.agentsRefreshAlways) return;
        cluster.remakeAccount(ACCOUNT);
        return this.time.run(AGENTS_ANSWER_MS);
      case 'STRIP_LABEL':
        return void (await this.admin.patch(resources.secret, account, { metadata: { labels: { 'cluster.open-cluster-management.io/backup': null } } }, { patchType: 'merge' }));
      case 'DELETE_WORK':
        return this.remove(resources.manifestWork, bindingOf);
      case 'EMPTY_TOKEN':
        // An agent that answers would fill it within seconds.
        cluster.holdAgent();
        return void (await this.admin.patch(resources.secret, account, { data: { token: this.plan.seed % 2 === 0 ? null : '' } }, { patchType: 'merge' }));
      case 'SPOIL_WORK':
        return void (await this.admin.patch(resources.manifestWork, bindingOf, { spec: { workload: { manifests: [] } } }, { patchType: 'merge' }));
      case 'CORRECT_URL':
        return this.enterUrl(name, cluster.apiUrl);
      case 'DISABLE_IMPORT':
        return void (await annotated({ 'import.open-cluster-management.io/disable-auto-import': '' }));
      case 'ENABLE_IMPORT':
        return void (await annotated({ 'import.open-cluster-management.io/disable-auto-import': null }));
      case 'EXCLUDE':
        return void (await labelled({ 'velero.io/exclude-from-backup': 'true' }));
      case 'INCLUDE':
        return void (await labelled({ 'velero.io/exclude-from-backup': null }));
      case 'DELETE_CLUSTER':
        return this.remove(resources.managedCluster, { name });
    }
  }

  private async remove(type: ResourceType, ref: { name: string; namespace?: string }): Promise<void> {
    await this.admin.delete(type, ref);
  }
}

const specOf = (cluster: PlannedCluster): ClusterSpec => ({
  name: cluster.name, kind: cluster.kind, hub: EAST, grantedLifeCapMs: cluster.capHours === null ? null : cluster.capHours * 3_600_000,
  unreachableFrom: cluster.closedToTarget !== cluster.wayChanges ? [WEST] : [], asleep: cluster.asleep, agentHeld: cluster.agentHeld,
});

const fleetCluster = (cluster: PlannedCluster): FleetCluster => ({
  ...specOf(cluster), group: 'good', labels: { name: cluster.name, vendor: cluster.kind === 'eks' ? 'EKS' : 'OpenShift', 'cluster.open-cluster-management.io/clusterset': 'default' },
});
