import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import fc from 'fast-check';
import type pg from 'pg';
import { connectTo } from '../../test/support/database.js';
import { startDatabaseModule, type TestDatabaseModule } from '../../test/support/database-module.js';
import { until } from '../../test/support/until.js';
import { Sql } from '../database/sql.js';
import { FleetChanges } from '../fleet/fleet-changes.service.js';
import { ChangeFeed, FeedTimings } from './change-feed.service.js';
import { ChangesRepository } from './changes.repository.js';
import { isWanted, nextPauseMs } from './changes.rules.js';
import { ChangesService } from './changes.service.js';
import type { ChangeFilter, ChangeStep } from './changes.types.js';

let database: TestDatabaseModule;
let repository: ChangesRepository;
let fleet: FleetChanges;
let feed: ChangeFeed;
let changes: ChangesService;
let db: pg.Client;
let other: pg.Client;
const hubs = [randomUUID(), randomUUID()] as const;

beforeAll(async () => {
  database = await startDatabaseModule();
  repository = new ChangesRepository(database.app.get(Sql));
  [db, other] = [await connectTo(database.url), await connectTo(database.url)];
});
beforeEach(async () => {
  await db.query('TRUNCATE change, change_waiting; UPDATE change_head SET last_id = 0, kept_after = 0');
  fleet = new FleetChanges();
  // The bell is heard; what is not told is looked for late enough to notice its lack
  feed = new ChangeFeed(repository, fleet, new FeedTimings(1, 60_000));
  changes = new ChangesService(repository, feed);
});
afterEach(() => feed.onModuleDestroy());
afterAll(async () => {
  await Promise.all([db.end(), other.end()]);
  await database.close();
});

/** One statement that writes changes of these clusters. */
const note = (client: pg.Client, clusters: readonly string[], hub: string = hubs[0], type = 'TOKEN_CHANGED') =>
  client.query(`SELECT note_change($1, $2::uuid, cluster, $2::uuid, '{}') FROM unnest($3::text[]) AS cluster`, [type, hub, clusters]);
const many = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, index) => String(from + index));
const bell = (): Promise<void> => fleet.publish({ hubId: hubs[0], topic: 'TOKENS' });

/** Follows in the background; what it was told is in `steps`. */
function follow(after: number, filter: ChangeFilter = {}): { steps: ChangeStep[]; told: () => (string | null)[]; failure: () => unknown; stop: () => Promise<void> } {
  const controller = new AbortController();
  const steps: ChangeStep[] = [];
  let failure: unknown;
  const following = (async () => {
    for await (const step of changes.follow(after, filter, controller.signal)) steps.push(step);
  })().catch((error: unknown) => (failure = error));
  return {
    steps,
    told: () => steps.flatMap(({ change }) => (change === null ? [] : [change.cluster])),
    failure: () => failure,
    stop: async () => {
      controller.abort();
      await following;
    },
  };
}

test('a change that was written first and committed last is told last, and not passed by', async () => {
  const reader = follow(0);
  await db.query('BEGIN');
  await note(db, ['early']);
  await note(other, ['late']);
  await until('the one that is committed is told', async () => (await bell(), reader.told().length === 1));
  await db.query('COMMIT');
  await until('the other is told', async () => (await bell(), reader.told().length === 2));
  await reader.stop();
  expect(reader.told()).toEqual(['late', 'early']);
  expect(reader.steps.map(({ upToId }) => upToId)).toEqual([0, 1, 2]);
  expect((await changes.page(1, {}, 10)).items.map(({ cluster }) => cluster)).toEqual(['early']);
});

