import { HubCaller } from '../../../test/support/hub-caller.js';
import { until } from '../../../test/support/until.js';
import { ManualClock } from '../../common/clock.js';
import { SimulatedHub } from '../simulated-hub.js';

const GROUP = 'cluster.open-cluster-management.io';
const CLUSTERS = `/apis/${GROUP}/v1/managedclusters`;
const SECRETS = '/api/v1/namespaces/default/secrets';
const BACKUPS = '/apis/velero.io/v1/namespaces/default/backups';
const METADATA = { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' };
const METADATA_LIST = { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' };

const cluster = (name: string, metadata: Record<string, unknown> = {}, rest: Record<string, unknown> = {}) => ({
  apiVersion: `${GROUP}/v1`, kind: 'ManagedCluster', metadata: { name, ...metadata }, spec: { hubAcceptsClient: true }, ...rest,
});
const secret = (name: string, labels: Record<string, string> = {}) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'default', labels }, data: { token: 'Y2FuYXJ5' } });
const names = (list: Record<string, unknown>): string[] => (list['items'] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);

let hub: SimulatedHub;
let clock: ManualClock;
let caller: HubCaller;

beforeEach(async () => {
  clock = new ManualClock(new Date('2026-11-24T08:00:00Z'));
  hub = await SimulatedHub.start({ name: 'hub-east', clock, historyLength: 8 });
  caller = new HubCaller(hub);
});

afterEach(async () => {
  await caller.close();
  await hub.stop();
});

