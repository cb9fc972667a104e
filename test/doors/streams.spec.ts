import { once } from 'node:events';
import { CloseCode, createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import { startHttpApp, type HttpApp } from '../support/http-app.js';
import { until } from '../support/until.js';
import { fakeFeatures, ids } from './fake-features.js';

let http: HttpApp;
let features: ReturnType<typeof fakeFeatures>;

beforeEach(async () => {
  features = fakeFeatures();
  http = await startHttpApp(features);
});
afterEach(() => http.close());

const EVENTS = `/api/v1/failovers/${ids.failover}/events`;

interface Stream {
  /** Blocks as they came, without the first (`retry`) */
  readonly blocks: string[];
  readonly response: Response;
  readonly ended: Promise<void>;
  close(): void;
}

async function open(headers: Record<string, string> = {}, query = ''): Promise<Stream> {
  const controller = new AbortController();
  const response = await fetch(`${http.url}${EVENTS}${query}`, { headers: { authorization: `Bearer ${await http.keyOf('viewer')}`, accept: 'text/event-stream', ...headers }, signal: controller.signal });
  const blocks: string[] = [];
  const read = async (): Promise<void> => {
    let rest = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + chunk).split('\n\n');
      rest = parts.pop() ?? '';
      blocks.push(...parts);
    }
  };
  const ended = read().catch(() => undefined);
  return { blocks, response, ended, close: () => controller.abort() };
}

const idsOf = (blocks: readonly string[]): string[] => blocks.flatMap((block) => /^id: (\d+)$/m.exec(block)?.[1] ?? []);

describe('server-sent events', () => {
  test('what was, what comes, and an end', async () => {
    const { failovers } = features;
    failovers.happen('failover.started');
    const stream = await open();
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(stream.response.headers.get('cache-control')).toBe('no-store');
    await until('the first event is here', () => idsOf(stream.blocks).length === 1);
    failovers.happen('step.entered');
    await until('the second event is here', () => idsOf(stream.blocks).length === 2);
    failovers.happen('failover.completed', 'COMPLETED');
    await stream.ended;
    expect(stream.blocks[0]).toBe('retry: 3000');
    expect(stream.blocks[1]).toMatch(/^id: 1\nevent: failover\.started\ndata: \{.*"sequence":1,.*"summary":"It is failover.started".*\}$/);
    expect(stream.blocks.at(-1)).toBe('event: end\ndata: {}');
    expect(idsOf(stream.blocks)).toEqual(['1', '2', '3']);
  });

  test.each([
    { because: 'Last-Event-ID, as EventSource sends it', headers: { 'last-event-id': '2' }, query: '' },
    { because: 'after, as curl can', headers: {}, query: '?after=2' },
    { because: 'Last-Event-ID knows more than the query of the first connection', headers: { 'last-event-id': '2' }, query: '?after=0' },
  ])('a reader resumes: $because', async ({ headers, query }) => {
    for (const type of ['a', 'b', 'c', 'd']) features.failovers.happen(type);
    features.failovers.status = 'COMPLETED';
    const stream = await open(headers as Record<string, string>, query);
    await stream.ended;
    expect(idsOf(stream.blocks)).toEqual(['3', '4']);
  });

  test('a reader that goes leaves nothing behind', async () => {
    const stream = await open();
    await until('it is being read for', () => features.failovers.readers === 1);
    stream.close();
    await stream.ended;
    await until('nobody reads any more', () => features.failovers.readers === 0);
  });

  test('twenty streams are enough for one key', async () => {
    const streams = await Promise.all(Array.from({ length: 20 }, () => open()));
    const one = await http.call('GET', EVENTS, { key: await http.keyOf('viewer'), headers: { accept: 'text/event-stream' } });
    expect(one).toMatchObject({ status: 429, body: { code: 'TOO_MANY_STREAMS' } });
    const other = await fetch(http.url + EVENTS, { headers: { authorization: `Bearer ${await http.keyOf('admin')}`, accept: 'text/event-stream' } });
    expect(other.status).toBe(200);
    await other.body!.cancel();
    streams[0]!.close();
    await streams[0]!.ended;
    await until('there is room again', async () => {
      const next = await fetch(http.url + EVENTS, { headers: { authorization: `Bearer ${await http.keyOf('viewer')}`, accept: 'text/event-stream' } });
      await next.body!.cancel();
      return next.status === 200;
    });
  });

  test('a process that stops ends the streams at once, cleanly, and without saying that the failover has ended', async () => {
    features.failovers.happen('a');
    const stream = await open();
    await until('the first event is here', () => idsOf(stream.blocks).length === 1);
    const startedAt = performance.now();
    await http.app.close();
    await stream.ended;
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(stream.blocks.at(-1)).not.toContain('event: end');
  });

  test('a page, for those who poll', async () => {
    for (const type of ['a', 'b', 'c']) features.failovers.happen(type);
    const first = await http.call('GET', `${EVENTS}?limit=2`);
    expect(first.body).toMatchObject({ items: [{ sequence: 1, correlation: { number: 'CHG0001' } }, { sequence: 2 }], page: { nextCursor: '2', hasMore: true } });
    const second = await http.call('GET', `${EVENTS}?limit=2&cursor=2`);
    expect(second.body).toMatchObject({ items: [{ sequence: 3 }], page: { nextCursor: null, hasMore: false } });
  });
});

