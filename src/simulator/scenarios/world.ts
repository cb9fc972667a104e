import type { Clock } from '../../common/clock.js';
import { HubClient, type HubConnection } from '../../kube/hub-client.js';
import type { KubeObject } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { ClusterRegistry } from '../actors/clusters.js';
import { isTrue } from '../actors/conditions.js';
import { HubActors } from '../actors/hub-actors.js';
import type { Release } from '../actors/hub-env.js';
import { minorOf } from '../actors/hub-env.js';
import { restoreWebhook } from '../actors/restore-webhook.js';
import { CALM, type Switches } from '../actors/switches.js';
import { timingsOf, type Timings } from '../actors/timings.js';
import { CONDITION, LABEL } from '../actors/words.js';
import { Bucket } from '../bucket/bucket.js';
import type { AdmissionHook } from '../store/admission.js';
import { Fleet } from './fleet.js';
import type { HubUpkeep } from './hub-upkeep.js';
import { seedClusters, seedHub, settledObjects } from './hub-seed.js';

/** A Kubernetes API that a world runs on: a SimulatedHub, or any kube-apiserver with the CRDs. */
export interface WorldHub {
  readonly name: string;
  readonly clusterId: string;
  /** With an administrator's rights */
  connection(): HubConnection;
  /** Takes the hub off the network */
  cutOff?(): Promise<void>;
  reconnect?(): Promise<void>;
  /** Simulated hubs only: the fleet is put there as it stands long after its import, which saves some ten writes for each cluster */
  seed?(objects: readonly KubeObject[]): void;
  /** Simulated hubs only: the operator's webhook is put there */
  addAdmission?(hook: AdmissionHook): () => void;
}

export interface WorldHubOptions {
  readonly hub: WorldHub;
  /** Default 2.15.0 with engine 2.10.0 */
  readonly release?: Release;
  /** Default: both enabled */
  readonly components?: { readonly managedServiceAccount?: boolean; readonly clusterBackup?: boolean };
  /** `operator` (default): the hub's backup operator makes accounts and labels. `off`: it leaves them to others */
  readonly tokens?: 'operator' | 'off';
  /** Default: none */
  readonly switches?: Partial<Switches>;
  readonly withoutStorage?: boolean;
  readonly withoutVeleroDeployment?: boolean;
  /** Default null: what the release does by itself */
  readonly importStrategy?: 'ImportOnly' | 'ImportAndSync' | null;
  /** Default `local-cluster` */
  readonly localClusterName?: string;
  readonly localClusterExcluded?: boolean;
  /** Default: all is well, and no eviction grace period is set */
  readonly upkeep?: Partial<HubUpkeep>;
  /** Default false: set where nothing collects garbage (a bare kube-apiserver) */
  readonly garbageCollector?: boolean;
}

export interface WorldOptions {
  readonly clock: Clock;
  readonly hubs: readonly WorldHubOptions[];
  readonly fleet?: Fleet;
  readonly seed?: number;
  /** Default `fast` */
  readonly timings?: 'fast' | 'realistic' | Timings;
  /** Default: one of its own, that stop() ends */
  readonly bucket?: Bucket;
  /** Writes in parallel on each hub, default 16 */
  readonly writers?: number;
  /** Told of each failed attempt of an actor; it is made again */
  readonly onError?: (hub: string, actor: string, key: string, error: unknown) => void;
}

export interface HubInWorld {
  readonly name: string;
  readonly clusterId: string;
  /** The actors' own client: their User-Agent tells their writes from the service's */
  readonly client: HubClient;
  readonly actors: HubActors;
}

const DEFAULT_RELEASE: Release = { hub: '2.15.0', engine: '2.10.0' };
const WEBHOOK_SINCE_MINOR = 14;

/** Hubs with everything that runs on them, the clusters and the shared storage, alive until stop(). */
export class World {
  readonly hubs: Readonly<Record<string, HubInWorld>>;

  private constructor(
    hubs: readonly HubInWorld[],
    readonly clusters: ClusterRegistry,
    readonly bucket: Bucket,
    readonly clock: Clock,
    readonly fleet: Fleet,
    private readonly outside: ReadonlyMap<string, WorldHub>,
    private readonly switches: ReadonlyMap<string, Switches>,
    private readonly disposers: (() => unknown)[],
  ) {
    this.hubs = Object.fromEntries(hubs.map((hub) => [hub.name, hub]));
  }

