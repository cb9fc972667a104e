import { inspect } from 'node:util';
import { Secret } from '../../src/common/secret.js';
import { HubClient, type HubClientOptions, type HubConnection } from '../../src/kube/hub-client.js';
import { KubeError } from '../../src/kube/kube-error.js';
import type { KubeObject, WatchEvent, WatchOptions } from '../../src/kube/kube.types.js';
import { resources } from '../../src/kube/resources.js';
import { TlsAuthority } from '../../src/simulator/server/tls-authority.js';
import { json, ScriptedServer, type Handler } from '../support/scripted-server.js';
import { until } from '../support/until.js';

const { managedCluster, secret } = resources;
const BODY = 'canary-body';

const clusterOf = (name: string, more: object = {}): object => ({ apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name, resourceVersion: '5' }, ...more });
const listOf = (items: unknown, metadata: object = { resourceVersion: '7' }): object => ({ apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedClusterList', metadata, items });
const statusOf = (code: number, reason: string, message: string, more: object = {}): object => ({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message, ...more });

let server: ScriptedServer;
const clients: HubClient[] = [];

function clientFor(connection: HubConnection = server.connection(), options: HubClientOptions = {}): HubClient {
  const client = new HubClient(connection, { allowLoopback: true, ...options });
  clients.push(client);
  return client;
}

async function errorOf(promise: Promise<unknown>): Promise<KubeError> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    const everything = `${inspect(error, { depth: 10, showHidden: true })}${JSON.stringify(error)}${error.stack}`;
    expect(everything).not.toContain(server.token);
    expect(everything).not.toContain(BODY);
    expect(error.message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(error.message.length).toBeLessThan(600);
    return error;
  }
  throw new Error('It did not fail');
}

beforeAll(async () => {
  server = await ScriptedServer.start(json({}));
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  server.requests.length = 0;
});

afterAll(() => server.stop());

describe('answers that are refused', () => {
  const text = (body: string, type = 'application/json', headers: Record<string, string> = {}): Handler => (_request, response) => {
    response.writeHead(200, { 'content-type': type, ...headers });
    response.end(body);
  };
  const redirect = (status: number): Handler => (_request, response) => {
    response.writeHead(status, { location: 'https://127.0.0.1:1/latest/meta-data/' });
    response.end(BODY);
  };

  test.each([
    { because: 'a redirect leads anywhere', handler: redirect(307), code: 'HUB_REDIRECT_REFUSED' },
    { because: 'a permanent redirect too', handler: redirect(301), code: 'HUB_REDIRECT_REFUSED' },
    { because: 'a login page', handler: text(`<html>${BODY}`, 'text/html'), code: 'HUB_ANSWER_MALFORMED' },
    { because: 'no JSON', handler: text(`{"${BODY}`), code: 'HUB_ANSWER_MALFORMED' },
    { because: 'nothing', handler: text(''), code: 'HUB_ANSWER_MALFORMED' },
    { because: 'another encoding was not asked for', handler: text(BODY, 'application/json', { 'content-encoding': 'gzip' }), code: 'HUB_ANSWER_MALFORMED' },
    { because: 'a number', handler: text('5'), code: 'HUB_ANSWER_MALFORMED' },
    { because: 'another kind', handler: json({ ...clusterOf('c1'), kind: BODY }), code: 'HUB_ANSWER_MALFORMED' },
    { because: 'another object', handler: json(clusterOf('c2')), code: 'HUB_ANSWER_MALFORMED' },
    { because: 'no name', handler: json({ kind: 'ManagedCluster', metadata: {} }), code: 'HUB_ANSWER_MALFORMED' },
    { because: 'metadata that is none', handler: json({ kind: 'ManagedCluster', metadata: [BODY] }), code: 'HUB_ANSWER_MALFORMED' },
    { because: 'over 4 MiB for one object', handler: text(`{"a":"${'x'.repeat(4 * 1024 * 1024)}"}`), code: 'HUB_ANSWER_TOO_LARGE' },
  ])('$code: $because', async ({ handler, code }) => {
    server.handler = handler;
    expect((await errorOf(clientFor().get(managedCluster, { name: 'c1' }))).code).toBe(code);
  });

  test.each([
    { because: 'another list', answer: { ...listOf([]), kind: 'SecretList' } },
    { because: 'items that are none', answer: listOf({ [BODY]: 1 }) },
    { because: 'an item that is none', answer: listOf([BODY]) },
    { because: 'an item of another kind', answer: listOf([{ kind: 'Secret', metadata: { name: 'a' } }]) },
    { because: 'no version', answer: listOf([], {}) },
  ])('HUB_ANSWER_MALFORMED: a list that holds $because', async ({ answer }) => {
    server.handler = json(answer);
    expect((await errorOf(clientFor().list(managedCluster))).code).toBe('HUB_ANSWER_MALFORMED');
  });

  test('an endless page is cut at 32 MiB, though no length was announced', async () => {
    let sent = 0;
    server.handler = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const chunk = Buffer.alloc(1024 * 1024, 0x20);
      const pump = (): void => {
        if (response.stream.destroyed || sent > 300 * chunk.length) return;
        sent += chunk.length;
        response.write(chunk, pump);
      };
      pump();
    };
    expect((await errorOf(clientFor().list(managedCluster))).code).toBe('HUB_ANSWER_TOO_LARGE');
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  test('an answer without content where metadata alone was asked for is not taken for it', async () => {
    server.handler = json({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'token', namespace: 'c1' }, data: { token: BODY } });
    expect((await errorOf(clientFor().get(secret, { namespace: 'c1', name: 'token' }, { metadataOnly: true }))).code).toBe('HUB_ANSWER_MALFORMED');
  });
});

describe('metadata of the wrong shape', () => {
  test('what is of another type than it claims is left out, the rest stays', async () => {
    const metadata = {
      name: 'c1', labels: { good: 'yes', bad: 5, __proto__x: 'z' }, annotations: 'none', finalizers: ['a', 5], ownerReferences: [{ name: 'x' }, null], generation: '3',
      managedFields: [null, { manager: 'm' }], resourceVersion: 5, creationTimestamp: '2026-01-01T00:00:00Z',
    };
    server.handler = json({ kind: 'ManagedCluster', metadata, spec: 'text', status: [1] });
    const expected: KubeObject = {
      apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', spec: 'text', status: [1],
      metadata: { name: 'c1', labels: { good: 'yes', __proto__x: 'z' }, finalizers: ['a'], ownerReferences: [], managedFields: [{ manager: 'm' }], creationTimestamp: '2026-01-01T00:00:00Z' },
    };
    expect(await clientFor().get(managedCluster, { name: 'c1' })).toEqual(expected);
  });

  test('a Secret without data, or with data that is none', async () => {
    server.handler = json({ kind: 'Secret', metadata: { name: 's', namespace: 'n' }, data: 'x', type: 5 });
    expect(await clientFor().get(secret, { namespace: 'n', name: 's' })).toEqual({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'n' } });
  });
});

