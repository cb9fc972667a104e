import { stringify } from 'yaml';
import type { Clock } from '../common/clock.js';
import { Secret } from '../common/secret.js';
import type { HubConnection } from '../kube/hub-client.js';
import type { KubeObject, ObjectRef, ResourceType } from '../kube/kube.types.js';
import { Faults } from './faults/faults.js';
import { ApiHandler } from './server/api-handler.js';
import { HttpsFront, type OutageMode } from './server/https-front.js';
import { Identities, type IdentityOptions } from './server/identities.js';
import { Ledger } from './server/ledger.js';
import type { ServerSettings } from './server/resource-reads.js';
import type { NetworkRule } from './server/pod-proxy.js';
import { TlsAuthority, type ServingOptions } from './server/tls-authority.js';
import type { AdmissionHook } from './store/admission.js';
import type { Collection } from './store/collection.js';
import { HubStore, type StoreCheckpoint } from './store/hub-store.js';
import { apiVersionOf, DEFAULT_KINDS, kindId, kindOf, type KindOptions } from './store/kinds.js';
import { SeededRandom } from './store/random.js';
import { Registry } from './store/registry.js';

export interface SimulatedHubOptions {
  /** For messages and the kubeconfig */
  readonly name: string;
  /** `spec.clusterID` of the ClusterVersion `version`, which is made when this is given */
  readonly clusterId?: string;
  /** Default: any free one. The hub listens on 127.0.0.1 alone */
  readonly port?: number;
  readonly clock: Clock;
  /** Default 1. Decides uids, generated names, tokens and faults */
  readonly seed?: number;
  /** Kinds besides those that every hub serves */
  readonly resources?: readonly (ResourceType & KindOptions)[];
  /** Events remembered per kind, default 4096; an older resourceVersion answers 410 */
  readonly historyLength?: number;
  /** Names and validity of the serving certificate; default: localhost, 127.0.0.1 and ::1, ten years */
  readonly serving?: ServingOptions;
  /** What `/version` reports, default v1.34.4 */
  readonly gitVersion?: string;
}

/** Namespaces that every cluster has from its start. */
const FIRST_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** A hub in memory behind the real Kubernetes REST API, over real HTTPS. Runs no controller of RHACM: those are actors. */
export class SimulatedHub {
  readonly store: HubStore;
  readonly faults: Faults;
  readonly ledger = new Ledger();
  readonly identities = new Identities();
  readonly adminToken: string;
  readonly caPem: string;
  readonly clusterId: string;
  /** What the hub's control plane meets when it opens a connection; default: whatever is there */
  network: NetworkRule = () => null;
  private readonly registry: Registry;
  private readonly handler: ApiHandler;
  private readonly front: HttpsFront;

  private constructor(
    readonly name: string,
    options: SimulatedHubOptions,
    private readonly authority: TlsAuthority,
    serving: { certPem: string; keyPem: string },
  ) {
    const { clock, seed = 1, resources: extra = [], historyLength = 4096, gitVersion = 'v1.34.4', port = 0 } = options;
    const random = new SeededRandom(seed);
    this.store = new HubStore({ clock, random, historyLength, kinds: [...DEFAULT_KINDS, ...extra.map((type) => kindOf(type, type))] });
    // Faults draw from a source of their own, so that switching one on changes no uid.
    this.faults = new Faults(new SeededRandom(seed + 1));
    this.clusterId = options.clusterId ?? random.uuid();
    this.adminToken = `admin-${random.uuid()}`;
    this.caPem = authority.certPem;
    this.registry = new Registry(this.store);
    this.handler = new ApiHandler({ store: this.store, registry: this.registry, identities: this.identities, ledger: this.ledger, faults: this.faults, gitVersion, isCutOff: () => this.front.down !== null, network: (address, port) => this.network(address, port) });
    this.front = new HttpsFront({ serving, caPem: this.caPem, port, onRequest: (request, response) => void this.handler.handle(request, response) });
    this.identities.add(this.adminToken, { user: 'admin', groups: ['system:masters', 'system:authenticated'] });
    this.seedFirstObjects(options);
  }

  static async start(options: SimulatedHubOptions): Promise<SimulatedHub> {
    const authority = await TlsAuthority.create(`${options.name}-ca`);
    const hub = new SimulatedHub(options.name, options, authority, await authority.issueServing(options.serving));
    await hub.front.open();
    return hub;
  }

  get url(): string {
    return `https://127.0.0.1:${this.front.port}`;
  }

  /** Behaviour that differs between API servers, changeable at run time. */
  get settings(): ServerSettings {
    return this.handler.reads.settings;
  }

  /** Garbage collector and namespace controller: both on unless switched off. */
  get controllers(): { garbageCollector: boolean; namespaceController: boolean } {
    return this.registry.controllers;
  }

  /** @param token default: the administrator's */
  connection(token: string = this.adminToken): HubConnection {
    return { server: this.url, caPem: this.caPem, auth: { type: 'token', token: new Secret(token) } };
  }

