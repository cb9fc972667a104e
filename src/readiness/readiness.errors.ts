import { DomainError } from '../common/domain-error.js';

export class BackupSetOfAnotherHubError extends DomainError {
  readonly code = 'BACKUP_SET_OF_ANOTHER_HUB';
  readonly kind = 'invalid';
  readonly title = 'The backup set is not one of the plan\u2019s source';
  override readonly remedy = 'Name a set that the plan\u2019s source hub made; the plan\u2019s recovery points list those that can be restored.';
  constructor(setId: string, options?: ErrorOptions) {
    super(`Backup set ${setId} was made by another hub than the plan\u2019s source`, { setId }, options);
  }
}

export class WhatIfInvalidError extends DomainError {
  readonly code = 'WHAT_IF_INVALID';
  readonly kind = 'invalid';
  readonly title = 'The question contradicts itself or asks too far away';
  constructor(message: string, field: string, options?: ErrorOptions) {
    super(message, { field }, options);
  }
}

export class HistoryRangeInvalidError extends DomainError {
  readonly code = 'HISTORY_RANGE_INVALID';
  readonly kind = 'invalid';
  readonly title = 'The time that was asked about is none that history can tell of';
  constructor(message: string, field: string, options?: ErrorOptions) {
    super(message, { field }, options);
  }
}