describe('refusals of the hub', () => {
  test.each([
    { status: 400, reason: 'BadRequest', code: 'KUBE_INVALID' },
    { status: 401, reason: 'Unauthorized', code: 'HUB_UNAUTHORIZED' },
    { status: 403, reason: 'Forbidden', code: 'HUB_FORBIDDEN' },
    { status: 404, reason: 'NotFound', code: 'KUBE_NOT_FOUND' },
    { status: 405, reason: 'MethodNotAllowed', code: 'KUBE_INVALID' },
    { status: 409, reason: 'AlreadyExists', code: 'KUBE_ALREADY_EXISTS' },
    { status: 409, reason: 'Conflict', code: 'KUBE_CONFLICT' },
    { status: 410, reason: 'Expired', code: 'KUBE_GONE' },
    { status: 413, reason: 'RequestEntityTooLarge', code: 'KUBE_INVALID' },
    { status: 422, reason: 'Invalid', code: 'KUBE_INVALID' },
    { status: 429, reason: 'TooManyRequests', code: 'HUB_BUSY_THROTTLED' },
    { status: 500, reason: 'InternalError', code: 'HUB_SERVER_ERROR' },
    { status: 503, reason: 'ServiceUnavailable', code: 'HUB_SERVER_ERROR' },
    { status: 504, reason: 'Timeout', code: 'HUB_TIMEOUT' },
  ])('HTTP $status $reason is $code', async ({ status, reason, code }) => {
    server.handler = json(statusOf(status, reason, 'it was so'), status);
    const error = await errorOf(clientFor().create(managedCluster, { apiVersion: '', kind: '', metadata: { name: 'c1' } }));
    expect(error).toMatchObject({ code, details: { status, reason } });
    expect(error.message).toContain('it was so');
  });

  test('a refusal that is no Status tells its status alone', async () => {
    server.handler = (_request, response) => {
      response.writeHead(503, { 'content-type': 'text/html' });
      response.end(`<h1>${BODY}</h1>`);
    };
    expect((await errorOf(clientFor().get(managedCluster, { name: 'c1' }))).message).toBe('get managedclusters c1: HTTP 503');
  });

  test('a hub\u2019s words come bounded, on one line, without control or direction characters', async () => {
    server.handler = json(statusOf(422, 'Invalid', `first\nsecond\u001b[31m\u202eright\u0000${'x'.repeat(5000)}`), 422);
    const { message } = await errorOf(clientFor().get(managedCluster, { name: 'c1' }));
    expect(message).toContain('first second [31m right');
    expect(message.length).toBeLessThan(400);
  });

  test('a hub that sends our token back, plain or as base64, does not get it into a message', async () => {
    server.handler = json(statusOf(403, 'Forbidden', `token ${server.token} or ${Buffer.from(server.token).toString('base64')}`), 403);
    const { message } = await errorOf(clientFor().get(managedCluster, { name: 'c1' }));
    expect(message).toContain('[secret]');
    expect(message).not.toContain(Buffer.from(server.token).toString('base64').slice(0, 20));
  });

  test('the words about a Secret that was written are left out: they may quote it', async () => {
    server.handler = json(statusOf(422, 'Invalid', `data[token]: Invalid value: "${BODY}"`), 422);
    const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'n' }, stringData: { token: BODY } };
    expect((await errorOf(clientFor().create(secret, object))).message).toBe('create secrets n/s: HTTP 422 Invalid');
  });

  test('a reason that is no word is left out', async () => {
    server.handler = json(statusOf(403, `Bad\n${BODY}`, ''), 403);
    expect((await errorOf(clientFor().get(managedCluster, { name: 'c1' }))).details['reason']).toBeNull();
  });

  test.each([
    { because: 'seconds', headers: { 'retry-after': '7' }, ms: 7_000 },
    { because: 'a date, read against the answer\u2019s own', headers: { 'retry-after': 'Tue, 24 Nov 2026 12:00:30 GMT', date: 'Tue, 24 Nov 2026 12:00:00 GMT' }, ms: 30_000 },
    { because: 'a date of the past', headers: { 'retry-after': 'Tue, 24 Nov 2026 11:00:00 GMT', date: 'Tue, 24 Nov 2026 12:00:00 GMT' }, ms: null },
    { because: 'no hub may silence us for good', headers: { 'retry-after': '99999999999' }, ms: 3_600_000 },
    { because: 'nonsense', headers: { 'retry-after': 'soon' }, ms: null },
    { because: 'nothing', headers: {}, ms: null },
  ])('Retry-After: $because', async ({ headers, ms }) => {
    server.handler = json(statusOf(429, 'TooManyRequests', ''), 429, headers as Record<string, string>);
    expect((await errorOf(clientFor().list(managedCluster))).retryAfterMs).toBe(ms);
  });

  test('a Status may carry the seconds too', async () => {
    server.handler = json(statusOf(500, 'ServerTimeout', '', { details: { retryAfterSeconds: 3 } }), 500);
    expect((await errorOf(clientFor().list(managedCluster))).retryAfterMs).toBe(3_000);
  });
});

