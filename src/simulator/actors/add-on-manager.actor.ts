/**
 * Stands for the add-on manager and the add-on's agents, as far as the hub sees them: the switch of the whole hub
 * (ClusterManagementAddOn `managed-serviceaccount`), the rollout to each cluster that has joined this hub, `status.namespace` and the
 * condition `Available`. Nothing is rolled out while the switch is missing or the cluster sleeps.
 */
import type { KubeObject } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { Actor } from './actor.js';
import type { ManagedClusterSim } from './clusters.js';
import { isTrue, type Condition } from './conditions.js';
import { writeConditions, type HubEnv } from './hub-env.js';
import { specOf, statusOf, text } from './json.js';
import { ADDON, ADDON_NAMESPACE, CONDITION } from './words.js';

const MANAGER = 'addon-manager';

const running: Condition = { type: 'Available', status: 'True', reason: 'ManagedClusterAddOnLeaseUpdated', message: `${ADDON} add-on is available.` };
const silent: Condition = { type: 'Available', status: 'Unknown', reason: 'ManagedClusterAddOnLeaseUpdateStopped', message: `${ADDON} add-on is not available.` };

/** Where the add-on's agent and its ServiceAccounts live on the cluster. */
function effectiveNamespace(addOn: KubeObject, cluster: ManagedClusterSim | undefined): string {
  return cluster?.addOnNamespace ?? text(specOf(addOn)['installNamespace']) ?? ADDON_NAMESPACE;
}

export class AddOnManagerActor extends Actor {
  private readonly rolloutSinceMs = new Map<string, number>();

  constructor(env: HubEnv) {
    super('addon-manager', env, { concurrency: env.writers });
  }

  subscribe(): void {
    const { informers, clusters } = this.env;
    informers.of(resources.managedClusterAddOn).onChange(({ object }) => this.queue.add(object.metadata.namespace ?? ''));
    informers.of(resources.managedCluster).onChange(({ object }) => this.queue.add(object.metadata.name));
    informers.of(resources.clusterManagementAddOn).onChange(() => {
      for (const { metadata } of informers.of(resources.managedClusterAddOn).all()) this.queue.add(metadata.namespace ?? '');
    });
    this.onStop(clusters.onChange(({ name }) => this.queue.add(name)));
  }

  protected async reconcile(name: string): Promise<void> {
    const { informers, clusters, timings } = this.env;
    const addOn = informers.of(resources.managedClusterAddOn).get(ADDON, name);
    if (!addOn || addOn.metadata.deletionTimestamp !== undefined) {
      this.rolloutSinceMs.delete(name);
      return;
    }
    const cluster = clusters.find(name);
    const hubCluster = informers.of(resources.managedCluster).get(name);
    const serves = cluster?.isServedBy(this.env.name) === true && isTrue(hubCluster, CONDITION.available);
    if (!serves) {
      this.rolloutSinceMs.delete(name);
      const lost = isTrue(addOn, 'Available') && !isTrue(hubCluster, CONDITION.available);
      if (lost) await writeConditions(this.env, resources.managedClusterAddOn, addOn, () => [silent], MANAGER);
      return;
    }
    if (!informers.of(resources.clusterManagementAddOn).get(ADDON) || isTrue(addOn, 'Available')) return;
    const sinceMs = this.rolloutSinceMs.get(name) ?? this.now.getTime();
    this.rolloutSinceMs.set(name, sinceMs);
    if (this.now.getTime() < sinceMs + timings.addOnRolloutMs) return this.queue.addAt(name, sinceMs + timings.addOnRolloutMs);
    const namespace = effectiveNamespace(addOn, cluster);
    await writeConditions(this.env, resources.managedClusterAddOn, addOn, () => [running], MANAGER, (object) => (statusOf(object)['namespace'] === namespace ? null : { namespace }));
  }
}