test('ids have no gaps, whoever gives them and whatever is rolled back', async () => {
  const clients = await Promise.all(many(1, 4).map(() => connectTo(database.url)));
  await Promise.all(
    clients.map(async (client, index) => {
      for (const round of many(1, 25)) {
        await client.query('BEGIN');
        await note(client, [`${index}-${round}`]);
        await client.query(Number(round) % 5 === 0 ? 'ROLLBACK' : 'COMMIT');
        await client.query('SELECT number_changes(3)');
      }
    }),
  );
  while (!(await repository.number()).isAll);
  await repository.number();
  await Promise.all(clients.map((client) => client.end()));
  const { rows } = await db.query<{ id: string; cluster: string }>('SELECT id, cluster FROM change ORDER BY id');
  expect(rows.map(({ id }) => id)).toEqual(many(1, 80));
  expect(new Set(rows.map(({ cluster }) => cluster)).size).toBe(80);
  for (const index of [0, 1, 2, 3]) {
    const rounds = rows.filter(({ cluster }) => cluster.startsWith(`${index}-`)).map(({ cluster }) => Number(cluster.split('-')[1]));
    expect(rounds).toEqual([...rounds].sort((a, b) => a - b));
  }
});

test('what is held for all readers is what the table says', async () => {
  const reader = follow(0);
  const types = ['TOKEN_CHANGED', 'TOKEN_ADDED', 'HUB_CHANGED'] as const;
  for (const batch of [0, 1, 2, 3]) {
    for (const type of types) for (const hub of hubs) await note(db, many(batch * 5, batch * 5 + 4), hub, type);
    await until('the batch is told', async () => (await bell(), reader.told().length === (batch + 1) * 30));
  }
  const filter = fc.record({ hubId: fc.option(fc.constantFrom(...hubs), { nil: undefined }), cluster: fc.option(fc.constantFrom('1', '7', 'x'), { nil: undefined }), types: fc.option(fc.subarray([...types], { minLength: 1 }), { nil: undefined }) });
  const reads = jest.spyOn(repository, 'read');
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 125 }), filter, fc.integer({ min: 1, max: 40 }), async (after, wanted, limit) => {
      const [one, two] = [await feed.read(after, wanted, limit), await repository.read(after, wanted, limit)];
      expect({ ...one, keptAfterId: 0 }).toEqual({ ...two, keptAfterId: 0 });
      expect(one.changes.every((change) => isWanted(change, wanted))).toBe(true);
    }),
    { numRuns: 100 },
  );
  await reader.stop();
  // One of each run is the test's own
  expect(reads.mock.calls.length).toBeLessThan(190);
  reads.mockRestore();
});

test('a slow reader reads the table at its own pace, while others go on', async () => {
  const controller = new AbortController();
  const slow = changes.follow(0, {}, controller.signal);
  const fast = follow(0);
  const reads = jest.spyOn(repository, 'read');
  for (let from = 1; from <= 6_000; from += 1_500) {
    await note(db, many(from, from + 1_499));
    await until('the fast one has them', async () => (await bell(), fast.told().length === from + 1_499), 180_000);
  }
  reads.mockClear();
  expect((await slow.next()).value).toEqual({ upToId: 0, change: null });
  const told: (string | null)[] = [];
  while (told.length < 6_000) {
    const { value } = (await slow.next()) as { value: ChangeStep };
    if (value.change) told.push(value.change.cluster);
    if (told.length === 200) expect(reads).toHaveBeenCalledTimes(1);
  }
  expect(told).toEqual(many(1, 6_000));
  // From the table where it is far behind, and no more than it can take; near the end from what is held anyway
  expect(reads.mock.calls.every(([, , limit]) => limit === 200)).toBe(true);
  expect(reads.mock.calls.length).toBeLessThan(30);
  controller.abort();
  await fast.stop();
  reads.mockRestore();
});

test('a reader for whom there is nothing learns where it stands', async () => {
  const reader = follow(0, { cluster: 'nobody' });
  await note(db, many(1, 1_000));
  await until('it knows', async () => (await bell(), reader.steps.length > 1));
  await reader.stop();
  expect(reader.steps).toEqual([{ upToId: 0, change: null }, { upToId: 1_000, change: null }]);
});

