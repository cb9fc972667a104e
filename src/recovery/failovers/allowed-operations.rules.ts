import type { ImportCounts } from '../imports/imports.types.js';
import { isTerminal } from './failover-transitions.rules.js';
import type { AllowedOperation, Failover, FailoverOperation, FailoverStatus } from './failovers.types.js';

export interface OperationFacts {
  readonly failover: Pick<Failover, 'status' | 'needsAttention'>;
  /** The intent of RESTORING is written: the Restore may exist */
  readonly restoreMayExist: boolean;
  readonly imports: ImportCounts;
}

/** In these, nothing has been restored; RESTORING counts until its intent is written. */
const BEFORE_RESTORE: readonly FailoverStatus[] = ['PREFLIGHT', 'PENDING_APPROVAL', 'FENCING', 'RESTORING'];
const URL_HELPS: readonly FailoverStatus[] = ['IMPORTING', 'VERIFYING', 'AWAITING_COMMIT', 'REPROTECTING', 'COMPLETED_WITH_EXCEPTIONS'];

type Refusal = readonly [code: string, words: string] | null;

/** Why an operation is refused now; null: it is allowed. Who asks is judged when it is asked. */
export function refusal(operation: FailoverOperation, { failover, restoreMayExist, imports }: OperationFacts): Refusal {
  const { status } = failover;
  switch (operation) {
    case 'decide':
      return status === 'PENDING_APPROVAL' ? null : ['APPROVAL_NOT_PENDING', `In ${status} it waits for no decision`];
    case 'abort':
      if (isTerminal(status)) return ['ABORT_NOT_POSSIBLE', 'It has ended'];
      if (status === 'UNDOING') return ['ABORT_NOT_POSSIBLE', 'It is being taken back already'];
      if (restoreMayExist || !BEFORE_RESTORE.includes(status)) return ['ABORT_NOT_POSSIBLE', 'Clusters may have been restored on the target already'];
      return null;
    case 'retry':
      return failover.needsAttention && !isTerminal(status) ? null : ['RETRY_NOT_NEEDED', 'It does not stand still'];
    case 'supplyApiUrl':
      if (!URL_HELPS.includes(status)) return ['IMPORT_NOT_OPEN', `In ${status} no import is tried`];
      return (imports.byState.RECONNECTED ?? 0) + (imports.byState.NOT_NEEDED ?? 0) < imports.total ? null : ['IMPORT_NOT_OPEN', 'Every cluster is back'];
  }
}

export function allowedOperations(operations: readonly FailoverOperation[], facts: OperationFacts): AllowedOperation[] {
  return operations.map((operation) => {
    const why = refusal(operation, facts);
    return { operation, allowed: why === null, refusalCode: why?.[0] ?? null, refusal: why?.[1] ?? null };
  });
}
