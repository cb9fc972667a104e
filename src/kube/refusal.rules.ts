/** Who or what on the hub refused a request, where its words tell. Other than rights, load and the object itself. */
export type Refusal = 'WEBHOOK_DENIED' | 'WEBHOOK_DOWN' | 'QUOTA_EXCEEDED' | 'NAMESPACE_TERMINATING' | 'NAMESPACE_MISSING';

interface Told {
  readonly message?: unknown;
  readonly details?: unknown;
}

const NAME = String.raw`"([a-z0-9.-]{1,253})"`;
const WEBHOOK_DENIED = new RegExp(`admission webhook ${NAME} denied the request`);
const WEBHOOK_DOWN = new RegExp(`failed calling webhook ${NAME}`);
const QUOTA = /exceeded quota: ([a-z0-9.-]{1,253})\b/;

const record = (value: unknown): Record<string, unknown> => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {});

/**
 * Reads a Kubernetes Status. `words` hold names alone: they may be told where the hub's own words may not, since these can quote what was sent.
 * @see k8s.io/apiserver, admission/plugin/webhook/errors, admission/plugin/namespace/lifecycle, quota
 */
export function refusalOf(status: number, { message, details }: Told): { readonly is: Refusal; readonly words: string } | null {
  const text = typeof message === 'string' ? message.slice(0, 4_000) : '';
  const { causes, kind } = record(details);
  const isTerminating = Array.isArray(causes) && causes.slice(0, 100).some((cause) => record(cause)['reason'] === 'NamespaceTerminating');
  if (isTerminating || /because it is being terminated/.test(text)) return { is: 'NAMESPACE_TERMINATING', words: 'the namespace is being deleted' };
  if (status === 404 && (kind === 'namespaces' || /^namespaces "[^"]*" not found/.test(text))) return { is: 'NAMESPACE_MISSING', words: 'there is no such namespace' };
  const [, down] = WEBHOOK_DOWN.exec(text) ?? [];
  if (down !== undefined) return { is: 'WEBHOOK_DOWN', words: `webhook "${down}" cannot be called` };
  const [, denied] = WEBHOOK_DENIED.exec(text) ?? [];
  if (denied !== undefined) return { is: 'WEBHOOK_DENIED', words: `webhook "${denied}" denied the request` };
  const [, quota] = QUOTA.exec(text) ?? [];
  if (quota !== undefined) return { is: 'QUOTA_EXCEEDED', words: `quota "${quota}" is exceeded` };
  return null;
}
