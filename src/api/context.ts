import type { ArgumentsHost } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CallingRequest } from './caller.js';
import type { Loaders } from './loaders.js';

/** What each GraphQL operation carries. Made once per HTTP request, or per operation of a WebSocket. */
export interface GraphQLContext {
  readonly req: CallingRequest;
  /** Absent on a WebSocket */
  readonly reply?: FastifyReply;
  readonly loaders: Loaders;
}

export function isGraphQL(host: ArgumentsHost): boolean {
  return host.getType<string>() === 'graphql';
}

/** The GraphQL context of a resolver call: its third argument. */
export function graphQLContextOf(host: ArgumentsHost): GraphQLContext {
  return host.getArgByIndex<GraphQLContext>(2);
}

/** The request behind a call through either door. */
export function requestOf(host: ArgumentsHost): CallingRequest {
  return isGraphQL(host) ? graphQLContextOf(host).req : host.switchToHttp().getRequest<FastifyRequest>();
}
