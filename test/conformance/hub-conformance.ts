import { Secret } from '../../src/common/secret.js';
import { HubClient, type HubConnection } from '../../src/kube/hub-client.js';
import { KubeError, type KubeErrorCode } from '../../src/kube/kube-error.js';
import type { KubeObject, ObjectRef, ResourceType, WatchEvent, WatchOptions } from '../../src/kube/kube.types.js';
import { resources } from '../../src/kube/resources.js';
import { until } from '../support/until.js';

/** A hub under test: an API server with the kinds of `resources`, and nobody but the tests writing to it. */
export interface ConformanceHub {
  connection(token?: string): HubConnection;
  /** A token that is let in and may do nothing but ask for its rights */
  readonly weakToken: string;
  /** Makes every resourceVersion of before unusable for watches and continued lists */
  forgetHistory(): Promise<void>;
  stop(): Promise<void>;
}

const { managedCluster, managedServiceAccount, namespace: namespaceType, secret, veleroBackup, configMap } = resources;
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

let counter = 0;
const unique = (prefix: string): string => `${prefix}-${(counter += 1)}`;

type Content = Omit<Partial<KubeObject>, 'metadata'> & { metadata?: Partial<KubeObject['metadata']> };

function fresh(type: ResourceType, name: string, more: Content = {}): KubeObject {
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  return { apiVersion, kind: type.kind, ...more, metadata: { name, ...more.metadata } };
}

const refOf = ({ metadata: { name, namespace } }: KubeObject): ObjectRef => ({ name, ...(namespace === undefined ? {} : { namespace }) });

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function codeOf(promise: Promise<unknown>): Promise<KubeErrorCode | 'no error'> {
  try {
    await promise;
    return 'no error';
  } catch (error) {
    if (error instanceof KubeError) return error.code;
    throw error;
  }
}

