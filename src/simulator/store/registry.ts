import jsonPatch, { type Operation } from 'fast-json-patch';
import type { KubeObject, ManagedFieldsEntry, ObjectMeta } from '../../kube/kube.types.js';
import type { AdmissionHook, AdmissionRequest } from './admission.js';
import {
  alreadyExists, ApiStatusError, badRequest, conflict, deniedByWebhook, forbidden, invalid, MODIFIED_MEANWHILE, notFound, type NamedResource,
} from './api-status.js';
import type { Collection, Selectors } from './collection.js';
import { Controllers } from './controllers.js';
import { deepEqual, isRecord } from './deep-equal.js';
import { applyConfiguration, recordUpdate, type FieldWriter } from './fields/managed-fields.js';
import type { HubStore } from './hub-store.js';
import { apiVersionOf, type Kind } from './kinds.js';
import { mergePatch } from './merge-patch.js';
import type { ApplyContext, DeleteRequest, DeleteResult, PatchType, WriteContext } from './registry.types.js';
import { StoredObject } from './stored-object.js';
import { checkMetadata, checkShape } from './validation.js';

const NAMESPACES: NamedResource & { readonly version: string } = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace' };

/** RFC 3339 with whole seconds, as metav1.Time is written. */
export const kubeTime = (at: Date): string => at.toISOString().replace(/\.\d{3}Z$/, 'Z');

/** The rules by which kube-apiserver writes: identity, generation, status, conflicts, finalizers, admission. Synchronous, so each call is atomic. */
export class Registry {
  readonly controllers: Controllers;
  readonly admission: AdmissionHook[] = [];

  constructor(readonly store: HubStore) {
    this.controllers = new Controllers(store);
  }

  get(collection: Collection, namespace: string, name: string): StoredObject {
    const object = collection.get(namespace, name);
    if (!object) throw notFound(collection.kind, name);
    return object;
  }

  list(collection: Collection, selectors: Selectors): StoredObject[] {
    return collection.select(selectors);
  }

