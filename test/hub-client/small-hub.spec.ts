import { SystemClock } from '../../src/common/clock.js';
import { inParallel } from '../../src/common/in-parallel.js';
import { HubClient, USER_AGENT } from '../../src/kube/hub-client.js';
import { resources } from '../../src/kube/resources.js';
import { SimulatedHub } from '../../src/simulator/simulated-hub.js';
import { until } from '../support/until.js';

const WRITES = 300;
const PLACES = 32;

let hub: SimulatedHub;
let client: HubClient;

beforeEach(async () => {
  hub = await SimulatedHub.start({ name: 'small', clock: new SystemClock() });
  client = new HubClient(hub.connection(), { allowLoopback: true });
});

afterEach(async () => {
  await client.close();
  await hub.stop();
});

const writeAll = async (prefix: string): Promise<void> => {
  const names = Array.from({ length: WRITES }, (_, index) => `${prefix}-${index}`);
  await inParallel(names, PLACES, async (name) => void (await client.apply(resources.configMap, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name } }, { deadlineMs: 50_000 })));
};

test('a hub that takes four requests at a time refuses a few, then hardly any, and every write is done once', async () => {
  hub.faults.maxInFlight = 4;
  hub.faults.add({}, { type: 'latency', ms: 5 });
  await writeAll('first');
  const learned = client.load.throttled;
  expect(learned).toBeGreaterThan(0);
  expect(learned).toBeLessThan(PLACES + WRITES / 20); // one burst at most, before the first answer has taught
  await writeAll('second');
  expect(client.load.throttled - learned).toBeLessThanOrEqual(5);
  expect(client.load).toMatchObject({ running: 0, waiting: 0 });
  expect(client.load.limit).toBeLessThanOrEqual(5);
  expect(hub.ledger.writes({ userAgent: USER_AGENT, code: 201 })).toHaveLength(2 * WRITES);
});

test('a hub that is well is asked as much as ever', async () => {
  await writeAll('c');
  expect(client.load).toEqual({ limit: PLACES, running: 0, waiting: 0, throttled: 0 });
});

test('watches count as no calls, and keep a pause that the hub asks for', async () => {
  hub.faults.maxInFlight = 1;
  const abort = new AbortController();
  let opened = 0;
  const watches = Array.from({ length: 20 }, async () => {
    for await (const _event of client.watch(resources.configMap, { resourceVersion: String(hub.store.revision), signal: abort.signal, onOpen: () => void opened++ })) continue;
  });
  await until('all are open', () => opened === 20);
  expect(client.load).toMatchObject({ running: 0, throttled: 0 });
  const end = hub.faults.add({ verb: 'list' }, { type: 'error', code: 429, retryAfterSeconds: 30 });
  await expect(client.list(resources.configMap)).rejects.toMatchObject({ code: 'HUB_BUSY_THROTTLED', retryAfterMs: 30_000 });
  end();
  const before = hub.ledger.reads({ verb: 'watch' });
  const late = client.watch(resources.configMap, { resourceVersion: String(hub.store.revision), signal: abort.signal, openMs: 1_000 }).next();
  await expect(late).rejects.toMatchObject({ code: 'HUB_BUSY_THROTTLED' });
  await expect(client.list(resources.configMap, { deadlineMs: 1_000 })).rejects.toMatchObject({ code: 'HUB_BUSY_THROTTLED' });
  expect(hub.ledger.reads({ verb: 'watch' })).toBe(before);
  abort.abort();
  await Promise.all(watches);
});

test('every call and watch says who calls', async () => {
  expect(USER_AGENT).toMatch(/^lifeboat\/\d+\.\d+\.\d+/);
  const abort = new AbortController();
  await client.list(resources.configMap);
  await client.serverVersion();
  await client.mayI({ verb: 'get', group: '', resource: 'secrets' });
  const watching = client.watch(resources.configMap, { resourceVersion: String(hub.store.revision), signal: abort.signal, onOpen: () => abort.abort() }).next();
  await watching;
  const all = (userAgent?: string) => (['list', 'discovery', 'watch'] as const).map((verb) => hub.ledger.reads({ verb, ...(userAgent === undefined ? {} : { userAgent }) }));
  expect(all(USER_AGENT)).toEqual([1, 1, 1]);
  expect(all()).toEqual([1, 1, 1]);
  expect(hub.ledger.writes({}).map(({ userAgent }) => userAgent)).toEqual([USER_AGENT]);
});
