import type { KubeObject, ManagedFieldsEntry, ObjectMeta } from '../../kube/kube.types.js';
import type { AdmissionHook, AdmissionRequest } from './admission.js';
import {
  alreadyExists, ApiStatusError, badRequest, conflict, deniedByWebhook, forbidden, invalid, MODIFIED_MEANWHILE, notFound, preconditionFailed, type NamedResource,
} from './api-status.js';
import type { Collection } from './collection.js';
import { Controllers } from './controllers.js';
import { deepEqual, isRecord } from './deep-equal.js';
import { applyConfiguration, recordUpdate, type FieldWriter } from './fields/managed-fields.js';
import type { HubStore } from './hub-store.js';
import { apiVersionOf, type Kind } from './kinds.js';
import { kubeTime } from './kube-time.js';
import { patched } from './patching.js';
import type { ApplyContext, DeleteRequest, DeleteResult, PatchType, WriteContext } from './registry.types.js';
import { StoredObject } from './stored-object.js';
import { applyDefaults, prepareForCreate, prepareForUpdate } from './strategy.js';
import { checkMetadata, checkShape, checkUpdate } from './validation.js';

const NAMESPACES: NamedResource & { readonly version: string } = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace' };

/** The rules by which kube-apiserver writes: identity, generation, status, conflicts, finalizers, admission. Synchronous, so each call is atomic. */
export class Registry {
  readonly controllers: Controllers;
  readonly admission: AdmissionHook[] = [];

  constructor(private readonly store: HubStore) {
    this.controllers = new Controllers(store);
  }

  /** @throws ApiStatusError 404 */
  get(collection: Collection, namespace: string, name: string): StoredObject {
    const object = collection.get(namespace, name);
    if (!object) throw notFound(collection.kind, name);
    return object;
  }

  create(collection: Collection, namespace: string, body: unknown, context: WriteContext): StoredObject {
    const { kind } = collection;
    const object = this.decoded(kind, namespace, body);
    const { metadata } = object;
    // Other than one would think, this is the server's own fault to a client: a bare 500.
    if (metadata.resourceVersion) throw new ApiStatusError(500, '', 'resourceVersion should not be set on objects to be created');
    if (!metadata.name && metadata.generateName) metadata.name = `${metadata.generateName.slice(0, 58)}${this.store.random.suffix()}`;
    applyDefaults(kind, object);
    setManagedFields(object, recordUpdate(kind, null, object, this.writer(context)));
    return this.insert(collection, object, context);
  }

