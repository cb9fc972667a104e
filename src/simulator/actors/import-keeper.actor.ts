/**
 * Stands for what the import controller keeps for every ManagedCluster, import or not: its finalizer and namespace, the klusterlet
 * ManifestWorks and the Secret `<cluster>-import` that an import waits for, the import condition while nothing happens, and the end of
 * a cluster. Deleting a ManagedCluster that is available detaches the cluster and removes what was delivered to it (facts, section 12).
 */
import { isKubeError } from '../../kube/kube-error.js';
import type { KubeObject } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { Actor } from './actor.js';
import { conditionOf, isTrue, type Condition } from './conditions.js';
import { createUnlessThere, writeConditions, type HubEnv } from './hub-env.js';
import { annotationOf, base64 } from './json.js';
import { isLocalCluster } from './klusterlet.actor.js';
import { ANNOTATION, CONDITION, FINALIZER, IMPORT_SECRET, LABEL } from './words.js';

const MANAGER = 'managedcluster-import-controller';

const waiting: Condition = { type: CONDITION.importSucceeded, status: 'False', reason: 'ManagedClusterWaitForImporting', message: 'Wait for importing' };
export const imported: Condition = { type: CONDITION.importSucceeded, status: 'True', reason: 'ManagedClusterImported', message: 'Import succeeded' };

export const isHosted = (cluster: KubeObject): boolean => annotationOf(cluster, ANNOTATION.deployMode) === 'Hosted';

/** The klusterlet's own works, by the name of their cluster. */
export const klusterletWorks = (cluster: string): readonly string[] => [`${cluster}-klusterlet-crds`, `${cluster}-klusterlet`];

export class ImportKeeperActor extends Actor {
  private readonly seenSinceMs = new Map<string, number>();

  constructor(env: HubEnv) {
    super('import-keeper', env, { concurrency: env.writers });
  }

  subscribe(): void {
    const { informers } = this.env;
    informers.of(resources.managedCluster).onChange(({ object }) => this.queue.add(object.metadata.name));
    informers.of(resources.manifestWork).onChange(({ type, object }) => {
      if (type === 'DELETE') this.queue.add(object.metadata.namespace ?? '');
    });
  }

  protected async reconcile(name: string): Promise<void> {
    const cluster = this.env.informers.of(resources.managedCluster).get(name);
    if (!cluster || isLocalCluster(cluster)) {
      this.seenSinceMs.delete(name);
      return;
    }
    if (cluster.metadata.deletionTimestamp !== undefined) return this.end(cluster);
    const sinceMs = this.seenSinceMs.get(name) ?? this.now.getTime();
    this.seenSinceMs.set(name, sinceMs);
    const looksAtMs = sinceMs + this.env.timings.importLookMs;
    const isNew = conditionOf(cluster, CONDITION.importSucceeded) === undefined && !isTrue(cluster, CONDITION.joined);
    if (isNew && looksAtMs > this.now.getTime()) return this.queue.addAt(name, looksAtMs);
    await this.keepFinalizer(cluster);
    await this.keepObjects(cluster);
    await this.keepCondition(cluster);
  }

  private async keepFinalizer({ metadata }: KubeObject): Promise<void> {
    const finalizers = metadata.finalizers ?? [];
    if (finalizers.includes(FINALIZER.importCleanup)) return;
    const patch = { metadata: { resourceVersion: metadata.resourceVersion, finalizers: [...finalizers, FINALIZER.importCleanup] } };
    await this.patchOrLeave(metadata.name, patch);
  }

  private async keepObjects(cluster: KubeObject): Promise<void> {
    const { name } = cluster.metadata;
    const { informers } = this.env;
    if (!informers.of(resources.namespace).get(name)) {
      await createUnlessThere(this.env, resources.namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { [LABEL.managedNamespace]: name } } }, MANAGER);
    }
    if (!informers.of(resources.secret).get(`${name}-import`, name)) {
      await createUnlessThere(this.env, resources.secret, manifestsSecret(name), MANAGER);
    }
    if (isHosted(cluster)) return;
    for (const work of klusterletWorks(name)) {
      if (!informers.of(resources.manifestWork).get(work, name)) await createUnlessThere(this.env, resources.manifestWork, klusterletWork(name, work), MANAGER);
    }
  }

  /** Imported once it is here; waiting where nobody has tried yet; else what the last attempt said stays. */
  private async keepCondition(cluster: KubeObject): Promise<void> {
    const isHere = isTrue(cluster, CONDITION.available) && isTrue(cluster, CONDITION.joined);
    const choose = (object: KubeObject): readonly Condition[] => (isHere ? [imported] : conditionOf(object, CONDITION.importSucceeded) === undefined ? [waiting] : []);
    await writeConditions(this.env, resources.managedCluster, cluster, choose, MANAGER);
  }

  private async end({ metadata }: KubeObject): Promise<void> {
    if (!metadata.finalizers?.includes(FINALIZER.importCleanup)) return;
    const { name } = metadata;
    const { client, clusters, informers } = this.env;
    const cluster = clusters.find(name);
    if (cluster?.isServedBy(this.env.name)) cluster.detach(this.now);
    for (const work of informers.of(resources.manifestWork).inNamespace(name)) await client.delete(resources.manifestWork, { name: work.metadata.name, namespace: name });
    for (const secret of [IMPORT_SECRET, `${name}-import`]) await client.delete(resources.secret, { name: secret, namespace: name });
    const finalizers = metadata.finalizers.filter((finalizer) => finalizer !== FINALIZER.importCleanup);
    await this.patchOrLeave(name, { metadata: { resourceVersion: metadata.resourceVersion, finalizers } });
  }

  /** A conflict or a cluster that is gone: its next event brings it back here. */
  private async patchOrLeave(name: string, patch: unknown): Promise<void> {
    try {
      await this.env.client.patch(resources.managedCluster, { name }, patch, { patchType: 'merge', fieldManager: MANAGER });
    } catch (error) {
      if (isKubeError(error, 'KUBE_NOT_FOUND')) return;
      if (!isKubeError(error, 'KUBE_CONFLICT')) throw error;
      this.queue.addAfter(name, 100);
    }
  }
}

/** Secret `<cluster>-import`: what a person would apply on the cluster to import it by hand. */
export function manifestsSecret(cluster: string): KubeObject {
  const data = { 'import.yaml': base64(`# klusterlet of ${cluster}\n`), 'crds.yaml': base64('# crds\n') };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: `${cluster}-import`, namespace: cluster }, type: 'Opaque', data };
}

export function klusterletWork(cluster: string, name: string): KubeObject {
  const manifests = name.endsWith('-crds')
    ? [{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'klusterlets.operator.open-cluster-management.io' } }]
    : [{ apiVersion: 'operator.open-cluster-management.io/v1', kind: 'Klusterlet', metadata: { name: 'klusterlet' }, spec: { clusterName: cluster } }];
  return { apiVersion: 'work.open-cluster-management.io/v1', kind: 'ManifestWork', metadata: { name, namespace: cluster }, spec: { workload: { manifests } } };
}
