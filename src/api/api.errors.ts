import { DomainError, type ErrorKind } from '../common/domain-error.js';

/** One thing that is wrong with the input. */
export interface InputIssue {
  /** JSON pointer (RFC 6901) into the body, or the name of a query or path parameter; '' is the whole */
  readonly pointer: string;
  /** Stable, e.g. UNKNOWN_FIELD, REQUIRED, WRONG_TYPE */
  readonly code: string;
  readonly detail: string;
}

export class ValidationFailedError extends DomainError {
  readonly code = 'VALIDATION_FAILED';
  readonly kind = 'invalid';
  readonly title = 'The input breaks a rule';
  override readonly remedy = 'Correct what `errors` names, then send it again.';
  constructor(readonly issues: readonly InputIssue[], options?: ErrorOptions) {
    super(issues.map((issue) => `${issue.pointer || 'the input'}: ${issue.detail}`).join('; ').slice(0, 500), {}, options);
  }
}

/** A failure of HTTP itself: the request never reached an operation. */
export class RequestError extends DomainError {
  constructor(
    readonly code: 'BODY_UNREADABLE' | 'BODY_TOO_LARGE' | 'MEDIA_TYPE_UNSUPPORTED' | 'ROUTE_NOT_FOUND' | 'URL_UNREADABLE' | 'REQUEST_UNREADABLE',
    readonly kind: ErrorKind,
    readonly title: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, {}, options);
  }
}

export class PreconditionRequiredError extends DomainError {
  readonly code = 'PRECONDITION_REQUIRED';
  readonly kind = 'precondition-required';
  readonly title = 'The version must be named';
  override readonly remedy = 'Read the resource, then send its ETag as If-Match.';
  constructor(options?: ErrorOptions) {
    super('If-Match with the version of the resource is required', {}, options);
  }
}

export class PreconditionUnreadableError extends DomainError {
  readonly code = 'PRECONDITION_FAILED';
  readonly kind = 'precondition-failed';
  readonly title = 'If-Match names no version of the resource';
  override readonly remedy = 'Read the resource, then send its ETag as If-Match.';
  constructor(options?: ErrorOptions) {
    super('If-Match must be one strong ETag as the resource showed it, e.g. "3"', {}, options);
  }
}

export class IdempotencyKeyRequiredError extends DomainError {
  readonly code = 'IDEMPOTENCY_KEY_REQUIRED';
  readonly kind = 'unreadable';
  readonly title = 'An Idempotency-Key is required';
  override readonly remedy = 'Send the header Idempotency-Key (in GraphQL also `clientMutationId`): a UUID or a ticket number, the same on each retry.';
  constructor(options?: ErrorOptions) {
    super('This operation acts: it needs an Idempotency-Key of 1 to 255 printable characters', {}, options);
  }
}

export class IdempotencyKeyReusedError extends DomainError {
  readonly code = 'IDEMPOTENCY_KEY_REUSED';
  readonly kind = 'invalid';
  readonly title = 'The Idempotency-Key belongs to another request';
  override readonly remedy = 'Use a new key for a new request; repeat a request with exactly the same content.';
  constructor(options?: ErrorOptions) {
    super('The Idempotency-Key was used before with other content', {}, options);
  }
}

export class IdempotencyInProgressError extends DomainError {
  readonly code = 'IDEMPOTENCY_IN_PROGRESS';
  readonly kind = 'conflict';
  readonly title = 'The same request is being carried out';
  override readonly remedy = 'Send it again after Retry-After: the answer will be the first one\u2019s.';
  constructor(readonly retryAfterSeconds: number, options?: ErrorOptions) {
    super('A request with this Idempotency-Key is still running', {}, options);
  }
}

export class TooManyRequestsError extends DomainError {
  readonly code = 'RATE_LIMITED';
  readonly kind = 'too-many';
  readonly title = 'Too many requests';
  override readonly remedy = 'Send it again after Retry-After.';
  constructor(perMinute: number, readonly retryAfterSeconds: number, options?: ErrorOptions) {
    super(`At most ${perMinute} requests a minute are answered for one caller`, { perMinute }, options);
  }
}

export class TooManyStreamsError extends DomainError {
  readonly code = 'TOO_MANY_STREAMS';
  readonly kind = 'too-many';
  readonly title = 'Too many event streams are open';
  override readonly remedy = 'Close one of the open streams first.';
  constructor(limit: number, options?: ErrorOptions) {
    super(`At most ${limit} event streams may be open for one key`, { limit }, options);
  }
}
