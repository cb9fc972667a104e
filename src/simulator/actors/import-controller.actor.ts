/**
 * Stands for the import controller's auto-import (facts, section 8): ten imports at a time; a cluster that cannot be reached from this
 * hub holds its worker until a timeout and is tried again with backoff and the same token for as long as the Secret stays. The token
 * must be taken by the cluster and be allowed to update `bootstrap-hub-kubeconfig`, a right that a work delivered. Hosted clusters,
 * disabled ones and, under `ImportOnly`, those imported before without the immediate-import annotation are left alone. Hive clusters
 * import by their own kubeconfig. With `ImportAndSync` a hub takes back clusters that leave it.
 */
import type { KubeObject } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import type { InformerChange } from '../informer.js';
import { Actor } from './actor.js';
import type { ManagedClusterSim } from './clusters.js';
import { conditionOf, isTrue, type Condition } from './conditions.js';
import { minorOf, writeConditions, type HubEnv } from './hub-env.js';
import { isHosted, klusterletWorks } from './import-keeper.actor.js';
import { annotationOf, labelOf, sameJson, specOf, unbase64 } from './json.js';
import { isLocalCluster } from './klusterlet.actor.js';
import { ANNOTATION, CONDITION, ENGINE_NAMESPACE, IMPORT_SECRET, LABEL, STRATEGY_CONFIG } from './words.js';

const MANAGER = 'managedcluster-import-controller';
/** MAX_CONCURRENT_RECONCILES of the controller's chart */
const WORKERS = 10;

/** The first engine release whose default strategy is ImportOnly. */
const IMPORT_ONLY_SINCE_MINOR = 9;

type Credential = { readonly type: 'token'; readonly token: string; readonly server: string } | { readonly type: 'kubeconfig' };

const condition = (reason: string, message: string): Condition => ({ type: CONDITION.importSucceeded, status: 'False', reason, message });

/** An attempt that will be made again. */
class ImportAttemptError extends Error {}

export class ImportControllerActor extends Actor {
  constructor(env: HubEnv) {
    super('import-controller', env, { concurrency: WORKERS });
  }

  subscribe(): void {
    const { informers } = this.env;
    informers.of(resources.managedCluster).onChange((change) => {
      if (matters(change)) this.queue.add(change.object.metadata.name);
    });
    informers.of(resources.secret).onChange(({ object, previous }) => {
      const { name, namespace = '' } = object.metadata;
      const isNews = !previous || !sameJson(previous.data, object.data);
      if (isNews && (name === IMPORT_SECRET || name === `${namespace}-import` || labelOf(object, LABEL.hiveSecret) !== undefined)) this.queue.add(namespace);
    });
    informers.of(resources.manifestWork).onChange(({ object, previous }) => {
      const { name, namespace = '' } = object.metadata;
      if (!previous && klusterletWorks(namespace).includes(name)) this.queue.add(namespace);
    });
    informers.of(resources.clusterDeployment).onChange(({ object, previous }) => {
      if (!previous) this.queue.add(object.metadata.namespace ?? '');
    });
    informers.of(resources.configMap).onChange(({ object }) => {
      if (object.metadata.name !== STRATEGY_CONFIG) return;
      for (const { metadata } of informers.of(resources.managedCluster).all()) this.queue.add(metadata.name);
    });
  }

  protected async reconcile(name: string): Promise<void> {
    const hubCluster = this.env.informers.of(resources.managedCluster).get(name);
    if (!hubCluster || hubCluster.metadata.deletionTimestamp !== undefined || isLocalCluster(hubCluster) || isHosted(hubCluster)) return;
    if (annotationOf(hubCluster, ANNOTATION.disableAutoImport) !== undefined) return;
    const importedBefore = isTrue(hubCluster, CONDITION.importSucceeded);
    const immediate = annotationOf(hubCluster, ANNOTATION.immediateImport) === '';
    const strategy = this.strategy();
    if (strategy === 'ImportOnly' && importedBefore && !immediate) return;
    const cluster = this.env.clusters.find(name);
    const secret = this.env.informers.of(resources.secret).get(IMPORT_SECRET, name);
    const credential = this.credentialOf(hubCluster, secret, cluster, importedBefore && strategy === 'ImportAndSync');
    if (!credential || !this.isPrepared(name)) return;
    if (cluster?.bootstrapHub !== this.env.name) await this.attempt(hubCluster, cluster, credential);
    await this.finish(hubCluster, secret);
  }

