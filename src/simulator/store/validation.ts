import type { KubeObject } from '../../kube/kube.types.js';
import { ApiStatusError, badRequest, invalid, type StatusCause } from './api-status.js';
import { apiVersionOf, type Kind } from './kinds.js';
import { isRecord } from './deep-equal.js';
import { schemaProblems } from './schema-rules.js';

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
  return owners.flatMap((owner: unknown) =>
    ['apiVersion', 'kind', 'name', 'uid'].flatMap((field) =>
      isRecord(owner) && owner[field] ? [] : [invalidValue(`metadata.ownerReferences.${field}`, '', field === 'apiVersion' ? 'version must not be empty' : 'must not be empty')],
    ),
  );
}

const DATA_KEY = /^[-._a-zA-Z0-9]{1,253}$/;
const DATA_KEY_MESSAGE =
  'a valid config key must consist of alphanumeric characters, \'-\', \'_\' or \'.\' (e.g. \'key.name\',  or \'KEY_NAME\',  or \'key-name\', regex used for validation is \'[-._a-zA-Z0-9]+\')';

function dataProblems({ kind, group }: Kind, data: unknown): StatusCause[] {
  if (group !== '' || (kind !== 'Secret' && kind !== 'ConfigMap') || !isRecord(data)) return [];
  return Object.keys(data).filter((key) => !DATA_KEY.test(key)).map((key) => invalidValue(`data[${key}]`, key, DATA_KEY_MESSAGE));
}

function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** Maps of strings; null counts as absent. */
function checkStringMap(holder: Record<string, unknown>, field: string, cannot: (why: string) => Error, label: string): void {
  const map = holder[field];
  if (map === undefined) return;
  if (map === null) {
    delete holder[field];
    return;
  }
  if (!isRecord(map)) throw cannot(`json: cannot unmarshal ${jsonKind(map)} into Go struct field ${label} of type map[string]string`);
  for (const value of Object.values(map)) {
    if (typeof value !== 'string') throw cannot(`json: cannot unmarshal ${jsonKind(value)} into Go struct field ${label} of type string`);
  }
}

function checkSecretData(data: unknown, cannot: (why: string) => Error): void {
  if (data === undefined || data === null) return;
  for (const value of isRecord(data) ? Object.values(data) : [data]) {
    if (value === null) continue;
    if (typeof value !== 'string') throw cannot(`json: cannot unmarshal ${jsonKind(value)} into Go struct field Secret.data of type []uint8`);
    const wrong = /[^A-Za-z0-9+/=\r\n]/.exec(value);
    if (wrong) throw cannot(`illegal base64 data at input byte ${wrong.index}`);
    if (value.replace(/[\r\n]/g, '').length % 4 !== 0) throw cannot(`illegal base64 data at input byte ${value.length - (value.length % 4)}`);
  }
}

/**
 * The shape of a decoded body, before any rule: 400 where it cannot be read as the kind that the path names. A custom resource of
 * another kind is 422, as the CRD's strategy says it.
 */
export function checkShape(kind: Kind, body: unknown): asserts body is KubeObject {
  const wanted = apiVersionOf(kind);
  if (!isRecord(body)) throw badRequest(`the object provided is unrecognized (must be of type ${kind.kind}): couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonKind(body)} into Go value of type struct`);
  if (!body.kind) {
    const text = JSON.stringify(body);
    throw badRequest(`the object provided is unrecognized (must be of type ${kind.kind}): Object 'Kind' is missing in '${text.slice(0, 500)}' (${text.slice(0, 30)})`);
  }
  if (body.apiVersion !== wanted) throw badRequest(`the API version in the data (${String(body.apiVersion)}) does not match the expected API version (${wanted})`);
  if (body.kind !== kind.kind) {
    if (kind.nature === 'builtin') throw badRequest(`the kind in the data (${String(body.kind)}) does not match the expected kind (${kind.kind})`);
    const name = isRecord(body.metadata) ? String(body.metadata['name'] ?? '') : '';
    throw new ApiStatusError(422, 'Invalid', `${String(body.kind)}.${kind.group} "${name}" is invalid: kind: Invalid value: ${JSON.stringify(body.kind)}: must be ${kind.kind}`, {
      name, group: kind.group, kind: String(body.kind), causes: [invalidValue('kind', body.kind, `must be ${kind.kind}`)],
    });
  }
  const cannot = (why: string): Error => badRequest(`${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${why}`);
  body.metadata ??= {};
  const metadata = body.metadata;
  if (!isRecord(metadata)) throw cannot(`json: cannot unmarshal ${jsonKind(metadata)} into Go struct field .metadata of type v1.ObjectMeta`);
  for (const field of ['labels', 'annotations']) checkStringMap(metadata, field, cannot, `ObjectMeta.${field}`);
  for (const [field, value] of Object.entries(metadata)) if (value === null) delete metadata[field];
  if (kind.group === '' && kind.kind === 'Secret') {
    checkStringMap(body, 'stringData', cannot, 'Secret.stringData');
    checkSecretData(body.data, cannot);
  }
  if (kind.group === '' && kind.kind === 'ConfigMap') checkStringMap(body, 'data', cannot, 'ConfigMap.data');
}

/** What an update may not touch. `next` is what the writer sent. */
export function checkUpdate(kind: Kind, old: KubeObject, next: KubeObject): void {
  const { uid, finalizers = [] } = next.metadata;
  if (uid && uid !== old.metadata.uid) throw invalid(kind, old.metadata.name, [invalidValue('metadata.uid', uid, 'field is immutable')]);
  if (!old.metadata.deletionTimestamp) return;
  const added = finalizers.filter((finalizer) => !old.metadata.finalizers?.includes(finalizer));
  if (added.length === 0) return;
  const listed = added.map((finalizer) => JSON.stringify(finalizer)).join(', ');
  throw invalid(kind, old.metadata.name, [{
    reason: 'FieldValueForbidden', field: 'metadata.finalizers',
    message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${listed}}`,
  }]);
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
  causes.push(...labelProblems(labels), ...ownerProblems(ownerReferences), ...dataProblems(kind, object.data), ...schemaProblems(kind, object));
  for (const finalizer of finalizers ?? []) {
    if (!LABEL_KEY.test(finalizer)) causes.push(invalidValue('metadata.finalizers', finalizer, LABEL_KEY_MESSAGE));
  }
  if (causes.length > 0) throw invalid(kind, name || '', causes);
}
