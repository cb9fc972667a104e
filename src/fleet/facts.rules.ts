import { accounts, annotations, annotationValues, conditions, labels, labelValues } from '../common/rhacm-names.js';
import { at, countAt, flagAt, instantOf, listAt, recordOf, textAt } from '../common/untrusted.js';
import type { KubeObject } from '../kube/kube.types.js';
import type {
  AccountFacts, AcmRestoreFacts, AddOnFacts, BackupScheduleFacts, ConditionFacts, FactsByKind, ManagedClusterFacts, StorageLocationFacts, TokenSecretFacts,
  ObservedObject, VeleroBackupFacts, VeleroRestoreFacts, VeleroScheduleFacts, WorkFacts,
} from './facts.types.js';
import type { ConditionState, WatchedKind } from './fleet.types.js';

/** Labels of one object that are kept, and their length: enough for every real one. */
const MAX_LABELS = 200;
const MAX_LABEL_LENGTH = 512;
const MAX_FINALIZERS = 20;

const iso = (value: unknown): string | null => instantOf(value)?.toISOString() ?? null;
const labelOf = (object: KubeObject, key: string): string | null => textAt(object.metadata, ['labels', key], MAX_LABEL_LENGTH);
/** A label or annotation that is there may be empty. */
const valueOf = (object: KubeObject, where: 'labels' | 'annotations', key: string): string | null => {
  const value = at(object.metadata, where, key);
  return typeof value === 'string' ? value.slice(0, MAX_LABEL_LENGTH).replaceAll('\0', '').toWellFormed() : null;
};

const common = (object: KubeObject): { createdAt: string | null; deleting: boolean } => ({
  createdAt: iso(object.metadata.creationTimestamp),
  deleting: typeof object.metadata.deletionTimestamp === 'string',
});

const ABSENT: ConditionFacts = { status: 'ABSENT', reason: null, message: null, since: null };
const STATES: Readonly<Record<string, ConditionState>> = { True: 'TRUE', False: 'FALSE', Unknown: 'UNKNOWN' };

/** The condition of that type; a status that is none of the three words counts as UNKNOWN. */
export function conditionFacts(object: KubeObject, type: string): ConditionFacts {
  const condition = listAt(object.status, 'conditions').find((one) => at(one, 'type') === type);
  if (condition === undefined) return ABSENT;
  const status = textAt(condition, ['status']);
  return {
    status: (status === null ? undefined : STATES[status]) ?? 'UNKNOWN',
    reason: textAt(condition, ['reason'], 200),
    message: textAt(condition, ['message']),
    since: iso(at(condition, 'lastTransitionTime')),
  };
}

