/**
 * Stands for the backup operator's work on auto-import accounts (facts, sections 2 and 3): one pass over all clusters that need a token,
 * and the removal of everything when it is switched off. Hosted clusters are treated like any other, accounts without `spec.rotation`
 * are left as they are, works that exist are never compared, and the pair is made only within 15 minutes after half of the first
 * token's life.
 */
import { isKubeError } from '../../kube/kube-error.js';
import { formatGoDuration, parseGoDuration } from '../../common/duration.js';
import type { KubeObject, ResourceType } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { createUnlessThere, eachAtOnce, minorOf, type HubEnv } from './hub-env.js';
import { annotationOf, at, labelOf, record, specOf, statusOf, text, timeOf, type Json } from './json.js';
import { isLocalCluster } from './klusterlet.actor.js';
import { ACCOUNT, ACTIVATION, ADDON, ADDON_NAMESPACE, ANNOTATION, LABEL, PAIR_ACCOUNT } from './words.js';

const MANAGER = 'cluster-backup-operator';
const DEFAULT_TTL_MS = 720 * 3_600_000;
const PAIR_WINDOW_MS = 15 * 60_000;
/** The first hub release that binds the narrow role. */
const NARROW_ROLE_SINCE_MINOR = 9;

/** What the two accounts call their things. */
const ACCOUNTS = [
  { account: ACCOUNT, suffix: '' },
  { account: PAIR_ACCOUNT, suffix: '-pair' },
] as const;
type Account = (typeof ACCOUNTS)[number];

const workName = ({ suffix }: Account, tail = ''): string => `addon-managed-serviceaccount-import${suffix}${tail}`;

/** `managedServiceAccountTTL`, else twice `veleroTtl`, else twice 720 hours; as a Go duration. */
export function validityOf(schedule: Json): string {
  const own = parseGoDuration(text(schedule['managedServiceAccountTTL']) ?? '');
  if (own !== null) return formatGoDuration(own);
  return formatGoDuration(2 * (parseGoDuration(text(schedule['veleroTtl']) ?? '') ?? DEFAULT_TTL_MS));
}

/** Whether the pair account is made at this moment. */
export function isPairDue(account: KubeObject | undefined, nowMs: number): boolean {
  const expiresMs = timeOf(statusOf(account)['expirationTimestamp']);
  const refreshedMs = timeOf(at(statusOf(account), 'tokenSecretRef', 'lastRefreshTimestamp'));
  if (expiresMs === null || refreshedMs === null) return false;
  const halfMs = refreshedMs + (expiresMs - refreshedMs) / 2;
  return nowMs >= halfMs && nowMs <= halfMs + PAIR_WINDOW_MS;
}

const isAccountSecret = (secret: KubeObject): boolean => labelOf(secret, LABEL.accountToken) === 'true' && secret.metadata.name.startsWith(ACCOUNT);

export class TokenPass {
  constructor(private readonly env: HubEnv) {}

  /** Add-on, accounts and works for every cluster that needs a token. */
  async makeAccounts(schedule: Json): Promise<void> {
    const validity = validityOf(schedule);
    await this.forEachCluster(async (name) => {
      await this.makeAddOn(name);
      for (const which of ACCOUNTS) await this.removeOldWork(name, which);
      await this.makeWorks(name, ACCOUNTS[0]);
      await this.makeAccount(name, ACCOUNTS[0], validity);
      const { informers } = this.env;
      const pairExists = informers.of(resources.managedServiceAccount).get(PAIR_ACCOUNT, name) !== undefined;
      if (pairExists || isPairDue(informers.of(resources.managedServiceAccount).get(ACCOUNT, name), this.env.time.now().getTime())) await this.makeAccount(name, ACCOUNTS[1], validity);
    });
  }

  /** The backup label and both times on every token Secret that exists now, whoever made it. */
  async labelSecrets(): Promise<void> {
    await this.forEachCluster(async (name) => {
      for (const secret of this.env.informers.of(resources.secret).inNamespace(name).filter(isAccountSecret)) await this.labelSecret(secret);
    });
  }

  /** Switched off: everything with the operator's labels goes, whoever made it. */
  async removeAll(): Promise<void> {
    const accounts = this.all(resources.managedServiceAccount).filter((object) => labelOf(object, LABEL.accountToken) === ACCOUNT);
    const addOns = this.all(resources.managedClusterAddOn).filter((object) => labelOf(object, LABEL.accountToken) === ACCOUNT);
    const works = this.all(resources.manifestWork).filter((object) => labelOf(object, LABEL.addonOfWork) === ADDON);
    const secrets = this.all(resources.secret).filter(isAccountSecret);
    await this.removeThese(resources.managedServiceAccount, accounts, 'Foreground');
    await this.removeThese(resources.managedClusterAddOn, addOns);
    await this.removeThese(resources.manifestWork, works);
    await this.removeThese(resources.secret, secrets);
  }

