import { failoverStatuses, terminalStatuses, type FailoverStatus, type FailoverStepName } from './failovers.types.js';

/**
 * A failover, state by state. Each step: intent written → effect → outcome written, each under the epoch of the failover's lease.
 *
 *  PREFLIGHT ──▶ PENDING_APPROVAL ──▶ FENCING ──▶ RESTORING ──▶ IMPORTING ──▶ VERIFYING ──▶ AWAITING_COMMIT ──▶ REPROTECTING
 *   │   ▲ ▲            │    │            │          │ │  │                                                          │
 *   │   │ └─ content ──┘    │            │          │ │  └─ the restore failed ──▶ FAILED                  COMPLETED, or
 *   │   └──── changed ──────┼────────────┼──────────┘ │                                        COMPLETED_WITH_EXCEPTIONS
 *   │                       │            ▼            │
 *   │                       │         UNDOING ◀───────┘ (nothing is restored yet; where the source was fenced, it is taken back,
 *   ▼                       ▼            │               also from PREFLIGHT and PENDING_APPROVAL when they are passed again)
 *  FAILED, CANCELLED     CANCELLED       └──▶ CANCELLED, FAILED
 *
 * `from`: where it may go, and why.
 */
export const transitions = {
  PREFLIGHT: { PENDING_APPROVAL: 'the checks passed', FAILED: 'a check failed', CANCELLED: 'aborted', UNDOING: 'aborted or failed after the source was fenced' },
  PENDING_APPROVAL: { FENCING: 'approved, or no approval is asked for', PREFLIGHT: 'the content has changed', CANCELLED: 'rejected or aborted', UNDOING: 'rejected or aborted after the source was fenced' },
  FENCING: { RESTORING: 'the source is fenced, or cannot be', UNDOING: 'aborted' },
  RESTORING: { IMPORTING: 'the restore is done', PREFLIGHT: 'the content has changed', UNDOING: 'aborted, or nothing could be restored', FAILED: 'the restore failed' },
  IMPORTING: { VERIFYING: 'each import has ended' },
  VERIFYING: { AWAITING_COMMIT: 'each cluster was looked at' },
  AWAITING_COMMIT: { REPROTECTING: 'nothing on the source is to be cleaned' },
  REPROTECTING: { COMPLETED: 'every cluster came back', COMPLETED_WITH_EXCEPTIONS: 'some did not' },
  UNDOING: { CANCELLED: 'it was aborted', FAILED: 'it could not go on' },
} as const satisfies Record<FailoverStepName, Partial<Record<FailoverStatus, string>>>;

/** The order in which steps are told; the position of each. */
export const steps = failoverStatuses.filter((status): status is FailoverStepName => !isTerminal(status));

export function isTerminal(status: FailoverStatus): status is (typeof terminalStatuses)[number] {
  return (terminalStatuses as readonly FailoverStatus[]).includes(status);
}

export const mayGo = (from: FailoverStatus, to: FailoverStatus): boolean => !isTerminal(from) && Object.hasOwn(transitions[from], to);

/** Where a step may be cut off: before its intent is written, when its effect is made, before its outcome is written. */
const cuts = ['before-intent', 'after-effect', 'before-record'] as const;
export type Cut = (typeof cuts)[number];
export type CrashPoint = `${FailoverStepName}:${Cut}`;

/** Every place where a worker may die, from the table above: a step without a test of these fails the build. */
export const crashPoints: readonly CrashPoint[] = steps.flatMap((step) => cuts.map((cut): CrashPoint => `${step}:${cut}`));

/** Steps of a failover that goes well, in order. */
export const happyPath: readonly FailoverStepName[] = steps.filter((step) => step !== 'UNDOING');

/** A step that has taken that many workers down needs a person, not another worker. */
export const MAX_CRASHES = 3;
