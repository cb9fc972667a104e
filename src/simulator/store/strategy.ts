import type { KubeObject, ObjectMeta } from '../../kube/kube.types.js';
import { deepEqual } from './deep-equal.js';
import type { Kind } from './kinds.js';
import { applySchemaDefaults } from './schema-rules.js';

/* What each kind does to an object on its way in. @see k8s.io/kubernetes, pkg/registry, and apiextensions-apiserver, pkg/registry/customresource */

const is = (kind: Kind, name: string): boolean => kind.group === '' && kind.kind === name;

/** Filled in while decoding, so part of what the writer owns. */
export function applyDefaults(kind: Kind, object: KubeObject): void {
  applySchemaDefaults(kind, object);
  if (kind.nature === 'builtin') dropEmpty(object);
  if (is(kind, 'Secret')) {
    if (object.stringData) {
      object.data = { ...object.data };
      for (const [key, value] of Object.entries(object.stringData)) object.data[key] = Buffer.from(value).toString('base64');
      delete object.stringData;
    }
    object.type ??= 'Opaque';
  }
  if (is(kind, 'Namespace') && object.metadata.name) {
    object.metadata.labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name };
  }
}

/** Builtin kinds are Go structs: an empty map or list of theirs is the same as none. */
function dropEmpty(object: KubeObject): void {
  const holders = [object.metadata, object] as unknown as Record<string, unknown>[];
  for (const holder of holders) {
    for (const key of ['labels', 'annotations', 'finalizers', 'ownerReferences', 'data', 'stringData']) {
      const value = holder[key];
      if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) delete holder[key];
    }
  }
}

export function prepareForCreate(kind: Kind, object: KubeObject): void {
  if (kind.statusSubresource) delete object.status;
  if (kind.generation) object.metadata.generation = 1;
  else delete object.metadata.generation;
  if (is(kind, 'Namespace')) {
    object.spec = { finalizers: ['kubernetes'] };
    object.status = { phase: 'Active' };
  }
}

/** The object that an update leaves: identity is kept, status changes through its subresource alone, and that changes nothing else. */
export function prepareForUpdate(kind: Kind, old: KubeObject, next: KubeObject, subresource: 'status' | null): KubeObject {
  const object = subresource === 'status' ? withStatusOf(old, next) : withIdentityOf(kind, old, next);
  if (subresource === null && is(kind, 'Namespace')) object.spec = old.spec;
  if (subresource === null && kind.generation && !deepEqual(countedByGeneration(kind, old), countedByGeneration(kind, object))) {
    object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  }
  return object;
}

function withStatusOf(old: KubeObject, next: KubeObject): KubeObject {
  const object: KubeObject = { ...old, metadata: { ...old.metadata } };
  if (next.status === undefined) delete object.status;
  else object.status = next.status;
  return object;
}

function withIdentityOf(kind: Kind, old: KubeObject, next: KubeObject): KubeObject {
  const metadata = { ...next.metadata };
  for (const key of ['uid', 'creationTimestamp', 'generation', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'namespace'] as (keyof ObjectMeta)[]) {
    if (old.metadata[key] === undefined) delete metadata[key];
    else Object.assign(metadata, { [key]: old.metadata[key] });
  }
  const object: KubeObject = { ...next, metadata };
  if (!kind.statusSubresource) return object;
  if (old.status === undefined) delete object.status;
  else object.status = old.status;
  return object;
}

/** What moves metadata.generation: of custom kinds all but metadata (a status without subresource counts), of builtin kinds the spec. */
function countedByGeneration(kind: Kind, { metadata: _metadata, ...object }: KubeObject): unknown {
  return kind.nature === 'builtin' ? object.spec : object;
}
