import type { KubeObject, OwnerReference } from '../../kube/kube.types.js';
import type { Collection } from './collection.js';
import type { HubStore } from './hub-store.js';
import { kubeTime } from './kube-time.js';
import type { DeleteRequest, DeleteResult } from './registry.types.js';
import type { StoredObject } from './stored-object.js';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

/**
 * What kube-controller-manager does about deletion: the garbage collector and the namespace controller. Both can be switched off, since
 * a bare kube-apiserver has neither. They act at once, within the call that gave them reason to.
 *
 *   delete ─ finalizers? ─ no ──▶ removed ──▶ dependents without another owner are deleted
 *               └─ yes ▶ deletionTimestamp set ─ last finalizer gone ─▶ removed
 */
export class Controllers {
  private collecting = true;
  private clearing = true;

  constructor(private readonly store: HubStore) {
    store.onRemoval((object) => this.afterRemoval(object));
  }

  get garbageCollector(): boolean {
    return this.collecting;
  }

  /** Switched on, it also does what was left undone. */
  set garbageCollector(on: boolean) {
    this.collecting = on;
    if (on) this.sweepForeground();
  }

  get namespaceController(): boolean {
    return this.clearing;
  }

  /** Off: namespaces that are deleted stay Terminating, with all that is in them. */
  set namespaceController(on: boolean) {
    this.clearing = on;
    if (on) for (const namespace of this.terminatingNamespaces()) this.clearNamespace(namespace);
  }

  delete(collection: Collection, object: StoredObject, policy: DeleteRequest['propagationPolicy']): DeleteResult {
    const isNamespace = collection.kind.group === '' && collection.kind.plural === 'namespaces';
    const finalizers = object.finalizers.filter((finalizer) => finalizer !== FOREGROUND && finalizer !== ORPHAN);
    if (policy === 'Foreground') finalizers.push(FOREGROUND);
    if (policy === 'Orphan') finalizers.push(ORPHAN);
    if (policy === undefined) finalizers.push(...object.finalizers.filter((finalizer) => finalizer === FOREGROUND || finalizer === ORPHAN));
    if (finalizers.length === 0 && !isNamespace) {
      this.store.remove(collection, object);
      return { object, gone: true };
    }
    const marked = object.deleting && finalizers.length === object.finalizers.length ? object : this.mark(collection, object, finalizers, isNamespace);
    this.finish(collection, marked);
    const left = collection.get(object.namespace, object.name);
    return { object: left?.uid === object.uid ? left : marked, gone: left?.uid !== object.uid };
  }

  /** Removes an object whose last finalizer a write has taken away. */
  afterWrite(collection: Collection, object: StoredObject): StoredObject {
    if (object.deleting) this.finish(collection, object);
    else if (this.collecting && object.owners.length > 0) setImmediate(() => this.collectIfOwnerless(collection, object));
    return object;
  }

  /** What is written with owners that do not exist is collected soon after. */
  private collectIfOwnerless(collection: Collection, written: StoredObject): void {
    const object = collection.get(written.namespace, written.name);
    if (this.collecting && object?.uid === written.uid) this.collect(object);
  }

  private mark(collection: Collection, object: StoredObject, finalizers: string[], isNamespace: boolean): StoredObject {
    const next: KubeObject & { metadata: { deletionGracePeriodSeconds?: number } } = object.read();
    next.metadata.deletionTimestamp ??= kubeTime(this.store.clock.now());
    next.metadata.deletionGracePeriodSeconds ??= 0;
    if (isNamespace) delete next.metadata.deletionGracePeriodSeconds;
    if (collection.kind.generation) next.metadata.generation = (next.metadata.generation ?? 0) + 1;
    if (finalizers.length > 0) next.metadata.finalizers = finalizers;
    if (isNamespace) next.status = { ...(next.status as object), phase: 'Terminating' };
    return this.store.put(collection, next);
  }

  private finish(collection: Collection, object: StoredObject): void {
    if (collection.kind.group === '' && collection.kind.plural === 'namespaces') {
      if (this.clearing) this.clearNamespace(object.name);
      return;
    }
    if (this.collecting && object.finalizers.includes(ORPHAN)) this.orphanDependents(collection, object);
    else if (this.collecting && object.finalizers.includes(FOREGROUND)) this.deleteBlocking(collection, object);
    else if (object.finalizers.length === 0) this.store.remove(collection, object);
  }

  private orphanDependents(collection: Collection, owner: StoredObject): void {
    for (const dependent of this.store.dependentsOf(owner.uid)) {
      const next = dependent.read();
      next.metadata.ownerReferences = next.metadata.ownerReferences?.filter(({ uid }) => uid !== owner.uid);
      if (next.metadata.ownerReferences?.length === 0) delete next.metadata.ownerReferences;
      const home = this.store.collection(dependent.kind);
      if (home) this.store.put(home, next);
    }
    this.dropFinalizer(collection, owner, ORPHAN);
  }

