/**
 * Stands for the backup operator's post-restore import (facts, section 7): for each managed cluster but the local one an
 * auto-import-secret, or a message why not. One token is used even if it has expired. Its record for other hubs, the dummy Backup, is
 * made whatever came of it.
 */
import { isKubeError } from '../../kube/kube-error.js';
import type { KubeObject } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { isRestoreRecord } from './collision.js';
import { isTrue } from './conditions.js';
import { createUnlessThere, eachAtOnce, minorOf, type HubEnv } from './hub-env.js';
import { annotationOf, at, base64, list, specOf, stamp, text, timeOf, unbase64 } from './json.js';
import { isLocalCluster } from './klusterlet.actor.js';
import { requestDeletion } from './velero-backups.actor.js';
import { ACCOUNT, ANNOTATION, BACKUP_NAMESPACE, CONDITION, DUMMY_BACKUP, IMPORT_SECRET, LABEL } from './words.js';

const MANAGER = 'cluster-backup-operator';

/** Which of a cluster's token Secrets is used: the only one whatever its expiry; of several the first that is still good, else the youngest. */
export function chooseToken(candidates: readonly KubeObject[], nowMs: number): KubeObject | undefined {
  if (candidates.length < 2) return candidates[0];
  const byName = [...candidates].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const madeMs = (secret: KubeObject): number => timeOf(secret.metadata.creationTimestamp) ?? 0;
  return byName.find((secret) => (timeOf(annotationOf(secret, ANNOTATION.expiration)) ?? 0) > nowMs) ?? byName.reduce((youngest, secret) => (madeMs(secret) > madeMs(youngest) ? secret : youngest));
}

async function everything(env: HubEnv, type: typeof resources.secret | typeof resources.managedCluster, labelSelector?: string): Promise<KubeObject[]> {
  const objects: KubeObject[] = [];
  for await (const page of env.client.listAll(type, labelSelector === undefined ? {} : { labelSelector })) objects.push(...page.items);
  return objects;
}

function byNamespace(objects: readonly KubeObject[]): Map<string, KubeObject[]> {
  const grouped = new Map<string, KubeObject[]>();
  for (const object of objects) {
    const namespace = object.metadata.namespace ?? '';
    const group = grouped.get(namespace);
    if (group) group.push(object);
    else grouped.set(namespace, [object]);
  }
  return grouped;
}

/** One run over all clusters that the hub has now. @returns the messages, by name of cluster */
export async function importAll(env: HubEnv): Promise<string[]> {
  const clusters = (await everything(env, resources.managedCluster)).filter((cluster) => !isLocalCluster(cluster)).sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const tokens = byNamespace((await everything(env, resources.secret, `${LABEL.accountToken}=true`)).filter(({ metadata }) => metadata.name.startsWith(ACCOUNT)));
  const leftovers = byNamespace((await everything(env, resources.secret, `${LABEL.restoreImportSecret}=true`)).filter(({ metadata }) => metadata.name === IMPORT_SECRET));
  const messages: string[][] = clusters.map(() => []);
  const width = env.timings.importLoopPerClusterMs > 0 ? 1 : env.writers;
  await eachAtOnce(width, clusters.entries(), async ([index, cluster]) => {
    const { name } = cluster.metadata;
    messages[index] = await importOne(env, cluster, tokens.get(name) ?? [], (leftovers.get(name) ?? []).length > 0);
    await env.time.sleep(env.timings.importLoopPerClusterMs);
  });
  return messages.flat();
}

async function importOne(env: HubEnv, cluster: KubeObject, candidates: readonly KubeObject[], hasLeftover: boolean): Promise<string[]> {
  const { name } = cluster.metadata;
  if (isTrue(cluster, CONDITION.available)) return [`managed cluster ${name} already available`];
  const server = text(at(list(specOf(cluster)['managedClusterClientConfigs'])[0], 'url')) ?? '';
  if (server === '') return [`Cannot reimport cluster ${name}, no serverUrl property`];
  const secret = chooseToken(candidates, env.time.now().getTime());
  if (!secret) return [`No suitable MSA secret found for cluster (${name})`];
  const token = unbase64(secret.data?.['token']);
  if (token === '') return [`Skip MSA access token for cluster (${name}) - invalid token data in secret (${secret.metadata.name})`];
  const messages: string[] = [];
  if (hasLeftover) {
    await env.client.delete(resources.secret, { name: IMPORT_SECRET, namespace: name });
    messages.push(`deleted auto-import-secret from namespace ${name}`);
  }
  await annotate(env, name);
  const created = await createUnlessThere(env, resources.secret, {
    apiVersion: 'v1', kind: 'Secret', type: 'Opaque',
    metadata: { name: IMPORT_SECRET, namespace: name, labels: { [LABEL.restoreImportSecret]: 'true' }, annotations: { [ANNOTATION.keepImportSecret]: '' } },
    data: { autoImportRetry: base64('5'), server: base64(server), token: base64(token) },
  }, MANAGER);
  const done = minorOf(env.release.hub) <= 7 ? `Created auto-import-secret for managed cluster (${name})` : `Created auto-import-secret for (${name})`;
  messages.push(created ? done : `Failed to create auto-import-secret for (${name})`);
  return messages;
}

async function annotate(env: HubEnv, name: string): Promise<void> {
  try {
    await env.client.patch(resources.managedCluster, { name }, { metadata: { annotations: { [ANNOTATION.immediateImport]: '' } } }, { patchType: 'merge', fieldManager: MANAGER });
  } catch (error) {
    // Deleted since it was listed: there is nothing to import.
    if (!isKubeError(error, 'KUBE_NOT_FOUND')) throw error;
  }
}

/** Records for all hubs that this one restored managed clusters: a Velero Backup of nothing. Only the newest is kept. */
export async function recordRestore(env: HubEnv): Promise<void> {
  const name = `${DUMMY_BACKUP}-${stamp(env.time.now())}`;
  const older = env.informers.of(resources.veleroBackup).inNamespace(BACKUP_NAMESPACE).filter((backup) => isRestoreRecord(backup) && backup.metadata.name !== name);
  for (const backup of older) await requestDeletion(env, backup.metadata.name, MANAGER);
  await createUnlessThere(env, resources.veleroBackup, {
    apiVersion: 'velero.io/v1', kind: 'Backup', metadata: { name, namespace: BACKUP_NAMESPACE, labels: { [LABEL.restoreCluster]: env.clusterId } },
    spec: { includedResources: ['validationpolicy.cluster.open-cluster-management.io'] },
  }, MANAGER);
}
