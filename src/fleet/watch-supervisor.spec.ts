import { SystemClock } from '../common/clock.js';
import { Secret } from '../common/secret.js';
import { resources } from '../kube/resources.js';
import type { KubeObject } from '../kube/kube.types.js';
import { SimulatedHub } from '../simulator/simulated-hub.js';
import { Parts, testConfig } from '../../test/support/parts.js';
import { until } from '../../test/support/until.js';
import type { FleetChange } from './fleet.types.js';
import { HubOwnershipRepository } from './hub-ownership.repository.js';
import { WorkersService } from './workers.service.js';

const clock = new SystemClock();
const by = { actor: 'tester', reason: 'because' };

const cluster = (name: string, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name, labels },
  spec: { managedClusterClientConfigs: [{ url: `https://api.${name}:6443` }] },
  status: { conditions: [{ type: 'ManagedClusterConditionAvailable', status: 'True', lastTransitionTime: '2026-11-24T10:00:00Z' }] },
});
const secret = (namespace: string, name: string, labels: Record<string, string>): KubeObject => ({
  apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name, labels }, type: 'Opaque', data: { token: Buffer.from('canary-token').toString('base64') },
});
const token = (namespace: string, name = 'auto-import-account') => secret(namespace, name, { 'authentication.open-cluster-management.io/is-managed-serviceaccount': 'true' });

let hub: SimulatedHub;
let parts: Parts;
let hubId: string;
let changes: FleetChange[];

const names = async (): Promise<string[]> => (await parts.prisma.managedCluster.findMany({ where: { hubId }, orderBy: { name: 'asc' } })).map(({ name, origin }) => `${name} ${origin}`);
const objects = (kind: string) => parts.prisma.hubObject.findMany({ where: { hubId, kind }, orderBy: [{ namespace: 'asc' }, { name: 'asc' }] });
const epochs = async () => (await parts.prisma.lease.findMany({ where: { key: { startsWith: 'hub/' } }, orderBy: { key: 'asc' } })).map(({ epoch }) => epoch);
const hasRead = () => changes.some(({ topic }) => topic === 'READ');

beforeEach(async () => {
  hub = await SimulatedHub.start({ name: 'east', clusterId: 'id-east', clock });
  hub.seed([cluster('c1'), cluster('c2'), cluster('here', { 'local-cluster': 'true' }), token('c1'), secret('c2', 'pull', { 'hive.openshift.io/secret-type': 'kubeconfig' }), token('c1', 'other-account')]);
  parts = await Parts.open(clock);
  changes = [];
  parts.changes.subscribe((change) => void changes.push(change));
  parts.supervisor.start();
  hubId = (await parts.hubs.register({ name: 'east', kubeconfig: new Secret(hub.kubeconfig()) }, by)).id;
  await until('the first reading', hasRead);
});

afterEach(async () => {
  await parts.drop();
  await hub.stop();
});

test('a new hub is watched at once: its objects as facts, its clusters with their origin, no token among them', async () => {
  expect(await names()).toEqual(['c1 IMPORTED', 'c2 HIVE', 'here LOCAL']);
  expect((await objects('TOKEN_SECRET')).map(({ namespace, name }) => `${namespace}/${name}`)).toEqual(['c1/auto-import-account']);
  expect(JSON.stringify(await parts.prisma.hubObject.findMany({ select: { facts: true } }))).not.toContain(Buffer.from('canary-token').toString('base64'));
  const watches = await parts.fleet.watches(hubId);
  expect(watches.every(({ listedAt }) => listedAt !== null)).toBe(true);
  expect(await parts.hubs.get(hubId)).toMatchObject({ reachability: 'REACHABLE' });
  const page = await parts.fleet.list({ hubId, origin: 'IMPORTED' }, { by: 'name', direction: 'ASC' }, { limit: 10, withTotal: true });
  expect(page).toMatchObject({ items: [{ name: 'c1', apiUrl: 'https://api.c1:6443', available: 'TRUE', joined: 'ABSENT', addonPresent: false }], totalCount: 1 });
});

