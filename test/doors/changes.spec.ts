import { randomUUID } from 'node:crypto';
import { createClient } from 'graphql-ws';
import type pg from 'pg';
import { WebSocket } from 'ws';
import { ChangeFeed } from '../../src/changes/change-feed.service.js';
import { ChangesController } from '../../src/changes/changes.controller.js';
import { ChangesRepository } from '../../src/changes/changes.repository.js';
import { ChangesResolver } from '../../src/changes/changes.resolver.js';
import { ChangesService } from '../../src/changes/changes.service.js';
import { FleetChangesModule } from '../../src/fleet/fleet-changes.module.js';
import { SeededRandom } from '../../src/simulator/store/random.js';
import { connectTo } from '../support/database.js';
import { startHttpApp, type HttpApp } from '../support/http-app.js';
import { until } from '../support/until.js';

/** How many changes at least, written by how many at once; each reader loses its connection after some of them. */
const CHANGES = Number(process.env['CHANGES'] ?? 2_000);
const WRITERS = 5;
const CLUSTERS = 60;
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

interface Told {
  readonly id: string;
  readonly type: string;
  readonly cluster: string | null;
  readonly data: Record<string, unknown>;
}

let http: HttpApp;
let db: pg.Client;
const hubs = [randomUUID(), randomUUID()] as const;

beforeAll(async () => {
  http = await startHttpApp({ imports: [FleetChangesModule], controllers: [ChangesController], providers: [ChangesRepository, ChangeFeed, ChangesService, ChangesResolver] });
  db = await connectTo(http.database.url);
  for (const hubId of hubs) {
    await db.query(`INSERT INTO hub (id, name, api_url, created_at, created_by, updated_at) VALUES ($1::uuid, $1::text, 'https://h', now(), 'x', now())`, [hubId]);
    await db.query(
      `INSERT INTO auto_import_token (id, hub_id, cluster, account, account_present, secret_present, in_backup_selection, binding_present, validity_seconds, read_at)
       SELECT gen_random_uuid(), $1, 'shop-' || n, 'auto-import-account', true, true, true, true, 0, now() FROM generate_series(1, $2) AS n`,
      [hubId, CLUSTERS],
    );
  }
});
afterAll(async () => {
  await db.end();
  await http.close();
});

const headers = async (more: Record<string, string> = {}) => ({ authorization: `Bearer ${await http.keyOf('viewer')}`, accept: 'text/event-stream', ...more });

/** Reads server-sent events until the signal aborts; tells each block as it comes. */
async function readStream(query: string, lastEventId: string | undefined, signal: AbortSignal, tell: (id: string, type: string, data: Told) => void): Promise<void> {
  const response = await fetch(`${http.url}/api/v1/changes?${query}`, { headers: await headers(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }), signal });
  if (response.status !== 200) throw new Error(await response.text());
  let rest = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + chunk).split('\n\n');
    rest = parts.pop() ?? '';
    for (const block of parts) {
      const found = /^id: (\d+)\nevent: (\S+)\ndata: (.*)$/.exec(block);
      if (found && !signal.aborted) tell(found[1] ?? '', found[2] ?? '', JSON.parse(found[3] ?? '') as Told);
    }
  }
}

const SUBSCRIPTION = 'subscription Follow($after: String, $filter: ChangeFilter) { changes(after: $after, filter: $filter) { upToId change { id type cluster data } } }';

