import { randomUUID } from 'node:crypto';
import { startDatabaseModule, type TestDatabaseModule } from '../../test/support/database-module.js';
import { ManualClock } from '../common/clock.js';
import { PrismaService } from '../database/prisma.service.js';
import { Sql } from '../database/sql.js';
import { ClusterNotFoundError } from '../fleet/fleet.errors.js';
import type { FleetService } from '../fleet/fleet.service.js';
import { TokenTimelineRepository } from './token-timeline.repository.js';
import { TokenTimelineService } from './token-timeline.service.js';

const hubId = randomUUID();
const clusterId = randomUUID();
const at = (hours: number): Date => new Date(Date.UTC(2026, 10, 1) + hours * 3_600_000);
const clock = new ManualClock(at(30));

let database: TestDatabaseModule;
let sql: Sql;
let timeline: TokenTimelineService;

beforeAll(async () => {
  database = await startDatabaseModule();
  sql = database.app.get(Sql);
  const fleet = { get: async (id: string) => (id === clusterId ? { hubId, name: 'shop-1' } : Promise.reject(new ClusterNotFoundError(id))) } as unknown as FleetService;
  timeline = new TokenTimelineService(new TokenTimelineRepository(sql), fleet, clock);
  const prisma = database.app.get(PrismaService);
  await prisma.hub.create({ data: { id: hubId, name: 'east', apiUrl: 'https://h', clusterId: 'east-id', createdAt: at(0), createdBy: 'x', updatedAt: at(0) } });
  const life = { hubId, cluster: 'shop-1', account: 'auto-import-account', secretUid: 'u1' };
  await prisma.tokenIncarnation.createMany({
    data: [
      { ...life, refreshedAt: at(0), expiresAt: at(10), seenAt: at(0), labelledAt: at(1), endedAt: at(12) },
      { ...life, refreshedAt: at(12), expiresAt: at(22), seenAt: at(12), labelledAt: at(12), endedAt: at(20) },
      { ...life, refreshedAt: at(20), expiresAt: at(40), seenAt: at(20), labelledAt: at(20) },
      { ...life, cluster: 'shop-2', refreshedAt: at(1), expiresAt: at(40), seenAt: at(1) },
    ],
  });
  const set = (name: string, hours: number, owner = 'east-id') => prisma.backupSet.create({ data: { ownerClusterId: owner, credentialsBackup: name, status: 'COMPLETE', startedAt: at(hours), expiresAt: at(hours + 100), firstSeenAt: at(hours) } });
  const sets = [await set('one', 0), await set('two', 4), await set('three', 11), await set('four', 21), await set('other', 21, 'west-id')];
  const beliefs = [
    { belief: 'INFERRED_OUT', reason: 'LABELLED_AFTER_START', refreshedAt: null, expiresAt: null },
    { belief: 'INFERRED_IN', reason: null, refreshedAt: at(0), expiresAt: at(10) },
    { belief: 'UNKNOWN', reason: null, refreshedAt: null, expiresAt: null },
    { belief: 'VERIFIED_IN', reason: null, refreshedAt: at(20), expiresAt: at(40) },
    { belief: 'VERIFIED_IN', reason: null, refreshedAt: at(20), expiresAt: at(40) },
  ];
  for (const [index, belief] of beliefs.entries()) {
    await prisma.backupSetToken.create({ data: { setId: sets[index]!.id, cluster: 'shop-1', account: 'auto-import-account', evidence: 'so', decidedAt: at(30), ...belief } });
  }
});
afterAll(() => database.close());

test('each life with its label, its refresh and its sets; the sets without, and the gaps', async () => {
  const told = await timeline.ofCluster(clusterId, { from: at(-1) });
  expect(told).toMatchObject({ clusterId, hubId, cluster: 'shop-1', from: at(-1), to: at(30), isComplete: true });
  expect(told.lives).toMatchObject([
    { issuedAt: at(20), nextIssuedAt: null, refreshDueAt: at(36), refreshLateMs: null, refreshMissed: false, unlabelledMs: 0, sets: [{ credentialsBackup: 'four', belief: 'VERIFIED_IN', expiresAt: at(40) }] },
    { issuedAt: at(12), nextIssuedAt: at(20), refreshLateMs: null, refreshMissed: false, sets: [] },
    { issuedAt: at(0), nextIssuedAt: at(12), refreshDueAt: at(8), refreshLateMs: 4 * 3_600_000, refreshMissed: true, unlabelledMs: 3_600_000, sets: [{ credentialsBackup: 'two', setExpiresAt: at(104) }] },
  ]);
  expect(told.setsWithout).toMatchObject([{ credentialsBackup: 'three', belief: 'UNKNOWN' }, { credentialsBackup: 'one', reason: 'LABELLED_AFTER_START' }]);
  expect(told.gaps).toEqual([{ kind: 'NO_TOKEN', from: at(10), to: at(12) }]);
});

test('a part of the time shows what was then, and the next life though it began later', async () => {
  const told = await timeline.ofCluster(clusterId, { from: at(2), to: at(11) });
  expect(told.lives).toMatchObject([{ issuedAt: at(0), nextIssuedAt: at(12), refreshMissed: true }]);
  expect(told.setsWithout).toEqual([]);
  expect(told.gaps).toEqual([{ kind: 'NO_TOKEN', from: at(10), to: at(11) }]);
});

test.each([
  { because: 'it ends before it begins', range: { from: at(5), to: at(4) }, code: 'TIME_RANGE_INVALID' },
  { because: 'it begins in the future', range: { from: at(31) }, code: 'TIME_RANGE_INVALID' },
  { because: 'it is a life long', range: { from: at(-24 * 401) }, code: 'TIME_RANGE_INVALID' },
])('a span that is refused: $because', async ({ range, code }) => {
  await expect(timeline.ofCluster(clusterId, range)).rejects.toMatchObject({ code });
});

test('a cluster that does not exist', async () => {
  await expect(timeline.ofCluster(randomUUID(), {})).rejects.toMatchObject({ code: 'CLUSTER_NOT_FOUND' });
});