test('changes and deletions follow, each told with the clusters that it is about', async () => {
  hub.seed([cluster('c3'), token('c2')]);
  hub.remove(resources.managedCluster, { name: 'c1' });
  await until('the change is stored', async () => (await names()).join() === 'c2 HIVE,c3 IMPORTED,here LOCAL');
  hub.remove(resources.secret, { namespace: 'c2', name: 'pull' });
  await until('Hive is gone', async () => (await names()).join() === 'c2 IMPORTED,c3 IMPORTED,here LOCAL');
  await until('all is told', () => changes.some(({ topic, kinds, clusters }) => topic === 'FACTS' && kinds.has('TOKEN_SECRET') && clusters.has('c2')));
  expect(changes.some(({ topic, clusters }) => topic === 'CLUSTERS' && clusters.has('c1'))).toBe(true);
});

test('a hub that does not answer is told, nothing is forgotten, and what changed meanwhile is found', async () => {
  await hub.cutOff();
  await until('it is told', async () => (await parts.hubs.get(hubId)).reachability === 'UNREACHABLE');
  expect(await names()).toHaveLength(3);
  hub.remove(resources.managedCluster, { name: 'c1' });
  hub.compact();
  await hub.reconnect();
  await until('it is found', async () => (await names()).join() === 'c2 HIVE,here LOCAL');
  await until('it is told', async () => (await parts.hubs.get(hubId)).reachability === 'REACHABLE');
});

test('a relist of an unchanged hub writes no fact', async () => {
  const before = await parts.prisma.hubObject.findMany({ orderBy: [{ kind: 'asc' }, { namespace: 'asc' }, { name: 'asc' }] });
  await parts.supervisor.beforeApplicationShutdown();
  changes.length = 0;
  parts.supervisor.start();
  await until('it has read again', hasRead);
  expect(await parts.prisma.hubObject.findMany({ orderBy: [{ kind: 'asc' }, { namespace: 'asc' }, { name: 'asc' }] })).toEqual(before);
  expect(changes.map(({ topic }) => topic)).toEqual(['READ']);
});

test('who has lost the lease writes nothing more', async () => {
  await parts.supervisor.beforeApplicationShutdown();
  const old = await parts.leases.hold(`hub/${hubId}`, 60_000);
  await old!.release();
  const stale = { ...old!, guard: old!.guard.bind(old), assertHeld: () => undefined };
  await parts.leases.hold(`hub/${hubId}`, 60_000);
  const object = { kind: 'MANAGED_CLUSTER' as const, namespace: '', name: 'ghost', uid: 'u', resourceVersion: '1', facts: {} as never };
  await expect(parts.facts.upsert(stale, hubId, 'MANAGED_CLUSTER', [object], clock.now(), clock.now())).rejects.toMatchObject({ code: 'LEASE_LOST' });
  await expect(parts.facts.finishListing(stale, hubId, 'MANAGED_CLUSTER', [], clock.now())).rejects.toMatchObject({ code: 'LEASE_LOST' });
  await expect(parts.facts.remove(stale, hubId, 'MANAGED_CLUSTER', [{ namespace: '', name: 'c1' }])).rejects.toMatchObject({ code: 'LEASE_LOST' });
  await expect(parts.facts.writeClusters(stale, hubId, [], ['c1'])).rejects.toMatchObject({ code: 'LEASE_LOST' });
  expect((await objects('MANAGED_CLUSTER')).map(({ name }) => name)).toEqual(['c1', 'c2', 'here']);
  expect(await names()).toHaveLength(3);
});

test('a hub has one watcher among processes; when that one stops, another takes over', async () => {
  const other = await Parts.open(clock, testConfig(), parts.database);
  const told: FleetChange[] = [];
  other.changes.subscribe((change) => void told.push(change));
  other.supervisor.start();
  await parts.supervisor.beforeApplicationShutdown();
  await until('the other watches', () => other.supervisor.watching.has(hubId) && told.some(({ topic }) => topic === 'READ'));
  hub.seed([cluster('c9')]);
  await until('and writes', async () => (await names()).includes('c9 IMPORTED'));
  await other.close();
});