describe('names', () => {
  test.each(['..', '.', '', 'a/b', 'a%2fb', '../secrets/x', 'x'.repeat(254), 'a\nb'])('%j names no resource, and nothing is sent', async (name) => {
    const client = clientFor();
    expect((await errorOf(client.get(managedCluster, { name }))).code).toBe('KUBE_INVALID');
    expect((await errorOf(client.delete(secret, { namespace: name, name: 'x' }))).code).toBe('KUBE_INVALID');
    expect((await errorOf(client.list(secret, { namespace: name }))).code).toBe('KUBE_INVALID');
    expect(server.requests).toEqual([]);
  });

  test('a namespaced kind needs its namespace', async () => {
    const client = clientFor();
    expect((await errorOf(client.get(secret, { name: 'x' }))).code).toBe('KUBE_INVALID');
    expect((await errorOf(client.create(secret, { apiVersion: '', kind: '', metadata: { name: 'x' } }))).code).toBe('KUBE_INVALID');
  });

  test('what a path cannot hold is encoded', async () => {
    server.handler = json(clusterOf('a?b#c d'));
    await clientFor().get(managedCluster, { name: 'a?b#c d' });
    expect(server.requests[0]?.url).toBe('/apis/cluster.open-cluster-management.io/v1/managedclusters/a%3Fb%23c%20d');
  });
});

