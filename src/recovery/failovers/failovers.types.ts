import type { Correlation } from '../../common/acting.js';
import type { ImportCounts } from '../imports/imports.types.js';

export const failoverKinds = ['DISASTER'] as const;
export type FailoverKind = (typeof failoverKinds)[number];

/** The states of a failover; transitions between them: failover-transitions.rules.ts. */
export const failoverStatuses = [
  'PREFLIGHT',
  'PENDING_APPROVAL',
  'FENCING',
  'RESTORING',
  'IMPORTING',
  'VERIFYING',
  'AWAITING_COMMIT',
  'REPROTECTING',
  /** Taking back the fencing of a failover that ends before anything was restored */
  'UNDOING',
  'COMPLETED',
  'COMPLETED_WITH_EXCEPTIONS',
  'FAILED',
  'CANCELLED',
] as const;
export type FailoverStatus = (typeof failoverStatuses)[number];

export const terminalStatuses = ['COMPLETED', 'COMPLETED_WITH_EXCEPTIONS', 'FAILED', 'CANCELLED'] as const satisfies readonly FailoverStatus[];

/** A state in which a worker acts. */
export type FailoverStepName = Exclude<FailoverStatus, (typeof terminalStatuses)[number]>;

/** Why a failover failed or needs a person. Part of the API: add freely, never rename. */
export const failoverProblemCodes = [
  'PLAN_ARCHIVED',
  'NO_BACKUP_SET',
  'BACKUP_NOT_ON_TARGET',
  'BACKUP_SET_GONE',
  'BACKUP_OF_ANOTHER_HUB',
  'TARGET_UNREACHABLE',
  'TARGET_UNFENCED',
  'TARGET_RESTORE_IN_THE_WAY',
  'TARGET_SCHEDULE_ACTIVE',
  'CLUSTER_NAME_COLLISION',
  'FENCING_FAILED',
  'RESTORE_REFUSED',
  'RESTORE_NAME_TAKEN',
  'RESTORE_DELETED',
  'RESTORE_FAILED',
  'HUB_CALL_FAILED',
  'STEP_CRASHED_WORKERS',
] as const;
export type FailoverProblemCode = (typeof failoverProblemCodes)[number];

export interface FailoverProblem {
  readonly code: FailoverProblemCode;
  readonly message: string;
  readonly remedy: string;
}

/** What PREFLIGHT fixed and an approval is bound to. */
export interface PinnedContent {
  readonly planVersion: number;
  readonly source: { readonly hubId: string; readonly name: string; readonly clusterId: string };
  readonly target: { readonly hubId: string; readonly name: string; readonly clusterId: string | null };
  readonly setId: string;
  readonly backups: { readonly credentials: string; readonly resources: string; readonly managedClusters: string; readonly generic: string | null };
  /** The Restore's name on the target: ours, or that of the standing one */
  readonly restoreName: string;
  readonly mode: 'CREATED' | 'ACTIVATED';
  /** SHA-256 over the sorted names */
  readonly clustersHash: string;
  readonly clusters: number;
  /** The source answered when it was checked */
  readonly sourceAnswers: boolean;
}

export interface Failover {
  readonly id: string;
  readonly planId: string;
  readonly kind: FailoverKind;
  readonly status: FailoverStatus;
  readonly sourceHubId: string;
  readonly targetHubId: string;
  readonly requestedBy: string;
  readonly reason: string;
  readonly correlation: Correlation | null;
  readonly setId: string | null;
  readonly contentHash: string | null;
  readonly pinned: PinnedContent | null;
  readonly problem: FailoverProblem | null;
  /** It stands still until a person retries or aborts */
  readonly needsAttention: boolean;
  readonly createdAt: Date;
  readonly approvedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly version: number;
}

export const stepResults = ['DONE', 'NOT_POSSIBLE', 'FAILED'] as const;
export type StepResult = (typeof stepResults)[number];

export type StepFacts = Readonly<Record<string, unknown>>;

export interface FailoverStep {
  readonly step: FailoverStepName;
  readonly position: number;
  /** What the step set out to do; null: not begun */
  readonly intent: StepFacts | null;
  readonly intentAt: Date | null;
  readonly outcome: StepFacts | null;
  /** null: not known yet */
  readonly result: StepResult | null;
  readonly outcomeAt: Date | null;
}

export const approvalDecisions = ['APPROVED', 'REJECTED'] as const;
export type ApprovalDecision = (typeof approvalDecisions)[number];

export interface Approval {
  readonly id: string;
  readonly decision: ApprovalDecision;
  readonly decidedBy: string;
  readonly reason: string;
  /** The caller's proof */
  readonly evidence: { readonly number?: string; readonly url?: string } | null;
  readonly contentHash: string;
  /** Bound to what the failover would do now; false: the content has changed since */
  readonly valid: boolean;
  readonly decidedAt: Date;
}

export const failoverOperations = ['decide', 'abort', 'retry', 'supplyApiUrl'] as const;
export type FailoverOperation = (typeof failoverOperations)[number];

/** What may be asked of the failover now, and why not. */
export interface AllowedOperation {
  readonly operation: FailoverOperation;
  readonly allowed: boolean;
  /** Stable code; null where it is allowed */
  readonly refusalCode: string | null;
  readonly refusal: string | null;
}

export interface FailoverDetail extends Failover {
  /** In order, also those that are still to come */
  readonly steps: readonly FailoverStep[];
  readonly approvals: readonly Approval[];
  readonly allowedOperations: readonly AllowedOperation[];
  readonly imports: ImportCounts;
}

/** One line of a failover's log; never changed, never removed. */
export interface FailoverEvent {
  readonly failoverId: string;
  /** 1, 2, 3… within the failover */
  readonly sequence: number;
  /** e.g. `failover.started`, `step.entered`, `restore.phase`, `imports.progress` */
  readonly type: string;
  /** One line, ready as a work note */
  readonly summary: string;
  readonly data: StepFacts;
  readonly actor: string;
  readonly at: Date;
}

export interface StartFailover {
  /** Where given: what exists under it already is answered, and nothing is started */
  readonly id?: string;
  readonly planId: string;
  readonly kind: FailoverKind;
}

export interface DecideFailover {
  readonly decision: ApprovalDecision;
  readonly evidence?: { readonly number?: string; readonly url?: string };
  /** What the caller saw; where given, another content refuses the decision */
  readonly contentHash?: string;
}

export interface FailoverFilter {
  readonly status?: readonly FailoverStatus[];
  readonly planId?: string;
  /** As source or as target */
  readonly hubId?: string;
  readonly correlationId?: string;
  readonly correlationNumber?: string;
}

export const failoverSortFields = ['createdAt'] as const;
export type FailoverSortField = (typeof failoverSortFields)[number];
