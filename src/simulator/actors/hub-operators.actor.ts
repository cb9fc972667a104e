/**
 * Stands for the hub's own operators, as far as their switches matter: ClusterManagementAddOn `managed-serviceaccount` exists only while
 * the engine's component is enabled, and the namespace and Deployment of Velero come with the hub's component `cluster-backup`.
 */
import type { KubeObject, ResourceType } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { Actor } from './actor.js';
import { isBackupComponentOn, isServiceAccountComponentOn } from './components.js';
import { createUnlessThere, type HubEnv } from './hub-env.js';
import { ADDON, BACKUP_NAMESPACE } from './words.js';

const MANAGER = 'backplane-operator';
const deployments: ResourceType = { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true };

export interface HubOperatorsOptions {
  /** Velero's Deployment is missing: every Velero Restore is PartiallyFailed while backups work */
  readonly withoutVeleroDeployment: boolean;
}

export class HubOperatorsActor extends Actor {
  constructor(env: HubEnv, private readonly options: HubOperatorsOptions) {
    super('hub-operators', env, { concurrency: 1, retryBaseMs: 1_000, retryMaxMs: 10_000 });
  }

  subscribe(): void {
    const { informers, timings } = this.env;
    for (const type of [resources.multiClusterEngine, resources.multiClusterHub, resources.clusterManagementAddOn]) {
      // A change takes its time to have effect; what is there at the start has had it.
      informers.of(type).onChange(({ previous }) => (previous ? this.queue.addAfter('components', timings.componentMs) : this.queue.add('components')));
    }
    this.queue.add('components');
  }

  protected async reconcile(): Promise<void> {
    const { client, informers } = this.env;
    const known = informers.of(resources.clusterManagementAddOn).get(ADDON);
    if (isServiceAccountComponentOn(this.env)) {
      if (!known) await createUnlessThere(this.env, resources.clusterManagementAddOn, addOnSwitch(), MANAGER);
    } else if (known) await client.delete(resources.clusterManagementAddOn, { name: ADDON });
    if (!isBackupComponentOn(this.env)) return;
    await createUnlessThere(this.env, resources.namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: BACKUP_NAMESPACE } }, MANAGER);
    if (!this.options.withoutVeleroDeployment) await createUnlessThere(this.env, deployments, veleroDeployment(), MANAGER);
  }
}

function addOnSwitch(): KubeObject {
  return {
    apiVersion: 'addon.open-cluster-management.io/v1alpha1', kind: 'ClusterManagementAddOn', metadata: { name: ADDON },
    spec: { addOnMeta: { displayName: ADDON, description: 'ServiceAccounts on managed clusters, their tokens on the hub.' } },
  };
}

function veleroDeployment(): KubeObject {
  const labels = { 'app.kubernetes.io/name': 'velero', component: 'velero' };
  return {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'velero', namespace: BACKUP_NAMESPACE, labels },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'velero', image: 'velero:v1.18.2' }] } } },
  };
}
