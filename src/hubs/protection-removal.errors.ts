import { DomainError } from '../common/domain-error.js';

export class RemovalNotFoundError extends DomainError {
  readonly code = 'REMOVAL_NOT_FOUND';
  readonly kind = 'not-found';
  readonly title = 'There is no such removal';
  constructor(removalId: string, options?: ErrorOptions) {
    super(`There is no removal of protection ${removalId}`, { removalId }, options);
  }
}

export class RemovalInProgressError extends DomainError {
  readonly code = 'REMOVAL_IN_PROGRESS';
  readonly kind = 'conflict';
  readonly title = 'The hub\u2019s protection is being removed already';
  override readonly remedy = 'Follow the removal that runs, or stop it by setting the policy to PROTECT.';
  constructor(hubId: string, options?: ErrorOptions) {
    super(`A removal of hub ${hubId}\u2019s protection has not ended yet`, { hubId }, options);
  }
}

/** What would be removed is not what was confirmed. */
export class RemovalListChangedError extends DomainError {
  readonly code = 'REMOVAL_LIST_CHANGED';
  readonly kind = 'conflict';
  readonly title = 'The list has changed since it was confirmed';
  override readonly remedy = 'Look at the list again with dryRun, and confirm it by its new hash.';
  constructor(hubId: string, expected: string, found: string, options?: ErrorOptions) {
    super(`On hub ${hubId} other objects would be removed than those that were confirmed`, { hubId, expected, found }, options);
  }
}

export class RemovalConfirmationRequiredError extends DomainError {
  readonly code = 'REMOVAL_CONFIRMATION_REQUIRED';
  readonly kind = 'invalid';
  readonly title = 'A removal must name the list that it removes';
  override readonly remedy = 'Ask with dryRun first, look at the list, and repeat its hash as `confirm`.';
  constructor(hubId: string, options?: ErrorOptions) {
    super(`Nothing is removed from hub ${hubId} without a confirmation`, { hubId }, options);
  }
}

export class RemovalRightsMissingError extends DomainError {
  readonly code = 'REMOVAL_RIGHTS_MISSING';
  readonly kind = 'conflict';
  readonly title = 'Lifeboat\u2019s account may not remove what it made';
  override readonly remedy = 'Apply deploy/hub-rbac-remove.yaml on the hub, remove, and take it away again.';
  constructor(hubId: string, missing: readonly string[], options?: ErrorOptions) {
    super(`On hub ${hubId} the account may not ${missing.join(', ')}`, { hubId, missing }, options);
  }
}
