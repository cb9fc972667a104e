/** What a path of the REST API names. */
export interface RequestTarget {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** null: cluster-wide, or a cluster-scoped kind */
  readonly namespace: string | null;
  readonly name: string | null;
  readonly subresource: string | null;
}

/** Subresources that a Namespace itself has: `/namespaces/x/status` names no kind `status`. */
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);

/**
 * Reads `/api/v1/…` and `/apis/GROUP/VERSION/…`; null where the path names no resource.
 * @see k8s.io/apiserver, pkg/endpoints/request/requestinfo.go
 */
export function parseTarget(path: string): RequestTarget | null {
  const parts = path.split('/').filter(Boolean).map(decodeURIComponent);
  const root = parts.shift();
  if (root !== 'api' && root !== 'apis') return null;
  const group = root === 'apis' ? parts.shift() : '';
  const version = parts.shift();
  if (group === undefined || !version || parts.length === 0) return null;
  let namespace: string | null = null;
  if (parts[0] === 'namespaces' && parts.length > 2 && !(group === '' && NAMESPACE_SUBRESOURCES.has(parts[2] ?? ''))) {
    namespace = parts[1] ?? null;
    parts.splice(0, 2);
  }
  const [plural = '', name = null, ...subresource] = parts;
  return { group, version, plural, namespace, name, subresource: subresource.length > 0 ? subresource.join('/') : null };
}
