import type { KubeObject, ObjectMeta } from '../../kube/kube.types.js';
import type { Kind } from './kinds.js';
import { apiVersionOf } from './kinds.js';
import { extraField, type SelectableFields } from './field-selector.js';
import type { Labels } from './label-selector.js';

/** `full`: the object. `metadata`: PartialObjectMetadata. */
export type Representation = 'full' | 'metadata';

const NO_LABELS: Labels = Object.freeze({});
const NO_TEXTS: readonly string[] = Object.freeze([]);

function extraOf(kind: Kind, object: KubeObject): string {
  const field = extraField(kind);
  if (field === 'type') return object.type ?? '';
  if (field === 'status.phase') return (object.status as { phase?: string } | undefined)?.phase ?? '';
  return '';
}

/**
 * One version of one object, never changed: kept as two pieces of JSON, metadata and the rest, of which every representation is
 * put together. What selectors and rules ask often is kept beside them.
 */
export class StoredObject implements SelectableFields {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly labels: Labels;
  readonly extra: string;
  readonly deleting: boolean;
  readonly finalizers: readonly string[];
  /** uids of the owners */
  readonly owners: readonly string[];
  private readonly meta: string;
  /** Members after metadata, with a leading comma; empty where there are none */
  private readonly rest: string;

  constructor(
    readonly kind: Kind,
    readonly revision: number,
    object: KubeObject,
  ) {
    const { metadata } = object;
    this.name = metadata.name;
    this.namespace = metadata.namespace ?? '';
    this.uid = metadata.uid ?? '';
    this.labels = metadata.labels && Object.keys(metadata.labels).length > 0 ? Object.freeze({ ...metadata.labels }) : NO_LABELS;
    this.extra = extraOf(kind, object);
    this.deleting = metadata.deletionTimestamp !== undefined;
    this.finalizers = metadata.finalizers?.length ? Object.freeze([...metadata.finalizers]) : NO_TEXTS;
    this.owners = metadata.ownerReferences?.length ? metadata.ownerReferences.map(({ uid }) => uid) : NO_TEXTS;
    const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...rest } = object as KubeObject & Record<string, unknown>;
    this.meta = JSON.stringify({ ...metadata, resourceVersion: String(revision) });
    const text = JSON.stringify(rest);
    this.rest = text.length > 2 ? `,${text.slice(1, -1)}` : '';
  }

  json(representation: Representation): string {
    return representation === 'metadata'
      ? `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":${this.meta}}`
      : `{"apiVersion":"${apiVersionOf(this.kind)}","kind":"${this.kind.kind}","metadata":${this.meta}${this.rest}}`;
  }

  /** As it stands inside a list: builtin kinds leave out apiVersion and kind there. */
  listItem(representation: Representation): string {
    return representation === 'full' && this.kind.nature === 'builtin' ? `{"metadata":${this.meta}${this.rest}}` : this.json(representation);
  }

  /** As json(), but of another resourceVersion: what a DELETED event shows. */
  jsonAt(revision: number, representation: Representation): string {
    return revision === this.revision ? this.json(representation) : this.at(revision).json(representation);
  }

  /** A fresh copy that the caller may change. */
  read(): KubeObject {
    return JSON.parse(this.json('full')) as KubeObject;
  }

  readMetadata(): ObjectMeta {
    return JSON.parse(this.meta) as ObjectMeta;
  }

  private at(revision: number): StoredObject {
    return new StoredObject(this.kind, revision, this.read());
  }
}