function labelsOf(object: KubeObject): Record<string, string> {
  const entries = Object.entries(recordOf(object.metadata.labels) ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const clean = (text: string): string => text.slice(0, MAX_LABEL_LENGTH).replaceAll('\0', '').toWellFormed();
  return Object.fromEntries(entries.slice(0, MAX_LABELS).map(([key, value]) => [clean(key), clean(value)]));
}

/** The address by which a re-import reaches the cluster; only https is of use. */
function apiUrlOf(object: KubeObject, problems: string[]): string | null {
  const url = textAt(object.spec, ['managedClusterClientConfigs', 0, 'url'], 2000);
  if (url === null) return null;
  if (URL.parse(url)?.protocol === 'https:') return url;
  problems.push('spec.managedClusterClientConfigs[0].url is no https URL');
  return null;
}

export function managedClusterFacts(object: KubeObject): ManagedClusterFacts {
  const problems: string[] = [];
  if (recordOf(object.spec) === null) problems.push('no spec');
  if (object.status !== undefined && recordOf(object.status) === null) problems.push('status is no object');
  if (at(object.status, 'conditions') !== undefined && !Array.isArray(at(object.status, 'conditions'))) problems.push('status.conditions is no list');
  const apiUrl = apiUrlOf(object, problems);
  return {
    ...common(object),
    labels: labelsOf(object),
    hosted: at(object.metadata.annotations, annotations.klusterletDeployMode) === annotationValues.deployModeHosted,
    importDisabled: at(object.metadata.annotations, annotations.disableAutoImport) !== undefined,
    apiUrl,
    accepted: conditionFacts(object, conditions.hubAccepted),
    joined: conditionFacts(object, conditions.joined),
    available: conditionFacts(object, conditions.available),
    imported: conditionFacts(object, conditions.importSucceeded),
    problems,
  };
}

export function addOnFacts(object: KubeObject): AddOnFacts {
  return {
    ...common(object),
    managed: labelOf(object, labels.isManagedServiceAccount) === accounts.autoImport,
    namespace: textAt(object.status, ['namespace'], 253),
    available: conditionFacts(object, conditions.addOnAvailable),
  };
}

export function accountFacts(object: KubeObject): AccountFacts {
  const expiry = at(object.status, 'expirationTimestamp');
  const expiresAt = iso(expiry);
  return {
    ...common(object),
    deletingSince: iso(object.metadata.deletionTimestamp),
    finalizers: (object.metadata.finalizers ?? []).slice(0, MAX_FINALIZERS).map((name) => name.slice(0, MAX_LABEL_LENGTH).replaceAll('\0', '').toWellFormed()),
    managed: labelOf(object, labels.isManagedServiceAccount) === accounts.autoImport,
    validity: textAt(object.spec, ['rotation', 'validity'], 100),
    expiresAt,
    expiryUnreadable: expiry !== undefined && expiry !== null && expiresAt === null,
    refreshedAt: iso(at(object.status, 'tokenSecretRef', 'lastRefreshTimestamp')),
    secretName: textAt(object.status, ['tokenSecretRef', 'name'], 253),
    tokenReported: conditionFacts(object, conditions.tokenReported),
  };
}

export const workFacts = (object: KubeObject): WorkFacts => ({ ...common(object), backupLabel: labelOf(object, labels.backup) });

/**
 * When each manager that owns one of these fields last wrote anything, by the API server's clock in whole seconds, sorted.
 * A field is not younger than the first of them, and its value was not written after the last.
 */
function writtenAt(object: KubeObject, owns: (fields: unknown) => boolean): string[] {
  const entries = listAt(object.metadata, 'managedFields').filter((entry) => owns(at(entry, 'fieldsV1')));
  return entries.map((entry) => iso(at(entry, 'time'))).filter((time) => time !== null).sort();
}

/** The manager that owns one of these fields: of several the one that wrote longest ago. */
function writtenBy(object: KubeObject, owns: (fields: unknown) => boolean): string | null {
  const entries = listAt(object.metadata, 'managedFields').filter((entry) => owns(at(entry, 'fieldsV1')));
  const [first] = entries.map((entry) => ({ time: iso(at(entry, 'time')) ?? '~', manager: textAt(entry, ['manager'], 128) })).sort((a, b) => (a.time < b.time ? -1 : 1));
  return first?.manager ?? null;
}

export function tokenSecretFacts(object: KubeObject): TokenSecretFacts {
  const expiry = valueOf(object, 'annotations', annotations.expirationTimestamp);
  const owner = listAt(object.metadata, 'ownerReferences').find((one) => at(one, 'kind') === 'ManagedServiceAccount');
  const expiresAt = iso(expiry);
  const ownsLabel = (fields: unknown): boolean => backupLabels.some((key) => at(fields, 'f:metadata', 'f:labels', `f:${key}`) !== undefined);
  const backupLabels = [labels.backup, labels.hiveSecretType, labels.clusterType].filter((key) => valueOf(object, 'labels', key) !== null);
  return {
    ...common(object),
    backupLabel: valueOf(object, 'labels', labels.backup),
    hiveLabel: valueOf(object, 'labels', labels.hiveSecretType),
    typeLabel: valueOf(object, 'labels', labels.clusterType),
    expiresAt,
    expiryUnreadable: expiry !== null && expiry !== '' && expiresAt === null,
    refreshedAt: iso(valueOf(object, 'annotations', annotations.lastRefreshTimestamp)),
    accountUid: textAt(owner, ['uid'], 100),
    restoredFrom: labelOf(object, labels.veleroBackupName),
    labelWrittenAt: writtenAt(object, ownsLabel)[0] ?? null,
    labelWrittenBy: writtenBy(object, ownsLabel),
    tokenWrittenAt: writtenAt(object, (fields) => at(fields, 'f:data', 'f:token') !== undefined).at(-1) ?? null,
  };
}

export function backupScheduleFacts(object: KubeObject): BackupScheduleFacts {
  return {
    ...common(object),
    cron: textAt(object.spec, ['veleroSchedule'], 200),
    veleroTtl: textAt(object.spec, ['veleroTtl'], 100),
    tokenTtl: textAt(object.spec, ['managedServiceAccountTTL'], 100),
    useManagedServiceAccount: flagAt(object.spec, 'useManagedServiceAccount'),
    paused: flagAt(object.spec, 'paused'),
    generation: countAt(object.metadata, 'generation'),
    phase: textAt(object.status, ['phase'], 100),
    lastMessage: textAt(object.status, ['lastMessage'], 2000),
  };
}

export function acmRestoreFacts(object: KubeObject): AcmRestoreFacts {
  return {
    ...common(object),
    managedClustersBackup: textAt(object.spec, ['veleroManagedClustersBackupName'], 253),
    resourcesBackup: textAt(object.spec, ['veleroResourcesBackupName'], 253),
    credentialsBackup: textAt(object.spec, ['veleroCredentialsBackupName'], 253),
    cleanupBeforeRestore: textAt(object.spec, ['cleanupBeforeRestore'], 100),
    sync: flagAt(object.spec, 'syncRestoreWithNewBackups'),
    syncInterval: textAt(object.spec, ['restoreSyncInterval'], 100),
    phase: textAt(object.status, ['phase'], 100),
    lastMessage: textAt(object.status, ['lastMessage'], 2000),
    completedAt: iso(at(object.status, 'completionTimestamp')),
    managedClustersRestore: textAt(object.status, ['veleroManagedClustersRestoreName'], 253),
    resourcesRestore: textAt(object.status, ['veleroResourcesRestoreName'], 253),
    genericResourcesRestore: textAt(object.status, ['veleroGenericResourcesRestoreName'], 253),
    credentialsRestore: textAt(object.status, ['veleroCredentialsRestoreName'], 253),
  };
}

export function veleroScheduleFacts(object: KubeObject): VeleroScheduleFacts {
  return {
    ...common(object),
    type: labelOf(object, labels.backupScheduleType),
    cron: textAt(object.spec, ['schedule'], 200),
    paused: flagAt(object.spec, 'paused'),
    phase: textAt(object.status, ['phase'], 100),
    lastBackupAt: iso(at(object.status, 'lastBackup')),
  };
}

export function veleroBackupFacts(object: KubeObject): VeleroBackupFacts {
  return {
    ...common(object),
    type: labelOf(object, labels.backupScheduleType),
    scheduleName: labelOf(object, labels.backupScheduleName),
    ownerClusterId: labelOf(object, labels.backupCluster),
    restoredByClusterId: labelOf(object, labels.restoreCluster),
    storageLocation: textAt(object.spec, ['storageLocation'], 253) ?? labelOf(object, labels.veleroStorageLocation),
    phase: textAt(object.status, ['phase'], 100),
    startedAt: iso(at(object.status, 'startTimestamp')),
    completedAt: iso(at(object.status, 'completionTimestamp')),
    expiresAt: iso(at(object.status, 'expiration')),
  };
}

export function veleroRestoreFacts(object: KubeObject): VeleroRestoreFacts {
  return {
    ...common(object),
    backupName: textAt(object.spec, ['backupName'], 253),
    phase: textAt(object.status, ['phase'], 100),
    startedAt: iso(at(object.status, 'startTimestamp')),
    completedAt: iso(at(object.status, 'completionTimestamp')),
    errors: countAt(object.status, 'errors'),
    warnings: countAt(object.status, 'warnings'),
    failureReason: textAt(object.status, ['failureReason'], 2000),
  };
}

export function storageLocationFacts(object: KubeObject): StorageLocationFacts {
  return {
    ...common(object),
    provider: textAt(object.spec, ['provider'], 253),
    bucket: textAt(object.spec, ['objectStorage', 'bucket'], 253),
    prefix: textAt(object.spec, ['objectStorage', 'prefix'], 1000),
    s3Url: textAt(object.spec, ['config', 's3Url'], 2000),
    region: textAt(object.spec, ['config', 'region'], 253),
    phase: textAt(object.status, ['phase'], 100),
    owned: listAt(object.metadata, 'ownerReferences').length > 0,
  };
}

/** Facts by watched kind; none of them throws, whatever the hub sends. */
export const factsOf: { readonly [K in WatchedKind]: (object: KubeObject) => FactsByKind[K] } = {
  MANAGED_CLUSTER: managedClusterFacts,
  ADDON: addOnFacts,
  ACCOUNT: accountFacts,
  WORK: workFacts,
  TOKEN_SECRET: tokenSecretFacts,
  HIVE_SECRET: common,
  HUB_ADDON: common,
  BACKUP_SCHEDULE: backupScheduleFacts,
  ACM_RESTORE: acmRestoreFacts,
  VELERO_SCHEDULE: veleroScheduleFacts,
  VELERO_BACKUP: veleroBackupFacts,
  VELERO_RESTORE: veleroRestoreFacts,
  STORAGE_LOCATION: storageLocationFacts,
};

/** Only add-ons and accounts and works of ours are kept, and Secrets whose name says that they are auto-import tokens. */
export function isKept(kind: WatchedKind, object: KubeObject): boolean {
  switch (kind) {
    case 'ADDON':
      return object.metadata.name === 'managed-serviceaccount';
    case 'ACCOUNT':
    case 'TOKEN_SECRET':
      return object.metadata.name.startsWith(accounts.autoImport);
    case 'WORK':
      return labelOf(object, labels.addOnNameWork) === labelValues.addOnNameWork;
    default:
      return true;
  }
}

/** One object as it is stored. */
export function observedObject<K extends WatchedKind>(kind: K, object: KubeObject): ObservedObject<K> {
  const { namespace = '', name, uid = '', resourceVersion = '' } = object.metadata;
  return { kind, namespace, name, uid, resourceVersion, facts: factsOf[kind](object) };
}