describe('subscriptions', () => {
  const SUBSCRIPTION = `subscription Follow($id: ID!, $after: Int) { failoverEvents(id: $id, after: $after) { sequence type summary at correlation { number } } }`;
  let client: Client | undefined;
  afterEach(() => client?.dispose());

  async function connectAs(authorization: unknown, options: { origin?: string } = {}): Promise<Client> {
    class Socket extends WebSocket {
      constructor(url: string, protocols: string) {
        super(url, protocols, options.origin === undefined ? {} : { origin: options.origin });
      }
    }
    client = createClient({ url: `${http.url.replace('http', 'ws')}/graphql`, webSocketImpl: Socket, connectionParams: { authorization }, retryAttempts: 0, lazyCloseTimeout: 0 });
    return client;
  }
  const keyed = async (): Promise<Client> => connectAs(`Bearer ${await http.keyOf('viewer')}`);

  test('what was, what comes, and an end', async () => {
    features.failovers.happen('a');
    const seen: unknown[] = [];
    const subscription = (await keyed()).iterate({ query: SUBSCRIPTION, variables: { id: ids.failover } });
    for await (const { data } of subscription) {
      seen.push(data?.['failoverEvents']);
      if (seen.length === 1) features.failovers.happen('b', 'COMPLETED');
    }
    expect(seen).toEqual([
      { sequence: 1, type: 'a', summary: 'It is a', at: '2026-11-24T07:00:00.000Z', correlation: { number: 'CHG0001' } },
      expect.objectContaining({ sequence: 2, type: 'b' }),
    ]);
  });

  test('resuming, and a failover that does not exist', async () => {
    for (const type of ['a', 'b', 'c']) features.failovers.happen(type);
    features.failovers.status = 'COMPLETED';
    const sequences: unknown[] = [];
    const ready = await keyed();
    for await (const { data } of ready.iterate<{ failoverEvents: { sequence: number } }>({ query: SUBSCRIPTION, variables: { id: ids.failover, after: 2 } })) sequences.push(data?.failoverEvents.sequence);
    expect(sequences).toEqual([3]);
    const answer = ready.iterate({ query: SUBSCRIPTION, variables: { id: ids.nothing } });
    await expect(answer.next()).resolves.toMatchObject({ value: { errors: [{ extensions: { code: 'FAILOVER_NOT_FOUND' } }] } });
  });

  test.each([
    { because: 'no key', authorization: undefined },
    { because: 'a wrong key', authorization: 'Bearer lfb_x_y' },
    { because: 'no text', authorization: { key: 1 } },
  ])('nobody gets in with $because', async ({ authorization }) => {
    const outcome = (await connectAs(authorization)).iterate({ query: SUBSCRIPTION, variables: { id: ids.failover } }).next();
    await expect(outcome).rejects.toMatchObject({ code: CloseCode.Unauthorized });
  });

  test('a page of another site gets no connection', async () => {
    const key = `Bearer ${await http.keyOf('viewer')}`;
    await expect((await connectAs(key, { origin: 'https://evil.example' })).iterate({ query: SUBSCRIPTION, variables: { id: ids.failover } }).next()).rejects.toBeDefined();
    features.failovers.happen('a', 'COMPLETED');
    await expect((await connectAs(key, { origin: http.url })).iterate({ query: SUBSCRIPTION, variables: { id: ids.failover } }).next()).resolves.toMatchObject({ done: false });
  });

  test.each([
    { because: 'a query', query: '{ whoami { id } }', code: 'BAD_USER_INPUT' },
    { because: 'a mutation', query: 'mutation { revokeApiKey(input: { id: "x" }) { apiKey { id } } }', code: 'BAD_USER_INPUT' },
    { because: 'the schema', query: '{ __schema { types { name } } }', code: 'BAD_USER_INPUT' },
    { because: 'too many aliases', query: `subscription { failoverEvents(id: "${ids.failover}") { ${Array.from({ length: 16 }, (_, n) => `a${n}: type`).join(' ')} } }`, code: 'BAD_USER_INPUT' },
    { because: 'too many tokens', query: `subscription { failoverEvents(id: "${ids.failover}") { ${'type '.repeat(2001)} } }`, code: 'BAD_USER_INPUT' },
    { because: 'a field that there is not', query: `subscription { failoverEvents(id: "${ids.failover}") { secret } }`, code: 'BAD_USER_INPUT' },
  ])('a WebSocket does not carry $because', async ({ query, code }) => {
    await expect((await keyed()).iterate({ query }).next()).rejects.toMatchObject([{ extensions: { code } }]);
    expect(features.calls.made).toEqual([]);
  });

  test('a message that is too large closes the connection', async () => {
    const socket = new WebSocket(`${http.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    await once(socket, 'open');
    socket.send('x'.repeat(100_000));
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(1009);
  });

  test('other paths are no WebSocket', async () => {
    const socket = new WebSocket(`${http.url.replace('http', 'ws')}/graphql/else`, 'graphql-transport-ws');
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('404');
  });

  test('a process that stops closes the connections at once', async () => {
    const ready = await keyed();
    const closed = new Promise<number>((resolve) => ready.on('closed', (event) => resolve((event as { code: number }).code)));
    const next = ready.iterate({ query: SUBSCRIPTION, variables: { id: ids.failover } }).next().catch(() => undefined);
    await until('it is being read for', () => features.failovers.readers === 1);
    const startedAt = performance.now();
    await http.app.close();
    expect(await closed).toBe(1001);
    await next;
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});
