/** A cause inside `status.details.causes`. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** The names of a resource as messages need them: `secrets`, or `restores.velero.io` outside the core group. */
export interface NamedResource {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}

const qualifiedName = (resource: NamedResource): string => (resource.group ? `${resource.plural}.${resource.group}` : resource.plural);

/**
 * A refusal as kube-apiserver words it: becomes a `Status` object on the wire.
 * @see k8s.io/apimachinery, pkg/api/errors/errors.go
 */
export class ApiStatusError extends Error {
  constructor(
    readonly code: number,
    readonly reason: string,
    message: string,
    /** Absent: no `details`; empty: an empty one, as generic answers have */
    readonly details?: StatusDetails,
    /** Further members of `metadata`, e.g. the continue token of an expired one */
    readonly listMeta: { readonly continue?: string } = {},
  ) {
    super(message);
    this.name = 'ApiStatusError';
  }

  toStatus(): Record<string, unknown> {
    const details = this.details && Object.fromEntries(Object.entries(this.details).filter(([, value]) => value !== undefined));
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.listMeta,
      status: 'Failure',
      message: this.message,
      ...(this.reason ? { reason: this.reason } : {}),
      ...(details ? { details } : {}),
      code: this.code,
    };
  }
}

const detailsOf = (resource: NamedResource, name: string): StatusDetails => ({ name: name || undefined, group: resource.group || undefined, kind: resource.plural });

export const notFound = (resource: NamedResource, name: string): ApiStatusError =>
  new ApiStatusError(404, 'NotFound', `${qualifiedName(resource)} "${name}" not found`, detailsOf(resource, name));

export const alreadyExists = (resource: NamedResource, name: string): ApiStatusError =>
  new ApiStatusError(409, 'AlreadyExists', `${qualifiedName(resource)} "${name}" already exists`, detailsOf(resource, name));

export const conflict = (resource: NamedResource, name: string, why: string, causes?: readonly StatusCause[]): ApiStatusError =>
  new ApiStatusError(409, 'Conflict', `Operation cannot be fulfilled on ${qualifiedName(resource)} "${name}": ${why}`, { ...detailsOf(resource, name), causes });

/** A delete whose preconditions do not hold. */
export const preconditionFailed = (resource: NamedResource, name: string, what: 'UID' | 'ResourceVersion', wanted: string, actual: string): ApiStatusError => {
  const kind = resource.group ? `${resource.kind}.${resource.group}` : resource.kind;
  const why = what === 'UID' ? 'deleted and then recreated' : 'modified';
  return new ApiStatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${kind} "${name}": the ${what} in the precondition (${wanted}) does not match the ${what} in record (${actual}). The object might have been ${why}`,
    { ...detailsOf(resource, name), kind: resource.kind },
  );
};

export const MODIFIED_MEANWHILE = 'the object has been modified; please apply your changes to the latest version and try again';

export const badRequest = (message: string): ApiStatusError => new ApiStatusError(400, 'BadRequest', message);

export const invalid = (resource: NamedResource, name: string, causes: readonly StatusCause[]): ApiStatusError => {
  const listed = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const text = listed.length === 1 ? listed[0] : `[${listed.join(', ')}]`;
  return new ApiStatusError(422, 'Invalid', `${resource.kind}${resource.group ? `.${resource.group}` : ''} "${name}" is invalid: ${text}`, {
    ...detailsOf(resource, name),
    kind: resource.kind,
    causes,
  });
};

export const forbidden = (resource: NamedResource, name: string, why: string, causes?: readonly StatusCause[]): ApiStatusError =>
  new ApiStatusError(403, 'Forbidden', `${qualifiedName(resource)}${name ? ` "${name}"` : ''} is forbidden: ${why}`, { ...detailsOf(resource, name), causes });

/** The answer where an admission webhook says no. */
export const deniedByWebhook = (webhook: string, message: string, code = 403): ApiStatusError =>
  new ApiStatusError(code, code === 403 ? 'Forbidden' : '', `admission webhook "${webhook}" denied the request: ${message}`);

export const expired = (message: string, listMeta: { readonly continue?: string } = {}): ApiStatusError => new ApiStatusError(410, 'Expired', message, undefined, listMeta);

export const methodNotAllowed = (): ApiStatusError => new ApiStatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});

export const unsupportedMediaType = (accepted: readonly string[]): ApiStatusError =>
  new ApiStatusError(415, 'UnsupportedMediaType', `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`);

export const notAcceptable = (accepted: readonly string[]): ApiStatusError =>
  new ApiStatusError(406, 'NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`);

/** The path names nothing that is served. */
export const noSuchResource = (): ApiStatusError => new ApiStatusError(404, 'NotFound', 'the server could not find the requested resource', {});

/** Options of a request that break a rule; `kind` is ListOptions, CreateOptions and so on. */
export const invalidOptions = (kind: string, field: string, reason: string, message: string): ApiStatusError =>
  new ApiStatusError(422, 'Invalid', `${kind}.meta.k8s.io "" is invalid: ${field}: ${message}`, { group: 'meta.k8s.io', kind, causes: [{ reason, message, field }] });

export const tooManyRequests = (retryAfterSeconds: number): ApiStatusError =>
  new ApiStatusError(429, 'TooManyRequests', 'Too many requests, please try again later.', { retryAfterSeconds });
