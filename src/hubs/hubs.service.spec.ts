import { randomBytes } from 'node:crypto';
import { SystemClock } from '../common/clock.js';
import { Secret } from '../common/secret.js';
import type { Acting } from '../common/acting.js';
import { resources } from '../kube/resources.js';
import { SimulatedHub } from '../simulator/simulated-hub.js';
import { KEY, Parts, testConfig } from '../../test/support/parts.js';

const clock = new SystemClock();
const by: Acting = { actor: 'tester', reason: 'because' };
const byName = { by: 'name', direction: 'ASC' } as const;

const engine = (components: unknown[]) => ({ apiVersion: 'multicluster.openshift.io/v1', kind: 'MultiClusterEngine', metadata: { name: 'mce' }, spec: { overrides: { components } } });
const hubOperator = {
  apiVersion: 'operator.open-cluster-management.io/v1', kind: 'MultiClusterHub', metadata: { name: 'mch', namespace: 'open-cluster-management' },
  spec: { overrides: { components: [{ name: 'search', enabled: true }] } }, status: { currentVersion: '2.15.0' },
};
const location = {
  apiVersion: 'velero.io/v1', kind: 'BackupStorageLocation',
  metadata: { name: 'dpa-1', namespace: 'open-cluster-management-backup', ownerReferences: [{ apiVersion: 'oadp.openshift.io/v1alpha1', kind: 'DataProtectionApplication', name: 'dpa', uid: 'u' }] },
  spec: { provider: 'aws', objectStorage: { bucket: 'acm', prefix: 'velero' }, config: { s3Url: 'https://s3.example.com', region: 'eu' } }, status: { phase: 'Available' },
};

let parts: Parts;
let east: SimulatedHub;
let west: SimulatedHub;

beforeAll(async () => {
  parts = await Parts.open(clock);
  [east, west] = await Promise.all([SimulatedHub.start({ name: 'east', clusterId: 'id-east', clock, seed: 1 }), SimulatedHub.start({ name: 'west', clusterId: 'id-west', clock, seed: 2 })]);
  for (const hub of [east, west]) hub.seed([engine([{ name: 'hive', enabled: true }]), hubOperator, location]);
});

afterAll(async () => {
  await parts.drop();
  await Promise.all([east.stop(), west.stop()]);
});

const access = (hub: SimulatedHub) => ({ kubeconfig: new Secret(hub.kubeconfig()) });
const countHubs = async () => (await parts.hubs.all()).length;

