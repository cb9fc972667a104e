/**
 * The managed clusters themselves: what lives outside every hub and survives the hub's death. All hubs' actors share one registry.
 * Stands for what a cluster's own API server, klusterlet and work agent hold: where the klusterlet points, ServiceAccounts and the
 * tokens issued for them, role bindings that works delivered, and the clock that evicts works which the present hub does not have.
 */
import { createHash, randomUUID } from 'node:crypto';
import { issueToken, subjectOf, verifyToken } from './jwt.js';
import { isRecord, list, record, text } from './json.js';
import { BOOTSTRAP_ROLES } from './words.js';

/** `openshift`: imported, tells its API URL itself. `eks`: imported, tells none and grants at most 24 h. The local cluster is not in here: it is the hub. */
export type ClusterKind = 'openshift' | 'eks' | 'hive' | 'hosted';

export interface ClusterSpec {
  readonly name: string;
  readonly kind: ClusterKind;
  /** The hub that it is joined to at first; null: to none */
  readonly hub: string | null;
  /** Longest life of a token that the cluster grants, in milliseconds. Default: 24 h for `eks`, else no limit */
  readonly grantedLifeCapMs?: number | null;
  /** Hubs that cannot reach the cluster's API. The cluster may well reach them. */
  readonly unreachableFrom?: readonly string[];
  readonly asleep?: boolean;
  /** The token agent answers only once released */
  readonly agentHeld?: boolean;
  /** Where the add-on is installed, default the add-on's own namespace */
  readonly addOnNamespace?: string;
}

interface RoleBinding {
  readonly name: string;
  readonly role: string;
  readonly subjects: readonly string[];
}

/** A work that the agent has applied: AppliedManifestWork */
interface AppliedWork {
  readonly bindings: readonly RoleBinding[];
  /** Everything else that it delivered, as `kind/namespace/name` */
  readonly resources: readonly string[];
  /** Since when the hub lacks it, in milliseconds */
  missingSinceMs: number | null;
}

export type TokenVerdict = { readonly ok: true; readonly subject: string } | { readonly ok: false; readonly why: string };

const DAY_MS = 86_400_000;

export class ManagedClusterSim {
  readonly name: string;
  readonly kind: ClusterKind;
  readonly clusterId: string;
  /** What its API server is called, whether or not a ManagedCluster says so */
  readonly apiUrl: string;
  readonly grantedLifeCapMs: number | null;
  readonly addOnNamespace: string | null;
  /** The hub of the klusterlet's bootstrap kubeconfig, and since when, in milliseconds */
  private hub: string | null;
  private hubSinceMs = 0;
  private sleeping: boolean;
  private held: boolean;
  private readonly unreachable: Set<string>;
  private readonly key: string;
  private readonly accounts = new Map<string, { namespace: string; name: string; uid: string }>();
  private readonly applied = new Map<string, AppliedWork>();
  private readonly evictions: { work: string; atMs: number; resources: readonly string[] }[] = [];
  private readonly moves: { hub: string | null; atMs: number }[] = [];
  /** What the next token requests fail with; null: they do not */
  tokenRequestError: string | null = null;

