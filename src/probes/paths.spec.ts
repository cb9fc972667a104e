import { createServer, type Server } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { ShiftableClock } from '../common/clock.js';
import { Secret } from '../common/secret.js';
import { resources } from '../kube/resources.js';
import type { PlansService } from '../recovery/plans/plans.service.js';
import { TlsAuthority } from '../simulator/server/tls-authority.js';
import { SimulatedHub } from '../simulator/simulated-hub.js';
import { Parts } from '../../test/support/parts.js';
import { RecoveryParts } from '../../test/support/recovery-parts.js';
import { DeepChecksRepository } from './deep-checks.repository.js';
import { PathProber, ProbeLimits } from './path-prober.service.js';
import { PathsReconciler } from './paths.reconciler.js';
import { ProbesRepository } from './probes.repository.js';
import { ProbesService } from './probes.service.js';
import type { TargetPath } from './probes.types.js';

const HOUR_MS = 3_600_000;
const by = { actor: 'ann', reason: 'because' };
const clock = new ShiftableClock();
let parts: Parts;
let east: SimulatedHub;
let west: SimulatedHub;
let cluster: Server;
let asked = 0;
let repository: ProbesRepository;
let plans: PlansService;
let paths: PathsReconciler;
let service: ProbesService;
let hubs: [string, string];
let planId: string;
let port: number;

