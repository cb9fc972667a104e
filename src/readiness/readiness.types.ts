import type { RemedyBy } from '../common/remedy-by.js';
import type { ClusterOrigin } from '../fleet/fleet.types.js';
import type { ImportOutcomeCode } from '../recovery/imports/imports.types.js';

/**
 * READY: comes back. AT_RISK: comes back now, perhaps not later, or rests on something weak. UNKNOWN: cannot be said.
 * NOT_NEEDED: comes back without a token, or is no cluster that comes back.
 */
export const clusterVerdicts = ['READY', 'AT_RISK', 'NOT_READY', 'UNKNOWN', 'NOT_NEEDED'] as const;
export type ClusterVerdict = (typeof clusterVerdicts)[number];
/** Of a plan or a hub. */
export type Verdict = Exclude<ClusterVerdict, 'NOT_NEEDED'>;

export const severities = ['CRITICAL', 'WARNING', 'INFO'] as const;
export type Severity = (typeof severities)[number];

/**
 * Findings on a cluster, in the order in which they decide how its import would end.
 * Part of the API: add freely, never rename.
 */
export const clusterFindingCodes = [
  'NO_BACKUP_SET',
  'BACKUP_NOT_ON_TARGET',
  'FACTS_STALE',
  'CLUSTER_NOT_IN_BACKUP',
  'CLUSTER_AGE_UNKNOWN',
  'IMPORT_DISABLED',
  'API_URL_MISSING',
  'API_URL_CHANGED',
  'TOKEN_MISSING',
  'TOKEN_NOT_IN_BACKUP',
  'TOKEN_IN_BACKUP_UNKNOWN',
  'TOKEN_EMPTY',
  'TOKEN_EXPIRED',
  'TOKEN_EXPIRY_UNKNOWN',
  'TOKEN_EXPIRY_DOUBTFUL',
  'CLUSTER_UNREACHABLE',
  'TARGET_PATH_REFUSED',
  'TARGET_PATH_UNPROVEN',
  'TOKEN_REVOKED',
  'ROLE_BINDING_MISSING',
  'TOKEN_REFUSED_BY_CLUSTER',
  'TOKEN_RIGHTS_MISSING',
  'TOKEN_NOT_CHECKED',
  'TOKEN_EXPIRES_SOON',
  'TOKEN_LOST_SINCE_BACKUP',
  'HIVE_NOT_PRESERVED',
  'HIVE_KUBECONFIG_NOT_IN_BACKUP',
] as const;
export type ClusterFindingCode = (typeof clusterFindingCodes)[number];

/** Findings on a plan beside the unmet prerequisites of its hubs, whose codes are those of hubs/. */
export const planFindingCodes = [
  'NO_BACKUP_SET',
  'BACKUP_NOT_ON_TARGET',
  'FACTS_STALE',
  'NO_CLUSTERS',
  'RPO_EXCEEDED',
  'NEWEST_SET_NOT_ON_TARGET',
  'BACKUP_PARTIALLY_FAILED',
  'BACKUP_SET_EXPIRES_SOON',
  'STORAGE_NOT_SHARED',
  'STORAGE_UNKNOWN',
  'SOURCE_UNREACHABLE',
  'SOURCE_CLUSTER_ID_UNKNOWN',
  'TARGET_UNREACHABLE',
  'TARGET_UNFENCED',
  'TARGET_SCHEDULE_ACTIVE',
  'TARGET_RESTORE_IN_THE_WAY',
  'CLUSTER_NAME_COLLISION',
  'LOCAL_CLUSTER_IN_BACKUP',
  'SCHEDULE_NOT_RUNNING',
  'BACKUP_COLLISION',
  'NEW_HUB_HAS_NO_SCHEDULE',
  'RETURNED_UNFENCED',
  'TARGET_PATH_ASSUMED',
  'BACKUP_STUCK',
  'BACKUP_PART_MISSING',
  'VALIDATION_BACKUP_MISSING',
  'TWO_SCHEDULES_ENABLED',
  'RESTORE_IN_ERROR',
  'LOCAL_CLUSTER_RENAMED',
  'TARGET_RELEASE_OLDER',
  'TARGET_RELEASE_UNKNOWN',
  'COMPONENTS_MISSING_ON_TARGET',
  'CLEANUP_WOULD_DETACH',
  'EARLIER_TAKEOVER_ON_TARGET',
  'TARGET_IMPORT_STRATEGY',
  'EVICTION_GRACE_NOT_SET',
  'TARGET_RESERVED',
  'TARGET_SHARED',
  'OBSERVABILITY_ON_BOTH',
  'GITOPS_HOLDS_RHACM',
  'HUB_SETUP_UNREAD',
] as const;
export type PlanFindingCode = (typeof planFindingCodes)[number];

/** Somebody knows of a finding and lives with it for a while. The finding counts nonetheless. */
export interface Acknowledgement {
  readonly id: string;
  readonly planId: string;
  /** null: the finding wherever it occurs under the plan */
  readonly cluster: string | null;
  readonly code: string;
  readonly reason: string;
  readonly acknowledgedBy: string;
  readonly acknowledgedAt: Date;
  readonly until: Date;
  readonly withdrawnBy: string | null;
  readonly withdrawnAt: Date | null;
}

