import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Authenticator, authorizationOf, callerOf, setCaller } from '../api/caller.js';
import { requestOf } from '../api/context.js';
import { ForbiddenError } from './access.errors.js';
import type { Permission } from './permissions.js';
import { PUBLIC, REQUIRES } from './requires.decorator.js';

/**
 * Stands before every operation of both doors. Fields of GraphQL objects are not asked about one by one: what they show
 * needs no more than every role may read.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(private readonly reflector: Reflector, private readonly authenticator: Authenticator) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const handler = context.getHandler();
    if (this.reflector.get<boolean | undefined>(PUBLIC, handler)) return true;
    const permission = this.reflector.get<Permission | undefined>(REQUIRES, handler);
    // The start-up check has seen every operation; this is for what someone adds without it
    if (permission === undefined) throw new ForbiddenError('of an operation that names none');
    const request = requestOf(context);
    const caller = callerOf(request) ?? (await this.authenticator.authenticate(authorizationOf(request)));
    setCaller(request, caller);
    if (!caller.permissions.has(permission)) throw new ForbiddenError(permission);
    return true;
  }
}
