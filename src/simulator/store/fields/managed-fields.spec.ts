import type { KubeObject } from '../../../kube/kube.types.js';
import { resources } from '../../../kube/resources.js';
import { ApiStatusError } from '../api-status.js';
import { kindOf } from '../kinds.js';
import { applyConfiguration, recordUpdate } from './managed-fields.js';

const cluster = kindOf(resources.managedCluster);
const engine = kindOf(resources.multiClusterEngine);
const secret = kindOf(resources.secret);

const by = (manager: string, minute = 0, subresource: 'status' | null = null) => ({ manager, subresource, time: `2026-11-24T08:${String(minute).padStart(2, '0')}:00Z` });
const object = (kind: { group: string; version: string; kind: string }, rest: Partial<Omit<KubeObject, 'metadata'>> & { metadata?: Partial<KubeObject['metadata']> }): KubeObject => ({
  apiVersion: kind.group ? `${kind.group}/${kind.version}` : kind.version, kind: kind.kind, ...rest, metadata: { name: 'x', ...rest.metadata },
});
const created = (kind: typeof cluster, value: KubeObject, manager = 'creator'): KubeObject => ({ ...value, metadata: { ...value.metadata, managedFields: recordUpdate(kind, null, value, by(manager)) } });
const owners = (value: KubeObject): Record<string, unknown> =>
  Object.fromEntries((value.metadata.managedFields ?? []).map(({ manager, operation, fieldsV1, subresource }) => [`${manager} ${operation}${subresource ? ` ${subresource}` : ''}`, fieldsV1]));

function conflictOf(act: () => unknown): ApiStatusError {
  try {
    act();
  } catch (error) {
    if (error instanceof ApiStatusError) return error;
    throw error;
  }
  throw new Error('no conflict');
}