  create(collection: Collection, namespace: string, body: unknown, context: WriteContext): StoredObject {
    const { kind } = collection;
    checkShape(kind, body);
    const object = structuredClone(body);
    const { metadata } = object;
    this.checkNamespace(kind, namespace, metadata);
    if (metadata.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created');
    if (!metadata.name && metadata.generateName) metadata.name = `${metadata.generateName.slice(0, 58)}${this.store.random.suffix()}`;
    return this.insert(collection, object, context, false);
  }

  private insert(collection: Collection, object: KubeObject, context: WriteContext, applied: boolean): StoredObject {
    const { kind } = collection;
    const { metadata } = object;
    const { namespace = '' } = metadata;
    if (kind.namespaced) this.requireNamespace(kind, namespace, metadata.name);
    checkMetadata(kind, object);
    if (collection.get(namespace, metadata.name)) throw alreadyExists(kind, metadata.name);
    metadata.uid = this.store.random.uuid();
    metadata.creationTimestamp = kubeTime(this.store.clock.now());
    delete metadata.deletionTimestamp;
    delete (metadata as { deletionGracePeriodSeconds?: number }).deletionGracePeriodSeconds;
    delete metadata.generation;
    if (kind.generation) metadata.generation = 1;
    if (kind.statusSubresource) delete object.status;
    if (!applied) setManagedFields(object, recordUpdate(kind, null, object, this.writer(context)));
    applyDefaults(kind, object, null);
    this.admit({ operation: 'CREATE', object, oldObject: null, ...this.admissionFacts(kind, object, context) });
    return this.save(collection, object, null, context);
  }

  /** PUT. Without resourceVersion in the body the last writer wins, as on a real server. */
  replace(collection: Collection, namespace: string, name: string, body: unknown, context: WriteContext): StoredObject {
    const { kind } = collection;
    checkShape(kind, body);
    this.checkNamespace(kind, namespace, body.metadata);
    if (body.metadata.name !== name) {
      throw badRequest(`the name of the object (${body.metadata.name ?? ''}) does not match the name on the URL (${name})`);
    }
    const previous = this.get(collection, namespace, name);
    return this.update(collection, previous, structuredClone(body), context);
  }

  patch(collection: Collection, namespace: string, name: string, type: PatchType, patch: unknown, context: WriteContext): StoredObject {
    const { kind } = collection;
    const previous = this.get(collection, namespace, name);
    const before = previous.read();
    const after = type === 'json' ? jsonPatched(kind, name, before, patch) : mergePatch(before, requireObject(patch));
    checkShape(kind, after);
    if (after.metadata.name !== name) {
      throw badRequest(`the name of the object (${String(after.metadata.name)}) does not match the name on the URL (${name})`);
    }
    return this.update(collection, previous, after, context);
  }

  /** Server-side apply: makes the object, or changes the fields that are applied and gives up those that no longer are. */
  apply(collection: Collection, namespace: string, name: string, body: unknown, context: ApplyContext): StoredObject {
    const { kind } = collection;
    checkShape(kind, body);
    const config = structuredClone(body);
    config.metadata.name ??= name;
    if (config.metadata.name !== name) throw badRequest(`the name of the object (${config.metadata.name}) does not match the name on the URL (${name})`);
    this.checkNamespace(kind, namespace, config.metadata);
    if (config.metadata.managedFields) throw badRequest('metadata.managedFields must be nil');
    const previous = collection.get(namespace, name);
    if (!previous && context.subresource) throw notFound(kind, name);
    if (!previous) return this.insert(collection, applyConfiguration(kind, null, config, this.writer(context), context.force), context, true);
    const next = applyConfiguration(kind, previous.read(), config, this.writer(context), context.force);
    // The version that the configuration names is a precondition, not a field.
    if (config.metadata.resourceVersion) next.metadata.resourceVersion = config.metadata.resourceVersion;
    else delete next.metadata.resourceVersion;
    return this.update(collection, previous, next, context, true);
  }

  delete(collection: Collection, namespace: string, name: string, request: DeleteRequest, context: WriteContext): DeleteResult {
    const { kind } = collection;
    const object = this.get(collection, namespace, name);
    if (request.uid && request.uid !== object.uid) {
      throw conflict(kind, name, `Precondition failed: UID in precondition: ${request.uid}, UID in object meta: ${object.uid}`);
    }
    if (request.resourceVersion && request.resourceVersion !== String(object.revision)) {
      throw conflict(kind, name, `Precondition failed: ResourceVersion in precondition: ${request.resourceVersion}, ResourceVersion in object meta: ${object.revision}`);
    }
    this.admit({ operation: 'DELETE', object: null, oldObject: null, ...this.admissionFacts(kind, object.read(), context) }, object);
    return context.dryRun ? { object, gone: object.finalizers.length === 0 } : this.controllers.delete(collection, object, request.propagationPolicy);
  }

  /** Bypasses rules and admission: the object is stored as it is, with what it lacks of identity filled in. */
  seed(collection: Collection, object: KubeObject): StoredObject {
    const { kind } = collection;
    const metadata: ObjectMeta = { ...object.metadata };
    metadata.uid ??= this.store.random.uuid();
    metadata.creationTimestamp ??= kubeTime(this.store.clock.now());
    if (kind.generation) metadata.generation ??= 1;
    const complete = { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind, metadata };
    applyDefaults(kind, complete, null);
    return this.store.put(collection, complete);
  }

  private update(collection: Collection, previous: StoredObject, next: KubeObject, context: WriteContext, applied = false): StoredObject {
    const { kind } = collection;
    const old = previous.read();
    const asked = next.metadata.resourceVersion;
    if (asked && asked !== String(previous.revision)) throw conflict(kind, previous.name, MODIFIED_MEANWHILE);
    if (next.metadata.uid && next.metadata.uid !== previous.uid) {
      throw conflict(kind, previous.name, `Precondition failed: UID in precondition: ${next.metadata.uid}, UID in object meta: ${previous.uid}`);
    }
    const object = this.merged(kind, old, next, context);
    setManagedFields(object, applied ? next.metadata.managedFields : recordUpdate(kind, old, object, this.writer(context)));
    checkMetadata(kind, object);
    if (previous.deleting && object.metadata.finalizers?.some((finalizer) => !previous.finalizers.includes(finalizer))) {
      const added = object.metadata.finalizers.filter((finalizer) => !previous.finalizers.includes(finalizer));
      throw invalid(kind, previous.name, [{
        reason: 'FieldValueForbidden',
        message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((f) => JSON.stringify(f)).join(', ')}}`,
        field: 'metadata.finalizers',
      }]);
    }
    this.admit({ operation: 'UPDATE', object, oldObject: old, ...this.admissionFacts(kind, object, context) });
    return this.save(collection, object, previous, context);
  }

  /** What an update may change: everything but identity; status through the status subresource alone, and that nothing else. */
  private merged(kind: Kind, old: KubeObject, next: KubeObject, context: WriteContext): KubeObject {
    const ofStatus = context.subresource === 'status';
    const object: KubeObject = ofStatus ? { ...old, metadata: { ...old.metadata } } : next;
    if (ofStatus) {
      if (next.status === undefined) delete object.status;
      else object.status = next.status;
    } else {
      object.metadata = {
        ...next.metadata,
        uid: old.metadata.uid,
        creationTimestamp: old.metadata.creationTimestamp,
        generation: old.metadata.generation,
        deletionTimestamp: old.metadata.deletionTimestamp,
      };
      if (old.metadata.namespace) object.metadata.namespace = old.metadata.namespace;
      if (kind.statusSubresource) {
        if (old.status === undefined) delete object.status;
        else object.status = old.status;
      }
      applyDefaults(kind, object, old);
      if (kind.generation && !deepEqual(countedByGeneration(kind, old), countedByGeneration(kind, object))) {
        object.metadata.generation = (old.metadata.generation ?? 0) + 1;
      }
    }
    for (const key of ['generation', 'deletionTimestamp', 'managedFields'] as const) if (object.metadata[key] === undefined) delete object.metadata[key];
    return object;
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

  private admit(request: AdmissionRequest, deleted?: StoredObject): void {
    if (this.admission.length === 0) return;
    const complete = deleted ? { ...request, oldObject: deleted.read() } : request;
    for (const hook of this.admission) {
      const answer = hook.review(complete);
      if (answer instanceof ApiStatusError) throw answer;
      if (answer !== null) throw deniedByWebhook(hook.name, answer);
    }
  }

  private admissionFacts(kind: Kind, object: KubeObject, context: WriteContext): Omit<AdmissionRequest, 'operation' | 'object' | 'oldObject'> {
    const { name, namespace = '' } = object.metadata;
    return { kind, name, namespace, subresource: context.subresource, user: context.user, dryRun: context.dryRun };
  }

  private checkNamespace(kind: Kind, namespace: string, metadata: ObjectMeta): void {
    if (!kind.namespaced) {
      if (metadata.namespace) throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
      return;
    }
    if (metadata.namespace && metadata.namespace !== namespace) throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
    metadata.namespace = namespace;
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

function setManagedFields(object: KubeObject, entries: ManagedFieldsEntry[] | undefined): void {
  if (entries) object.metadata.managedFields = entries;
  else delete object.metadata.managedFields;
}

function requireObject(patch: unknown): unknown {
  if (!isRecord(patch)) throw badRequest('error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}');
  return patch;
}

function jsonPatched(kind: Kind, name: string, before: KubeObject, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  try {
    return jsonPatch.applyPatch(before, patch as Operation[], true, false).newDocument;
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : '';
    throw new ApiStatusError(422, 'Invalid', `the server rejected our request due to an error in our request: ${why}`, { name, kind: kind.plural, group: kind.group || undefined });
  }
}

/** What moves metadata.generation: all but metadata, and but status where it has its subresource; of builtin kinds the spec. */
function countedByGeneration(kind: Kind, object: KubeObject): unknown {
  if (kind.nature === 'builtin') return object.spec;
  const { metadata: _metadata, status, ...rest } = object;
  return kind.statusSubresource ? rest : { ...rest, status };
}

function withoutBookkeeping(object: KubeObject): unknown {
  const { resourceVersion: _resourceVersion, managedFields, ...metadata } = object.metadata;
  return { ...object, metadata, managed: managedFields?.map(({ time: _time, ...entry }) => entry) ?? [] };
}

function applyDefaults(kind: Kind, object: KubeObject, old: KubeObject | null): void {
  if (kind.group !== '') return;
  if (kind.kind === 'Secret') {
    if (object.stringData) {
      object.data = { ...object.data };
      for (const [key, value] of Object.entries(object.stringData)) object.data[key] = Buffer.from(value).toString('base64');
      delete object.stringData;
    }
    object.type ??= old?.type ?? 'Opaque';
  }
  if (kind.kind === 'Namespace') {
    object.metadata.labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name };
    object.spec ??= old?.spec ?? { finalizers: ['kubernetes'] };
    object.status ??= { phase: 'Active' };
  }
}