/** One fact that speaks against recovery, or limits what is known of it. */
export interface Finding {
  readonly code: string;
  readonly severity: Severity;
  /** What it makes of a verdict; READY: it only informs */
  readonly verdict: Verdict;
  /** In words, with the facts; the same while nothing changes */
  readonly cause: string;
  readonly remedy: string;
  readonly remedyBy: RemedyBy;
  readonly since: Date;
  /** When what it rests on was last looked at by an inspection or a probe; null: it rests on what the hub is watched to say */
  readonly checkedAt: Date | null;
  /** On a cluster: how its import would end; null: it says nothing about that */
  readonly predicts: ImportOutcomeCode | null;
  /** Of a plan: which hub it is about */
  readonly hubId: string | null;
  /** By whom, until when; absent: by nobody. Found when it is read, not stored with the finding */
  readonly acknowledgement?: Acknowledgement | undefined;
}

export interface BackupSetSummary {
  readonly id: string;
  readonly credentialsBackup: string;
  readonly resourcesBackup: string | null;
  readonly genericBackup: string | null;
  readonly managedClustersBackup: string | null;
  readonly startedAt: Date | null;
  readonly expiresAt: Date | null;
}

export interface CodeCount {
  readonly code: string;
  readonly severity: Severity;
  readonly verdict: Verdict;
  /** Clusters with this finding */
  readonly count: number;
}

export type VerdictCounts = Readonly<Record<ClusterVerdict, number>>;

/** What a failover would bring. */
export interface Readiness {
  readonly verdict: Verdict;
  /** Clusters by verdict */
  readonly counts: VerdictCounts;
  /** Clusters that would come back (READY, AT_RISK) of those that need a token */
  readonly clustersRecoverable: number;
  readonly clustersTotal: number;
  /** Ordered: gravest first, then most clusters */
  readonly byCode: readonly CodeCount[];
  /** Of the plan and its hubs, ordered: gravest first */
  readonly findings: readonly Finding[];
  /** What would be restored; null: nothing */
  readonly backupSet: BackupSetSummary | null;
  /** How far back the newest usable set lies, in seconds; null: there is none */
  readonly rpoCurrentSeconds: number | null;
  /** Age of the oldest of the facts it rests on, in seconds; null: some hub has never spoken */
  readonly factsAgeSeconds: number | null;
  readonly computedAt: Date;
}

export interface PlanReadinessView extends Readiness {
  readonly planId: string;
  readonly rpoTargetSeconds: number;
  readonly rtoTargetSeconds: number;
  /** Since when the verdict is what it is */
  readonly since: Date;
}

/** As if the hub died now: the newest set of its own, wherever it would be restored. */
export interface HubReadinessView extends Readiness {
  readonly hubId: string;
}

export interface ClusterReadinessRow {
  readonly planId: string;
  readonly cluster: string;
  readonly origin: ClusterOrigin;
  readonly verdict: ClusterVerdict;
  /** The first finding's code; null: there is none */
  readonly code: string | null;
  /** How its import would end; null: cannot be said */
  readonly predictedOutcome: ImportOutcomeCode | null;
  /** Ordered: gravest first */
  readonly findings: readonly Finding[];
  readonly setId: string | null;
  /** Since when verdict and code are what they are */
  readonly since: Date;
  readonly computedAt: Date;
}

/** One cluster, by the plans that name its hub as source; without a plan by its hub's own newest set. */
export interface ClusterReadinessView {
  readonly clusterId: string;
  readonly cluster: string;
  readonly hubId: string;
  /** Worst of the plans'; without a plan: by the hub's own newest set */
  readonly verdict: ClusterVerdict;
  readonly findings: readonly Finding[];
  readonly byPlan: readonly ClusterReadinessRow[];
}

export interface ClusterReadinessFilter {
  readonly verdict?: ClusterVerdict;
  /** Any of the cluster's findings */
  readonly code?: string;
  readonly origin?: ClusterOrigin;
  /** A part of the name, upper or lower case alike */
  readonly name?: string | undefined;
  readonly clusterSet?: string | undefined;
  /** As the ManagedCluster's label says: OpenShift, EKS… */
  readonly vendor?: string | undefined;
  /** `key`, or `key=value` */
  readonly label?: string | undefined;
}

/** By what verdicts are counted. CODE: of the finding that decides. LABEL: the value of one label. */
export const clusterGroupings = ['VERDICT', 'CODE', 'ORIGIN', 'CLUSTER_SET', 'VENDOR', 'LABEL'] as const;
export type ClusterGrouping = (typeof clusterGroupings)[number];

export interface ClusterGroup {
  /** null: those without */
  readonly value: string | null;
  readonly counts: VerdictCounts;
  readonly clusters: number;
}

export const clusterReadinessSortFields = ['cluster', 'since'] as const;
export type ClusterReadinessSortField = (typeof clusterReadinessSortFields)[number];