test('a worker that comes is given its share when it has settled in, and one that ends leaves its hubs to the rest evenly', async () => {
  const others = await Promise.all(['north', 'south', 'west'].map((name) => SimulatedHub.start({ name, clusterId: `id-${name}`, clock })));
  for (const other of others) await parts.hubs.register({ name: other.name, kubeconfig: new Secret(other.kubeconfig()) }, by);
  await until('all are watched', () => parts.supervisor.watching.size === 4);
  const workers = [parts, await Parts.open(clock, testConfig({ leaseMs: 60_000 }), parts.database), await Parts.open(clock, testConfig({ leaseMs: 60_000 }), parts.database)];
  const shares = () => workers.map(({ supervisor }) => supervisor.watching.size).sort();
  const everyHubHasOne = () => new Set(workers.flatMap(({ supervisor }) => [...supervisor.watching])).size === 4;
  workers[1]?.supervisor.start();
  workers[2]?.supervisor.start();
  await until('shares are fair', () => shares().join() === '1,1,2' && everyHubHasOne());
  const told = new WorkersService(new HubOwnershipRepository(parts.sql), parts.hubs);
  expect((await told.list()).map(({ id, hubIds }) => ({ id, hubIds }))).toEqual(
    workers.map(({ leases, supervisor }) => ({ id: leases.worker, hubIds: [...supervisor.watching].sort() })).sort((one, two) => (one.id < two.id ? -1 : 1)),
  );
  expect((await told.watchOf(hubId)).worker).toBe(workers.find(({ supervisor }) => supervisor.watching.has(hubId))?.leases.worker);
  await workers[1]?.supervisor.beforeApplicationShutdown();
  await until('the rest share', () => shares().join() === '0,2,2' && everyHubHasOne());
  const watching = () => workers.map(({ supervisor }) => [...supervisor.watching].sort());
  const before = watching();
  const claims = await epochs();
  hub.seed([cluster('c7')]);
  await until('whoever has it writes', async () => (await names()).includes('c7 IMPORTED'));
  expect(watching()).toEqual(before);
  expect(await epochs()).toEqual(claims);
  await Promise.all(workers.slice(1).map((worker) => worker.close()));
  await Promise.all(others.map((other) => other.stop()));
});

test('new credentials are taken up, a removed hub is let go and forgotten', async () => {
  hub.addToken('second', { user: 'second' });
  await parts.hubs.replaceCredentials(hubId, { kubeconfig: new Secret(hub.kubeconfig('second')) }, by);
  await until('it watches with them', () => hub.ledger.reads({ verb: 'watch', user: 'second' }) >= 13);
  hub.seed([cluster('c4')]);
  await until('facts go on', async () => (await names()).includes('c4 IMPORTED'));
  await parts.hubs.remove(hubId, by);
  await until('it is let go', () => !parts.supervisor.watching.has(hubId));
  await until('its facts are forgotten', async () => (await parts.prisma.hubObject.count()) + (await parts.prisma.managedCluster.count()) === 0);
});

test('a kind that the hub does not serve is absent, not unread', async () => {
  hub.serve(resources.managedServiceAccount, false);
  await until('it is told', async () => (await parts.fleet.watches(hubId)).some(({ kind, phase }) => kind === 'ACCOUNT' && phase === 'ABSENT'));
});

test('garbage in a hub\u2019s objects is stored as far as it can be, and stops nothing', async () => {
  hub.seed([
    { ...cluster('odd'), spec: 'x', status: { conditions: 'none' } } as unknown as KubeObject,
    { apiVersion: 'velero.io/v1', kind: 'Backup', metadata: { namespace: 'open-cluster-management-backup', name: 'b', labels: { 'cluster.open-cluster-management.io/backup-schedule-type': 'credentials' } }, status: { startTimestamp: 'once' } } as unknown as KubeObject,
  ]);
  await until('it is there', async () => (await names()).includes('odd IMPORTED'));
  const odd = await parts.prisma.managedCluster.findFirstOrThrow({ where: { name: 'odd' } });
  expect(odd).toMatchObject({ available: 'ABSENT', apiUrl: null });
  expect((odd.problems as string[]).length).toBeGreaterThan(0);
});
