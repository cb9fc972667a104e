/** What sort of failure it is; the doors turn it into HTTP and GraphQL words. */
export type ErrorKind =
  | 'invalid' // the input breaks a rule
  | 'unreadable' // the input cannot even be parsed
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'gone' // it was there, and is not kept
  | 'conflict'
  | 'precondition-failed' // If-Match names an older version
  | 'precondition-required'
  | 'too-many'
  | 'unavailable' // something that we depend on does not answer; trying later may help
  | 'internal';

/** JSON-safe facts about a failure. Never a secret, never a body that came from outside. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/**
 * A failure that a caller can act on. `code` is part of the API: add freely, never rename.
 * The message says what, where and which input, on one line; `remedy` says what to do.
 */
export abstract class DomainError extends Error {
  abstract readonly code: string;
  abstract readonly kind: ErrorKind;
  /** The same each time; the message tells this time. */
  abstract readonly title: string;
  readonly remedy?: string;

  constructor(
    message: string,
    readonly details: ErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}
