import { cloneTestDatabase, type TestDatabase } from '../../test/support/database.js';
import { until } from '../../test/support/until.js';
import { ManualClock } from '../common/clock.js';
import { Secret } from '../common/secret.js';
import { DatabasePool } from '../database/database-pool.js';
import { LeaseService } from '../database/lease.service.js';
import { PrismaService } from '../database/prisma.service.js';
import { Sql } from '../database/sql.js';
import { HubClient } from '../kube/hub-client.js';
import type { KubeObject } from '../kube/kube.types.js';
import { resources } from '../kube/resources.js';
import { SimulatedHub } from '../simulator/simulated-hub.js';
import type { FleetChange } from './fleet.types.js';
import { HubFactsRepository } from './hub-facts.repository.js';
import { HubWatcher } from './hub-watcher.js';
import type { Reached } from './reachability.rules.js';

const start = new Date('2026-11-24T12:00:00Z');
const cluster = (name: string, vendor = 'OpenShift'): KubeObject => ({
  apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name, labels: { vendor } }, spec: {},
});
const bucket = (name: string): KubeObject => ({
  apiVersion: 'velero.io/v1', kind: 'BackupStorageLocation', metadata: { namespace: 'open-cluster-management-backup', name }, spec: { provider: 'aws', objectStorage: { bucket: name } },
});

/** A database that makes what it was told to, and loses the connection before it has said so; or that is away; or slow. */
class TroubledRepository extends HubFactsRepository {
  loseAnswerOf: 'upsert' | 'remove' | 'finishListing' | 'noteStates' | null = null;
  refuse: 'writeClusters' | null = null;
  beforeUpsert: () => void = () => undefined;

  override async upsert(...args: Parameters<HubFactsRepository['upsert']>) {
    this.beforeUpsert();
    return this.answer('upsert', await super.upsert(...args));
  }

  override async remove(...args: Parameters<HubFactsRepository['remove']>) {
    return this.answer('remove', await super.remove(...args));
  }

  override async finishListing(...args: Parameters<HubFactsRepository['finishListing']>) {
    const gone = await super.finishListing(...args);
    return gone.length > 0 ? this.answer('finishListing', gone) : gone;
  }

  override async noteStates(...args: Parameters<HubFactsRepository['noteStates']>) {
    const gone = await super.noteStates(...args);
    return gone.length > 0 ? this.answer('noteStates', gone) : gone;
  }

  override writeClusters(...args: Parameters<HubFactsRepository['writeClusters']>) {
    return this.refused('writeClusters') ?? super.writeClusters(...args);
  }

  private answer<T>(of: TroubledRepository['loseAnswerOf'], answer: T): T {
    if (this.loseAnswerOf !== of) return answer;
    this.loseAnswerOf = null;
    throw new Error('the connection was lost');
  }

  private refused(what: TroubledRepository['refuse']): Promise<never> | null {
    if (this.refuse !== what) return null;
    this.refuse = null;
    return Promise.reject(new Error('the database is away'));
  }
}

let hub: SimulatedHub;
let database: TestDatabase;
let pool: DatabasePool;
let prisma: PrismaService;
let client: HubClient;
let clock: ManualClock;
let repository: TroubledRepository;
let watcher: HubWatcher;
let leases: LeaseService;
let hubId: string;
let changes: (Pick<FleetChange, 'topic'> & Partial<FleetChange>)[];
let reached: Reached | null;
let buckets: string[];
let storageRefusals: number;

beforeEach(async () => {
  clock = new ManualClock(start);
  hub = await SimulatedHub.start({ name: 'east', clock });
  hub.seed([cluster('c1'), cluster('c2'), bucket('first')]);
  database = await cloneTestDatabase();
  pool = new DatabasePool({ url: new Secret(database.url) });
  prisma = new PrismaService(pool);
  await prisma.onModuleInit();
  leases = new LeaseService(pool);
  hubId = (await prisma.hub.create({ data: { name: 'east', apiUrl: hub.url, createdAt: start, createdBy: 'tester', updatedAt: start } })).id;
  const lease = await leases.hold(`hub/${hubId}`, 60_000);
  if (lease === null) throw new Error('The lease of a new hub is free');
  repository = new TroubledRepository(new Sql(pool));
  client = new HubClient(hub.connection(), { allowLoopback: true });
  [changes, reached, buckets, storageRefusals] = [[], null, [], 0];
  const sleep = (_ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, 20);
      signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
    });
  watcher = new HubWatcher({
    hubId, lease, client, repository, clock, spreadMs: 0, statesEveryMs: 50, reflector: { coalesceMs: 5, sleep, openMs: 200, pageDeadlineMs: 200 },
    publish: (change) => {
      changes.push(change);
      return Promise.resolve();
    },
    onReached: (told) => {
      reached = told;
      return Promise.resolve();
    },
    onStorage: async () => {
      if (storageRefusals-- > 0) throw new Error('the database is away');
      buckets = (await prisma.hubObject.findMany({ where: { hubId, kind: 'STORAGE_LOCATION' }, orderBy: { name: 'asc' } })).map(({ name }) => name);
    },
    onError: () => undefined,
  });
});

