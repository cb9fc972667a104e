import type { Clock } from '../common/clock.js';
import type { HeldLease } from '../database/lease.service.js';
import type { HubClient } from '../kube/hub-client.js';
import { Reflector } from '../kube/reflector.js';
import type { ReflectorState } from '../kube/reflector.types.js';
import { projectCluster } from './cluster-projection.rules.js';
import { FactsSink, type SinkListener } from './facts-sink.js';
import { watchedKinds, type FleetChange, type WatchedKind } from './fleet.types.js';
import type { HubFactsRepository, ObjectKey } from './hub-facts.repository.js';
import { reached, type Reached } from './reachability.rules.js';
import { kindsInClusterNamespaces, watched } from './watched-kinds.js';

/** States are written this often while nothing changes about them. Milliseconds, real time. */
const STATES_EVERY_MS = 5_000;
const CLUSTERS_AT_ONCE = 1_000;

export interface HubWatcherParts {
  readonly hubId: string;
  readonly lease: HeldLease;
  readonly client: HubClient;
  readonly repository: HubFactsRepository;
  readonly clock: Clock;
  readonly publish: (change: Pick<FleetChange, 'hubId' | 'topic'> & Partial<FleetChange>) => Promise<void>;
  readonly onReached: (reached: Reached) => Promise<void>;
  readonly onStorage: () => Promise<void>;
  readonly onError: (what: string, error: unknown) => void;
  /** At most this long before each list begins, at random. Milliseconds */
  readonly spreadMs: number;
}

/**
 * Watches one hub for as long as its lease is held: one reflector a kind, facts into the database, and word of what changed.
 *
 *   reflector -> FactsSink -> hub_object -> FACTS -> managed_cluster -> CLUSTERS
 *                   every kind listed for the first time: all clusters -> READ
 */
export class HubWatcher implements SinkListener {
  private readonly reflectors: ReadonlyMap<WatchedKind, Reflector>;
  private readonly states = new Map<WatchedKind, ReflectorState>();
  private readonly listedKinds = new Set<WatchedKind>();
  private hasRead = false;
  private stale = new Set<string>();
  private projecting: Promise<void> = Promise.resolve();
  private writingStates: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(private readonly parts: HubWatcherParts) {
    const { client, hubId, lease, repository, clock, spreadMs } = parts;
    this.reflectors = new Map(
      watchedKinds.map((kind) => {
        const sink = new FactsSink(kind, hubId, lease, repository, clock, this);
        const { type, selection, coalesceMs } = watched[kind];
        return [kind, new Reflector(client, type, selection, sink, { clock, coalesceMs, firstDelayMs: Math.random() * spreadMs })];
      }),
    );
  }

  get client(): HubClient {
    return this.parts.client;
  }

  get lease(): HeldLease {
    return this.parts.lease;
  }

  /**
   * Whether it can be stopped and begun elsewhere without losing work: it has read everything, or the hub does not answer anyway. A first list
   * that is under way would only begin again.
   */
  get isMovable(): boolean {
    return this.hasRead || (this.states.size > 0 && reached([...this.states.values()]).is === 'UNREACHABLE');
  }

  start(): void {
    this.timer = setInterval(() => void this.writeStates(), STATES_EVERY_MS);
    for (const reflector of this.reflectors.values()) reflector.start();
  }

  /** Resolves when nothing of this watcher writes any more. Keeps the lease. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await Promise.all([...this.reflectors.values()].map((reflector) => reflector.stop()));
    await Promise.all([this.projecting, this.writingStates]);
  }

  async changed(kind: WatchedKind, keys: readonly ObjectKey[]): Promise<void> {
    const { hubId, publish } = this.parts;
    const clusters = this.clustersOf(kind, keys);
    await publish({ hubId, topic: 'FACTS', kinds: new Set([kind]), clusters });
    if (kind === 'MANAGED_CLUSTER' || kind === 'ADDON' || kind === 'HIVE_SECRET') this.project(clusters);
    if (kind === 'STORAGE_LOCATION') await this.parts.onStorage();
  }

  async listed(kind: WatchedKind): Promise<void> {
    this.listedKinds.add(kind);
    await this.readIfComplete();
  }

  async state(kind: WatchedKind, state: ReflectorState): Promise<void> {
    const before = this.states.get(kind);
    this.states.set(kind, state);
    if (before?.phase === state.phase && before.errorCode === state.errorCode) return;
    await this.writeStates();
    // A kind that the hub does not serve has no objects: that is a reading too.
    if (state.phase === 'ABSENT') await this.listed(kind);
  }

  private clustersOf(kind: WatchedKind, keys: readonly ObjectKey[]): ReadonlySet<string> {
    if (kind === 'MANAGED_CLUSTER') return new Set(keys.map(({ name }) => name));
    return kindsInClusterNamespaces.has(kind) ? new Set(keys.map(({ namespace }) => namespace)) : new Set();
  }

  /** The first full reading under this lease: from now on absence is a fact. What an owner before us left half done is mended. */
  private async readIfComplete(): Promise<void> {
    if (this.hasRead || this.listedKinds.size < watchedKinds.length) return;
    this.hasRead = true;
    const { hubId, publish, onStorage } = this.parts;
    this.projecting = this.projecting.then(() => this.projectAll());
    await this.projecting;
    await onStorage();
    await publish({ hubId, topic: 'READ' });
  }

  private project(clusters: ReadonlySet<string>): void {
    for (const name of clusters) this.stale.add(name);
    this.projecting = this.projecting.then(async () => {
      const names = [...this.stale];
      this.stale = new Set();
      if (names.length > 0) await this.tryTo('project clusters', () => this.projectSome(names));
    });
  }

  private async projectAll(): Promise<void> {
    await this.tryTo('project all clusters', () => this.projectSome(null));
  }

  private async projectSome(names: readonly string[] | null): Promise<void> {
    const { hubId, lease, repository, clock, publish } = this.parts;
    const sources = await repository.clusterSources(hubId, names);
    for (let from = 0; from < sources.length; from += CLUSTERS_AT_ONCE) {
      const some = sources.slice(from, from + CLUSTERS_AT_ONCE);
      const present = some.flatMap(({ name, cluster, addOn, hasHiveSecret }) => (cluster === null ? [] : [projectCluster(name, cluster, addOn, hasHiveSecret)]));
      const gone = some.filter(({ cluster }) => cluster === null).map(({ name }) => name);
      const changed = await repository.writeClusters(lease, hubId, present, gone, clock.now());
      if (changed.length > 0) void publish({ hubId, topic: 'CLUSTERS', clusters: new Set(changed) });
    }
  }

  private async writeStates(): Promise<void> {
    const write = async (): Promise<void> => {
      if (this.states.size === 0) return;
      const { hubId, lease, repository, clock, onReached } = this.parts;
      const states = [...this.states].map(([kind, state]) => ({ kind, ...state }));
      await this.tryTo('note the states of watches', () => repository.noteStates(lease, hubId, states, clock.now()));
      if (!this.stopped) await this.tryTo('note whether the hub answers', () => onReached(reached(states)));
    };
    this.writingStates = this.writingStates.then(write);
    await this.writingStates;
  }

  /** What fails here is tried again with the next change or tick; a lost lease ends the watcher by its signal. */
  private async tryTo(what: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (!this.parts.lease.signal.aborted) this.parts.onError(what, error);
    }
  }
}
