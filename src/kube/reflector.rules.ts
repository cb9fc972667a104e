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

/** After so many watches in a row that were opened and stayed silent, the version itself is doubted: the hub's store may have been set back. */
const MAX_SILENT_WATCHES = 2;

function mustRelist(error: unknown, silentWatches: number): boolean {
  if (!(error instanceof KubeError)) return true;
  switch (error.code) {
    case 'KUBE_GONE': // history is gone
    case 'KUBE_NOT_FOUND': // the kind is gone
    case 'KUBE_INVALID': // the version is not accepted
    case 'HUB_ANSWER_TOO_LARGE': // the same version would bring the same event
    case 'HUB_ANSWER_MALFORMED':
      return true;
    case 'HUB_TIMEOUT':
      return silentWatches >= MAX_SILENT_WATCHES;
    default:
      return false;
  }
}

function errorCodeOf(error: unknown): string {
  const real = error instanceof SinkFailure ? error.cause : error;
  return real instanceof DomainError ? real.code : 'REFLECTOR_FAILED';
}

/** What a reflector does about a failed list or watch. */
export function recoveryOf(error: unknown, silentWatches: number): Recovery {
  return {
    phase: isKubeError(error, 'KUBE_NOT_FOUND') ? 'ABSENT' : 'BACKING_OFF',
    errorCode: errorCodeOf(error),
    relist: mustRelist(error, silentWatches),
    atLeastMs: error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0,
  };
}
