import { once } from 'node:events';
import { connect } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { HubCaller } from '../../test/support/hub-caller.js';
import { until } from '../../test/support/until.js';
import { ManualClock } from '../common/clock.js';
import { HubClient } from '../kube/hub-client.js';
import { resources } from '../kube/resources.js';
import { SimulatedHub, type SimulatedHubOptions } from './simulated-hub.js';

const START = new Date('2026-11-24T08:00:00Z');
const CLUSTERS = '/apis/cluster.open-cluster-management.io/v1/managedclusters';
const SECRETS = '/api/v1/namespaces/default/secrets';
const cluster = (name: string, labels: Record<string, string> = {}) => ({
  apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name, labels }, spec: { hubAcceptsClient: true },
});
const secret = (name: string) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'default' }, stringData: { token: 'canary' } });

let hub: SimulatedHub;
let clock: ManualClock;
let caller: HubCaller;
const opened: { close(): Promise<void> }[] = [];

async function start(options: Partial<SimulatedHubOptions> = {}): Promise<void> {
  clock = new ManualClock(START);
  hub = await SimulatedHub.start({ name: 'hub-east', clock, ...options });
  caller = new HubCaller(hub);
  const [started, itsCaller] = [hub, caller];
  opened.push({ close: async () => { await itsCaller.close(); await started.stop(); } });
}

beforeEach(() => start());

afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

