import { setTimeout as pause } from 'node:timers/promises';
import { emptyQueue } from '../support/empty-queue.js';
import { MortalPostgres } from '../support/mortal-postgres.js';
import type { RunningServiceProcess } from '../support/service-process.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';
import { WorkersStage } from '../support/workers-stage.js';

/** Short by default; `LIFEBOAT_CHAOS_ROUNDS=100` takes a quarter of an hour. */
const ROUNDS = Number(process.env['LIFEBOAT_CHAOS_ROUNDS'] ?? 3);
const SEED = Number(process.env['LIFEBOAT_CHAOS_SEED'] ?? Date.now() % 1_000_000);
const HUBS = ['east', 'west'];

/** Park and Miller's: the same chaos for the same seed. */
let state = (SEED % 2_147_483_646) + 1;
const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;

let postgres: MortalPostgres;
let proxy: TcpProxy;
let stage: WorkersStage;
let workers: readonly RunningServiceProcess[];
const slowest = new Map<string, number>();

const note = (what: string, sinceMs: number): void => void slowest.set(what, Math.max(slowest.get(what) ?? 0, (performance.now() - sinceMs) / 1_000));
const ready = async (process: RunningServiceProcess): Promise<number> =>
  fetch(`${process.url}/readyz`, { signal: AbortSignal.timeout(10_000) }).then(({ status }) => status, () => 0);
const allSay = (status: number) => async () => (await Promise.all(workers.map(ready))).every((told) => told === status);

async function timed(what: string, holds: () => boolean | Promise<boolean>, limitMs = 60_000): Promise<void> {
  const startedAt = performance.now();
  await until(what, holds, limitMs);
  note(what, startedAt);
}

const grow = (): void => {
  for (const { hub } of stage.hubs) stage.addClusters(hub, 1 + Math.floor(random() * 4));
};

/** Nothing is lost: the tables equal the hubs, every cluster has a sound token, nothing is left to do, and all processes live. */
async function nothingIsLost(): Promise<void> {
  await until('every cluster is protected', () => stage.isProtected, 180_000);
  await until('every token is sound', async () => (await stage.soundTokens()) === stage.clusterCount && (await stage.isIdle()), 180_000);
  await until('the tables equal the hubs', async () => (await stage.differences()).length === 0, 180_000).catch(async (cause: unknown) => {
    throw new Error((await stage.differences()).slice(0, 10).join('\n'), { cause });
  });
  expect(workers.map(({ hasEnded }) => hasEnded)).toEqual(workers.map(() => false));
}

beforeAll(async () => {
  console.log(`LIFEBOAT_CHAOS_SEED=${SEED}`);
  postgres = await MortalPostgres.start();
  proxy = await TcpProxy.before(postgres.url);
  stage = await WorkersStage.open({
    database: { url: postgres.url, drop: () => Promise.resolve() }, url: proxy.through(postgres.url), env: { LIFEBOAT_LEASE_SECONDS: '3', LIFEBOAT_SWEEP_SECONDS: '5' },
  });
  await stage.addHubs(HUBS, 5);
  workers = [await stage.employ({ LIFEBOAT_ROLES: 'api,worker' }), await stage.employ({ LIFEBOAT_ROLES: 'worker' })];
  await nothingIsLost();
}, 360_000);

afterAll(async () => {
  await stage.close();
  await proxy.close();
  await postgres.stop();
  console.log(`Seed ${SEED}, ${ROUNDS} rounds of each; the slowest:\n  ${[...slowest].map(([what, seconds]) => `${what}: ${seconds.toFixed(1)} s`).join('\n  ')}`);
}, 300_000);

test('every table of the queue is emptied at any moment: no work is lost, and none waits for more than a sweep', async () => {
  for (let round = 0; round < ROUNDS * 3; round += 1) {
    grow();
    await pause(random() * 400); // the moment is the chaos: nothing is waited for
    await emptyQueue((text) => stage.sql(text));
    const startedAt = performance.now();
    await until('every cluster is protected', () => stage.isProtected, 180_000);
    note('queue emptied: protected after', startedAt);
  }
  await nothingIsLost();
}, 300_000 + ROUNDS * 60_000);

test('LISTEN alone is deaf: workers look by themselves, and hear again when they can', async () => {
  proxy.deafen('LISTEN bullmq_jobs');
  for (let round = 0; round < ROUNDS; round += 1) {
    grow();
    await timed('LISTEN deaf: protected after', () => stage.isProtected, 90_000);
  }
  proxy.deafen(null);
  await until('they listen again', async () => (await stage.sql<{ listening: number }>(`SELECT count(*)::int AS listening FROM pg_stat_activity WHERE query LIKE '%LISTEN bullmq_jobs%' AND pid <> pg_backend_pid()`))[0]?.listening !== 0, 180_000);
  await nothingIsLost();
}, 360_000 + ROUNDS * 60_000);

test('PostgreSQL is killed again and again under load: nothing is lost, no process ends, and readiness is told truly', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    grow();
    await pause(random() * 2_000); // as above
    await postgres.kill();
    await timed('killed: all say not ready after', allSay(503));
    grow();
    await pause(random() * 2_000);
    await postgres.restart();
    await timed('back: all say ready after', allSay(200));
    const startedAt = performance.now();
    await until('every cluster is protected', () => stage.isProtected, 180_000);
    note('back: all is protected after', startedAt);
  }
  await nothingIsLost();
}, 360_000 + ROUNDS * 60_000);

test('PostgreSQL does not answer: the API says so in time, when to ask again, and goes on when it does', async () => {
  const [api] = workers;
  const ask = async (path: string, init: RequestInit = {}) => {
    const startedAt = performance.now();
    const answer = await fetch(`${api?.url}${path}`, { ...init, headers: { authorization: `Bearer ${api?.firstAdminKey}`, 'content-type': 'application/json' } });
    note(`${path} while the database is silent`, startedAt);
    const body = (await answer.json()) as { code?: string; errors?: { extensions?: { code?: string } }[] };
    return { status: answer.status, retryAfter: answer.headers.get('retry-after'), code: body.code ?? body.errors?.[0]?.extensions?.code };
  };
  proxy.blackhole(true);
  try {
    await timed('silent: all say not ready after', allSay(503));
    expect(await ask('/api/v1/hubs')).toEqual({ status: 503, retryAfter: '3', code: 'DATABASE_UNAVAILABLE' });
    expect(await ask('/graphql', { method: 'POST', body: JSON.stringify({ query: '{ hubs { totalCount } }' }) })).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  } finally {
    proxy.blackhole(false);
    proxy.cut();
  }
  await timed('heard again: all say ready after', allSay(200));
  expect((await ask('/api/v1/hubs')).status).toBe(200);
  grow();
  await nothingIsLost();
}, 540_000);