describe('what is kept', () => {
  beforeEach(async () => {
    await note(db, many(1, 10));
    await repository.number();
    await db.query(`UPDATE change SET at = clock_timestamp() - interval '2 hours' WHERE id IN (1, 2, 3, 5)`);
  });
  const hour = 3_600_000;
  const forget = (rows: number): Promise<void> => repository.forget(hour, rows, new AbortController().signal);
  const kept = async (): Promise<number[]> => (await db.query<{ id: string }>('SELECT id FROM change ORDER BY id')).rows.map(({ id }) => Number(id));

  test('the old go, up to the first that is young: never one from the middle', async () => {
    await forget(100);
    expect(await kept()).toEqual([4, 5, 6, 7, 8, 9, 10]);
    await forget(100);
    expect(await kept()).toEqual([4, 5, 6, 7, 8, 9, 10]);
  });

  test('all but the newest go, however young', async () => {
    await forget(2);
    expect(await kept()).toEqual([9, 10]);
    await forget(0);
    expect(await kept()).toEqual([]);
    expect(await changes.page(undefined, {}, 10)).toEqual({ items: [], upToId: 10, keptAfterId: 10, hasMore: false });
  });

  test.each([
    { because: 'the first that is kept can be read', after: 3, code: undefined },
    { because: 'the one before it cannot: some after it are gone', after: 2, code: 'CHANGES_EXPIRED' },
    { because: 'the end can be read on from', after: 10, code: undefined },
    { because: 'what has not been is of another log', after: 11, code: 'CHANGES_EXPIRED' },
  ])('$because', async ({ after, code }) => {
    await forget(100);
    const outcome = (asked: Promise<unknown>): Promise<string | undefined> => asked.then(() => undefined, (error: { code?: string }) => error.code);
    expect(await outcome(changes.page(after, {}, 10))).toBe(code);
    expect(await outcome(changes.start(after))).toBe(code);
    const controller = new AbortController();
    const steps = changes.follow(after, {}, controller.signal);
    await steps.next();
    if (code !== undefined || after < 10) expect(await outcome(steps.next())).toBe(code);
    controller.abort();
  });

  test('who falls behind what is kept is told so, and not told the rest', async () => {
    const slow = changes.follow(0, {}, new AbortController().signal);
    await slow.next();
    await forget(2);
    await expect(slow.next()).rejects.toMatchObject({ code: 'CHANGES_EXPIRED', details: { after: 0, keptAfterId: 8, lastId: 10 } });
  });

  test('pages lead from one to the next, and say where the log ends', async () => {
    const first = await changes.page(0, {}, 4);
    expect(first).toMatchObject({ upToId: 4, keptAfterId: 0, hasMore: true });
    expect(await changes.page(first.upToId, { cluster: '9' }, 4)).toMatchObject({ items: [{ id: 9 }], upToId: 10, hasMore: false });
    expect(await changes.start(undefined)).toBe(10);
  });
});

test('a log that cannot be looked at makes readers wait, not fail', async () => {
  const number = jest.spyOn(repository, 'number').mockRejectedValueOnce(new Error('the database is away'));
  const reader = follow(0);
  await until('it was tried', async () => (await bell(), number.mock.calls.length > 0));
  await note(db, ['x']);
  await until('it is told', async () => (await bell(), reader.told().length === 1));
  await reader.stop();
  expect(reader.failure()).toBeUndefined();
  number.mockRestore();
});

test('nobody reads: nobody looks', async () => {
  const number = jest.spyOn(repository, 'number');
  await bell();
  expect(number).not.toHaveBeenCalled();
  const reader = follow(0);
  await until('it looks', () => number.mock.calls.length > 0);
  await reader.stop();
  number.mockRestore();
});

test.each([
  { because: 'news: soon again', last: 300, hadNews: true, next: 50 },
  { because: 'none: a little later', last: 50, hadNews: false, next: 75 },
  { because: 'never later than the longest', last: 400, hadNews: false, next: 500 },
  { because: 'never sooner than the shortest', last: 1, hadNews: false, next: 75 },
])('pause: $because', ({ last, hadNews, next }) => {
  expect(nextPauseMs(last, hadNews, { shortestMs: 50, longestMs: 500 })).toBe(next);
});
