import pg from 'pg';
import { cloneTestDatabase, type TestDatabase } from '../../test/support/database.js';
import { TcpProxy } from '../../test/support/tcp-proxy.js';
import { Secret } from '../common/secret.js';
import { DatabaseHealth } from './database-health.js';
import { DatabasePool } from './database-pool.js';
import { LeaseService } from './lease.service.js';
import { PrismaService } from './prisma.service.js';
import { Sql } from './sql.js';
import { asUnavailable } from './unavailable.js';

let database: TestDatabase;
let proxy: TcpProxy;
let pool: DatabasePool;
let prisma: PrismaService;
let sql: Sql;
let leases: LeaseService;
let health: DatabaseHealth;

beforeAll(async () => {
  database = await cloneTestDatabase();
  proxy = await TcpProxy.before(database.url);
  pool = new DatabasePool({ url: new Secret(proxy.through(database.url)), poolSize: 3, statementTimeoutMs: 200 });
  [prisma, sql, leases, health] = [new PrismaService(pool), new Sql(pool), new LeaseService(pool), new DatabaseHealth(pool)];
});

afterAll(async () => {
  proxy.cut();
  await prisma.$disconnect();
  await pool.close();
  await proxy.close();
  await database.drop();
});

const ways: readonly { way: string; ask: () => Promise<unknown> }[] = [
  { way: 'Prisma', ask: () => prisma.hub.findMany() },
  { way: "Prisma's raw SQL", ask: () => prisma.$queryRaw`SELECT 1` },
  { way: "Prisma's batch", ask: () => prisma.$transaction([prisma.hub.findMany()]) },
  { way: "Prisma's transaction", ask: () => prisma.$transaction((tx) => tx.hub.count()) },
  { way: 'SQL', ask: () => sql.query('SELECT 1') },
  { way: 'a transaction in SQL', ask: () => sql.transaction((tx) => tx.query('SELECT 1')) },
  { way: 'a lease', ask: () => leases.hold('k', 1_000) },
  { way: 'the health check', ask: () => health.ping() },
];

const unavailable = expect.objectContaining({ code: 'DATABASE_UNAVAILABLE', kind: 'unavailable' }) as unknown;

describe.each(ways)('$way', ({ ask }) => {
  beforeEach(async () => {
    await ask(); // opens a connection
  });

  test('is told when the server falls silent, and works again afterwards', async () => {
    proxy.blackhole(true);
    await expect(ask()).rejects.toEqual(unavailable);
    proxy.blackhole(false);
    await ask();
  });

  test('works after the connections were reset while idle', async () => {
    proxy.cut();
    await ask().catch((error: unknown) => expect(error).toEqual(unavailable)); // the first one may meet the reset
    await ask();
  });
});

test('what the server ends for taking too long is told alike', async () => {
  await expect(sql.query('SELECT pg_sleep(5)')).rejects.toEqual(unavailable);
  await expect(prisma.$queryRaw`SELECT pg_sleep(5)::text`).rejects.toEqual(unavailable);
});

test('a pool that is used up is told in three seconds, and leases and health do not feel it', async () => {
  const busy = await Promise.all([pool.main.connect(), pool.main.connect(), pool.main.connect()]);
  const startedAt = performance.now();
  await expect(prisma.hub.count()).rejects.toEqual(unavailable);
  await expect(prisma.$transaction((tx) => tx.hub.count())).rejects.toEqual(unavailable);
  expect(performance.now() - startedAt).toBeLessThan(8_000);
  const lease = await leases.hold('while busy', 1_000);
  await lease?.release();
  await health.ping();
  for (const client of busy) client.release();
});

test('nobody listens: told at once', async () => {
  const nowhere = new DatabasePool({ url: new Secret('postgresql://a:b@127.0.0.1:1/none') });
  await expect(new PrismaService(nowhere).hub.count()).rejects.toEqual(unavailable);
  await expect(new Sql(nowhere).query('SELECT 1')).rejects.toEqual(unavailable);
  await nowhere.close();
});

test('a statement that timed out leaves no connection behind that others would wait on', async () => {
  proxy.blackhole(true);
  await expect(sql.transaction((tx) => tx.query('SELECT 1'))).rejects.toEqual(unavailable);
  proxy.blackhole(false);
  const answers = await Promise.all([1, 2, 3].map((n) => sql.query<{ n: number }>('SELECT $1::int AS n', [n])));
  expect(answers.flat().map(({ n }) => n)).toEqual([1, 2, 3]);
});

test('mistakes of our own are not blamed on the database', async () => {
  const error = await sql.query('SELECT no_such_column').catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(pg.DatabaseError);
  expect(asUnavailable(error)).toBeNull();
  expect(asUnavailable(new Error('x', { cause: new TypeError('y') }))).toBeNull();
});
