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

/** What Velero keeps as the list of a backup's content is none. */
export class BackupRecordMalformedError extends DomainError {
  readonly code = 'BACKUP_RECORD_MALFORMED';
  readonly kind = 'unavailable';
  readonly title = 'The record of a backup cannot be read';
  override readonly remedy = 'Look at the list with Velero\u2019s own client, and count on another set.';
  constructor(problem: string, options?: ErrorOptions) {
    super(`The list of what the backup holds: ${problem}`, {}, options);
  }
}

/** A DownloadRequest that stays unanswered: also for a backup that this Velero does not know. */
export class BackupRecordNotAnsweredError extends DomainError {
  readonly code = 'BACKUP_RECORD_NOT_ANSWERED';
  readonly kind = 'unavailable';
  readonly title = 'Velero does not say where its record can be read';
  override readonly remedy = 'See that the Deployment velero runs on the hub, and what it logs.';
  /** @param waitedMs null: no hub that could be asked shows the backup */
  constructor(backup: string, waitedMs: number | null, options?: ErrorOptions) {
    super(waitedMs === null ? `No hub shows ${backup} any more` : `Velero gave no address for the record of ${backup} within ${waitedMs} ms`, { backup }, options);
  }
}
