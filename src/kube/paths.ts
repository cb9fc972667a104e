import { KubeError } from './kube-error.js';
import type { ListOptions, ObjectRef, ResourceType, Selection } from './kube.types.js';

const MAX_NAME_LENGTH = 253;

/**
 * One segment of a path. Names come from hubs and callers: a dot segment or a slash would name another resource.
 * @see the API server's IsValidPathSegmentName, which refuses the same
 */
function segment(what: string, value: string): string {
  if (value === '' || value === '.' || value === '..' || value.length > MAX_NAME_LENGTH || /[/%\p{Cc}]/u.test(value)) {
    throw new KubeError('KUBE_INVALID', `${what} cannot name a resource: ${JSON.stringify(value.slice(0, 80))}`);
  }
  return encodeURIComponent(value);
}

/** `/api/v1` or `/apis/GROUP/VERSION`. */
export function groupVersionPath(type: ResourceType): string {
  return type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
}

/** `v1` or `GROUP/VERSION`, as objects spell it. */
export function apiVersionOf(type: ResourceType): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`;
}

export function collectionPath(type: ResourceType, namespace: string | undefined): string {
  const inNamespace = type.namespaced && namespace !== undefined ? `/namespaces/${segment('Namespace', namespace)}` : '';
  return `${groupVersionPath(type)}${inNamespace}/${type.plural}`;
}

export function objectPath(type: ResourceType, ref: ObjectRef, subresource?: string): string {
  if (type.namespaced && ref.namespace === undefined) {
    throw new KubeError('KUBE_INVALID', `${type.kind} ${JSON.stringify(ref.name.slice(0, 80))} needs a namespace`);
  }
  return `${collectionPath(type, ref.namespace)}/${segment('Name', ref.name)}${subresource === undefined ? '' : `/${subresource}`}`;
}

/** GET through the pod proxy: the API server calls `https://POD'S IP:PORT` + `path`, without checking the certificate. */
export function podProxyPath(pod: ResourceType, ref: ObjectRef, port: number, path: string): string {
  // An encoded colon would be another name to some proxies; the name holds none of its own.
  return `${objectPath(pod, ref).slice(0, -ref.name.length)}https:${ref.name}:${port}/proxy${path}`;
}

/** `?a=b&c=d`, or '' if nothing is set. */
export function query(parameters: Record<string, string | number | boolean | undefined>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== undefined) search.set(key, String(value));
  }
  return search.size === 0 ? '' : `?${search.toString()}`;
}

export function selectionParameters(selection: Selection): { labelSelector?: string; fieldSelector?: string } {
  return { labelSelector: selection.labelSelector, fieldSelector: selection.fieldSelector };
}

export function listParameters(options: ListOptions): Record<string, string | number | undefined> {
  const { continueToken, resourceVersion, limit = 500 } = options;
  // A continue token carries its version; the API server refuses both.
  return { ...selectionParameters(options), limit, continue: continueToken, resourceVersion: continueToken === undefined ? resourceVersion : undefined };
}
