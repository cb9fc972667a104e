/**
 * Stands for the klusterlets and work agents of all clusters, as one hub sees them, and for that hub's registration and lease
 * controllers. A cluster whose klusterlet points here and is awake becomes accepted, joined and available, tells its API URL (OpenShift
 * alone does), applies the ManifestWorks of its namespace and evicts those that this hub lacks after the grace period (facts, section
 * 10). One that leaves or sleeps turns `Unknown` when its lease has not been renewed for five minutes; a restored one that never joined
 * this hub has no conditions beyond the hub's own acceptance.
 */
import { parseGoDuration } from '../../common/duration.js';
import type { KubeObject } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { Actor } from './actor.js';
import type { ManagedClusterSim } from './clusters.js';
import { conditionOf, isTrue, type Condition } from './conditions.js';
import { writeConditions, type HubEnv } from './hub-env.js';
import { labelOf, list, record, specOf, statusOf, text, type Json } from './json.js';
import { CONDITION, LABEL } from './words.js';

const MANAGER = 'registration';
const WORK_MANAGER = 'work-agent';
const DEFAULT_GRACE_MS = 3_600_000;

export const accepted: Condition = { type: CONDITION.accepted, status: 'True', reason: 'HubClusterAdminAccepted', message: 'Accepted by hub cluster admin' };
export const joined: Condition = { type: CONDITION.joined, status: 'True', reason: 'ManagedClusterJoined', message: 'Managed cluster joined' };
export const available: Condition = { type: CONDITION.available, status: 'True', reason: 'ManagedClusterAvailable', message: 'Managed cluster is available' };
export const leaseStopped: Condition = {
  type: CONDITION.available, status: 'Unknown', reason: 'ManagedClusterLeaseUpdateStopped', message: 'Registration agent stopped updating its lease.',
};
export const workApplied: readonly Condition[] = [
  { type: 'Applied', status: 'True', reason: 'AppliedManifestWorkComplete', message: 'Apply manifest work complete' },
  { type: 'Available', status: 'True', reason: 'ResourcesAvailable', message: 'All resources are available' },
];

export const isLocalCluster = (cluster: KubeObject): boolean => labelOf(cluster, LABEL.localCluster) === 'true';

export class KlusterletActor extends Actor {
  private readonly leftAtMs = new Map<string, number>();
  /** What was applied of a work: uid and generation */
  private readonly appliedVersions = new Map<string, string>();

  constructor(env: HubEnv) {
    super('klusterlet', env, { concurrency: env.writers });
  }

  subscribe(): void {
    const { informers, clusters } = this.env;
    informers.of(resources.managedCluster).onChange(({ object }) => this.queue.add(object.metadata.name));
    informers.of(resources.manifestWork).onChange(({ type, object }) => {
      const { name, namespace = '' } = object.metadata;
      if (type === 'DELETE') {
        this.appliedVersions.delete(`${namespace}/${name}`);
        const cluster = clusters.find(namespace);
        if (cluster?.isServedBy(this.env.name)) cluster.removeWork(name, this.now);
      }
      this.queue.add(namespace);
    });
    informers.of(resources.klusterletConfig).onChange(() => {
      for (const { name } of clusters.all()) this.queue.add(name);
    });
    this.onStop(clusters.onChange(({ name }) => this.queue.add(name)));
  }

  protected async reconcile(name: string): Promise<void> {
    const hubCluster = this.env.informers.of(resources.managedCluster).get(name);
    if (!hubCluster || hubCluster.metadata.deletionTimestamp !== undefined) return;
    if (isLocalCluster(hubCluster)) {
      await this.report(hubCluster, [accepted, joined, available]);
      return;
    }
    const cluster = this.env.clusters.find(name);
    if (specOf(hubCluster)['hubAcceptsClient'] !== true) return;
    if (!cluster?.isServedBy(this.env.name)) {
      await this.reportAbsence(hubCluster);
      return;
    }
    this.leftAtMs.delete(name);
    const joinsAtMs = cluster.pointsSinceMs + this.env.timings.joinMs;
    if (joinsAtMs > this.now.getTime()) {
      this.queue.addAt(name, joinsAtMs);
      await this.report(hubCluster, [accepted]);
      return;
    }
    await this.tellUrl(hubCluster, cluster);
    await this.report(hubCluster, [accepted, joined, available], cluster);
    await this.applyWorks(cluster);
  }

