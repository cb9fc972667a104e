import { ManualClock } from '../../common/clock.js';
import type { KubeObject } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { HubCaller } from '../../../test/support/hub-caller.js';
import { until } from '../../../test/support/until.js';
import { SimulatedHub } from '../simulated-hub.js';

const ACCOUNTS = '/apis/authentication.open-cluster-management.io/v1beta1/namespaces/c1/managedserviceaccounts';
const account = (finalizers?: string[]): KubeObject => ({
  apiVersion: 'authentication.open-cluster-management.io/v1beta1', kind: 'ManagedServiceAccount', metadata: { name: 'a', namespace: 'c1', uid: 'uid-of-a', finalizers }, spec: { rotation: {} },
});
const secret = (name: string, owner: Partial<{ uid: string; name: string; blockOwnerDeletion: boolean }> | null, finalizers?: string[]): KubeObject => ({
  apiVersion: 'v1', kind: 'Secret',
  metadata: {
    name, namespace: 'c1', finalizers,
    ...(owner ? { ownerReferences: [{ apiVersion: 'authentication.open-cluster-management.io/v1beta1', kind: 'ManagedServiceAccount', name: 'a', uid: 'uid-of-a', ...owner }] } : {}),
  },
});

let hub: SimulatedHub;
let caller: HubCaller;

beforeEach(async () => {
  hub = await SimulatedHub.start({ name: 'hub-east', clock: new ManualClock(new Date('2026-11-24T08:00:00Z')) });
  caller = new HubCaller(hub);
});

afterEach(async () => {
  await caller.close();
  await hub.stop();
});

const secrets = (): string[] => hub.objects(resources.secret, 'c1').map(({ metadata }) => metadata.name);
const isThere = (): boolean => hub.object(resources.managedServiceAccount, { name: 'a', namespace: 'c1' }) !== null;

describe('garbage collector', () => {
  test('what belongs to the deleted goes too; what has no or another owner stays', async () => {
    hub.seed([account(), secret('owned', {}), secret('free', null), secret('of-former', { uid: 'uid-of-a-former-a' })]);
    await caller.call('DELETE', `${ACCOUNTS}/a`);
    expect(isThere()).toBe(false);
    // What points at an owner that was never there is looked at only when something happens to it.
    expect(secrets()).toEqual(['free', 'of-former']);
  });

  test('one of several owners is enough to live', async () => {
    const shared = secret('shared', {});
    shared.metadata.ownerReferences?.push({ apiVersion: 'v1', kind: 'Namespace', name: 'c1', uid: 'uid-of-c1' });
    hub.seed([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'c1', uid: 'uid-of-c1' } }, account(), shared]);
    await caller.call('DELETE', `${ACCOUNTS}/a`);
    expect(secrets()).toEqual(['shared']);
  });

  test('what is written with an owner that does not exist goes soon after; an owner of an unknown kind is left alone', async () => {
    hub.seed([account()]);
    const unknown = secret('of-unknown', null);
    unknown.metadata.ownerReferences = [{ apiVersion: 'example.com/v1', kind: 'Thing', name: 't', uid: 'u' }];
    for (const each of [secret('of-former', { uid: 'uid-of-a-former-a' }), secret('owned', {}), unknown]) expect((await caller.call('POST', '/api/v1/namespaces/c1/secrets', each)).code).toBe(201);
    await until('it is collected', () => !secrets().includes('of-former'));
    expect(secrets()).toEqual(['of-unknown', 'owned']);
  });

  test('switched off, as on a bare kube-apiserver, nothing follows', async () => {
    hub.controllers.garbageCollector = false;
    hub.seed([account(), secret('owned', {})]);
    await caller.call('DELETE', `${ACCOUNTS}/a`);
    expect(secrets()).toEqual(['owned']);
    hub.seed([account()]);
    await caller.call('DELETE', `${ACCOUNTS}/a?propagationPolicy=Foreground`);
    expect(hub.object(resources.managedServiceAccount, { name: 'a', namespace: 'c1' })?.metadata.finalizers).toEqual(['foregroundDeletion']);
    hub.controllers.garbageCollector = true;
    expect(isThere()).toBe(false);
    expect(secrets()).toEqual([]);
  });

  test('in the foreground the owner waits for those that block it', async () => {
    hub.seed([account(), secret('held', { blockOwnerDeletion: true }, ['example.com/hold']), secret('plain', {}, ['example.com/hold'])]);
    await caller.call('DELETE', `${ACCOUNTS}/a?propagationPolicy=Foreground`);
    expect(isThere()).toBe(true);
    await caller.patch('/api/v1/namespaces/c1/secrets/held', { metadata: { finalizers: null } });
    expect(isThere()).toBe(false);
    expect(secrets()).toEqual(['plain']);
  });

  test('orphans lose the reference and live', async () => {
    hub.seed([account(), secret('owned', {})]);
    await caller.call('DELETE', `${ACCOUNTS}/a?propagationPolicy=Orphan`);
    expect(isThere()).toBe(false);
    expect(hub.object(resources.secret, { name: 'owned', namespace: 'c1' })?.metadata.ownerReferences).toBeUndefined();
  });
});

describe('finalizers', () => {
  test('they hold an object, which then takes no new ones', async () => {
    hub.seed([account(['example.com/hold'])]);
    const going = await caller.call('DELETE', `${ACCOUNTS}/a`);
    expect(going.body['metadata']).toMatchObject({ deletionTimestamp: '2026-11-24T08:00:00Z', deletionGracePeriodSeconds: 0, generation: 2 });
    expect((await caller.patch(`${ACCOUNTS}/a`, { metadata: { finalizers: ['example.com/hold', 'example.com/new'] } })).code).toBe(422);
    expect((await caller.patch(`${ACCOUNTS}/a`, { metadata: { finalizers: [] } })).code).toBe(200);
    expect(isThere()).toBe(false);
  });
});

describe('namespaces', () => {
  test('one that is deleted takes its contents along, unless something is held', async () => {
    hub.seed([secret('s', null), secret('held', null, ['example.com/hold'])]);
    expect((await caller.call('DELETE', '/api/v1/namespaces/c1')).body).toMatchObject({ status: { phase: 'Terminating' }, metadata: { deletionTimestamp: expect.any(String) } });
    expect(secrets()).toEqual(['held']);
    const late = await caller.call('POST', '/api/v1/namespaces/c1/secrets', secret('late', null));
    expect(late.body).toMatchObject({
      code: 403, message: 'secrets "late" is forbidden: unable to create new content in namespace c1 because it is being terminated',
      details: { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] },
    });
    await caller.patch('/api/v1/namespaces/c1/secrets/held', { metadata: { finalizers: null } });
    expect(hub.object(resources.namespace, { name: 'c1' })).toBeNull();
  });

  test('without its controller one stays Terminating for ever', async () => {
    hub.controllers.namespaceController = false;
    hub.seed([secret('s', null)]);
    await caller.call('DELETE', '/api/v1/namespaces/c1');
    expect(secrets()).toEqual(['s']);
    hub.controllers.namespaceController = true;
    expect(hub.object(resources.namespace, { name: 'c1' })).toBeNull();
    expect(secrets()).toEqual([]);
  });
});
