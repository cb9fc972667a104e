import { DomainError } from '../../common/domain-error.js';

export class RestoreNotFoundError extends DomainError {
  readonly code = 'RESTORE_NOT_FOUND';
  readonly kind = 'not-found';
  readonly title = 'There is no such restore';
  constructor(restoreId: string, options?: ErrorOptions) {
    super(`There is no restore ${restoreId}`, { restoreId }, options);
  }
}
