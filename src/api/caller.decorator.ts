import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Acting, Correlation } from '../common/acting.js';
import { callerOf, type Caller } from './caller.js';
import { requestOf } from './context.js';
import { UnforeseenError } from './problem.js';

function callerIn(context: ExecutionContext): Caller {
  const caller = callerOf(requestOf(context));
  if (!caller) throw new UnforeseenError({ cause: new Error('No caller: the operation is public, or no guard ran') });
  return caller;
}

/** Who calls. Through either door. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => callerIn(context));

/** The `actor` of what the caller does: the id of its key. Through either door. */
export const Actor = createParamDecorator((_: unknown, context: ExecutionContext): string => callerIn(context).id);

/** Who acts and why, for a service. */
export function actingOf(actor: string, said: { readonly reason?: string | undefined; readonly correlation?: Correlation | undefined } = {}): Acting {
  return { actor, ...(said.reason === undefined ? {} : { reason: said.reason }), ...(said.correlation === undefined ? {} : { correlation: said.correlation }) };
}