describe('writes', () => {
  test.each([
    { because: 'the name is taken', code: 409, reason: 'AlreadyExists', body: cluster('c1'), says: 'managedclusters.cluster.open-cluster-management.io "c1" already exists' },
    { because: 'no name', code: 422, reason: 'Invalid', body: { ...cluster(''), metadata: {} }, says: 'ManagedCluster.cluster.open-cluster-management.io "" is invalid: metadata.name: Required value: name or generateName is required' },
    { because: 'not a name', code: 422, reason: 'Invalid', body: cluster('Bad_Name'), says: 'metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of' },
    { because: 'not a label', code: 422, reason: 'Invalid', body: cluster('c2', { labels: { a: 'b c' } }), says: 'metadata.labels: Invalid value: "b c"' },
    { because: 'a label that is no text', code: 400, reason: 'BadRequest', body: cluster('c2', { labels: { a: 5 } }), says: 'json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string' },
    { because: 'another kind', code: 422, reason: 'Invalid', body: { ...cluster('c2'), kind: 'Other' }, says: 'kind: Invalid value: "Other": must be ManagedCluster' },
    { because: 'another version', code: 400, reason: 'BadRequest', body: { ...cluster('c2'), apiVersion: 'v1' }, says: 'the API version in the data (v1) does not match the expected API version (cluster.open-cluster-management.io/v1)' },
    { because: 'no kind', code: 400, reason: 'BadRequest', body: {}, says: 'Object \'Kind\' is missing in \'{}\'' },
    { because: 'no JSON', code: 400, reason: 'BadRequest', body: '{', says: 'couldn\'t get version/kind; json parse error' },
    { because: 'an owner without uid', code: 422, reason: 'Invalid', body: cluster('c2', { ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x' }] }), says: 'metadata.ownerReferences.uid: Invalid value: "": must not be empty' },
    { because: 'spec is no object', code: 422, reason: 'Invalid', body: { ...cluster('c2'), spec: 'x' }, says: 'spec in body must be of type object: "string"' },
  ])('a create is answered $code: $because', async ({ code, reason, body, says }) => {
    await caller.call('POST', CLUSTERS, cluster('c1'));
    const answer = await caller.call('POST', CLUSTERS, body);
    expect(answer).toMatchObject({ code, body: { kind: 'Status', status: 'Failure', reason, code } });
    expect(answer.body['message']).toContain(says);
  });

  test.each([
    { path: '/api/v1/namespaces/none/secrets', says: 'namespaces "none" not found' },
    { path: '/api/v1/nothings', says: 'the server could not find the requested resource' },
  ])('nothing is made at $path', async ({ path, says }) => {
    expect(await caller.call('POST', path, { ...secret('s'), metadata: { name: 's' } })).toMatchObject({ code: 404, body: { message: says } });
  });

  test.each([
    { because: 'required by the CRD', path: `/apis/${GROUP}/v1beta1/namespaces/default/backupschedules`, body: { apiVersion: `${GROUP}/v1beta1`, kind: 'BackupSchedule', metadata: { name: 'b' }, spec: {} }, says: 'spec.veleroSchedule: Required value' },
    { because: 'no base64', path: SECRETS, body: { ...secret('s'), data: { a: 'not base64!' } }, says: 'illegal base64 data at input byte 3' },
    { because: 'no key', path: SECRETS, body: { ...secret('s'), data: { 'a b': 'YQ==' } }, says: 'data[a b]: Invalid value: "a b": a valid config key must consist of' },
  ])('$because', async ({ path, body, says }) => {
    expect((await caller.call('POST', path, body)).body['message']).toContain(says);
  });

  test('the server names what has only the beginning of a name', async () => {
    const made = await caller.call('POST', SECRETS, { ...secret('x'), metadata: { generateName: 'token-' } });
    expect(made.body['metadata'].name).toMatch(/^token-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(hub.ledger.writes({ verb: 'create' }).map(({ name }) => name)).toEqual([made.body['metadata'].name]);
  });

  test('a custom resource is replaced only with its version; a builtin one also without', async () => {
    const made = (await caller.call('POST', CLUSTERS, cluster('c1'))).body;
    expect(await caller.call('PUT', `${CLUSTERS}/c1`, cluster('c1'))).toMatchObject({ code: 422, body: { details: { causes: [{ field: 'metadata.resourceVersion' }] } } });
    const next = await caller.call('PUT', `${CLUSTERS}/c1`, { ...made, spec: { hubAcceptsClient: false } });
    expect(next.body['metadata']).toMatchObject({ generation: 2, uid: made['metadata'].uid, creationTimestamp: made['metadata'].creationTimestamp });
    expect(await caller.call('PUT', `${CLUSTERS}/c1`, made)).toMatchObject({
      code: 409, body: { reason: 'Conflict', message: expect.stringContaining('the object has been modified; please apply your changes to the latest version and try again') },
    });
    await caller.call('POST', SECRETS, secret('s'));
    expect((await caller.call('PUT', `${SECRETS}/s`, secret('s', { a: 'b' }))).code).toBe(200);
  });

  test('generation counts what is wanted, not metadata and not status; of Velero\u2019s kinds status too', async () => {
    expect((await caller.call('POST', CLUSTERS, cluster('c1', {}, { status: { ignored: true } }))).body['status']).toBeUndefined();
    const generations = [
      await caller.patch(`${CLUSTERS}/c1`, { metadata: { labels: { a: 'b' } } }),
      await caller.patch(`${CLUSTERS}/c1/status`, { status: { version: { kubernetes: 'v1' } }, spec: { hubAcceptsClient: false } }),
      await caller.patch(`${CLUSTERS}/c1`, { status: { version: { kubernetes: 'v2' } } }),
      await caller.patch(`${CLUSTERS}/c1`, { spec: { hubAcceptsClient: false } }),
    ].map(({ body }) => [body['metadata'].generation, body['status']?.version?.kubernetes, body['spec'].hubAcceptsClient]);
    expect(generations).toEqual([[1, undefined, true], [1, 'v1', true], [1, 'v1', true], [2, 'v1', false]]);
    await caller.call('POST', BACKUPS, { apiVersion: 'velero.io/v1', kind: 'Backup', metadata: { name: 'b' }, spec: {}, status: { phase: 'New' } });
    expect((await caller.patch(`${BACKUPS}/b`, { status: { phase: 'Completed' } })).body).toMatchObject({ metadata: { generation: 2 }, status: { phase: 'Completed' } });
    expect((await caller.patch(`${BACKUPS}/b/status`, { status: { phase: 'X' } })).code).toBe(404);
  });

  test('a write that changes nothing makes no new version', async () => {
    const made = (await caller.call('POST', CLUSTERS, cluster('c1', { labels: { a: 'b' } }))).body;
    clock.advance(60_000);
    expect((await caller.patch(`${CLUSTERS}/c1`, { metadata: { labels: { a: 'b' } } })).body).toEqual(made);
    expect(hub.ledger.writes({ verb: 'patch' })).toMatchObject([{ code: 200, changed: false }]);
  });

  test.each([
    { because: 'the test fails', type: 'json-patch+json', patch: [{ op: 'test', path: '/metadata/name', value: 'x' }], code: 422 },
    { because: 'the path does not exist', type: 'json-patch+json', patch: [{ op: 'remove', path: '/metadata/labels/none' }], code: 422 },
    { because: 'it is no list of operations', type: 'json-patch+json', patch: {}, code: 400 },
    { because: 'it fits', type: 'json-patch+json', patch: [{ op: 'add', path: '/metadata/labels', value: { a: 'b' } }], code: 200 },
    { because: 'it is no object', type: 'merge-patch+json', patch: [], code: 400 },
    { because: 'the version is old', type: 'merge-patch+json', patch: { metadata: { resourceVersion: '1', labels: { a: 'b' } } }, code: 409 },
    { because: 'it renames', type: 'merge-patch+json', patch: { metadata: { name: 'other' } }, code: 400 },
    { because: 'a uid never changes', type: 'merge-patch+json', patch: { metadata: { uid: 'other' } }, code: 422 },
    { because: 'null of a map is no map', type: 'merge-patch+json', patch: { metadata: { labels: null } }, code: 200 },
  ] as const)('$type is answered $code: $because', async ({ type, patch, code }) => {
    await caller.call('POST', CLUSTERS, cluster('c1'));
    expect((await caller.patch(`${CLUSTERS}/c1`, patch, type)).code).toBe(code);
  });

  test.each([
    { method: 'PATCH', path: `${CLUSTERS}/c1`, type: 'application/strategic-merge-patch+json', code: 415 },
    { method: 'PATCH', path: `${SECRETS}/s1`, type: 'application/strategic-merge-patch+json', code: 404 },
    { method: 'POST', path: CLUSTERS, type: 'text/plain', code: 415 },
    { method: 'PUT', path: SECRETS, type: 'application/json', code: 405 },
    { method: 'POST', path: `${SECRETS}/s1`, type: 'application/json', code: 405 },
    { method: 'PATCH', path: CLUSTERS, type: 'application/merge-patch+json', code: 400 },
    { method: 'OPTIONS', path: CLUSTERS, type: 'application/json', code: 405 },
  ])('$method $path with $type: $code', async ({ method, path, type, code }) => {
    expect((await caller.call(method, path, '{}', { headers: { 'content-type': type } })).code).toBe(code);
  });

  test('a body over 3 MiB is too large', async () => {
    const answer = await caller.call('POST', SECRETS, { ...secret('s'), data: { a: 'YWFh'.repeat(900_000) } });
    expect(answer).toMatchObject({ code: 413, body: { reason: 'RequestEntityTooLarge' } });
  });

  test('a delete keeps to its preconditions', async () => {
    const { metadata } = (await caller.call('POST', CLUSTERS, cluster('c1'))).body as { metadata: { uid: string; resourceVersion: string } };
    expect(await caller.call('DELETE', `${CLUSTERS}/c1`, { preconditions: { uid: 'other' } })).toMatchObject({ code: 409, body: { message: expect.stringContaining('the UID in the precondition (other) does not match the UID in record') } });
    expect((await caller.call('DELETE', `${CLUSTERS}/c1`, { preconditions: { resourceVersion: '1' } })).code).toBe(409);
    expect((await caller.call('DELETE', `${CLUSTERS}/c1`, { propagationPolicy: 'Bogus' })).code).toBe(422);
    expect((await caller.call('DELETE', `${CLUSTERS}/c1`, { preconditions: metadata })).body).toMatchObject({ status: 'Success', details: { name: 'c1', uid: metadata.uid } });
  });

  test('a dry run answers and changes nothing', async () => {
    const dry = await caller.call('POST', `${CLUSTERS}?dryRun=All`, cluster('c1'));
    expect(dry.code).toBe(201);
    expect(dry.body['metadata'].resourceVersion).toBeUndefined();
    expect((await caller.call('GET', `${CLUSTERS}/c1`)).code).toBe(404);
    await caller.call('POST', CLUSTERS, cluster('c1'));
    expect((await caller.call('DELETE', `${CLUSTERS}/c1?dryRun=All`)).code).toBe(200);
    expect((await caller.call('GET', `${CLUSTERS}/c1`)).code).toBe(200);
  });

  test('an apply needs to say who applies, may be YAML, and cannot be made of another kind', async () => {
    expect((await caller.patch(`${CLUSTERS}/c1`, cluster('c1'), 'apply-patch+yaml')).body['message']).toContain('fieldManager: Required value: is required for apply patch');
    const yaml = `apiVersion: ${GROUP}/v1\nkind: ManagedCluster\nmetadata: {name: c1, labels: {a: b}}\n`;
    expect(await caller.apply(`${CLUSTERS}/c1`, yaml)).toMatchObject({ code: 201, body: { metadata: { labels: { a: 'b' } } } });
    expect((await caller.apply(`${CLUSTERS}/c1`, yaml)).code).toBe(200);
    expect((await caller.apply(`${CLUSTERS}/c1`, { ...cluster('c1'), kind: 'Foo' })).body['message']).toBe('invalid object type: cluster.open-cluster-management.io/v1, Kind=Foo');
    expect((await caller.apply(`${CLUSTERS}/c2/status`, cluster('c2'))).code).toBe(404);
  });
});

describe('reads', () => {
  beforeEach(() => hub.seed([secret('a', { t: '1' }), secret('b'), secret('c', { t: '2' }), secret('d', { t: '1' })]));

  test.each([
    { query: '', found: ['a', 'b', 'c', 'd'] },
    { query: 'labelSelector=t', found: ['a', 'c', 'd'] },
    { query: 'labelSelector=t%3D1', found: ['a', 'd'] },
    { query: 'labelSelector=!t', found: ['b'] },
    { query: 'fieldSelector=metadata.name%3Dc', found: ['c'] },
    { query: 'fieldSelector=metadata.name!%3Dc,metadata.namespace%3Ddefault', found: ['a', 'b', 'd'] },
    { query: 'fieldSelector=type%3DOpaque&labelSelector=t', found: ['a', 'c', 'd'] },
  ])('a list with "$query" finds $found', async ({ query, found }) => {
    for (const path of [SECRETS, '/api/v1/secrets']) expect(names((await caller.call('GET', `${path}?${query}`)).body)).toEqual(found);
  });

  test.each([
    { query: 'fieldSelector=spec.x%3D1', code: 400 }, { query: 'labelSelector=a%20in%20b', code: 400 }, { query: 'limit=abc', code: 400 }, { query: 'resourceVersion=abc', code: 400 },
    { query: 'continue=abc', code: 400 }, { query: 'resourceVersion=99999999', code: 504 }, { query: 'resourceVersionMatch=Exact', code: 422 }, { query: 'resourceVersion=1&resourceVersionMatch=Exact', code: 410 },
    { query: 'resourceVersion=1&resourceVersionMatch=NotOlderThan', code: 200 },
  ])('a list with "$query" is answered $code', async ({ query, code }) => {
    expect((await caller.call('GET', `${SECRETS}?${query}`)).code).toBe(code);
  });

  test('pages show what the first one saw', async () => {
    const first = await caller.call('GET', `${SECRETS}?limit=2`);
    expect(names(first.body)).toEqual(['a', 'b']);
    expect(first.body['metadata'].remainingItemCount).toBe(2);
    hub.seed([secret('bb'), secret('z')]);
    await caller.call('DELETE', `${SECRETS}/d`);
    const second = await caller.call('GET', `${SECRETS}?limit=2&continue=${first.body['metadata'].continue}`);
    expect(names(second.body)).toEqual(['c', 'd']);
    expect(second.body['metadata']).toEqual({ resourceVersion: first.body['metadata'].resourceVersion });
    expect(names((await caller.call('GET', `${SECRETS}?limit=0`)).body)).toEqual(['a', 'b', 'bb', 'c', 'z']);
  });

  test('a list of the past, as far as history reaches', async () => {
    const { resourceVersion } = (await caller.call('GET', SECRETS)).body['metadata'] as { resourceVersion: string };
    await caller.call('DELETE', `${SECRETS}/a`);
    await caller.patch(`${SECRETS}/b`, { metadata: { labels: { t: '9' } } });
    hub.seed([secret('new', { t: '1' })]);
    const then = await caller.call('GET', `${SECRETS}?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact&labelSelector=t`);
    expect(names(then.body)).toEqual(['a', 'c', 'd']);
    for (let i = 0; i < 10; i++) hub.seed([secret(`more-${i}`)]);
    expect((await caller.call('GET', `${SECRETS}?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`)).code).toBe(410);
  });

  test('metadata alone, of one and of many: no data leaves the hub', async () => {
    const one = await caller.call('GET', `${SECRETS}/a`, undefined, { headers: METADATA });
    expect(one.body).toMatchObject({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: 'a', labels: { t: '1' } } });
    const many = await caller.call('GET', SECRETS, undefined, { headers: METADATA_LIST });
    expect(many.body).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' });
    expect(many.body['items'][0].kind).toBe('PartialObjectMetadata');
    expect(`${one.text}${many.text}`).not.toContain('Y2FuYXJ5');
    expect((await caller.call('GET', SECRETS, undefined, { headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' } })).code).toBe(406);
    expect((await caller.call('GET', SECRETS, undefined, { headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1,application/json' } })).body['kind']).toBe('SecretList');
  });

  test('items of builtin lists bear no kind, those of custom ones do', async () => {
    hub.seed([cluster('c1')]);
    expect((await caller.call('GET', SECRETS)).body['items'][0].kind).toBeUndefined();
    expect((await caller.call('GET', CLUSTERS)).body['items'][0].kind).toBe('ManagedCluster');
  });
});

describe('watches', () => {
  const now = (): string => `resourceVersion=${hub.store.revision}`;

  test('who comes into a selection is added, who leaves it is deleted, as last seen', async () => {
    const since = now();
    await caller.call('POST', SECRETS, secret('a', { t: '1' }));
    await caller.call('POST', SECRETS, secret('b'));
    const watch = await caller.watch(SECRETS, `${since}&labelSelector=t%3D1`);
    await caller.patch(`${SECRETS}/a`, { metadata: { labels: { x: 'y' } } });
    await caller.patch(`${SECRETS}/a`, { metadata: { labels: { t: '2' } } });
    const left = hub.store.revision;
    await caller.patch(`${SECRETS}/b`, { metadata: { labels: { t: '1' } } });
    await caller.call('DELETE', `${SECRETS}/b`);
    await caller.call('DELETE', `${SECRETS}/a`);
    await until('all is told', () => watch.told.length === 5);
    expect(watch.told).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED b', 'DELETED b']);
    expect(watch.events[2]?.object['metadata']).toMatchObject({ labels: { t: '1', x: 'y' }, resourceVersion: String(left) });
  });

  test('only its namespace is told, and one object by its name', async () => {
    hub.seed([{ ...secret('a'), metadata: { name: 'a', namespace: 'other' } }]);
    const [here, named, all] = [await caller.watch(SECRETS, now()), await caller.watch(SECRETS, `${now()}&fieldSelector=metadata.name%3Db`), await caller.watch('/api/v1/secrets', now())];
    hub.seed([secret('a'), { ...secret('b'), metadata: { name: 'b', namespace: 'other' } }, secret('b')]);
    await until('all are told', () => all.told.length === 3 && here.told.length === 2 && named.told.length === 1);
  });

  test('metadata alone', async () => {
    const watch = await caller.watch(SECRETS, now(), METADATA);
    hub.seed([secret('a')]);
    await until('it is told', () => watch.told.length === 1);
    expect(watch.events[0]?.object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'a' } });
    expect(watch.lines.join()).not.toContain('Y2FuYXJ5');
  });

  test('what happened since a version comes first, if it is still known', async () => {
    const since = now();
    hub.seed([secret('a'), secret('b')]);
    const watch = await caller.watch(SECRETS, since);
    await until('both came', () => watch.told.length === 2);
    for (let i = 0; i < 20; i++) hub.seed([secret(`s${i}`)]);
    const late = await caller.watch(SECRETS, since);
    await until('it ends', () => late.state === 'ended');
    expect(late.events).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: expect.stringMatching(/^too old resource version: \d+ \(\d+\)$/) } }]);
    hub.settings.expiredAs = 'status';
    await expect(caller.watch(SECRETS, since)).rejects.toThrow('watch answered 410');
  });

  test('without a version it begins with what there is, and can say where that ends', async () => {
    hub.seed([secret('a'), secret('b')]);
    const plain = await caller.watch(SECRETS);
    await until('both came', () => plain.told.length === 2);
    const marked = await caller.watch(SECRETS, 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true');
    await until('the mark came', () => marked.told.length === 3);
    expect(marked.told).toEqual(['ADDED a', 'ADDED b', 'BOOKMARK']);
    expect(marked.events[2]?.object['metadata'].annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    hub.settings.watchList = false;
    await expect(caller.watch(SECRETS, 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true')).rejects.toThrow('watch answered 422');
  });

  test('it ends after the time that was asked for', async () => {
    const watch = await caller.watch(SECRETS, `${now()}&timeoutSeconds=1`);
    await until('it ends', () => watch.state === 'ended');
    expect(hub.ledger.watching).toBe(0);
  });

  test('an event goes to each of many watches', async () => {
    const watches = await Promise.all(Array.from({ length: 50 }, () => caller.watch(SECRETS, now())));
    hub.seed(Array.from({ length: 20 }, (_, i) => secret(`s${i}`)));
    await until('all have all', () => watches.every(({ lines }) => lines.length === 20));
    expect(new Set(watches.map(({ lines }) => lines.join())).size).toBe(1);
  });
});