  constructor(spec: ClusterSpec, private readonly changed: (cluster: ManagedClusterSim) => void) {
    this.name = spec.name;
    this.kind = spec.kind;
    this.apiUrl = `https://api.${spec.name}.example:6443`;
    this.hub = spec.hub;
    this.sleeping = spec.asleep ?? false;
    this.held = spec.agentHeld ?? false;
    this.unreachable = new Set(spec.unreachableFrom);
    this.grantedLifeCapMs = spec.grantedLifeCapMs === undefined ? (spec.kind === 'eks' ? DAY_MS : null) : spec.grantedLifeCapMs;
    this.addOnNamespace = spec.addOnNamespace ?? null;
    const digest = createHash('sha256').update(spec.name).digest('hex');
    this.clusterId = `${digest.slice(0, 8)}-${digest.slice(8, 12)}-4${digest.slice(13, 16)}-8${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
    this.key = createHash('sha256').update(`key of ${spec.name}`).digest('hex');
  }

  get bootstrapHub(): string | null {
    return this.hub;
  }

  get pointsSinceMs(): number {
    return this.hubSinceMs;
  }

  get isAsleep(): boolean {
    return this.sleeping;
  }

  get isAgentHeld(): boolean {
    return this.held;
  }

  /** Its klusterlet renews its lease on this hub. */
  isServedBy(hub: string): boolean {
    return this.hub === hub && !this.sleeping;
  }

  /** Its API server answers calls that come from this hub. */
  isReachableFrom(hub: string): boolean {
    return !this.sleeping && !this.unreachable.has(hub);
  }

  setReachableFrom(hub: string, reachable: boolean): void {
    if (reachable) this.unreachable.delete(hub);
    else this.unreachable.add(hub);
    this.changed(this);
  }

  /** Hibernation: no API, no lease, no agent. */
  sleep(): void {
    this.sleeping = true;
    this.changed(this);
  }

  wake(): void {
    this.sleeping = false;
    this.changed(this);
  }

  holdAgent(): void {
    this.held = true;
    this.changed(this);
  }

  releaseAgent(): void {
    if (!this.held) return;
    this.held = false;
    this.changed(this);
  }

  /** The klusterlet gets another bootstrap kubeconfig and joins that hub. */
  pointTo(hub: string, now: Date): void {
    if (this.hub === hub) return;
    this.hub = hub;
    this.hubSinceMs = now.getTime();
    this.moves.push({ hub, atMs: now.getTime() });
    this.changed(this);
  }

  /** What a hub does to a cluster whose ManagedCluster is deleted while available: klusterlet and everything delivered are removed. */
  detach(now: Date): void {
    this.hub = null;
    this.moves.push({ hub: null, atMs: now.getTime() });
    for (const name of [...this.applied.keys()]) this.removeWork(name, now);
    this.changed(this);
  }

  /** Where the klusterlet was pointed, oldest first. */
  get history(): readonly { readonly hub: string | null; readonly atMs: number }[] {
    return this.moves;
  }

  // ServiceAccounts and tokens

  ensureAccount(namespace: string, name: string): void {
    const id = `${namespace}/${name}`;
    if (!this.accounts.has(id)) this.accounts.set(id, { namespace, name, uid: randomUUID() });
  }

  /** Somebody deletes the ServiceAccount of that name, and it is made anew at once: no token of the old one is taken any more. */
  remakeAccount(name: string): void {
    for (const account of [...this.accounts.values()].filter((one) => one.name === name)) {
      this.removeAccount(account.namespace, name);
      this.ensureAccount(account.namespace, name);
    }
    this.changed(this);
  }

  removeAccount(namespace: string, name: string): void {
    this.accounts.delete(`${namespace}/${name}`);
  }

  /**
   * TokenRequest: grants what is asked for, up to the cluster's cap.
   * @throws Error where the account is missing or the cluster is told to refuse
   */
  requestToken(namespace: string, name: string, lifeMs: number, now: Date): { token: string; expiresAt: Date } {
    if (this.tokenRequestError !== null) throw new Error(this.tokenRequestError);
    const account = this.accounts.get(`${namespace}/${name}`);
    if (!account) throw new Error(`serviceaccounts "${name}" not found`);
    return issueToken(this.key, account, now, Math.min(lifeMs, this.grantedLifeCapMs ?? lifeMs), randomUUID());
  }

  /** TokenReview. */
  reviewToken(token: string, now: Date): TokenVerdict {
    const claims = verifyToken(this.key, token);
    if (!claims) return { ok: false, why: 'Unauthorized' };
    if (claims.expiresAt * 1000 <= now.getTime()) return { ok: false, why: 'Unauthorized: token has expired' };
    const known = [...this.accounts.values()].some((account) => subjectOf(account.namespace, account.name) === claims.subject && account.uid === claims.accountUid);
    return known ? { ok: true, subject: claims.subject } : { ok: false, why: 'Unauthorized: serviceaccount not found' };
  }

  /** Whether a work delivered a binding that lets the subject update Secret `bootstrap-hub-kubeconfig`. */
  mayUpdateBootstrap(subject: string): boolean {
    for (const work of this.applied.values()) {
      if (work.bindings.some(({ role, subjects }) => BOOTSTRAP_ROLES.includes(role) && subjects.includes(subject))) return true;
    }
    return false;
  }

  // Works

  applyWork(name: string, manifests: readonly unknown[]): void {
    this.applied.set(name, { bindings: manifests.flatMap(bindingOf), resources: manifests.filter((manifest) => bindingOf(manifest).length === 0).map(identityOf), missingSinceMs: null });
  }

  /**
   * The work agent compares what it applied with what the hub has. Works that the hub lacks are evicted after the grace period, with
   * everything that they delivered.
   * @param graceMs null: never
   * @returns when the next eviction is due, in milliseconds; null: none
   */
  reviewWorks(onHub: ReadonlySet<string>, graceMs: number | null, now: Date): number | null {
    let next: number | null = null;
    for (const [name, work] of [...this.applied]) {
      if (onHub.has(name)) {
        work.missingSinceMs = null;
        continue;
      }
      work.missingSinceMs ??= now.getTime();
      if (graceMs === null) continue;
      const due = work.missingSinceMs + graceMs;
      if (due <= now.getTime()) this.removeWork(name, now);
      else next = next === null ? due : Math.min(next, due);
    }
    return next;
  }

  /** A work that was deleted on the hub which the cluster obeys: its resources go at once. */
  removeWork(name: string, now: Date): void {
    const work = this.applied.get(name);
    if (!work) return;
    this.applied.delete(name);
    this.evictions.push({ work: name, atMs: now.getTime(), resources: [...work.bindings.map((binding) => `ClusterRoleBinding//${binding.name}`), ...work.resources] });
  }

