import { HubCaller } from '../../../test/support/hub-caller.js';
import { until } from '../../../test/support/until.js';
import { ManualClock } from '../../common/clock.js';
import { resources } from '../../kube/resources.js';
import { SimulatedHub } from '../simulated-hub.js';

const CLUSTERS = '/apis/cluster.open-cluster-management.io/v1/managedclusters';
const WORKS = '/apis/work.open-cluster-management.io/v1/namespaces/default/manifestworks';
const cluster = (name: string) => ({ apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name }, spec: { hubAcceptsClient: true } });
const work = (name: string) => ({ apiVersion: 'work.open-cluster-management.io/v1', kind: 'ManifestWork', metadata: { name, namespace: 'default' }, spec: {} });

let hub: SimulatedHub;
let caller: HubCaller;

beforeEach(async () => {
  hub = await SimulatedHub.start({ name: 'hub-east', clock: new ManualClock(new Date('2026-11-24T08:00:00Z')) });
  caller = new HubCaller(hub);
  hub.seed([cluster('c1')]);
});

afterEach(async () => {
  await caller.close();
  await hub.stop();
});

const exists = (name: string): boolean => hub.object(resources.managedCluster, { name }) !== null;

describe('requests', () => {
  test.each([
    { code: 429, reason: 'TooManyRequests', retryAfter: '7' },
    { code: 500, reason: 'InternalError', retryAfter: undefined },
    { code: 503, reason: 'ServiceUnavailable', retryAfter: '7' },
    { code: 504, reason: 'Timeout', retryAfter: '7' },
    { code: 410, reason: 'Expired', retryAfter: undefined },
    { code: 401, reason: 'Unauthorized', retryAfter: undefined },
  ] as const)('$code is said as kube-apiserver says it, and nothing is done', async ({ code, reason, retryAfter }) => {
    const end = hub.faults.add({ verb: 'create' }, { type: 'error', code, retryAfterSeconds: 7 });
    const answer = await caller.call('POST', CLUSTERS, cluster('c2'));
    expect(answer).toMatchObject({ code, body: { kind: 'Status', status: 'Failure', reason, code } });
    expect(answer.headers['retry-after']).toBe(retryAfter);
    expect(exists('c2')).toBe(false);
    expect((await caller.call('GET', CLUSTERS)).code).toBe(200);
    end();
    expect((await caller.call('POST', CLUSTERS, cluster('c2'))).code).toBe(201);
  });

  test('a share of the requests fails, the same ones with the same seed', async () => {
    const pattern = async (): Promise<string> => {
      const one = await SimulatedHub.start({ name: 'x', clock: new ManualClock(new Date(0)), seed: 5 });
      const its = new HubCaller(one);
      one.faults.add({ verb: 'list' }, { type: 'error', code: 500 }, { rate: 0.3 });
      let codes = '';
      for (let i = 0; i < 40; i++) codes += (await its.call('GET', CLUSTERS)).code === 200 ? '.' : 'x';
      await its.close();
      await one.stop();
      return codes;
    };
    const first = await pattern();
    expect(await pattern()).toBe(first);
    expect(first.split('x').length - 1).toBeGreaterThan(4);
    expect(first.split('x').length - 1).toBeLessThan(22);
  });

  test('only so many times, and only where all of the matcher fits', async () => {
    hub.faults.add({ verb: ['get', 'list'], resource: 'managedclusters', user: 'admin' }, { type: 'error', code: 500 }, { times: 1 });
    expect((await caller.call('GET', WORKS)).code).toBe(200);
    expect((await caller.call('GET', `${CLUSTERS}/c1`)).code).toBe(500);
    expect((await caller.call('GET', `${CLUSTERS}/c1`)).code).toBe(200);
  });

  test('latency comes before the deed, and goes with clear()', async () => {
    hub.faults.add({ verb: 'get' }, { type: 'latency', ms: [60, 80] });
    const before = performance.now();
    expect((await caller.call('GET', `${CLUSTERS}/c1`)).code).toBe(200);
    expect(performance.now() - before).toBeGreaterThan(55);
    hub.faults.clear();
  });

  test.each([
    { type: 'reset', done: false },
    { type: 'lose-answer', done: true },
    { type: 'truncate', done: true },
  ] as const)('$type: no answer, done: $done', async ({ type, done }) => {
    hub.faults.add({ verb: 'create' }, { type });
    await expect(caller.call('POST', CLUSTERS, cluster('c2'))).rejects.toThrow();
    expect(exists('c2')).toBe(done);
    expect(hub.ledger.writes({ name: 'c2' })).toHaveLength(done ? 1 : 0);
    expect(hub.ledger.writes({ name: 'c2', code: 0, changed: true })).toHaveLength(done ? 1 : 0);
  });

  test.each([
    { type: 'hang', done: false },
    { type: 'swallow-answer', done: true },
  ] as const)('$type: silence, done: $done', async ({ type, done }) => {
    hub.faults.add({ verb: 'create' }, { type });
    await expect(caller.call('POST', CLUSTERS, cluster('c2'), { signal: AbortSignal.timeout(120) })).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(exists('c2')).toBe(done);
  });

  test('garbage, redirects and answers without end', async () => {
    const endGarbage = hub.faults.add({ verb: 'list' }, { type: 'garbage' });
    expect((await caller.call('GET', CLUSTERS)).text).toMatch(/^\{"kind"/);
    endGarbage();
    const endRedirect = hub.faults.add({ verb: 'list' }, { type: 'redirect', location: 'https://192.0.2.1/' });
    expect(await caller.call('GET', CLUSTERS)).toMatchObject({ code: 307, headers: { location: 'https://192.0.2.1/' } });
    endRedirect();
    hub.faults.add({ verb: 'list' }, { type: 'oversize', bytes: 3_000_000 });
    expect((await caller.call('GET', CLUSTERS)).text.length).toBeGreaterThan(3_000_000);
  });

  test('the Date header follows the hub\u2019s clock and its skew', async () => {
    expect((await caller.call('GET', '/version')).headers['date']).toBe('Tue, 24 Nov 2026 08:00:00 GMT');
    hub.faults.dateSkewMs = -3_600_000;
    expect((await caller.call('GET', '/version')).headers['date']).toBe('Tue, 24 Nov 2026 07:00:00 GMT');
  });
});

describe('lists', () => {
  test('stale ones show the past, with its resourceVersion', async () => {
    const { revision } = hub.store;
    await caller.call('POST', CLUSTERS, cluster('c2'));
    await caller.call('DELETE', `${CLUSTERS}/c1`);
    const end = hub.faults.add({ verb: ['list', 'get'] }, { type: 'stale', revision });
    const list = await caller.call('GET', CLUSTERS);
    expect(list.body['metadata'].resourceVersion).toBe(String(revision));
    expect(list.body['items'].map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(['c1']);
    expect((await caller.call('GET', `${CLUSTERS}/c1`)).code).toBe(200);
    expect((await caller.call('GET', `${CLUSTERS}/c2`)).code).toBe(404);
    end();
    expect((await caller.call('GET', `${CLUSTERS}/c1`)).code).toBe(404);
  });

  test('a page in the middle is gone: by a fault, or because history was compacted', async () => {
    hub.seed(['c2', 'c3', 'c4'].map(cluster));
    const first = await caller.call('GET', `${CLUSTERS}?limit=2`);
    const next = `${CLUSTERS}?limit=2&continue=${first.body['metadata'].continue}`;
    const end = hub.faults.add({ verb: 'list', continued: true }, { type: 'error', code: 410 });
    expect((await caller.call('GET', `${CLUSTERS}?limit=2`)).code).toBe(200);
    expect((await caller.call('GET', next)).code).toBe(410);
    end();
    hub.compact();
    const gone = await caller.call('GET', next);
    expect(gone).toMatchObject({ code: 410, body: { reason: 'Expired', metadata: { continue: expect.any(String) } } });
    const rest = await caller.call('GET', `${CLUSTERS}?limit=2&continue=${gone.body['metadata'].continue}`);
    expect(rest.body['items'].map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(['c3', 'c4']);
  });

  test('the store goes back in time, and resourceVersions with it', async () => {
    const before = hub.checkpoint();
    const watch = await caller.watch(CLUSTERS, 'resourceVersion=0');
    await caller.call('POST', CLUSTERS, cluster('c2'));
    const seen = hub.store.revision;
    hub.rollBack(before);
    await until('watches break', () => watch.state !== 'open');
    expect(exists('c2')).toBe(false);
    expect(Number((await caller.call('GET', CLUSTERS)).body['metadata'].resourceVersion)).toBeLessThan(seen);
    const ahead = await caller.watch(CLUSTERS, `resourceVersion=${seen}`);
    hub.seed([cluster('c3'), cluster('c4')]);
    await until('it speaks again past the old version', () => ahead.told.length > 0);
    expect(ahead.told).toEqual(['ADDED c4']);
  });
});

describe('watches', () => {
  const open = () => caller.watch(CLUSTERS, `resourceVersion=${hub.store.revision}&allowWatchBookmarks=true`);

  test.each([
    { how: 'EOF', act: () => hub.faults.endWatches({ resource: 'managedclusters' }), state: /^ended$/, told: [] },
    { how: 'reset', act: () => hub.faults.resetWatches({ resource: 'managedclusters' }), state: /^(?!open|ended)/, told: [] },
    { how: '410 in the stream', act: () => hub.faults.failWatches({ resource: 'managedclusters' }), state: /^ended$/, told: ['ERROR 410'] },
    { how: '500 in the stream', act: () => hub.faults.failWatches({}, 500), state: /^ended$/, told: ['ERROR 500'] },
  ])('open ones end by $how; others live on', async ({ act, state, told }) => {
    const [watch, other] = [await open(), await caller.watch(WORKS, `resourceVersion=${hub.store.revision}`)];
    const struck = act();
    await until('it ends', () => watch.state !== 'open');
    expect(watch.state).toMatch(state);
    expect(watch.told).toEqual(told);
    if (struck > 1) return;
    hub.seed([work('w1')]);
    await until('the other tells', () => other.told.length === 1);
  });

  test('half-open: silent though much happens, reset when it is over', async () => {
    const early = await open();
    const end = hub.faults.add({ verb: 'watch' }, { type: 'watch-silent' });
    const late = await open();
    hub.seed([cluster('c2')]);
    await caller.call('GET', '/version');
    expect([early.lines, late.lines]).toEqual([[], []]);
    expect(hub.ledger.watching).toBe(2);
    end();
    await until('both are reset', () => early.state !== 'open' && late.state !== 'open');
  });

  test('bookmarks come in their interval, unless they are kept back', async () => {
    hub.settings.bookmarkIntervalMs = 10;
    const watch = await open();
    await until('bookmarks come', () => watch.told.filter((each) => each === 'BOOKMARK').length > 2);
    expect(watch.events[0]?.object).toEqual({ kind: 'ManagedCluster', apiVersion: 'cluster.open-cluster-management.io/v1', metadata: { resourceVersion: String(hub.store.revision) } });
    hub.faults.add({ verb: 'watch' }, { type: 'watch-without-bookmarks' });
    const quiet = await open();
    hub.seed([cluster('c2')]);
    await until('events still come', () => quiet.told.includes('ADDED c2'));
    const plain = await caller.watch(CLUSTERS, `resourceVersion=${hub.store.revision}`);
    hub.seed([cluster('c3')]);
    await until('who does not ask gets none', () => plain.told.includes('ADDED c3'));
    expect([...quiet.told, ...plain.told]).not.toContain('BOOKMARK');
  });

  test.each([
    { type: 'watch-ends-after', told: ['ADDED a', 'ADDED b'], state: /^ended$/ },
    { type: 'watch-expires-after', told: ['ADDED a', 'ADDED b', 'ERROR 410'], state: /^ended$/ },
    { type: 'watch-resets-after', told: ['ADDED a', 'ADDED b'], state: /^(?!open|ended)/ },
  ] as const)('$type two events', async ({ type, told, state }) => {
    hub.faults.add({ verb: 'watch' }, { type, events: 2 });
    const watch = await open();
    for (const name of ['a', 'b', 'c']) hub.seed([cluster(name)]);
    await until('it ends', () => watch.state !== 'open');
    expect(watch.state).toMatch(state);
    if (type !== 'watch-resets-after') expect(watch.told).toEqual(told);
  });

  test('events come twice', async () => {
    hub.faults.add({ verb: 'watch' }, { type: 'watch-repeats' });
    const watch = await open();
    hub.seed([cluster('a'), cluster('b')]);
    await until('all came', () => watch.told.length === 4);
    expect(watch.told).toEqual(['ADDED a', 'ADDED a', 'ADDED b', 'ADDED b']);
  });

  test('one kind is late against another, in its own order still', async () => {
    hub.faults.add({ verb: 'watch', resource: 'managedclusters' }, { type: 'watch-delayed', ms: 80 });
    const [clusters, works] = [await open(), await caller.watch(WORKS, `resourceVersion=${hub.store.revision}`)];
    hub.seed([cluster('a'), work('w'), cluster('b')]);
    await until('the work is told', () => works.told.length === 1);
    expect(clusters.told).toEqual([]);
    hub.faults.clear();
    hub.seed([cluster('c')]);
    await until('all are told', () => clusters.told.length === 3);
    expect(clusters.told).toEqual(['ADDED a', 'ADDED b', 'ADDED c']);
  });

  test('garbage between the events', async () => {
    const watch = await open();
    expect(hub.faults.injectIntoWatches({}, '{"type":"ADDED","obj\n')).toBe(1);
    hub.seed([cluster('a')]);
    await until('both came', () => watch.lines.length === 2);
    expect(watch.lines[0]).toBe('{"type":"ADDED","obj');
  });

  test('connections are told to go away, and what is asked next works', async () => {
    hub.goAway();
    expect((await caller.call('GET', `${CLUSTERS}/c1`)).code).toBe(200);
  });
});
