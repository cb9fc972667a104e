import type { FastifyRequest } from 'fastify';

/** Who calls, as the authenticator found out. */
export interface Caller {
  /** The API key's id: the `actor` of everything that the caller does */
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly permissions: ReadonlySet<string>;
  /** null: never */
  readonly expiresAt: Date | null;
}

/** Turns what a request brings into a caller. */
export abstract class Authenticator {
  /**
   * @param authorization the Authorization header, or `connectionParams.authorization` of a WebSocket
   * @throws DomainError UNAUTHENTICATED, with one text for whatever is wrong
   */
  abstract authenticate(authorization: string | undefined): Promise<Caller>;
}

const CALLER = Symbol('caller');
const AUTHORIZATION = Symbol('authorization');

/** What both doors have in their context: a request of HTTP, or the upgrade request of a WebSocket. */
export interface CallingRequest {
  readonly headers: FastifyRequest['headers'];
  [CALLER]?: Caller;
  [AUTHORIZATION]?: string;
}

export function setCaller(request: CallingRequest, caller: Caller): void {
  request[CALLER] = caller;
}

/** @returns null before the guard has run, and on public routes */
export function callerOf(request: CallingRequest): Caller | null {
  return request[CALLER] ?? null;
}

/** For WebSockets, where the key comes in `connectionParams`. */
export function setAuthorization(request: CallingRequest, authorization: string | undefined): void {
  request[AUTHORIZATION] = authorization;
}

export function authorizationOf(request: CallingRequest): string | undefined {
  return request[AUTHORIZATION] ?? request.headers.authorization;
}
