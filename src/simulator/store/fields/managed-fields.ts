import type { KubeObject, ManagedFieldsEntry } from '../../../kube/kube.types.js';
import { ApiStatusError } from '../api-status.js';
import { deepEqual, isRecord } from '../deep-equal.js';
import { apiVersionOf, type Kind } from '../kinds.js';
import { FieldSet, pathText } from './field-set.js';
import { schemaOf } from './schema.js';
import { compare, merge, removeItems, toFieldSet, type Comparison } from './structured-merge.js';

/** Who writes, when (RFC 3339) and through which door. */
export interface FieldWriter {
  readonly manager: string;
  readonly time: string;
  readonly subresource: 'status' | null;
}

interface Manager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly set: FieldSet;
}

/** kube-apiserver keeps at most so many Update entries; older ones are thrown together. */
const MAX_UPDATE_MANAGERS = 10;

/** Never anyone's: identity, and what the server itself writes. */
const STRIPPED = new FieldSet(['f:apiVersion', 'f:kind', 'f:metadata'], [[
  'f:metadata',
  new FieldSet(['f:name', 'f:namespace', 'f:creationTimestamp', 'f:selfLink', 'f:uid', 'f:generation', 'f:managedFields', 'f:resourceVersion']),
]]);
const STATUS = new FieldSet(['f:status']);
const SPEC = new FieldSet(['f:spec']);

const idOf = ({ manager, operation, apiVersion, subresource }: Omit<Manager, 'set' | 'time'>): string =>
  JSON.stringify([manager, operation, operation === 'Apply' ? '' : apiVersion, subresource]);

function decode(entries: readonly ManagedFieldsEntry[] | undefined): Map<string, Manager> {
  const managers = new Map<string, Manager>();
  for (const entry of Array.isArray(entries) ? entries : []) {
    if (!isRecord(entry) || (entry['operation'] !== 'Apply' && entry['operation'] !== 'Update')) continue;
    const { manager = 'unknown', operation, apiVersion = '', subresource = '', time, fieldsV1 } = entry as unknown as ManagedFieldsEntry & { operation: 'Apply' | 'Update' };
    const decoded: Manager = { manager, operation, apiVersion, subresource, time, set: FieldSet.fromJson(fieldsV1) };
    managers.set(idOf(decoded), decoded);
  }
  return managers;
}

function encode(managers: Map<string, Manager>): ManagedFieldsEntry[] | undefined {
  const sortKey = ({ operation, time = '', manager, apiVersion, subresource }: Manager): string => [operation, time, manager, apiVersion, subresource].join('\u0000');
  const sorted = [...managers.values()].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  if (sorted.length === 0) return undefined;
  return sorted.map(({ manager, operation, apiVersion, time, subresource, set }) => ({
    manager, operation, apiVersion, ...(time ? { time } : {}), fieldsType: 'FieldsV1', fieldsV1: set.toJson(), ...(subresource ? { subresource } : {}),
  }));
}

/** Without what the server resets on a write through this door: spec on /status, status elsewhere (where it has its subresource). */
function visible(set: FieldSet, kind: Kind, subresource: string | null): FieldSet {
  if (subresource === 'status') return set.recursiveDifference(SPEC);
  return kind.statusSubresource ? set.recursiveDifference(STATUS) : set;
}

function comparison(kind: Kind, left: unknown, right: unknown, subresource: string | null): Comparison {
  const { added, modified, removed } = compare(left, right, schemaOf(kind));
  return { added: visible(added, kind, subresource), modified: visible(modified, kind, subresource), removed: visible(removed, kind, subresource) };
}

/** Takes what changed from all managers but `writer`. Without force, a change of what others hold is a conflict. */
function takeFromOthers(managers: Map<string, Manager>, writer: string, { added, modified, removed }: Comparison, force: boolean): void {
  const changed = modified.union(added);
  const conflicts: [Manager, FieldSet][] = [];
  for (const [id, manager] of managers) {
    if (id === writer) continue;
    const conflict = manager.set.intersection(changed);
    if (!conflict.empty) conflicts.push([manager, conflict]);
  }
  if (!force && conflicts.length > 0) throw conflictError(conflicts);
  for (const [id, manager] of managers) {
    if (id === writer) continue;
    const set = manager.set.difference(changed).difference(removed);
    if (set.empty) managers.delete(id);
    else managers.set(id, { ...manager, set });
  }
}

/** The managedFields after a create, update or patch; `undefined` where they are not tracked (an object that never had any). */
export function recordUpdate(kind: Kind, old: KubeObject | null, next: KubeObject, writer: FieldWriter): ManagedFieldsEntry[] | undefined {
  const given = writer.subresource ? undefined : next.metadata.managedFields;
  // A client may empty the list (`[]` or `[{}]`): nothing is tracked from then on.
  if (given && (given.length === 0 || (given.length === 1 && Object.keys(given[0] ?? {}).length === 0))) return undefined;
  let managers = decode(given);
  if (managers.size === 0) managers = decode(old?.metadata.managedFields);
  if (old && managers.size === 0) return undefined;
  update(managers, kind, old, next, writer);
  return encode(managers);
}