/** Everything about the Kubernetes API that `kube/` and what stands on it rely on. Says nothing that any one server does by chance. */
export function hubConformance(name: string, makeHub: () => Promise<ConformanceHub>): void {
  describe(`Kubernetes API of ${name}`, () => {
    let hub: ConformanceHub;
    let client: HubClient;
    let ns: string;

    const clientWith = (connection: HubConnection): HubClient => new HubClient(connection, { allowLoopback: true });
    const make = (type: ResourceType, more: Content = {}): Promise<KubeObject> =>
      client.create(type, fresh(type, more.metadata?.name ?? unique('o'), type.namespaced ? { ...more, metadata: { namespace: ns, ...more.metadata } } : more));

    beforeAll(async () => {
      hub = await makeHub();
      client = clientWith(hub.connection());
      ns = unique('ns');
      await client.create(namespaceType, fresh(namespaceType, ns));
    });

    afterAll(async () => {
      await client?.close();
      await hub?.stop();
    });

    describe('discovery and rights', () => {
      test('the version is told', async () => {
        expect(await client.serverVersion()).toMatch(/^v1\.\d+\.\d+/);
      });

      test.each([
        { because: 'a kind of the core', type: secret, served: true },
        { because: 'a kind of a definition', type: managedCluster, served: true },
        { because: 'an unknown group', type: { ...managedCluster, group: 'nowhere.example.com' }, served: false },
        { because: 'an unknown version', type: { ...managedCluster, version: 'v99' }, served: false },
        { because: 'an unknown plural', type: { ...managedCluster, plural: 'unknowns' }, served: false },
        { because: 'another kind under that plural', type: { ...managedCluster, kind: 'Other' }, served: false },
      ])('serves: $because, $served', async ({ type, served }) => {
        expect(await client.serves(type)).toBe(served);
      });

      test('a review tells what the token may do', async () => {
        const question = { verb: 'list', group: managedCluster.group, resource: managedCluster.plural };
        expect(await client.mayI(question)).toBe(true);
        expect(await client.mayI({ verb: 'get', group: '', resource: 'secrets', namespace: ns, name: 'x' })).toBe(true);
        const weak = clientWith(hub.connection(hub.weakToken));
        expect(await weak.mayI(question)).toBe(false);
        await weak.close();
      });

      test('an unknown token is 401, a right that is missing 403', async () => {
        const stranger = clientWith({ ...hub.connection(), auth: { type: 'token', token: new Secret('nobody-knows-this') } });
        expect(await codeOf(stranger.list(managedCluster))).toBe('HUB_UNAUTHORIZED');
        await stranger.close();
        const weak = clientWith(hub.connection(hub.weakToken));
        expect(await codeOf(weak.list(managedCluster))).toBe('HUB_FORBIDDEN');
        expect(await codeOf(weak.get(secret, { namespace: ns, name: 'x' }))).toBe('HUB_FORBIDDEN');
        const watched = weak.watch(managedCluster, { resourceVersion: '', signal: AbortSignal.timeout(10_000) });
        expect(await codeOf(watched.next())).toBe('HUB_FORBIDDEN');
        await weak.close();
      });
    });

    describe('create, get and find', () => {
      test('a new object has its identity from the server', async () => {
        const made = await make(managedCluster, { spec: { hubAcceptsClient: true } });
        expect(made.metadata).toMatchObject({ uid: expect.any(String), resourceVersion: expect.any(String), creationTimestamp: expect.stringMatching(RFC3339), generation: 1 });
        expect(await client.get(managedCluster, refOf(made))).toEqual(made);
      });

      test('what is not there', async () => {
        expect(await client.find(managedCluster, { name: 'nowhere' })).toBeNull();
        expect(await codeOf(client.get(managedCluster, { name: 'nowhere' }))).toBe('KUBE_NOT_FOUND');
        expect(await codeOf(client.list({ ...managedCluster, plural: 'unknowns' }))).toBe('KUBE_NOT_FOUND');
        expect(await codeOf(client.list({ ...managedCluster, group: 'nowhere.example.com' }))).toBe('KUBE_NOT_FOUND');
      });

      test('a name is taken once', async () => {
        const made = await make(managedServiceAccount);
        const error = await client.create(managedServiceAccount, fresh(managedServiceAccount, made.metadata.name, { metadata: { namespace: ns } })).catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ code: 'KUBE_ALREADY_EXISTS', details: { status: 409, reason: 'AlreadyExists' } });
      });

      test.each([
        { because: 'a name that is no DNS name', object: fresh(managedCluster, 'Not_A_Name') },
        { because: 'a label value that is none', object: fresh(managedCluster, 'bad-label', { metadata: { labels: { a: 'not a value!' } } }) },
        { because: 'a label value over 63 characters', object: fresh(managedCluster, 'long-label', { metadata: { labels: { a: 'x'.repeat(64) } } }) },
      ])('KUBE_INVALID: $because', async ({ object }) => {
        expect(await codeOf(client.create(managedCluster, object))).toBe('KUBE_INVALID');
      });

      test('nothing is made in a namespace that does not exist', async () => {
        expect(await codeOf(client.create(secret, fresh(secret, 'x', { metadata: { namespace: 'nowhere' } })))).toBe('KUBE_NOT_FOUND');
      });

      test('a Secret\u2019s text comes back as base64, under the default type', async () => {
        const made = await make(secret, { stringData: { token: 'abc' }, data: { other: 'eHl6' } });
        expect(made).toMatchObject({ type: 'Opaque', data: { token: 'YWJj', other: 'eHl6' } });
        expect(made.stringData).toBeUndefined();
      });

      test('owners are kept as given', async () => {
        const owner = await make(configMap);
        const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: owner.metadata.name, uid: owner.metadata.uid ?? '' }];
        const made = await make(secret, { metadata: { ownerReferences } });
        expect(made.metadata.ownerReferences).toEqual(ownerReferences);
      });

      test('metadata alone, when asked for', async () => {
        const made = await make(secret, { stringData: { token: 'canary' }, metadata: { labels: { a: 'b' } } });
        const metadata = await client.get(secret, refOf(made), { metadataOnly: true });
        expect(metadata).toEqual({ apiVersion: 'v1', kind: 'Secret', metadata: made.metadata });
        const page = await client.list(secret, { namespace: ns, metadataOnly: true });
        expect(page.items.find((item) => item.metadata.name === made.metadata.name)).toEqual(metadata);
        expect(JSON.stringify(page)).not.toContain('Y2FuYXJ5');
      });
    });

    describe('list', () => {
      const group = unique('group');
      const names = ['p-1', 'p-2', 'p-3', 'p-4', 'p-5'];

      beforeAll(async () => {
        for (const [i, each] of names.entries()) await make(managedCluster, { metadata: { name: each, labels: { group, odd: i % 2 === 0 ? 'yes' : 'no', ...(i === 0 ? { first: '' } : {}) } } });
      });

      test('pages follow each other in order, all of one version', async () => {
        const pages = await all(client.listAll(managedCluster, { labelSelector: `group=${group}`, limit: 2 }));
        expect(pages.map(({ items }) => items.map(({ metadata }) => metadata.name))).toEqual([['p-1', 'p-2'], ['p-3', 'p-4'], ['p-5']]);
        expect(new Set(pages.map(({ resourceVersion }) => resourceVersion)).size).toBe(1);
        expect(pages.at(-1)?.continueToken).toBeNull();
      });

      test('pages show the world as it was at the first', async () => {
        const options = { labelSelector: `group=${group}`, limit: 4 };
        const first = await client.list(managedCluster, options);
        const late = await make(managedCluster, { metadata: { name: 'p-9', labels: { group } } });
        const second = await client.list(managedCluster, { ...options, continueToken: first.continueToken ?? '' });
        expect(second.items.map(({ metadata }) => metadata.name)).toEqual(['p-5']);
        await client.delete(managedCluster, refOf(late));
      });

      test('items know their kind, of built-in kinds as well', async () => {
        await make(secret);
        const [item] = (await client.list(secret, { namespace: ns, limit: 1 })).items;
        expect(item).toMatchObject({ apiVersion: 'v1', kind: 'Secret' });
      });

      test.each([
        { labelSelector: `group=${group},odd=yes`, found: ['p-1', 'p-3', 'p-5'] },
        { labelSelector: `group=${group},odd!=yes`, found: ['p-2', 'p-4'] },
        { labelSelector: `group=${group},odd in (no,maybe)`, found: ['p-2', 'p-4'] },
        { labelSelector: `group=${group},odd notin (no)`, found: ['p-1', 'p-3', 'p-5'] },
        { labelSelector: `group=${group},first`, found: ['p-1'] },
        { labelSelector: `group=${group},!first`, found: ['p-2', 'p-3', 'p-4', 'p-5'] },
        { labelSelector: `group=${group},first=`, found: ['p-1'] },
        { labelSelector: `group=${group}`, fieldSelector: 'metadata.name=p-2', found: ['p-2'] },
        { labelSelector: `group=${group}`, fieldSelector: 'metadata.name!=p-2', found: ['p-1', 'p-3', 'p-4', 'p-5'] },
      ])('$labelSelector $fieldSelector', async ({ found, ...selection }) => {
        expect((await client.list(managedCluster, selection)).items.map(({ metadata }) => metadata.name)).toEqual(found);
      });

      test('a selector that cannot be read is KUBE_INVALID', async () => {
        expect(await codeOf(client.list(managedCluster, { labelSelector: '=,=' }))).toBe('KUBE_INVALID');
      });

      test('one namespace, or all', async () => {
        const other = unique('ns');
        await client.create(namespaceType, fresh(namespaceType, other));
        const label = unique('where');
        await make(managedServiceAccount, { metadata: { labels: { where: label } } });
        await make(managedServiceAccount, { metadata: { namespace: other, labels: { where: label } } });
        const selection = { labelSelector: `where=${label}` };
        expect((await client.list(managedServiceAccount, selection)).items).toHaveLength(2);
        expect((await client.list(managedServiceAccount, { ...selection, namespace: other })).items.map(({ metadata }) => metadata.namespace)).toEqual([other]);
        expect((await client.list(managedServiceAccount, { namespace: 'nowhere' })).items).toEqual([]);
      });

      test('a list that was begun before history was forgotten is gone', async () => {
        const first = await client.list(managedCluster, { limit: 1 });
        await hub.forgetHistory();
        expect(await codeOf(client.list(managedCluster, { limit: 1, continueToken: first.continueToken ?? '' }))).toBe('KUBE_GONE');
      });
    });

    describe('replace and patch', () => {
      test('a replace with an old version is a conflict, with the present one it counts', async () => {
        const made = await make(managedCluster, { spec: { hubAcceptsClient: false } });
        const replaced = await client.replace(managedCluster, { ...made, spec: { hubAcceptsClient: true } });
        expect(replaced.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
        expect(await codeOf(client.replace(managedCluster, { ...made, spec: {} }))).toBe('KUBE_CONFLICT');
        expect(await codeOf(client.replace(managedCluster, fresh(managedCluster, 'nowhere', { metadata: { resourceVersion: '1' } })))).toBe('KUBE_NOT_FOUND');
      });

      test('a write that changes nothing makes no new version', async () => {
        const made = await make(managedCluster, { metadata: { labels: { a: 'b' } }, spec: { hubAcceptsClient: true } });
        const patched = await client.patch(managedCluster, refOf(made), { metadata: { labels: { a: 'b' } } }, { patchType: 'merge' });
        expect(patched.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
        expect((await client.replace(managedCluster, made)).metadata.resourceVersion).toBe(made.metadata.resourceVersion);
      });

      test('a merge patch sets, keeps and with null removes', async () => {
        const made = await make(managedCluster, { metadata: { labels: { a: '1', b: '2' }, annotations: { x: 'y' } }, spec: { hubAcceptsClient: true, leaseDurationSeconds: 60 } });
        const patched = await client.patch(managedCluster, refOf(made), { metadata: { labels: { a: null, c: '3' } }, spec: { leaseDurationSeconds: 90 } }, { patchType: 'merge' });
        expect(patched.metadata).toMatchObject({ labels: { b: '2', c: '3' }, annotations: { x: 'y' } });
        expect(patched.metadata.labels).not.toHaveProperty('a');
        expect(patched.spec).toMatchObject({ hubAcceptsClient: true, leaseDurationSeconds: 90 });
      });

      test('a merge patch that names an old version is a conflict', async () => {
        const made = await make(managedCluster);
        await client.patch(managedCluster, refOf(made), { metadata: { labels: { a: 'b' } } }, { patchType: 'merge' });
        const stale = { metadata: { resourceVersion: made.metadata.resourceVersion, labels: { a: 'c' } } };
        expect(await codeOf(client.patch(managedCluster, refOf(made), stale, { patchType: 'merge' }))).toBe('KUBE_CONFLICT');
      });

      test('a JSON patch adds, replaces, removes, and is refused whole when a test in it fails', async () => {
        const made = await make(managedCluster, { metadata: { labels: { a: '1', b: '2' } } });
        const operations = [
          { op: 'test', path: '/metadata/resourceVersion', value: made.metadata.resourceVersion },
          { op: 'add', path: '/metadata/labels/example.com~1c', value: '3' },
          { op: 'replace', path: '/metadata/labels/a', value: '9' },
          { op: 'remove', path: '/metadata/labels/b' },
        ];
        const patched = await client.patch(managedCluster, refOf(made), operations, { patchType: 'json' });
        expect(patched.metadata.labels).toEqual({ a: '9', 'example.com/c': '3' });
        expect(await codeOf(client.patch(managedCluster, refOf(made), operations, { patchType: 'json' }))).toBe('KUBE_INVALID');
        expect((await client.get(managedCluster, refOf(made))).metadata.resourceVersion).toBe(patched.metadata.resourceVersion);
      });

      test('a patch of what is not there', async () => {
        expect(await codeOf(client.patch(managedCluster, { name: 'nowhere' }, {}, { patchType: 'merge' }))).toBe('KUBE_NOT_FOUND');
        expect(await codeOf(client.patch(managedCluster, { name: 'nowhere' }, [], { patchType: 'json' }))).toBe('KUBE_NOT_FOUND');
      });

      test('an update\u2019s fields belong to its manager', async () => {
        // An object that was made without a single field is tracked from its first apply only.
        const made = await make(managedCluster, { spec: { leaseDurationSeconds: 60 } });
        const patched = await client.patch(managedCluster, refOf(made), { metadata: { labels: { a: 'b' } } }, { patchType: 'merge', fieldManager: 'someone' });
        const entry = patched.metadata.managedFields?.find(({ manager }) => manager === 'someone');
        expect(entry).toMatchObject({ operation: 'Update', time: expect.stringMatching(RFC3339), fieldsV1: { 'f:metadata': { 'f:labels': { 'f:a': {} } } } });
      });
    });

    describe('server-side apply', () => {
      const labelled = (object: string, labels: Record<string, string>): KubeObject => fresh(managedCluster, object, { metadata: { labels } });

      test('it makes what is not there, and its fields are its own', async () => {
        const made = await client.apply(managedCluster, labelled(unique('s'), { a: '1' }));
        expect(made.metadata.managedFields).toEqual([expect.objectContaining({ manager: 'lifeboat', operation: 'Apply', fieldsV1: { 'f:metadata': { 'f:labels': { 'f:a': {} } } } })]);
        expect(made.metadata.generation).toBe(1);
      });

      test('the same again makes no new version', async () => {
        const object = labelled(unique('s'), { a: '1' });
        const made = await client.apply(managedCluster, object);
        expect((await client.apply(managedCluster, object)).metadata.resourceVersion).toBe(made.metadata.resourceVersion);
      });

      test('a field left out is removed if it was ours alone, and others\u2019 fields stay', async () => {
        const target = unique('s');
        await client.apply(managedCluster, labelled(target, { a: '1', b: '2' }));
        await client.apply(managedCluster, labelled(target, { c: '3', b: '2' }), { fieldManager: 'other' });
        const applied = await client.apply(managedCluster, labelled(target, {}));
        expect(applied.metadata.labels).toEqual({ b: '2', c: '3' });
      });

      test('a field that another applied otherwise is a conflict, taken over by force only', async () => {
        const target = unique('s');
        await client.apply(managedCluster, labelled(target, { a: '1' }), { fieldManager: 'other' });
        expect(await codeOf(client.apply(managedCluster, labelled(target, { a: '2' })))).toBe('KUBE_CONFLICT');
        const forced = await client.apply(managedCluster, labelled(target, { a: '2' }), { force: true });
        expect(forced.metadata.labels).toEqual({ a: '2' });
        expect(await codeOf(client.apply(managedCluster, labelled(target, { a: '1' }), { fieldManager: 'other' }))).toBe('KUBE_CONFLICT');
      });

      test('a field that another updated is a conflict too, unless the value is the same', async () => {
        const made = await make(managedCluster, { spec: { leaseDurationSeconds: 60 } });
        await client.patch(managedCluster, refOf(made), { metadata: { labels: { a: '1' } } }, { patchType: 'merge', fieldManager: 'someone' });
        expect(await codeOf(client.apply(managedCluster, labelled(made.metadata.name, { a: '2' })))).toBe('KUBE_CONFLICT');
        const shared = await client.apply(managedCluster, labelled(made.metadata.name, { a: '1' }));
        expect(shared.metadata.managedFields?.filter(({ fieldsV1 }) => JSON.stringify(fieldsV1).includes('"f:a"')).map(({ manager }) => manager).sort()).toEqual(['lifeboat', 'someone']);
      });

      test('it works on spec, Secrets and status as well', async () => {
        const account = fresh(managedServiceAccount, unique('s'), { metadata: { namespace: ns }, spec: { rotation: { enabled: true, validity: '1440h0m0s' } } });
        expect(await client.apply(managedServiceAccount, account)).toMatchObject({ spec: { rotation: { validity: '1440h0m0s' } } });
        const status = fresh(managedServiceAccount, account.metadata.name, { metadata: { namespace: ns }, status: { expirationTimestamp: '2026-12-01T00:00:00Z' } });
        const told = await client.apply(managedServiceAccount, status, { subresource: 'status', fieldManager: 'agent' });
        expect(told).toMatchObject({ status: { expirationTimestamp: '2026-12-01T00:00:00Z' }, spec: { rotation: { enabled: true } } });
        const token = fresh(secret, unique('s'), { metadata: { namespace: ns }, data: { token: 'YWJj' } });
        expect(await client.apply(secret, token)).toMatchObject({ type: 'Opaque', data: { token: 'YWJj' } });
      });

      test('nothing is applied into a namespace that does not exist', async () => {
        expect(await codeOf(client.apply(secret, fresh(secret, 'x', { metadata: { namespace: 'nowhere' } })))).toBe('KUBE_NOT_FOUND');
      });
    });

    describe('status and generation', () => {
      test('status is written through its own path, and spec is not', async () => {
        const made = await make(managedCluster, { spec: { leaseDurationSeconds: 60 }, status: { version: { kubernetes: 'v1' } } });
        expect(made.status ?? {}).not.toHaveProperty('version.kubernetes');
        const told = await client.patch(managedCluster, refOf(made), { status: { version: { kubernetes: 'v2' } }, spec: { leaseDurationSeconds: 99 } }, { patchType: 'merge', subresource: 'status' });
        expect(told).toMatchObject({ status: { version: { kubernetes: 'v2' } }, spec: { leaseDurationSeconds: 60 } });
        const changed = await client.patch(managedCluster, refOf(made), { status: { version: { kubernetes: 'v3' } }, spec: { leaseDurationSeconds: 90 } }, { patchType: 'merge' });
        expect(changed).toMatchObject({ status: { version: { kubernetes: 'v2' } }, spec: { leaseDurationSeconds: 90 } });
        const replaced = await client.replace(managedCluster, { ...changed, status: { version: { kubernetes: 'v4' } } }, { subresource: 'status' });
        expect(replaced).toMatchObject({ status: { version: { kubernetes: 'v4' } }, metadata: { generation: 2 } });
      });

      test('generation moves with the spec alone', async () => {
        const made = await make(managedCluster, { spec: { leaseDurationSeconds: 60 } });
        const patch = async (body: unknown, subresource?: 'status'): Promise<number | undefined> =>
          (await client.patch(managedCluster, refOf(made), body, { patchType: 'merge', subresource })).metadata.generation;
        expect(await patch({ metadata: { labels: { a: 'b' } } })).toBe(1);
        expect(await patch({ status: { version: { kubernetes: 'v1' } } }, 'status')).toBe(1);
        expect(await patch({ spec: { leaseDurationSeconds: 90 } })).toBe(2);
      });

      test('Velero\u2019s kinds have no status path: status is written with the rest, and moves the generation', async () => {
        const made = await make(veleroBackup, { spec: { ttl: '720h0m0s' }, status: { phase: 'New' } });
        expect(made).toMatchObject({ status: { phase: 'New' }, metadata: { generation: 1 } });
        const told = await client.patch(veleroBackup, refOf(made), { status: { phase: 'InProgress' } }, { patchType: 'merge' });
        expect(told).toMatchObject({ status: { phase: 'InProgress' }, metadata: { generation: 2 } });
        expect(await codeOf(client.patch(veleroBackup, refOf(made), { status: { phase: 'Completed' } }, { patchType: 'merge', subresource: 'status' }))).toBe('KUBE_NOT_FOUND');
      });
    });

    describe('delete', () => {
      test('once it is true, then false', async () => {
        const made = await make(secret);
        expect(await client.delete(secret, refOf(made))).toBe(true);
        expect(await client.find(secret, refOf(made))).toBeNull();
        expect(await client.delete(secret, refOf(made))).toBe(false);
      });

      test('preconditions are kept', async () => {
        const made = await make(secret);
        expect(await codeOf(client.delete(secret, refOf(made), { preconditions: { uid: '00000000-0000-0000-0000-000000000000' } }))).toBe('KUBE_CONFLICT');
        const touched = await client.patch(secret, refOf(made), { metadata: { labels: { a: 'b' } } }, { patchType: 'merge' });
        const { uid, resourceVersion } = made.metadata;
        expect(await codeOf(client.delete(secret, refOf(made), { preconditions: { uid, resourceVersion } }))).toBe('KUBE_CONFLICT');
        expect(await client.delete(secret, refOf(made), { preconditions: { uid, resourceVersion: touched.metadata.resourceVersion } })).toBe(true);
      });

      test('a finalizer keeps it until it is taken away', async () => {
        const made = await make(managedCluster, { metadata: { finalizers: ['example.com/hold'] }, spec: {} });
        expect(await client.delete(managedCluster, refOf(made))).toBe(true);
        const going = await client.get(managedCluster, refOf(made));
        expect(going.metadata).toMatchObject({ deletionTimestamp: expect.stringMatching(RFC3339), finalizers: ['example.com/hold'], generation: 2 });
        expect(await client.delete(managedCluster, refOf(made))).toBe(true);
        expect((await client.get(managedCluster, refOf(made))).metadata.deletionTimestamp).toBe(going.metadata.deletionTimestamp);
        expect(await codeOf(client.patch(managedCluster, refOf(made), { metadata: { finalizers: ['example.com/hold', 'example.com/more'] } }, { patchType: 'merge' }))).toBe('KUBE_INVALID');
        expect(await codeOf(client.create(managedCluster, fresh(managedCluster, made.metadata.name)))).toBe('KUBE_ALREADY_EXISTS');
        await client.patch(managedCluster, refOf(made), { metadata: { finalizers: null } }, { patchType: 'merge' });
        expect(await client.find(managedCluster, refOf(made))).toBeNull();
      });

      test('in the foreground it waits for what it owns', async () => {
        const owner = await make(managedServiceAccount, { spec: { rotation: {} } });
        const ownerReferences = [{ apiVersion: owner.apiVersion, kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid ?? '', blockOwnerDeletion: true }];
        const owned = await make(secret, { metadata: { ownerReferences, finalizers: ['example.com/hold'] } });
        expect(await client.delete(managedServiceAccount, refOf(owner), { propagationPolicy: 'Foreground' })).toBe(true);
        const going = await client.get(managedServiceAccount, refOf(owner));
        expect(going.metadata).toMatchObject({ deletionTimestamp: expect.any(String), finalizers: ['foregroundDeletion'] });
        await client.patch(secret, refOf(owned), { metadata: { finalizers: null } }, { patchType: 'merge' });
      });

      test('a namespace that goes takes nothing in any more', async () => {
        const doomed = unique('ns');
        await client.create(namespaceType, fresh(namespaceType, doomed));
        const held = await make(secret, { metadata: { namespace: doomed, finalizers: ['example.com/hold'] } });
        expect(await client.delete(namespaceType, { name: doomed })).toBe(true);
        expect(await client.get(namespaceType, { name: doomed })).toMatchObject({ status: { phase: 'Terminating' }, metadata: { deletionTimestamp: expect.any(String) } });
        expect(await codeOf(client.create(secret, fresh(secret, 'late', { metadata: { namespace: doomed } })))).toBe('HUB_FORBIDDEN');
        await client.patch(secret, refOf(held), { metadata: { finalizers: null } }, { patchType: 'merge' });
      });
    });

    describe('watch', () => {
      /** Collects what a watch says, until it is stopped. */
      function follow(type: ResourceType, options: Omit<WatchOptions, 'signal'>): { events: WatchEvent[]; stop: () => Promise<void> } {
        const abort = new AbortController();
        const events: WatchEvent[] = [];
        const done = (async () => {
          for await (const event of client.watch(type, { ...options, signal: abort.signal })) events.push(event);
        })();
        return { events, stop: () => (abort.abort(), done) };
      }

      const told = (events: WatchEvent[]): string[] => events.flatMap((event) => (event.type === 'BOOKMARK' ? [] : [`${event.type} ${event.object.metadata.name}`]));

      test('it tells what happens after the list, in order, and nothing of before', async () => {
        const label = unique('watched');
        await make(managedCluster, { metadata: { name: `${label}-a`, labels: { label } } });
        const { resourceVersion } = await client.list(managedCluster, { labelSelector: `label=${label}` });
        const watch = follow(managedCluster, { resourceVersion, labelSelector: `label=${label}` });
        const b = await make(managedCluster, { metadata: { name: `${label}-b`, labels: { label } }, spec: { leaseDurationSeconds: 60 } });
        const changed = await client.patch(managedCluster, refOf(b), { spec: { leaseDurationSeconds: 90 } }, { patchType: 'merge' });
        await client.delete(managedCluster, refOf(b));
        await until('the delete is told', () => watch.events.length === 3);
        expect(told(watch.events)).toEqual([`ADDED ${label}-b`, `MODIFIED ${label}-b`, `DELETED ${label}-b`]);
        expect(watch.events[1]).toEqual({ type: 'MODIFIED', object: changed });
        await watch.stop();
      });

      test('what is written while no watch is open is told to the next', async () => {
        const label = unique('watched');
        const { resourceVersion } = await client.list(managedCluster, { labelSelector: `label=${label}` });
        const a = await make(managedCluster, { metadata: { labels: { label } } });
        await client.delete(managedCluster, refOf(a));
        const watch = follow(managedCluster, { resourceVersion, labelSelector: `label=${label}` });
        await until('both are told', () => watch.events.length === 2);
        expect(told(watch.events)).toEqual([`ADDED ${a.metadata.name}`, `DELETED ${a.metadata.name}`]);
        await watch.stop();
      });

      test('an object that leaves the selection is DELETED, one that enters is ADDED', async () => {
        const label = unique('watched');
        const { resourceVersion } = await client.list(managedCluster, { labelSelector: `label=${label}` });
        const watch = follow(managedCluster, { resourceVersion, labelSelector: `label=${label}` });
        const a = await make(managedCluster);
        await client.patch(managedCluster, refOf(a), { metadata: { labels: { label } } }, { patchType: 'merge' });
        await client.patch(managedCluster, refOf(a), { metadata: { labels: { label: null } } }, { patchType: 'merge' });
        await until('both are told', () => watch.events.length === 2);
        expect(told(watch.events)).toEqual([`ADDED ${a.metadata.name}`, `DELETED ${a.metadata.name}`]);
        await watch.stop();
      });

      test('metadata alone, of one namespace', async () => {
        const { resourceVersion } = await client.list(secret, { namespace: ns, metadataOnly: true });
        const watch = follow(secret, { resourceVersion, namespace: ns, metadataOnly: true });
        const made = await make(secret, { stringData: { token: 'canary' } });
        await until('it is told', () => watch.events.length === 1);
        expect(watch.events).toEqual([{ type: 'ADDED', object: { apiVersion: 'v1', kind: 'Secret', metadata: made.metadata } }]);
        await watch.stop();
      });

      test('it ends after its time, and a bookmark tells how far it is, also where nothing in the selection has changed', async () => {
        const label = unique('watched');
        const { resourceVersion } = await client.list(managedCluster, { labelSelector: `label=${label}` });
        const options = { labelSelector: `label=${label}`, signal: AbortSignal.timeout(60_000) };
        const ended = all(client.watch(managedCluster, { ...options, resourceVersion, timeoutSeconds: 5 }));
        const other = await make(managedCluster);
        const events = await ended;
        expect(told(events)).toEqual([]);
        const bookmark = events.findLast((event) => event.type === 'BOOKMARK');
        expect(bookmark?.resourceVersion).not.toBe(resourceVersion);
        // From the bookmark on, what was written before it is not told again.
        const again = await all(client.watch(managedCluster, { resourceVersion: bookmark?.resourceVersion ?? '', timeoutSeconds: 1, signal: AbortSignal.timeout(60_000) }));
        expect(told(again)).not.toContain(`ADDED ${other.metadata.name}`);
      });

      test('it opens at once, though nothing happens', async () => {
        const { resourceVersion } = await client.list(managedCluster);
        const abort = new AbortController();
        let isOpen = false;
        const ended = all(client.watch(managedCluster, { resourceVersion, signal: abort.signal, onOpen: () => (isOpen = true) }));
        await until('it is open', () => isOpen, 5_000);
        abort.abort();
        expect(told(await ended)).toEqual([]);
      });

      test('a version that history no longer reaches is gone', async () => {
        await make(managedCluster);
        await hub.forgetHistory();
        const watch = client.watch(managedCluster, { resourceVersion: '1', timeoutSeconds: 5, signal: AbortSignal.timeout(60_000) });
        expect(await codeOf(all(watch))).toBe('KUBE_GONE');
      });

      test('a kind that is not served is not found', async () => {
        const watch = client.watch({ ...managedCluster, plural: 'unknowns' }, { resourceVersion: '1', signal: AbortSignal.timeout(60_000) });
        expect(await codeOf(all(watch))).toBe('KUBE_NOT_FOUND');
      });

      test('many watches and calls go side by side', async () => {
        const label = unique('many');
        const { resourceVersion } = await client.list(managedCluster, { labelSelector: `label=${label}` });
        const watches = Array.from({ length: 20 }, () => follow(managedCluster, { resourceVersion, labelSelector: `label=${label}` }));
        await Promise.all(Array.from({ length: 100 }, () => make(managedCluster, { metadata: { labels: { label } } })));
        await until('all are told everything', () => watches.every(({ events }) => told(events).length === 100));
        await Promise.all(watches.map((watch) => watch.stop()));
      });
    });

    describe('the client', () => {
      test('a deadline and a caller who calls it off both end a call', async () => {
        expect(await codeOf(client.list(managedCluster, { deadlineMs: 0 }))).toBe('HUB_TIMEOUT');
        expect(await codeOf(client.list(managedCluster, { signal: AbortSignal.abort() }))).toBe('HUB_TIMEOUT');
      });

      test('another CA is not trusted', async () => {
        const stranger = clientWith({ ...hub.connection(), caPem: undefined });
        expect(await codeOf(stranger.serverVersion())).toBe('HUB_TLS_FAILED');
        await stranger.close();
      });

      test('HTTP/1.1 does as well', async () => {
        const h1 = new HubClient(hub.connection(), { allowLoopback: true, http2: false });
        const abort = new AbortController();
        const { resourceVersion } = await h1.list(configMap, { namespace: ns });
        const first = h1.watch(configMap, { namespace: ns, resourceVersion, signal: abort.signal }).next();
        const made = await make(configMap, { data: { a: 'b' } });
        expect(await first).toEqual({ done: false, value: { type: 'ADDED', object: made } });
        abort.abort();
        await h1.close();
      });

      test('closing ends what is under way', async () => {
        const closed = clientWith(hub.connection());
        const { resourceVersion } = await closed.list(managedCluster);
        let isOpen = false;
        const ended = codeOf(all(closed.watch(managedCluster, { resourceVersion, signal: AbortSignal.timeout(60_000), onOpen: () => (isOpen = true) })));
        await until('it is open', () => isOpen);
        await closed.close();
        expect(await ended).toMatch(/^HUB_/);
        expect(await codeOf(closed.serverVersion())).toBe('HUB_UNREACHABLE');
      });
    });
  });
}
