import { applyDecorators, HttpCode, SetMetadata } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';
import { Acts, type ActsOptions } from './acts.decorator.js';

// What a REST operation does beyond its handler, and what the OpenAPI document says of it beyond its parameters.

export const LOCATION = 'lifeboat:location';

const problem = (status: number, description: string) => ApiResponse({ status, description, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } });

const COMMON_PROBLEMS = [problem(401, 'No valid API key'), problem(403, 'The key lacks the permission'), problem(500, 'Unforeseen; the log has the request id'), problem(503, 'Something that the operation needs does not answer')];

const idempotencyHeaders = [
  ApiHeader({ name: 'Idempotency-Key', required: true, description: 'The same on each retry: a UUID or a ticket number', schema: { type: 'string', minLength: 1, maxLength: 255 } }),
  problem(409, 'In conflict with what is, or with a request of the same Idempotency-Key that is running'),
];

export interface RestOptions {
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  /** The schema of the answer; absent: 204 */
  readonly answer?: z.ZodType;
  readonly status?: number;
  /** Acts: takes an Idempotency-Key */
  readonly acts?: true | ActsOptions;
  /** Needs If-Match */
  readonly ifMatch?: boolean;
  /** Path of the thing made, up to its id: answered as Location */
  readonly location?: string;
  /** Takes input that may break a rule */
  readonly takes?: boolean;
  /** May name what does not exist */
  readonly finds?: boolean;
  /** What is asked for may not be kept any more */
  readonly expires?: boolean;
  /** The answer is also to be had as server-sent events */
  readonly streams?: boolean;
  /** The answer is a whole list, a row a line; `answer` is one row */
  readonly rows?: boolean;
}

function describeAnswer({ answer, rows, streams }: RestOptions, status: number, headers: NonNullable<Parameters<typeof ApiResponse>[0]['headers']>): MethodDecorator {
  if (rows) {
    const lines = { schema: { type: 'string' as const } };
    return ApiResponse({ status, description: 'A row a line', content: { 'application/jsonl': lines, 'text/csv': lines } });
  }
  const schema = answer ? { standardSchema: answer } : {};
  if (streams) return ApiResponse({ status, description: 'A page, or with `Accept: text/event-stream` the events as they come', ...schema });
  return ApiResponse({ status, ...schema, ...(Object.keys(headers).length > 0 ? { headers } : {}) });
}

/** Status, headers and problems of a REST operation, for the answer itself and for its description. */
export function Rest(options: RestOptions): MethodDecorator {
  const status = options.status ?? (options.answer ? 200 : 204);
  const headers = {
    ...(options.acts ? { 'Idempotent-Replayed': { description: '`true`: this is the first answer, told again', schema: { type: 'string' as const } } } : {}),
    ...(options.location ? { Location: { description: 'Where it is from now on', schema: { type: 'string' as const } } } : {}),
  };
  return applyDecorators(
    HttpCode(status),
    SetMetadata(LOCATION, options.location),
    ApiOperation({ summary: options.summary, tags: [options.tag], ...(options.description ? { description: options.description } : {}) }),
    describeAnswer(options, status, headers),
    ...(options.acts ? [Acts(options.acts === true ? {} : options.acts), ...(options.acts !== true && options.acts.keyOptional ? [] : idempotencyHeaders)] : []),
    ...(options.ifMatch
      ? [
          ApiHeader({ name: 'If-Match', required: true, description: 'The ETag that was read', schema: { type: 'string' } }),
          problem(412, 'It was changed meanwhile'),
          problem(428, 'If-Match is missing'),
        ]
      : []),
    ...(options.finds ? [problem(404, 'There is no such thing')] : []),
    ...(options.expires ? [problem(410, 'It is not kept any more')] : []),
    ...(options.takes ? [problem(400, 'The request cannot be read'), problem(422, 'The input breaks a rule; `errors` says which')] : []),
    ...COMMON_PROBLEMS,
  );
}
