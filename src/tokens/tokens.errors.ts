import { DomainError } from '../common/domain-error.js';

export class TokenNotFoundError extends DomainError {
  readonly code = 'TOKEN_NOT_FOUND';
  readonly kind = 'not-found';
  readonly title = 'There is no such token';
  constructor(tokenId: string, options?: ErrorOptions) {
    super(`There is no auto-import token ${tokenId}`, { tokenId }, options);
  }
}
