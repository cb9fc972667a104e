import type { ReflectorState } from '../kube/reflector.types.js';

export type Reached = { readonly is: 'REACHABLE'; readonly at: Date } | { readonly is: 'UNREACHABLE'; readonly errorCode: string } | { readonly is: 'UNKNOWN' };

/**
 * Whether a hub answers, from the states of its watches: one that watches is enough; it does not answer once all of them are backing off.
 * Kinds that the hub does not serve say that it answers.
 */
export function reached(states: readonly ReflectorState[]): Reached {
  const answering = states.filter(({ phase, heardAt }) => (phase === 'WATCHING' || phase === 'ABSENT') && heardAt !== null);
  if (answering.length > 0) return { is: 'REACHABLE', at: new Date(Math.max(...answering.map(({ heardAt }) => heardAt?.getTime() ?? 0))) };
  const failing = states.filter(({ phase, errorCode }) => phase === 'BACKING_OFF' && errorCode !== null);
  const [first] = failing;
  if (first === undefined || failing.length < states.length) return { is: 'UNKNOWN' };
  return { is: 'UNREACHABLE', errorCode: first.errorCode ?? 'HUB_UNREACHABLE' };
}
