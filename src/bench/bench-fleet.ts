/** What stands on the hubs of a benchmark. Secrets hold nothing that opens anything. */
import { createHash } from 'node:crypto';
import { accounts, addOns, annotations, autoImportRetry, conditions, labels, labelValues, namespaces, roleBindings, secretKeys, secrets, veleroSchedules, works } from '../common/rhacm-names.js';
import { rfc3339 } from '../common/untrusted.js';
import type { KubeObject } from '../kube/kube.types.js';
import { settledObjects } from '../simulator/scenarios/hub-seed.js';
import { DEFAULT_VALIDITY_MS } from '../tokens/token-policy.rules.js';
import { accountManifest, addOnManifest, workManifest } from '../tokens/token-manifests.rules.js';

export const VALIDITY_MS = DEFAULT_VALIDITY_MS;

export const clusterNames = (count: number): string[] => Array.from({ length: count }, (_, index) => `cluster-${String(index + 1).padStart(5, '0')}`);

/** The same uid each time, so that Secrets can name their owners before these are made. */
function uidOf(what: string, cluster: string): string {
  const digest = createHash('sha256').update(`${what}/${cluster}`).digest('hex');
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-4${digest.slice(13, 16)}-8${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

/** As long as a real ServiceAccount token, and of its form. */
export function tokenOf(cluster: string, expiresAt: Date): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { exp: Math.floor(expiresAt.getTime() / 1000), sub: `system:serviceaccount:${namespaces.defaultAddOn}:${accounts.autoImport}`, aud: [cluster] };
  return [part({ alg: 'RS256', kid: 'bench' }), part(claims), 'x'.repeat(342)].join('.');
}

export const hubAddOn: KubeObject = { apiVersion: 'addon.open-cluster-management.io/v1alpha1', kind: 'ClusterManagementAddOn', metadata: { name: addOns.managedServiceAccount }, spec: {} };

/** An imported cluster long after its import: without anything that a re-import would need. */
export const bareCluster = (cluster: string, now: Date): KubeObject[] =>
  settledObjects({ name: cluster, kind: 'openshift', group: 'good', hub: null, labels: { cloud: 'Amazon', vendor: 'OpenShift', name: cluster, [labels.clusterSet]: 'default' } }, uidOf('cluster', cluster), now);

const condition = (type: string, reason: string, now: Date) => ({ type, status: 'True', reason, message: reason, lastTransitionTime: rfc3339(now) });

/** What the agent tells of its token in the account's status. */
export const reportedToken = (now: Date) => ({
  conditions: [condition('SecretCreated', 'SecretCreated', now), condition(conditions.tokenReported, 'TokenReported', now)],
  expirationTimestamp: rfc3339(new Date(now.getTime() + VALIDITY_MS)),
  tokenSecretRef: { name: accounts.autoImport, lastRefreshTimestamp: rfc3339(now) },
});

/** Add-on, account and role binding of a cluster whose agent has yet to answer. */
export function upkeepOf(cluster: string, now: Date): KubeObject[] {
  const account = accountManifest(cluster, { type: 'APPLY_ACCOUNT', account: accounts.autoImport, validityMs: VALIDITY_MS });
  const binding = { type: 'APPLY_WORK', account: accounts.autoImport, name: works.import, binding: roleBindings.import, namespace: namespaces.defaultAddOn } as const;
  return [
    { ...addOnManifest(cluster), status: { namespace: namespaces.defaultAddOn, conditions: [condition(conditions.addOnAvailable, 'ManagedClusterAddOnLeaseUpdated', now)] } },
    { ...account, metadata: { ...account.metadata, uid: uidOf('account', cluster) } },
    { ...workManifest(cluster, binding), status: { conditions: [condition('Applied', 'AppliedManifestWorkComplete', now), condition('Available', 'ResourcesAvailable', now)] } },
  ];
}

/** The Secret as the token agent writes it. */
export function tokenSecretOf(cluster: string, now: Date): KubeObject {
  const owner = { apiVersion: 'authentication.open-cluster-management.io/v1beta1', kind: 'ManagedServiceAccount', name: accounts.autoImport, uid: uidOf('account', cluster), controller: true, blockOwnerDeletion: true };
  return {
    apiVersion: 'v1', kind: 'Secret', type: 'Opaque',
    metadata: { name: accounts.autoImport, namespace: cluster, labels: { [labels.isManagedServiceAccount]: labelValues.true }, ownerReferences: [owner] },
    data: { [secretKeys.token]: base64(tokenOf(cluster, new Date(now.getTime() + VALIDITY_MS))), [secretKeys.caCrt]: base64(`ca of ${cluster}`.padEnd(1_200, '.')) },
  };
}

/** A cluster whose token is there, labelled and annotated: nothing is to be done about it. */
export function completeCluster(cluster: string, now: Date): KubeObject[] {
  const secret = tokenSecretOf(cluster, now);
  const { expirationTimestamp, tokenSecretRef } = reportedToken(now);
  const marks = { [annotations.expirationTimestamp]: expirationTimestamp, [annotations.lastRefreshTimestamp]: tokenSecretRef.lastRefreshTimestamp };
  const metadata = { ...secret.metadata, labels: { ...secret.metadata.labels, [labels.backup]: labelValues.backupMsa }, annotations: marks };
  const upkeep = upkeepOf(cluster, now).map((object) => (object.kind === 'ManagedServiceAccount' ? { ...object, status: reportedToken(now) } : object));
  return [...bareCluster(cluster, now), ...upkeep, { ...secret, metadata }];
}

/** Other Secrets of a cluster's namespace, as a hub has them: bootstrap data, pull secrets, kubeconfigs. */
export const otherSecrets = (cluster: string, count: number): KubeObject[] =>
  Array.from({ length: count }, (_, index) => ({
    apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata: { name: `other-${index}`, namespace: cluster, labels: { app: 'other' } }, data: { value: base64('.'.repeat(1_500)) },
  }));

/** A cluster as a restore leaves it on another hub: known, not joined, with its token. */
export function restoredCluster(cluster: string, backup: string, now: Date): KubeObject[] {
  const restored = { [labels.veleroBackupName]: backup };
  const objects = bareCluster(cluster, now).filter(({ kind }) => kind === 'Namespace' || kind === 'ManagedCluster');
  const { ownerReferences: _notRestored, ...secret } = tokenSecretOf(cluster, now).metadata;
  const accepted = { type: conditions.hubAccepted, status: 'True', reason: 'HubClusterAdminAccepted', message: 'Accepted by hub cluster admin', lastTransitionTime: rfc3339(now) };
  const marks = { [annotations.expirationTimestamp]: rfc3339(new Date(now.getTime() + VALIDITY_MS)) };
  return [
    ...objects.map((object) => (object.kind === 'Namespace' ? object : {
      ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...restored } }, status: { conditions: [accepted] },
    })),
    { ...tokenSecretOf(cluster, now), metadata: { ...secret, labels: { ...secret.labels, ...restored, [labels.backup]: labelValues.backupMsa }, annotations: marks } },
  ];
}

