import type { Correlation } from '../common/acting.js';

/** Kinds of objects that PROTECT makes or marks. */
export const removedKinds = ['ManagedClusterAddOn', 'ManagedServiceAccount', 'ManifestWork', 'Secret'] as const;
export type RemovedKind = (typeof removedKinds)[number];

/** FOLLOWS: goes with its owner, by the hub's own garbage collection. */
export const removalActions = ['DELETE', 'UNLABEL', 'FOLLOWS'] as const;
export type RemovalAction = (typeof removalActions)[number];

/** GONE: was not there any more. KEPT: others manage it by now, or another object bears its name. REFUSED: by the hub; the detail tells why. */
export const removalOutcomes = ['DELETED', 'UNLABELLED', 'FOLLOWED', 'GONE', 'KEPT', 'REFUSED'] as const;
export type RemovalOutcome = (typeof removalOutcomes)[number];

/** STOPPED: the policy became PROTECT again; what was not removed by then stays. */
export const removalStatuses = ['RUNNING', 'DONE', 'STOPPED'] as const;
export type RemovalStatus = (typeof removalStatuses)[number];

/** One object that is to be removed, as it was when the list was made. */
export interface RemovalTarget {
  readonly kind: RemovedKind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly action: RemovalAction;
  readonly why: string;
}

/** One that we have touched and that stays. */
export interface KeptObject {
  readonly kind: RemovedKind;
  readonly namespace: string;
  readonly name: string;
  readonly why: string;
}

export const removalWarningCodes = ['REMOVAL_CLUSTERS_DROP_OUT', 'REMOVAL_OPERATOR_REMAKES', 'REMOVAL_RIGHTS_MISSING'] as const;
export type RemovalWarningCode = (typeof removalWarningCodes)[number];

export interface RemovalWarning {
  readonly code: RemovalWarningCode;
  readonly cause: string;
  readonly remedy: string;
}

/** What readiness becomes: sets that are done keep what they hold, and new ones lack it. */
export interface RemovalConsequences {
  /** Clusters that have no token in the backup selection afterwards */
  readonly clustersLosingTokens: number;
  /** Clusters that the newest complete set brings back now, by their tokens */
  readonly recoverableNow: number;
  /** Of those, how many the next set brings back no more */
  readonly clustersDroppingOut: number;
  /** Start of the first set that lacks them; null: no schedule runs */
  readonly dropOutFrom: Date | null;
  /** The newest complete set, which still holds them; null: there is none */
  readonly lastSet: { readonly id: string; readonly credentialsBackup: string; readonly startedAt: Date | null; readonly expiresAt: Date | null } | null;
  /** From when on not even that set brings the last of them back: it has ended, or their tokens have; null: it is not known, or none drops out */
  readonly lastRestorableAt: Date | null;
}

export interface RemovalPlan {
  readonly hubId: string;
  /** What a removal must name: it is bound to exactly this list */
  readonly confirm: string;
  readonly targets: readonly RemovalTarget[];
  readonly kept: readonly KeptObject[];
  readonly consequences: RemovalConsequences;
  readonly warnings: readonly RemovalWarning[];
}

export interface RemovalProgress {
  readonly total: number;
  readonly open: number;
  readonly byOutcome: Readonly<Partial<Record<RemovalOutcome, number>>>;
}

export interface ProtectionRemoval {
  readonly id: string;
  readonly hubId: string;
  readonly status: RemovalStatus;
  readonly actor: string;
  readonly reason: string;
  readonly correlation: Correlation | null;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
  /** Objects of ours that the last look still found; null: there was none yet */
  readonly remaining: number | null;
  /** Why it waits; null: it does not */
  readonly lastErrorCode: string | null;
  readonly progress: RemovalProgress;
}

export interface RemovalItem extends RemovalTarget {
  readonly position: number;
  readonly attemptedAt: Date | null;
  readonly outcome: RemovalOutcome | null;
  readonly detail: string | null;
  readonly outcomeAt: Date | null;
}

export interface RemovalItemFilter {
  readonly outcome?: RemovalOutcome;
  /** Those without an outcome */
  readonly open?: boolean;
}
