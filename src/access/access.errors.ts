import { DomainError } from '../common/domain-error.js';

/** One answer for every way in which a key may be wrong, so that nobody learns which. */
export class UnauthenticatedError extends DomainError {
  readonly code = 'UNAUTHENTICATED';
  readonly kind = 'unauthenticated';
  readonly title = 'A valid API key is required';
  override readonly remedy = 'Send `Authorization: Bearer lfb_\u2026` with a key that is neither expired nor revoked.';
  constructor(options?: ErrorOptions) {
    super('The request bears no valid API key', {}, options);
  }
}

export class ForbiddenError extends DomainError {
  readonly code = 'FORBIDDEN';
  readonly kind = 'forbidden';
  readonly title = 'The key lacks a permission';
  override readonly remedy = 'Use a key whose role has the permission.';
  constructor(permission: string, options?: ErrorOptions) {
    super(`The operation needs the permission ${permission}`, { permission }, options);
  }
}

export class ApiKeyNotFoundError extends DomainError {
  readonly code = 'API_KEY_NOT_FOUND';
  readonly kind = 'not-found';
  readonly title = 'There is no such API key';
  constructor(keyId: string, options?: ErrorOptions) {
    super(`There is no API key ${JSON.stringify(keyId)}`, { keyId }, options);
  }
}

export class ApiKeyNameTakenError extends DomainError {
  readonly code = 'API_KEY_NAME_TAKEN';
  readonly kind = 'conflict';
  readonly title = 'The name is taken';
  override readonly remedy = 'Choose another name, or revoke the key that bears it.';
  constructor(name: string, options?: ErrorOptions) {
    super(`Another API key is named ${JSON.stringify(name)}`, { name }, options);
  }
}

export class ApiKeyExpiryInvalidError extends DomainError {
  readonly code = 'API_KEY_EXPIRY_INVALID';
  readonly kind = 'invalid';
  readonly title = 'The expiry lies in the past';
  constructor(options?: ErrorOptions) {
    super('expiresAt must lie in the future', {}, options);
  }
}