describe('registering a hub', () => {
  const refused = (name: string, input: object) => parts.hubs.register({ name, ...input } as never, by);

  test.each([
    { code: 'HUB_TLS_FAILED', because: 'the CA is another hub\u2019s', input: () => ({ server: east.url, caPem: west.caPem, token: new Secret(east.adminToken) }) },
    { code: 'HUB_UNAUTHORIZED', because: 'the token has expired', input: () => ({ server: east.url, caPem: east.caPem, token: new Secret('expired') }) },
    { code: 'HUB_RIGHTS_MISSING', because: 'it may see nothing', input: () => { east.addToken('weak', { user: 'weak', allow: [] }); return { server: east.url, caPem: east.caPem, token: new Secret('weak') }; } },
    { code: 'HUB_UNREACHABLE', because: 'nobody listens there', input: () => ({ server: 'https://127.0.0.1:1', caPem: east.caPem, token: new Secret('x') }) },
    { code: 'HUB_CONNECTION_MALFORMED', because: 'plain http is refused', input: () => ({ server: 'http://127.0.0.1:1', token: new Secret('x') }) },
    { code: 'HUB_ADDRESS_REFUSED', because: 'metadata services are no hubs', input: () => ({ server: 'https://169.254.169.254', caPem: east.caPem, token: new Secret('x') }) },
    { code: 'KUBECONFIG_MALFORMED', because: 'it is no kubeconfig', input: () => ({ kubeconfig: new Secret('[]') }) },
    { code: 'KUBECONFIG_CONTEXT_UNKNOWN', because: 'it holds no such context', input: () => ({ ...access(east), context: 'nowhere' }) },
    { code: 'HUB_INPUT_INVALID', because: 'the name is none', input: () => ({ ...access(east), name: 'a b' }) },
  ])('$code: $because', async ({ code, input }) => {
    await expect(refused('east', input())).rejects.toMatchObject({ code });
    expect(await countHubs()).toBe(0);
    expect(await parts.prisma.hubCredential.count()).toBe(0);
    expect(await parts.prisma.auditEntry.count()).toBe(0);
  });

  test('a hub is inspected and stored, with its credentials sealed', async () => {
    const hub = await parts.hubs.register({ name: 'east', ...access(east) }, by);
    expect(hub).toMatchObject({ name: 'east', apiUrl: east.url, clusterId: 'id-east', policy: 'OBSERVE', release: '2.15.0', kubeVersion: 'v1.34.4', reachability: 'REACHABLE', version: 1, createdBy: 'tester' });
    expect(hub.storage).toEqual([{ name: 'dpa-1', provider: 'aws', bucket: 'acm', prefix: 'velero', s3Url: 'https://s3.example.com', region: 'eu', phase: 'Available', owned: true }]);
    const states = Object.fromEntries((await parts.hubs.prerequisites(hub.id)).map(({ code, state }) => [code, state]));
    expect(states).toMatchObject({ MANAGED_SERVICE_ACCOUNT_ENABLED: 'NOT_MET', CLUSTER_BACKUP_ENABLED: 'NOT_MET', BACKUP_STORAGE_AVAILABLE: 'MET', BACKUP_SCHEDULE_ENABLED: 'NOT_MET', RIGHTS_SUFFICIENT: 'MET', CLUSTER_ID_KNOWN: 'MET' });
    const { sealed } = await parts.prisma.hubCredential.findUniqueOrThrow({ where: { hubId: hub.id } });
    expect(Buffer.from(sealed).toString('latin1')).not.toContain(east.adminToken);
    const client = await parts.connections.clientFor(hub.id);
    expect(await client.serverVersion()).toBe('v1.34.4');
    expect(await parts.connections.clientFor(hub.id)).toBe(client);
    expect(await parts.prisma.auditEntry.findMany({ select: { action: true, actor: true, subject: true } })).toEqual([{ action: 'hub.register', actor: 'tester', subject: `hub/${hub.id}` }]);
  });

  test('the same cluster is registered once, whatever its name; a name is given once', async () => {
    await expect(parts.hubs.register({ name: 'other', ...access(east) }, by)).rejects.toMatchObject({ code: 'HUB_ALREADY_REGISTERED' });
    await expect(parts.hubs.register({ name: 'east', ...access(west) }, by)).rejects.toMatchObject({ code: 'HUB_NAME_TAKEN' });
    expect(await countHubs()).toBe(1);
  });

  test('what the credentials may read is enough; what they may not write is a finding', async () => {
    west.addToken('reader', { user: 'reader', allow: [{ verbs: ['get', 'list', 'watch'], apiGroups: ['*'], resources: ['*'] }] });
    const hub = await parts.hubs.register({ name: 'west', server: west.url, caPem: west.caPem, token: new Secret('reader') }, by);
    const rights = (await parts.hubs.prerequisites(hub.id)).find(({ code }) => code === 'RIGHTS_SUFFICIENT');
    expect(rights).toMatchObject({ state: 'NOT_MET' });
    expect(rights?.cause).toContain('patch managedclusteraddons.addon.open-cluster-management.io');
  });
});

const hubId = async (name: string): Promise<string> => (await parts.hubs.all()).find((hub) => hub.name === name)?.id ?? '';

