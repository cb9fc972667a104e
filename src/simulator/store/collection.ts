import type { KubeObject } from '../../kube/kube.types.js';
import type { FieldSelector } from './field-selector.js';
import { History, type StoreEvent } from './history.js';
import type { Kind } from './kinds.js';
import type { LabelSelector } from './label-selector.js';
import { StoredObject } from './stored-object.js';

export interface Selectors {
  /** Absent or null: all namespaces */
  readonly namespace?: string | null;
  readonly labels?: LabelSelector | null;
  readonly fields?: FieldSelector | null;
}

export const selects = ({ namespace, labels, fields }: Selectors, object: StoredObject): boolean =>
  (!namespace || object.namespace === namespace) && (!labels || labels.matches(object.labels)) && (!fields || fields.matches(object));

export type StoreListener = (event: StoreEvent) => void;

const ALL = '';
/** Sorts as etcd's keys do: by namespace, then name. */
export const storeKey = (namespace: string, name: string): string => `${namespace}/${name}`;

/** All objects of one kind, with the indexes that lists and watches stand on. Holds no rule of the API: see Registry. */
export class Collection {
  private readonly objects = new Map<string, StoredObject>();
  private readonly byNamespace = new Map<string, Map<string, StoredObject>>();
  /** label key → store key → object */
  private readonly byLabel = new Map<string, Map<string, StoredObject>>();
  private sorted: string[] = [];
  private added: string[] = [];
  /** Deleted, but still in `sorted` or `added` */
  private readonly gone = new Set<string>();
  private readonly listeners = new Map<string, Set<StoreListener>>();
  history: History;

  constructor(
    readonly kind: Kind,
    private readonly historyLength: number,
    revision: number,
  ) {
    this.history = new History(historyLength, revision);
  }

  get size(): number {
    return this.objects.size;
  }

  get(namespace: string, name: string): StoredObject | undefined {
    return this.objects.get(storeKey(namespace, name));
  }

  namespaceIsEmpty(namespace: string): boolean {
    return !this.byNamespace.get(namespace)?.size;
  }

  put(object: KubeObject, revision: number): StoredObject {
    const stored = new StoredObject(this.kind, revision, object);
    const key = storeKey(stored.namespace, stored.name);
    const previous = this.objects.get(key) ?? null;
    if (previous) this.unindex(key, previous);
    else if (!this.gone.delete(key)) this.added.push(key);
    this.objects.set(key, stored);
    this.index(key, stored);
    this.emit({ type: previous ? 'MODIFIED' : 'ADDED', revision, object: stored, previous });
    return stored;
  }

  remove(object: StoredObject, revision: number): void {
    const key = storeKey(object.namespace, object.name);
    this.objects.delete(key);
    this.unindex(key, object);
    this.gone.add(key);
    this.emit({ type: 'DELETED', revision, object, previous: object });
  }

  /** Sorted by namespace and name. */
  select(selectors: Selectors): StoredObject[] {
    const only = selectors.fields?.onlyName;
    if (only && (selectors.namespace || !this.kind.namespaced)) {
      const object = this.get(selectors.namespace ?? '', only);
      return object && selects(selectors, object) ? [object] : [];
    }
    const candidates = this.indexed(selectors);
    if (!candidates) return this.inOrder().filter((object) => selects(selectors, object));
    return [...candidates.entries()].filter(([, object]) => selects(selectors, object)).sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** As select(), but of the past. @throws ApiStatusError 410 where history does not reach back so far */
  selectAt(revision: number, selectors: Selectors): StoredObject[] {
    const then = new Map(this.objects);
    for (const { object, previous } of this.history.after(revision).reverse()) {
      const key = storeKey(object.namespace, object.name);
      if (previous) then.set(key, previous);
      else then.delete(key);
    }
    return [...then].filter(([, object]) => selects(selectors, object)).sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** Told of every event in the namespace, or of all where it is null. Returns the way to stop. */
  subscribe(namespace: string | null, listener: StoreListener): () => void {
    const key = namespace ?? ALL;
    const set = this.listeners.get(key) ?? new Set();
    set.add(listener);
    this.listeners.set(key, set);
    return () => {
      set.delete(listener);
      if (set.size === 0 && this.listeners.get(key) === set) this.listeners.delete(key);
    };
  }

  /** Replaces everything, without events; history begins at `revision`. */
  reset(objects: readonly StoredObject[], revision: number): void {
    for (const index of [this.objects, this.byNamespace, this.byLabel, this.gone]) index.clear();
    this.sorted = [];
    this.added = [];
    for (const object of objects) {
      const key = storeKey(object.namespace, object.name);
      this.objects.set(key, object);
      this.added.push(key);
      this.index(key, object);
    }
    this.history = new History(this.historyLength, revision);
  }

  private emit(event: StoreEvent): void {
    this.history.push(event);
    for (const listener of this.listeners.get(ALL) ?? []) listener(event);
    if (event.object.namespace) for (const listener of this.listeners.get(event.object.namespace) ?? []) listener(event);
  }

  private indexed({ namespace, labels }: Selectors): Map<string, StoredObject> | null {
    const ofNamespace = namespace ? (this.byNamespace.get(namespace) ?? new Map<string, StoredObject>()) : null;
    const key = labels?.requiredKey;
    const ofLabel = key ? (this.byLabel.get(key) ?? new Map<string, StoredObject>()) : null;
    if (ofNamespace && ofLabel) return ofNamespace.size <= ofLabel.size ? ofNamespace : ofLabel;
    return ofNamespace ?? ofLabel;
  }

  private inOrder(): StoredObject[] {
    if (this.added.length > 0) {
      // TimSort merges two sorted runs in linear time.
      this.sorted = [...this.sorted, ...this.added.sort()].sort();
      this.added = [];
    }
    if (this.gone.size * 4 > this.sorted.length) {
      this.sorted = this.sorted.filter((key) => !this.gone.has(key));
      this.gone.clear();
    }
    const objects: StoredObject[] = [];
    for (const key of this.sorted) {
      const object = this.objects.get(key);
      if (object) objects.push(object);
    }
    return objects;
  }

  private index(key: string, object: StoredObject): void {
    if (object.namespace) put(this.byNamespace, object.namespace, key, object);
    for (const label of Object.keys(object.labels)) put(this.byLabel, label, key, object);
  }

  private unindex(key: string, object: StoredObject): void {
    if (object.namespace) drop(this.byNamespace, object.namespace, key);
    for (const label of Object.keys(object.labels)) drop(this.byLabel, label, key);
  }
}

function put(index: Map<string, Map<string, StoredObject>>, group: string, key: string, object: StoredObject): void {
  let members = index.get(group);
  if (!members) index.set(group, (members = new Map()));
  members.set(key, object);
}

function drop(index: Map<string, Map<string, StoredObject>>, group: string, key: string): void {
  const members = index.get(group);
  members?.delete(key);
  if (members?.size === 0) index.delete(group);
}
