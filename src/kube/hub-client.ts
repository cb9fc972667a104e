import type { V1APIResourceList, V1SelfSubjectAccessReview, VersionInfo } from '@kubernetes/client-node';
import { SystemClock } from '../common/clock.js';
import { version } from '../common/version.js';
import { isRecord, malformed, objectOf, pageOf } from './answer.js';
import { WEIGHT_OF_LIST, type CallLoad } from './call-gate.js';
import { Deadline } from './deadline.js';
import type { HubClientOptions, HubConnection } from './hub-client.types.js';
import { isKubeError, KubeError } from './kube-error.js';
import type {
  AccessQuestion, ApplyOptions, CallOptions, DeleteOptions, KubeObject, ListOptions, ListPage, ObjectRef, PatchOptions, ProxiedAnswer, ResourceType, WatchEvent, WatchOptions, WriteOptions,
} from './kube.types.js';
import { apiVersionOf, collectionPath, groupVersionPath, listParameters, objectPath, query, selectionParameters, podProxyPath } from './paths.js';
import { resources } from './resources.js';
import { adoptOrphanStreams } from './orphan-streams.js';
import { MAX_OBJECT_BYTES, MAX_PAGE_BYTES, Transport, type Request } from './transport.js';
import { Retirement } from './retirement.js';
import { linesOf, watchEventOf } from './watch-stream.js';

export type { HubClientOptions, HubConnection } from './hub-client.types.js';

export const USER_AGENT = `lifeboat/${version}`;

const CALL_DEADLINE_MS = 10_000;
const PAGE_DEADLINE_MS = 30_000;
/** An API server sends the headers of a watch at once, and a bookmark about once a minute. */
const WATCH_OPEN_MS = 15_000;
/** A silence is noticed after this, and a hub that is gone after one more attempt to open: 90 s in all. */
const WATCH_SILENCE_MS = 75_000;
const HTTP2_PING_MS = 15_000;
/** client-go's reflector picks from 5 to 10 minutes, so that watches do not end together. */
const MIN_WATCH_SECONDS = 300;

const METADATA_ONE = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

const PATCH_TYPES = { merge: 'application/merge-patch+json', json: 'application/json-patch+json' } as const;

/** `get secrets c1/token`: what a message names. The parts come from outside, so they are bounded and escaped. */
function whatOf(verb: string, type: ResourceType, namespace?: string, name?: string): string {
  const where = [namespace, name].filter((part) => part !== undefined).map((part) => JSON.stringify(part.slice(0, 100)).slice(1, -1)).join('/');
  return `${verb} ${type.plural}${where === '' ? '' : ` ${where}`}`;
}

const isSecretType = (type: ResourceType): boolean => type.group === '' && type.plural === 'secrets';

function sameObject(what: string, type: ResourceType, ref: ObjectRef, object: KubeObject): KubeObject {
  const isSame = object.metadata.name === ref.name && (!type.namespaced || object.metadata.namespace === ref.namespace);
  if (!isSame) throw malformed(what, 'the answer is another object');
  return object;
}

/** All Kubernetes I/O with one hub. Every failure is a KubeError. Safe to share; `close()` ends its connections and watches. */
export class HubClient {
  private readonly transport: Transport;
  private readonly fieldManager: string;
  private readonly closing = new AbortController();

  /** Opens nothing yet. @throws KubeError HUB_ADDRESS_REFUSED for an address that is not plain `https://` */
  constructor(readonly connection: HubConnection, readonly options: HubClientOptions = {}) {
    adoptOrphanStreams();
    this.fieldManager = options.defaultFieldManager ?? 'lifeboat';
    this.transport = new Transport(connection, {
      userAgent: options.userAgent ?? USER_AGENT, allowLoopback: options.allowLoopback === true, http2: options.http2 !== false,
      http2PingMs: options.http2PingMs ?? HTTP2_PING_MS, clock: options.clock ?? new SystemClock(), limited: options.limited !== false,
    });
  }