  get appliedWorks(): readonly string[] {
    return [...this.applied.keys()];
  }

  /** Works whose resources were removed from the cluster, oldest first. */
  get removedWorks(): readonly { readonly work: string; readonly atMs: number; readonly resources: readonly string[] }[] {
    return this.evictions;
  }
}

function bindingOf(manifest: unknown): RoleBinding[] {
  if (!isRecord(manifest) || manifest['kind'] !== 'ClusterRoleBinding') return [];
  const subjects = list(manifest['subjects']).map(record).filter((subject) => subject['kind'] === 'ServiceAccount');
  return [{
    name: text(record(manifest['metadata'])['name']) ?? '',
    role: text(record(manifest['roleRef'])['name']) ?? '',
    subjects: subjects.map((subject) => subjectOf(text(subject['namespace']) ?? '', text(subject['name']) ?? '')),
  }];
}

function identityOf(manifest: unknown): string {
  const { kind, metadata } = record(manifest);
  const { namespace, name } = record(metadata);
  return `${text(kind) ?? '?'}/${text(namespace) ?? ''}/${text(name) ?? ''}`;
}

/** All managed clusters of a world, by name. */
export class ClusterRegistry {
  private readonly clusters = new Map<string, ManagedClusterSim>();
  private readonly listeners = new Set<(cluster: ManagedClusterSim) => void>();

  add(spec: ClusterSpec): ManagedClusterSim {
    if (this.clusters.has(spec.name)) throw new Error(`There is a cluster ${spec.name} already`);
    const cluster = new ManagedClusterSim(spec, (changed) => {
      for (const listener of this.listeners) listener(changed);
    });
    this.clusters.set(spec.name, cluster);
    return cluster;
  }

  find(name: string): ManagedClusterSim | undefined {
    return this.clusters.get(name);
  }

  /** @throws Error where there is none of that name */
  get(name: string): ManagedClusterSim {
    const cluster = this.clusters.get(name);
    if (!cluster) throw new Error(`There is no cluster ${name}`);
    return cluster;
  }

  all(): ManagedClusterSim[] {
    return [...this.clusters.values()];
  }

  /** Told of every switch and every move. @returns how to stop it */
  onChange(listener: (cluster: ManagedClusterSim) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
