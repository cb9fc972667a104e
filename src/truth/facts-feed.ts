import type { Clock } from '../common/clock.js';
import type { HeldLease } from '../database/lease.service.js';
import { projectCluster } from '../fleet/cluster-projection.rules.js';
import { FactsSink, type SinkListener } from '../fleet/facts-sink.js';
import { watchedKinds, type WatchedKind } from '../fleet/fleet.types.js';
import type { HubFactsRepository, ObjectKey } from '../fleet/hub-facts.repository.js';
import { kindsInClusterNamespaces, watched } from '../fleet/watched-kinds.js';
import type { HubClient } from '../kube/hub-client.js';
import type { KubeObject } from '../kube/kube.types.js';
import type { ReflectorChange } from '../kube/reflector.types.js';
import type { SimulatedHub } from '../simulator/simulated-hub.js';

/** What a reading brought. */
export interface Reading {
  readonly kinds: ReadonlySet<WatchedKind>;
  readonly clusters: ReadonlySet<string>;
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

/**
 * Takes what one hub shows into the tables, in the place of its watcher: the same selections over the same API, the same sinks and
 * projections; but when it is told to, so that no real time passes between a change and its arrival.
 */
export class FactsFeed implements SinkListener {
  private readonly sinks: ReadonlyMap<WatchedKind, FactsSink>;
  private readonly known = new Map<WatchedKind, Map<string, KubeObject>>();
  private readonly dirty = new Set<WatchedKind>(watchedKinds);
  private readonly unsubscribe: (() => void)[] = [];
  private reading: { kinds: Set<WatchedKind>; clusters: Set<string>; projected: Set<string> } = { kinds: new Set(), clusters: new Set(), projected: new Set() };
  private heardAt: Date;

  constructor(
    readonly hubId: string,
    hub: SimulatedHub,
    private readonly client: HubClient,
    private readonly lease: HeldLease,
    private readonly repository: HubFactsRepository,
    private readonly clock: Clock,
  ) {
    this.sinks = new Map(watchedKinds.map((kind) => [kind, new FactsSink(kind, hubId, lease, repository, clock, this)]));
    this.heardAt = clock.now();
    for (const kind of watchedKinds) {
      const { type, selection } = watched[kind];
      const stop = hub.store.collection(type)?.subscribe(selection.namespace ?? null, () => this.dirty.add(kind));
      if (stop) this.unsubscribe.push(stop);
    }
  }

  /** Takes in what has changed since the last time; everything at first. */
  async read(): Promise<Reading> {
    this.reading = { kinds: new Set(), clusters: new Set(), projected: new Set() };
    this.heardAt = this.clock.now();
    for (const kind of [...this.dirty]) await this.readKind(kind);
    if (this.reading.projected.size > 0) await this.project([...this.reading.projected]);
    return this.reading;
  }

  /** The watches stand: the hub has said something on each until now. */
  async hear(): Promise<void> {
    this.heardAt = this.clock.now();
    await this.note('WATCHING', null);
  }

  /** The hub has died: its watches are cut off. */
  async lose(errorCode: string): Promise<void> {
    await this.note('BACKING_OFF', errorCode);
  }

  async close(): Promise<void> {
    for (const stop of this.unsubscribe) stop();
    await this.lease.release();
  }

  async changed(kind: WatchedKind, keys: readonly ObjectKey[]): Promise<void> {
    this.reading.kinds.add(kind);
    const clusters = kind === 'MANAGED_CLUSTER' ? keys.map(({ name }) => name) : kindsInClusterNamespaces.has(kind) ? keys.map(({ namespace }) => namespace) : [];
    for (const cluster of clusters) {
      this.reading.clusters.add(cluster);
      if (kind === 'MANAGED_CLUSTER' || kind === 'ADDON' || kind === 'HIVE_SECRET') this.reading.projected.add(cluster);
    }
    return Promise.resolve();
  }

  listed(): Promise<void> {
    return Promise.resolve();
  }

  /** A write that is not known to have been made ends the world. */
  failed(): void {}

  state(): Promise<void> {
    return Promise.resolve();
  }

  private async readKind(kind: WatchedKind): Promise<void> {
    const sink = this.sinks.get(kind);
    if (sink === undefined) return;
    this.dirty.delete(kind);
    const { type, selection } = watched[kind];
    const shown = new Map<string, KubeObject>();
    const now = this.clock.now();
    let version = '';
    for await (const page of this.client.listAll(type, selection)) {
      version = page.resourceVersion;
      for (const object of page.items) shown.set(keyOf(object), object);
    }
    const before = this.known.get(kind);
    this.known.set(kind, shown);
    if (before === undefined) {
      sink.listing();
      await sink.page([...shown.values()], now);
      await sink.listed(version, now);
      return;
    }
    const changes: ReflectorChange[] = [];
    for (const [key, object] of before) if (!shown.has(key)) changes.push({ type: 'DELETE', object });
    for (const [key, object] of shown) {
      if (before.get(key)?.metadata.resourceVersion !== object.metadata.resourceVersion) changes.push({ type: 'UPSERT', object });
    }
    if (changes.length > 0) await sink.changes(changes, now);
  }

  private async project(names: readonly string[]): Promise<void> {
    const sources = await this.repository.clusterSources(this.hubId, names);
    const present = sources.flatMap(({ name, cluster, addOn, hasHiveSecret, readAt }) =>
      cluster === null || readAt === null ? [] : [{ ...projectCluster(name, cluster, addOn, hasHiveSecret), readAt }],
    );
    const gone = sources.filter(({ cluster }) => cluster === null).map(({ name }) => name);
    await this.repository.writeClusters(this.lease, this.hubId, present, gone);
  }

  private async note(phase: 'WATCHING' | 'BACKING_OFF', errorCode: string | null): Promise<void> {
    const states = watchedKinds.map((kind) => ({ kind, phase, heardAt: this.heardAt, errorCode }));
    await this.repository.noteStates(this.lease, this.hubId, states, this.clock.now());
  }
}
