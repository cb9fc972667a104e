import type { Clock } from '../common/clock.js';
import type { HeldLease } from '../database/lease.service.js';
import type { KubeObject } from '../kube/kube.types.js';
import type { ReflectorChange, ReflectorSink, ReflectorState } from '../kube/reflector.types.js';
import { isKept, observedObject } from './facts.rules.js';
import type { ObservedObject } from './facts.types.js';
import type { WatchedKind } from './fleet.types.js';
import type { HubFactsRepository, ObjectKey } from './hub-facts.repository.js';

export interface SinkListener {
  /** Objects whose facts changed, or that are gone */
  changed(kind: WatchedKind, keys: readonly ObjectKey[]): Promise<void>;
  listed(kind: WatchedKind): Promise<void>;
  /** It is not known whether the last write was made: what it changed was told to nobody, and the list that follows finds it done */
  failed(kind: WatchedKind): void;
  state(kind: WatchedKind, state: ReflectorState): Promise<void>;
}

const keyOf = ({ metadata }: KubeObject): ObjectKey => ({ namespace: metadata.namespace ?? '', name: metadata.name });
/** What PostgreSQL does not take as text; no API server lets it into a name. */
const isStorable = ({ metadata: { namespace = '', name, uid = '', resourceVersion = '' } }: KubeObject): boolean => {
  const text = namespace + name + uid + resourceVersion;
  return !text.includes('\0') && text.isWellFormed();
};

/** Takes what a reflector of one kind sees to the database, as facts. */
export class FactsSink implements ReflectorSink {
  /** Of the list under way; null while there is none */
  private seen: ObjectKey[] | null = null;

  constructor(
    private readonly kind: WatchedKind,
    private readonly hubId: string,
    private readonly lease: HeldLease,
    private readonly repository: HubFactsRepository,
    private readonly clock: Clock,
    private readonly listener: SinkListener,
  ) {}

  listing(): void {
    this.seen = [];
  }

  async page(objects: KubeObject[], askedAt: Date): Promise<void> {
    const observed = this.observed(objects);
    this.seen?.push(...observed.map(({ namespace, name }) => ({ namespace, name })));
    await this.write(observed, askedAt);
  }

  async listed(_version: string, toldAt: Date): Promise<void> {
    const gone = await this.attempt(() => this.repository.finishListing(this.lease, this.hubId, this.kind, this.seen ?? [], toldAt));
    this.seen = null;
    if (gone.length > 0) await this.listener.changed(this.kind, gone);
    await this.listener.listed(this.kind);
  }

  async changes(changes: readonly ReflectorChange[], heardAt: Date): Promise<void> {
    const last = new Map(changes.map((change) => [`${change.object.metadata.namespace ?? ''}/${change.object.metadata.name}`, change]));
    const told = [...last.values()].filter(({ object }) => isStorable(object));
    const gone = told.filter(({ type }) => type === 'DELETE').map(({ object }) => keyOf(object));
    const upserts = told.filter(({ type }) => type === 'UPSERT').map(({ object }) => object);
    // What lost the label or name by which it is kept does not arrive here: the hub tells of it as of a deletion.
    const observed = this.observed(upserts);
    const removed = await this.attempt(() => this.repository.remove(this.lease, this.hubId, this.kind, gone));
    if (removed.length > 0) await this.listener.changed(this.kind, removed);
    await this.write(observed, heardAt);
  }

  state(state: ReflectorState): Promise<void> {
    return this.listener.state(this.kind, state);
  }

  private async write(observed: readonly ObservedObject[], readAt: Date): Promise<void> {
    if (observed.length === 0) return;
    const changed = await this.attempt(() => this.repository.upsert(this.lease, this.hubId, this.kind, observed, readAt, this.clock.now()));
    if (changed.length > 0) await this.listener.changed(this.kind, changed);
  }

  private async attempt<T>(write: () => Promise<T>): Promise<T> {
    this.lease.assertHeld();
    try {
      return await write();
    } catch (error) {
      this.listener.failed(this.kind);
      throw error;
    }
  }

  private observed(objects: readonly KubeObject[]): ObservedObject[] {
    return objects.filter((object) => isKept(this.kind, object) && isStorable(object)).map((object) => observedObject(this.kind, object));
  }
}
