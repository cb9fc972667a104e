/** The Velero specs that the backup operator writes for its five schedules (facts, section 5). */
import type { Json } from './json.js';
import { LABEL, type ScheduleType } from './words.js';

const exists = (key: string): Json => ({ matchExpressions: [{ key, operator: 'Exists' }] });

const MANAGED_CLUSTER_KINDS = [
  'clusterdeployment.hive.openshift.io', 'machinepool.hive.openshift.io', 'clusterclaim.hive.openshift.io', 'clusterpool.hive.openshift.io',
  'managedcluster.cluster.open-cluster-management.io', 'managedclusteraddon.addon.open-cluster-management.io', 'klusterletaddonconfig.agent.open-cluster-management.io',
  'managedclusterset.cluster.open-cluster-management.io', 'managedclustersetbinding.cluster.open-cluster-management.io',
];
const RESOURCE_KINDS = [
  'managedserviceaccount.authentication.open-cluster-management.io', 'klusterletconfig.config.open-cluster-management.io', 'policy.policy.open-cluster-management.io',
  'placement.cluster.open-cluster-management.io', 'placementbinding.policy.open-cluster-management.io', 'channel.apps.open-cluster-management.io',
  'subscription.apps.open-cluster-management.io',
];
const CREDENTIAL_KINDS = ['secret', 'configmap'];

/** @param ttl Go duration; '' leaves Velero's default of 720 hours */
export function backupSpecOf(type: ScheduleType, ttl: string): Json {
  return { ...selectionOf(type), ...(ttl === '' ? {} : { ttl }) };
}

function selectionOf(type: ScheduleType): Json {
  switch (type) {
    case 'credentials':
      return { includedResources: CREDENTIAL_KINDS, orLabelSelectors: [exists(LABEL.hiveSecret), exists(LABEL.credentialType), exists(LABEL.backup)] };
    case 'managedClusters':
      return { includeClusterResources: true, includedResources: MANAGED_CLUSTER_KINDS };
    case 'resources':
      return { includeClusterResources: true, includedResources: RESOURCE_KINDS };
    case 'resourcesGeneric':
      return { includeClusterResources: true, excludedResources: [...CREDENTIAL_KINDS, ...MANAGED_CLUSTER_KINDS, ...RESOURCE_KINDS], labelSelector: exists(LABEL.backup) };
    case 'validation':
      return { includedResources: ['validationpolicy.cluster.open-cluster-management.io'] };
  }
}
