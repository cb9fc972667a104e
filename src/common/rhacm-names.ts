/**
 * The literal names that RHACM, Open Cluster Management, Velero and Hive use on a hub. They are an outside contract:
 * each is spelled as the operators, agents and controllers spell it (main branches of August 2026, Velero 1.18).
 */

/** Namespaces on a hub. */
export const namespaces = {
  /** BackupSchedule, Restore, and all of Velero's resources */
  backup: 'open-cluster-management-backup',
  /** Where the token agent runs on a managed cluster unless its add-on's `status.namespace` says otherwise */
  defaultAddOn: 'open-cluster-management-agent-addon',
  /** Of the klusterlet on a managed cluster */
  agent: 'open-cluster-management-agent',
} as const;

/** Keys of labels. */
export const labels = {
  /** `true` on the hub's own cluster, whose name need not be `local-cluster` */
  localCluster: 'local-cluster',
  /** On an account, an add-on: the account's name. On a token Secret: `true` */
  isManagedServiceAccount: 'authentication.open-cluster-management.io/is-managed-serviceaccount',
  /** One of the three backup labels: `msa` on token Secrets, `cluster-activation` on what comes with the activation data */
  backup: 'cluster.open-cluster-management.io/backup',
  /** One of the three backup labels */
  hiveSecretType: 'hive.openshift.io/secret-type',
  /** One of the three backup labels */
  clusterType: 'cluster.open-cluster-management.io/type',
  addOnNameWork: 'open-cluster-management.io/addon-name-work',
  /** `true`: left out of every backup */
  excludeFromBackup: 'velero.io/exclude-from-backup',
  /** `true` on an auto-import-secret that the operator made after a restore */
  restoreAutoImportSecret: 'cluster.open-cluster-management.io/restore-auto-import-secret',
  backupScheduleName: 'cluster.open-cluster-management.io/backup-schedule-name',
  backupScheduleType: 'cluster.open-cluster-management.io/backup-schedule-type',
  /** On a Backup: the id of the hub that made it */
  backupCluster: 'cluster.open-cluster-management.io/backup-cluster',
  /** On the dummy Backup that records a managed-clusters restore: the id of the hub that restored */
  restoreCluster: 'cluster.open-cluster-management.io/restore-cluster',
  veleroScheduleName: 'velero.io/schedule-name',
  /** On a Backup: the name of its BackupStorageLocation */
  veleroStorageLocation: 'velero.io/storage-location',
  /** On restored objects. Values over 63 characters are cut to 57 plus the first 6 hex digits of their SHA-256 */
  veleroBackupName: 'velero.io/backup-name',
  /** On restored objects; cut like `veleroBackupName` */
  veleroRestoreName: 'velero.io/restore-name',
  /** Of what an application of Argo CD holds, where it tracks by label */
  argoInstance: 'argocd.argoproj.io/instance',
  vendor: 'vendor',
  clusterId: 'clusterID',
  clusterSet: 'cluster.open-cluster-management.io/clusterset',
} as const;

/** Values of labels. */
export const labelValues = {
  true: 'true',
  /** `labels.backup` on token Secrets */
  backupMsa: 'msa',
  /** `labels.backup` on what is restored only at activation */
  backupClusterActivation: 'cluster-activation',
  /** `labels.addOnNameWork` on the works that carry the role binding */
  addOnNameWork: 'managed-serviceaccount',
} as const;

/** Keys of annotations. */
export const annotations = {
  klusterletDeployMode: 'import.open-cluster-management.io/klusterlet-deploy-mode',
  /** '' asks for it; the import controller writes `Completed` */
  immediateImport: 'import.open-cluster-management.io/immediate-import',
  disableAutoImport: 'import.open-cluster-management.io/disable-auto-import',
  /** `application:group/Kind:namespace/name`, where Argo CD tracks by annotation */
  argoTracking: 'argocd.argoproj.io/tracking-id',
  keepingAutoImportSecret: 'managedcluster-import-controller.open-cluster-management.io/keeping-auto-import-secret',
  /** On token Secrets, RFC 3339, copied from the account's status */
  expirationTimestamp: 'expirationTimestamp',
  /** On token Secrets, RFC 3339, copied from the account's status */
  lastRefreshTimestamp: 'lastRefreshTimestamp',
} as const;

/** Values of annotations. */
export const annotationValues = {
  deployModeHosted: 'Hosted',
  immediateImportAsked: '',
} as const;

/** The ManagedServiceAccounts that the backup operator makes; their token Secrets bear the same names. */
export const accounts = {
  autoImport: 'auto-import-account',
  autoImportPair: 'auto-import-account-pair',
} as const;

