import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { PreconditionRequiredError, PreconditionUnreadableError } from './api.errors.js';

/** The strong ETag of a version. */
export const etagOf = (version: number): string => `"${version}"`;

/** Whether `If-None-Match` names what the caller has already. Weak comparison, as RFC 9110 has it for GET. */
export function isNotModified(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.trim() === '*' || ifNoneMatch.split(',').some((one) => one.trim().replace(/^W\//, '') === etag);
}

/**
 * The version that If-Match names.
 * @throws PreconditionRequiredError (428) without the header, or with `*`, which names none
 * @throws PreconditionUnreadableError (412) if it is no ETag of ours, so that it matches nothing
 */
function versionIn(ifMatch: string | undefined): number {
  const text = ifMatch?.trim();
  if (text === undefined || text === '' || text === '*') throw new PreconditionRequiredError();
  const version = /^"(\d{1,9})"$/.exec(text)?.[1];
  if (version === undefined) throw new PreconditionUnreadableError();
  return Number(version);
}

/** `@ExpectedVersion() version: number`, for PUT, PATCH and DELETE on what has a version. */
export const ExpectedVersion = createParamDecorator((_: unknown, context: ExecutionContext): number =>
  versionIn(context.switchToHttp().getRequest<FastifyRequest>().headers['if-match']),
);