describe('addresses', () => {
  test('loopback is refused unless it is allowed, as a literal and behind a name', async () => {
    server.handler = json({ gitVersion: 'v1.34.4' });
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]']) {
      const connection = server.connection({ server: `https://${host}:${server.port}` });
      expect((await errorOf(clientFor(connection, { allowLoopback: false }).serverVersion())).code).toBe('HUB_ADDRESS_REFUSED');
    }
    expect(server.requests).toEqual([]);
    expect(await clientFor(server.connection({ server: `https://localhost:${server.port}` })).serverVersion()).toBe('v1.34.4');
  });

  test.each(['169.254.169.254', '[fe80::1]', '0.0.0.0', '[::ffff:169.254.169.254]', '[fd00:ec2::254]', '100.100.100.200', '2852039166'])('%s is refused always', async (host) => {
    expect((await errorOf(clientFor(server.connection({ server: `https://${host}` })).serverVersion())).code).toBe('HUB_ADDRESS_REFUSED');
  });

  test.each(['http://127.0.0.1', 'ftp://x', 'nonsense', 'https://user:pass@x', 'https://x?a=b', 'https://x#y'])('%s is no address of a hub', (url) => {
    expect(() => new HubClient(server.connection({ server: url }))).toThrow(expect.objectContaining({ code: 'HUB_ADDRESS_REFUSED' }));
  });

  test('a name that does not exist, a port where nobody listens', async () => {
    expect((await errorOf(clientFor(server.connection({ server: 'https://nowhere.invalid' })).serverVersion())).code).toBe('HUB_UNREACHABLE');
    expect(await errorOf(clientFor(server.connection({ server: 'https://127.0.0.1:1' })).serverVersion())).toMatchObject({ code: 'HUB_UNREACHABLE', details: { systemCode: 'ECONNREFUSED' } });
  });

  test('a path prefix stays before every path', async () => {
    server.handler = json({ gitVersion: 'v1.34.4' });
    await clientFor(server.connection({ server: `https://127.0.0.1:${server.port}/k8s/clusters/c-1/` })).serverVersion();
    expect(server.requests[0]?.url).toBe('/k8s/clusters/c-1/version');
  });
});

