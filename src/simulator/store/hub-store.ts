import type { Clock } from '../../common/clock.js';
import type { KubeObject } from '../../kube/kube.types.js';
import { Collection, storeKey } from './collection.js';
import { kindId, type Kind } from './kinds.js';
import { SeededRandom } from './random.js';
import type { StoredObject } from './stored-object.js';

export interface HubStoreOptions {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly kinds: readonly Kind[];
  /** Events remembered per kind; older resourceVersions answer 410 */
  readonly historyLength: number;
}

export interface StoreCheckpoint {
  readonly revision: number;
  readonly objects: readonly (readonly [Collection, readonly StoredObject[]])[];
}

export type RemovalListener = (object: StoredObject) => void;

/** The hub's etcd: every object of every kind, and the one counter from which resourceVersions come. */
export class HubStore {
  readonly clock: Clock;
  readonly random: SeededRandom;
  private readonly collections = new Map<string, Collection>();
  /** uid of an owner → its dependents by kind and key */
  private readonly dependents = new Map<string, Map<string, StoredObject>>();
  private readonly served = new Set<string>();
  /** Begins well above 1, so that 1 is too old everywhere, as on a hub that has lived. */
  private counter = 1000;
  private readonly historyLength: number;
  private forget: () => void = () => undefined;
  private readonly removalListeners: RemovalListener[] = [];

  constructor({ clock, random, kinds, historyLength }: HubStoreOptions) {
    this.clock = clock;
    this.random = random;
    this.historyLength = historyLength;
    for (const kind of kinds) this.addKind(kind);
  }

  /** The resourceVersion of the last write. */
  get revision(): number {
    return this.counter;
  }

  get kinds(): Kind[] {
    return [...this.collections.values()].map(({ kind }) => kind).filter((kind) => this.served.has(kindId(kind)));
  }

  /** How many objects of all kinds there are. */
  get size(): number {
    let total = 0;
    for (const { size } of this.collections.values()) total += size;
    return total;
  }

  addKind(kind: Kind): void {
    if (!this.collections.has(kindId(kind))) this.collections.set(kindId(kind), new Collection(kind, this.historyLength, this.counter));
    this.served.add(kindId(kind));
  }

  /** Switches a kind off (404 from then on) or on again; its objects stay. */
  serve(kind: Pick<Kind, 'group' | 'version' | 'plural'>, on: boolean): void {
    if (on) this.served.add(kindId(kind));
    else this.served.delete(kindId(kind));
  }

  /** Null where the kind is unknown or switched off. */
  collection(kind: Pick<Kind, 'group' | 'version' | 'plural'>): Collection | null {
    const id = kindId(kind);
    return this.served.has(id) ? (this.collections.get(id) ?? null) : null;
  }

  /** Also those that are switched off. */
  allCollections(): IterableIterator<Collection> {
    return this.collections.values();
  }

  put(collection: Collection, object: KubeObject): StoredObject {
    const previous = collection.get(object.metadata.namespace ?? '', object.metadata.name);
    if (previous) this.unlink(previous);
    const stored = collection.put(object, ++this.counter);
    this.link(stored);
    return stored;
  }

  remove(collection: Collection, object: StoredObject): void {
    this.unlink(object);
    collection.remove(object, ++this.counter);
    for (const listener of this.removalListeners) listener(object);
  }

  dependentsOf(uid: string): StoredObject[] {
    return [...(this.dependents.get(uid)?.values() ?? [])];
  }

  /** Told when the past is forgotten: by compaction or by going back. */
  onForgotten(listener: () => void): void {
    this.forget = listener;
  }

  onRemoval(listener: RemovalListener): void {
    this.removalListeners.push(listener);
  }

  /** The present state, to which rollBack() can return. Cheap: objects are shared. */
  checkpoint(): StoreCheckpoint {
    return { revision: this.counter, objects: [...this.collections.values()].map((collection) => [collection, collection.select({})] as const) };
  }

  /** As if etcd had been restored from a snapshot: objects and the counter go back, history is forgotten, resourceVersions are given anew. */
  rollBack({ revision, objects }: StoreCheckpoint): void {
    this.counter = revision;
    this.dependents.clear();
    this.forget();
    for (const [collection, members] of objects) {
      collection.reset(members, revision);
      for (const member of members) this.link(member);
    }
  }

  /** Forgets history up to now: older resourceVersions and open pages answer 410. */
  compact(): void {
    for (const { history } of this.collections.values()) history.compact(this.counter);
    this.forget();
  }

  private link(object: StoredObject): void {
    for (const owner of object.owners) {
      const members = this.dependents.get(owner) ?? new Map<string, StoredObject>();
      members.set(this.dependentKey(object), object);
      this.dependents.set(owner, members);
    }
  }

  private unlink(object: StoredObject): void {
    for (const owner of object.owners) {
      const members = this.dependents.get(owner);
      members?.delete(this.dependentKey(object));
      if (members?.size === 0) this.dependents.delete(owner);
    }
  }

  private dependentKey(object: StoredObject): string {
    return `${kindId(object.kind)}|${storeKey(object.namespace, object.name)}`;
  }
}
