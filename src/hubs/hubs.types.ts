import type { RemedyBy } from '../common/remedy-by.js';
import type { Secret } from '../common/secret.js';
import type { LabelSelector } from './label-selector.rules.js';

/** OBSERVE: look, never write. PROTECT: keep every imported cluster's auto-import token. */
export const hubPolicies = ['OBSERVE', 'PROTECT'] as const;
export type HubPolicy = (typeof hubPolicies)[number];

export const reachabilities = ['UNKNOWN', 'REACHABLE', 'UNREACHABLE'] as const;
export type Reachability = (typeof reachabilities)[number];

export const fencings = ['NONE', 'NOT_POSSIBLE', 'FENCED', 'RETURNED_UNFENCED'] as const;
export type Fencing = (typeof fencings)[number];

/** A registered hub, without its credentials: those leave the database for `kube/` only. */
export interface Hub {
  readonly id: string;
  readonly name: string;
  readonly apiUrl: string;
  /** ClusterVersion's `spec.clusterID`; on a hub without one `namespace:` and the uid of its kube-system namespace */
  readonly clusterId: string | null;
  readonly policy: HubPolicy;
  /** MultiClusterHub's `status.currentVersion` */
  readonly release: string | null;
  readonly kubeVersion: string | null;
  /** null: from the BackupSchedule, as the hub's operator does */
  readonly tokenValiditySeconds: number | null;
  /** Label selectors, in Kubernetes' words: PROTECT writes nothing to clusters that one of them selects */
  readonly tokenExclusions: readonly string[];
  /** A token that ends sooner than this is told; null: none is */
  readonly tokenExpiryWarningSeconds: number | null;
  /** The pair is made when so much of the first token's life is over: 50 to 79 */
  readonly tokenPairAfterPercent: number;
  /** How long after its moment a renewal that has not come is told; null: 15 minutes */
  readonly tokenRenewalOverdueSeconds: number | null;
  readonly reachability: Reachability;
  readonly reachableAt: Date | null;
  readonly unreachableSince: Date | null;
  readonly lastErrorCode: string | null;
  /** How far its clock is ahead of ours, by the Date of its answers, good to a second; null: not known yet. No expiry is judged by it */
  readonly clockSkewSeconds: number | null;
  readonly inspectedAt: Date | null;
  readonly fencing: Fencing;
  readonly fencingChangedAt: Date | null;
  /** The BackupStorageLocations as last read; null: never */
  readonly storage: readonly StorageFacts[] | null;
  /** Grows with each change by a caller; If-Match names it */
  readonly version: number;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly updatedAt: Date;
}

/** How Lifeboat reaches a hub and logs in. */
export type HubAccess =
  /** `context`: which of its contexts, default its current one */
  | { readonly kubeconfig: Secret; readonly context?: string }
  /** `caPem` absent: the system's roots */
  | { readonly server: string; readonly caPem?: string; readonly token: Secret };

export type RegisterHub = HubAccess & { readonly name: string };

export interface HubChange {
  readonly name?: string;
  readonly policy?: HubPolicy;
  /** 600 to 315,360,000 seconds (ten years); null: from the BackupSchedule */
  readonly tokenValiditySeconds?: number | null;
  /** Takes the place of those that are there */
  readonly tokenExclusions?: readonly Exclusion[];
  /** 60 seconds to ten years; null: no such warning */
  readonly tokenExpiryWarningSeconds?: number | null;
  /** 50 (half-life) to 79: at 80 the agent renews */
  readonly tokenPairAfterPercent?: number;
  /** 60 seconds to 30 days; null: 15 minutes */
  readonly tokenRenewalOverdueSeconds?: number | null;
}

/** Either a selector in Kubernetes' words, or as Kubernetes objects hold it. */
export type Exclusion = LabelSelector & { readonly selector?: string };

/** What a change of policy does to the hub's clusters, as they are known now. */
export interface PolicyPreview {
  /** Clusters that need a token */
  readonly clustersInNeed: number;
  /** Of those, how many any selector takes in */
  readonly clustersExcluded: number;
  /** Of those that no selector takes in, how many the policy lets us write to */
  readonly clustersProtected: number;
  readonly exclusions: readonly SelectorHits[];
}

export interface SelectorHits {
  readonly selector: string;
  /** Imported clusters that it takes in, whether or not another one does too */
  readonly clusters: number;
  /** By name, at most ten */
  readonly examples: readonly string[];
}

export interface HubUpdate {
  /** As it is; with `dryRun` as it would be, at the version that it has */
  readonly hub: Hub;
  /** null: nothing about protection was changed */
  readonly preview: PolicyPreview | null;
}

export interface HubFilter {
  /** A part of the name, upper or lower case alike */
  readonly name?: string;
  readonly policy?: HubPolicy;
  readonly reachability?: Reachability;
}

export const hubSortFields = ['name', 'createdAt'] as const;
export type HubSortField = (typeof hubSortFields)[number];

/** A component that a hub needs for disaster recovery, by the name that callers use. */
export const hubComponents = ['MANAGED_SERVICE_ACCOUNT', 'CLUSTER_BACKUP'] as const;
export type HubComponent = (typeof hubComponents)[number];

export const prerequisiteCodes = [
  'MANAGED_SERVICE_ACCOUNT_ENABLED',
  'MANAGED_SERVICE_ACCOUNT_ADDON_PRESENT',
  'CLUSTER_BACKUP_ENABLED',
  'DATA_PROTECTION_APPLICATION_PRESENT',
  'BACKUP_STORAGE_AVAILABLE',
  'BACKUP_SCHEDULE_ENABLED',
  'MANAGED_SERVICE_ACCOUNT_IN_SCHEDULE',
  'RIGHTS_SUFFICIENT',
  'CLUSTER_ID_KNOWN',
  'CREDENTIALS_READABLE',
  'CLOCK_IN_STEP',
  'OADP_SUBSCRIBED',
  'OADP_CHANNEL_SUITS',
  'OADP_CHANNELS_AGREE',
  'BACKUP_OPERATOR_RUNNING',
  'OADP_OPERATOR_RUNNING',
  'VELERO_RUNNING',
  'VELERO_STEADY',
  'HIVE_CLUSTERS_SAFE',
] as const;
export type PrerequisiteCode = (typeof prerequisiteCodes)[number];

export const prerequisiteStates = ['MET', 'NOT_MET', 'UNKNOWN'] as const;
export type PrerequisiteState = (typeof prerequisiteStates)[number];

/** One thing that must hold on a hub, as the last inspection found it. */
export interface Prerequisite {
  readonly hubId: string;
  readonly code: PrerequisiteCode;
  readonly state: PrerequisiteState;
  /** Why the state is what it is; the same text while nothing changes */
  readonly cause: string;
  /** What to do; '' where nothing is to be done */
  readonly remedy: string;
  readonly remedyBy: RemedyBy;
  readonly since: Date;
  readonly checkedAt: Date;
}

/** Where backups lie, as a BackupStorageLocation tells. */
export interface StorageFacts {
  readonly name: string;
  readonly provider: string | null;
  readonly bucket: string | null;
  readonly prefix: string | null;
  /** `spec.config.s3Url`, for stores that are not AWS */
  readonly s3Url: string | null;
  readonly region: string | null;
  readonly phase: string | null;
  /** Made by OADP's DataProtectionApplication: the operator uses no other */
  readonly owned: boolean;
}
