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

export class FindingNotFoundError extends DomainError {
  readonly code = 'FINDING_NOT_FOUND';
  readonly kind = 'not-found';
  readonly title = 'There is no such finding now';
  constructor(planId: string, code: string, cluster: string | null, options?: ErrorOptions) {
    const where = cluster === null ? 'nowhere under it' : `not on ${cluster}`;
    super(`Plan ${planId} has no finding ${code}: ${where}`, { planId, code, cluster }, options);
  }
}

export class AcknowledgementInvalidError extends DomainError {
  readonly code = 'ACKNOWLEDGEMENT_INVALID';
  readonly kind = 'invalid';
  readonly title = 'The acknowledgement breaks a rule';
  constructor(message: string, field: string, options?: ErrorOptions) {
    super(message, { field }, options);
  }
}

export class AcknowledgementNotFoundError extends DomainError {
  readonly code = 'ACKNOWLEDGEMENT_NOT_FOUND';
  readonly kind = 'not-found';
  readonly title = 'There is no such acknowledgement';
  constructor(id: string, options?: ErrorOptions) {
    super(`There is no acknowledgement ${id}`, { id }, options);
  }
}