  private all(type: ResourceType): KubeObject[] {
    return [...this.env.informers.of(type).all()].filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  private async removeThese(type: ResourceType, objects: readonly KubeObject[], propagationPolicy?: 'Foreground'): Promise<void> {
    await eachAtOnce(this.width, objects, async ({ metadata }) => {
      await this.env.client.delete(type, { name: metadata.name, namespace: metadata.namespace ?? '' }, propagationPolicy ? { propagationPolicy } : {});
    });
  }

  private get width(): number {
    return this.env.timings.passPerClusterMs > 0 ? 1 : this.env.writers;
  }

  private async forEachCluster(work: (name: string) => Promise<void>): Promise<void> {
    const clusters = [...this.env.informers.of(resources.managedCluster).all()].filter((cluster) => this.needsToken(cluster));
    const names = clusters.map(({ metadata }) => metadata.name).sort();
    await eachAtOnce(this.width, names, async (name) => {
      await work(name);
      await this.env.time.sleep(this.env.timings.passPerClusterMs / 2);
    });
  }

  private needsToken(cluster: KubeObject): boolean {
    if (isLocalCluster(cluster) || cluster.metadata.deletionTimestamp !== undefined) return false;
    return !this.env.informers.of(resources.secret).inNamespace(cluster.metadata.name).some((secret) => labelOf(secret, LABEL.hiveSecret) !== undefined);
  }

  private async makeAddOn(cluster: string): Promise<void> {
    if (this.env.informers.of(resources.managedClusterAddOn).get(ADDON, cluster)) return;
    await createUnlessThere(this.env, resources.managedClusterAddOn, {
      apiVersion: 'addon.open-cluster-management.io/v1alpha1', kind: 'ManagedClusterAddOn',
      metadata: { name: ADDON, namespace: cluster, labels: { [LABEL.accountToken]: ACCOUNT } }, spec: {},
    }, MANAGER);
  }

  private async makeAccount(cluster: string, which: Account, validity: string): Promise<void> {
    const { informers, client } = this.env;
    const ref = { name: which.account, namespace: cluster };
    const present = informers.of(resources.managedServiceAccount).get(which.account, cluster);
    if (!present) {
      // A pair that is there is not given a work any more.
      if (which === ACCOUNTS[1]) await this.makeWorks(cluster, which);
      if (informers.of(resources.secret).get(which.account, cluster)) await client.delete(resources.secret, ref);
      await createUnlessThere(this.env, resources.managedServiceAccount, {
        apiVersion: 'authentication.open-cluster-management.io/v1beta1', kind: 'ManagedServiceAccount',
        metadata: { ...ref, labels: { [LABEL.accountToken]: ACCOUNT } }, spec: { rotation: { enabled: true, validity } },
      }, MANAGER);
    } else {
      const current = text(record(specOf(present)['rotation'])['validity']);
      if (current !== undefined && current !== validity && present.metadata.deletionTimestamp === undefined) {
        await client.patch(resources.managedServiceAccount, ref, { spec: { rotation: { validity } } }, { patchType: 'merge', fieldManager: MANAGER });
      }
    }
  }

  /** Of release 2.8.2. */
  private async removeOldWork(cluster: string, which: Account): Promise<void> {
    const ref = { name: workName(which, '-custom'), namespace: cluster };
    if (this.env.informers.of(resources.manifestWork).get(ref.name, cluster)) await this.env.client.delete(resources.manifestWork, ref);
  }

  private async makeWorks(cluster: string, which: Account): Promise<void> {
    const { informers } = this.env;
    const works = informers.of(resources.manifestWork);
    if (!works.get(workName(which), cluster)) await this.makeWork(cluster, which, ADDON_NAMESPACE, '');
    const namespace = text(statusOf(informers.of(resources.managedClusterAddOn).get(ADDON, cluster))['namespace']) ?? ADDON_NAMESPACE;
    if (namespace === ADDON_NAMESPACE) return;
    if (!works.get(workName(which, '-custom-2'), cluster)) await this.makeWork(cluster, which, namespace, '-custom-2');
  }

  private async makeWork(cluster: string, which: Account, namespace: string, tail: string): Promise<void> {
    const role = minorOf(this.env.release.hub) >= NARROW_ROLE_SINCE_MINOR ? 'klusterlet-bootstrap-kubeconfig' : 'klusterlet';
    const binding = {
      apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: `managedserviceaccount-import${which.suffix}${tail}` },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role }, subjects: [{ kind: 'ServiceAccount', name: which.account, namespace }],
    };
    await createUnlessThere(this.env, resources.manifestWork, {
      apiVersion: 'work.open-cluster-management.io/v1', kind: 'ManifestWork',
      metadata: { name: workName(which, tail), namespace: cluster, labels: { [LABEL.addonOfWork]: ADDON, [LABEL.backup]: ACTIVATION } },
      spec: { workload: { manifests: [binding] } },
    }, MANAGER);
  }

  private async labelSecret(secret: KubeObject): Promise<void> {
    const { name, namespace = '' } = secret.metadata;
    const account = this.env.informers.of(resources.managedServiceAccount).get(name, namespace);
    const isLabelled = [LABEL.hiveSecret, LABEL.credentialType, LABEL.backup].some((key) => labelOf(secret, key) !== undefined);
    const times: [string, string | undefined][] = [
      [ANNOTATION.expiration, text(statusOf(account)['expirationTimestamp'])],
      [ANNOTATION.lastRefresh, text(at(statusOf(account), 'tokenSecretRef', 'lastRefreshTimestamp'))],
    ];
    const annotations = Object.fromEntries(times.filter(([key, value]) => value !== undefined && annotationOf(secret, key) !== value));
    if (isLabelled && Object.keys(annotations).length === 0) return;
    const patch = { metadata: { annotations, ...(isLabelled ? {} : { labels: { [LABEL.backup]: 'msa' } }) } };
    try {
      await this.env.client.patch(resources.secret, { name, namespace }, patch, { patchType: 'merge', fieldManager: MANAGER });
    } catch (error) {
      // Deleted since the view was taken: the next pass sees what is there then.
      if (!isKubeError(error, 'KUBE_NOT_FOUND')) throw error;
    }
  }
}
