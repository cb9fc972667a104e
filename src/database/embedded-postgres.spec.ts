import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { until } from '../../test/support/until.js';
import { isAlive } from './data-folder-lock.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.js';

const PROGRAM = fileURLToPath(new URL('../../test/support/embedded-postgres-process.mjs', import.meta.url));

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
  readonly pid: number;
  readonly code?: string;
}

/** Made once, since that takes seconds; each test has a copy. */
let prepared: string;
let dataDir: string;
let server: EmbeddedPostgres | undefined;
let children: ChildProcess[] = [];

beforeAll(async () => {
  prepared = await mkdtemp(join(tmpdir(), 'lifeboat-embedded-'));
  await (await startEmbeddedPostgres({ dataDir: prepared })).stop();
});

afterAll(() => rm(prepared, { recursive: true }));

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'lifeboat-embedded-'));
  spawnSync('cp', ['-a', `${prepared}/.`, dataDir]); // as cp keeps owners
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
  await server?.stop();
  server = undefined;
  const pid = Number(existsSync(join(dataDir, 'postgres', 'postmaster.pid')) && readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
  if (pid > 0) await until('the server of a killed process ended', () => !isAlive(pid));
  await rm(dataDir, { recursive: true, force: true });
});

async function startProcess(folder?: string): Promise<Started> {
  const child = spawn(process.execPath, [PROGRAM, ...(folder === undefined ? [] : [folder])], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, ...(JSON.parse(line) as Omit<Started, 'child'>) };
}

async function ask<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<Row>(sql);
  await client.end();
  return rows;
}

test('keeps its data and its password over restarts, in UTF-8 and UTC', async () => {
  server = await startEmbeddedPostgres({ dataDir });
  await ask(server.url, `CREATE TABLE kept AS SELECT 'ä' AS word`);
  expect(await ask(server.url, 'SHOW server_encoding')).toEqual([{ server_encoding: 'UTF8' }]);
  expect(await ask(server.url, 'SHOW timezone')).toEqual([{ TimeZone: 'UTC' }]);
  expect(await ask(server.url, 'SHOW fsync')).toEqual([{ fsync: 'on' }]);
  const { password } = new URL(server.url);
  await server.stop();
  await server.stop(); // harmless
  server = await startEmbeddedPostgres({ dataDir });
  expect(await ask(server.url, 'SELECT word FROM kept')).toEqual([{ word: 'ä' }]);
  expect(new URL(server.url).password).toBe(password);
});

test('is closed to others: loopback alone, with a password that only we can read', async () => {
  server = await startEmbeddedPostgres({ dataDir });
  expect(await ask(server.url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
  expect(await ask(server.url, 'SHOW unix_socket_directories')).toEqual([{ unix_socket_directories: '' }]);
  expect(statSync(join(dataDir, 'postgres.password')).mode & 0o777).toBe(0o600);
  const wrong = new URL(server.url);
  wrong.password = 'wrong';
  await expect(ask(wrong.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
});

test('is told nothing of our environment, where keys may be', async () => {
  process.env['LIFEBOAT_TEST_CANARY'] = 'canary';
  server = await startEmbeddedPostgres({ dataDir });
  delete process.env['LIFEBOAT_TEST_CANARY'];
  const environment = existsSync(`/proc/${server.pid}/environ`) ? readFileSync(`/proc/${server.pid}/environ`, 'utf8') : '';
  expect(environment).not.toContain('canary');
});

test('a second process with the same folder is refused, and the first does not notice', async () => {
  server = await startEmbeddedPostgres({ dataDir });
  expect(await startProcess(dataDir)).toMatchObject({ code: 'DATA_FOLDER_IN_USE' });
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject({ code: 'DATA_FOLDER_IN_USE' });
  expect(await ask(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('ends with its process, however that ends, and the next process goes on with the data', async () => {
  const first = await startProcess(dataDir);
  await ask(first.url, 'CREATE TABLE kept AS SELECT 1 AS one');
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  server = await startEmbeddedPostgres({ dataDir }); // at once: the old server may still be stopping
  expect(isAlive(first.pid)).toBe(false);
  expect(await ask(server.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
});

test('a server that was killed with its process recovers', async () => {
  const first = await startProcess(dataDir);
  await ask(first.url, 'CREATE TABLE kept AS SELECT 1 AS one');
  process.kill(first.pid, 'SIGKILL');
  first.child.kill('SIGKILL');
  await until('the server is dead', () => !isAlive(first.pid));
  expect(existsSync(join(dataDir, 'postgres', 'postmaster.pid'))).toBe(true);
  server = await startEmbeddedPostgres({ dataDir });
  expect(await ask(server.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
});

test('numbers of dead processes that others bear now do not hinder', async () => {
  server = await startEmbeddedPostgres({ dataDir });
  await server.stop();
  writeFileSync(join(dataDir, 'postgres', 'postmaster.pid'), `${process.pid}\n${join(dataDir, 'postgres')}\n1\n5432\n\n127.0.0.1\n`);
  writeFileSync(join(dataDir, 'postgres.lock'), `${process.ppid} 1\n`);
  server = await startEmbeddedPostgres({ dataDir });
  expect(await ask(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('a throwaway leaves nothing, even when its process is killed', async () => {
  const { child, url, pid } = await startProcess();
  const [row] = await ask<{ data_directory: string }>(url, 'SHOW data_directory');
  const folder = dirname(row?.data_directory ?? '');
  expect(folder.startsWith(join(tmpdir(), 'lifeboat-postgres-'))).toBe(true);
  child.kill('SIGKILL');
  await until('its server ended', () => !isAlive(pid));
  await until('its folder is gone', () => !existsSync(folder));
});

test('a server that dies is told; what cannot start says why', async () => {
  const lines: string[] = [];
  server = await startEmbeddedPostgres({ dataDir, onLog: (line) => lines.push(line) });
  const { port, pid, exited } = server;
  process.kill(pid, 'SIGKILL');
  await exited;
  expect(lines.some((line) => line.includes('ready to accept connections'))).toBe(true);
  writeFileSync(join(dataDir, 'postgres', 'postgresql.conf'), 'nonsense\n');
  await expect(startEmbeddedPostgres({ dataDir, port })).rejects.toMatchObject({ code: 'EMBEDDED_POSTGRES_FAILED', message: expect.stringContaining('postgresql.conf') as string });
  server = undefined;
});
