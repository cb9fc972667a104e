import type { ResourceType } from './kube.types.js';

const namespaced = (group: string, version: string, plural: string, kind: string): ResourceType => ({ group, version, plural, kind, namespaced: true });
const clusterScoped = (group: string, version: string, plural: string, kind: string): ResourceType => ({ group, version, plural, kind, namespaced: false });

/** The kinds that Lifeboat reads or writes on a hub. */
export const resources = {
  namespace: clusterScoped('', 'v1', 'namespaces', 'Namespace'),
  secret: namespaced('', 'v1', 'secrets', 'Secret'),
  configMap: namespaced('', 'v1', 'configmaps', 'ConfigMap'),
  pod: namespaced('', 'v1', 'pods', 'Pod'),
  managedCluster: clusterScoped('cluster.open-cluster-management.io', 'v1', 'managedclusters', 'ManagedCluster'),
  clusterManagementAddOn: clusterScoped('addon.open-cluster-management.io', 'v1alpha1', 'clustermanagementaddons', 'ClusterManagementAddOn'),
  managedClusterAddOn: namespaced('addon.open-cluster-management.io', 'v1alpha1', 'managedclusteraddons', 'ManagedClusterAddOn'),
  managedServiceAccount: namespaced('authentication.open-cluster-management.io', 'v1beta1', 'managedserviceaccounts', 'ManagedServiceAccount'),
  manifestWork: namespaced('work.open-cluster-management.io', 'v1', 'manifestworks', 'ManifestWork'),
  backupSchedule: namespaced('cluster.open-cluster-management.io', 'v1beta1', 'backupschedules', 'BackupSchedule'),
  restore: namespaced('cluster.open-cluster-management.io', 'v1beta1', 'restores', 'Restore'),
  veleroSchedule: namespaced('velero.io', 'v1', 'schedules', 'Schedule'),
  veleroBackup: namespaced('velero.io', 'v1', 'backups', 'Backup'),
  veleroRestore: namespaced('velero.io', 'v1', 'restores', 'Restore'),
  backupStorageLocation: namespaced('velero.io', 'v1', 'backupstoragelocations', 'BackupStorageLocation'),
  deleteBackupRequest: namespaced('velero.io', 'v1', 'deletebackuprequests', 'DeleteBackupRequest'),
  downloadRequest: namespaced('velero.io', 'v1', 'downloadrequests', 'DownloadRequest'),
  dataProtectionApplication: namespaced('oadp.openshift.io', 'v1alpha1', 'dataprotectionapplications', 'DataProtectionApplication'),
  multiClusterEngine: clusterScoped('multicluster.openshift.io', 'v1', 'multiclusterengines', 'MultiClusterEngine'),
  multiClusterHub: namespaced('operator.open-cluster-management.io', 'v1', 'multiclusterhubs', 'MultiClusterHub'),
  clusterVersion: clusterScoped('config.openshift.io', 'v1', 'clusterversions', 'ClusterVersion'),
  clusterDeployment: namespaced('hive.openshift.io', 'v1', 'clusterdeployments', 'ClusterDeployment'),
  klusterletConfig: clusterScoped('config.open-cluster-management.io', 'v1alpha1', 'klusterletconfigs', 'KlusterletConfig'),
} as const satisfies Record<string, ResourceType>;
