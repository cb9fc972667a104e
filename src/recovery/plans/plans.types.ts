/** NEWEST_COMPLETE: the newest set that the target shows in full. */
export const backupRules = ['NEWEST_COMPLETE'] as const;
export type BackupRule = (typeof backupRules)[number];

/**
 * ASSUMED: that the target reaches the clusters' APIs is taken for granted, until a probe has been refused. PROBED: only what a probe has
 * proved counts.
 */
export const reachabilityRules = ['ASSUMED', 'PROBED'] as const;
export type ReachabilityRule = (typeof reachabilityRules)[number];

/** What shall happen if the source is lost. */
export interface Plan {
  readonly id: string;
  readonly name: string;
  readonly sourceHubId: string;
  readonly targetHubId: string;
  /** How much of the fleet's state may be lost, in seconds */
  readonly rpoSeconds: number;
  /** How long the recovery may take, in seconds */
  readonly rtoSeconds: number;
  readonly backupRule: BackupRule;
  readonly approvalRequired: boolean;
  /** How long imports are retried after the restore, in seconds */
  readonly importWindowSeconds: number;
  readonly reachability: ReachabilityRule;
  /** How often the way from the target to each cluster is probed, in seconds */
  readonly probeIntervalSeconds: number;
  /** Whether each cluster's token is tried on the cluster, once a day and after each refresh */
  readonly deepCheck: boolean;
  /** Grows with each change; If-Match names it */
  readonly version: number;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly updatedAt: Date;
  readonly archivedAt: Date | null;
}

export interface NewPlan {
  /** 1 to 100 characters; unique among the plans that are not archived */
  readonly name: string;
  readonly sourceHubId: string;
  readonly targetHubId: string;
  /** 60 to 2,592,000 (30 days), default 86,400 */
  readonly rpoSeconds?: number;
  /** 60 to 2,592,000 (30 days), default 3,600 */
  readonly rtoSeconds?: number;
  readonly backupRule?: BackupRule;
  /** Default true */
  readonly approvalRequired?: boolean;
  /** 10 to 86,400 (a day), default 3,600 */
  readonly importWindowSeconds?: number;
  /** Default ASSUMED */
  readonly reachability?: ReachabilityRule;
  /** 300 to 604,800 (a week), default 21,600 (six hours) */
  readonly probeIntervalSeconds?: number;
  /** Default false: it reads token values */
  readonly deepCheck?: boolean;
}

/** The hubs of a plan never change: another pair is another plan. */
export type PlanChange = Partial<Pick<NewPlan, 'name' | 'rpoSeconds' | 'rtoSeconds' | 'backupRule' | 'approvalRequired' | 'importWindowSeconds' | 'reachability' | 'probeIntervalSeconds' | 'deepCheck'>>;

export interface PlanFilter {
  /** Plans that name the hub as source or as target */
  readonly hubId?: string;
  readonly sourceHubId?: string;
  readonly targetHubId?: string;
  /** A part of the name, upper or lower case alike */
  readonly name?: string;
  /** Default false */
  readonly includeArchived?: boolean;
}

export const planSortFields = ['name', 'createdAt'] as const;
export type PlanSortField = (typeof planSortFields)[number];
