/**
 * Stands for the managed-serviceaccount agents of all clusters of one hub (facts, section 4): makes the ServiceAccount on the cluster,
 * asks for a token with the account's validity and takes what is granted, writes the Secret and the account's status, and refreshes
 * after 80 % of the granted life, when the cluster no longer takes the token, or when it is another account's. Works only where the
 * add-on runs and the cluster is awake.
 */
import { parseGoDuration } from '../../common/duration.js';
import type { KubeObject } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { Actor } from './actor.js';
import type { ManagedClusterSim } from './clusters.js';
import { isTrue, type Condition } from './conditions.js';
import { writeConditions, type HubEnv } from './hub-env.js';
import { at, base64, labelOf, record, rfc3339, specOf, statusOf, text, timeOf, unbase64 } from './json.js';
import { subjectOf } from './jwt.js';
import { ADDON, ADDON_NAMESPACE, LABEL } from './words.js';

const MANAGER = 'managed-serviceaccount-agent';
/** The CRD's own default of `spec.rotation.validity` */
const DEFAULT_VALIDITY = '8640h0m0s';
const REFRESH_AT = 0.8;

export class TokenAgentActor extends Actor {
  private readonly answersAtMs = new Map<string, number>();
  /** Namespace of the ServiceAccount that was made on the cluster, by key */
  private readonly made = new Map<string, string>();

  constructor(env: HubEnv) {
    super('token-agent', env, { concurrency: env.writers, retryBaseMs: 1_000, retryMaxMs: 60_000 });
  }

  subscribe(): void {
    const { informers, clusters } = this.env;
    const accounts = informers.of(resources.managedServiceAccount);
    const wakeCluster = (cluster: string): void => {
      for (const { metadata } of accounts.inNamespace(cluster)) this.queue.add(`${cluster}/${metadata.name}`);
    };
    accounts.onChange(({ object }) => this.queue.add(`${object.metadata.namespace ?? ''}/${object.metadata.name}`));
    informers.of(resources.managedClusterAddOn).onChange(({ object }) => wakeCluster(object.metadata.namespace ?? ''));
    informers.of(resources.secret).onChange(({ object }) => {
      const { name, namespace = '' } = object.metadata;
      if (accounts.get(name, namespace)) this.queue.add(`${namespace}/${name}`);
    });
    this.onStop(clusters.onChange(({ name }) => wakeCluster(name)));
  }

  protected async reconcile(key: string): Promise<void> {
    const [clusterName = '', name = ''] = key.split('/');
    const { informers, clusters, timings } = this.env;
    const account = informers.of(resources.managedServiceAccount).get(name, clusterName);
    const cluster = clusters.find(clusterName);
    if (!cluster?.isServedBy(this.env.name) || cluster.isAgentHeld) return;
    if (!account) return this.forget(key, cluster, name);
    const addOn = informers.of(resources.managedClusterAddOn).get(ADDON, clusterName);
    if (account.metadata.deletionTimestamp !== undefined || !isTrue(addOn, 'Available')) return;
    const namespace = text(statusOf(addOn)['namespace']) ?? ADDON_NAMESPACE;
    cluster.ensureAccount(namespace, name);
    this.made.set(key, namespace);
    if (this.needsToken(account, informers.of(resources.secret).get(name, clusterName), cluster, namespace)) {
      const answersAtMs = this.answersAtMs.get(key) ?? this.now.getTime() + timings.tokenAgentMs;
      this.answersAtMs.set(key, answersAtMs);
      if (answersAtMs > this.now.getTime()) return this.queue.addAt(key, answersAtMs);
      await this.renew(key, cluster, namespace);
    }
    this.answersAtMs.delete(key);
    this.queue.addAfter(key, timings.tokenCheckMs);
    const refreshAtMs = refreshTimeMs(account, this.refreshesAlways(account));
    if (refreshAtMs !== null) this.queue.addAt(key, Math.max(refreshAtMs, this.now.getTime() + 1_000));
  }

  private forget(key: string, cluster: ManagedClusterSim, name: string): void {
    const namespace = this.made.get(key);
    if (namespace === undefined) return;
    cluster.removeAccount(namespace, name);
    this.made.delete(key);
    this.answersAtMs.delete(key);
  }

