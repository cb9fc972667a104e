import { DomainError, type ErrorDetails, type ErrorKind } from '../common/domain-error.js';

/** Why a call to a hub did not do what was asked. Stable: other parts and callers branch on it. */
export type KubeErrorCode =
  | 'HUB_UNREACHABLE' // no connection: refused, reset, no route, name not found
  | 'HUB_TIMEOUT' // the deadline passed, or a watch fell silent. Whether a write took effect is unknown
  | 'HUB_TLS_FAILED' // certificate not signed by the given CA, expired, or for another name
  | 'HUB_ADDRESS_REFUSED' // the host resolves to an address that is never called
  | 'HUB_REDIRECT_REFUSED'
  | 'HUB_ANSWER_TOO_LARGE'
  | 'HUB_ANSWER_MALFORMED' // not JSON, wrong content type, not the shape of a Kubernetes answer
  | 'HUB_UNAUTHORIZED' // 401
  | 'HUB_FORBIDDEN' // 403, also a webhook's refusal
  | 'KUBE_NOT_FOUND' // 404
  | 'KUBE_ALREADY_EXISTS' // 409 AlreadyExists
  | 'KUBE_CONFLICT' // 409 Conflict: resourceVersion or field ownership
  | 'KUBE_GONE' // 410 or an expired continue token
  | 'KUBE_INVALID' // 400, 422
  | 'HUB_BUSY_THROTTLED' // 429
  | 'HUB_SERVER_ERROR'; // 5xx

const KINDS: Record<KubeErrorCode, ErrorKind> = {
  HUB_UNREACHABLE: 'unavailable',
  HUB_TIMEOUT: 'unavailable',
  HUB_TLS_FAILED: 'unavailable',
  HUB_ADDRESS_REFUSED: 'invalid',
  HUB_REDIRECT_REFUSED: 'unavailable',
  HUB_ANSWER_TOO_LARGE: 'unavailable',
  HUB_ANSWER_MALFORMED: 'unavailable',
  HUB_UNAUTHORIZED: 'unavailable',
  HUB_FORBIDDEN: 'unavailable',
  KUBE_NOT_FOUND: 'not-found',
  KUBE_ALREADY_EXISTS: 'conflict',
  KUBE_CONFLICT: 'conflict',
  KUBE_GONE: 'conflict',
  KUBE_INVALID: 'invalid',
  HUB_BUSY_THROTTLED: 'unavailable',
  HUB_SERVER_ERROR: 'unavailable',
};

const TITLES: Record<KubeErrorCode, string> = {
  HUB_UNREACHABLE: 'The hub does not answer',
  HUB_TIMEOUT: 'The hub did not answer in time',
  HUB_TLS_FAILED: 'The hub\u2019s certificate is not trusted',
  HUB_ADDRESS_REFUSED: 'The hub\u2019s address is not allowed',
  HUB_REDIRECT_REFUSED: 'The hub answered with a redirect',
  HUB_ANSWER_TOO_LARGE: 'The hub\u2019s answer is too large',
  HUB_ANSWER_MALFORMED: 'The hub\u2019s answer cannot be read',
  HUB_UNAUTHORIZED: 'The hub does not accept the credentials',
  HUB_FORBIDDEN: 'The credentials lack a right on the hub',
  KUBE_NOT_FOUND: 'The resource does not exist on the hub',
  KUBE_ALREADY_EXISTS: 'The resource exists already on the hub',
  KUBE_CONFLICT: 'The resource was changed meanwhile, or others own the field',
  KUBE_GONE: 'The hub no longer knows this version of the list',
  KUBE_INVALID: 'The hub refused the request as invalid',
  HUB_BUSY_THROTTLED: 'The hub asks us to slow down',
  HUB_SERVER_ERROR: 'The hub failed',
};

/**
 * The only error that leaves `kube/`. Holds no body and no header of the answer:
 * `reason` and a bounded `message` of a Kubernetes Status at most.
 */
export class KubeError extends DomainError {
  readonly kind: ErrorKind;
  readonly title: string;

  constructor(
    readonly code: KubeErrorCode,
    message: string,
    details: ErrorDetails = {},
    /** From Retry-After, in milliseconds */
    readonly retryAfterMs: number | null = null,
    options?: ErrorOptions,
  ) {
    super(message, details, options);
    this.kind = KINDS[code];
    this.title = TITLES[code];
  }
}

export function isKubeError(error: unknown, ...codes: KubeErrorCode[]): error is KubeError {
  return error instanceof KubeError && (codes.length === 0 || codes.includes(error.code));
}