  /** What this client makes of the hub's capacity. */
  get load(): CallLoad {
    return this.transport.gate.load;
  }

  /** How many connections of watches were lost or retired so far. */
  get disruptions(): number {
    return this.transport.disruptions;
  }

  /** How many connections of calls have ended so far, for whatever reason. */
  get cuts(): number {
    return this.transport.cuts;
  }

  /** How long ago the last disruption was, milliseconds. */
  get calmForMs(): number {
    return this.transport.calmForMs;
  }

  /** How far the hub's clock is ahead of ours, good to a second; null: not known yet. */
  get clockSkewSeconds(): number | null {
    return this.transport.clockSkew.seconds;
  }

  async get(type: ResourceType, ref: ObjectRef, options: CallOptions & { metadataOnly?: boolean } = {}): Promise<KubeObject> {
    const what = whatOf('get', type, ref.namespace, ref.name);
    const metadataOnly = options.metadataOnly === true;
    const answer = await this.call({ what, method: 'GET', path: objectPath(type, ref), ...(metadataOnly ? { accept: METADATA_ONE } : {}) }, options);
    return sameObject(what, type, ref, objectOf(what, type, answer, metadataOnly));
  }

  /** Like get, but null where there is none. */
  async find(type: ResourceType, ref: ObjectRef, options?: CallOptions & { metadataOnly?: boolean }): Promise<KubeObject | null> {
    try {
      return await this.get(type, ref, options);
    } catch (error) {
      if (isKubeError(error, 'KUBE_NOT_FOUND')) return null;
      throw error;
    }
  }

  /** One page. */
  async list(type: ResourceType, options: ListOptions = {}): Promise<ListPage> {
    const what = whatOf('list', type, options.namespace);
    const metadataOnly = options.metadataOnly === true;
    const path = collectionPath(type, options.namespace) + query(listParameters(options));
    const request = { what, method: 'GET', path, ...(metadataOnly ? { accept: METADATA_LIST } : {}) } as const;
    const answer = await this.transport.call({ ...request, maxBytes: MAX_PAGE_BYTES, weight: WEIGHT_OF_LIST, ...this.limits(options, PAGE_DEADLINE_MS) });
    return pageOf(what, type, answer, metadataOnly);
  }

  /** Every page, one after another; a 410 in the middle is thrown (KUBE_GONE). */
  async *listAll(type: ResourceType, options: ListOptions = {}): AsyncGenerator<ListPage> {
    let continueToken = options.continueToken;
    do {
      const page: ListPage = await this.list(type, { ...options, continueToken });
      yield page;
      continueToken = page.continueToken ?? undefined;
    } while (continueToken !== undefined);
  }

  create(type: ResourceType, object: KubeObject, options: WriteOptions = {}): Promise<KubeObject> {
    const { name, namespace } = object.metadata;
    const path = () => collectionPath(type, this.writeNamespace(type, object)) + query({ fieldManager: options.fieldManager ?? this.fieldManager });
    return this.write('create', type, { name, namespace }, { method: 'POST', path, body: this.bodyOf(type, object) }, options);
  }

  replace(type: ResourceType, object: KubeObject, options: WriteOptions = {}): Promise<KubeObject> {
    const { name, namespace } = object.metadata;
    const path = () => objectPath(type, { name, namespace }, options.subresource) + query({ fieldManager: options.fieldManager ?? this.fieldManager });
    return this.write('replace', type, { name, namespace }, { method: 'PUT', path, body: this.bodyOf(type, object) }, options);
  }

  /** Server-side apply. */
  apply(type: ResourceType, object: KubeObject, options: ApplyOptions = {}): Promise<KubeObject> {
    const { name, namespace } = object.metadata;
    const parameters = query({ fieldManager: options.fieldManager ?? this.fieldManager, force: options.force === true ? true : undefined });
    const path = () => objectPath(type, { name, namespace }, options.subresource) + parameters;
    // JSON is YAML; the API server knows apply by this type alone.
    const contentType = 'application/apply-patch+yaml';
    const { managedFields: _ownedByTheServer, ...metadata } = object.metadata;
    return this.write('apply', type, { name, namespace }, { method: 'PATCH', path, contentType, body: this.bodyOf(type, { ...object, metadata }) }, options);
  }