  private async attempt(hubCluster: KubeObject, cluster: ManagedClusterSim | undefined, credential: Credential | 'invalid'): Promise<void> {
    const { name } = hubCluster.metadata;
    if (credential === 'invalid') return this.giveUp(hubCluster, 'the secret holds no token and server');
    await this.env.time.sleep(this.env.timings.importMs);
    const isTheServer = credential.type === 'kubeconfig' || credential.server === cluster?.apiUrl;
    if (!cluster?.isReachableFrom(this.env.name) || !isTheServer) {
      await this.env.time.sleep(this.env.timings.importTimeoutMs);
      const server = credential.type === 'token' ? credential.server : `https://api.${name}.example:6443`;
      const message = `Try to import managed cluster, will retry: Get "${server}/api": dial tcp: i/o timeout`;
      await this.report(hubCluster, condition('ManagedClusterImporting', message));
      throw new ImportAttemptError(`${name} cannot be reached`);
    }
    if (credential.type === 'token') {
      const verdict = cluster.reviewToken(credential.token, this.now);
      if (!verdict.ok) return this.giveUp(hubCluster, verdict.why);
      if (!cluster.mayUpdateBootstrap(verdict.subject)) {
        const rest = 'cannot update resource "secrets" in API group "" in the namespace "open-cluster-management-agent"';
        return this.giveUp(hubCluster, `secrets "bootstrap-hub-kubeconfig" is forbidden: User "${verdict.subject}" ${rest}`);
      }
    }
    cluster.pointTo(this.env.name, this.now);
    await this.report(hubCluster, condition('ManagedClusterImporting', 'Importing resources are applied, wait for resources be available'));
  }

  /** The token is no good; it is tried again all the same. */
  private async giveUp(hubCluster: KubeObject, why: string): Promise<void> {
    const { name } = hubCluster.metadata;
    await this.report(hubCluster, condition('ManagedClusterImportFailed', `AutoImportSecretInvalid ${name}/${IMPORT_SECRET}; please check the auto-import-secret: ${why}`));
    throw new ImportAttemptError(`${name}: ${why}`);
  }

  private async finish(hubCluster: KubeObject, secret: KubeObject | undefined): Promise<void> {
    const { name } = hubCluster.metadata;
    if (annotationOf(hubCluster, ANNOTATION.immediateImport) === '') {
      await this.env.client.patch(resources.managedCluster, { name }, { metadata: { annotations: { [ANNOTATION.immediateImport]: 'Completed' } } }, { patchType: 'merge', fieldManager: MANAGER });
    }
    if (secret && annotationOf(secret, ANNOTATION.keepImportSecret) === undefined) await this.env.client.delete(resources.secret, { name: IMPORT_SECRET, namespace: name });
  }

  private async report(hubCluster: KubeObject, wanted: Condition): Promise<void> {
    const stillOpen = (object: KubeObject): readonly Condition[] => (isTrue(object, CONDITION.available) && this.env.clusters.find(object.metadata.name)?.bootstrapHub === this.env.name ? [] : [wanted]);
    await writeConditions(this.env, resources.managedCluster, hubCluster, stillOpen, MANAGER);
  }

  private credentialOf(hubCluster: KubeObject, secret: KubeObject | undefined, cluster: ManagedClusterSim | undefined, takesBack: boolean): Credential | 'invalid' | null {
    const { name } = hubCluster.metadata;
    if (secret) {
      const [token, server] = [unbase64(secret.data?.['token']), unbase64(secret.data?.['server'])];
      if (secret.data?.['kubeconfig'] !== undefined) return { type: 'kubeconfig' };
      return token && server ? { type: 'token', token, server } : 'invalid';
    }
    if (this.holdsHiveKubeconfig(name)) return { type: 'kubeconfig' };
    const hasLeft = cluster !== undefined && cluster.bootstrapHub !== this.env.name && conditionOf(hubCluster, CONDITION.available)?.['status'] === 'Unknown';
    return takesBack && hasLeft && this.env.switches.takesClustersBack ? { type: 'kubeconfig' } : null;
  }

  private holdsHiveKubeconfig(name: string): boolean {
    const { informers } = this.env;
    const deployment = informers.of(resources.clusterDeployment).get(name, name);
    return specOf(deployment)['installed'] === true && informers.of(resources.secret).inNamespace(name).some((secret) => labelOf(secret, LABEL.hiveSecret) === 'kubeconfig');
  }

  /** The klusterlet's works and the import Secret are there. */
  private isPrepared(name: string): boolean {
    const { informers } = this.env;
    return informers.of(resources.secret).get(`${name}-import`, name) !== undefined && klusterletWorks(name).every((work) => informers.of(resources.manifestWork).get(work, name));
  }

  private strategy(): 'ImportOnly' | 'ImportAndSync' {
    const configured = this.env.informers.of(resources.configMap).get(STRATEGY_CONFIG, ENGINE_NAMESPACE)?.data?.['autoImportStrategy'];
    if (configured === 'ImportOnly' || configured === 'ImportAndSync') return configured;
    return minorOf(this.env.release.engine) >= IMPORT_ONLY_SINCE_MINOR ? 'ImportOnly' : 'ImportAndSync';
  }
}

/** Its own status writes must not wake the controller: they would undo its backoff. */
function matters({ object, previous }: InformerChange): boolean {
  if (!previous) return true;
  const availability = (cluster: KubeObject): unknown => conditionOf(cluster, CONDITION.available)?.['status'];
  return !sameJson(previous.metadata.annotations, object.metadata.annotations) || !sameJson(previous.spec, object.spec) || availability(previous) !== availability(object);
}