describe('a registered hub', () => {
  test('changes need the version that was read', async () => {
    const id = await hubId('east');
    expect((await parts.hubs.update(id, { policy: 'PROTECT', tokenValiditySeconds: 3600 }, 1, by)).hub).toMatchObject({ policy: 'PROTECT', tokenValiditySeconds: 3600, version: 2 });
    await expect(parts.hubs.update(id, { policy: 'OBSERVE' }, 1, by)).rejects.toMatchObject({ code: 'VERSION_CONFLICT' });
    await expect(parts.hubs.update(id, { name: 'west' }, 2, by)).rejects.toMatchObject({ code: 'HUB_NAME_TAKEN' });
    await expect(parts.hubs.update(id, { tokenValiditySeconds: 1 }, 2, by)).rejects.toMatchObject({ code: 'HUB_INPUT_INVALID' });
    await expect(parts.hubs.update('00000000-0000-7000-8000-000000000000', {}, 2, by)).rejects.toMatchObject({ code: 'HUB_NOT_FOUND' });
  });

  test('exclusions and margins are tried out, checked, and kept in one spelling', async () => {
    const id = await hubId('east');
    const facts = { origin: 'IMPORTED', accepted: 'TRUE', joined: 'TRUE', available: 'TRUE', importCondition: 'TRUE', addonPresent: false, addonAvailable: 'ABSENT', deleting: false, problems: [], readAt: clock.now() };
    const labelled = [{ name: 'a', labels: { env: 'dev' } }, { name: 'b', labels: { env: 'prod' } }, { name: 'c', labels: { env: 'dev', keep: 'yes' } }, { name: 'hive', labels: { env: 'dev' }, origin: 'HIVE' }];
    await parts.prisma.managedCluster.createMany({ data: labelled.map((one) => ({ hubId: id, ...facts, ...one })) });
    const { version } = await parts.hubs.get(id);
    const audits = await parts.prisma.auditEntry.count();
    const change = { tokenExclusions: [{ selector: ' env  in (dev) , !keep' }, { matchExpressions: [{ key: 'keep', operator: 'Exists' as const }] }, { selector: 'env=dev,!keep' }] };
    const tried = await parts.hubs.update(id, change, version, by, { dryRun: true });
    expect(tried.preview).toEqual({
      clustersInNeed: 3, clustersExcluded: 2, clustersProtected: 1, exclusions: [{ selector: 'env=dev,!keep', clusters: 1, examples: ['a'] }, { selector: 'keep', clusters: 1, examples: ['c'] }],
    });
    expect(tried.hub).toMatchObject({ version, tokenExclusions: ['env=dev,!keep', 'keep'] });
    expect(await parts.hubs.get(id)).toMatchObject({ version, tokenExclusions: [] });
    expect(await parts.prisma.auditEntry.count()).toBe(audits);
    await expect(parts.hubs.update(id, change, version - 1, by, { dryRun: true })).rejects.toMatchObject({ code: 'VERSION_CONFLICT' });
    const done = await parts.hubs.update(id, { ...change, tokenPairAfterPercent: 60, tokenExpiryWarningSeconds: 86_400, tokenRenewalOverdueSeconds: 300 }, version, by);
    expect(done).toMatchObject({ preview: tried.preview, hub: { version: version + 1, tokenExclusions: ['env=dev,!keep', 'keep'], tokenPairAfterPercent: 60 } });
    expect(await parts.prisma.auditEntry.findFirst({ orderBy: { id: 'desc' } })).toMatchObject({ action: 'hub.update', actor: 'tester', reason: 'because', details: { tokenExclusions: ['env=dev,!keep', 'keep'] } });
    expect((await parts.hubs.update(id, { tokenExclusions: [], tokenExpiryWarningSeconds: null }, version + 1, by)).preview).toMatchObject({ clustersExcluded: 0, clustersProtected: 3 });
  });

  test.each([
    { because: 'a selector says something', change: { tokenExclusions: [{}] }, field: 'tokenExclusions' },
    { because: 'one way of saying it is enough', change: { tokenExclusions: [{ selector: 'a', matchLabels: { a: 'b' } }] }, field: 'tokenExclusions' },
    { because: 'whoever wants nobody protected says OBSERVE', change: { tokenExclusions: [{ selector: '' }] }, field: 'tokenExclusions' },
    { because: 'the pair is made at half-life at the earliest', change: { tokenPairAfterPercent: 49 }, field: 'tokenPairAfterPercent' },
    { because: 'at 80 the agent renews', change: { tokenPairAfterPercent: 80 }, field: 'tokenPairAfterPercent' },
    { because: 'a minute is the least', change: { tokenExpiryWarningSeconds: 1 }, field: 'tokenExpiryWarningSeconds' },
    { because: 'a minute is the least here too', change: { tokenRenewalOverdueSeconds: 0 }, field: 'tokenRenewalOverdueSeconds' },
  ])('a change is refused: $because', async ({ change, field }) => {
    const id = await hubId('east');
    await expect(parts.hubs.update(id, change, 1, by, { dryRun: true })).rejects.toMatchObject({ code: 'HUB_INPUT_INVALID', details: { field } });
  });

  test('lists are paged, filtered and counted by the database', async () => {
    const first = await parts.hubs.list({}, byName, { limit: 1, withTotal: true });
    expect(first).toMatchObject({ items: [{ name: 'east' }], totalCount: 2 });
    const second = await parts.hubs.list({}, byName, { limit: 1, cursor: first.nextCursor ?? '' });
    expect(second).toMatchObject({ items: [{ name: 'west' }], nextCursor: null });
    expect((await parts.hubs.list({ name: 'EAS' }, byName, { limit: 10 })).items.map(({ name }) => name)).toEqual(['east']);
    expect((await parts.hubs.list({ name: '%' }, byName, { limit: 10 })).items).toEqual([]);
    expect((await parts.hubs.list({ policy: 'PROTECT' }, byName, { limit: 10 })).items.map(({ name }) => name)).toEqual(['east']);
  });

  test('components are turned on without touching others, once', async () => {
    const id = await hubId('east');
    await expect(parts.hubs.enableComponents(id, ['CLUSTER_BACKUP'], { actor: 'tester' })).rejects.toMatchObject({ code: 'REASON_REQUIRED' });
    const prerequisites = await parts.hubs.enableComponents(id, ['MANAGED_SERVICE_ACCOUNT', 'CLUSTER_BACKUP', 'CLUSTER_BACKUP'], by);
    expect(prerequisites.filter(({ code }) => code.endsWith('_ENABLED') && !code.includes('SCHEDULE')).map(({ state }) => state)).toEqual(['MET', 'MET']);
    expect(east.object(resources.multiClusterEngine, { name: 'mce' })).toMatchObject({ spec: { overrides: { components: [{ name: 'hive', enabled: true }, { name: 'managedserviceaccount', enabled: true }] } } });
    await parts.hubs.enableComponents(id, ['MANAGED_SERVICE_ACCOUNT', 'CLUSTER_BACKUP'], by);
    const writes = east.ledger.writes({ user: 'admin' }).filter(({ resource }) => !resource.startsWith('selfsubject'));
    expect(writes.map(({ resource, verb }) => `${verb} ${resource}`)).toEqual(['patch multiclusterengines', 'patch multiclusterhubs']);
  });

  test('new credentials must lead to the same cluster, and the old connection is not used again', async () => {
    const id = await hubId('east');
    const old = await parts.connections.clientFor(id);
    await expect(parts.hubs.replaceCredentials(id, access(west), by)).rejects.toMatchObject({ code: 'HUB_IS_ANOTHER_CLUSTER' });
    expect(await parts.connections.clientFor(id)).toBe(old);
    east.addToken('new-admin', { user: 'new-admin' });
    await parts.hubs.replaceCredentials(id, { kubeconfig: new Secret(east.kubeconfig('new-admin')) }, by);
    const fresh = await parts.connections.clientFor(id);
    expect(fresh).not.toBe(old);
    await expect(old.serverVersion()).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await fresh.serverVersion()).toBe('v1.34.4');
  });

  test('an inspection of a silent hub changes no finding and says UNREACHABLE', async () => {
    const id = await hubId('east');
    const before = await parts.hubs.prerequisites(id);
    await east.cutOff();
    await expect(parts.hubs.inspect(id, by)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await parts.hubs.prerequisites(id)).toEqual(before);
    const told = await parts.hubs.get(id);
    expect(told).toMatchObject({ reachability: 'UNREACHABLE' });
    expect(told.unreachableSince).not.toBeNull();
    await east.reconnect();
    await parts.hubs.inspect(id, by);
    expect(await parts.hubs.get(id)).toMatchObject({ reachability: 'REACHABLE', unreachableSince: null, lastErrorCode: null });
  });
});

