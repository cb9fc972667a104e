import type { Secret } from '../common/secret.js';
import type {
  AccessQuestion, ApplyOptions, CallOptions, DeleteOptions, KubeObject, ListOptions, ListPage, ObjectRef, PatchOptions, ResourceType, WatchEvent, WatchOptions, WriteOptions,
} from './kube.types.js';

/** Where a hub is and how to log in. Holds no file path: everything is in here. */
export interface HubConnection {
  /** `https://host:port`, optionally with a path prefix */
  readonly server: string;
  /** PEM; absent: the system's roots */
  readonly caPem?: string;
  readonly tlsServerName?: string;
  readonly auth: { readonly type: 'token'; readonly token: Secret } | { readonly type: 'certificate'; readonly certPem: string; readonly keyPem: Secret };
}

export interface HubClientOptions {
  /** Prefix of the User-Agent, default `lifeboat/VERSION` */
  readonly userAgent?: string;
  /** Loopback is refused unless set (tests, the demo). Link-local and metadata addresses are refused always. */
  readonly allowLoopback?: boolean;
  readonly defaultFieldManager?: string;
}

/** All Kubernetes I/O with one hub. Every failure is a KubeError. Safe to share; `close()` ends its connections and watches. */
export class HubClient {
  constructor(readonly connection: HubConnection, readonly options: HubClientOptions = {}) {}

  get(_type: ResourceType, _ref: ObjectRef, _options?: CallOptions & { metadataOnly?: boolean }): Promise<KubeObject> { throw new Error('unwritten'); }
  /** Like get, but null where there is none. */
  find(_type: ResourceType, _ref: ObjectRef, _options?: CallOptions & { metadataOnly?: boolean }): Promise<KubeObject | null> { throw new Error('unwritten'); }
  /** One page. */
  list(_type: ResourceType, _options?: ListOptions): Promise<ListPage> { throw new Error('unwritten'); }
  /** Every page, one after another; a 410 in the middle is thrown (KUBE_GONE). */
  listAll(_type: ResourceType, _options?: ListOptions): AsyncGenerator<ListPage> { throw new Error('unwritten'); }
  create(_type: ResourceType, _object: KubeObject, _options?: WriteOptions): Promise<KubeObject> { throw new Error('unwritten'); }
  replace(_type: ResourceType, _object: KubeObject, _options?: WriteOptions): Promise<KubeObject> { throw new Error('unwritten'); }
  /** Server-side apply. */
  apply(_type: ResourceType, _object: KubeObject, _options?: ApplyOptions): Promise<KubeObject> { throw new Error('unwritten'); }
  /** `body`: an object for merge, an array of operations for json. */
  patch(_type: ResourceType, _ref: ObjectRef, _body: unknown, _options: PatchOptions): Promise<KubeObject> { throw new Error('unwritten'); }
  /** Resolves to false where there was nothing to delete. */
  delete(_type: ResourceType, _ref: ObjectRef, _options?: DeleteOptions): Promise<boolean> { throw new Error('unwritten'); }
  /** Ends when the server ends it; throws KubeError (KUBE_GONE for both shapes of 410). Bookmarks are asked for. */
  watch(_type: ResourceType, _options: WatchOptions): AsyncGenerator<WatchEvent> { throw new Error('unwritten'); }
  /** The version that the API server reports, e.g. `v1.34.4`. */
  serverVersion(_options?: CallOptions): Promise<string> { throw new Error('unwritten'); }
  /** Whether the API server serves this kind at this version. */
  serves(_type: ResourceType, _options?: CallOptions): Promise<boolean> { throw new Error('unwritten'); }
  /** SelfSubjectAccessReview. */
  mayI(_question: AccessQuestion, _options?: CallOptions): Promise<boolean> { throw new Error('unwritten'); }
  close(): Promise<void> { throw new Error('unwritten'); }
}
