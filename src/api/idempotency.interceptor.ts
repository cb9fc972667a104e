import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLResolveInfo } from 'graphql';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { DomainError, type ErrorKind } from '../common/domain-error.js';
import { IdempotencyKeyRequiredError, PreconditionRequiredError, PreconditionUnreadableError, ValidationFailedError } from './api.errors.js';
import { setActId } from './act-id.js';
import { ACTS, type ActsOptions } from './acts.decorator.js';
import { callerOf } from './caller.js';
import { graphQLContextOf, isGraphQL } from './context.js';
import { fingerprintOf } from './fingerprint.js';
import type { KeySpace, StoredAnswer, StoredRefusal } from './idempotency.repository.js';
import { IdempotencyService } from './idempotency.service.js';
import { safeDetails, statusOf, UnforeseenError } from './problem.js';

const KEY = /^[\x20-\x7e]{1,255}$/;

/** What a request is, seen alike through both doors. */
interface Attempt {
  readonly key: string | undefined;
  readonly operation: string;
  readonly fingerprint: string;
  readonly caller: string | undefined;
  readonly httpStatus: number;
  /** As the caller told it in GraphQL, to be told back */
  readonly clientMutationId?: string;
  readonly markReplayed: () => void;
}

/** A refusal told again. */
class ReplayedRefusal extends DomainError {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly title: string;
  declare readonly remedy?: string;
  constructor(refusal: StoredRefusal) {
    super(refusal.message, refusal.details);
    this.code = refusal.code;
    this.kind = refusal.kind;
    this.title = refusal.title;
    if (refusal.remedy !== undefined) this.remedy = refusal.remedy;
  }
}

/** Gives every operation marked `@Acts()` one effect per Idempotency-Key, through both doors. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector, private readonly idempotency: IdempotencyService) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const acts = this.reflector.get<ActsOptions | undefined>(ACTS, context.getHandler());
    return acts ? from(this.once(acts, isGraphQL(context) ? ofGraphQL(context) : ofRest(context), next, (id) => setActId(context, id))) : next.handle();
  }

  private async once(acts: ActsOptions, attempt: Attempt, next: CallHandler, begin: (actId: string) => void): Promise<unknown> {
    if (attempt.key === undefined && acts.keyOptional) return lastValueFrom(next.handle(), { defaultValue: undefined });
    if (attempt.key === undefined || !KEY.test(attempt.key)) throw new IdempotencyKeyRequiredError();
    if (attempt.caller === undefined) throw new UnforeseenError({ cause: new Error('An operation that acts is public') });
    const space: KeySpace = { caller: attempt.caller, operation: attempt.operation, key: attempt.key };
    let fresh: { readonly body: unknown } | { readonly thrown: unknown } | undefined;
    const { answer, replayed } = await this.idempotency.once(space, attempt.fingerprint, async (actId) => {
      begin(actId);
      const done = await carryOut(next, attempt.httpStatus, acts);
      fresh = done.told;
      return done.stored;
    });
    if (replayed) attempt.markReplayed();
    // The first answer is told as it came, with what may be shown once; only a repetition is told from what was stored
    if (fresh && 'thrown' in fresh) throw fresh.thrown;
    if ('refusal' in answer.content) throw new ReplayedRefusal(answer.content.refusal);
    const body: unknown = fresh ? fresh.body : JSON.parse(answer.content.body);
    return attempt.clientMutationId === undefined || typeof body !== 'object' || body === null ? body : { ...body, clientMutationId: attempt.clientMutationId };
  }
}

async function carryOut(next: CallHandler, httpStatus: number, acts: ActsOptions): Promise<{ stored: StoredAnswer; told: { readonly body: unknown } | { readonly thrown: unknown } }> {
  try {
    const body: unknown = (await lastValueFrom(next.handle() as Observable<unknown>, { defaultValue: undefined })) ?? null;
    const kept = acts.withoutSecrets && typeof body === 'object' && body !== null ? acts.withoutSecrets(body as Record<string, unknown>) : body;
    return { stored: { httpStatus, content: { body: JSON.stringify(kept) } }, told: { body } };
  } catch (thrown) {
    if (!isKept(thrown)) throw thrown;
    return { stored: { httpStatus: statusOf(thrown), content: { refusal: refusalOf(thrown) } }, told: { thrown } };
  }
}

/** A refusal by the operation itself is its answer. What never reached it, and what may be otherwise next time, is not. */
function isKept(thrown: unknown): thrown is DomainError {
  if (!(thrown instanceof DomainError) || statusOf(thrown) >= 500 || thrown.kind === 'too-many') return false;
  return !(thrown instanceof ValidationFailedError || thrown instanceof PreconditionRequiredError || thrown instanceof PreconditionUnreadableError);
}

function refusalOf(error: DomainError): StoredRefusal {
  const { code, kind, title, message, remedy } = error;
  return { code, kind, title, message, details: safeDetails(error.details), ...(remedy === undefined ? {} : { remedy }) };
}

function ofRest(context: ExecutionContext): Attempt {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const reply = context.switchToHttp().getResponse<FastifyReply>();
  const path = request.url.split('?', 1)[0] ?? '/';
  return {
    key: headerIn(request.headers['idempotency-key']),
    operation: `${request.method} ${request.routeOptions.url ?? path}`,
    fingerprint: fingerprintOf(request.method, path, request.body ?? null),
    caller: callerOf(request)?.id,
    httpStatus: reply.statusCode,
    markReplayed: () => void reply.header('idempotent-replayed', 'true'),
  };
}

function ofGraphQL(context: ExecutionContext): Attempt {
  const { req, reply } = graphQLContextOf(context);
  const args = context.getArgByIndex<Record<string, Record<string, unknown> | undefined>>(1);
  const { clientMutationId, ...input } = args['input'] ?? {};
  const own = typeof clientMutationId === 'string' ? clientMutationId : undefined;
  const operation = context.getArgByIndex<GraphQLResolveInfo>(3).fieldName;
  return {
    key: own ?? headerIn(req.headers['idempotency-key']),
    operation: `mutation ${operation}`,
    fingerprint: fingerprintOf('mutation', operation, input),
    caller: callerOf(req)?.id,
    httpStatus: 200,
    ...(own === undefined ? {} : { clientMutationId: own }),
    markReplayed: () => void reply?.header('idempotent-replayed', 'true'),
  };
}

function headerIn(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? undefined : value?.trim();
}