  private async report(hubCluster: KubeObject, conditions: readonly Condition[], cluster?: ManagedClusterSim): Promise<void> {
    await writeConditions(this.env, resources.managedCluster, hubCluster, () => conditions, MANAGER, (object) => (cluster ? factsOf(object, cluster) : null));
  }

  /** The hub accepts who is accepted in spec, and says Unknown of a cluster that was here and fell silent. */
  private async reportAbsence(hubCluster: KubeObject): Promise<void> {
    const { name } = hubCluster.metadata;
    const wasHere = isTrue(hubCluster, CONDITION.joined) && conditionOf(hubCluster, CONDITION.available)?.['status'] !== 'Unknown';
    if (!wasHere) return this.report(hubCluster, [accepted]);
    const leftAtMs = this.leftAtMs.get(name) ?? this.now.getTime();
    this.leftAtMs.set(name, leftAtMs);
    const unknownAtMs = leftAtMs + this.env.timings.leaseGraceMs;
    if (unknownAtMs > this.now.getTime()) this.queue.addAt(name, unknownAtMs);
    else await this.report(hubCluster, [accepted, leaseStopped]);
  }

  private async tellUrl(hubCluster: KubeObject, cluster: ManagedClusterSim): Promise<void> {
    if (cluster.kind === 'eks' || list(specOf(hubCluster)['managedClusterClientConfigs']).length > 0) return;
    const spec = { managedClusterClientConfigs: [{ url: cluster.apiUrl, caBundle: Buffer.from(`ca of ${cluster.name}`).toString('base64') }] };
    await this.env.client.patch(resources.managedCluster, { name: cluster.name }, { spec }, { patchType: 'merge', fieldManager: MANAGER });
  }

  private async applyWorks(cluster: ManagedClusterSim): Promise<void> {
    const works = this.env.informers.of(resources.manifestWork).inNamespace(cluster.name).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    for (const work of works) {
      const key = `${cluster.name}/${work.metadata.name}`;
      const version = `${work.metadata.uid ?? ''}/${work.metadata.generation ?? 0}`;
      if (this.appliedVersions.get(key) !== version || !cluster.appliedWorks.includes(work.metadata.name)) {
        cluster.applyWork(work.metadata.name, list(record(specOf(work)['workload'])['manifests']));
        this.appliedVersions.set(key, version);
      }
      await writeConditions(this.env, resources.manifestWork, work, () => workApplied, WORK_MANAGER);
    }
    const nextMs = cluster.reviewWorks(new Set(works.map(({ metadata }) => metadata.name)), this.evictionGraceMs(), this.now);
    if (nextMs !== null) this.queue.addAt(cluster.name, nextMs);
  }

  /** `spec.appliedManifestWorkEvictionGracePeriod` of KlusterletConfig `global`, default 60 minutes; null: never. */
  private evictionGraceMs(): number | null {
    const config = this.env.informers.of(resources.klusterletConfig).get('global');
    const period = text(specOf(config)['appliedManifestWorkEvictionGracePeriod']);
    if (period === 'INFINITE') return null;
    return (period === undefined ? null : parseGoDuration(period)) ?? DEFAULT_GRACE_MS;
  }
}

const factsOf = (hubCluster: KubeObject, cluster: ManagedClusterSim): Json | null => (list(statusOf(hubCluster)['clusterClaims']).length > 0 ? null : clusterFacts(cluster));

/** What a klusterlet adds to the status when it joins. */
export function clusterFacts(cluster: Pick<ManagedClusterSim, 'kind' | 'clusterId'>): Json {
  const openshift = cluster.kind !== 'eks';
  return {
    version: { kubernetes: 'v1.33.6' },
    clusterClaims: [
      { name: 'id.k8s.io', value: cluster.clusterId },
      { name: 'kubeversion.open-cluster-management.io', value: 'v1.33.6' },
      { name: 'platform.open-cluster-management.io', value: 'AWS' },
      { name: 'product.open-cluster-management.io', value: openshift ? 'OpenShift' : 'EKS' },
      ...(openshift ? [{ name: 'id.openshift.io', value: cluster.clusterId }, { name: 'version.openshift.io', value: '4.20.4' }] : []),
    ],
  };
}
