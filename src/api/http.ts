import helmet from '@fastify/helmet';
import { RequestMethod, type INestApplication } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHash, randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RawRequestDefaultExpression } from 'fastify';
import { type Borders, guardBorders } from './borders.js';
import { asDomainError, BODY_LIMIT } from './as-domain-error.js';
import { isNotModified } from './etag.js';
import { GRAPHQL_PATH } from './graphql-path.js';
import { serveApiDocs } from './openapi-document.js';
import { servePlayground } from './playground.js';
import { serveProblemPages } from './problem-pages.js';
import { toProblem } from './problem.js';

/** Answers that no page frames, no script runs in, and nothing is loaded for. The two pages have policies of their own. */
const BARE_POLICY = { defaultSrc: ["'none'"], frameAncestors: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"] };
/** Swagger UI: all from here; it sets styles from its script. */
const DOCS_POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** A name in Kubernetes may have 253 characters, and each may come as three of a URL. */
const PARAMETER_LIMIT = 253 * 3;

/** The trace id of a W3C `traceparent`, so that one id leads through every log; else one by chance. */
function requestIdOf({ headers }: RawRequestDefaultExpression): string {
  const parent = headers['traceparent'];
  const traceId = typeof parent === 'string' ? /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(parent)?.[1] : undefined;
  return traceId ?? randomUUID();
}

function answerBareProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = toProblem(asDomainError(error), request.url.split('?', 1)[0] ?? '/', request.id);
  void reply.headers({ 'x-request-id': request.id, 'x-content-type-options': 'nosniff' });
  void reply.status(problem.status).type('application/problem+json; charset=utf-8').send(JSON.stringify(problem));
}

/** Fastify as Lifeboat runs it. Pass it to NestFactory.create with `bodyParser: false`, then call configureHttp. */
export function newHttpAdapter(): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    genReqId: requestIdOf,
    routerOptions: { maxParamLength: PARAMETER_LIMIT, ignoreTrailingSlash: false },
    // What the router itself refuses comes by no filter of Nest's
    frameworkErrors: answerBareProblem,
    return503OnClosing: true,
    requestTimeout: 60_000,
  });
}

/**
 * What is read and has no version of its own gets an ETag by its content, so that who asks again and again is told in few bytes that nothing
 * has changed. Ages are part of the content: a reader is never left with an old one.
 */
function withContentTag(request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown {
  if (request.method !== 'GET' || reply.statusCode !== 200 || typeof payload !== 'string' || !request.url.startsWith('/api/')) return payload;
  if (reply.hasHeader('etag')) return payload;
  const etag = `"${createHash('sha256').update(payload).digest('base64url')}"`;
  void reply.header('etag', etag);
  if (!isNotModified(request.headers['if-none-match'], etag)) return payload;
  void reply.status(304).removeHeader('content-type').removeHeader('content-length');
  return '';
}

/** Paths that are not below /api/v1; Nest's middleware, which gives log lines their request id, reaches them by this list too. */
const OUTSIDE_PREFIX = ['livez', 'readyz', 'metrics', GRAPHQL_PATH.slice(1)];

/**
 * Everything of HTTP that is no operation: bodies, headers, prefix, pages. Before `app.listen()` or `app.init()`.
 * @param version as the OpenAPI document shows it
 */
export async function configureHttp(app: NestFastifyApplication, version: string, borders: Borders = {}): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  takeJsonOnly(fastify);
  await guardBorders(fastify, borders);
  await app.register(helmet as never, {
    contentSecurityPolicy: { useDefaults: false, directives: BARE_POLICY },
    strictTransportSecurity: false, // TLS ends in front of us
    crossOriginOpenerPolicy: false, // plain HTTP makes browsers complain of it
    originAgentCluster: false, // likewise
    referrerPolicy: { policy: 'no-referrer' },
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    if (request.url === '/docs' || request.url.startsWith('/docs/') || request.url.startsWith('/docs?')) void reply.header('content-security-policy', DOCS_POLICY);
    if (request.url.startsWith('/api/')) void reply.header('cache-control', 'no-store');
    done();
  });
  fastify.addHook('onSend', (request, reply, payload, done) => done(null, withContentTag(request, reply, payload)));
  prefixRoutes(app);
  servePlayground(fastify);
  serveProblemPages(fastify);
  serveApiDocs(app, version);
}

/** All operations of REST are below /api/v1. */
export function prefixRoutes(app: INestApplication): void {
  app.setGlobalPrefix('api/v1', { exclude: OUTSIDE_PREFIX.map((path) => ({ path, method: RequestMethod.ALL })) });
}

/** application/json and nothing else, so that no form of another site's page is ever understood. */
function takeJsonOnly(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined);
    return parse(request, body as string, done);
  });
}
