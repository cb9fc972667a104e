import { addOns, labels, labelValues, namespaces } from '../common/rhacm-names.js';
import type { ResourceType, Selection } from '../kube/kube.types.js';
import { resources } from '../kube/resources.js';
import type { WatchedKind } from './fleet.types.js';

interface Watched {
  readonly type: ResourceType;
  readonly selection: Selection;
  /** How long changes are gathered before they are written. Milliseconds; absent: as short as the reflector does by itself */
  readonly coalesceMs?: number;
}

/**
 * Where thousands of clusters change together, as in a restore, and where our own writes come back. Written in fewer and bigger batches,
 * they leave the hub and the database to those who wait: a token Secret's label does not hang on them. Accounts are not among them, since an
 * agent tells of its token there a moment after the Secret: one write then serves both.
 */
const MANY_MS = 250;

const addOnByName = `metadata.name=${addOns.managedServiceAccount}`;
const inBackupNamespace = { namespace: namespaces.backup };

/**
 * What is listed and watched for each kind. Secrets and ManifestWorks as metadata only: no token, key or manifest ever enters the process.
 * Selectors leave out what is not ours, since a hub holds twenty other Secrets and add-ons for each cluster.
 */
export const watched: { readonly [K in WatchedKind]: Watched } = {
  MANAGED_CLUSTER: { type: resources.managedCluster, selection: {}, coalesceMs: MANY_MS },
  ADDON: { type: resources.managedClusterAddOn, selection: { fieldSelector: addOnByName }, coalesceMs: MANY_MS },
  ACCOUNT: { type: resources.managedServiceAccount, selection: {} },
  WORK: { type: resources.manifestWork, selection: { labelSelector: `${labels.addOnNameWork}=${labelValues.addOnNameWork}`, metadataOnly: true }, coalesceMs: MANY_MS },
  TOKEN_SECRET: { type: resources.secret, selection: { labelSelector: `${labels.isManagedServiceAccount}=${labelValues.true}`, metadataOnly: true } },
  HIVE_SECRET: { type: resources.secret, selection: { labelSelector: labels.hiveSecretType, metadataOnly: true } },
  HUB_ADDON: { type: resources.clusterManagementAddOn, selection: { fieldSelector: addOnByName } },
  BACKUP_SCHEDULE: { type: resources.backupSchedule, selection: inBackupNamespace },
  ACM_RESTORE: { type: resources.restore, selection: inBackupNamespace },
  VELERO_SCHEDULE: { type: resources.veleroSchedule, selection: inBackupNamespace },
  VELERO_BACKUP: { type: resources.veleroBackup, selection: inBackupNamespace },
  VELERO_RESTORE: { type: resources.veleroRestore, selection: inBackupNamespace },
  STORAGE_LOCATION: { type: resources.backupStorageLocation, selection: inBackupNamespace },
};

/** Kinds whose objects lie in the namespace of the cluster that they are about. */
export const kindsInClusterNamespaces: ReadonlySet<WatchedKind> = new Set(['ADDON', 'ACCOUNT', 'WORK', 'TOKEN_SECRET', 'HIVE_SECRET']);
