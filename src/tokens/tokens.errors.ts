import { DomainError } from '../common/domain-error.js';

export class TokenNotFoundError extends DomainError {
  readonly code = 'TOKEN_NOT_FOUND';
  readonly kind = 'not-found';
  readonly title = 'There is no such token';
  constructor(tokenId: string, options?: ErrorOptions) {
    super(`There is no auto-import token ${tokenId}`, { tokenId }, options);
  }
}

export class TimeRangeInvalidError extends DomainError {
  readonly code = 'TIME_RANGE_INVALID';
  readonly kind = 'invalid';
  readonly title = 'The span of time is none, or too long';
  override readonly remedy = 'Let `from` be before `to`, and ask for a long time in parts.';
  constructor(from: Date, to: Date, maxDays: number, options?: ErrorOptions) {
    super(`From ${from.toISOString()} to ${to.toISOString()} is no span of at most ${maxDays} days`, { from: from.toISOString(), to: to.toISOString(), maxDays }, options);
  }
}