test('a create owns what it wrote, containers included, identity not', () => {
  const value = created(cluster, object(cluster, { metadata: { labels: { a: '1' }, uid: 'u' }, spec: { hubAcceptsClient: true }, status: { ignored: true } }));
  expect(owners(value)).toEqual({ 'creator Update': { 'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } }, 'f:spec': { '.': {}, 'f:hubAcceptsClient': {} } } });
});

test('an apply owns the leaves that it names', () => {
  const value = applyConfiguration(cluster, null, object(cluster, { metadata: { labels: { a: '1' } }, spec: { hubAcceptsClient: true } }), by('m1'), false);
  expect(owners(value)).toEqual({ 'm1 Apply': { 'f:metadata': { 'f:labels': { 'f:a': {} } }, 'f:spec': { 'f:hubAcceptsClient': {} } } });
});

test('what another holds with another value is a conflict, with the same value shared', () => {
  const live = applyConfiguration(cluster, null, object(cluster, { metadata: { labels: { a: '1' } }, spec: { hubAcceptsClient: true } }), by('m1'), false);
  const conflict = conflictOf(() => applyConfiguration(cluster, live, object(cluster, { metadata: { labels: { a: '2' } } }), by('m2'), false));
  expect(conflict.toStatus()).toMatchObject({
    code: 409, reason: 'Conflict', message: 'Apply failed with 1 conflict: conflict with "m1": .metadata.labels.a',
    details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "m1"', field: '.metadata.labels.a' }] },
  });
  expect(conflictOf(() => applyConfiguration(cluster, live, object(cluster, { metadata: { labels: { a: '2' } }, spec: { hubAcceptsClient: false } }), by('m2'), false)).message).toBe(
    'Apply failed with 2 conflicts: conflicts with "m1":\n- .metadata.labels.a\n- .spec.hubAcceptsClient',
  );
  const shared = applyConfiguration(cluster, live, object(cluster, { metadata: { labels: { a: '1' } } }), by('m2', 1), false);
  expect(Object.keys(owners(shared))).toEqual(['m2 Apply', 'm1 Apply']);
  const taken = applyConfiguration(cluster, live, object(cluster, { metadata: { labels: { a: '2' } } }), by('m2', 1), true);
  expect(taken.metadata.labels).toEqual({ a: '2' });
  expect(owners(taken)).toEqual({ 'm1 Apply': { 'f:spec': { 'f:hubAcceptsClient': {} } }, 'm2 Apply': { 'f:metadata': { 'f:labels': { 'f:a': {} } } } });
});

test('an updater is named with its version in a conflict', () => {
  const live = created(secret, object(secret, { metadata: { labels: { a: '1' } } }), 'kubectl-edit');
  expect(conflictOf(() => applyConfiguration(secret, live, object(secret, { metadata: { labels: { a: '2' } } }), by('m1'), false)).message).toBe(
    'Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: .metadata.labels.a',
  );
});

test('what is no longer applied goes, unless another holds it too', () => {
  const both = object(cluster, { metadata: { labels: { a: '1', b: '2' }, annotations: { n: '1' } } });
  let live = applyConfiguration(cluster, null, both, by('m1'), false);
  live = applyConfiguration(cluster, live, object(cluster, { metadata: { labels: { b: '2' } } }), by('m2'), false);
  live = applyConfiguration(cluster, live, object(cluster, {}), by('m1'), false);
  expect(live.metadata.labels).toEqual({ b: '2' });
  expect(live.metadata.annotations).toBeUndefined();
  live = applyConfiguration(cluster, live, object(cluster, {}), by('m2'), false);
  expect(live.metadata.labels).toBeUndefined();
  expect(live.metadata.managedFields).toBeUndefined();
});

test('an apply that changes nothing leaves everything as it is, the time of its entry too', () => {
  const config = object(cluster, { metadata: { labels: { a: '1' } } });
  const live = applyConfiguration(cluster, null, config, by('m1', 0), false);
  expect(applyConfiguration(cluster, live, config, by('m1', 9), false)).toEqual(live);
});

test('what existed before the first apply belongs to before-first-apply', () => {
  const live = object(secret, { metadata: { labels: { a: '1' } }, type: 'Opaque' });
  const value = applyConfiguration(secret, live, object(secret, { metadata: { labels: { b: '2' } } }), by('m1'), false);
  expect(owners(value)).toEqual({
    'm1 Apply': { 'f:metadata': { 'f:labels': { 'f:b': {} } } },
    'before-first-apply Update': { 'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } }, 'f:type': {} },
  });
});

test('a list with keys merges item by item, in the order of the configuration', () => {
  const components = (...items: [string, boolean][]) => object(engine, { spec: { overrides: { components: items.map(([name, enabled]) => ({ name, enabled })) } } });
  let live = applyConfiguration(engine, null, components(['a', true], ['b', true]), by('operator'), false);
  live = applyConfiguration(engine, live, components(['managedserviceaccount', true]), by('lifeboat'), false);
  expect(live.spec).toEqual({ overrides: { components: [{ name: 'a', enabled: true }, { name: 'b', enabled: true }, { name: 'managedserviceaccount', enabled: true }] } });
  expect(conflictOf(() => applyConfiguration(engine, live, components(['a', false]), by('lifeboat'), false)).message).toBe(
    'Apply failed with 1 conflict: conflict with "operator": .spec.overrides.components[name="a"].enabled',
  );
  live = applyConfiguration(engine, live, components(['b', true]), by('operator'), false);
  expect(live.spec).toEqual({ overrides: { components: [{ name: 'b', enabled: true }, { name: 'managedserviceaccount', enabled: true }] } });
});

test('conditions of OCM\u2019s kinds are one value, as their CRDs say', () => {
  const live = created(cluster, object(cluster, {}));
  const conditions = (type: string) => object(cluster, { status: { conditions: [{ type, status: 'True' }] } });
  const first = applyConfiguration(cluster, live, conditions('A'), by('m1', 0, 'status'), false);
  expect(conflictOf(() => applyConfiguration(cluster, first, conditions('B'), by('m2', 0, 'status'), false)).message).toContain('conflict with "m1" with subresource "status": .status.conditions');
  const second = applyConfiguration(cluster, first, conditions('B'), by('m2', 0, 'status'), true);
  expect(second.status).toEqual({ conditions: [{ type: 'B', status: 'True' }] });
  expect(Object.keys(owners(second))).toEqual(['m2 Apply status']);
});

test('an update takes fields over, shares none, and gives up what it removes', () => {
  const live = applyConfiguration(cluster, null, object(cluster, { metadata: { labels: { a: '1', b: '1' } } }), by('m1'), false);
  const next = { ...live, metadata: { ...live.metadata, labels: { a: '2' } } };
  const entries = recordUpdate(cluster, live, next, by('editor', 1));
  expect(owners({ ...next, metadata: { ...next.metadata, managedFields: entries } })).toEqual({ 'editor Update': { 'f:metadata': { 'f:labels': { 'f:a': {} } } } });
});

test('an emptied list ends the tracking', () => {
  const live = created(cluster, object(cluster, { metadata: { labels: { a: '1' } } }));
  expect(recordUpdate(cluster, live, { ...live, metadata: { ...live.metadata, managedFields: [{}] } }, by('editor'))).toBeUndefined();
  const untracked = object(cluster, {});
  expect(recordUpdate(cluster, untracked, { ...untracked, spec: { a: 1 } }, by('editor'))).toBeUndefined();
});

test('no more than ten updaters are told apart', () => {
  let live = created(cluster, object(cluster, { metadata: { labels: {} } }), 'u0');
  for (let i = 1; i <= 14; i++) {
    const next = { ...live, metadata: { ...live.metadata, labels: { ...live.metadata.labels, [`l${i}`]: '1' } } };
    live = { ...next, metadata: { ...next.metadata, managedFields: recordUpdate(cluster, live, next, by(`u${i}`, i)) } };
  }
  const managers = live.metadata.managedFields?.map(({ manager }) => manager);
  expect(managers).toHaveLength(10);
  expect(managers).toContain('ancient-changes');
});
