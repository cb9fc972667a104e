import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { cloneTestDatabase, emptyTestDatabase, type TestDatabase } from '../../test/support/database.js';
import { MIGRATIONS, schemaDifference } from '../../test/support/schema-difference.js';
import { migrationHistory } from '../../test/support/schema-engine.js';
import { until } from '../../test/support/until.js';
import { migrate } from './migrate.js';

const shipped = readdirSync(MIGRATIONS).filter((name) => /^\d/.test(name)).sort();

let database: TestDatabase;
let client: pg.Client;
let folder: string;

beforeEach(async () => {
  database = await emptyTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-migrations-'));
});

afterEach(async () => {
  await client.end();
  await database.drop();
  await rm(folder, { recursive: true });
});

async function addMigration(name: string, sql: string): Promise<void> {
  await mkdir(join(folder, name));
  await writeFile(join(folder, name, 'migration.sql'), sql);
}

async function tables(): Promise<string[]> {
  const { rows } = await client.query<{ tablename: string }>(`SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`);
  return rows.map(({ tablename }) => tablename);
}

test('a fresh database gets every migration, and the schema needs no further one', async () => {
  expect(await migrate(database.url)).toEqual(shipped);
  expect(await schemaDifference(database.url)).toBeNull();
});

test("Prisma's own engine reads our record as complete", async () => {
  await migrate(database.url);
  expect(await migrationHistory(database.url, MIGRATIONS)).toEqual({ editedMigrationNames: [], failedMigrationNames: [], hasMigrationsTable: true, history: null });
});

test('the comparison sees what is missing, partial indexes included', async () => {
  const clone = await cloneTestDatabase();
  const cloned = new pg.Client({ connectionString: clone.url });
  await cloned.connect();
  await cloned.query('DROP INDEX one_open_failover_per_hub; CREATE UNIQUE INDEX one_open_failover_per_hub ON failover_hub (hub_id)');
  await cloned.end();
  const difference = await schemaDifference(clone.url);
  await clone.drop();
  expect(difference).toContain('one_open_failover_per_hub');
});

test('migrating twice does nothing the second time', async () => {
  await migrate(database.url);
  expect(await migrate(database.url)).toEqual([]);
});

test('of processes that start at once one migrates, and all find the database ready', async () => {
  const results = await Promise.all([1, 2, 3].map(() => migrate(database.url)));
  expect(results.map((names) => names.length).sort()).toEqual([0, 0, shipped.length]);
});

test('a database of a newer version is refused and left alone', async () => {
  await cp(MIGRATIONS, folder, { recursive: true });
  await addMigration('9999_from_the_future', 'CREATE TABLE future (id int)');
  await migrate(database.url, { folder });
  await expect(migrate(database.url)).rejects.toMatchObject({ code: 'SCHEMA_TOO_NEW', details: { migrations: ['9999_from_the_future'] } });
});

test('a migration that fails leaves nothing of itself, and those before it stay', async () => {
  await addMigration('0001_good', 'CREATE TABLE good (id int)');
  await addMigration('0002_bad', 'CREATE TABLE half (id int); SELECT no_such_function()');
  await expect(migrate(database.url, { folder })).rejects.toMatchObject({ code: 'MIGRATION_FAILED' });
  expect(await tables()).toEqual(['_prisma_migrations', 'good']);
  await writeFile(join(folder, '0002_bad', 'migration.sql'), 'CREATE TABLE whole (id int)');
  expect(await migrate(database.url, { folder })).toEqual(['0002_bad']);
});

test('an applied migration that was edited is refused', async () => {
  await addMigration('0001_one', 'CREATE TABLE one (id int)');
  await migrate(database.url, { folder });
  await writeFile(join(folder, '0001_one', 'migration.sql'), 'CREATE TABLE one (id bigint)');
  await expect(migrate(database.url, { folder })).rejects.toMatchObject({ code: 'MIGRATION_FAILED' });
});

test('a migration gives way to whoever holds its table, and tries again', async () => {
  await addMigration('0001_one', 'CREATE TABLE one (id int)');
  await migrate(database.url, { folder });
  await addMigration('0002_two', 'ALTER TABLE one ADD COLUMN name text');
  await client.query('BEGIN; LOCK TABLE one IN ACCESS SHARE MODE');
  const migrating = migrate(database.url, { folder });
  await until('the migration waits for the table', async () => (await client.query('SELECT 1 FROM pg_locks WHERE NOT granted')).rowCount === 1);
  // This one queues up behind the migration; it gets its turn because the migration lets go, though our lock is still held.
  const other = new pg.Client({ connectionString: database.url, statement_timeout: 10_000 });
  await other.connect();
  await other.query('SELECT * FROM one');
  await other.end();
  await client.query('COMMIT');
  expect(await migrating).toEqual(['0002_two']);
});

test('no database: DATABASE_UNAVAILABLE', async () => {
  await expect(migrate('postgresql://nobody:x@127.0.0.1:1/none')).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
});
