import { DomainError } from '../common/domain-error.js';
import { isKubeError, KubeError } from './kube-error.js';
import type { ReflectorState } from './reflector.types.js';

/** The receiver of a reflector's news threw. */
export class SinkFailure extends Error {
  constructor(cause: unknown) {
    super('The receiver of the news failed', { cause });
  }
}

export interface Recovery {
  readonly phase: ReflectorState['phase'];
  readonly errorCode: string;
  /** List anew; else the watch goes on from the last version */
  readonly relist: boolean;
  /** Wait at least so long; 0: the backoff alone */
  readonly atLeastMs: number;
}

function mustRelist(error: unknown): boolean {
  if (!(error instanceof KubeError)) return true;
  switch (error.code) {
    case 'KUBE_GONE': // history is gone
    case 'KUBE_NOT_FOUND': // the kind is gone
    case 'KUBE_INVALID': // the version is not accepted
    case 'HUB_ANSWER_TOO_LARGE': // the same version would bring the same event
    case 'HUB_ANSWER_MALFORMED':
      return true;
    default:
      return false;
  }
}

function errorCodeOf(error: unknown): string {
  const real = error instanceof SinkFailure ? error.cause : error;
  return real instanceof DomainError ? real.code : 'REFLECTOR_FAILED';
}

/** What a reflector does about a failed list or watch. */
export function recoveryOf(error: unknown): Recovery {
  return {
    phase: isKubeError(error, 'KUBE_NOT_FOUND') ? 'ABSENT' : 'BACKING_OFF',
    errorCode: errorCodeOf(error),
    relist: mustRelist(error),
    atLeastMs: error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0,
  };
}

/** Whether an API server said so itself (or we are at fault): it lives, and its history with it. Anything else may have been the end of it. */
export function isAnswer(error: unknown): boolean {
  if (!(error instanceof KubeError)) return error instanceof SinkFailure;
  return typeof error.details['reason'] === 'string' || isKubeError(error, 'HUB_UNAUTHORIZED', 'HUB_FORBIDDEN', 'HUB_BUSY_THROTTLED');
}

/**
 * Whether the hub's store is behind a version that it once gave out, as after a restore of etcd from a backup. A watch from there would be
 * accepted and stay silent for good. The only place where versions are compared by size: they are numbers in etcd, and promised to be by
 * Kubernetes from 1.35 on (KEP-5504); anything else counts as set back.
 * @param known of our last list or event
 * @param present of a list made just now
 */
export function isSetBack(known: string, present: string): boolean {
  const isNumber = /^\d{1,30}$/;
  return !isNumber.test(known) || !isNumber.test(present) || BigInt(present) < BigInt(known);
}
