import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { isGraphQL } from './context.js';
import { etagOf, isNotModified } from './etag.js';
import type { PageView } from './paging.js';
import { LOCATION } from './rest-docs.js';

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function isPage(body: Record<string, unknown>): boolean {
  return Array.isArray(body['items']) && isObject(body['page']);
}

/** `<…>; rel="next"`, with the query as it came and the cursor of the next page. */
function nextLink(url: string, cursor: string): string {
  const [path = '/', query = ''] = url.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', cursor);
  return `<${path}?${parameters.toString()}>; rel="next"`;
}

/** The headers that follow from what is answered: Location of what was made, ETag (and 304) of what has a version, Link of what has a next page. */
@Injectable()
export class AnswerInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (isGraphQL(context)) return next.handle();
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const location = this.reflector.get<string | undefined>(LOCATION, context.getHandler());
    return next.handle().pipe(
      map((body: unknown) => {
        if (location !== undefined && isObject(body) && typeof body['id'] === 'string') void reply.header('location', `/api/v1${location}/${encodeURIComponent(body['id'])}`);
        return this.withHeaders(body, request, reply);
      }),
    );
  }

  private withHeaders(body: unknown, request: FastifyRequest, reply: FastifyReply): unknown {
    if (!isObject(body)) return body;
    if (isPage(body)) {
      const { nextCursor } = (body as unknown as PageView<unknown>).page;
      if (nextCursor !== null) void reply.header('link', nextLink(request.url, nextCursor));
      return body;
    }
    const version = body['version'];
    if (typeof version !== 'number') return body;
    const etag = etagOf(version);
    void reply.header('etag', etag);
    if (request.method !== 'GET' || !isNotModified(request.headers['if-none-match'], etag)) return body;
    void reply.status(304);
    return undefined;
  }
}