  /** `body`: an object for merge, an array of operations for json. */
  patch(type: ResourceType, ref: ObjectRef, body: unknown, options: PatchOptions): Promise<KubeObject> {
    const path = () => objectPath(type, ref, options.subresource) + query({ fieldManager: options.fieldManager ?? this.fieldManager });
    return this.write('patch', type, ref, { method: 'PATCH', path, contentType: PATCH_TYPES[options.patchType], body }, options);
  }

  /** Resolves to false where there was nothing to delete. */
  async delete(type: ResourceType, ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    const { preconditions, propagationPolicy } = options;
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, propagationPolicy };
    try {
      await this.call({ what: whatOf('delete', type, ref.namespace, ref.name), method: 'DELETE', path: objectPath(type, ref), body }, options);
      return true;
    } catch (error) {
      if (isKubeError(error, 'KUBE_NOT_FOUND')) return false;
      throw error;
    }
  }

  /**
   * Ends when the server ends it, or the caller's signal; throws KubeError (KUBE_GONE for both shapes of 410).
   * Bookmarks are asked for. Time that the caller takes over an event does not count as silence.
   * A server that wants a connection to end (GOAWAY: kube-apiserver's --goaway-chance, a restart behind a load balancer) lets its watches
   * run on, but undici sends no more pings on it: were it to die, only a long silence would tell. So the watch ends then, and `disruptions` has grown.
   */
  async *watch(type: ResourceType, options: WatchOptions): AsyncGenerator<WatchEvent> {
    const what = whatOf('watch', type, options.namespace);
    const { resourceVersion, metadataOnly = false, openMs = WATCH_OPEN_MS, silenceMs = WATCH_SILENCE_MS } = options;
    const timeoutSeconds = options.timeoutSeconds ?? MIN_WATCH_SECONDS + Math.floor(Math.random() * MIN_WATCH_SECONDS);
    const parameters = { ...selectionParameters(options), watch: true, resourceVersion, allowWatchBookmarks: true, timeoutSeconds };
    const path = collectionPath(type, options.namespace) + query(parameters);
    const retirement = new Retirement();
    const opening = new Deadline(openMs, options.signal, this.closing.signal);
    const silence = new Deadline(silenceMs, opening.signal, retirement.signal);
    silence.pause();
    const forget = this.transport.onWatchesRetired(retirement.begin);
    try {
      const body = await this.transport.open({ what, method: 'GET', path, ...(metadataOnly ? { accept: METADATA_ONE } : {}) }, opening, silence);
      opening.pause();
      options.onOpen?.();
      try {
        for await (const line of linesOf(what, this.untilSilent(body, silence), MAX_OBJECT_BYTES)) {
          yield watchEventOf(what, type, line, metadataOnly, (text) => this.transport.mask(text));
          if (options.signal.aborted) return;
        }
      } catch (error) {
        throw this.transport.bodyFailure(what, error, silence);
      } finally {
        body.destroy();
      }
    } catch (error) {
      if (options.signal.aborted || (retirement.signal.aborted && !this.closing.signal.aborted)) return;
      throw opening.failure(what) ?? error;
    } finally {
      forget();
      retirement.dispose();
      silence.dispose();
      opening.dispose();
    }
  }

  private async *untilSilent(chunks: AsyncIterable<Buffer>, silence: Deadline): AsyncGenerator<Buffer> {
    silence.restart();
    for await (const chunk of chunks) {
      silence.pause();
      yield chunk;
      silence.restart();
    }
  }

  /**
   * Lets the API server itself GET `https://IP:PORT` + `path` of a Pod. Whatever the status, it is returned.
   * @throws KubeError where the hub did not answer at all
   */
  askPod(ref: ObjectRef, port: number, path: string, options: CallOptions = {}): Promise<ProxiedAnswer> {
    const request = { what: whatOf('proxy to', resources.pod, ref.namespace, ref.name), method: 'GET', path: podProxyPath(resources.pod, ref, port, path) } as const;
    return this.transport.askThrough({ ...request, maxBytes: MAX_OBJECT_BYTES, ...this.limits(options, CALL_DEADLINE_MS) });
  }

  /** The version that the API server reports, e.g. `v1.34.4`. */
  async serverVersion(options: CallOptions = {}): Promise<string> {
    const answer = await this.call({ what: 'get version', method: 'GET', path: '/version' }, options);
    const { gitVersion } = (isRecord(answer) ? answer : {}) as Partial<VersionInfo>;
    if (typeof gitVersion !== 'string') throw malformed('get version', 'the answer holds no gitVersion');
    return gitVersion;
  }

  /** Whether the API server serves this kind at this version. */
  async serves(type: ResourceType, options: CallOptions = {}): Promise<boolean> {
    const what = `get resources of ${apiVersionOf(type)}`;
    try {
      const answer = await this.call({ what, method: 'GET', path: groupVersionPath(type) }, options);
      const { resources } = (isRecord(answer) ? answer : {}) as Partial<V1APIResourceList>;
      if (!Array.isArray(resources)) throw malformed(what, 'the answer holds no resources');
      return resources.some((resource: unknown) => isRecord(resource) && resource['name'] === type.plural && resource['kind'] === type.kind);
    } catch (error) {
      if (isKubeError(error, 'KUBE_NOT_FOUND')) return false;
      throw error;
    }
  }

  /** SelfSubjectAccessReview. */
  async mayI(question: AccessQuestion, options: CallOptions = {}): Promise<boolean> {
    const what = 'create selfsubjectaccessreviews';
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes: { ...question } } };
    const answer = await this.call({ what, method: 'POST', path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', body: review }, options);
    const { status } = (isRecord(answer) ? answer : {}) as Partial<V1SelfSubjectAccessReview>;
    if (typeof status?.allowed !== 'boolean') throw malformed(what, 'the answer holds no verdict');
    return status.allowed;
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.transport.close();
  }

  private limits(options: CallOptions, deadlineMs: number): { deadlineMs: number; signal?: AbortSignal } {
    return { deadlineMs: options.deadlineMs ?? deadlineMs, signal: options.signal };
  }

  private call(request: Request, options: CallOptions): Promise<unknown> {
    return this.transport.call({ ...request, maxBytes: MAX_OBJECT_BYTES, ...this.limits(options, CALL_DEADLINE_MS) });
  }

  private async write(
    verb: string, type: ResourceType, ref: ObjectRef, { path, ...request }: Omit<Request, 'what' | 'path'> & { path: () => string }, options: WriteOptions,
  ): Promise<KubeObject> {
    const what = whatOf(verb, type, ref.namespace, ref.name);
    const metadataOnly = options.metadataOnly === true;
    const accept = metadataOnly ? { accept: METADATA_ONE } : {};
    const answer = await this.call({ ...request, ...accept, what, path: path(), hideMessage: isSecretType(type) }, options);
    return sameObject(what, type, ref, objectOf(what, type, answer, metadataOnly));
  }

  private writeNamespace(type: ResourceType, object: KubeObject): string | undefined {
    const { name, namespace } = object.metadata;
    // Without one the path would name all namespaces, and the API server would answer 405.
    if (type.namespaced && namespace === undefined) throw new KubeError('KUBE_INVALID', `${type.kind} ${JSON.stringify(name.slice(0, 80))} needs a namespace`);
    return namespace;
  }

  private bodyOf(type: ResourceType, object: KubeObject): KubeObject {
    return { ...object, apiVersion: apiVersionOf(type), kind: type.kind };
  }
}