test('a clock that is off is measured, told, and no expiry is judged by it', async () => {
  const id = await hubId('east');
  await parts.hubs.inspectNow(id);
  expect((await parts.hubs.get(id)).clockSkewSeconds).toBe(0);
  const news: string[] = [];
  const unsubscribe = parts.changes.subscribe(({ topic }) => void news.push(topic));
  east.faults.dateSkewMs = -600_000;
  await parts.connections.forget(id);
  await parts.hubs.inspectNow(id);
  await parts.hubs.noteReachable(id, new Date(clock.now().getTime() + 6_000));
  const { clockSkewSeconds } = await parts.hubs.get(id);
  expect(Math.abs((clockSkewSeconds ?? 0) + 600)).toBeLessThanOrEqual(1);
  expect((await parts.hubs.prerequisites(id)).find(({ code }) => code === 'CLOCK_IN_STEP')).toMatchObject({ state: 'NOT_MET', cause: 'The hub\u2019s clock is about 10 minutes behind Lifeboat\u2019s' });
  expect(news).toContain('HUB');
  east.faults.dateSkewMs = 0;
  await parts.connections.forget(id);
  await parts.hubs.inspectNow(id);
  await parts.hubs.noteReachable(id, new Date(clock.now().getTime() + 12_000));
  expect(await parts.hubs.get(id)).toMatchObject({ clockSkewSeconds: 0 });
  expect((await parts.hubs.prerequisites(id)).find(({ code }) => code === 'CLOCK_IN_STEP')).toMatchObject({ state: 'MET' });
  unsubscribe();
});

