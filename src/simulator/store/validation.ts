import type { KubeObject } from '../../kube/kube.types.js';
import { badRequest, invalid, type StatusCause } from './api-status.js';
import { apiVersionOf, type Kind } from './kinds.js';
import { isRecord } from './deep-equal.js';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_KEY = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const SUBDOMAIN_MESSAGE =
  'a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \'-\' or \'.\', and must start and end with an alphanumeric character (e.g. \'example.com\', regex used for validation is \'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\')';
const LABEL_MESSAGE =
  'a lowercase RFC 1123 label must consist of lower case alphanumeric characters or \'-\', and must start and end with an alphanumeric character (e.g. \'my-name\',  or \'123-abc\', regex used for validation is \'[a-z0-9]([-a-z0-9]*[a-z0-9])?\')';
const LABEL_VALUE_MESSAGE =
  'a valid label must be an empty string or consist of alphanumeric characters, \'-\', \'_\' or \'.\', and must start and end with an alphanumeric character (e.g. \'MyValue\',  or \'my_value\',  or \'12345\', regex used for validation is \'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\')';
const LABEL_KEY_MESSAGE =
  'name part must consist of alphanumeric characters, \'-\', \'_\' or \'.\', and must start and end with an alphanumeric character (e.g. \'MyName\',  or \'my.name\',  or \'123-abc\', regex used for validation is \'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\')';

const invalidValue = (field: string, value: unknown, message: string): StatusCause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(value)}: ${message}`,
  field,
});
const required = (field: string, message: string): StatusCause => ({ reason: 'FieldValueRequired', message: `Required value: ${message}`.replace(/: $/, ''), field });

function nameProblem(kind: Kind, name: string): string | null {
  // Role names may hold anything that a path segment can.
  if (kind.group === 'rbac.authorization.k8s.io') return /[/%]/.test(name) ? 'may not contain \'/\'' : null;
  if (kind.group === '' && ['Namespace', 'Service'].includes(kind.kind)) {
    if (name.length > 63) return 'must be no more than 63 characters';
    return DNS_LABEL.test(name) ? null : LABEL_MESSAGE;
  }
  if (name.length > 253) return 'must be no more than 253 characters';
  return SUBDOMAIN.test(name) ? null : SUBDOMAIN_MESSAGE;
}

function labelProblems(labels: unknown): StatusCause[] {
  if (!isRecord(labels)) return [];
  return Object.entries(labels).flatMap(([key, value]) => [
    ...(LABEL_KEY.test(key) ? [] : [invalidValue('metadata.labels', key, LABEL_KEY_MESSAGE)]),
    ...(typeof value === 'string' && value.length > 63 ? [invalidValue('metadata.labels', value, 'must be no more than 63 characters')] : []),
    ...(typeof value === 'string' && LABEL_VALUE.test(value.slice(0, 63)) ? [] : [invalidValue('metadata.labels', value, LABEL_VALUE_MESSAGE)]),
  ]);
}

function ownerProblems(owners: unknown): StatusCause[] {
  if (!Array.isArray(owners)) return [];
  return owners.flatMap((owner: unknown, i) =>
    ['apiVersion', 'kind', 'name', 'uid'].flatMap((field) =>
      isRecord(owner) && owner[field] ? [] : [invalidValue(`metadata.ownerReferences[${i}].${field}`, '', `${field === 'apiVersion' ? 'version' : field} must not be empty`)],
    ),
  );
}

/** The shape of a decoded body, before any rule: 400 where it is of another kind or version than the path says. */
export function checkShape(kind: Kind, body: unknown): asserts body is KubeObject {
  if (!isRecord(body)) throw badRequest('the object provided is unrecognized (must be of type object): json: cannot unmarshal into Go value');
  if (!body.kind) throw badRequest(`Object 'Kind' is missing in '${JSON.stringify(body).slice(0, 200)}'`);
  const wanted = apiVersionOf(kind);
  if (body.apiVersion !== wanted) {
    throw badRequest(`the API version in the data (${String(body.apiVersion)}) does not match the expected API version (${wanted})`);
  }
  if (body.kind !== kind.kind) {
    throw badRequest(`${String(body.kind)} in version "${kind.version}" cannot be handled as a ${kind.kind}: the kind in the data does not match the expected kind`);
  }
  body.metadata ??= {};
  const metadata = body.metadata;
  if (!isRecord(metadata)) throw badRequest(`${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: json: cannot unmarshal into Go struct field ObjectMeta`);
  for (const field of ['labels', 'annotations']) {
    const map = metadata[field];
    if (map === null) delete metadata[field];
    else if (map !== undefined && (!isRecord(map) || Object.values(map).some((value) => typeof value !== 'string'))) {
      throw badRequest(`${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: json: cannot unmarshal into Go struct field ObjectMeta.metadata.${field} of type string`);
    }
  }
}

/** What kube-apiserver validates of every kind. Throws 422 with all causes. */
export function checkMetadata(kind: Kind, object: KubeObject): void {
  const { name, labels, ownerReferences, finalizers } = object.metadata;
  const causes: StatusCause[] = [];
  if (!name) causes.push(required('metadata.name', 'name or generateName is required'));
  else {
    const problem = nameProblem(kind, name);
    if (problem) causes.push(invalidValue('metadata.name', name, problem));
  }
  causes.push(...labelProblems(labels), ...ownerProblems(ownerReferences));
  for (const finalizer of finalizers ?? []) {
    if (!LABEL_KEY.test(finalizer)) causes.push(invalidValue('metadata.finalizers', finalizer, LABEL_KEY_MESSAGE));
  }
  if (causes.length > 0) throw invalid(kind, name || '', causes);
}
