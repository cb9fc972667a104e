import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { SystemClock } from '../../src/common/clock.js';
import { loadConfig } from '../../src/config/config.js';
import { ApiClient } from '../../src/demo/api-client.js';
import { startService } from '../../src/service.js';
import { SimulatedHub } from '../../src/simulator/simulated-hub.js';
import { cloneTestDatabase, type TestDatabase } from '../support/database.js';
import { DeadHost, type Death } from '../support/dead-host.js';
import { ServiceProcess, type RunningServiceProcess } from '../support/service-process.js';
import { until } from '../support/until.js';

/** SCALE_HUBS=100 SCALE_DEAD=30 for the size of a big estate. */
const HUBS = Number(process.env['SCALE_HUBS'] ?? 12);
const DEAD = Number(process.env['SCALE_DEAD'] ?? 4);
const CLUSTERS = Number(process.env['SCALE_CLUSTERS'] ?? 5);
const DEATHS: readonly Death[] = ['swallow', 'refuse', 'garbage'];
const CODES: Readonly<Record<Death, readonly string[]>> = { swallow: ['HUB_TIMEOUT', 'HUB_UNREACHABLE'], refuse: ['HUB_UNREACHABLE'], garbage: ['HUB_TLS_FAILED', 'HUB_UNREACHABLE'] };
const PATIENCE_MS = 60_000 + HUBS * 2_000;

interface HubAnswer {
  readonly id: string;
  readonly name: string;
  readonly reachability: string;
  readonly lastErrorCode: string | null;
}

let database: TestDatabase;
let hubs: SimulatedHub[];
let dead: DeadHost[];
let service: RunningServiceProcess;
let api: ApiClient;
const figures: Record<string, number> = {};

const cluster = (name: string) => ({
  apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name }, spec: {}, status: { conditions: [{ type: 'ManagedClusterConditionAvailable', status: 'True' }] },
});
const nameOf = (index: number): string => `hub-${String(index).padStart(3, '0')}`;
const isDead = (name: string): boolean => Number(name.slice(4)) < DEAD;
const deathOf = (name: string): Death => DEATHS[Number(name.slice(4)) % DEATHS.length]!;
const all = (): Promise<HubAnswer[]> => api.all<HubAnswer>('/hubs');

/** Asking without a pause would be load of its own. */
const untilAsked = (what: string, holds: () => Promise<boolean>): Promise<void> =>
  until(what, async () => (await holds()) || (await sleep(200, false)), PATIENCE_MS);

const sockets = (): number => {
  const folder = `/proc/${service.pid}/fd`;
  return readdirSync(folder).filter((fd) => {
    try {
      return readlinkSync(`${folder}/${fd}`).startsWith('socket:');
    } catch {
      return false; // closed meanwhile
    }
  }).length;
};
const memoryMiB = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

beforeAll(async () => {
  database = await cloneTestDatabase();
  const clock = new SystemClock();
  hubs = await Promise.all(Array.from({ length: HUBS }, (_, index) => SimulatedHub.start({ name: nameOf(index), clusterId: `id-${index}`, clock })));
  for (const hub of hubs) hub.seed(Array.from({ length: CLUSTERS }, (_, index) => cluster(`c-${index}`)));
  const env = { DATABASE_URL: database.url, PORT: '0', LOG_LEVEL: 'warn', LIFEBOAT_ALLOW_LOOPBACK_HUBS: 'true', LIFEBOAT_SEALING_KEYS: `test:${randomBytes(32).toString('base64')}` };
  // Registered while they live, by a process that watches nothing.
  const registrar = await startService(loadConfig({ ...env, LOG_LEVEL: 'silent', LIFEBOAT_ROLES: 'api' }));
  const key = registrar.firstAdminKey ?? '';
  const first = new ApiClient(`${registrar.url}/api/v1`, key);
  for (const hub of hubs) await first.post('/hubs', { name: hub.name, server: hub.url, caPem: hub.caPem, token: hub.adminToken });
  await registrar.close();
  dead = [];
  for (const hub of hubs.filter(({ name }) => isDead(name))) {
    await hub.stop();
    dead.push(await DeadHost.at(Number(new URL(hub.url).port), deathOf(hub.name)));
  }
  service = await ServiceProcess.start(env);
  figures['start'] = performance.now();
  api = new ApiClient(`${service.url}/api/v1`, key);
}, 300_000 + HUBS * 2_000);

afterAll(async () => {
  console.log(`${HUBS} hubs, ${DEAD} dead: ${Object.entries(figures).filter(([name]) => name !== 'start').map(([name, value]) => `${name} ${Math.round(value)}`).join(', ')}`);
  await service.close();
  await Promise.all([...dead.map((host) => host.close()), ...hubs.filter(({ name }) => !isDead(name)).map((hub) => hub.stop())]);
  await database.drop();
}, 300_000);

test('every hub that lives is read, whatever the dead ones do', async () => {
  const wanted = (HUBS - DEAD) * CLUSTERS;
  let slowestMs = 0;
  await untilAsked('all are read', async () => {
    const askedAt = performance.now();
    const { page } = await api.get<{ page: { totalCount: number } }>('/clusters?limit=1&count=true');
    slowestMs = Math.max(slowestMs, performance.now() - askedAt);
    figures['clusters'] = page.totalCount;
    return page.totalCount === wanted;
  });
  figures['all read after ms'] = performance.now() - figures['start']!;
  figures['slowest answer meanwhile ms'] = slowestMs;
  await untilAsked('all answer', async () => (await all()).filter(({ name }) => !isDead(name)).every(({ reachability }) => reachability === 'REACHABLE'));
}, PATIENCE_MS + 10_000);

test('every dead hub is told, and how it is dead', async () => {
  const told = async (): Promise<HubAnswer[]> => (await all()).filter(({ name }) => isDead(name));
  await untilAsked('all are told', async () => (await told()).every(({ reachability }) => reachability === 'UNREACHABLE'));
  figures['dead told after ms'] = performance.now() - figures['start']!;
  for (const { name, lastErrorCode } of await told()) expect([name, CODES[deathOf(name)]]).toEqual([name, expect.arrayContaining([lastErrorCode])]);
}, PATIENCE_MS + 10_000);

test('what changes on a living hub is known at once, and the dead ones cost few connections and little memory', async () => {
  const [hub] = hubs.filter(({ name }) => !isDead(name));
  const [id] = (await all()).filter(({ name }) => name === hub!.name).map((one) => one.id);
  const changedAt = performance.now();
  hub!.seed([cluster('new')]);
  await untilAsked('it is known', async () => (await api.get<{ items: unknown[] }>(`/clusters?hubId=${id}&limit=200`)).items.length === CLUSTERS + 1);
  figures['change known after ms'] = performance.now() - changedAt;
  figures['sockets'] = sockets();
  figures['memory MiB'] = memoryMiB();
  figures['connections to the dead'] = dead.reduce((sum, { connections }) => sum + connections, 0);
  figures['most at once to one dead'] = Math.max(...dead.map(({ most }) => most));
  // A hub that lives costs two connections on HTTP/2 and its writes; one that is dead no more than the calls that wait for it.
  expect(Math.max(...dead.map(({ most }) => most))).toBeLessThanOrEqual(12);
  expect(sockets()).toBeLessThan(100 + HUBS * 16);
  expect(memoryMiB()).toBeLessThan(400 + HUBS * 4);
}, PATIENCE_MS);
