import { cloneTestDatabase, connectTo, type TestDatabase } from '../../test/support/database.js';
import { until } from '../../test/support/until.js';
import { Secret } from '../common/secret.js';
import { DatabasePool } from '../database/database-pool.js';
import { PrismaService } from '../database/prisma.service.js';
import { Sql } from '../database/sql.js';
import { HubsRepository } from './hubs.repository.js';

const start = new Date('2026-11-24T12:00:00Z');

let database: TestDatabase;
let pool: DatabasePool;
let prisma: PrismaService;
let repository: HubsRepository;

beforeAll(async () => {
  database = await cloneTestDatabase();
  pool = new DatabasePool({ url: new Secret(database.url) });
  prisma = new PrismaService(pool);
  await prisma.onModuleInit();
  repository = new HubsRepository(prisma, new Sql(pool));
});

afterAll(async () => {
  await prisma.$disconnect();
  await pool.close();
  await database.drop();
});

test('who notes the storage beside another notes what is told when its turn comes, not what was told when it asked', async () => {
  const { id } = await prisma.hub.create({ data: { name: 'east', apiUrl: 'https://east', createdAt: start, createdBy: 'tester', updatedAt: start } });
  const tell = async (bucket: string) => {
    const of = { hubId: id, kind: 'STORAGE_LOCATION', namespace: 'open-cluster-management-backup', name: 'dpa' };
    const told = { uid: 'u', resourceVersion: bucket, facts: { createdAt: null, deleting: false, provider: 'aws', bucket }, readAt: start, writtenAt: start, epoch: 1n };
    await prisma.hubObject.upsert({ where: { hubId_kind_namespace_name: of }, create: { ...of, ...told }, update: told });
  };
  const noted = async () => (await prisma.hub.findUniqueOrThrow({ where: { id } })).storage;
  const other = await connectTo(database.url);
  const waiting = async (): Promise<number> => (await prisma.$queryRaw<unknown[]>`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).length;

  await tell('old');
  await other.query('BEGIN');
  await other.query('SELECT 1 FROM hub WHERE id = $1 FOR UPDATE', [id]); // as whoever notes it does first
  const late = repository.noteStorage(id);
  await until('it waits for the other', async () => (await waiting()) === 1);
  await tell('new');
  await other.query('COMMIT');
  await other.end();
  await late;
  expect(await noted()).toEqual([{ name: 'dpa', provider: 'aws', bucket: 'new' }]);

  await tell('newer');
  await Promise.all([repository.noteStorage(id), tell('newest').then(() => repository.noteStorage(id))]);
  expect(await noted()).toEqual([{ name: 'dpa', provider: 'aws', bucket: 'newest' }]);
});