describe('connections', () => {
  test.each([{ allowH2: true }, { allowH2: false }])('HTTP/2 is offered, HTTP/1.1 taken: $allowH2', async (options) => {
    const other = new HubCaller(hub, options);
    opened.push(other);
    expect((await other.call('GET', '/version')).body).toMatchObject({ gitVersion: 'v1.34.4', major: '1', minor: '34' });
    const watch = await other.watch(CLUSTERS, 'resourceVersion=0');
    await caller.call('POST', CLUSTERS, cluster('c1'));
    await until('the watch tells', () => watch.told.includes('ADDED c1'));
  });

  test('only who trusts its CA comes in', async () => {
    const foreign = await SimulatedHub.start({ name: 'other', clock, seed: 2 });
    opened.push({ close: () => foreign.stop() });
    const suspicious = new HubCaller(hub, { ca: foreign.caPem });
    opened.push(suspicious);
    await expect(suspicious.call('GET', '/version')).rejects.toMatchObject({ code: expect.stringMatching(/CERT|SIGNATURE|ISSUER/) });
  });

  test.each([
    { because: 'it has expired', serving: { notAfter: new Date('2020-01-01T00:00:00Z'), notBefore: new Date('2019-01-01T00:00:00Z') }, code: 'CERT_HAS_EXPIRED' },
    { because: 'it is for another name', serving: { dnsNames: ['api.other.example.com'], addresses: ['192.0.2.1'] }, code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
  ])('a certificate is refused: $because', async ({ serving, code }) => {
    await start({ serving });
    await expect(caller.call('GET', '/version')).rejects.toMatchObject({ code });
  });

  test('the kubeconfig holds everything and names no file', () => {
    const text = hub.kubeconfig();
    expect(text).toContain(`server: ${hub.url}`);
    expect(text).toContain(`token: ${hub.adminToken}`);
    expect(text).toContain(Buffer.from(hub.caPem).toString('base64').slice(0, 40));
    expect(text).not.toMatch(/certificate-authority:|client-certificate:|exec:/);
  });

  test('a client certificate logs in', async () => {
    const client = new HubClient(await hub.certificateConnection({ user: 'robot', allow: [{ verbs: ['get'], apiGroups: [''], resources: ['secrets'] }] }), { allowLoopback: true });
    opened.push(client);
    await caller.call('POST', SECRETS, secret('s1'));
    expect((await client.get(resources.secret, { name: 's1', namespace: 'default' })).metadata.name).toBe('s1');
    expect(await client.mayI({ verb: 'delete', group: '', resource: 'secrets' })).toBe(false);
    expect(await client.mayI({ verb: 'get', group: '', resource: 'secrets' })).toBe(true);
  });
});

describe('who may do what', () => {
  const rules = [
    { verbs: ['get', 'list', 'watch'], apiGroups: ['cluster.open-cluster-management.io'], resources: ['managedclusters'] },
    { verbs: ['patch'], apiGroups: [''], resources: ['secrets'], namespaces: ['c1'], resourceNames: ['auto-import-account'] },
    { verbs: ['*'], apiGroups: ['*'], resources: ['*/status'] },
  ];
  test.each([
    { because: 'it is in the list', verb: 'list', group: 'cluster.open-cluster-management.io', resource: 'managedclusters', allowed: true },
    { because: 'the verb is not', verb: 'delete', group: 'cluster.open-cluster-management.io', resource: 'managedclusters', allowed: false },
    { because: 'the group is not', verb: 'list', group: '', resource: 'managedclusters', allowed: false },
    { because: 'namespace and name fit', verb: 'patch', group: '', resource: 'secrets', namespace: 'c1', name: 'auto-import-account', allowed: true },
    { because: 'the namespace does not', verb: 'patch', group: '', resource: 'secrets', namespace: 'c2', name: 'auto-import-account', allowed: false },
    { because: 'all names are asked for', verb: 'patch', group: '', resource: 'secrets', namespace: 'c1', allowed: false },
    { because: 'status of all is given', verb: 'update', group: 'x.y', resource: 'zs', subresource: 'status', allowed: true },
  ])('$verb $resource: $allowed, since $because', async ({ because: _because, allowed, ...resourceAttributes }) => {
    hub.addToken('weak', { user: 'weak', allow: rules });
    const asked = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } };
    expect((await caller.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', asked, { token: 'weak' })).body['status']).toEqual({ allowed });
  });

  test('answers and refusals agree with the review, and are worded as by kube-apiserver', async () => {
    hub.addToken('weak', { user: 'weak', allow: rules });
    expect((await caller.call('GET', CLUSTERS, undefined, { token: 'weak' })).code).toBe(200);
    expect((await caller.call('GET', `${SECRETS}/s1`, undefined, { token: 'weak' })).body).toEqual({
      kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'Forbidden', code: 403, details: { name: 's1', kind: 'secrets' },
      message: 'secrets "s1" is forbidden: User "weak" cannot get resource "secrets" in API group "" in the namespace "default"',
    });
    expect((await caller.call('DELETE', `${CLUSTERS}/c1`, undefined, { token: 'weak' })).body['message']).toBe(
      'managedclusters.cluster.open-cluster-management.io "c1" is forbidden: User "weak" cannot delete resource "managedclusters" in API group "cluster.open-cluster-management.io" at the cluster scope',
    );
    expect(hub.ledger.writes({ user: 'weak' })).toMatchObject([{ verb: 'delete', name: 'c1', code: 403, changed: false }]);
  });

  test('unknown tokens are 401, no token is the anonymous user', async () => {
    expect((await caller.call('GET', CLUSTERS, undefined, { token: 'wrong' })).code).toBe(401);
    expect((await caller.call('GET', CLUSTERS, undefined, { token: null })).code).toBe(403);
    expect((await caller.call('GET', '/readyz', undefined, { token: null })).text).toBe('ok');
    hub.addToken('t', { user: 'u' });
    expect((await caller.call('GET', CLUSTERS, undefined, { token: 't' })).code).toBe(200);
    hub.identities.revoke('t');
    expect((await caller.call('GET', CLUSTERS, undefined, { token: 't' })).code).toBe(401);
  });
});

describe('records', () => {
  test('the ledger holds every write with who, how and what came of it', async () => {
    const headers = { 'user-agent': 'lifeboat/1.0' };
    await caller.call('POST', SECRETS, secret('s1'), { headers });
    await caller.call('POST', SECRETS, secret('s1'), { headers });
    clock.advance(60_000);
    await caller.call('PATCH', `${SECRETS}/s1?fieldManager=m&dryRun=All`, { metadata: { labels: { a: 'b' } } }, { headers: { 'content-type': 'application/merge-patch+json' } });
    await caller.apply(`${SECRETS}/s1`, secret('s1'), { manager: 'm', force: true });
    await caller.apply(`${SECRETS}/s1`, secret('s1'), { manager: 'm' });
    await caller.call('DELETE', `${SECRETS}/s1`);
    const rows = hub.ledger.writes().map(({ verb, fieldManager, code, dryRun, changed, name }) => [verb, fieldManager, code, dryRun, changed, name]);
    expect(rows).toEqual([
      ['create', 'lifeboat', 201, false, true, 's1'],
      ['create', 'lifeboat', 409, false, false, 's1'],
      ['patch', 'm', 200, true, false, 's1'],
      ['apply', 'm', 200, false, true, 's1'],
      ['apply', 'm', 200, false, false, 's1'],
      ['delete', '', 200, false, true, 's1'],
    ]);
    expect(hub.ledger.writes({ userAgent: 'lifeboat/1.0', code: [201, 409] })).toHaveLength(2);
    expect(hub.ledger.writes({ at: (at) => at > START })).toHaveLength(4);
  });

  test('reads and watches are counted', async () => {
    await caller.call('GET', CLUSTERS);
    await caller.call('GET', CLUSTERS);
    await caller.call('GET', `${SECRETS}/none`);
    const watch = await caller.watch(CLUSTERS, 'resourceVersion=0');
    expect(hub.ledger.reads({ verb: 'list', resource: 'managedclusters' })).toBe(2);
    expect(hub.ledger.reads({ verb: 'get' })).toBe(1);
    expect(hub.ledger.reads({ verb: 'watch' })).toBe(1);
    expect(hub.ledger.watching).toBe(1);
    watch.close();
    await until('the watch is closed', () => hub.ledger.watching === 0);
  });
});

describe('direct access', () => {
  test('seeded objects are served, told to watches, and recorded nowhere', async () => {
    const watch = await caller.watch(CLUSTERS, 'resourceVersion=0');
    hub.seed([{ ...cluster('c1'), status: { conditions: [] } }, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'c1' }, stringData: { a: 'b' } }]);
    expect((await caller.call('GET', `${CLUSTERS}/c1`)).body).toMatchObject({ metadata: { generation: 1, creationTimestamp: '2026-11-24T08:00:00Z' }, status: { conditions: [] } });
    expect((await caller.call('GET', '/api/v1/namespaces/c1')).body).toMatchObject({ metadata: { labels: { 'kubernetes.io/metadata.name': 'c1' } }, status: { phase: 'Active' } });
    await until('the watch tells', () => watch.told.includes('ADDED c1'));
    expect(hub.ledger.writes()).toEqual([]);
    expect(hub.object(resources.secret, { name: 's', namespace: 'c1' })).toMatchObject({ type: 'Opaque', data: { a: 'Yg==' } });
    expect(hub.object(resources.secret, { name: 't', namespace: 'c1' })).toBeNull();
    expect(hub.objects(resources.secret, 'c1').map(({ metadata }) => metadata.name)).toEqual(['s']);
    expect(hub.remove(resources.managedCluster, { name: 'c1' })).toBe(true);
    await until('the watch tells', () => watch.told.includes('DELETED c1'));
  });

  test('what is read is a copy', () => {
    hub.seed([cluster('c1')]);
    const read = hub.object(resources.managedCluster, { name: 'c1' });
    Object.assign(read?.metadata ?? {}, { name: 'changed' });
    expect(hub.object(resources.managedCluster, { name: 'c1' })?.metadata.name).toBe('c1');
  });

  test('the same seed gives the same uids, tokens and names', async () => {
    const first = hub;
    await start();
    expect(hub.adminToken).toBe(first.adminToken);
    for (const each of [first, hub]) each.seed([cluster('c1')]);
    expect(hub.object(resources.managedCluster, { name: 'c1' })?.metadata.uid).toBe(first.object(resources.managedCluster, { name: 'c1' })?.metadata.uid);
    await start({ seed: 2 });
    expect(hub.adminToken).not.toBe(first.adminToken);
  });

  test('the cluster id stands in the ClusterVersion', async () => {
    await start({ clusterId: '11111111-2222-4333-8444-555555555555' });
    expect((await caller.call('GET', '/apis/config.openshift.io/v1/clusterversions/version')).body['spec']).toMatchObject({ clusterID: '11111111-2222-4333-8444-555555555555' });
  });
});

