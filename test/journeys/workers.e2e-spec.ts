import { cloneTestDatabase } from '../support/database.js';
import type { RunningServiceProcess } from '../support/service-process.js';
import { until } from '../support/until.js';
import { WorkersStage } from '../support/workers-stage.js';

/** The default lease is 15 s: `LIFEBOAT_JOURNEY_LEASE_SECONDS=15` measures what users have. */
const LEASE_SECONDS = process.env['LIFEBOAT_JOURNEY_LEASE_SECONDS'] ?? '3';
const HUBS = ['east', 'north', 'south', 'west'];
const CLUSTERS = 8;

let stage: WorkersStage;
const measured: string[] = [];

const shares = async (): Promise<string> => {
  const counts = new Map<number | null, number>();
  for (const owner of await stage.owners()) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  return [...counts].map(([owner, count]) => (owner === null ? `free ${count}` : String(count))).sort().join();
};
const watchedBy = async (process: RunningServiceProcess) => (await stage.owners()).flatMap((owner, index) => (owner === process.pid ? [HUBS[index]] : []));

async function timed(what: string, holds: () => boolean | Promise<boolean>, limitMs = 120_000): Promise<void> {
  const startedAt = performance.now();
  await until(what, holds, limitMs);
  measured.push(`${what}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}

/** Everything that the hubs tell is in the tables, every token is kept, and nothing is left to do. */
async function settle(): Promise<void> {
  await until('every cluster is protected', () => stage.isProtected, 120_000);
  await until('every token is sound', async () => (await stage.soundTokens()) === stage.clusterCount && (await stage.isIdle()), 180_000);
  await until('the tables equal the hubs', async () => (await stage.differences()).length === 0, 180_000).catch(async (cause: unknown) => {
    throw new Error((await stage.differences()).slice(0, 10).join('\n'), { cause });
  });
}

const grow = (clusters: number): void => {
  for (const { hub } of stage.hubs) stage.addClusters(hub, clusters);
};

/** In the middle of the upkeep. */
async function busy(): Promise<void> {
  const before = stage.hubWrites.length;
  grow(15);
  await until('writes are under way', () => stage.hubWrites.length > before + 20);
}

const sharedByTwo = async () => (await shares()) === '2,2' && (await stage.allRead());

beforeAll(async () => {
  stage = await WorkersStage.open({ database: await cloneTestDatabase(), env: { LIFEBOAT_ROLES: 'worker', LIFEBOAT_LEASE_SECONDS: LEASE_SECONDS } });
  await stage.addHubs(HUBS, CLUSTERS);
});

afterAll(async () => {
  await stage.close();
  console.log(`Leases of ${LEASE_SECONDS} s, ${HUBS.length} hubs:\n  ${measured.join('\n  ')}`);
});

test('hubs move between workers that come, stand still and end, and nothing is lost or written by a former owner', async () => {
  const first = await stage.employ();
  await timed('one worker watches all', async () => (await shares()) === '4' && (await stage.allRead()));

  const second = await stage.employ();
  await timed('a second came: they share evenly', sharedByTwo);
  await settle();

  // SIGSTOP in the middle of its work, until the other has taken over and finished: when it goes on, nothing happens.
  await busy();
  second.signal('SIGSTOP');
  await timed('SIGSTOP: the other watches its hubs', async () => (await watchedBy(first)).length === 4);
  await settle();
  // A request that was on its way to the socket when it was stopped goes out when it goes on, and no hub knows of leases: it must change nothing there.
  const world = async () => ({
    hubs: stage.revisions,
    facts: await stage.sql(`SELECT * FROM hub_object ORDER BY hub_id, kind, namespace, name`),
    tokens: await stage.sql(`SELECT * FROM auto_import_token ORDER BY id`),
    lives: await stage.sql(`SELECT * FROM token_incarnation ORDER BY id`),
    owners: await stage.owners(),
  });
  const before = await world();
  second.signal('SIGCONT');
  const isBack = async () => (await stage.sql(`SELECT 1 FROM lease WHERE key LIKE 'worker/%' AND split_part(key, '/', 3) = $1 AND expires_at > now()`, [String(second.pid)])).length === 1;
  await until('it has noticed', isBack);
  expect(await world()).toEqual(before);
  await timed('it went on: they share evenly again', sharedByTwo);

  // SIGTERM: its hubs are free at once.
  grow(2);
  second.signal('SIGTERM');
  await timed('SIGTERM: the other watches its hubs', async () => (await watchedBy(first)).length === 4);
  await timed('and has read them', () => stage.allRead());
  expect(await second.exited).toEqual({ code: 0, signal: null });
  await settle();

  // SIGKILL in the middle of its work: its leases run out.
  const third = await stage.employ();
  await timed('a third came: they share evenly', sharedByTwo);
  await busy();
  third.signal('SIGKILL');
  await timed('SIGKILL: the other watches its hubs', async () => (await watchedBy(first)).length === 4);
  await timed('and has read those as well', () => stage.allRead());
  expect(await third.exited).toEqual({ code: null, signal: 'SIGKILL' });
  await settle();

  // Three share four hubs.
  await stage.employ();
  await stage.employ();
  await timed('two more came: three share', async () => (await shares()) === '1,1,2' && (await stage.allRead()));
  await settle();
  expect(first.hasEnded).toBe(false);
}, 1_440_000);
