/** IMPORTED clusters need an auto-import token; the others do not. */
export const clusterOrigins = ['IMPORTED', 'HIVE', 'HOSTED', 'LOCAL'] as const;
export type ClusterOrigin = (typeof clusterOrigins)[number];

/** State of a condition. ABSENT: there is no such condition, the hub never heard of it. */
export const conditionStates = ['TRUE', 'FALSE', 'UNKNOWN', 'ABSENT'] as const;
export type ConditionState = (typeof conditionStates)[number];

/** A managed cluster as its hub reports it. */
export interface ManagedCluster {
  readonly id: string;
  readonly hubId: string;
  readonly name: string;
  readonly origin: ClusterOrigin;
  readonly vendor: string | null;
  readonly clusterSet: string | null;
  readonly openshiftId: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** `spec.managedClusterClientConfigs[0].url`; null: without it no re-import is possible */
  readonly apiUrl: string | null;
  readonly accepted: ConditionState;
  readonly joined: ConditionState;
  readonly available: ConditionState;
  readonly availableSince: Date | null;
  readonly importCondition: ConditionState;
  readonly importReason: string | null;
  readonly importMessage: string | null;
  readonly addonPresent: boolean;
  readonly addonNamespace: string | null;
  readonly addonAvailable: ConditionState;
  readonly deleting: boolean;
  /** What was malformed in the hub's objects, in words */
  readonly problems: readonly string[];
  readonly createdOnHubAt: Date | null;
  /** When the hub last told this */
  readonly readAt: Date;
}

export interface ClusterFilter {
  readonly hubId?: string;
  readonly origin?: ClusterOrigin;
  readonly available?: ConditionState;
  /** A part of the name, upper or lower case alike */
  readonly name?: string;
}

export const clusterSortFields = ['name', 'readAt'] as const;
export type ClusterSortField = (typeof clusterSortFields)[number];

/** What is watched on a hub; each is one list-and-watch. */
export const watchedKinds = [
  'MANAGED_CLUSTER',
  'ADDON',
  'ACCOUNT',
  'WORK',
  'TOKEN_SECRET',
  'HIVE_SECRET',
  'HUB_ADDON',
  'BACKUP_SCHEDULE',
  'ACM_RESTORE',
  'VELERO_SCHEDULE',
  'VELERO_BACKUP',
  'VELERO_RESTORE',
  'STORAGE_LOCATION',
] as const;
export type WatchedKind = (typeof watchedKinds)[number];

/** How fresh our knowledge of one kind on one hub is. */
export interface WatchState {
  readonly hubId: string;
  readonly kind: WatchedKind;
  readonly phase: 'LISTING' | 'WATCHING' | 'BACKING_OFF' | 'ABSENT' | 'STOPPED';
  /** Since when nothing was missed: the last full list */
  readonly listedAt: Date | null;
  readonly heardAt: Date | null;
  readonly errorCode: string | null;
}

/**
 * Something in our tables changed. FACTS: what the hub told. READ: its present watcher has listed every kind, so absence means something.
 * CLUSTERS, TOKENS, BACKUP_SETS: what was worked out of facts. HUB: the hub itself (policy, credentials, reachability, inspection).
 */
export interface FleetChange {
  readonly hubId: string;
  readonly topic: 'FACTS' | 'READ' | 'CLUSTERS' | 'TOKENS' | 'BACKUP_SETS' | 'HUB';
  /** With FACTS: which kinds */
  readonly kinds: ReadonlySet<WatchedKind>;
  /** Names of the clusters concerned; empty where it is not about some clusters */
  readonly clusters: ReadonlySet<string>;
}
