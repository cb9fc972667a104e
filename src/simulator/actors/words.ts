/**
 * The literal names that RHACM, Open Cluster Management, Hive and Velero use, as far as the actors write or read them.
 * Kept apart from the service's own list on purpose: a name that the service has wrong must not look right against the simulator.
 */
export const BACKUP_NAMESPACE = 'open-cluster-management-backup';
export const ENGINE_NAMESPACE = 'multicluster-engine';
export const HUB_NAMESPACE = 'open-cluster-management';
export const ADDON_NAMESPACE = 'open-cluster-management-agent-addon';

export const LABEL = {
  localCluster: 'local-cluster',
  managedNamespace: 'cluster.open-cluster-management.io/managedCluster',
  hiveSecret: 'hive.openshift.io/secret-type',
  credentialType: 'cluster.open-cluster-management.io/type',
  backup: 'cluster.open-cluster-management.io/backup',
  accountToken: 'authentication.open-cluster-management.io/is-managed-serviceaccount',
  addonOfWork: 'open-cluster-management.io/addon-name-work',
  scheduleName: 'cluster.open-cluster-management.io/backup-schedule-name',
  scheduleType: 'cluster.open-cluster-management.io/backup-schedule-type',
  backupCluster: 'cluster.open-cluster-management.io/backup-cluster',
  activationRestore: 'cluster.open-cluster-management.io/backup-activation-restore',
  restoreCluster: 'cluster.open-cluster-management.io/restore-cluster',
  restoreImportSecret: 'cluster.open-cluster-management.io/restore-auto-import-secret',
  veleroSchedule: 'velero.io/schedule-name',
  veleroBackup: 'velero.io/backup-name',
  veleroRestore: 'velero.io/restore-name',
  veleroLocation: 'velero.io/storage-location',
  veleroExclude: 'velero.io/exclude-from-backup',
} as const;

export const ANNOTATION = {
  deployMode: 'import.open-cluster-management.io/klusterlet-deploy-mode',
  immediateImport: 'import.open-cluster-management.io/immediate-import',
  disableAutoImport: 'import.open-cluster-management.io/disable-auto-import',
  keepImportSecret: 'managedcluster-import-controller.open-cluster-management.io/keeping-auto-import-secret',
  cleanupAllConfirmed: 'cluster.open-cluster-management.io/restore-cleanup-all-confirmed',
  expiration: 'expirationTimestamp',
  lastRefresh: 'lastRefreshTimestamp',
} as const;

export const FINALIZER = {
  restore: 'restores.cluster.open-cluster-management.io/finalizer',
  importCleanup: 'managedcluster-import-controller.open-cluster-management.io/cleanup',
  foreground: 'foregroundDeletion',
} as const;

export const ADDON = 'managed-serviceaccount';
export const ACCOUNT = 'auto-import-account';
export const PAIR_ACCOUNT = 'auto-import-account-pair';
export const ACTIVATION = 'cluster-activation';
export const IMPORT_SECRET = 'auto-import-secret';
export const STRATEGY_CONFIG = 'import-controller-config';
export const BOOTSTRAP_ROLES: readonly string[] = ['klusterlet-bootstrap-kubeconfig', 'klusterlet'];
export const DUMMY_BACKUP = 'acm-restore-clusters';

export const CONDITION = {
  accepted: 'HubAcceptedManagedCluster',
  joined: 'ManagedClusterJoined',
  available: 'ManagedClusterConditionAvailable',
  importSucceeded: 'ManagedClusterImportSucceeded',
} as const;

/** The five Velero schedules of one BackupSchedule, in the order in which the operator makes them. */
export const SCHEDULES = {
  credentials: 'acm-credentials-schedule',
  resources: 'acm-resources-schedule',
  resourcesGeneric: 'acm-resources-generic-schedule',
  managedClusters: 'acm-managed-clusters-schedule',
  validation: 'acm-validation-policy-schedule',
} as const;

export type ScheduleType = keyof typeof SCHEDULES;