test('findings are kept fresh: old inspections are due, and what changes nothing is no news', async () => {
  const id = await hubId('east');
  expect(await parts.hubs.inspectionsDue(3_600_000)).not.toContain(id);
  await parts.prisma.hub.update({ where: { id }, data: { inspectedAt: new Date(0) } });
  expect(await parts.hubs.inspectionsDue(3_600_000)).toContain(id);
  const news: string[] = [];
  const unsubscribe = parts.changes.subscribe(({ topic }) => void news.push(topic));
  await parts.hubs.inspectNow(id);
  expect(news).toEqual([]);
  east.seed([{ ...location, status: { phase: 'Unavailable' } }]);
  await parts.hubs.inspectNow(id);
  expect(news).toEqual(['HUB']);
  east.seed([location]);
  await parts.hubs.inspectNow(id);
  unsubscribe();
  expect(await parts.hubs.inspectionsDue(3_600_000)).not.toContain(id);
});

describe('sealed credentials', () => {
  test('of two hubs, swapped, open neither', async () => {
    const [a, b] = [await hubId('east'), await hubId('west')];
    const [sealedA, sealedB] = await Promise.all([a, b].map((id) => parts.prisma.hubCredential.findUniqueOrThrow({ where: { hubId: id } })));
    expect(() => parts.sealer.open(a, sealedB!)).toThrow(expect.objectContaining({ code: 'HUB_CREDENTIALS_UNREADABLE' }));
    expect(() => parts.sealer.open(b, sealedA!)).toThrow(expect.objectContaining({ code: 'HUB_CREDENTIALS_UNREADABLE' }));
    expect(parts.sealer.open(a, sealedA!).reveal()).toContain('new-admin');
    expect(String(parts.sealer.open(a, sealedA!))).toBe('[secret]');
  });

  test('with another key are that hub\u2019s finding; with both keys they are sealed anew', async () => {
    const id = await hubId('east');
    const newKey = new Secret(randomBytes(32));
    const wrong = await Parts.open(clock, testConfig({ sealingKeys: new Map([['k2', newKey]]) }), parts.database);
    await expect(wrong.connections.clientFor(id)).rejects.toMatchObject({ code: 'HUB_CREDENTIALS_UNREADABLE' });
    await wrong.hubs.resealCredentials();
    expect((await wrong.hubs.prerequisites(id)).find(({ code }) => code === 'CREDENTIALS_READABLE')).toMatchObject({ state: 'NOT_MET' });
    expect((await parts.prisma.hubCredential.findUniqueOrThrow({ where: { hubId: id } })).keyId).toBe('k1');
    await wrong.close();
    const both = await Parts.open(clock, testConfig({ sealingKeys: new Map([['k2', newKey], ['k1', KEY]]) }), parts.database);
    await both.hubs.resealCredentials();
    expect((await both.prisma.hubCredential.findMany()).map(({ keyId }) => keyId)).toEqual(['k2', 'k2']);
    expect(await (await both.connections.clientFor(id)).serverVersion()).toBe('v1.34.4');
    await both.close();
  });
});

