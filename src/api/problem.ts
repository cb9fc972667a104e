import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { DomainError, type ErrorDetails, type ErrorKind } from '../common/domain-error.js';
import { ValidationFailedError, type InputIssue } from './api.errors.js';
import { docsUrlOf } from './docs-url.js';

const STATUS = {
  invalid: 422,
  unreadable: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  gone: 410,
  conflict: 409,
  'precondition-failed': 412,
  'precondition-required': 428,
  'too-many': 429,
  unavailable: 503,
  internal: 500,
} as const satisfies Record<ErrorKind, number>;

/** Where HTTP has a word of its own for what is a kind of `unreadable` to the domain. */
const STATUS_OF_CODE: Readonly<Record<string, number>> = { BODY_TOO_LARGE: 413, MEDIA_TYPE_UNSUPPORTED: 415 };

export const problemView = z
  .object({
    type: z.string().describe('`urn:lifeboat:problem:` and the code'),
    title: z.string().describe('What sort of failure; the same each time'),
    status: z.int(),
    detail: z.string().describe('What happened this time, for people'),
    instance: z.string().describe('The path that was called'),
    code: z.string().describe('For programs: stable, never renamed'),
    docsUrl: z.string().describe('The page of the code, on this server: what it means, why, and what to do'),
    requestId: z.string().describe('Also in our log'),
    remedy: z.string().optional().describe('What to do'),
    errors: z
      .array(z.object({ pointer: z.string(), code: z.string(), detail: z.string() }))
      .optional()
      .describe('With VALIDATION_FAILED: everything that is wrong'),
  })
  .catchall(z.unknown())
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' });

/** RFC 9457, sent as application/problem+json; the details of the error are its extension members. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: string;
  readonly docsUrl: string;
  readonly requestId: string;
  readonly remedy?: string;
  readonly errors?: readonly InputIssue[];
}

const RESERVED = new Set(['type', 'title', 'status', 'detail', 'instance', 'code', 'docsUrl', 'kind', 'requestId', 'remedy', 'errors', 'stack', 'cause', 'message', 'http']);

/** Lets through what ErrorDetails may hold and nothing else, whatever was put there: an error may carry the world. */
export function safeDetails(details: ErrorDetails): ErrorDetails {
  const safe: Record<string, string | number | boolean | null | readonly string[]> = {};
  for (const [key, value] of Object.entries(details)) {
    if (RESERVED.has(key)) continue;
    if (typeof value === 'string') safe[key] = value.slice(0, 500);
    else if (typeof value === 'number' || typeof value === 'boolean' || value === null) safe[key] = value;
    else if (Array.isArray(value)) safe[key] = value.filter((item) => typeof item === 'string').slice(0, 50).map((item) => item.slice(0, 500));
  }
  return safe;
}

export function statusOf(error: DomainError): number {
  return STATUS_OF_CODE[error.code] ?? STATUS[error.kind];
}

/** What an error that nobody foresaw is told as: nothing of it, only where to look. */
export class UnforeseenError extends DomainError {
  readonly code = 'INTERNAL';
  readonly kind = 'internal';
  readonly title = 'Lifeboat failed';
  override readonly remedy = 'Look for the request id in the log of the service.';
  constructor(options?: ErrorOptions) {
    super('The request failed for a reason that the service did not foresee', {}, options);
  }
}

export function toProblem(error: DomainError, instance: string, requestId: string): Problem {
  const status = statusOf(error);
  return {
    ...safeDetails(error.details),
    type: `urn:lifeboat:problem:${error.code}`,
    title: error.title || STATUS_CODES[status] || 'Failure',
    status,
    detail: error.message,
    instance: instance.slice(0, 500),
    code: error.code,
    docsUrl: docsUrlOf(error.code),
    requestId,
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    ...(error instanceof ValidationFailedError ? { errors: error.issues } : {}),
  };
}

/** What GraphQL shows beside the message; the codes are those of REST, save that `INTERNAL` and `BAD_USER_INPUT` have Apollo's names beside them. */
export function toExtensions(error: DomainError): Record<string, unknown> {
  return {
    ...safeDetails(error.details),
    code: error.code,
    docsUrl: docsUrlOf(error.code),
    kind: error.kind,
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    ...(error instanceof ValidationFailedError ? { errors: error.issues } : {}),
  };
}