/** The add-on, for the whole hub and for each cluster. */
export const addOns = { managedServiceAccount: 'managed-serviceaccount' } as const;

/** ManifestWorks that carry the role binding of an account. */
export const works = {
  import: 'addon-managed-serviceaccount-import',
  importPair: 'addon-managed-serviceaccount-import-pair',
  /** Appended where the add-on's namespace is not the default one; the default work is made as well */
  customSuffix: '-custom-2',
  /** Of older releases; to be deleted */
  obsoleteCustomSuffix: '-custom',
} as const;

/** ClusterRoleBindings inside the works. */
export const roleBindings = {
  import: 'managedserviceaccount-import',
  importPair: 'managedserviceaccount-import-pair',
  customSuffix: '-custom-2',
} as const;

/** ClusterRoles of the klusterlet that the binding refers to. */
export const clusterRoles = {
  /** May get and update the Secret `bootstrap-hub-kubeconfig`, nothing else */
  bootstrap: 'klusterlet-bootstrap-kubeconfig',
} as const;

/** Secrets with fixed names. */
export const secrets = {
  autoImport: 'auto-import-secret',
  /** On a managed cluster: with which hub the klusterlet registers. To update it is all that an import by token does */
  bootstrapKubeconfig: 'bootstrap-hub-kubeconfig',
} as const;

/** Keys inside Secrets. */
export const secretKeys = {
  token: 'token',
  caCrt: 'ca.crt',
  autoImportRetry: 'autoImportRetry',
  server: 'server',
} as const;

/** Written as `autoImportRetry`; documented, though the import controller's code reads it nowhere. */
export const autoImportRetry = '5';

/** ConfigMap in the engine's namespace, and its key: `ImportOnly` or `ImportAndSync`. */
export const importStrategyConfig = { name: 'import-controller-config', key: 'autoImportStrategy' } as const;

/** Components of MultiClusterEngine and MultiClusterHub, in `spec.overrides.components[] {name, enabled}`. */
export const components = {
  managedServiceAccount: 'managedserviceaccount',
  /** The name in older releases */
  managedServiceAccountPreview: 'managedserviceaccount-preview',
  clusterBackup: 'cluster-backup',
} as const;

/** Types of conditions. */
export const conditions = {
  /** Of a ManagedCluster */
  hubAccepted: 'HubAcceptedManagedCluster',
  joined: 'ManagedClusterJoined',
  available: 'ManagedClusterConditionAvailable',
  importSucceeded: 'ManagedClusterImportSucceeded',
  /** Of a ManagedClusterAddOn */
  addOnAvailable: 'Available',
  /** Of a ManagedServiceAccount */
  tokenReported: 'TokenReported',
} as const;

/** Names of the Velero Schedules; a Backup is named `<schedule>-<yyyymmddhhmmss>`, UTC. */
export const veleroSchedules = {
  credentials: 'acm-credentials-schedule',
  resources: 'acm-resources-schedule',
  resourcesGeneric: 'acm-resources-generic-schedule',
  managedClusters: 'acm-managed-clusters-schedule',
} as const;

/** Values of `labels.backupScheduleType`. */
export const backupTypes = {
  credentials: 'credentials',
  resources: 'resources',
  resourcesGeneric: 'resourcesGeneric',
  managedClusters: 'managedClusters',
} as const;

/** Phases of a Velero Backup. */
export const veleroBackupPhases = {
  new: 'New',
  queued: 'Queued',
  readyToStart: 'ReadyToStart',
  failedValidation: 'FailedValidation',
  /** Only from here on `startTimestamp` is set */
  inProgress: 'InProgress',
  waitingForPluginOperations: 'WaitingForPluginOperations',
  waitingForPluginOperationsPartiallyFailed: 'WaitingForPluginOperationsPartiallyFailed',
  finalizing: 'Finalizing',
  finalizingPartiallyFailed: 'FinalizingPartiallyFailed',
  completed: 'Completed',
  partiallyFailed: 'PartiallyFailed',
  failed: 'Failed',
  deleting: 'Deleting',
} as const;

/** What a Restore's `velero…BackupName` may say beside a backup's name. */
export const restoreBackupNames = { latest: 'latest', skip: 'skip' } as const;

/** The only one that deletes nothing on the hub; the others are CleanupRestored and CleanupAll. */
export const cleanupBeforeRestore = { none: 'None' } as const;

/** Name of the one ClusterVersion. */
export const clusterVersionName = 'version';

/** What the operator writes where a hub has no ClusterVersion. */
export const unknownClusterId = 'unknown';
