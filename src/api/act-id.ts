import { createHash } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { isGraphQL } from './context.js';
import { UnforeseenError } from './problem.js';

/** By what is one call and no other: the request of REST, the field's info of GraphQL. */
const ids = new WeakMap<object, string>();

function callOf(context: ExecutionContext): object {
  return isGraphQL(context) ? context.getArgByIndex<object>(3) : context.switchToHttp().getRequest<object>();
}

/** A UUID (version 8, RFC 9562) that the same parts always give. */
export function uuidOf(...parts: readonly string[]): string {
  const bytes = createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export function setActId(context: ExecutionContext, id: string): void {
  ids.set(callOf(context), id);
}

/**
 * For operations marked `@Acts()` that make something: its id, the same whenever the same request is carried out anew, as it
 * is when a process died after the effect and before the answer was kept.
 */
export const ActId = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  const id = ids.get(callOf(context));
  if (id === undefined) throw new UnforeseenError({ cause: new Error('@ActId() without @Acts()') });
  return id;
});
