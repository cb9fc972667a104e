import type { Clock } from '../common/clock.js';
import type { HeldLease } from '../database/lease.service.js';
import type { HubClient } from '../kube/hub-client.js';
import { Reflector, type ReflectorOptions } from '../kube/reflector.js';
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
  /** Other times than a reflector's own */
  readonly reflector?: ReflectorOptions;
  readonly statesEveryMs?: number;
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
  /** Kinds of which something may have been written and told to nobody */
  private readonly untold = new Set<WatchedKind>();
  private hasRead = false;
  /** Clusters to project; null: all */
  private stale: Set<string> | null = new Set();
  private isStorageStale = false;
  private projecting: Promise<void> = Promise.resolve();
  private notingStorage: Promise<void> = Promise.resolve();
  private writingStates: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(private readonly parts: HubWatcherParts) {
    const { client, hubId, lease, repository, clock, spreadMs, reflector } = parts;
    this.reflectors = new Map(
      watchedKinds.map((kind) => {
        const sink = new FactsSink(kind, hubId, lease, repository, clock, this);
        const { type, selection, coalesceMs } = watched[kind];
        return [kind, new Reflector(client, type, selection, sink, { clock, coalesceMs, firstDelayMs: Math.random() * spreadMs, ...reflector })];
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
    this.timer = setInterval(() => void this.tick(), this.parts.statesEveryMs ?? STATES_EVERY_MS);
    for (const reflector of this.reflectors.values()) reflector.start();
  }

  /** Resolves when nothing of this watcher writes any more. Keeps the lease. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await Promise.all([...this.reflectors.values()].map((reflector) => reflector.stop()));
    await Promise.all([this.projecting, this.notingStorage, this.writingStates]);
  }

  async changed(kind: WatchedKind, keys: readonly ObjectKey[]): Promise<void> {
    const { hubId, publish } = this.parts;
    const clusters = this.clustersOf(kind, keys);
    await publish({ hubId, topic: 'FACTS', kinds: new Set([kind]), clusters });
    if (kind === 'MANAGED_CLUSTER' || kind === 'ADDON' || kind === 'HIVE_SECRET') void this.project(clusters);
    if (kind === 'STORAGE_LOCATION') await this.noteStorage();
  }

  failed(kind: WatchedKind): void {
    this.untold.add(kind);
  }

  async listed(kind: WatchedKind): Promise<void> {
    this.listedKinds.add(kind);
    if (!this.hasRead) await this.readIfComplete();
    else if (this.untold.delete(kind)) await this.tellAll();
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
    if (this.listedKinds.size < watchedKinds.length) return;
    this.hasRead = true;
    this.untold.clear();
    await this.tellAll();
  }

  private async tellAll(): Promise<void> {
    const { hubId, publish } = this.parts;
    await this.project(null);
    await this.noteStorage();
    await publish({ hubId, topic: 'READ' });
  }

  private async tick(): Promise<void> {
    await this.writeStates();
    if (this.stopped) return;
    await this.project(new Set());
    if (this.isStorageStale) await this.noteStorage();
  }

  private noteStorage(): Promise<void> {
    this.isStorageStale = true;
    this.notingStorage = this.notingStorage.then(async () => {
      if (!this.isStorageStale) return;
      this.isStorageStale = false; // what is told from here on is another's
      if (!(await this.tryTo('note the storage', () => this.parts.onStorage()))) this.isStorageStale = true;
    });
    return this.notingStorage;
  }

  /** @param clusters null: all. Those that were not written are tried again with the next */
  private project(clusters: ReadonlySet<string> | null): Promise<void> {
    this.markStale(clusters);
    this.projecting = this.projecting.then(async () => {
      const { stale } = this;
      if (stale?.size === 0) return;
      this.stale = new Set();
      const isDone = await this.tryTo('project clusters', () => this.projectSome(stale === null ? null : [...stale]));
      if (!isDone) this.markStale(stale);
    });
    return this.projecting;
  }

  private markStale(clusters: ReadonlySet<string> | null): void {
    if (clusters === null) this.stale = null;
    else for (const name of clusters) this.stale?.add(name);
  }

  private async projectSome(names: readonly string[] | null): Promise<void> {
    const { hubId, lease, repository, publish } = this.parts;
    const sources = await repository.clusterSources(hubId, names);
    for (let from = 0; from < sources.length; from += CLUSTERS_AT_ONCE) {
      const some = sources.slice(from, from + CLUSTERS_AT_ONCE);
      const present = some.flatMap(({ name, cluster, addOn, hasHiveSecret, readAt }) =>
        cluster === null || readAt === null ? [] : [{ ...projectCluster(name, cluster, addOn, hasHiveSecret), readAt }],
      );
      const gone = some.filter(({ cluster }) => cluster === null).map(({ name }) => name);
      const changed = await repository.writeClusters(lease, hubId, present, gone);
      if (changed.length > 0) void publish({ hubId, topic: 'CLUSTERS', clusters: new Set(changed) });
    }
  }

  private async writeStates(): Promise<void> {
    const write = async (): Promise<void> => {
      if (this.states.size === 0) return;
      const { hubId, lease, repository, clock, onReached } = this.parts;
      const states = [...this.states].map(([kind, state]) => ({ kind, ...state }));
      const absent = states.filter(({ phase }) => phase === 'ABSENT').map(({ kind }) => kind);
      const isDone = await this.tryTo('note the states of watches', async () => {
        const gone = await repository.noteStates(lease, hubId, states, clock.now());
        for (const kind of new Set(gone.map((key) => key.kind))) await this.changed(kind, gone.filter((key) => key.kind === kind));
      });
      if (!isDone) for (const kind of absent) this.untold.add(kind);
      else if (this.hasRead && absent.filter((kind) => this.untold.delete(kind)).length > 0) await this.tellAll();
      // Not without the lease: whether the hub answers is for its present owner to say.
      if (isDone && !this.stopped) await this.tryTo('note whether the hub answers', () => onReached(reached(states)));
    };
    this.writingStates = this.writingStates.then(write);
    await this.writingStates;
  }

  /** What fails here is tried again with the next change or tick; a lost lease ends the watcher by its signal. @returns whether it was done */
  private async tryTo(what: string, action: () => Promise<void>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      if (!this.parts.lease.signal.aborted) this.parts.onError(what, error);
      return false;
    }
  }
}