test('a kind vanishes and comes back', async () => {
  await caller.call('POST', CLUSTERS, cluster('c1'));
  const watch = await caller.watch(CLUSTERS, 'resourceVersion=0');
  hub.serve(resources.managedCluster, false);
  expect((await caller.call('GET', CLUSTERS)).code).toBe(404);
  expect((await caller.call('GET', '/apis/cluster.open-cluster-management.io/v1')).code).toBe(404);
  await until('its watches end', () => watch.state === 'ended');
  hub.serve(resources.managedCluster, true);
  expect((await caller.call('GET', `${CLUSTERS}/c1`)).code).toBe(200);
});

describe('an outage', () => {
  test('refusing: open connections are reset, new ones refused, until it ends on the same address', async () => {
    const watch = await caller.watch(CLUSTERS, 'resourceVersion=0');
    const { url } = hub;
    await hub.cutOff();
    await until('the watch breaks', () => watch.state !== 'open');
    expect(watch.state).not.toBe('ended');
    await expect(caller.call('GET', '/version')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    hub.seed([cluster('while-away')]);
    await hub.reconnect();
    expect(hub.url).toBe(url);
    expect((await caller.call('GET', `${CLUSTERS}/while-away`)).code).toBe(200);
  });

  test('hanging: connections stay, nothing is ever said, until it ends', async () => {
    const watch = await caller.watch(CLUSTERS, 'resourceVersion=0');
    await hub.cutOff('hang');
    hub.seed([cluster('c1')]);
    await expect(caller.call('GET', '/version', undefined, { signal: AbortSignal.timeout(150) })).rejects.toMatchObject({ name: 'TimeoutError' });
    const fresh = new HubCaller(hub);
    opened.push(fresh);
    await expect(fresh.call('GET', '/version', undefined, { signal: AbortSignal.timeout(150) })).rejects.toMatchObject({ name: 'TimeoutError' });
    await delay(20);
    expect({ state: watch.state, lines: watch.lines }).toEqual({ state: 'open', lines: [] });
    await hub.reconnect();
    await until('what hung is reset', () => watch.state !== 'open');
    expect((await fresh.call('GET', '/version')).code).toBe(200);
  });

  test('hanging: not even a ping is answered', async () => {
    const session = connect(hub.url, { ca: hub.caPem });
    opened.push({ close: async () => session.destroy() });
    session.on('error', () => undefined);
    await once(session, 'remoteSettings');
    const ping = () => new Promise<boolean>((resolve) => void session.ping((error) => resolve(error === null)));
    expect(await ping()).toBe(true);
    await hub.cutOff('hang');
    expect(await Promise.race([ping(), delay(150, 'silence')])).toBe('silence');
  });

  test('one that hangs can be hard to tell from one that refuses: both can follow each other', async () => {
    await hub.cutOff('hang');
    await hub.cutOff('refuse');
    await expect(caller.call('GET', '/version')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await hub.reconnect();
    expect((await caller.call('GET', '/version')).code).toBe(200);
  });
});
