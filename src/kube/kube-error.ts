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

const WORDS: Readonly<Record<KubeErrorCode, { readonly kind: ErrorKind; readonly title: string; readonly remedy: string }>> = {
  HUB_UNREACHABLE: {
    kind: 'unavailable',
    title: 'The hub does not answer',
    remedy: 'Check the hub\u2019s address, DNS, routes and firewall from where Lifeboat runs. If the hub is lost, fail over.',
  },
  HUB_TIMEOUT: {
    kind: 'unavailable',
    title: 'The hub did not answer in time',
    remedy: 'Look at the load of the hub\u2019s API server and etcd. Whether a write took effect is looked at before it is tried again.',
  },
  HUB_TLS_FAILED: {
    kind: 'unavailable',
    title: 'The hub\u2019s certificate is not trusted',
    remedy: 'Give the certificate authority that signed what answers at the address, and the name that the certificate bears.',
  },
  HUB_ADDRESS_REFUSED: {
    kind: 'invalid',
    title: 'The hub\u2019s address is not allowed',
    remedy: 'Give the hub\u2019s own https:// address. Loopback is for trying only: LIFEBOAT_ALLOW_LOOPBACK_HUBS=true.',
  },
  HUB_REDIRECT_REFUSED: {
    kind: 'unavailable',
    title: 'The hub answered with a redirect',
    remedy: 'Give the address of the API server itself, not of what redirects to it.',
  },
  HUB_ANSWER_TOO_LARGE: {
    kind: 'unavailable',
    title: 'The hub\u2019s answer is too large',
    remedy: 'Look for an object of many megabytes on the hub, and whether it is an API server that answers.',
  },
  HUB_ANSWER_MALFORMED: {
    kind: 'unavailable',
    title: 'The hub\u2019s answer cannot be read',
    remedy: 'Check that an API server answers at the address, not a proxy or a login page.',
  },
  HUB_UNAUTHORIZED: {
    kind: 'unavailable',
    title: 'The hub does not accept the credentials',
    remedy: 'Replace the hub\u2019s credentials: the token or certificate has expired, or was revoked.',
  },
  HUB_FORBIDDEN: {
    kind: 'unavailable',
    title: 'The credentials lack a right on the hub',
    remedy: 'Apply deploy/hub-rbac.yaml on the hub and bind it to the account; if every right is there, an admission webhook refused.',
  },
  KUBE_NOT_FOUND: {
    kind: 'not-found',
    title: 'The resource does not exist on the hub',
    remedy: 'Check whether it was deleted on the hub, or whether the component that serves this kind is enabled.',
  },
  KUBE_ALREADY_EXISTS: {
    kind: 'conflict',
    title: 'The resource exists already on the hub',
    remedy: 'Look at what is there under this name and who made it before anything is removed.',
  },
  KUBE_CONFLICT: {
    kind: 'conflict',
    title: 'The resource was changed meanwhile, or others own the field',
    remedy: 'Nothing, unless it stays: then two controllers undo each other, and managedFields tell which.',
  },
  KUBE_GONE: {
    kind: 'conflict',
    title: 'The hub no longer knows this version of the list',
    remedy: 'Nothing: the list is read anew.',
  },
  KUBE_INVALID: {
    kind: 'invalid',
    title: 'The hub refused the request as invalid',
    remedy: 'Read the hub\u2019s message: its release may not know a field, or a webhook asks for more.',
  },
  HUB_BUSY_THROTTLED: {
    kind: 'unavailable',
    title: 'The hub asks us to slow down',
    remedy: 'Nothing: it is tried again when the hub allows. If it stays, look at API Priority and Fairness on the hub.',
  },
  HUB_SERVER_ERROR: {
    kind: 'unavailable',
    title: 'The hub failed',
    remedy: 'Look at the log of the hub\u2019s API server; it is tried again by itself.',
  },
};

/**
 * The only error that leaves `kube/`. Holds no body and no header of the answer:
 * `reason` and a bounded `message` of a Kubernetes Status at most.
 */
export class KubeError extends DomainError {
  readonly kind: ErrorKind;
  readonly title: string;
  override readonly remedy: string;

  constructor(
    readonly code: KubeErrorCode,
    message: string,
    details: ErrorDetails = {},
    /** From Retry-After, in milliseconds */
    readonly retryAfterMs: number | null = null,
    options?: ErrorOptions,
  ) {
    super(message, details, options);
    ({ kind: this.kind, title: this.title, remedy: this.remedy } = WORDS[code]);
  }
}

export function isKubeError(error: unknown, ...codes: KubeErrorCode[]): error is KubeError {
  return error instanceof KubeError && (codes.length === 0 || codes.includes(error.code));
}
