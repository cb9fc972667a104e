export interface BackupSchedule {
  readonly hubId: string;
  readonly name: string;
  readonly phase: string | null;
  readonly lastMessage: string | null;
  readonly cron: string | null;
  readonly veleroTtlSeconds: number | null;
  readonly tokenTtlSeconds: number | null;
  readonly useManagedServiceAccount: boolean;
  readonly paused: boolean;
  /** The Velero schedules are paused: no backup runs, whatever the phase says */
  readonly veleroPaused: boolean;
  /** `metadata.generation`: grows with each change of its spec; null: not told yet */
  readonly generation: number | null;
  readonly readAt: Date;
}

/** What PUT /hubs/{id}/backup-schedule takes. */
export interface PutBackupSchedule {
  /** Default: the one that exists, else `schedule-acm` */
  readonly name?: string;
  /** Five fields, or `@every 1h`, `@daily`… as Velero reads it */
  readonly cron: string;
  /** Go duration, e.g. `720h` */
  readonly veleroTtl: string;
  /** Go duration; absent: twice veleroTtl, as the operator does */
  readonly tokenTtl?: string;
  readonly useManagedServiceAccount: boolean;
  readonly paused?: boolean;
}

/** PARTIAL: the credentials are usable, another part is not. FAILED: the credentials are not. */
export const backupSetStatuses = ['COMPLETE', 'IN_PROGRESS', 'PARTIAL', 'FAILED'] as const;
export type BackupSetStatus = (typeof backupSetStatuses)[number];

/** The backups that one run of a BackupSchedule produced. */
export interface BackupSet {
  readonly id: string;
  readonly ownerClusterId: string;
  /** The hub that is registered with that cluster id; null: none */
  readonly ownerHubId: string | null;
  readonly credentialsBackup: string;
  readonly resourcesBackup: string | null;
  readonly genericBackup: string | null;
  readonly managedClustersBackup: string | null;
  readonly status: BackupSetStatus;
  /** Start of the credentials backup: the moment that decides which token is inside */
  readonly startedAt: Date | null;
  readonly managedClustersStartedAt: Date | null;
  readonly completedAt: Date | null;
  readonly expiresAt: Date | null;
  readonly firstSeenAt: Date;
  /** Hubs that show all its backups now */
  readonly shownByHubIds: readonly string[];
  /** The BackupSchedule that ran */
  readonly scheduleName: string | null;
  /** Why another hub's doings cast doubt on it; null: nothing does */
  readonly tainted: string | null;
  readonly members: readonly BackupSetMember[];
  readonly shownBy: readonly BackupSetSight[];
  /** Tokens by what is held of them; all nought: nothing is decided yet */
  readonly tokenCounts: BeliefCounts;
  /** The same of ManagedClusters */
  readonly clusterCounts: BeliefCounts;
}

export const backupParts = ['CREDENTIALS', 'MANAGED_CLUSTERS', 'RESOURCES', 'GENERIC'] as const;
export type BackupPart = (typeof backupParts)[number];

/** WAITING: will be read, or tried again. FAILED: is not tried again. NOT_ASKED: of an older set, or of a part that is not done. */
export const recordStates = ['NOT_ASKED', 'WAITING', 'READ', 'FAILED'] as const;
export type RecordState = (typeof recordStates)[number];

/** One Velero Backup of a set, and the reading of Velero's own record of what it holds. */
export interface BackupSetMember {
  readonly part: BackupPart;
  readonly backup: string;
  readonly veleroSchedule: string;
  /** null: no hub shows it any more */
  readonly phase: string | null;
  readonly storageLocation: string | null;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  readonly expiresAt: Date | null;
  readonly record: RecordState;
  /** The hub that gave the record, or was asked last */
  readonly recordHubId: string | null;
  readonly recordReadAt: Date | null;
  readonly problemCode: string | null;
  readonly problemDetail: string | null;
}

/** Since when a hub has shown all backups of a set. */
export interface BackupSetSight {
  readonly hubId: string;
  readonly since: Date | null;
  /** From the set's last member being done to the hub showing them all, in seconds; null: not known */
  readonly afterSeconds: number | null;
}

export type BeliefCounts = Readonly<Record<Belief, number>>;

export interface BackupSetFilter {
  /** Sets that this hub owns */
  readonly hubId?: string;
  readonly status?: BackupSetStatus;
}

export const backupSetSortFields = ['startedAt'] as const;
export type BackupSetSortField = (typeof backupSetSortFields)[number];

export const beliefs = ['VERIFIED_IN', 'VERIFIED_OUT', 'INFERRED_IN', 'INFERRED_OUT', 'UNKNOWN'] as const;
export type Belief = (typeof beliefs)[number];

export const beliefReasons = ['SECRET_MISSING', 'SECRET_UNLABELLED', 'LABELLED_AFTER_START', 'NOT_IN_RECORD'] as const;
export type BeliefReason = (typeof beliefReasons)[number];

/**
 * RESOURCE_LIST: Velero's own record. PASSIVE_SYNC: what a passive hub restored. LABEL_AT_START: label and token as they stood when the
 * backup began. AGE_AT_START: the ManagedCluster was there when the backup began, or was not.
 */
export const evidenceKinds = ['RESOURCE_LIST', 'PASSIVE_SYNC', 'LABEL_AT_START', 'AGE_AT_START', 'NONE'] as const;
export type EvidenceKind = (typeof evidenceKinds)[number];

/** What a backup set is believed to hold of one ManagedCluster. */
export interface BackupSetCluster {
  readonly setId: string;
  readonly cluster: string;
  readonly belief: Belief;
  readonly evidence: string;
  readonly evidenceKind: EvidenceKind;
  readonly evidenceHubId: string | null;
  readonly conflict: string | null;
  /** Whether it is known what `apiUrl` was when the managed-clusters backup began */
  readonly apiUrlKnown: boolean;
  readonly apiUrl: string | null;
  /** The resources backup holds an auto-import account of it; null: not read */
  readonly hasAccount: boolean | null;
  /** The generic resources backup holds the ManifestWork of its role binding; null: not read */
  readonly hasBinding: boolean | null;
  readonly decidedAt: Date;
}

/** What a backup set is believed to hold of one token. */
export interface BackupSetToken {
  readonly setId: string;
  readonly cluster: string;
  readonly account: string;
  readonly belief: Belief;
  /** Of the token inside; null where it is out or not known */
  readonly expiresAt: Date | null;
  readonly refreshedAt: Date | null;
  readonly evidence: string;
  readonly reason: BeliefReason | null;
  readonly evidenceKind: EvidenceKind;
  /** The hub that gave the evidence */
  readonly evidenceHubId: string | null;
  /** Where the sources contradict each other; the pessimistic one has decided */
  readonly conflict: string | null;
  /** Why the recorded expiry is not to be trusted; null: nothing speaks against it */
  readonly expiryDoubt: string | null;
  readonly decidedAt: Date;
}

export interface BackupSetTokenFilter {
  readonly belief?: Belief;
  readonly cluster?: string;
}

export interface BackupSetClusterFilter {
  readonly belief?: Belief;
  readonly cluster?: string;
}
