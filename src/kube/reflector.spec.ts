import { until } from '../../test/support/until.js';
import { ManualClock } from '../common/clock.js';
import { KubeError } from './kube-error.js';
import type { KubeObject, ListOptions, ListPage, ResourceType, WatchEvent, WatchOptions } from './kube.types.js';
import { Reflector, type ReflectorClient, type ReflectorOptions } from './reflector.js';
import type { ReflectorChange, ReflectorSink, ReflectorState } from './reflector.types.js';
import { resources } from './resources.js';

const type = resources.managedCluster;
const now = new Date('2026-11-24T12:00:00Z');

const object = (name: string, version: number): KubeObject => ({ apiVersion: 'v1', kind: 'ManagedCluster', metadata: { name, resourceVersion: String(version) } });
const page = (version: number, names: string[], continueToken: string | null = null): ListPage => ({
  items: names.map((name) => object(name, version)), resourceVersion: String(version), continueToken,
});
const modified = (name: string, version: number): WatchEvent => ({ type: 'MODIFIED', object: object(name, version) });
const bookmark = (version: number): WatchEvent => ({ type: 'BOOKMARK', resourceVersion: String(version) });
const gone = (): KubeError => new KubeError('KUBE_GONE', 'too old');
const reset = (): KubeError => new KubeError('HUB_UNREACHABLE', 'connection reset');
const silence = (): KubeError => new KubeError('HUB_TIMEOUT', 'silent');

type WatchStep = WatchEvent | Error | 'wait' | (() => Promise<void>);

/** Answers lists and watches from a script; when the script is over, watches stay open and silent. */
class ScriptedClient implements ReflectorClient {
  readonly lists: ListOptions[] = [];
  readonly watches: WatchOptions[] = [];
  openWatches = 0;
  mostOpenWatches = 0;

  constructor(private readonly pages: (ListPage | Error)[], private readonly scripts: WatchStep[][] = []) {}

  /** What answers is an API server */
  isApiServer = true;
  served = false;
  serverVersion = (): Promise<string> => (this.isApiServer ? Promise.resolve('v1.34.4') : Promise.reject(new KubeError('KUBE_NOT_FOUND', 'no page')));
  serves = (): Promise<boolean> => Promise.resolve(this.served);

  list(_type: ResourceType, options: ListOptions = {}): Promise<ListPage> {
    this.lists.push(options);
    const answer = this.pages.shift() ?? reset();
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  }

