import { randomBytes } from 'node:crypto';
import { createConnection } from 'node:net';
import { text } from 'node:stream/consumers';
import pg from 'pg';

export interface TestDatabase {
  /** PostgreSQL connection string of a superuser */
  readonly url: string;
  /** Ends whatever is still connected, and removes the database. */
  drop(): Promise<void>;
}

/** A client of its own, for statements that no part of the service makes. The caller ends it. */
export async function connectTo(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'test' });
  await client.connect();
  return client;
}

let template: Promise<string> | undefined;

/** A database of its own for a test file, with the newest schema and no rows; about 50 ms after the first of a run. */
export const cloneTestDatabase = (): Promise<TestDatabase> => createDatabase('lifeboat');

/** A database without any schema. */
export const emptyTestDatabase = (): Promise<TestDatabase> => createDatabase('template0');

async function createDatabase(source: string): Promise<TestDatabase> {
  const templateUrl = await (template ??= askForTemplate());
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdmin(templateUrl, `CREATE DATABASE ${name} TEMPLATE ${source}`);
  return {
    url: withDatabase(templateUrl, name),
    drop: () => asAdmin(templateUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

async function askForTemplate(): Promise<string> {
  const path = process.env['LIFEBOAT_TEST_POSTGRES'];
  if (!path) throw new Error('No test PostgreSQL: jest.config needs globalSetup test/support/global-setup.mjs');
  const answer = JSON.parse(await text(createConnection(path))) as { url?: string; error?: string };
  if (answer.url === undefined) throw new Error(`The test PostgreSQL did not start: ${answer.error}`);
  return answer.url;
}

async function asAdmin(templateUrl: string, sql: string): Promise<void> {
  const client = await connectTo(withDatabase(templateUrl, 'postgres'));
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
