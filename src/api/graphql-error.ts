import { Logger } from '@nestjs/common';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { DomainError } from '../common/domain-error.js';
import { asDomainError } from './as-domain-error.js';
import { toExtensions } from './problem.js';

const logger = new Logger('GraphQL');

/** Wraps a failure so that graphql-js shows its code; `http.status` is obeyed before an operation has begun. */
export function toGraphQLError(error: DomainError, httpStatus?: number): GraphQLError {
  return new GraphQLError(error.message, {
    originalError: error,
    extensions: { ...toExtensions(error), ...(httpStatus === undefined ? {} : { http: { status: httpStatus } }) },
  });
}

/**
 * The last word of GraphQL on every failure. Ours carry their codes; what graphql-js and Apollo find wrong with an operation
 * keeps Apollo's codes; whatever else is INTERNAL and says nothing.
 */
export function formatGraphQLError(formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError {
  const original = thrown instanceof GraphQLError && thrown.originalError ? thrown.originalError : thrown;
  const where = { ...(formatted.path ? { path: formatted.path } : {}), ...(formatted.locations ? { locations: formatted.locations } : {}) };
  if (original instanceof GraphQLError) return { message: withoutValues(formatted.message), ...where, extensions: codeOnly(formatted.extensions) };
  const error = asDomainError(original);
  return { message: error.message, ...where, extensions: toExtensions(error) };
}

/** Puts into the log what is told to nobody. */
export function logUnforeseen(thrown: unknown): void {
  const original = thrown instanceof GraphQLError && thrown.originalError ? thrown.originalError : thrown;
  if (original instanceof GraphQLError) return;
  const error = asDomainError(original);
  if (error.kind === 'internal') logger.error({ err: error }, 'A GraphQL operation failed');
}

function codeOnly(extensions: GraphQLFormattedError['extensions']): Record<string, unknown> {
  const code = extensions?.['code'];
  return { code: typeof code === 'string' && code !== 'INTERNAL_SERVER_ERROR' ? code : 'BAD_USER_INPUT' };
}

/** graphql-js quotes the value that it refuses, which may be a kubeconfig. */
function withoutValues(message: string): string {
  return message.replace(/got invalid value .*?(?=( at ")|;|$)/s, 'got an invalid value').replace(/Unexpected error value: .*/s, 'Unexpected error value').slice(0, 500);
}