  /** Foreground: dependents first, those that block the owner hold it until they are gone. */
  private deleteBlocking(collection: Collection, owner: StoredObject): void {
    for (const dependent of this.store.dependentsOf(owner.uid)) {
      const home = this.store.collection(dependent.kind);
      if (home && !dependent.deleting) this.delete(home, dependent, undefined);
    }
    const current = collection.get(owner.namespace, owner.name);
    if (!current || current.uid !== owner.uid || !current.finalizers.includes(FOREGROUND)) return;
    if (!this.store.dependentsOf(owner.uid).some((dependent) => blocks(dependent, owner.uid))) this.dropFinalizer(collection, current, FOREGROUND);
  }

  private dropFinalizer(collection: Collection, object: StoredObject, finalizer: string): void {
    const next = object.read();
    next.metadata.finalizers = next.metadata.finalizers?.filter((each) => each !== finalizer);
    if (next.metadata.finalizers?.length === 0) delete next.metadata.finalizers;
    this.afterWrite(collection, this.store.put(collection, next));
  }

  private afterRemoval(object: StoredObject): void {
    if (this.collecting) {
      for (const dependent of this.store.dependentsOf(object.uid)) this.collect(dependent);
      for (const uid of object.owners) this.reconsiderOwner(uid, object);
    }
    if (this.clearing && object.namespace) this.removeEmptyNamespace(object.namespace);
  }

  private collect(dependent: StoredObject): void {
    const home = this.store.collection(dependent.kind);
    if (!home || dependent.deleting) return;
    if (dependent.owners.every((uid) => !this.ownerExists(uid, dependent))) this.delete(home, dependent, undefined);
  }

  private reconsiderOwner(uid: string, dependent: StoredObject): void {
    const owner = this.findOwner(uid, dependent);
    if (owner?.object.deleting && owner.object.finalizers.includes(FOREGROUND)) this.deleteBlocking(owner.collection, owner.object);
  }

  /** An owner of a kind that is not known cannot be called gone. */
  private ownerExists(uid: string, dependent: StoredObject): boolean {
    const reference = dependent.readMetadata().ownerReferences?.find((owner) => owner.uid === uid);
    return (reference !== undefined && this.homesOf(reference).length === 0) || this.findOwner(uid, dependent) !== null;
  }

  private findOwner(uid: string, dependent: StoredObject): { collection: Collection; object: StoredObject } | null {
    const reference = dependent.readMetadata().ownerReferences?.find((owner) => owner.uid === uid);
    if (!reference) return null;
    for (const collection of this.homesOf(reference)) {
      const object = collection.get(collection.kind.namespaced ? dependent.namespace : '', reference.name);
      if (object?.uid === uid) return { collection, object };
    }
    return null;
  }

  private homesOf({ apiVersion, kind }: OwnerReference): Collection[] {
    const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
    return [...this.store.allCollections()].filter((collection) => collection.kind.kind === kind && collection.kind.group === group);
  }

  private sweepForeground(): void {
    for (const collection of this.store.allCollections()) {
      for (const object of collection.select({})) if (object.deleting) this.finish(collection, object);
    }
  }

  private terminatingNamespaces(): string[] {
    const namespaces = this.store.collection({ group: '', version: 'v1', plural: 'namespaces' });
    return namespaces?.select({}).filter(({ deleting }) => deleting).map(({ name }) => name) ?? [];
  }

  private clearNamespace(namespace: string): void {
    for (const collection of this.store.allCollections()) {
      if (!collection.kind.namespaced) continue;
      for (const object of collection.select({ namespace })) {
        if (!object.deleting) this.delete(collection, object, 'Background');
      }
    }
    this.removeEmptyNamespace(namespace);
  }

  private removeEmptyNamespace(name: string): void {
    const namespaces = this.store.collection({ group: '', version: 'v1', plural: 'namespaces' });
    const namespace = namespaces?.get('', name);
    if (!namespaces || !namespace?.deleting || namespace.finalizers.length > 0) return;
    for (const collection of this.store.allCollections()) if (collection.kind.namespaced && !collection.namespaceIsEmpty(name)) return;
    this.store.remove(namespaces, namespace);
  }
}

const blocks = (dependent: StoredObject, owner: string): boolean =>
  dependent.readMetadata().ownerReferences?.some(({ uid, blockOwnerDeletion }) => uid === owner && blockOwnerDeletion === true) ?? false;
