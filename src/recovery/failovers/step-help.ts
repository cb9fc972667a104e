import { isKubeError } from '../../kube/kube-error.js';
import { DomainError } from '../../common/domain-error.js';
import type { FailoverProblem, FailoverProblemCode } from './failovers.types.js';

const REMEDY: Record<FailoverProblemCode, string> = {
  PLAN_ARCHIVED: 'Make a plan that is in force, and start a failover of it.',
  NO_BACKUP_SET: 'Without a complete backup set of the source nothing can be restored: see the readiness of the plan.',
  BACKUP_NOT_ON_TARGET: 'Wait until Velero shows the backups on the target (two minutes), check its storage location, and start again.',
  BACKUP_SET_GONE: 'Start again: the checks choose the newest set that is still there.',
  BACKUP_OF_ANOTHER_HUB: 'Find out which hub writes to the shared storage location; it must be the source alone. Then start again.',
  TARGET_UNREACHABLE: 'Bring the target hub back, or use a plan with another target.',
  TARGET_UNFENCED: 'Fence the target first: it has come back after a failover and may still act on clusters that moved.',
  TARGET_RESTORE_IN_THE_WAY: 'Delete the Restore on the target, or wait for its end, then start again.',
  TARGET_SCHEDULE_ACTIVE: 'Pause or delete the BackupSchedule on the target, then start again.',
  CLUSTER_NAME_COLLISION: 'Rename or detach the clusters on the target, then start again: the restore would write over them.',
  FENCING_FAILED: 'Give the credentials of the source their rights back and retry, or switch the source off and retry, or abort.',
  RESTORE_REFUSED: 'Read the refusal, mend its cause on the target, and retry; or abort.',
  RESTORE_NAME_TAKEN: 'Find out who made the Restore of this name on the target, delete it if it is of no use, and start again.',
  RESTORE_DELETED: 'Find out who deleted the Restore on the target, and what it had restored by then, before anything is started again.',
  RESTORE_FAILED: 'Read the Velero Restores in the history; mend the cause on the target and start again. The source stays fenced.',
  HUB_CALL_FAILED: 'Mend the cause and retry.',
  STEP_CRASHED_WORKERS: 'Read the logs of the workers that ended in this step; retry when the cause is known.',
};

export const problem = (code: FailoverProblemCode, message: string): FailoverProblem => ({ code, message, remedy: REMEDY[code] });

/** A hub that gives no usable answer now and may do so later. */
export const isPassing = (error: unknown): boolean =>
  isKubeError(error, 'HUB_UNREACHABLE', 'HUB_TIMEOUT', 'HUB_TLS_FAILED', 'HUB_REDIRECT_REFUSED', 'HUB_ANSWER_TOO_LARGE', 'HUB_ANSWER_MALFORMED', 'HUB_SERVER_ERROR', 'HUB_BUSY_THROTTLED', 'KUBE_GONE', 'KUBE_CONFLICT');

/** Code and message of an error that is ours to tell; null for anything else. */
export const toldAs = (error: unknown): string | null => (error instanceof DomainError ? `${error.code}: ${error.message}` : null);