  private needsToken(account: KubeObject, secret: KubeObject | null | undefined, cluster: ManagedClusterSim, namespace: string): boolean {
    if (!secret || !at(statusOf(account), 'tokenSecretRef')) return true;
    if (record(specOf(account)['rotation'])['enabled'] === false) return false;
    const refreshAtMs = refreshTimeMs(account, this.refreshesAlways(account));
    if (refreshAtMs === null || refreshAtMs <= this.now.getTime()) return true;
    const verdict = cluster.reviewToken(unbase64(secret.data?.['token']), this.now);
    return !verdict.ok || verdict.subject !== subjectOf(namespace, account.metadata.name);
  }

  /** The view may lag behind this agent's own last write, so it looks again before it asks for another token. */
  private async renew(key: string, cluster: ManagedClusterSim, namespace: string): Promise<void> {
    const [clusterName = '', name = ''] = key.split('/');
    const ref = { name, namespace: clusterName };
    const { client } = this.env;
    const [account, secret] = await Promise.all([client.find(resources.managedServiceAccount, ref), client.find(resources.secret, ref)]);
    if (!account || account.metadata.deletionTimestamp !== undefined || !this.needsToken(account, secret, cluster, namespace)) return;
    let granted: { token: string; expiresAt: Date };
    try {
      granted = cluster.requestToken(namespace, name, validityMs(account), this.now);
    } catch (error) {
      await writeConditions(this.env, resources.managedServiceAccount, account, () => [failed(error)], MANAGER);
      throw error;
    }
    await this.writeSecret(account, secret, granted.token);
    const refreshedAt = this.now;
    await writeConditions(this.env, resources.managedServiceAccount, account, () => reported, MANAGER, () => ({
      expirationTimestamp: rfc3339(granted.expiresAt), tokenSecretRef: { name, lastRefreshTimestamp: rfc3339(refreshedAt) },
    }));
  }

  private async writeSecret(account: KubeObject, present: KubeObject | null, token: string): Promise<void> {
    const { name, namespace = '', uid = '' } = account.metadata;
    const data = { token: base64(token), 'ca.crt': base64(`ca of ${namespace}`) };
    const labels = { [LABEL.accountToken]: 'true' };
    const ownerReferences = [{ apiVersion: account.apiVersion, kind: account.kind, name, uid, controller: true, blockOwnerDeletion: true }];
    const isOurs = present !== null && labelOf(present, LABEL.accountToken) === 'true';
    if (present) {
      const patch = { metadata: { ...(isOurs ? {} : { labels }), ownerReferences }, data };
      await this.env.client.patch(resources.secret, { name, namespace }, patch, { patchType: 'merge', fieldManager: MANAGER });
      return;
    }
    await this.env.client.create(resources.secret, { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace, labels, ownerReferences }, type: 'Opaque', data }, { fieldManager: MANAGER });
  }

  /** Old agents measured the life that was asked for, not the one that was granted. */
  private refreshesAlways(account: KubeObject): boolean {
    if (!this.env.switches.agentsRefreshAlways) return false;
    const expiresMs = timeOf(statusOf(account)['expirationTimestamp']);
    const refreshedMs = timeOf(at(statusOf(account), 'tokenSecretRef', 'lastRefreshTimestamp'));
    return expiresMs !== null && refreshedMs !== null && expiresMs - refreshedMs < validityMs(account) * (1 - REFRESH_AT);
  }
}

const reported: readonly Condition[] = [
  { type: 'SecretCreated', status: 'True', reason: 'SecretCreated', message: 'The Secret is created.' },
  { type: 'TokenReported', status: 'True', reason: 'TokenReported', message: 'The token is reported.' },
];

const failed = (error: unknown): Condition => ({ type: 'TokenReported', status: 'False', reason: 'TokenReportFailed', message: error instanceof Error ? error.message : String(error) });

const validityMs = (account: KubeObject): number =>
  parseGoDuration(text(record(specOf(account)['rotation'])['validity']) ?? DEFAULT_VALIDITY) ?? parseGoDuration(DEFAULT_VALIDITY) ?? 0;

function refreshTimeMs(account: KubeObject, always: boolean): number | null {
  const expiresMs = timeOf(statusOf(account)['expirationTimestamp']);
  const refreshedMs = timeOf(at(statusOf(account), 'tokenSecretRef', 'lastRefreshTimestamp'));
  if (expiresMs === null || refreshedMs === null) return null;
  return always ? refreshedMs + 1_000 : refreshedMs + (expiresMs - refreshedMs) * REFRESH_AT;
}