/** As the importer writes it. */
export function importSecretOf(cluster: string): KubeObject {
  const data = { [secretKeys.autoImportRetry]: base64(autoImportRetry), [secretKeys.server]: base64(`https://api.${cluster}.example:6443`), [secretKeys.token]: base64(tokenOf(cluster, new Date(Date.now() + VALIDITY_MS))) };
  const metadata = {
    name: secrets.autoImport, namespace: cluster, labels: { [labels.restoreAutoImportSecret]: labelValues.true }, annotations: { [annotations.keepingAutoImportSecret]: '' },
  };
  return { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata, data };
}

/** The four Velero Backups of one finished set of a hub, by type. */
export function backupSetOf(ownerClusterId: string, startedAt: Date): { readonly names: Readonly<Record<'credentials' | 'resources' | 'managedClusters', string>>; readonly objects: KubeObject[] } {
  const suffix = startedAt.toISOString().replace(/\D/g, '').slice(0, 14);
  const types = { credentials: veleroSchedules.credentials, resources: veleroSchedules.resources, managedClusters: veleroSchedules.managedClusters } as const;
  const nameOf = (type: keyof typeof types): string => `${types[type]}-${suffix}`;
  const objects = (Object.keys(types) as (keyof typeof types)[]).map((type): KubeObject => ({
    apiVersion: 'velero.io/v1', kind: 'Backup',
    metadata: {
      name: nameOf(type), namespace: namespaces.backup,
      labels: { [labels.backupScheduleType]: type, [labels.backupScheduleName]: 'schedule-acm', [labels.backupCluster]: ownerClusterId, [labels.veleroScheduleName]: types[type], [labels.veleroStorageLocation]: 'hub-backup-1' },
    },
    spec: { storageLocation: 'hub-backup-1', ttl: '120h0m0s' },
    status: {
      phase: 'Completed', startTimestamp: rfc3339(startedAt), completionTimestamp: rfc3339(new Date(startedAt.getTime() + 10_000)), expiration: rfc3339(new Date(startedAt.getTime() + 120 * 3_600_000)),
    },
  }));
  return { names: { credentials: nameOf('credentials'), resources: nameOf('resources'), managedClusters: nameOf('managedClusters') }, objects };
}
