import { labels, labelValues } from '../common/rhacm-names.js';
import type { AddOnFacts, ManagedClusterFacts } from './facts.types.js';
import type { ClusterOrigin, ManagedCluster } from './fleet.types.js';

/**
 * Which clusters need a token: LOCAL by its label, whatever its name; HIVE by a Secret of Hive's in its namespace; HOSTED by its annotation,
 * since the import controller ignores auto-import Secrets for it; all others are IMPORTED.
 */
export function clusterOrigin(cluster: Pick<ManagedClusterFacts, 'labels' | 'hosted'>, hasHiveSecret: boolean): ClusterOrigin {
  if (cluster.labels[labels.localCluster] === labelValues.true) return 'LOCAL';
  if (hasHiveSecret) return 'HIVE';
  return cluster.hosted ? 'HOSTED' : 'IMPORTED';
}

const date = (iso: string | null): Date | null => (iso === null ? null : new Date(iso));

export type ProjectedCluster = Omit<ManagedCluster, 'id' | 'hubId' | 'readAt'>;

/** One cluster out of what its hub shows of it. */
export function projectCluster(name: string, cluster: ManagedClusterFacts, addOn: AddOnFacts | null, hasHiveSecret: boolean): ProjectedCluster {
  return {
    name,
    origin: clusterOrigin(cluster, hasHiveSecret),
    vendor: cluster.labels[labels.vendor] ?? null,
    clusterSet: cluster.labels[labels.clusterSet] ?? null,
    openshiftId: cluster.labels[labels.clusterId] ?? null,
    labels: cluster.labels,
    apiUrl: cluster.apiUrl,
    accepted: cluster.accepted.status,
    joined: cluster.joined.status,
    available: cluster.available.status,
    availableSince: date(cluster.available.since),
    importCondition: cluster.imported.status,
    importReason: cluster.imported.reason,
    importMessage: cluster.imported.message,
    addonPresent: addOn !== null,
    addonNamespace: addOn?.namespace ?? null,
    addonAvailable: addOn?.available.status ?? 'ABSENT',
    deleting: cluster.deleting,
    problems: cluster.problems,
    createdOnHubAt: date(cluster.createdAt),
  };
}
