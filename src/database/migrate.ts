import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { sqlState } from './constraint.js';
import { DatabaseUnavailableError, MigrationFailedError, SchemaTooNewError } from './database.errors.js';

/** Seen from src/database and from dist/database alike. */
const MIGRATIONS_FOLDER = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'prisma', 'migrations');

/** Of our own in this database: the bytes of "life". */
const MIGRATION_LOCK = 0x6c_69_66_65;
/** No migration waits longer for a table that others use, since all who come later would queue up behind it. */
const LOCK_TIMEOUT_MS = 2_000;
const TRIES = 20;
const PAUSE_MS = 500;

const LOCK_NOT_AVAILABLE = '55P03';
const UNDEFINED_TABLE = '42P01';

interface Migration {
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, as Prisma records it */
  readonly checksum: string;
}

/** A row of `_prisma_migrations`. */
interface AppliedMigration {
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished_at: Date | null;
}

/** As Prisma's schema engine 7 creates it, so that its command line can be used on the same database. */
const MIGRATIONS_TABLE = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                  VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum            VARCHAR(64) NOT NULL,
    finished_at         TIMESTAMPTZ,
    migration_name      VARCHAR(255) NOT NULL,
    logs                TEXT,
    rolled_back_at      TIMESTAMPTZ,
    started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
  )`;

/**
 * Brings the database up to the migrations in `folder` and records them as `prisma migrate deploy` does. Unlike there, a migration
 * and its record are one transaction: a process may die at any moment and the next one goes on from there.
 *
 * One process migrates at a time (advisory lock, on a connection of its own); others wait and then find nothing to do. A migration
 * that meets a lock is given up after 2 s and tried again, for about a minute.
 * @param url PostgreSQL connection string; not through a pooler that shares connections between transactions
 * @returns names of the migrations that were applied now
 * @throws SchemaTooNewError if the database has migrations that the folder lacks
 * @throws MigrationFailedError if one cannot be applied, or an applied one differs from its file
 * @throws DatabaseUnavailableError if there is no connection
 */
export async function migrate(url: string, { folder = MIGRATIONS_FOLDER }: { folder?: string } = {}): Promise<readonly string[]> {
  const migrations = await readMigrations(folder);
  const client = new pg.Client({ connectionString: url, keepAlive: true, connectionTimeoutMillis: 10_000, application_name: 'lifeboat-migrate' });
  client.on('error', () => undefined); // a connection lost while idle fails the statement that follows
  await client.connect().catch((cause: unknown) => {
    throw new DatabaseUnavailableError('no connection for migrations', { cause });
  });
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const pending = pendingMigrations(migrations, await appliedMigrations(client));
    if (pending.length > 0) await client.query(MIGRATIONS_TABLE);
    for (const migration of pending) await applyPatiently(client, migration);
    return pending.map(({ name }) => name);
  } finally {
    await client.end(); // frees the advisory lock
  }
}

/** Folders in the order of their names, each with a migration.sql. */
async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function appliedMigrations(client: pg.Client): Promise<readonly AppliedMigration[]> {
  try {
    const { rows } = await client.query<AppliedMigration>(
      'SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY migration_name',
    );
    return rows;
  } catch (cause) {
    if (sqlState(cause) === UNDEFINED_TABLE) return [];
    throw cause;
  }
}

function pendingMigrations(known: readonly Migration[], applied: readonly AppliedMigration[]): readonly Migration[] {
  const checksums = new Map(known.map(({ name, checksum }) => [name, checksum]));
  const unknown = applied.filter(({ migration_name }) => !checksums.has(migration_name));
  if (unknown.length > 0) throw new SchemaTooNewError(unknown.map(({ migration_name }) => migration_name));
  const unfinished = applied.find(({ finished_at }) => finished_at === null);
  if (unfinished) throw new MigrationFailedError(`${unfinished.migration_name} was begun by other means and not finished`);
  const changed = applied.find(({ migration_name, checksum }) => checksums.get(migration_name) !== checksum);
  if (changed) throw new MigrationFailedError(`${changed.migration_name} was changed after it had been applied`);
  const done = new Set(applied.map(({ migration_name }) => migration_name));
  return known.filter(({ name }) => !done.has(name));
}

async function applyPatiently(client: pg.Client, migration: Migration): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await applyOnce(client, migration);
    } catch (cause) {
      await client.query('ROLLBACK').catch(() => undefined); // where the connection is gone, so is the transaction
      if (sqlState(cause) !== LOCK_NOT_AVAILABLE || tries === TRIES) {
        throw new MigrationFailedError(`${migration.name}: ${cause instanceof Error ? cause.message : 'unknown error'}`, { cause });
      }
      await pause(PAUSE_MS);
    }
  }
}

async function applyOnce(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  await client.query(`BEGIN; SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
  await client.query(sql);
  await client.query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
     VALUES (gen_random_uuid()::text, $1, $2, now(), clock_timestamp(), 1)`,
    [checksum, name],
  );
  await client.query('COMMIT');
}