afterEach(async () => {
  await watcher.stop();
  await leases.releaseAll();
  await client.close();
  await prisma.$disconnect();
  await pool.close();
  await database.drop();
  await hub.stop();
});

const isRead = (): boolean => changes.some(({ topic }) => topic === 'READ');
const rows = async (): Promise<string[]> => (await prisma.managedCluster.findMany({ orderBy: { name: 'asc' } })).map(({ name, vendor }) => `${name} ${vendor}`);
const are = (expected: string): Promise<void> => until(expected, async () => (await rows()).join() === expected);

async function begin(): Promise<void> {
  watcher.start();
  await until('the first reading', isRead);
  await until('it watches', async () => (await prisma.hubWatch.count({ where: { phase: 'WATCHING' } })) === 13);
  changes.length = 0;
}

test.each([
  { lost: 'upsert', act: () => hub.seed([cluster('c1', 'EKS')]), then: 'c1 EKS,c2 OpenShift' },
  { lost: 'remove', act: () => hub.remove(resources.managedCluster, { name: 'c1' }), then: 'c2 OpenShift' },
  {
    lost: 'finishListing', then: 'c2 OpenShift',
    act: () => {
      hub.faults.add({ verb: 'watch', resource: 'managedclusters' }, { type: 'error', code: 410 }, { times: 1 });
      hub.faults.resetWatches({ resource: 'managedclusters' });
      hub.remove(resources.managedCluster, { name: 'c1' });
    },
  },
  { lost: 'noteStates', act: () => hub.serve(resources.managedCluster, false), then: '' },
] as const)('what was written before the connection was lost is told and projected all the same: $lost', async ({ lost, act, then }) => {
  await begin();
  repository.loseAnswerOf = lost;
  act();
  await until('the answer was lost', () => repository.loseAnswerOf === null);
  await are(then);
  await until('all who listen are told to look', isRead);
});

test('clusters that could not be written are written later, though nothing changes any more', async () => {
  await begin();
  repository.refuse = 'writeClusters';
  hub.seed([cluster('c1', 'EKS')]);
  await are('c1 EKS,c2 OpenShift');
});

test('clusters that could not be written at the first reading are written later', async () => {
  repository.refuse = 'writeClusters';
  watcher.start();
  await are('c1 OpenShift,c2 OpenShift');
});

test('storage that could not be noted is noted later', async () => {
  await begin();
  storageRefusals = 1;
  hub.seed([bucket('second')]);
  await until('it is noted', () => buckets.join() === 'first,second');
});

test('clusters leave with their kind, and come back with it', async () => {
  await begin();
  hub.serve(resources.managedCluster, false);
  await are('');
  hub.serve(resources.managedCluster, true);
  await are('c1 OpenShift,c2 OpenShift');
});

test('a fact is as old as the hub\u2019s word, however late it is written and projected', async () => {
  await begin();
  repository.beforeUpsert = () => clock.set(new Date('2026-11-24T18:00:00Z'));
  hub.seed([cluster('c1', 'EKS')]);
  await are('c1 EKS,c2 OpenShift');
  const fact = await prisma.hubObject.findFirstOrThrow({ where: { kind: 'MANAGED_CLUSTER', name: 'c1' } });
  expect(fact.readAt).toEqual(start);
  expect((await prisma.managedCluster.findFirstOrThrow({ where: { name: 'c1' } })).readAt).toEqual(start);
});

test.each(['refuse', 'hang'] as const)('a hub that is away from the first call on (%s) is told, though no kind was ever heard', async (mode) => {
  await hub.cutOff(mode);
  watcher.start();
  await until('it is told', () => reached?.is === 'UNREACHABLE');
  expect(await prisma.hubWatch.count({ where: { heardAt: { not: null } } })).toBe(0);
  await hub.reconnect();
  await until('it is read', isRead);
  await until('it is told', () => reached?.is === 'REACHABLE');
});

test('names that PostgreSQL cannot hold stop nothing', async () => {
  await begin();
  hub.faults.injectIntoWatches({ resource: 'managedclusters' }, ['ADDED', 'DELETED'].map((type) =>
    `${JSON.stringify({ type, object: { apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name: `odd-${type}\0\ud800`, resourceVersion: '\0' } } })}\n`).join(''));
  hub.seed([cluster('c3')]);
  await are('c1 OpenShift,c2 OpenShift,c3 OpenShift');
});
