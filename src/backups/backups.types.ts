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
}

export interface BackupSetFilter {
  /** Sets that this hub owns */
  readonly hubId?: string;
  readonly status?: BackupSetStatus;
}

export const backupSetSortFields = ['startedAt'] as const;
export type BackupSetSortField = (typeof backupSetSortFields)[number];

export const beliefs = ['VERIFIED_IN', 'VERIFIED_OUT', 'INFERRED_IN', 'INFERRED_OUT', 'UNKNOWN'] as const;
export type Belief = (typeof beliefs)[number];

export const beliefReasons = ['SECRET_MISSING', 'SECRET_UNLABELLED', 'LABELLED_AFTER_START'] as const;
export type BeliefReason = (typeof beliefReasons)[number];

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
  readonly decidedAt: Date;
}

export interface BackupSetTokenFilter {
  readonly belief?: Belief;
  readonly cluster?: string;
}
