import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { IdempotencyInProgressError, TooManyRequestsError } from './api.errors.js';
import { asDomainError } from './as-domain-error.js';
import { isGraphQL } from './context.js';
import { toProblem } from './problem.js';

/** How long a caller should wait before it tries again what is unavailable now, in seconds. */
const RETRY_AFTER_SECONDS = 3;

/** The last word of REST on every failure: an RFC 9457 problem. GraphQL's failures pass through to formatGraphQLError. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  catch(exception: unknown, host: ArgumentsHost): unknown {
    if (isGraphQL(host)) return exception;
    const http = host.switchToHttp();
    this.answer(exception, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
    return undefined;
  }

  private answer(exception: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const error = asDomainError(exception);
    const problem = toProblem(error, request.url.split('?', 1)[0] ?? '/', request.id);
    if (error.kind === 'internal') this.logger.error({ err: error }, 'A request failed');
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy(); // half an answer is out: the only honest end is a broken connection
      return;
    }
    for (const [name, value] of Object.entries(headersFor(problem.status, error))) void reply.header(name, value);
    void reply.status(problem.status).type('application/problem+json; charset=utf-8').send(JSON.stringify(problem));
  }
}

function headersFor(status: number, error: unknown): Record<string, string> {
  if (error instanceof IdempotencyInProgressError || error instanceof TooManyRequestsError) return { 'retry-after': String(error.retryAfterSeconds) };
  if (status === 401) return { 'www-authenticate': 'Bearer realm="lifeboat"' };
  if (status === 503 || status === 429) return { 'retry-after': String(RETRY_AFTER_SECONDS) };
  return {};
}
