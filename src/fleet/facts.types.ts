import type { ConditionState, WatchedKind } from './fleet.types.js';

/**
 * What is kept of each watched object, as JSON in `hub_object.facts`. Instants are ISO 8601 in UTC with milliseconds, or null.
 * `problems` names what was malformed, in words.
 */
interface Common {
  readonly createdAt: string | null;
  readonly deleting: boolean;
}

export interface ConditionFacts {
  readonly status: ConditionState;
  readonly reason: string | null;
  readonly message: string | null;
  readonly since: string | null;
}

export interface ManagedClusterFacts extends Common {
  readonly labels: Readonly<Record<string, string>>;
  readonly hosted: boolean;
  /** Annotation disable-auto-import is there */
  readonly importDisabled: boolean;
  readonly apiUrl: string | null;
  readonly accepted: ConditionFacts;
  readonly joined: ConditionFacts;
  readonly available: ConditionFacts;
  readonly imported: ConditionFacts;
  readonly problems: readonly string[];
}

export interface AddOnFacts extends Common {
  /** Made by the backup operator or by us: its label names the account */
  readonly managed: boolean;
  /** `status.namespace`; null: not told yet */
  readonly namespace: string | null;
  readonly available: ConditionFacts;
}

export interface AccountFacts extends Common {
  /** Since when it is being deleted; null, or absent in facts of old: it is not */
  readonly deletingSince?: string | null;
  /** What holds its deletion up; absent in facts of old */
  readonly finalizers?: readonly string[];
  readonly managed: boolean;
  /** `spec.rotation.validity` as written; null where absent */
  readonly validity: string | null;
  readonly expiresAt: string | null;
  /** An expirationTimestamp is there and is no instant */
  readonly expiryUnreadable: boolean;
  readonly refreshedAt: string | null;
  readonly secretName: string | null;
  readonly tokenReported: ConditionFacts;
}

export interface WorkFacts extends Common {
  readonly backupLabel: string | null;
}

export interface TokenSecretFacts extends Common {
  /** Values of the three labels that bring a Secret into the credentials backup; null where absent */
  readonly backupLabel: string | null;
  readonly hiveLabel: string | null;
  readonly typeLabel: string | null;
  readonly expiresAt: string | null;
  readonly expiryUnreadable: boolean;
  readonly refreshedAt: string | null;
  /** uid of the ManagedServiceAccount that owns it; a restored Secret has none */
  readonly accountUid: string | null;
  /** Label velero.io/backup-name, cut as Velero cuts it; null: not restored */
  readonly restoredFrom: string | null;
  /** By the API server's clock, whole seconds: the backup label is not younger than this; null: not told */
  readonly labelWrittenAt: string | null;
  /** The field manager that wrote the backup label first; null: not told */
  readonly labelWrittenBy: string | null;
  /** By the API server's clock, whole seconds: the token was not written after this; null: not told */
  readonly tokenWrittenAt: string | null;
}

export type HiveSecretFacts = Common;
export type HubAddOnFacts = Common;

export interface BackupScheduleFacts extends Common {
  readonly cron: string | null;
  /** Go durations as written */
  readonly veleroTtl: string | null;
  readonly tokenTtl: string | null;
  readonly useManagedServiceAccount: boolean;
  readonly paused: boolean;
  /** `metadata.generation`; absent: written down before it was kept */
  readonly generation?: number | null;
  readonly phase: string | null;
  readonly lastMessage: string | null;
}

export interface AcmRestoreFacts extends Common {
  readonly managedClustersBackup: string | null;
  readonly resourcesBackup: string | null;
  readonly credentialsBackup: string | null;
  readonly cleanupBeforeRestore: string | null;
  readonly sync: boolean;
  readonly syncInterval: string | null;
  readonly phase: string | null;
  readonly lastMessage: string | null;
  readonly completedAt: string | null;
  readonly managedClustersRestore: string | null;
  readonly resourcesRestore: string | null;
  readonly genericResourcesRestore: string | null;
  readonly credentialsRestore: string | null;
}

export interface VeleroScheduleFacts extends Common {
  readonly type: string | null;
  readonly cron: string | null;
  readonly paused: boolean;
  readonly phase: string | null;
  readonly lastBackupAt: string | null;
}

export interface VeleroBackupFacts extends Common {
  /** Label backup-schedule-type; null: none of RHACM's, or the record of a restore */
  readonly type: string | null;
  readonly scheduleName: string | null;
  readonly ownerClusterId: string | null;
  /** On `acm-restore-clusters-…`: the hub that restored managed clusters */
  readonly restoredByClusterId: string | null;
  readonly storageLocation: string | null;
  readonly phase: string | null;
  readonly startedAt: string | null;
  readonly completedAt: string | null;
  readonly expiresAt: string | null;
}

export interface VeleroRestoreFacts extends Common {
  readonly backupName: string | null;
  readonly phase: string | null;
  readonly startedAt: string | null;
  readonly completedAt: string | null;
  readonly errors: number | null;
  readonly warnings: number | null;
  readonly failureReason: string | null;
}

export interface StorageLocationFacts extends Common {
  readonly provider: string | null;
  readonly bucket: string | null;
  readonly prefix: string | null;
  readonly s3Url: string | null;
  readonly region: string | null;
  readonly phase: string | null;
  readonly owned: boolean;
}

/** Facts by watched kind. */
export interface FactsByKind extends Record<WatchedKind, Common> {
  MANAGED_CLUSTER: ManagedClusterFacts;
  ADDON: AddOnFacts;
  ACCOUNT: AccountFacts;
  WORK: WorkFacts;
  TOKEN_SECRET: TokenSecretFacts;
  HIVE_SECRET: HiveSecretFacts;
  HUB_ADDON: HubAddOnFacts;
  BACKUP_SCHEDULE: BackupScheduleFacts;
  ACM_RESTORE: AcmRestoreFacts;
  VELERO_SCHEDULE: VeleroScheduleFacts;
  VELERO_BACKUP: VeleroBackupFacts;
  VELERO_RESTORE: VeleroRestoreFacts;
  STORAGE_LOCATION: StorageLocationFacts;
}

/** One object as it goes to `hub_object`. */
export interface ObservedObject<K extends WatchedKind = WatchedKind> {
  readonly kind: K;
  /** '' for cluster-scoped kinds */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly facts: FactsByKind[K];
}
