import type { Severity } from '../readiness/readiness.types.js';

/** What may be changed of a BackupSchedule that is there; what is absent stays. */
export interface ScheduleChange {
  readonly cron?: string;
  readonly veleroTtl?: string;
  /** null: twice veleroTtl, as the operator does */
  readonly tokenTtl?: string | null;
  readonly useManagedServiceAccount?: boolean;
  readonly paused?: boolean;
}

/** Findings of a preview. Part of the API: add freely, never rename. */
export const scheduleFindingCodes = [
  'HUB_FENCED',
  'SCHEDULE_RPO_NOT_MET',
  'SCHEDULE_TTL_LEAVES_GAPS',
  'SCHEDULE_TOKENS_END_BEFORE_NEXT_SET',
  'OPERATOR_SWITCHED_OFF',
  'SCHEDULE_TOKENS_KEPT_BY_NOBODY',
  'SCHEDULE_PAUSED',
  'SCHEDULE_RPO_TIGHT',
  'SCHEDULE_TOKENS_END_BEFORE_SETS',
  'SCHEDULE_CLUSTERS_GRANT_LESS',
  'SCHEDULE_TOO_DENSE',
  'SCHEDULE_VALIDITY_CONTESTED',
] as const;
export type ScheduleFindingCode = (typeof scheduleFindingCodes)[number];

export interface ScheduleFinding {
  readonly code: ScheduleFindingCode;
  readonly severity: Severity;
  readonly cause: string;
  readonly remedy: string;
}

/** Who makes and renews the tokens while the schedule is as it would be. */
export const tokenKeepers = ['OPERATOR', 'LIFEBOAT', 'BOTH', 'NOBODY'] as const;
export type TokenKeeper = (typeof tokenKeepers)[number];

/** Where the validity that is asked for comes from. */
export const validitySources = ['HUB_SETTING', 'TOKEN_TTL', 'TWICE_VELERO_TTL', 'DEFAULT'] as const;
export type ValiditySource = (typeof validitySources)[number];

export interface PlanObjective {
  readonly planId: string;
  readonly name: string;
  readonly rpoSeconds: number;
  /** How old the newest usable set gets before the next one can be used */
  readonly worstAgeSeconds: number;
  readonly met: boolean;
}

/** A cluster whose tokens do not last as long as the sets that hold them. */
export interface ShortCluster {
  readonly cluster: string;
  /** Life of its tokens; less than was asked where the cluster grants no more (EKS: a day) */
  readonly lifeSeconds: number;
  /** How long the better token of a set is good for at least, from the set's start */
  readonly lastsSeconds: number;
}

/** What would follow from a schedule, by what is known of the hub: nobody is asked. */
export interface SchedulePreview {
  readonly hubId: string;
  /** null: the hub has none yet */
  readonly name: string | null;
  readonly cron: string;
  readonly veleroTtlSeconds: number;
  readonly useManagedServiceAccount: boolean;
  readonly paused: boolean;
  /** Five, UTC; none while paused */
  readonly nextRuns: readonly Date[];
  readonly shortestIntervalSeconds: number;
  readonly longestIntervalSeconds: number;
  /** Sets that exist at a time, at least and at most */
  readonly setsKeptLeast: number;
  readonly setsKeptMost: number;
  /** How far back a restore can always go: the age that the oldest set has at least */
  readonly restorableSeconds: number;
  /** How long in each interval there is no set at all */
  readonly uncoveredSeconds: number;
  readonly plans: readonly PlanObjective[];
  readonly tokenValiditySeconds: number;
  readonly tokenValidityFrom: ValiditySource;
  readonly tokensKeptBy: TokenKeeper;
  /** How long the better token of a set is good for at least, where the cluster grants what is asked; null: nobody keeps tokens */
  readonly tokensLastSeconds: number | null;
  readonly clustersInNeed: number;
  /** Of those, how many have a token whose life is known */
  readonly clustersKnown: number;
  /** Of those that are known: tokens that end before their sets do */
  readonly clustersShort: number;
  /** Of those that are known: tokens that end before the next set can be used */
  readonly clustersWithoutCover: number;
  /** The shortest first, at most a hundred */
  readonly shortClusters: readonly ShortCluster[];
  readonly findings: readonly ScheduleFinding[];
}
