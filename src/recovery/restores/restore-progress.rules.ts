import type { RestoreOutcome, VeleroRestoreFacts } from './restores.types.js';

/** How long an ended Restore may be without the Velero Restore that it should have made: the operator's cache may lag. */
export const MISSING_PATIENCE_MS = 30_000;
/** How long the operator may leave the Restore unended after all of its Velero Restores have ended. */
export const OPERATOR_PATIENCE_MS = 120_000;

const ENDED: ReadonlySet<string | null> = new Set(['Completed', 'PartiallyFailed', 'Failed', 'FailedValidation']);
const USELESS: ReadonlySet<string | null> = new Set(['Failed', 'FailedValidation']);
const ACM_ENDED: ReadonlySet<string | null> = new Set(['Finished', 'FinishedWithErrors']);

export interface RestoreState {
  /** Of the ACM Restore; never trusted alone */
  readonly phase: string | null;
  readonly lastMessage: string | null;
  /** Those that belong to this run */
  readonly velero: readonly VeleroRestoreFacts[];
  /** The Velero Restore that brings the managed clusters; null: not named yet */
  readonly managedClustersRestore: string | null;
  /** Since when what is seen here has not changed */
  readonly unchangedSince: Date;
}

export type RestoreJudgement =
  | { readonly is: 'RUNNING' }
  | { readonly is: 'DONE'; readonly outcome: Exclude<RestoreOutcome, 'FAILED'>; readonly operatorSilent: boolean }
  | { readonly is: 'FAILED'; readonly why: string };

/**
 * Whether a Restore has done its work. The operator's phase may read Finished before the managed clusters are restored, and the
 * phase goes back and forth; so the Velero Restore of the managed clusters decides, and the phase only says whether the operator is through.
 */
export function judgeRestore(state: RestoreState, now: Date): RestoreJudgement {
  const quietMs = now.getTime() - state.unchangedSince.getTime();
  const managedClusters = state.velero.find((one) => one.name === state.managedClustersRestore);
  const through = ACM_ENDED.has(state.phase);
  if (managedClusters === undefined) {
    const gaveUp = through || state.phase === 'Error';
    if (!gaveUp || quietMs < MISSING_PATIENCE_MS) return { is: 'RUNNING' };
    return { is: 'FAILED', why: `the Restore is ${state.phase} and restored no managed clusters${state.lastMessage ? `: ${state.lastMessage}` : ''}` };
  }
  if (!state.velero.every((one) => ENDED.has(one.phase))) return { is: 'RUNNING' };
  if (USELESS.has(managedClusters.phase)) return { is: 'FAILED', why: `the Velero Restore ${managedClusters.name} is ${managedClusters.phase}` };
  if (!through && quietMs < OPERATOR_PATIENCE_MS) return { is: 'RUNNING' };
  const clean = state.phase === 'Finished' && state.velero.every((one) => one.phase === 'Completed');
  return { is: 'DONE', outcome: clean ? 'SUCCEEDED' : 'SUCCEEDED_WITH_ERRORS', operatorSilent: !through };
}

/** The Velero Restore that an ACM Restore makes of a backup. @see cluster-backup-operator, getValidKsRestoreName */
export const veleroRestoreName = (restore: string, backup: string): string => `${restore}-${backup}`;