beforeAll(async () => {
  const { certPem, keyPem } = await (await TlsAuthority.create('cluster-ca')).issueServing();
  cluster = createServer({ cert: certPem, key: keyPem }, (_, response) => {
    asked += 1;
    response.writeHead(403).end();
  }).listen(0, '127.0.0.1');
  await once(cluster, 'listening');
  port = (cluster.address() as AddressInfo).port;
  [east, west] = await Promise.all([SimulatedHub.start({ name: 'east', clusterId: 'id-of-east', seed: 1, clock }), SimulatedHub.start({ name: 'west', clusterId: 'id-of-west', seed: 2, clock })]);
  west.seed([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lifeboat' } }]);
  parts = await Parts.open(clock);
  repository = new ProbesRepository(parts.sql);
  ({ plans } = new RecoveryParts(parts));
  await parts.jobs.onModuleInit();
  const prober = new PathProber(clock, parts.config, { ...new ProbeLimits(), perSecond: 200, proxyMs: 5_000 });
  paths = new PathsReconciler(repository, prober, parts.connections, parts.jobs, clock);
  service = new ProbesService(repository, new DeepChecksRepository(parts.sql), plans, parts.jobs, parts.audit, clock);
  hubs = (await Promise.all([east, west].map((hub) => parts.hubs.register({ name: hub.name, kubeconfig: new Secret(hub.kubeconfig()) }, by)))).map(({ id }) => id) as [string, string];
  await parts.sql.query('UPDATE hub SET storage = NULL');
  planId = (await plans.create({ name: 'plan', sourceHubId: hubs[0], targetHubId: hubs[1], reachability: 'PROBED' }, by)).id;
}, 300_000);

afterAll(async () => {
  await parts.jobs.beforeApplicationShutdown();
  await parts.jobs.onApplicationShutdown();
  await parts.drop();
  await Promise.all([east.stop(), west.stop()]);
  cluster.closeAllConnections();
  cluster.close();
  expect(parts.errors).toEqual([]);
});

const urlOf = (to = port): string => `https://127.0.0.1:${to}`;
const known = (name: string, apiUrl: string | null, origin = 'IMPORTED') => parts.prisma.managedCluster.create({
  data: {
    hubId: hubs[0], name, origin, apiUrl, labels: {}, accepted: 'TRUE', joined: 'TRUE', available: 'TRUE', importCondition: 'TRUE', addonPresent: true, addonAvailable: 'TRUE', deleting: false, problems: [],
    readAt: clock.now(),
  },
});
const list = async (filter = {}): Promise<readonly TargetPath[]> => (await service.list(planId, filter, { limit: 50 })).items;
const short = async (): Promise<string[]> => (await list()).map(({ cluster: name, state, code, attempt }) => [name, state, code ?? '-', attempt?.code ?? '-'].join(' '));
async function pass(): Promise<void> {
  await repository.arrange(clock.now());
  while ((await paths.probeHub(hubs[1])) !== undefined);
}

test('new clusters are probed at once, from the target and from here; what needs no way is not', async () => {
  await Promise.all([known('c1', urlOf()), known('c2', urlOf(1)), known('c3', 'https://169.254.169.254'), known('c4', null), known('c5', urlOf(), 'HIVE')]);
  await pass();
  expect(await short()).toEqual(['c1 PROVEN ANSWERED ANSWERED', 'c2 REFUSED CONNECTION_REFUSED CONNECTION_REFUSED', 'c3 UNKNOWN ADDRESS_REFUSED ADDRESS_REFUSED']);
  const [c1] = await list({ cluster: 'c1' });
  expect(c1?.lifeboatPath).toMatchObject({ code: 'ANSWERED', detail: expect.stringContaining('not publicly trusted') as string });
  expect(c1).toMatchObject({ checkedAt: c1?.since, apiUrl: urlOf() });
  expect(asked).toBe(2);
  expect(west.objects(resources.pod)).toEqual([]);
  await pass(); // nothing is due
  expect(asked).toBe(2);
});

test('what a firewall did meanwhile is told in the change log, once', async () => {
  clock.advance(9 * HOUR_MS);
  west.network = () => 'timeout';
  await pass();
  expect((await short())[0]).toBe('c1 REFUSED TIMED_OUT TIMED_OUT');
  clock.advance(HOUR_MS + 1);
  await pass();
  west.network = () => null;
  const told = await parts.sql.query<{ cluster: string; data: unknown }>(`SELECT cluster, data FROM change_waiting WHERE type = 'TARGET_PATH_CHANGED' ORDER BY written`);
  expect(told).toHaveLength(3);
  expect(told.at(-1)?.data).toMatchObject({ state: { from: 'PROVEN', to: 'REFUSED' } });
  expect(told).toEqual(expect.arrayContaining([
    { cluster: 'c1', data: { state: { from: 'UNKNOWN', to: 'PROVEN' }, code: { from: null, to: 'ANSWERED' } } },
    { cluster: 'c2', data: { state: { from: 'UNKNOWN', to: 'REFUSED' }, code: { from: null, to: 'CONNECTION_REFUSED' } } },
    { cluster: 'c1', data: { state: { from: 'PROVEN', to: 'REFUSED' }, code: { from: 'ANSWERED', to: 'TIMED_OUT' } } },
  ]));
});

test('a hub that is away teaches nothing: what was learned stays, until it is too old', async () => {
  clock.advance(HOUR_MS + 1);
  await pass();
  expect((await short())[0]).toBe('c1 PROVEN ANSWERED ANSWERED');
  await west.cutOff();
  clock.advance(9 * HOUR_MS);
  await pass();
  expect((await short()).slice(0, 2)).toEqual(['c1 PROVEN ANSWERED HUB_AWAY', 'c2 REFUSED CONNECTION_REFUSED HUB_AWAY']);
  clock.advance(4 * HOUR_MS);
  expect((await short())[0]).toBe('c1 UNKNOWN ANSWERED HUB_AWAY');
  expect((await list({ state: 'UNKNOWN' })).map(({ cluster: name }) => name)).toEqual(['c1', 'c3']);
  await west.reconnect();
});

test('without the right, that is said, and the hub is no worse for it', async () => {
  const stop = west.faults.add({ verb: 'create', resource: 'pods' }, { type: 'error', code: 403 });
  clock.advance(HOUR_MS + 1);
  await pass();
  expect((await short())[0]).toBe('c1 UNKNOWN ANSWERED RIGHT_MISSING');
  stop();
});

test('another API URL makes all void, and is probed at once', async () => {
  await parts.prisma.managedCluster.updateMany({ where: { name: 'c2' }, data: { apiUrl: urlOf() } });
  await repository.arrange(clock.now());
  expect((await short())[1]).toBe('c2 UNKNOWN - RIGHT_MISSING');
  await pass();
  expect((await short())[1]).toBe('c2 PROVEN ANSWERED ANSWERED');
});

test('a cluster that is gone has no way; a plan that assumes the ways keeps what was refused under its eye', async () => {
  await parts.prisma.managedCluster.deleteMany({ where: { name: 'c3' } });
  await pass();
  expect((await list()).map(({ cluster: name }) => name)).toEqual(['c1', 'c2']);
  await plans.update(planId, { reachability: 'ASSUMED' }, 1, by);
  west.network = () => 'refused';
  await service.probeNow(planId, 'c1', by);
  await pass();
  west.network = () => null;
  const [c1] = await list({ cluster: 'c1' });
  expect(c1?.state).toBe('REFUSED');
  expect(c1?.dueAt).not.toBeNull();
  clock.advance(HOUR_MS);
  await pass();
  expect((await list({ cluster: 'c1' }))[0]).toMatchObject({ state: 'PROVEN', dueAt: null });
});

test('somebody asks: audited, at once, for one or all; never for what is not there', async () => {
  const before = asked;
  expect(await service.probeNow(planId, null, by)).toBe(2);
  expect(await service.probeNow(planId, null, by)).toBe(2);
  await pass();
  expect(asked).toBe(before + 4);
  await expect(service.probeNow(planId, 'nobody', by)).rejects.toMatchObject({ code: 'NOTHING_TO_PROBE' });
  await expect(service.probeNow('01990000-0000-7000-8000-000000000000', null, by)).rejects.toMatchObject({ code: 'PLAN_NOT_FOUND' });
  expect(await parts.prisma.auditEntry.count({ where: { action: 'plan.probe' } })).toBe(3);
});

test('what a process left on a target when it died is taken away', async () => {
  const left = (name: string, agoMs: number) => ({
    apiVersion: 'v1', kind: 'Pod', spec: {},
    metadata: { name, namespace: 'lifeboat', labels: { 'app.kubernetes.io/managed-by': 'lifeboat', 'app.kubernetes.io/component': 'path-probe' }, annotations: { 'lifeboat/made-at': new Date(clock.now().getTime() - agoMs).toISOString() } },
  });
  west.seed([left('old', HOUR_MS), left('young', 1_000)]);
  await paths.removeLeftovers(new AbortController().signal);
  expect(west.objects(resources.pod).map(({ metadata }) => metadata.name)).toEqual(['young']);
});