async function readSubscription(filter: object, after: string | undefined, signal: AbortSignal, tell: (id: string, change: Told | null) => void): Promise<void> {
  const client = createClient({ url: `${http.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, connectionParams: { authorization: `Bearer ${await http.keyOf('operator')}` }, retryAttempts: 0, lazyCloseTimeout: 0 });
  signal.addEventListener('abort', () => client.terminate(), { once: true });
  for await (const { data, errors } of client.iterate<{ changes: { upToId: string; change: Told | null } }>({ query: SUBSCRIPTION, variables: { after, filter } })) {
    if (errors) throw new Error(JSON.stringify(errors));
    if (data && !signal.aborted) tell(data.changes.upToId, data.changes.change);
  }
}

const writtenBy = async (client: pg.Client): Promise<number> => Number((await client.query<{ n: string }>('SELECT (SELECT count(*) FROM change) + (SELECT count(*) FROM change_waiting) AS n')).rows[0]?.n);

/** Writes in transactions of its own that take their time, some of which come to nothing, until so many changes are committed. */
async function write(seed: number, changes: number): Promise<void> {
  const random = new SeededRandom(seed);
  const writer = await connectTo(http.database.url);
  try {
    for (let committed = 0; committed < changes; ) {
      await writer.query('BEGIN');
      let written = 0;
      // In one order, so that no two wait for each other
      for (const cluster of Array.from({ length: 1 + Math.floor(random.next() * 6) }, () => 1 + Math.floor(random.next() * CLUSTERS)).sort((a, b) => a - b)) {
        const problem = [null, 'TOKEN_MISSING', 'TOKEN_EXPIRED'][Math.floor(random.next() * 3)];
        const { rowCount } = await writer.query(
          `UPDATE auto_import_token SET validity_seconds = validity_seconds + 1, problem_code = $1 WHERE id IN (SELECT id FROM auto_import_token WHERE cluster = $2 ORDER BY hub_id FOR UPDATE)`,
          [problem, `shop-${cluster}`],
        );
        written += rowCount ?? 0;
      }
      const isVain = random.chance(0.15);
      await writer.query(isVain ? 'ROLLBACK' : 'COMMIT');
      committed += isVain ? 0 : written;
    }
  } finally {
    await writer.end();
  }
}

interface Reader {
  readonly told: Told[];
  /** Where it stands, as it was told; its only memory */
  position: string;
  losses: number;
}
type Follow = (reader: Reader, signal: AbortSignal, tell: (id: string, change: Told | null) => void) => Promise<void>;

/** Follows until it is over, losing its connection again and again. */
async function keepFollowing(reader: Reader, seed: number, follow: Follow, over: AbortSignal): Promise<void> {
  const random = new SeededRandom(seed);
  while (!over.aborted) {
    const loss = new AbortController();
    let left = 1 + Math.floor(random.next() * 150);
    const signal = AbortSignal.any([loss.signal, over]);
    await follow(reader, signal, (id, change) => {
      reader.position = id;
      if (change) reader.told.push(change);
      left -= 1;
      if (left === 0) loss.abort();
    }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    reader.losses += 1;
  }
}

const bySse = (query: string): Follow => ({ position }, signal, tell) => readStream(query, position, signal, (id, type, change) => tell(id, type === 'position' ? null : { id: change.id, type, cluster: change.cluster, data: change.data }));
const bySubscription = (filter: object): Follow => ({ position }, signal, tell) => readSubscription(filter, position, signal, tell);

test(`seed ${SEED}: whatever commits late and whichever connection breaks, each reader of each door is told every change, once, in order`, async () => {
  const few = { hubId: hubs[0], types: ['TOKEN_PROBLEM_CHANGED', 'HUB_POLICY_CHANGED'] };
  const filters = [
    { query: '', filter: {}, where: 'TRUE' },
    { query: `hubId=${few.hubId}&types=${few.types.join(',')}`, filter: few, where: `hub_id = '${few.hubId}' AND type IN ('TOKEN_PROBLEM_CHANGED', 'HUB_POLICY_CHANGED')` },
  ];
  const start = (await http.call('GET', '/api/v1/changes')).body['upToId'] as unknown as string;
  const over = new AbortController();
  const readers = filters.flatMap(({ query, filter, where }) => [bySse(query), bySubscription(filter)].map((follow) => ({ where, follow, reader: { told: [], position: start, losses: 0 } as Reader })));
  const following = Promise.all(readers.map(({ reader, follow }, index) => keepFollowing(reader, SEED + index, follow, over.signal)));
  following.catch(() => undefined); // told where it is awaited

  await Promise.all(Array.from({ length: WRITERS }, (_, index) => write(SEED + index, CHANGES / WRITERS)));
  // The last thing of all is for everybody
  await db.query(`UPDATE hub SET policy = 'PROTECT' WHERE id = $1`, [hubs[0]]);
  await Promise.race([following, until('everybody was told the last change', () => readers.every(({ reader }) => reader.told.at(-1)?.type === 'HUB_POLICY_CHANGED'))]);
  over.abort();
  await following;

  const { rows: log } = await db.query<{ id: string; waiting: string }>('SELECT min(id) AS first, max(id) AS id, (SELECT count(*) FROM change_waiting) AS waiting FROM change');
  expect(log).toEqual([{ first: '1', id: String(await writtenBy(db)), waiting: '0' }]);
  for (const { where, reader } of readers) {
    const { rows } = await db.query<{ id: string; type: string }>(`SELECT id, type FROM change WHERE id > $1 AND ${where} ORDER BY id`, [start]);
    expect(reader.told.map(({ id, type }) => ({ id, type }))).toEqual(rows);
    expect(reader.told.length).toBeGreaterThan(CHANGES / 20);
    expect(reader.losses).toBeGreaterThan(1);
  }
  expect(readers[1]?.reader.told).toEqual(readers[0]?.reader.told);
  expect(readers[3]?.reader.told).toEqual(readers[2]?.reader.told);
  // What was told leads from the first state of each token to its last, step by step
  const life = new Map<string, unknown>();
  for (const { cluster, data } of readers[2]?.reader.told ?? []) {
    const step = data['problemCode'] as { from: unknown; to: unknown } | undefined;
    if (cluster === null || step === undefined) continue;
    expect({ cluster, from: step.from }).toEqual({ cluster, from: life.get(cluster) ?? null });
    life.set(cluster, step.to);
  }
  const { rows: states } = await db.query<{ cluster: string; problem_code: string | null }>('SELECT cluster, problem_code FROM auto_import_token WHERE hub_id = $1', [hubs[0]]);
  expect(states.map(({ cluster, problem_code }) => [cluster, problem_code])).toEqual(states.map(({ cluster }) => [cluster, life.get(cluster) ?? null]));
});

describe('where a reader begins', () => {
  const firstBlock = async (query: string, lastEventId?: string): Promise<[string, string]> => {
    const enough = new AbortController();
    let first: [string, string] | undefined;
    await readStream(query, lastEventId, enough.signal, (id, type) => {
      first ??= [id, type];
      enough.abort();
    }).catch((error: unknown) => {
      if (!enough.signal.aborted) throw error;
    });
    return first ?? ['', ''];
  };
  const position = async (): Promise<string> => (await http.call('GET', '/api/v1/changes')).body['upToId'] as unknown as string;

  test('without an id where the log stands, with one there; what is sent last counts', async () => {
    const now = await position();
    expect(Number(now)).toBeGreaterThan(2);
    expect(await firstBlock('')).toEqual([now, 'position']);
    expect(await firstBlock('after=1')).toEqual(['1', 'position']);
    expect(await firstBlock('after=1', '2')).toEqual(['2', 'position']);
  });

  test('an id that is not kept any more, or not yet given, is refused in both doors', async () => {
    const last = await position();
    await db.query('SELECT forget_changes(clock_timestamp(), 0, 5)');
    for (const after of ['4', String(Number(last) + 1)]) {
      const details = { code: 'CHANGES_EXPIRED', docsUrl: '/problems/CHANGES_EXPIRED', keptAfterId: 5, lastId: Number(last) };
      expect(await http.call('GET', `/api/v1/changes?after=${after}`)).toMatchObject({ status: 410, body: details });
      expect(await http.call('GET', '/api/v1/changes', { headers: { accept: 'text/event-stream', 'last-event-id': after } })).toMatchObject({ status: 410, body: details });
      expect((await http.graphql(`{ changeLog(after: "${after}") { upToId } }`)).body).toMatchObject({ errors: [{ extensions: { ...details, kind: 'gone' } }] });
      await expect(readSubscription({}, after, new AbortController().signal, () => undefined)).rejects.toThrow('CHANGES_EXPIRED');
    }
    expect((await http.call('GET', '/api/v1/changes?after=5')).status).toBe(200);
  });

  test.each(['after=x', 'after=-1', 'after=1234567890123456', 'types=PARTY', 'types=', 'hubId=1', 'limit=501', 'colour=red'])('%s is refused', async (query) => {
    for (const accept of ['application/json', 'text/event-stream']) {
      expect(await http.call('GET', `/api/v1/changes?${query}`, { headers: { accept } })).toMatchObject({ status: 422, body: { code: 'VALIDATION_FAILED' } });
    }
  });
});
