import { DomainError } from '../common/domain-error.js';

export class BackupScheduleNotFoundError extends DomainError {
  readonly code = 'BACKUP_SCHEDULE_NOT_FOUND';
  readonly kind = 'not-found';
  readonly title = 'The hub has no backup schedule';
  override readonly remedy = 'Create one with PUT.';
  constructor(hubId: string, options?: ErrorOptions) {
    super(`Hub ${hubId} has no BackupSchedule`, { hubId }, options);
  }
}

export class BackupScheduleChangedError extends DomainError {
  readonly code = 'VERSION_CONFLICT';
  readonly kind = 'precondition-failed';
  readonly title = 'Someone else changed it meanwhile';
  override readonly remedy = 'Read it again and repeat the change on what it is now.';
  constructor(hubId: string, expected: number, found: number, options?: ErrorOptions) {
    super(`The BackupSchedule of hub ${hubId} is no longer at version ${expected}, but at ${found}`, { hubId, expected, found }, options);
  }
}

/** Older releases have no `spec.paused`: their API server drops the field without a word. */
export class PauseNotSupportedError extends DomainError {
  readonly code = 'PAUSE_NOT_SUPPORTED';
  readonly kind = 'conflict';
  readonly title = 'The hub\u2019s release cannot pause a backup schedule';
  override readonly remedy = 'Update RHACM on the hub; until then only deleting the BackupSchedule there stops its backups.';
  constructor(hubId: string, options?: ErrorOptions) {
    super(`Hub ${hubId} took the change and dropped spec.paused`, { hubId }, options);
  }
}

/** The fleet has moved: a schedule that runs here would collide with the new hub's. */
export class HubFencedError extends DomainError {
  readonly code = 'HUB_FENCED';
  readonly kind = 'conflict';
  readonly title = 'The hub has lost its fleet to another';
  override readonly remedy = 'Leave its schedule paused; back up the fleet on the hub that has it now.';
  constructor(hubId: string, fencing: string, options?: ErrorOptions) {
    super(`Hub ${hubId} is ${fencing}: its backups would collide with those of the hub that took over`, { hubId, fencing }, options);
  }
}

/** In this phase the operator no longer looks at the schedule. */
export class ScheduleCollidedError extends DomainError {
  readonly code = 'BACKUP_COLLISION';
  readonly kind = 'conflict';
  readonly title = 'The schedule is in collision with another hub';
  override readonly remedy = 'Find out which hub has the fleet; then delete the BackupSchedule on the hub that shall back up, and create it anew.';
  constructor(hubId: string, options?: ErrorOptions) {
    super(`The BackupSchedule of hub ${hubId} is in the phase BackupCollision, in which resuming has no effect`, { hubId }, options);
  }
}
