import { DomainError } from '../common/domain-error.js';

export class BackupSetNotFoundError extends DomainError {
  readonly code = 'BACKUP_SET_NOT_FOUND';
  readonly kind = 'not-found';
  readonly title = 'There is no such backup set';
  constructor(setId: string, options?: ErrorOptions) {
    super(`There is no backup set ${setId}`, { setId }, options);
  }
}

export class BackupScheduleInvalidError extends DomainError {
  readonly code = 'BACKUP_SCHEDULE_INVALID';
  readonly kind = 'invalid';
  readonly title = 'The backup schedule breaks a rule';
  constructor(message: string, field: string, options?: ErrorOptions) {
    super(message, { field }, options);
  }
}

/** An active BackupSchedule beside another one, or beside a Restore, is ignored by the operator. */
export class BackupScheduleExistsError extends DomainError {
  readonly code = 'BACKUP_SCHEDULE_EXISTS';
  readonly kind = 'conflict';
  readonly title = 'The hub has another backup schedule';
  override readonly remedy = 'Leave the name out to change the schedule that is there, or delete it on the hub first.';
  constructor(hubId: string, name: string, options?: ErrorOptions) {
    super(`Hub ${hubId} has the BackupSchedule ${JSON.stringify(name)}`, { hubId, name }, options);
  }
}

export class BackupNotInstalledError extends DomainError {
  readonly code = 'BACKUP_NOT_INSTALLED';
  readonly kind = 'conflict';
  readonly title = 'The hub knows no BackupSchedules';
  override readonly remedy = 'Enable the component CLUSTER_BACKUP on the hub first.';
  constructor(hubId: string, options?: ErrorOptions) {
    super(`Hub ${hubId} does not serve BackupSchedules`, { hubId }, options);
  }
}
