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
  state(kind: WatchedKind, state: ReflectorState): Promise<void>;
}

const keyOf = ({ metadata }: KubeObject): ObjectKey => ({ namespace: metadata.namespace ?? '', name: metadata.name });
const UNSTORABLE = /\0/;

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

  async page(objects: KubeObject[]): Promise<void> {
    const observed = this.observed(objects);
    this.seen?.push(...observed.map(({ namespace, name }) => ({ namespace, name })));
    await this.write(observed);
  }

  async listed(): Promise<void> {
    this.lease.assertHeld();
    const gone = await this.repository.finishListing(this.lease, this.hubId, this.kind, this.seen ?? [], this.clock.now());
    this.seen = null;
    if (gone.length > 0) await this.listener.changed(this.kind, gone);
    await this.listener.listed(this.kind);
  }

  async changes(changes: readonly ReflectorChange[]): Promise<void> {
    const last = new Map(changes.map((change) => [`${change.object.metadata.namespace ?? ''}/${change.object.metadata.name}`, change]));
    const gone = [...last.values()].filter(({ type }) => type === 'DELETE').map(({ object }) => keyOf(object));
    const upserts = [...last.values()].filter(({ type }) => type === 'UPSERT').map(({ object }) => object);
    // What lost the label or name by which it is kept does not arrive here: the hub tells of it as of a deletion.
    const observed = this.observed(upserts);
    this.lease.assertHeld();
    const removed = await this.repository.remove(this.lease, this.hubId, this.kind, gone);
    if (removed.length > 0) await this.listener.changed(this.kind, removed);
    await this.write(observed);
  }

  state(state: ReflectorState): Promise<void> {
    return this.listener.state(this.kind, state);
  }

  private async write(observed: readonly ObservedObject[]): Promise<void> {
    if (observed.length === 0) return;
    this.lease.assertHeld();
    const changed = await this.repository.upsert(this.lease, this.hubId, this.kind, observed, this.clock.now());
    if (changed.length > 0) await this.listener.changed(this.kind, changed);
  }

  private observed(objects: readonly KubeObject[]): ObservedObject[] {
    return objects.filter((object) => isKept(this.kind, object) && !UNSTORABLE.test(object.metadata.name)).map((object) => observedObject(this.kind, object));
  }
}
