import type { KubeError, KubeErrorCode } from '../kube/kube-error.js';
import type { AccessQuestion } from '../kube/kube.types.js';
import type { Refusal } from '../kube/refusal.rules.js';
import type { TokenAction, TokenProblem } from './token-plan.rules.js';

/** What a failed write means: someone must act (it is told, and tried again slowly), it heals by itself, or the whole hub is out of reach. */
export type FailureMeaning = 'REFUSED' | 'TRANSIENT' | 'HUB_AWAY';

const MEANINGS: Readonly<Record<KubeErrorCode, FailureMeaning>> = {
  HUB_UNREACHABLE: 'HUB_AWAY',
  HUB_TIMEOUT: 'HUB_AWAY',
  HUB_TLS_FAILED: 'HUB_AWAY',
  HUB_ADDRESS_REFUSED: 'HUB_AWAY',
  HUB_REDIRECT_REFUSED: 'HUB_AWAY',
  HUB_UNAUTHORIZED: 'HUB_AWAY',
  HUB_BUSY_THROTTLED: 'HUB_AWAY',
  HUB_SERVER_ERROR: 'HUB_AWAY',
  HUB_ANSWER_TOO_LARGE: 'TRANSIENT',
  HUB_ANSWER_MALFORMED: 'TRANSIENT',
  HUB_FORBIDDEN: 'REFUSED',
  KUBE_INVALID: 'REFUSED',
  // The namespace is not made yet or goes away, or the object has changed since it was read: the watch tells.
  KUBE_NOT_FOUND: 'TRANSIENT',
  KUBE_ALREADY_EXISTS: 'TRANSIENT',
  KUBE_CONFLICT: 'TRANSIENT',
  KUBE_GONE: 'TRANSIENT',
};

const REFUSALS: Readonly<Record<Refusal, { readonly meaning: FailureMeaning; readonly code: TokenProblem['code'] }>> = {
  WEBHOOK_DENIED: { meaning: 'REFUSED', code: 'HUB_REJECTED_WRITE' },
  // Of this write alone: the webhooks of a hub are asked about some kinds and namespaces.
  WEBHOOK_DOWN: { meaning: 'REFUSED', code: 'WEBHOOK_UNAVAILABLE' },
  QUOTA_EXCEEDED: { meaning: 'REFUSED', code: 'QUOTA_EXCEEDED' },
  // The namespace comes and goes with its cluster, of which the watch tells.
  NAMESPACE_TERMINATING: { meaning: 'TRANSIENT', code: 'NAMESPACE_TERMINATING' },
  NAMESPACE_MISSING: { meaning: 'TRANSIENT', code: 'NAMESPACE_MISSING' },
};

const refusalIn = ({ details }: KubeError): (typeof REFUSALS)[Refusal] | undefined => REFUSALS[details['refusal'] as Refusal];

export const failureMeaning = (error: KubeError): FailureMeaning => refusalIn(error)?.meaning ?? MEANINGS[error.code];

/**
 * What is told of a cluster whose write the hub refused, where the hub said who or what refused it; null: it did not.
 * @param failures of this cluster in a row: the namespace of a new cluster may come a moment after it
 */
export function refusalProblem(error: KubeError, failures: number): TokenProblem | null {
  const refusal = refusalIn(error);
  if (refusal === undefined || (refusal.code === 'NAMESPACE_MISSING' && failures < 2)) return null;
  return { code: refusal.code, detail: error.message };
}

/** Before the first retry; doubled with each further failure of the same cluster. Milliseconds. */
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 300_000;
/** Rights, quotas and webhooks change when someone changes them: doubled likewise. */
const FIRST_REFUSED_RETRY_MS = 30_000;
const LAST_REFUSED_RETRY_MS = 1_800_000;
const HUB_AWAY_RETRY_MS = 5_000;

/** @param failures of this cluster in a row, this one included */
export function retryInMs(meaning: FailureMeaning, failures: number, retryAfterMs: number | null): number {
  switch (meaning) {
    case 'REFUSED':
      return Math.min(LAST_REFUSED_RETRY_MS, FIRST_REFUSED_RETRY_MS * 2 ** Math.min(failures - 1, 10));
    case 'HUB_AWAY':
      return Math.max(HUB_AWAY_RETRY_MS, retryAfterMs ?? 0);
    case 'TRANSIENT':
      return Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10));
  }
}

/** The right that an action needs: whether we have it tells missing rights from a webhook's refusal. */
export function rightFor(action: TokenAction, namespace: string): AccessQuestion {
  switch (action.type) {
    case 'MARK_SECRET':
      return { verb: 'patch', group: '', resource: 'secrets', namespace };
    case 'DELETE_SECRET':
      return { verb: 'delete', group: '', resource: 'secrets', namespace };
    case 'APPLY_ADDON':
      return { verb: 'create', group: 'addon.open-cluster-management.io', resource: 'managedclusteraddons', namespace };
    case 'APPLY_ACCOUNT':
      return { verb: 'create', group: 'authentication.open-cluster-management.io', resource: 'managedserviceaccounts', namespace };
    case 'CHANGE_VALIDITY':
      return { verb: 'patch', group: 'authentication.open-cluster-management.io', resource: 'managedserviceaccounts', namespace };
    case 'APPLY_WORK':
      return { verb: 'create', group: 'work.open-cluster-management.io', resource: 'manifestworks', namespace };
    case 'DELETE_WORK':
      return { verb: 'delete', group: 'work.open-cluster-management.io', resource: 'manifestworks', namespace };
  }
}