  /** Logs in with a client certificate of this hub's CA instead of a token. */
  async certificateConnection(identity: IdentityOptions): Promise<HubConnection> {
    this.identities.addUser(identity);
    const { certPem, keyPem } = await this.authority.issueClient(identity.user);
    return { server: this.url, caPem: this.caPem, auth: { type: 'certificate', certPem, keyPem: new Secret(keyPem) } };
  }

  /** YAML with the CA and the token inside; no file is named. */
  kubeconfig(token: string = this.adminToken): string {
    return stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: this.name, cluster: { server: this.url, 'certificate-authority-data': Buffer.from(this.caPem).toString('base64') } }],
      users: [{ name: 'admin', user: { token } }],
      contexts: [{ name: this.name, context: { cluster: this.name, user: 'admin' } }],
      'current-context': this.name,
    });
  }

  /** Lets a token in; with `allow`, for nothing but that. Adding it again changes its rights at once. */
  addToken(token: string, identity: IdentityOptions): void {
    this.identities.add(token, identity);
  }

  /** Adds an admission webhook. @returns takes it away again */
  addAdmission(hook: AdmissionHook): () => void {
    this.registry.admission.push(hook);
    return () => {
      const at = this.registry.admission.indexOf(hook);
      if (at >= 0) this.registry.admission.splice(at, 1);
    };
  }

  /** A kind vanishes (404) or comes back; its objects stay. */
  serve(type: ResourceType, on: boolean): void {
    this.store.serve(type, on);
    if (!on) this.handler.reads.eachWatch((watch) => {
      if (kindId(watch.kind) === kindId(type)) watch.end();
    });
  }

  /**
   * Puts objects straight into the store, new or in place of old ones: no rule, no admission, no ledger; watches see them. Namespaces are made
   * where they are missing.
   */
  seed(objects: readonly KubeObject[]): void {
    for (const object of objects) this.registry.seed(this.collectionOf(object), this.withNamespace(object));
  }

  /** What the store holds, as a copy; null where there is nothing. */
  object(type: ResourceType, ref: ObjectRef): KubeObject | null {
    return this.collection(type).get(type.namespaced ? (ref.namespace ?? '') : '', ref.name)?.read() ?? null;
  }

  /** All objects of a kind, as copies, sorted by namespace and name. */
  objects(type: ResourceType, namespace?: string): KubeObject[] {
    return this.collection(type).select({ namespace }).map((object) => object.read());
  }

  /** How many objects of a kind there are. */
  count(type: ResourceType): number {
    return this.collection(type).size;
  }

  /** Removes an object from the store at once, whatever its finalizers; watches see it. */
  remove(type: ResourceType, ref: ObjectRef): boolean {
    const collection = this.collection(type);
    const object = collection.get(type.namespaced ? (ref.namespace ?? '') : '', ref.name);
    if (object) this.store.remove(collection, object);
    return object !== undefined;
  }

  /** The hub is gone for the network, until reconnect(). What runs on it, and its store, live on. */
  async cutOff(mode: OutageMode = 'refuse'): Promise<void> {
    await this.front.cutOff(mode);
    if (mode === 'hang') this.handler.reads.eachWatch((watch) => watch.freeze());
  }

  /** The same address answers again. */
  async reconnect(): Promise<void> {
    await this.front.reconnect();
  }

  /** Forgets history and open pages up to now, as etcd's compaction does: older resourceVersions answer 410. */
  compact(): void {
    this.store.compact();
  }

  /** The state of now, for rollBack(). */
  checkpoint(): StoreCheckpoint {
    return this.store.checkpoint();
  }

  /** The hub's etcd is restored from a backup: objects and resourceVersions go back, every watch is reset. */
  rollBack(checkpoint: StoreCheckpoint): void {
    this.store.rollBack(checkpoint);
    this.faults.resetWatches();
  }

  /** HTTP/2 connections are told to go elsewhere (GOAWAY); what runs on them may end. */
  goAway(): void {
    this.front.goAway();
  }

  async stop(): Promise<void> {
    this.handler.reads.eachWatch((watch) => watch.close());
    await this.front.close();
  }

  private collection(type: ResourceType): Collection {
    for (const collection of this.store.allCollections()) if (kindId(collection.kind) === kindId(type)) return collection;
    throw new RangeError(`The simulated hub ${this.name} does not know ${kindId(type)}`);
  }

  private collectionOf(object: KubeObject): Collection {
    for (const collection of this.store.allCollections()) if (collection.kind.kind === object.kind && apiVersionOf(collection.kind) === object.apiVersion) return collection;
    throw new RangeError(`The simulated hub ${this.name} does not know ${object.apiVersion} ${object.kind}`);
  }

  private withNamespace(object: KubeObject): KubeObject {
    const namespace = object.metadata.namespace;
    const namespaces = this.store.collection({ group: '', version: 'v1', plural: 'namespaces' });
    if (namespace && namespaces && !namespaces.get('', namespace)) this.registry.seed(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    return object;
  }

  private seedFirstObjects({ clusterId }: SimulatedHubOptions): void {
    this.seed(FIRST_NAMESPACES.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })));
    if (clusterId) {
      this.seed([{ apiVersion: 'config.openshift.io/v1', kind: 'ClusterVersion', metadata: { name: 'version' }, spec: { clusterID: clusterId, channel: 'stable-4.20' } }]);
    }
  }
}

