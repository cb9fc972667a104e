import type { ReflectorState } from '../kube/reflector.types.js';

export type Reached = { readonly is: 'REACHABLE'; readonly at: Date } | { readonly is: 'UNREACHABLE'; readonly errorCode: string } | { readonly is: 'UNKNOWN' };

/** No answer at all, or none that can be trusted: what one kind meets, all do. */
const SILENT_CODES: ReadonlySet<string> = new Set(['HUB_UNREACHABLE', 'HUB_TIMEOUT', 'HUB_TLS_FAILED', 'HUB_ADDRESS_REFUSED']);

/**
 * Whether a hub answers, from the states of its watches: one that watches is enough, and a kind that the hub does not serve says that it
 * answers. It does not answer once all of them have failed; where the first failed without an answer, the rest need not have tried, since a hub
 * that hangs takes half a minute for each try of two.
 */
export function reached(states: readonly ReflectorState[]): Reached {
  const answering = states.filter(({ phase, heardAt }) => (phase === 'WATCHING' || phase === 'ABSENT') && heardAt !== null);
  if (answering.length > 0) return { is: 'REACHABLE', at: new Date(Math.max(...answering.map(({ heardAt }) => heardAt?.getTime() ?? 0))) };
  const failing = states.filter(({ phase, errorCode }) => phase === 'BACKING_OFF' && errorCode !== null);
  const [first] = failing;
  if (first?.errorCode == null) return { is: 'UNKNOWN' };
  const untried = states.filter(({ phase, heardAt }) => phase !== 'BACKING_OFF' && heardAt === null);
  const isSilent = failing.every(({ errorCode }) => SILENT_CODES.has(errorCode ?? ''));
  const isWhole = failing.length === states.length || (isSilent && failing.length + untried.length === states.length);
  return isWhole ? { is: 'UNREACHABLE', errorCode: first.errorCode } : { is: 'UNKNOWN' };
}