describe('removing a hub', () => {
  test('needs a reason, and that nothing uses it; its row stays, its credentials go', async () => {
    const [source, target] = [await hubId('east'), await hubId('west')];
    await expect(parts.hubs.remove(source, { actor: 'tester', reason: ' ' })).rejects.toMatchObject({ code: 'REASON_REQUIRED' });
    const plan = await parts.prisma.recoveryPlan.create({
      data: { name: 'p', sourceHubId: source, targetHubId: target, rpoSeconds: 1, rtoSeconds: 1, backupRule: 'NEWEST_COMPLETE', approvalRequired: true, importWindowSeconds: 1, createdAt: clock.now(), createdBy: 't', updatedAt: clock.now() },
    });
    await expect(parts.hubs.remove(source, by)).rejects.toMatchObject({ code: 'HUB_IN_USE' });
    await parts.prisma.recoveryPlan.update({ where: { id: plan.id }, data: { archivedAt: clock.now() } });
    await parts.hubs.remove(source, by);
    await expect(parts.hubs.get(source)).rejects.toMatchObject({ code: 'HUB_NOT_FOUND' });
    await expect(parts.connections.clientFor(source)).rejects.toMatchObject({ code: 'HUB_NOT_FOUND' });
    expect((await parts.hubs.getMany([source])).map(({ name }) => name)).toEqual(['east']);
    expect((await parts.hubs.register({ name: 'east', ...access(east) }, by)).id).not.toBe(source);
  });
});

test('hubs without ClusterVersion are told apart, and it is said', async () => {
  const plain = await SimulatedHub.start({ name: 'plain', clock, seed: 5 });
  try {
    plain.serve(resources.clusterVersion, false);
    const hub = await parts.hubs.register({ name: 'plain', ...access(plain) }, by);
    expect(hub.clusterId).toBe(`namespace:${plain.object(resources.namespace, { name: 'kube-system' })?.metadata.uid}`);
    expect((await parts.hubs.prerequisites(hub.id)).find(({ code }) => code === 'CLUSTER_ID_KNOWN')).toMatchObject({ state: 'NOT_MET' });
  } finally {
    await plain.stop();
  }
});
