import { HttpException } from '@nestjs/common';
import { DomainError } from '../common/domain-error.js';
import { RequestError } from './api.errors.js';
import { UnforeseenError } from './problem.js';

/** Largest body that is read, in bytes. */
export const BODY_LIMIT = 1_048_576;

interface WithCode {
  readonly code?: unknown;
  readonly statusCode?: unknown;
}

const ofFastify: Readonly<Record<string, (cause: Error) => RequestError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: (cause) => new RequestError('BODY_TOO_LARGE', 'unreadable', 'The body is too large', `A body may have ${BODY_LIMIT} bytes`, { cause }),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: (cause) =>
    new RequestError('MEDIA_TYPE_UNSUPPORTED', 'unreadable', 'The media type is not supported', 'Bodies are application/json', { cause }),
  FST_ERR_BAD_URL: (cause) => new RequestError('URL_UNREADABLE', 'unreadable', 'The URL cannot be read', 'The path is not well-formed', { cause }),
  FST_ERR_MAX_PARAM_LENGTH: (cause) => new RequestError('ROUTE_NOT_FOUND', 'not-found', 'There is no such path', 'A part of the path is too long', { cause }),
};

const unreadableBody = (cause: Error) => new RequestError('BODY_UNREADABLE', 'unreadable', 'The body cannot be read', 'The body is not well-formed JSON', { cause });

/**
 * Gives every failure of a request its code. What nobody foresaw becomes INTERNAL, with the failure as its cause:
 * the doors show only the former, the log both.
 */
export function asDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  if (!(error instanceof Error)) return new UnforeseenError({ cause: error });
  const { code, statusCode } = error as WithCode;
  const known = typeof code === 'string' ? ofFastify[code] : undefined;
  if (known) return known(error);
  if (typeof code === 'string' && code.startsWith('FST_ERR_CTP')) return unreadableBody(error);
  if (error instanceof SyntaxError && statusCode === 400) return unreadableBody(error);
  if (error instanceof HttpException) return ofNest(error);
  return new UnforeseenError({ cause: error });
}

/** Nest hands on what Fastify finds wrong with a body as a status and a text. */
function ofNest(error: HttpException): DomainError {
  const status = error.getStatus();
  if (status === 404) return new RequestError('ROUTE_NOT_FOUND', 'not-found', 'There is no such path', 'No operation has this method and path', { cause: error });
  if (status === 413) return ofFastify['FST_ERR_CTP_BODY_TOO_LARGE']!(error);
  if (status === 415) return ofFastify['FST_ERR_CTP_INVALID_MEDIA_TYPE']!(error);
  if (status === 400) return unreadableBody(error);
  if (status >= 400 && status < 500) return new RequestError('REQUEST_UNREADABLE', 'unreadable', 'The request cannot be read', 'The request is not well-formed', { cause: error });
  return new UnforeseenError({ cause: error });
}