  static async start(options: WorldOptions): Promise<World> {
    const { clock, fleet = new Fleet([]), seed = 1, writers = 16 } = options;
    const clusters = new ClusterRegistry();
    for (const cluster of fleet.clusters) clusters.add(cluster);
    const bucket = options.bucket ?? (await Bucket.start({ clock }));
    const disposers: (() => unknown)[] = [releaseLateTokens(fleet, clusters, bucket)];
    const switches = new Map<string, Switches>();
    const hubs = options.hubs.map((hub, index): HubInWorld => {
      const { name, clusterId } = hub.hub;
      const release = hub.release ?? DEFAULT_RELEASE;
      const client = new HubClient(hub.hub.connection(), { allowLoopback: true, userAgent: 'rhacm-actors', defaultFieldManager: 'rhacm-actors', limited: false });
      const ownSwitches = { ...CALM, ...hub.switches };
      switches.set(name, ownSwitches);
      if (hub.hub.addAdmission && minorOf(release.hub) >= WEBHOOK_SINCE_MINOR) disposers.push(hub.hub.addAdmission(restoreWebhook));
      const actors = new HubActors({
        name, clusterId, client, clock, clusters, bucket, release, writers, timings: timingsOf(options.timings ?? 'fast'), switches: ownSwitches, seed: seed + index,
        tokens: hub.tokens ?? 'operator', withoutVeleroDeployment: hub.withoutVeleroDeployment ?? false, garbageCollector: hub.garbageCollector ?? false,
        ...(options.onError ? { onError: (actor, key, error) => options.onError?.(name, actor, key, error) } : {}),
      });
      return { name, clusterId, client, actors };
    });
    if (!options.bucket) disposers.push(() => bucket.stop());
    const outside = new Map(options.hubs.map(({ hub }) => [hub.name, hub]));
    const world = new World(hubs, clusters, bucket, clock, fleet, outside, switches, disposers);
    try {
      await Promise.all(options.hubs.map(async (hub) => world.raise(hub, writers)));
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  /** @throws Error where there is no hub of that name */
  hub(name: string): HubInWorld {
    const hub = this.hubs[name];
    if (!hub) throw new Error(`There is no hub ${name}`);
    return hub;
  }

  /** Turns switches of one hub while it runs. */
  turn(name: string, switches: Partial<Switches>): void {
    Object.assign(this.switches.get(this.hub(name).name) ?? {}, switches);
  }

  /** The hub dies: nobody reaches it and nothing runs on it. Its clusters go on. */
  async cutOff(name: string): Promise<void> {
    await this.hub(name).actors.stop();
    await this.outside.get(name)?.cutOff?.();
  }

  /** It comes back as it was, and takes up its work. */
  async reconnect(name: string): Promise<void> {
    await this.outside.get(name)?.reconnect?.();
    await this.hub(name).actors.start();
  }

  /** Names of the clusters that are joined and available on a hub, as that hub says; the local cluster is not among them. */
  async availableOn(name: string): Promise<string[]> {
    const names: string[] = [];
    for await (const page of this.hub(name).client.listAll(resources.managedCluster)) {
      for (const cluster of page.items) {
        const isLocal = cluster.metadata.labels?.[LABEL.localCluster] === 'true';
        if (!isLocal && isTrue(cluster, CONDITION.available) && isTrue(cluster, CONDITION.joined)) names.push(cluster.metadata.name);
      }
    }
    return names.sort();
  }

  async stop(): Promise<void> {
    const hubs = Object.values(this.hubs);
    await Promise.all(hubs.map(({ actors }) => actors.stop()));
    await Promise.all(hubs.map(({ client }) => client.close()));
    await Promise.all(this.disposers.map(async (dispose) => dispose()));
  }

  private async raise(options: WorldHubOptions, writers: number): Promise<void> {
    const { hub, components = {}, release = DEFAULT_RELEASE } = options;
    const { client, actors } = this.hub(hub.name);
    const now = this.clock.now();
    await seedHub(client, {
      name: hub.name, clusterId: hub.clusterId, release,
      components: { managedServiceAccount: components.managedServiceAccount ?? true, clusterBackup: components.clusterBackup ?? true },
      storage: options.withoutStorage === true ? null : this.bucket, importStrategy: options.importStrategy ?? null,
      localClusterName: options.localClusterName ?? 'local-cluster', localClusterExcluded: options.localClusterExcluded ?? true,
      upkeep: { veleroAbsent: options.withoutVeleroDeployment === true, ...options.upkeep },
    }, now);
    const joined = this.fleet.clusters.filter((cluster) => cluster.hub === hub.name);
    if (hub.seed) hub.seed(joined.flatMap((cluster) => settledObjects(cluster, this.clusters.get(cluster.name).clusterId, now)));
    else await seedClusters(client, joined, now, writers);
    await actors.start();
  }
}

/** Starts a world; resolves when every hub has its objects and its actors have begun. */
export const startWorld = (options: WorldOptions): Promise<World> => World.start(options);

/** The group `lateToken` gets its tokens as soon as a credentials backup has been taken without them. */
function releaseLateTokens(fleet: Fleet, clusters: ClusterRegistry, bucket: Bucket): () => void {
  return bucket.onEvent(({ type, labels }) => {
    if (type !== 'captured' || labels[LABEL.scheduleType] !== 'credentials') return;
    for (const name of fleet.names('lateToken')) clusters.get(name).releaseAgent();
  });
}