  /** PUT. Builtin kinds may leave resourceVersion out, then the last writer wins; custom kinds may not (422). */
  replace(collection: Collection, namespace: string, name: string, body: unknown, context: WriteContext): StoredObject {
    const { kind } = collection;
    const next = this.decoded(kind, namespace, body);
    checkName(next, name);
    const previous = this.get(collection, namespace, name);
    const { uid, resourceVersion } = next.metadata;
    if (uid && uid !== previous.uid) throw conflict(kind, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${previous.uid}`);
    if (!resourceVersion && kind.nature === 'custom') {
      throw invalid({ ...kind, kind: kind.plural }, name, [{ reason: 'FieldValueInvalid', message: 'Invalid value: 0: must be specified for an update', field: 'metadata.resourceVersion' }]);
    }
    return this.update(collection, previous, next, context, 'recorded');
  }

  patch(collection: Collection, namespace: string, name: string, type: PatchType, patch: unknown, context: WriteContext): StoredObject {
    const { kind } = collection;
    const previous = this.get(collection, namespace, name);
    const next = this.decoded(kind, namespace, patched(type, previous.read(), patch));
    checkName(next, name);
    return this.update(collection, previous, next, context, 'recorded');
  }

  /** Server-side apply: makes the object, or changes the fields that are applied and gives up those that no longer are. */
  apply(collection: Collection, namespace: string, name: string, body: unknown, context: ApplyContext): StoredObject {
    const { kind } = collection;
    if (isRecord(body) && (body['apiVersion'] !== apiVersionOf(kind) || body['kind'] !== kind.kind)) throw badRequest(`invalid object type: ${goGroupVersionKind(body)}`);
    const config = this.decoded(kind, namespace, body);
    config.metadata.name ??= name;
    checkName(config, name);
    if (config.metadata.managedFields) throw badRequest('metadata.managedFields must be nil');
    const previous = collection.get(namespace, name);
    if (!previous) return this.applyNew(collection, config, context);
    const next = applyConfiguration(kind, previous.read(), config, this.writer(context), context.force);
    // The version that the configuration names is a precondition, not a field.
    if (config.metadata.resourceVersion) next.metadata.resourceVersion = config.metadata.resourceVersion;
    else delete next.metadata.resourceVersion;
    return this.update(collection, previous, next, context, 'applied');
  }

  delete(collection: Collection, namespace: string, name: string, request: DeleteRequest, context: WriteContext): DeleteResult {
    const { kind } = collection;
    const object = this.get(collection, namespace, name);
    const { uid, resourceVersion } = request;
    if (uid && uid !== object.uid) throw preconditionFailed(kind, name, 'UID', uid, object.uid);
    if (resourceVersion && resourceVersion !== String(object.revision)) throw preconditionFailed(kind, name, 'ResourceVersion', resourceVersion, String(object.revision));
    this.admit(kind, context, () => ({ operation: 'DELETE', object: null, oldObject: object.read() }));
    return context.dryRun ? { object, gone: object.finalizers.length === 0 } : this.controllers.delete(collection, object, request.propagationPolicy);
  }

  /** Bypasses rules and admission: the object is stored as it is, with what it lacks of identity filled in. */
  seed(collection: Collection, object: KubeObject): StoredObject {
    const { kind } = collection;
    const metadata: ObjectMeta = { ...object.metadata };
    const complete: KubeObject = { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind, metadata };
    applyDefaults(kind, complete);
    const { status } = complete;
    if (kind.plural === NAMESPACES.plural && kind.group === '') prepareForCreate(kind, complete);
    if (status !== undefined) complete.status = status;
    complete.metadata.uid ??= this.store.random.uuid();
    complete.metadata.creationTimestamp ??= kubeTime(this.store.clock.now());
    if (kind.generation) complete.metadata.generation ??= 1;
    return this.store.put(collection, complete);
  }

  private applyNew(collection: Collection, config: KubeObject, context: ApplyContext): StoredObject {
    const { kind } = collection;
    const { name, uid } = config.metadata;
    if (context.subresource) throw notFound(kind, name);
    if (uid) throw conflict(kind, name, `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`);
    // A version that cannot be met is overlooked here: the object is made.
    delete config.metadata.resourceVersion;
    const object = applyConfiguration(kind, null, config, this.writer(context), context.force);
    applyDefaults(kind, object);
    return this.insert(collection, object, context);
  }

  private insert(collection: Collection, object: KubeObject, context: WriteContext): StoredObject {
    const { kind } = collection;
    const { metadata } = object;
    if (kind.namespaced) this.requireNamespace(kind, metadata.namespace ?? '', metadata.name);
    metadata.uid = this.store.random.uuid();
    metadata.creationTimestamp = kubeTime(this.store.clock.now());
    delete metadata.deletionTimestamp;
    delete (metadata as { deletionGracePeriodSeconds?: number }).deletionGracePeriodSeconds;
    prepareForCreate(kind, object);
    this.admit(kind, context, () => ({ operation: 'CREATE', object, oldObject: null }));
    checkMetadata(kind, object);
    if (collection.get(metadata.namespace ?? '', metadata.name)) throw alreadyExists(kind, metadata.name);
    return this.save(collection, object, null, context);
  }

  private update(collection: Collection, previous: StoredObject, next: KubeObject, context: WriteContext, how: 'recorded' | 'applied'): StoredObject {
    const { kind } = collection;
    const old = previous.read();
    const asked = next.metadata.resourceVersion;
    applyDefaults(kind, next);
    const managedFields = how === 'applied' ? next.metadata.managedFields : recordUpdate(kind, old, next, this.writer(context));
    if (asked && asked !== String(previous.revision)) throw conflict(kind, previous.name, MODIFIED_MEANWHILE);
    const object = prepareForUpdate(kind, old, next, context.subresource);
    setManagedFields(object, managedFields);
    this.admit(kind, context, () => ({ operation: 'UPDATE', object, oldObject: old }));
    checkUpdate(kind, old, next);
    checkMetadata(kind, object);
    return this.save(collection, object, previous, context);
  }

  private save(collection: Collection, object: KubeObject, previous: StoredObject | null, context: WriteContext): StoredObject {
    const unchanged = previous && deepEqual(withoutBookkeeping(previous.read()), withoutBookkeeping(object));
    if (unchanged) return previous;
    if (context.dryRun) return new StoredObject(collection.kind, previous?.revision ?? 0, object);
    const stored = this.store.put(collection, object);
    return this.controllers.afterWrite(collection, stored);
  }

  private writer({ fieldManager, subresource }: WriteContext): FieldWriter {
    return { manager: fieldManager, subresource, time: kubeTime(this.store.clock.now()) };
  }

  private admit(kind: Kind, { subresource, user, dryRun }: WriteContext, facts: () => Pick<AdmissionRequest, 'operation' | 'object' | 'oldObject'>): void {
    if (this.admission.length === 0) return;
    const { operation, object, oldObject } = facts();
    const { name = '', namespace = '' } = (object ?? oldObject)?.metadata ?? {};
    for (const hook of this.admission) {
      const answer = hook.review({ operation, kind, name, namespace, object, oldObject, subresource, user, dryRun });
      if (answer instanceof ApiStatusError) throw answer;
      if (answer !== null) throw deniedByWebhook(hook.name, answer);
    }
  }

  /** A body of the right shape, as a copy, in the namespace of the path. */
  private decoded(kind: Kind, namespace: string, body: unknown): KubeObject {
    checkShape(kind, body);
    const object = structuredClone(body);
    const { metadata } = object;
    if (!kind.namespaced) delete metadata.namespace;
    else if (metadata.namespace && metadata.namespace !== namespace) throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
    else metadata.namespace = namespace;
    return object;
  }

  private requireNamespace(kind: Kind, namespace: string, name: string): void {
    const found = this.store.collection(NAMESPACES)?.get('', namespace);
    if (!found) throw notFound(NAMESPACES, namespace);
    if (found.deleting) {
      throw forbidden(kind, name, `unable to create new content in namespace ${namespace} because it is being terminated`, [
        { reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' },
      ]);
    }
  }
}

/** As Go prints a GroupVersionKind: `/v1, Kind=Secret` in the core group. */
function goGroupVersionKind({ apiVersion, kind }: Record<string, unknown>): string {
  const version = String(apiVersion);
  return `${version.includes('/') ? version : `/${version}`}, Kind=${String(kind)}`;
}

function checkName({ metadata: { name } }: KubeObject, expected: string): void {
  if (name !== expected) throw badRequest(`the name of the object (${name || '<empty>'}) does not match the name on the URL (${expected})`);
}

function setManagedFields(object: KubeObject, entries: ManagedFieldsEntry[] | undefined): void {
  if (entries) object.metadata.managedFields = entries;
  else delete object.metadata.managedFields;
}

function withoutBookkeeping(object: KubeObject): unknown {
  const { resourceVersion: _resourceVersion, managedFields, ...metadata } = object.metadata;
  return { ...object, metadata, managed: managedFields?.map(({ time: _time, ...entry }) => entry) ?? [] };
}
