import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { startDatabaseModule, type TestDatabaseModule } from '../../test/support/database-module.js';
import { until } from '../../test/support/until.js';
import { Secret } from '../common/secret.js';
import { DatabasePool } from './database-pool.js';
import { Prisma } from './generated/client.js';
import { type HeldLease, LeaseService } from './lease.service.js';
import { PrismaService } from './prisma.service.js';
import { Sql } from './sql.js';

const LONG_MS = 60_000;

let database: TestDatabaseModule;
let leases: LeaseService;
/** As another process would have it */
let others: LeaseService;
let othersPool: DatabasePool;
let sql: Sql;
let client: pg.Client;
let key: string;
let keys = 0;

beforeAll(async () => {
  database = await startDatabaseModule();
  leases = database.app.get(LeaseService);
  sql = database.app.get(Sql);
  othersPool = new DatabasePool({ url: new Secret(database.url) });
  others = new LeaseService(othersPool);
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

beforeEach(() => {
  key = `hub/${(keys += 1)}`;
});

afterAll(async () => {
  await others.releaseAll();
  await othersPool.close();
  await client.end();
  await database.close();
});

async function held(service: LeaseService, ttlMs = LONG_MS, onLost?: () => void): Promise<HeldLease> {
  const lease = await service.hold(key, ttlMs, onLost ? { onLost } : {});
  if (lease === null) throw new Error(`${key} is held by someone`);
  return lease;
}

const expire = () => client.query("UPDATE lease SET expires_at = now() - interval '1 second' WHERE key = $1", [key]);

async function expiresAt(): Promise<Date | undefined> {
  const { rows } = await client.query<{ expires_at: Date }>('SELECT expires_at FROM lease WHERE key = $1', [key]);
  return rows[0]?.expires_at;
}

/** What a SIGSTOP does to us: nothing runs, time goes on. */
function freeze(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('claiming', () => {
  test('one holds it; others, and the same process, do not', async () => {
    expect((await held(leases)).epoch).toBe(1n);
    expect(await others.hold(key, LONG_MS)).toBeNull();
    expect(await leases.hold(key, LONG_MS)).toBeNull();
  });

  test('of many claims at once one succeeds', async () => {
    const claims = await Promise.all([...Array(20).keys()].map((n) => (n % 2 ? leases : others).hold(key, LONG_MS)));
    expect(claims.filter((claim) => claim !== null)).toHaveLength(1);
  });

  test('what is released is free at once, and the epoch grows', async () => {
    const first = await held(leases);
    await first.release();
    expect(first.signal.aborted).toBe(true);
    expect((await held(others)).epoch).toBe(2n);
    await first.release(); // too late to do harm
    expect(await leases.hold(key, LONG_MS)).toBeNull();
  });

  test('what expired by the database\'s clock can be claimed', async () => {
    await held(leases);
    await expire();
    expect((await held(others)).epoch).toBe(2n);
  });
});

describe('holding', () => {
  test('it is renewed for as long as it is held', async () => {
    const lease = await held(leases, 900);
    const first = await expiresAt();
    await until('the lease was renewed twice', async () => Number(await expiresAt()) - Number(first) > 500);
    lease.assertHeld();
    expect(lease.signal.aborted).toBe(false);
    await lease.release();
  });

  test('a later claim ends it at the next renewal', async () => {
    let lost = 0;
    const lease = await held(leases, 900, () => (lost += 1));
    await expire();
    await held(others);
    await until('the loss was noticed', () => lease.signal.aborted);
    expect(() => lease.assertHeld()).toThrow(expect.objectContaining({ code: 'LEASE_LOST' }));
    expect(lost).toBe(1);
  });

  test('while renewal is blocked it ends at 2/3 of its life, before anyone else can begin', async () => {
    await client.query('BEGIN');
    const lease = await held(leases, 900);
    const heldAt = performance.now();
    await client.query('SELECT 1 FROM lease WHERE key = $1 FOR UPDATE', [key]);
    await until('the lease was given up', () => lease.signal.aborted);
    expect(performance.now() - heldAt).toBeLessThan(900);
    await client.query('COMMIT');
    expect(() => lease.assertHeld()).toThrow(expect.objectContaining({ code: 'LEASE_LOST' }));
  });

  test('a process that stood still knows it before any timer has run', async () => {
    const lease = await held(leases, 300);
    freeze(250);
    expect(() => lease.assertHeld()).toThrow(expect.objectContaining({ code: 'LEASE_LOST' }));
    expect(lease.signal.aborted).toBe(true);
  });

  test('a renewal that comes back after the lease was given up does not revive it', async () => {
    const lease = await held(leases, 600);
    await client.query('BEGIN');
    await client.query('SELECT 1 FROM lease WHERE key = $1 FOR UPDATE', [key]);
    await until('the lease was given up', () => lease.signal.aborted);
    await client.query('COMMIT'); // lets the renewal through
    await until('it is free', async () => (await others.hold(key, LONG_MS)) !== null);
    expect(() => lease.assertHeld()).toThrow();
  });

  test('a renewal that counted though it came back too late is taken back, or everybody would wait for a lease that nobody holds', async () => {
    const asked: string[] = [];
    let letThrough: (answer: { rowCount: number }) => void = () => undefined;
    const query = (text: string) => {
      asked.push(text.trim().split(/\s+/, 1)[0] ?? '');
      if (asked.length === 1) return Promise.resolve({ rows: [{ epoch: 1n }] });
      return asked.length === 2 ? new Promise((resolve) => (letThrough = resolve)) : Promise.resolve({ rowCount: 1 });
    };
    const lease = await held(new LeaseService({ leases: { query } } as unknown as DatabasePool), 300);
    await until('it was given up while it was being renewed', () => lease.signal.aborted && asked.length === 2);
    letThrough({ rowCount: 1 });
    await until('it is given back', () => asked.length === 3);
    expect(asked).toEqual(['INSERT', 'UPDATE', 'UPDATE']);
  });

  test('an abort of the signal tells why', async () => {
    const lease = await held(leases);
    await lease.release();
    expect(lease.signal.reason).toMatchObject({ code: 'LEASE_LOST' });
  });
});

describe('writing under a lease', () => {
  beforeAll(() => client.query('CREATE TABLE fact (id int PRIMARY KEY, value text)'));

  const write = (lease: HeldLease, id: number) =>
    sql.execute(`INSERT INTO fact SELECT $1::int, $2::text WHERE ${lease.guard(3).text}`, [id, 'x', ...lease.guard(3).values]);

  test('a stale epoch changes nothing', async () => {
    const stale = await held(leases);
    expect(await write(stale, 1)).toBe(1);
    await expire();
    const current = await held(others);
    expect(await write(stale, 2)).toBe(0);
    expect(await write(current, 3)).toBe(1);
  });

  test('the same by Prisma', async () => {
    const prisma = database.app.get(PrismaService);
    const stale = await held(leases);
    const insert = (lease: HeldLease, id: number) => prisma.$executeRaw(Prisma.sql`INSERT INTO fact SELECT ${id}::int, 'y' WHERE ${lease.prismaGuard()}`);
    expect(await insert(stale, 4)).toBe(1);
    await prisma.$transaction((tx) => leases.confirm(tx, stale));
    await expire();
    await held(others);
    expect(await insert(stale, 5)).toBe(0);
    await expect(prisma.$transaction((tx) => leases.confirm(tx, stale))).rejects.toMatchObject({ code: 'LEASE_LOST' });
  });

  test('nobody can claim it between the check and the commit', async () => {
    const lease = await held(leases);
    await expire();
    let claimed = false;
    await sql.transaction(async (tx) => {
      await tx.execute(`INSERT INTO fact SELECT 6, 'z' WHERE ${lease.guard(1).text}`, lease.guard(1).values);
      const claim = others.hold(key, LONG_MS).then((got) => (claimed = got !== null), () => undefined);
      await until('the claim waits', async () => (await client.query('SELECT 1 FROM pg_locks WHERE NOT granted')).rowCount !== 0);
      expect(claimed).toBe(false);
      void claim;
    });
    await until('the claim went through', () => claimed);
  });
});

test('shutdown gives everything back', async () => {
  const pool = new DatabasePool({ url: new Secret(database.url) });
  const service = new LeaseService(pool);
  let lost = 0;
  const lease = await held(service, LONG_MS, () => (lost += 1));
  await service.releaseAll();
  await pool.close();
  expect(lease.signal.aborted).toBe(true);
  expect(lost).toBe(0);
  expect((await held(others)).epoch).toBe(2n);
});
