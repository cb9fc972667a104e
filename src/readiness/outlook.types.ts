import type { SetUsability } from './usable-set.rules.js';
import type { BackupSetSummary, ClusterVerdict, CodeCount, Finding, Verdict, VerdictCounts } from './readiness.types.js';

/** Which of the usable backup sets a failover could restore, beside the newest. */
export interface RecoveryPoint {
  readonly backupSet: BackupSetSummary;
  readonly usability: Extract<SetUsability, 'USABLE' | 'PARTIALLY_FAILED'>;
  /** Since its start, in seconds */
  readonly ageSeconds: number;
  readonly counts: VerdictCounts;
  readonly clustersRecoverable: number;
  readonly clustersTotal: number;
  /** Clusters that need a token and have a valid one in the set */
  readonly setCoverage: number;
  /** Clusters that this set brings back and the newest does not */
  readonly bringsBackMore: number;
  /** Clusters that the newest set brings back and this one does not */
  readonly leavesBehind: number;
  readonly recommended: boolean;
  /** In words, against the newest */
  readonly comparison: string;
}

/**
 * NO_MORE_BACKUPS: as if the source stopped now, with nothing refreshed and nothing backed up any more.
 * BACKUPS_GO_ON: schedule and token agents go on as they do, and what they fail at they go on failing at.
 */
export const forecastAssumptions = ['NO_MORE_BACKUPS', 'BACKUPS_GO_ON'] as const;
export type ForecastAssumption = (typeof forecastAssumptions)[number];

/** When a cluster that would come back now would not any more. */
export interface DropOut {
  readonly at: Date;
  /** Of the finding that decides then */
  readonly code: string;
  readonly cause: string;
}

export interface ClusterDropOut extends DropOut {
  readonly cluster: string;
}

export interface Forecast {
  readonly planId: string;
  readonly assumption: ForecastAssumption;
  readonly clustersRecoverable: number;
  readonly clustersTotal: number;
  /** Clusters that drop out within so long from now */
  readonly within24Hours: number;
  readonly within7Days: number;
  readonly within30Days: number;
  /** Of those within the time that was asked for, by code, most first */
  readonly byCode: readonly { readonly code: string; readonly count: number }[];
  /** Soonest first; as many as were asked for */
  readonly dropOuts: readonly ClusterDropOut[];
  readonly computedAt: Date;
}

/** Where an estimate comes from. */
export const estimateBases = ['OWN_FAILOVERS', 'PUBLISHED_TIMES'] as const;
export type EstimateBasis = (typeof estimateBases)[number];

/** How long a recovery is likely to take, in seconds. */
export interface RtoEstimate {
  readonly seconds: number;
  readonly lowSeconds: number;
  readonly highSeconds: number;
  readonly basis: EstimateBasis;
  /** What was counted with, in words */
  readonly explanation: string;
}

export interface Objectives {
  readonly planId: string;
  readonly verdict: Verdict;
  readonly rpoTargetSeconds: number;
  /** now − start of the newest usable set as the target sees it; null: there is none */
  readonly rpoCurrentSeconds: number | null;
  readonly rpoMet: boolean;
  readonly rtoTargetSeconds: number;
  readonly rtoEstimate: RtoEstimate;
  /** By the upper end of the estimate */
  readonly rtoMet: boolean;
  readonly clustersRecoverable: number;
  readonly clustersTotal: number;
  /** Clusters that need a token and have a valid one in the set */
  readonly setCoverage: number;
  /** Until then every cluster that is recoverable now stays so, with nothing refreshed or backed up any more; null: none is */
  readonly tokenHorizon: Date | null;
  /** Since the last drill of the plan that ended well, in seconds; null: there was none */
  readonly lastDrillAgeSeconds: number | null;
  readonly factsAgeSeconds: number | null;
  readonly computedAt: Date;
}

/** A change of policy that is thought of. */
export interface PlannedChange {
  readonly tokenValiditySeconds?: number;
  readonly cron?: string;
  readonly backupTtlSeconds?: number;
  readonly policy?: 'OBSERVE' | 'PROTECT';
}

export interface WhatIfQuestion extends PlannedChange {
  /** Another hub in the target's place */
  readonly targetHubId?: string;
  /** Another set than the rule would choose */
  readonly backupSetId?: string;
  /** The source makes its last set before this; in the future its schedule runs on until then */
  readonly sourceDiesAt?: Date;
  /** Moment of the restore; default: when the source dies, now at the earliest */
  readonly at?: Date;
}

export interface ClusterDifference {
  readonly cluster: string;
  readonly before: ClusterVerdict;
  readonly after: ClusterVerdict;
  /** Of the finding that decides then; null: none */
  readonly code: string | null;
}

/** The same as readiness, of a world that is thought of. */
export interface WhatIfAnswer {
  readonly planId: string;
  readonly at: Date;
  readonly sourceDiesAt: Date | null;
  readonly targetHubId: string;
  readonly verdict: Verdict;
  readonly counts: VerdictCounts;
  readonly clustersRecoverable: number;
  readonly clustersTotal: number;
  readonly byCode: readonly CodeCount[];
  readonly findings: readonly Finding[];
  /** A set that exists; null: none, or one that would yet be made */
  readonly backupSet: BackupSetSummary | null;
  /** Start of the set that would be restored, also of one that would yet be made; null: there would be none */
  readonly setStartedAt: Date | null;
  readonly rpoSeconds: number | null;
  /** Clusters that would come back and do not as things are, and the other way round */
  readonly gained: number;
  readonly lost: number;
  /** By cluster, at most 100 */
  readonly differences: readonly ClusterDifference[];
  /** What was taken for granted, in words */
  readonly assumptions: readonly string[];
}