describe('TLS', () => {
  test.each([
    { because: 'it is signed by another', connection: async (): Promise<HubConnection> => server.connection({ caPem: (await TlsAuthority.create('other')).certPem }) },
    { because: 'no CA is given', connection: (): HubConnection => server.connection({ caPem: undefined }) },
    { because: 'it is for another name', connection: (): HubConnection => server.connection({ tlsServerName: 'api.example.com' }) },
  ])('a certificate is not trusted: $because', async ({ connection }) => {
    expect((await errorOf(clientFor(await connection()).serverVersion())).code).toBe('HUB_TLS_FAILED');
    expect(server.requests).toEqual([]);
  });

  test('NODE_TLS_REJECT_UNAUTHORIZED does not switch it off', async () => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      expect((await errorOf(clientFor(server.connection({ caPem: undefined })).serverVersion())).code).toBe('HUB_TLS_FAILED');
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
  });

  test('an expired certificate', async () => {
    const expired = await ScriptedServer.start(json({ gitVersion: 'v1.34.4' }), { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') });
    expect(await errorOf(clientFor(expired.connection()).serverVersion())).toMatchObject({ code: 'HUB_TLS_FAILED', details: { systemCode: 'CERT_HAS_EXPIRED' } });
    await expired.stop();
  });

  test('a server name of its own is verified instead of the host', async () => {
    const named = await ScriptedServer.start(json({ gitVersion: 'v1.34.4' }), { dnsNames: ['kubernetes'], addresses: [] });
    expect(await clientFor(named.connection({ tlsServerName: 'kubernetes' })).serverVersion()).toBe('v1.34.4');
    expect((await errorOf(clientFor(named.connection()).serverVersion())).code).toBe('HUB_TLS_FAILED');
    await named.stop();
  });
});

describe('time', () => {
  test('a hub that never answers, and one that stops in mid-answer', async () => {
    server.handler = () => undefined;
    expect((await errorOf(clientFor().get(managedCluster, { name: 'c1' }, { deadlineMs: 50 }))).code).toBe('HUB_TIMEOUT');
    server.handler = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{');
    };
    expect(await errorOf(clientFor().get(managedCluster, { name: 'c1' }, { deadlineMs: 50 }))).toMatchObject({ code: 'HUB_TIMEOUT', details: { calledOff: false } });
  });

  test('the caller may call it off', async () => {
    server.handler = () => undefined;
    const abort = new AbortController();
    const failed = errorOf(clientFor().get(managedCluster, { name: 'c1' }, { signal: abort.signal }));
    await until('it is asked', () => server.requests.length === 1);
    abort.abort();
    expect(await failed).toMatchObject({ code: 'HUB_TIMEOUT', details: { calledOff: true } });
  });
});

describe.each([{ http2: true, atMost: 1 }, { http2: false, atMost: 12 }])('connections, with HTTP/2 $http2', ({ http2, atMost }) => {
  test('200 calls share them', async () => {
    server.handler = json(clusterOf('c1'));
    const client = clientFor(server.connection(), { http2 });
    const before = server.connections;
    // A server allows 100 streams a connection.
    for (let wave = 0; wave < 4; wave += 1) await Promise.all(Array.from({ length: 50 }, () => client.get(managedCluster, { name: 'c1' })));
    expect(server.connections - before).toBeLessThanOrEqual(atMost);
    expect(server.requests).toHaveLength(200);
  });

  test('a read on a connection that was just cut is tried once more, a write is not', async () => {
    server.handler = json(clusterOf('c1'));
    const client = clientFor(server.connection(), { http2 });
    await client.get(managedCluster, { name: 'c1' });
    let cuts = 0;
    server.handler = (request, response) => {
      if (cuts === 0) server.cut();
      else json(clusterOf('c1'))(request, response);
      cuts += 1;
    };
    expect((await client.get(managedCluster, { name: 'c1' })).metadata.name).toBe('c1');
    expect(cuts).toBe(2);
    cuts = 0;
    expect((await errorOf(client.create(managedCluster, clusterOf('c1') as KubeObject))).code).toBe('HUB_UNREACHABLE');
    expect(cuts).toBe(1);
  });
});

describe('what is sent', () => {
  test('the user agent, the token, and what is asked for', async () => {
    server.handler = json(clusterOf('c1'));
    await clientFor(server.connection(), { userAgent: 'lifeboat/9 worker-a', defaultFieldManager: 'lifeboat-tokens' }).apply(managedCluster, { ...(clusterOf('c1') as KubeObject), kind: 'other' }, { force: true });
    expect(server.requests[0]).toMatchObject({
      method: 'PATCH',
      url: '/apis/cluster.open-cluster-management.io/v1/managedclusters/c1?fieldManager=lifeboat-tokens&force=true',
      headers: { authorization: `Bearer ${server.token}`, 'user-agent': 'lifeboat/9 worker-a', 'content-type': 'application/apply-patch+yaml' },
      body: expect.stringContaining('"kind":"ManagedCluster"'),
    });
  });

  test('reads over HTTP/2, what has a body over HTTP/1.1: called off on HTTP/2, it can hang the process', async () => {
    const versions: string[] = [];
    server.handler = (request, response) => {
      versions.push(`${request.method} ${request.httpVersion}`);
      json(clusterOf('c1'))(request, response);
    };
    const client = clientFor();
    await client.get(managedCluster, { name: 'c1' });
    await client.apply(managedCluster, clusterOf('c1') as KubeObject);
    expect(versions).toEqual(['GET 2.0', 'PATCH 1.1']);
  });

  test('a client certificate logs in by itself', async () => {
    server.handler = json({ gitVersion: 'v1.34.4' });
    const authority = await TlsAuthority.create('clients');
    const { certPem, keyPem } = await authority.issueClient('lifeboat');
    await clientFor(server.connection({ auth: { type: 'certificate', certPem, keyPem: new Secret(keyPem) } })).serverVersion();
    expect(server.requests[0]?.headers['authorization']).toBeUndefined();
  });
});

describe('watch', () => {
  const stream = (...steps: (string | Buffer | 'hang' | 'cut')[]): Handler => (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json;stream=watch' });
    for (const step of steps) {
      if (step === 'hang') return;
      if (step === 'cut') {
        response.stream.close(2);
        return;
      }
      response.write(step);
    }
    response.end();
  };
  const line = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;
  const bookmark = line('BOOKMARK', { kind: 'ManagedCluster', metadata: { resourceVersion: '99' } });

  async function watch(options: Partial<WatchOptions> = {}): Promise<WatchEvent[]> {
    const events: WatchEvent[] = [];
    for await (const event of clientFor().watch(managedCluster, { resourceVersion: '5', signal: AbortSignal.timeout(20_000), ...options })) events.push(event);
    return events;
  }

  test('it asks for bookmarks and an end between five and ten minutes', async () => {
    server.handler = stream();
    await watch({ labelSelector: 'a=b' });
    const parameters = new URL(server.requests[0]?.url ?? '', 'https://x').searchParams;
    expect(Object.fromEntries(parameters)).toMatchObject({ watch: 'true', resourceVersion: '5', allowWatchBookmarks: 'true', labelSelector: 'a=b' });
    expect(Number(parameters.get('timeoutSeconds'))).toBeGreaterThanOrEqual(300);
    expect(Number(parameters.get('timeoutSeconds'))).toBeLessThanOrEqual(600);
  });

  test('lines may be cut anywhere, inside a character too; an unfinished last one is dropped', async () => {
    const bytes = Buffer.from(line('ADDED', clusterOf('c1', { spec: { text: 'über' } })) + bookmark + line('DELETED', clusterOf('c1')).slice(0, -5));
    server.handler = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const send = (at: number): void => {
        if (at >= bytes.length) response.end();
        else response.write(bytes.subarray(at, at + 1), () => send(at + 1));
      };
      send(0);
    };
    expect(await watch()).toEqual([
      { type: 'ADDED', object: { apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name: 'c1', resourceVersion: '5' }, spec: { text: 'über' } } },
      { type: 'BOOKMARK', resourceVersion: '99' },
    ]);
  });

  test.each([
    { because: '410 in the stream', handler: stream(line('ERROR', statusOf(410, 'Expired', 'too old'))), code: 'KUBE_GONE' },
    { because: '410 as an answer', handler: json(statusOf(410, 'Gone', 'too old'), 410), code: 'KUBE_GONE' },
    { because: '429 in the stream', handler: stream(line('ERROR', statusOf(429, 'TooManyRequests', '', { details: { retryAfterSeconds: 2 } }))), code: 'HUB_BUSY_THROTTLED' },
    { because: '500 in the stream', handler: stream(line('ERROR', statusOf(500, 'InternalError', 'etcd'))), code: 'HUB_SERVER_ERROR' },
    { because: 'an error without a status', handler: stream(line('ERROR', { [BODY]: 1 })), code: 'HUB_SERVER_ERROR' },
    { because: 'no JSON', handler: stream(`${BODY}\n`), code: 'HUB_ANSWER_MALFORMED' },
    { because: 'an unknown type', handler: stream(line('OTHER', clusterOf('c1'))), code: 'HUB_ANSWER_MALFORMED' },
    { because: 'another kind', handler: stream(line('ADDED', { kind: 'Secret', metadata: { name: 'x' } })), code: 'HUB_ANSWER_MALFORMED' },
    { because: 'a bookmark without a version', handler: stream(line('BOOKMARK', {})), code: 'HUB_ANSWER_MALFORMED' },
    { because: 'a reset', handler: stream(bookmark, 'cut'), code: 'HUB_UNREACHABLE' },
    { because: 'an answer that is no stream of JSON', handler: json(statusOf(200, 'x', ''), 200, { 'content-type': 'text/plain' }), code: 'HUB_ANSWER_MALFORMED' },
  ])('$code: $because', async ({ handler, code }) => {
    server.handler = handler;
    expect((await errorOf(watch())).code).toBe(code);
  });

  test('a line without end is cut at 4 MiB', async () => {
    let sent = 0;
    server.handler = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const pump = (): void => {
        if (response.stream.destroyed || sent > 100 * 1024 * 1024) return;
        sent += 64 * 1024;
        response.write(Buffer.alloc(64 * 1024, 0x20), pump);
      };
      pump();
    };
    expect((await errorOf(watch())).code).toBe('HUB_ANSWER_TOO_LARGE');
    expect(sent).toBeLessThan(16 * 1024 * 1024);
  });

  test('silence is a timeout, and each byte starts it anew', async () => {
    server.handler = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      let left = 5;
      const tick = setInterval(() => {
        response.write(bookmark);
        left -= 1;
        if (left === 0) clearInterval(tick);
      }, 40);
    };
    const events: WatchEvent[] = [];
    const failed = errorOf((async () => {
      for await (const event of clientFor().watch(managedCluster, { resourceVersion: '5', signal: AbortSignal.timeout(20_000), silenceMs: 100 })) events.push(event);
    })());
    expect(await failed).toMatchObject({ code: 'HUB_TIMEOUT', details: { calledOff: false } });
    expect(events).toHaveLength(5);
  });

  test('time that the caller takes is no silence', async () => {
    server.handler = stream(bookmark, bookmark);
    const events: WatchEvent[] = [];
    for await (const event of clientFor().watch(managedCluster, { resourceVersion: '5', signal: AbortSignal.timeout(20_000), silenceMs: 50 })) {
      events.push(event);
      await new Promise((resolve) => setTimeout(resolve, 80));
    }
    expect(events).toHaveLength(2);
  });

  test('a caller who leaves the loop ends the stream on the hub too', async () => {
    let ended = 0;
    server.handler = (request, response) => {
      response.stream.on('close', () => (ended += 1));
      stream(bookmark, 'hang')(request, response);
    };
    for await (const event of clientFor().watch(managedCluster, { resourceVersion: '5', signal: AbortSignal.timeout(20_000) })) {
      expect(event.type).toBe('BOOKMARK');
      break;
    }
    await until('the stream is closed', () => ended === 1);
  });

  test('the signal ends it without an error', async () => {
    server.handler = stream(bookmark, 'hang');
    const abort = new AbortController();
    const events: WatchEvent[] = [];
    for await (const event of clientFor().watch(managedCluster, { resourceVersion: '5', signal: abort.signal })) {
      events.push(event);
      abort.abort();
    }
    expect(events).toHaveLength(1);
  });

  test('twenty watches share one connection', async () => {
    server.handler = stream('hang');
    const client = clientFor();
    const before = server.connections;
    const abort = new AbortController();
    const ended = Array.from({ length: 20 }, async () => {
      for await (const event of client.watch(managedCluster, { resourceVersion: '5', signal: abort.signal })) throw new Error(`unexpected ${event.type}`);
    });
    await until('all are open', () => server.requests.length === 20);
    expect(server.connections - before).toBe(1);
    abort.abort();
    await Promise.all(ended);
  });
});