function update(managers: Map<string, Manager>, kind: Kind, old: KubeObject | null, next: KubeObject, writer: FieldWriter): void {
  const changes = comparison(kind, withoutManagedFields(old ?? {}), withoutManagedFields(next), writer.subresource);
  takeFromOthers(managers, '', changes, true);
  const claimed = visible(changes.modified.union(changes.added), kind, writer.subresource).difference(STRIPPED);
  if (claimed.empty) return;
  const entry = { manager: writer.manager || 'unknown', operation: 'Update' as const, apiVersion: apiVersionOf(kind), subresource: writer.subresource ?? '', time: writer.time };
  const previous = managers.get(idOf(entry));
  managers.set(idOf(entry), { ...entry, set: previous ? previous.set.union(claimed) : claimed });
  capUpdates(managers);
}

function capUpdates(managers: Map<string, Manager>): void {
  const updaters = [...managers].filter(([, { operation }]) => operation === 'Update').sort(([a, x], [b, y]) => ((x.time ?? '') + a < (y.time ?? '') + b ? -1 : 1));
  const surplus = updaters.length - MAX_UPDATE_MANAGERS;
  if (surplus <= 0) return;
  const merged = updaters.slice(0, surplus + 1);
  const last = merged.at(-1)?.[1];
  if (!last) return;
  for (const [id] of merged) managers.delete(id);
  const bucket: Manager = { ...last, manager: 'ancient-changes', subresource: '', set: merged.reduce((set, [, manager]) => set.union(manager.set), new FieldSet()) };
  managers.set(idOf(bucket), bucket);
}

/**
 * Server-side apply: what the object becomes. `live` is null where it is made.
 * @throws ApiStatusError 409 with a cause per field that another manager holds
 */
export function applyConfiguration(kind: Kind, live: KubeObject | null, config: KubeObject, writer: FieldWriter, force: boolean): KubeObject {
  const schema = schemaOf(kind);
  const managers = decode(live?.metadata.managedFields);
  const before = withoutManagedFields(live ?? { apiVersion: config.apiVersion, kind: config.kind });
  if (live && managers.size === 0) update(managers, kind, null, live, { ...writer, manager: 'before-first-apply', subresource: null });
  const entry = { manager: writer.manager, operation: 'Apply' as const, apiVersion: apiVersionOf(kind), subresource: writer.subresource ?? '' };
  const id = idOf(entry);
  const last = managers.get(id);
  const merged = merge(before, config, schema);
  const claimed = visible(toFieldSet(config, schema), kind, writer.subresource);
  managers.set(id, { ...entry, time: writer.time, set: claimed });
  const next = last && !last.set.empty ? prune(kind, merged, managers, last.set) : merged;
  takeFromOthers(managers, id, comparison(kind, before, next, writer.subresource), force);
  const own = claimed.difference(STRIPPED);
  if (own.empty) managers.delete(id);
  else managers.set(id, { ...entry, time: deepEqual(before, next) ? last?.time : writer.time, set: own });
  const object = dropNulls(next) as KubeObject;
  const managedFields = encode(managers);
  object.metadata = { ...object.metadata, ...(managedFields ? { managedFields } : {}) };
  return object;
}

/** Removes what this manager applied last time, no longer applies, and nobody else holds. */
function prune(kind: Kind, merged: unknown, managers: Map<string, Manager>, lastSet: FieldSet): unknown {
  const schema = schemaOf(kind);
  const last = lastSet.withNamedFields(schema);
  const stripped = removeItems(merged, last, schema);
  const owned = [...managers.values()].reduce((set, { set: each }) => set.union(each), new FieldSet()).withNamedFields(schema);
  const mergedSet = toFieldSet(merged, schema).withNamedFields(schema);
  const kept = toFieldSet(stripped, schema).withNamedFields(schema).union(owned);
  const pruned = removeItems(merged, mergedSet.difference(kept), schema);
  const prunedSet = toFieldSet(pruned, schema).withNamedFields(schema);
  return removeItems(merged, mergedSet.difference(prunedSet).intersection(last), schema);
}

function withoutManagedFields(object: object): Record<string, unknown> {
  const { metadata, ...rest } = object as Record<string, unknown>;
  if (!isRecord(metadata)) return rest;
  const { managedFields: _managedFields, ...others } = metadata;
  return { ...rest, metadata: others };
}

/** Metadata knows no null: a map that pruning emptied is gone. */
function dropNulls(value: unknown): unknown {
  if (!isRecord(value) || !isRecord(value['metadata'])) return value;
  return { ...value, metadata: Object.fromEntries(Object.entries(value['metadata']).filter(([, each]) => each !== null)) };
}

function conflictError(conflicts: readonly [Manager, FieldSet][]): ApiStatusError {
  const named = conflicts
    .map(([manager, set]) => ({ who: printed(manager), paths: [...set.paths()].map(pathText) }))
    .sort((a, b) => (a.who < b.who ? -1 : 1));
  const causes = named.flatMap(({ who, paths }) => paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${who}`, field })));
  const [only] = causes;
  const message = causes.length === 1 && only
    ? `Apply failed with 1 conflict: ${only.message}: ${only.field}`
    : `Apply failed with ${causes.length} conflicts: ${named.map(({ who, paths }) => [`conflicts with ${who}:`, ...paths.map((path) => `- ${path}`)].join('\n')).join('\n')}`;
  return new ApiStatusError(409, 'Conflict', message, { causes });
}

function printed({ manager, operation, apiVersion, subresource }: Manager): string {
  const name = `${JSON.stringify(manager)}${subresource ? ` with subresource ${JSON.stringify(subresource)}` : ''}`;
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}
