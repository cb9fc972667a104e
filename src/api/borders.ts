import { createHash } from 'node:crypto';
import cors from '@fastify/cors';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { TooManyRequestsError } from './api.errors.js';

/** Who may come from where, and how often. */
export interface Borders {
  /** Origins whose pages may call; none: no other site's page may */
  readonly corsOrigins?: readonly string[];
  /** Of one caller, at this process; absent: as many as come */
  readonly requestsPerMinute?: number;
}

const MINUTE_MS = 60_000;
/** Callers that are remembered at once. */
const CALLERS = 10_000;
/** Asked by the machinery around us. */
const NEVER_LIMITED = new Set(['/livez', '/readyz', '/metrics']);

const CORS = {
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowedHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match', 'If-None-Match', 'Last-Event-ID', 'Traceparent'],
  exposedHeaders: ['Location', 'ETag', 'Link', 'Retry-After', 'Idempotency-Key', 'Idempotent-Replayed', 'Deprecation', 'Sunset', 'X-Request-Id', 'X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'],
  credentials: false, // a key comes in a header: no cookie means anything here
  maxAge: 600,
};

const pathOf = (request: FastifyRequest): string => request.url.split('?', 1)[0] ?? '';

/** By key; who brings none, by address. What stands in the header is kept as a hash alone. */
function callerOf({ headers, ip }: FastifyRequest): string {
  return headers.authorization === undefined ? `ip/${ip}` : createHash('sha256').update(headers.authorization).digest('base64url');
}

/** Before the routes are made: a limit reaches only what comes after it. */
export async function guardBorders(fastify: FastifyInstance, { corsOrigins = [], requestsPerMinute }: Borders): Promise<void> {
  if (corsOrigins.length > 0) await fastify.register(cors, { ...CORS, origin: [...corsOrigins] });
  if (requestsPerMinute === undefined) return;
  await fastify.register(rateLimit, {
    max: requestsPerMinute, timeWindow: MINUTE_MS, cache: CALLERS, keyGenerator: callerOf, allowList: (request) => NEVER_LIMITED.has(pathOf(request)),
    errorResponseBuilder: (_request, { ttl }) => new TooManyRequestsError(requestsPerMinute, Math.max(1, Math.ceil(ttl / 1000))),
  });
}
