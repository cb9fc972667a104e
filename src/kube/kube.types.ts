/** Types of the Kubernetes API as far as Lifeboat touches it. What a hub sends is untrusted: `spec` and `status` are read by the views only. */

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: string;
  readonly apiVersion?: string;
  readonly time?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: unknown;
  readonly subresource?: string;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  generateName?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  /** RFC 3339 */
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  managedFields?: ManagedFieldsEntry[];
}

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec?: unknown;
  status?: unknown;
  /** Secrets (values in base64) and ConfigMaps */
  data?: Record<string, string>;
  stringData?: Record<string, string>;
  type?: string;
}

/** One kind of resource as the REST paths name it. The core group is ''. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Names one object; `namespace` for namespaced kinds only. */
export interface ObjectRef {
  readonly name: string;
  readonly namespace?: string;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Default 10 s for one object, 30 s for a page of a list. */
  readonly deadlineMs?: number;
}

export interface Selection {
  /** Absent: all namespaces */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Ask for PartialObjectMetadata: no spec, status or data ever enters the process */
  readonly metadataOnly?: boolean;
}

export interface ListOptions extends Selection, CallOptions {
  /** Objects a page, default 500 */
  readonly limit?: number;
  readonly continueToken?: string;
  readonly resourceVersion?: string;
}

export interface ListPage {
  readonly items: KubeObject[];
  readonly resourceVersion: string;
  /** null on the last page */
  readonly continueToken: string | null;
}

export interface WatchOptions extends Selection {
  readonly resourceVersion: string;
  readonly signal: AbortSignal;
  /** The server ends the watch after this; default: random between 300 and 600 */
  readonly timeoutSeconds?: number;
  /** Default 15 s until the hub accepts the watch: KubeError HUB_TIMEOUT */
  readonly openMs?: number;
  /** Default 75 s without a byte: KubeError HUB_TIMEOUT */
  readonly silenceMs?: number;
  /** Called once the hub has accepted the watch, before any event */
  readonly onOpen?: () => void;
}

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeObject }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

export interface WriteOptions extends CallOptions {
  /** Default `lifeboat` */
  readonly fieldManager?: string;
  readonly subresource?: 'status';
  /** Ask for the answer as PartialObjectMetadata: what else the object holds does not enter the process */
  readonly metadataOnly?: boolean;
}

export interface ApplyOptions extends WriteOptions {
  /** Take over fields that others own. Default false: a conflict is KubeError CONFLICT */
  readonly force?: boolean;
}

export interface PatchOptions extends WriteOptions {
  readonly patchType: 'merge' | 'json';
}

export interface DeleteOptions extends CallOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
}

/**
 * What came back through the pod proxy of an API server, whoever said it: the API server itself or what stands behind. Of the body only the
 * words of a Kubernetes Status are kept, bounded.
 */
export interface ProxiedAnswer {
  readonly status: number;
  readonly reason: string | null;
  readonly message: string | null;
  /** What the Status is about: `pods`, … */
  readonly kind: string | null;
  readonly name: string | null;
}

/** What an access review asks: may I `verb` the `resource`? */
export interface AccessQuestion {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}