  async *watch(_type: ResourceType, options: WatchOptions): AsyncGenerator<WatchEvent> {
    this.watches.push(options);
    const script = this.scripts.shift() ?? ['wait'];
    if (script[0] instanceof Error && script[0].message === 'connection reset') throw script[0];
    this.openWatches += 1;
    this.mostOpenWatches = Math.max(this.mostOpenWatches, this.openWatches);
    options.onOpen?.();
    try {
      for (const step of script) {
        if (step instanceof Error) throw step;
        if (step === 'wait') await aborted(options.signal);
        else if (typeof step === 'function') await step();
        else yield step;
        if (options.signal.aborted) return;
      }
    } finally {
      this.openWatches -= 1;
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

class RecordingSink implements ReflectorSink {
  readonly calls: string[] = [];
  readonly states: ReflectorState[] = [];
  readonly batches: (readonly ReflectorChange[])[] = [];
  failNext: 'listing' | 'page' | 'listed' | 'changes' | 'state' | null = null;
  private inside = 0;

  private async record(kind: string, detail = ''): Promise<void> {
    expect(this.inside).toBe(0); // one call at a time
    this.inside += 1;
    await new Promise((resolve) => setImmediate(resolve));
    this.inside -= 1;
    if (this.failNext === kind) {
      this.failNext = null;
      throw new Error('the database is away');
    }
    this.calls.push(detail === '' ? kind : `${kind} ${detail}`);
  }

  listing = (): Promise<void> => this.record('listing');
  page = (objects: KubeObject[]): Promise<void> => this.record('page', objects.map(({ metadata }) => metadata.name).join(','));
  listed = (version: string): Promise<void> => this.record('listed', version);
  changes = async (changes: readonly ReflectorChange[]): Promise<void> => {
    await this.record('changes', changes.map((change) => `${change.type}:${change.object.metadata.name}@${change.object.metadata.resourceVersion}`).join(','));
    this.batches.push(changes);
  };
  state = (state: ReflectorState): Promise<void> => {
    this.states.push(state);
    return this.record('state', state.phase + (state.errorCode === null ? '' : `(${state.errorCode})`));
  };

  get news(): string[] {
    return this.calls.filter((call) => !call.startsWith('state'));
  }

  get phases(): string[] {
    return this.calls.filter((call) => call.startsWith('state')).map((call) => call.slice('state '.length));
  }
}

const running: Reflector[] = [];

function reflect(client: ReflectorClient, sink: ReflectorSink, options: ReflectorOptions = {}): { reflector: Reflector; sleeps: number[] } {
  const sleeps: number[] = [];
  let elapsedMs = 0;
  const reflector = new Reflector(client, type, { labelSelector: 'a=b' }, sink, {
    clock: new ManualClock(now),
    random: () => 0,
    monotonicMs: () => (elapsedMs += 5_000), // no watch is "very short" unless a test says so
    coalesceMs: 0,
    sleep: async (ms) => {
      sleeps.push(ms);
      await new Promise((resolve) => setImmediate(resolve));
    },
    ...options,
  });
  running.push(reflector);
  reflector.start();
  return { reflector, sleeps };
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((reflector) => reflector.stop()));
});

test('it lists every page, then watches from the list\u2019s version', async () => {
  const client = new ScriptedClient([page(10, ['a', 'b'], 'more'), page(10, ['c'])], [[modified('a', 11), 'wait']]);
  const sink = new RecordingSink();
  const { reflector } = reflect(client, sink);
  await until('the change is told', () => sink.batches.length === 1);
  expect(sink.calls).toEqual(['state LISTING', 'listing', 'page a,b', 'page c', 'listed 10', 'state WATCHING', 'changes UPSERT:a@11']);
  expect(client.lists).toMatchObject([{ labelSelector: 'a=b', limit: 500 }, { continueToken: 'more' }]);
  expect(client.watches).toMatchObject([{ labelSelector: 'a=b', resourceVersion: '10' }]);
  expect(reflector.state).toEqual({ phase: 'WATCHING', heardAt: now, errorCode: null });
});

test('the end of a stream is followed by a watch from the last version, of an event or a bookmark', async () => {
  const client = new ScriptedClient([page(10, [])], [[modified('a', 11)], [bookmark(20)], []]);
  const sink = new RecordingSink();
  const { sleeps } = reflect(client, sink);
  await until('the fourth watch', () => client.watches.length === 4);
  expect(client.watches.map(({ resourceVersion }) => resourceVersion)).toEqual(['10', '11', '20', '20']);
  expect(client.lists).toHaveLength(1);
  expect(sleeps).toEqual([]);
  expect(client.mostOpenWatches).toBe(1);
});

test.each([
  { because: 'a 410 answer, or an ERROR event of 410', error: gone() },
  { because: 'a version that is refused', error: new KubeError('KUBE_INVALID', 'invalid resource version') },
  { because: 'an event that cannot be read would come again', error: new KubeError('HUB_ANSWER_MALFORMED', 'no JSON') },
  { because: 'a line that is too long would come again', error: new KubeError('HUB_ANSWER_TOO_LARGE', 'too long') },
  { because: 'an error of our own leaves nothing certain', error: new TypeError('a bug') },
])('it lists anew after $because', async ({ error }) => {
  const client = new ScriptedClient([page(10, ['a']), page(30, ['b'])], [[modified('a', 11), error], ['wait']]);
  const sink = new RecordingSink();
  const { sleeps } = reflect(client, sink);
  await until('the second watch', () => client.watches.length === 2);
  expect(sink.news).toEqual(['listing', 'page a', 'listed 10', 'changes UPSERT:a@11', 'listing', 'page b', 'listed 30']);
  expect(client.watches[1]?.resourceVersion).toBe('30');
  expect(sleeps).toEqual([800]);
});

test.each([
  { because: 'a cut connection', error: reset(), waits: 800, from: '10' },
  { because: 'a failing gateway', error: new KubeError('HUB_SERVER_ERROR', '503'), waits: 800, from: '10' },
  { because: 'a failing hub', error: new KubeError('HUB_SERVER_ERROR', '500', { reason: 'InternalError' }), waits: 800, from: '11' },
  { because: 'a hub that does not let us in', error: new KubeError('HUB_UNAUTHORIZED', '401'), waits: 800, from: '11' },
  { because: 'a hub that asks for seven seconds', error: new KubeError('HUB_BUSY_THROTTLED', '429', {}, 7_000), waits: 7_000, from: '11' },
])('it goes on without a list after $because', async ({ error, waits, from }) => {
  const again = from === '10' ? [modified('a', 11)] : [];
  const client = new ScriptedClient([page(10, [])], [[modified('a', 11), error], [...again, 'wait']]);
  const sink = new RecordingSink();
  const { sleeps } = reflect(client, sink);
  await until('the second watch is told', () => client.watches.length === 2 && sink.phases.length === 4);
  expect(client.watches[1]?.resourceVersion).toBe(from);
  expect(client.lists).toHaveLength(1);
  expect(sink.batches).toHaveLength(1);
  expect(sleeps).toEqual([waits]);
  expect(sink.phases).toEqual(['LISTING', 'WATCHING', `BACKING_OFF(${(error as KubeError).code})`, 'WATCHING']);
});

test('it does not say WATCHING before the hub has accepted the watch', async () => {
  const client = new ScriptedClient([page(10, [])], [[modified('a', 11)], [reset()], [reset()], [modified('a', 11), 'wait']]);
  const sink = new RecordingSink();
  reflect(client, sink);
  await until('the last watch is told', () => client.watches.length === 4 && sink.phases.at(-1) === 'WATCHING');
  expect(sink.phases).toEqual(['LISTING', 'WATCHING', 'BACKING_OFF(HUB_UNREACHABLE)', 'WATCHING']);
});

test('silence is a reason to ask again, and no failure', async () => {
  const client = new ScriptedClient([page(10, []), page(15, [])], [[silence()], [modified('a', 11), silence()], ['wait']]);
  const sink = new RecordingSink();
  const { sleeps } = reflect(client, sink);
  await until('the third watch', () => client.watches.length === 3);
  expect(client.watches.map(({ resourceVersion }) => resourceVersion)).toEqual(['10', '10', '11']);
  expect(sleeps).toEqual([]);
  expect(sink.phases).toEqual(['LISTING', 'WATCHING']);
});

test('a hub that does not accept the watch after a silence is one', async () => {
  const client = new ScriptedClient([page(10, [])], [[modified('a', 11), silence()], [reset()], [modified('a', 11), 'wait']]);
  const sink = new RecordingSink();
  reflect(client, sink);
  await until('the third watch is told', () => client.watches.length === 3 && sink.phases.at(-1) === 'WATCHING');
  expect(sink.phases).toEqual(['LISTING', 'WATCHING', 'BACKING_OFF(HUB_UNREACHABLE)', 'WATCHING']);
});

test('two silent watches throw doubt on the version: a store that was set back is listed anew', async () => {
  const client = new ScriptedClient([page(10, ['a']), page(5, []), page(5, ['b'])], [[silence()], [silence()], ['wait']]);
  const sink = new RecordingSink();
  reflect(client, sink);
  await until('the third watch', () => client.watches.length === 3);
  expect(client.lists.map(({ limit }) => limit)).toEqual([500, 1, 500]);
  expect(client.watches.map(({ resourceVersion }) => resourceVersion)).toEqual(['10', '10', '5']);
  expect(sink.news.slice(-3)).toEqual(['listing', 'page b', 'listed 5']);
});

test('a store that has gone on is not listed anew', async () => {
  const client = new ScriptedClient([page(10, []), page(99, ['x']), page(100, ['x'])], [[silence()], [silence()], [silence()], [silence()], ['wait']]);
  const sink = new RecordingSink();
  reflect(client, sink);
  await until('the fifth watch', () => client.watches.length === 5);
  expect(client.watches.map(({ resourceVersion }) => resourceVersion)).toEqual(['10', '10', '10', '10', '10']);
  expect(client.lists.map(({ limit }) => limit)).toEqual([500, 1, 1]);
  expect(sink.news).toEqual(['listing', 'page ', 'listed 10'].map((line) => line.trim()));
});

test.each([
  { because: 'another event comes at its place', next: [modified('b', 11)] },
  { because: 'it comes with other content', next: [{ type: 'MODIFIED', object: { ...object('a', 11), spec: { other: true } } } as WatchEvent] },
  { because: 'the object was deleted there', next: [{ type: 'DELETED', object: object('a', 11) } as WatchEvent] },
  { because: 'history begins later', next: [gone()] },
  { because: 'nothing comes, or bookmarks alone', next: [bookmark(99), 'wait'] },
] as { because: string; next: WatchStep[] }[])('after a failure the hub must tell the last event again; else it is listed anew: $because', async ({ next }) => {
  const client = new ScriptedClient([page(10, ['a']), page(30, ['b'])], [[modified('a', 11), bookmark(20), reset()], next, ['wait']]);
  const sink = new RecordingSink();
  reflect(client, sink, { proofMs: 30 });
  await until('the third watch', () => client.watches.length === 3);
  expect(client.watches.map(({ resourceVersion }) => resourceVersion)).toEqual(['10', '10', '30']);
  expect(sink.news).toEqual(['listing', 'page a', 'listed 10', 'changes UPSERT:a@11', 'listing', 'page b', 'listed 30']);
  expect(sink.phases.slice(0, 4)).toEqual(['LISTING', 'WATCHING', 'BACKING_OFF(HUB_UNREACHABLE)', 'BACKING_OFF(KUBE_GONE)']);
});

test('what followed the last event is told once it has proved the history', async () => {
  const client = new ScriptedClient([page(10, [])], [[modified('a', 11), bookmark(20), reset()], [modified('a', 11), modified('b', 15), 'wait']]);
  const sink = new RecordingSink();
  reflect(client, sink);
  await until('the change is told', () => sink.batches.length === 2);
  expect(sink.news).toEqual(['listing', 'page ', 'listed 10', 'changes UPSERT:a@11', 'changes UPSERT:b@15'].map((line) => line.trim()));
});

test('without an event since the list nothing proves the history: it is listed anew', async () => {
  const client = new ScriptedClient([page(10, ['a']), page(30, ['b'])], [[bookmark(20), reset()], ['wait']]);
  const sink = new RecordingSink();
  reflect(client, sink);
  await until('the second watch', () => client.watches.length === 2);
  expect(client.watches[1]?.resourceVersion).toBe('30');
});

test('a connection of watches that was lost between the list and the watch throws the same doubt', async () => {
  const script = new ScriptedClient([page(10, ['a']), page(30, ['b'])]);
  let lost = 0;
  const client: ReflectorClient = {
    list: (...asked) => {
      if (script.lists.length === 0) lost += 1;
      return script.list(...asked);
    },
    watch: script.watch.bind(script),
    serverVersion: script.serverVersion,
    serves: script.serves,
    get disruptions() {
      return lost;
    },
  };
  const sink = new RecordingSink();
  reflect(client, sink);
  await until('it watches', () => sink.phases.at(-1) === 'WATCHING');
  expect(script.watches.map(({ resourceVersion }) => resourceVersion)).toEqual(['30']);
});

/** As the script, with what a client tells of its connections. */
const telling = (script: ScriptedClient, told: Pick<ReflectorClient, 'disruptions' | 'calmForMs' | 'cuts'>): ReflectorClient =>
  Object.defineProperties({ list: script.list.bind(script), watch: script.watch.bind(script), serverVersion: script.serverVersion, serves: script.serves }, Object.getOwnPropertyDescriptors(told));

test.each([
  ['just before, it proves the history', 0, '10'],
  ['long before, it has outlived that', 60_000, '11'],
])('a watch that ends by itself, after a connection was lost: %s', async (_when, calmForMs, from) => {
  const script = new ScriptedClient([page(10, [])], [[modified('a', 11)], [modified('a', 11), 'wait']]);
  const client = telling(script, {
    get disruptions() {
      return script.watches.length === 0 ? 0 : 1;
    },
    calmForMs,
  });
  reflect(client, new RecordingSink());
  await until('the second watch', () => script.watches.length === 2);
  expect(script.watches[1]?.resourceVersion).toBe(from);
});

test('a hub that retires every connection is listed no oftener than one that fails', async () => {
  const script = new ScriptedClient([page(10, []), page(10, []), page(10, [])], [[bookmark(11)], [bookmark(12)], ['wait']]);
  const client = telling(script, {
    get disruptions() {
      return Math.min(2, script.watches.length);
    },
    calmForMs: 0,
  });
  const { sleeps } = reflect(client, new RecordingSink(), { monotonicMs: () => 0 });
  await until('the third watch', () => script.watches.length === 3);
  expect(sleeps).toEqual([800, 1600]);
});

test('where a connection of calls ended between the list and its watch it is listed once more, and then believed', async () => {
  const script = new ScriptedClient([page(10, ['a']), page(30, ['b'])], [['wait'], ['wait']]);
  const client = telling(script, {
    get cuts() {
      return script.lists.length; // each list's own
    },
  });
  const sink = new RecordingSink();
  const { sleeps } = reflect(client, sink);
  await until('it watches', () => sink.phases.at(-1) === 'WATCHING');
  expect(script.watches.map(({ resourceVersion }) => resourceVersion)).toEqual(['10', '30']);
  expect(sleeps).toEqual([800]);
});

test('lists and watches share one backoff', async () => {
  const client = new ScriptedClient([reset(), reset(), page(10, []), page(10, []), page(10, [])], [[reset()], [reset()], ['wait']]);
  const sink = new RecordingSink();
  const { sleeps } = reflect(client, sink, { monotonicMs: () => 0 });
  await until('the third watch', () => client.watches.length === 3);
  expect(sleeps).toEqual([800, 1600, 3200, 6400]);
});

test('an expired continue token begins the list again', async () => {
  const client = new ScriptedClient([page(10, ['a'], 'more'), gone(), page(12, ['a', 'b'])], [['wait']]);
  const sink = new RecordingSink();
  reflect(client, sink);
  await until('the watch', () => client.watches.length === 1);
  expect(sink.news).toEqual(['listing', 'page a', 'listing', 'page a,b', 'listed 12']);
  expect(client.lists.map(({ continueToken }) => continueToken)).toEqual([undefined, 'more', undefined]);
});

test('a kind that the hub does not serve is ABSENT, and looked for again', async () => {
  const notFound = (): KubeError => new KubeError('KUBE_NOT_FOUND', '404');
  const client = new ScriptedClient([notFound(), notFound(), page(10, ['a'])], [[notFound()], ['wait']]);
  const sink = new RecordingSink();
  const { sleeps } = reflect(client, sink);
  await until('it is gone again', () => sleeps.length >= 3);
  expect(sink.calls.slice(0, 8)).toEqual([
    'state LISTING', 'state ABSENT(KUBE_NOT_FOUND)', 'state LISTING', 'listing', 'page a', 'listed 10', 'state WATCHING', 'state ABSENT(KUBE_NOT_FOUND)',
  ]);
});

test.each([
  ['a gateway before the hub answers it', { isApiServer: false }],
  ['the hub serves the kind all the same', { served: true }],
])('a 404 takes nothing away where %s', async (_what, is) => {
  const client = Object.assign(new ScriptedClient([page(10, ['a']), page(11, ['a'])], [[new KubeError('KUBE_NOT_FOUND', '404')], ['wait']]), is);
  const sink = new RecordingSink();
  const { sleeps } = reflect(client, sink);
  await until('it has backed off', () => sleeps.length >= 1);
  expect(sink.phases).not.toContain('ABSENT(KUBE_NOT_FOUND)');
  expect(sink.phases).toContain('BACKING_OFF(HUB_ANSWER_MALFORMED)');
});

test.each(['listing', 'page', 'listed', 'changes'] as const)('it lists anew when the sink fails in %s', async (where) => {
  const client = new ScriptedClient([page(10, ['a']), page(20, ['a'])], [[modified('a', 11), 'wait'], ['wait']]);
  const sink = new RecordingSink();
  sink.failNext = where;
  const { sleeps } = reflect(client, sink);
  await until('the second list is told', () => sink.calls.includes('listed 20') && sink.phases.at(-1) === 'WATCHING');
  expect(sink.phases).toContain('BACKING_OFF(REFLECTOR_FAILED)');
  expect(sleeps).toEqual([800]);
});

test.each([
  ['ended by itself', []],
  ['failed', [new KubeError('HUB_UNREACHABLE', '500', { reason: 'InternalError' })]],
])('it lists anew when the sink fails after the watch has %s', async (_how, end) => {
  let fail = (): void => undefined;
  const refused = new Promise<void>((_resolve, reject) => (fail = () => reject(new Error('the database is away'))));
  const sink = new RecordingSink();
  const { changes } = sink;
  const taking = new Promise<void>((resolve) => {
    sink.changes = () => {
      sink.changes = changes;
      resolve();
      return refused;
    };
  });
  const client = new ScriptedClient([page(10, []), page(20, ['a'])], [[modified('a', 11), () => taking, ...end], ['wait']]);
  reflect(client, sink);
  await until('the watch is over', () => client.watches.length === 1 && client.openWatches === 0 && sink.changes === changes);
  fail();
  await until('the second list is told', () => sink.calls.includes('listed 20'));
  expect(sink.news.slice(-3)).toEqual(['listing', 'page a', 'listed 20']);
});

test('it lists anew when the sink cannot take the state', async () => {
  const client = new ScriptedClient([page(10, []), page(20, [])], [['wait'], ['wait']]);
  const sink = new RecordingSink();
  const state = sink.state;
  let refused = false;
  sink.state = (told) => {
    if (told.phase !== 'WATCHING' || refused) return state(told);
    refused = true;
    return Promise.reject(new Error('the database is away'));
  };
  reflect(client, sink);
  await until('the second watch is told', () => sink.phases.at(-1) === 'WATCHING');
  expect(client.lists).toHaveLength(2);
});

test('the last change of an object wins', async () => {
  const deleted: WatchEvent = { type: 'DELETED', object: object('b', 14) };
  const client = new ScriptedClient([page(10, [])], [[modified('a', 11), modified('b', 12), modified('a', 13), deleted, modified('c', 15), 'wait']]);
  const sink = new RecordingSink();
  reflect(client, sink, { coalesceMs: 20 });
  await until('the changes are told', () => sink.news.some((call) => call.startsWith('changes')));
  expect(sink.news.at(-1)).toBe('changes UPSERT:a@13,DELETE:b@14,UPSERT:c@15');
});

test('many changes come in batches of at most 500, in order, none lost', async () => {
  const events = Array.from({ length: 1200 }, (_, i) => modified(`c${i}`, 11 + i));
  const client = new ScriptedClient([page(10, [])], [[...events, 'wait']]);
  const sink = new RecordingSink();
  reflect(client, sink, { coalesceMs: 10 });
  await until('all are told', () => sink.batches.flat().length === 1200);
  expect(Math.max(...sink.batches.map(({ length }) => length))).toBeLessThanOrEqual(500);
  expect(sink.batches.flat().map(({ object: { metadata } }) => metadata.name)).toEqual(events.map((_, i) => `c${i}`));
});

test('what came before the cut is told before the next watch', async () => {
  const client = new ScriptedClient([page(10, [])], [[modified('a', 11), new KubeError('HUB_UNREACHABLE', 'cut')], ['wait']]);
  const sink = new RecordingSink();
  reflect(client, sink, { coalesceMs: 60_000 });
  await until('the second watch', () => client.watches.length === 2);
  expect(sink.news.at(-1)).toBe('changes UPSERT:a@11');
});

test('watches that end at once are followed with backoff, not in a hot loop', async () => {
  const client = new ScriptedClient([page(10, [])], [[], [], ['wait']]);
  const sink = new RecordingSink();
  const { sleeps } = reflect(client, sink, { monotonicMs: () => 0 });
  await until('the third watch', () => client.watches.length === 3);
  expect(sleeps).toEqual([800, 1600]);
});

test('pages that are too large are asked for smaller', async () => {
  const tooLarge = (): KubeError => new KubeError('HUB_ANSWER_TOO_LARGE', 'over 32 MiB');
  const client = new ScriptedClient([tooLarge(), tooLarge(), page(10, [])], [['wait']]);
  reflect(client, new RecordingSink());
  await until('the watch', () => client.watches.length === 1);
  expect(client.lists.map(({ limit }) => limit)).toEqual([500, 250, 125]);
});

test('the state is told again and again while it watches', async () => {
  const client = new ScriptedClient([page(10, [])]);
  const sink = new RecordingSink();
  reflect(client, sink, { heartbeatMs: 5 });
  await until('three times', () => sink.phases.filter((phase) => phase === 'WATCHING').length >= 3);
  expect(client.watches).toHaveLength(1);
});

test('at most two reflectors of one client list at once', async () => {
  const script = new ScriptedClient([]);
  let listing = 0;
  let most = 0;
  const client: ReflectorClient = {
    list: async () => {
      most = Math.max(most, ++listing);
      await new Promise((resolve) => setTimeout(resolve, 5));
      listing -= 1;
      return page(10, []);
    },
    watch: script.watch.bind(script),
    serverVersion: script.serverVersion,
    serves: script.serves,
  };
  const sinks = Array.from({ length: 6 }, () => new RecordingSink());
  for (const sink of sinks) reflect(client, sink);
  await until('all watch', () => sinks.every((sink) => sink.phases.at(-1) === 'WATCHING'));
  expect(most).toBe(2);
});

test.each([
  { when: 'it watches', pages: [page(10, [])], scripts: [['wait']] as WatchStep[][], ready: 'WATCHING' },
  { when: 'it backs off', pages: [reset()], scripts: [], ready: 'BACKING_OFF(HUB_UNREACHABLE)' },
])('stop ends it while $when, and nothing is told after', async ({ pages, scripts, ready }) => {
  const client = new ScriptedClient(pages, scripts);
  const sink = new RecordingSink();
  const sleep = (_ms: number, signal: AbortSignal): Promise<void> => aborted(signal);
  const { reflector } = reflect(client, sink, { sleep });
  await until(ready, () => sink.phases.at(-1) === ready);
  await reflector.stop();
  const told = sink.calls.length;
  expect(reflector.state.phase).toBe('STOPPED');
  expect(sink.phases.at(-1)).toMatch(/^STOPPED/);
  expect(client.openWatches).toBe(0);
  await new Promise((resolve) => setImmediate(resolve));
  expect(sink.calls).toHaveLength(told);
});

test('it can be started again, and lists anew', async () => {
  const client = new ScriptedClient([page(10, []), page(20, [])]);
  const sink = new RecordingSink();
  const { reflector } = reflect(client, sink);
  reflector.start(); // a second start is none
  await until('it watches', () => client.watches.length === 1);
  await reflector.stop();
  reflector.start();
  await until('it watches again', () => client.watches.length === 2);
  expect(client.watches[1]?.resourceVersion).toBe('20');
  expect(client.lists).toHaveLength(2);
});
