import { connect } from 'node:net';
import { getIntrospectionQuery } from 'graphql';
import { startHttpApp, type HttpApp } from '../support/http-app.js';
import { fakeFeatures, ids } from './fake-features.js';

let http: HttpApp;
const features = fakeFeatures();
beforeAll(async () => { http = await startHttpApp(features); });
afterAll(() => http.close());
beforeEach(() => { features.calls.made.length = 0; });

const MIB = 1_048_576;
const json = (body: string, headers: Record<string, string> = {}) => ({ body, headers: { 'idempotency-key': 'bad', ...headers } });

test.each([
  { because: 'no JSON', method: 'POST', path: '/hubs', ...json('{"name":'), status: 400, code: 'BODY_UNREADABLE' },
  { because: 'a proto key', method: 'POST', path: '/hubs', ...json('{"__proto__":{"admin":true},"name":"x"}'), status: 400, code: 'BODY_UNREADABLE' },
  { because: 'a MiB of junk', method: 'POST', path: '/hubs', ...json('x'.repeat(MIB + 1)), status: 413, code: 'BODY_TOO_LARGE' },
  { because: 'a MiB of JSON', method: 'POST', path: '/hubs', ...json(JSON.stringify({ name: 'x'.repeat(MIB) })), status: 413, code: 'BODY_TOO_LARGE' },
  { because: 'a form', method: 'POST', path: '/hubs', ...json('name=x', { 'content-type': 'application/x-www-form-urlencoded' }), status: 415, code: 'MEDIA_TYPE_UNSUPPORTED' },
  { because: 'plain text', method: 'POST', path: '/hubs', ...json('{}', { 'content-type': 'text/plain' }), status: 415, code: 'MEDIA_TYPE_UNSUPPORTED' },
  { because: 'YAML', method: 'POST', path: '/hubs', ...json('a: 1', { 'content-type': 'application/yaml' }), status: 415, code: 'MEDIA_TYPE_UNSUPPORTED' },
  { because: 'a list instead of an object', method: 'POST', path: '/hubs', ...json('[]'), status: 422, code: 'VALIDATION_FAILED' },
  { because: 'nothing at all', method: 'POST', path: '/hubs', ...json(''), status: 422, code: 'VALIDATION_FAILED' },
  { because: 'an id that is none', method: 'GET', path: '/hubs/1', body: undefined, headers: {}, status: 422, code: 'VALIDATION_FAILED' },
  { because: 'an SQL injection as an id', method: 'GET', path: `/hubs/${encodeURIComponent("1' OR '1'='1")}`, body: undefined, headers: {}, status: 422, code: 'VALIDATION_FAILED' },
  { because: 'a URL that cannot be decoded', method: 'GET', path: '/hubs/%E0%A4%A', body: undefined, headers: {}, status: 400, code: 'URL_UNREADABLE' },
  { because: 'a part of the path that is too long', method: 'GET', path: `/hubs/${'x'.repeat(2000)}`, body: undefined, headers: {}, status: 404, code: 'ROUTE_NOT_FOUND' },
  { because: 'no such path', method: 'GET', path: '/nothing', body: undefined, headers: {}, status: 404, code: 'ROUTE_NOT_FOUND' },
  { because: 'no such method', method: 'DELETE', path: '/whoami', body: undefined, headers: {}, status: 404, code: 'ROUTE_NOT_FOUND' },
])('$because: $status $code', async ({ method, path, body, headers, status, code }) => {
  const answer = await http.call(method, `/api/v1${path}`, { body, headers: headers as Record<string, string> });
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(answer.body).toMatchObject({ type: `urn:lifeboat:problem:${code}`, status, code, title: expect.any(String), detail: expect.any(String), requestId: answer.headers.get('x-request-id') });
  expect(answer.status).toBe(status);
  expect(answer.text.length).toBeLessThan(4000);
  expect(answer.text).not.toMatch(/node_modules|\bat .*\.ts|x{600}/);
  expect(features.calls.made).toEqual([]);
});

const registration = { name: 'n', server: 'https://h:6443', token: 't' };

test.each([
  { because: 'a field that there is not', path: '/hubs', body: { ...registration, nmae: 'x' }, errors: [{ pointer: '/nmae', code: 'UNKNOWN_FIELD' }] },
  { because: 'each of them', path: '/hubs', body: { ...registration, a: 1, b: 2 }, errors: [{ pointer: '/a', code: 'UNKNOWN_FIELD' }, { pointer: '/b', code: 'UNKNOWN_FIELD' }] },
  { because: 'a field inside a field', path: '/hubs', body: { ...registration, correlation: { ticket: 'x' } }, errors: [{ pointer: '/correlation/ticket', code: 'UNKNOWN_FIELD' }] },
  { because: 'a wrong type', path: '/hubs', body: { ...registration, name: 1 }, errors: [{ pointer: '/name', code: 'WRONG_TYPE' }] },
  { because: 'a wrong type deep inside', path: '/api-keys', body: { name: 'k', roles: ['viewer', 'king'] }, errors: [{ pointer: '/roles/1', code: 'NOT_ONE_OF' }] },
  { because: 'a missing field', path: `/plans/${ids.plan}/failovers`, body: { kind: 'DISASTER' }, errors: [{ pointer: '/reason', code: 'REQUIRED' }] },
  { because: 'a reason of blanks', path: `/plans/${ids.plan}/failovers`, body: { kind: 'DISASTER', reason: '   ' }, errors: [{ pointer: '/reason', code: 'TOO_SMALL' }] },
  { because: 'a reason that is a book', path: `/plans/${ids.plan}/failovers`, body: { kind: 'DISASTER', reason: 'x'.repeat(2001) }, errors: [{ pointer: '/reason', code: 'TOO_BIG' }] },
  { because: 'a kind that there is not', path: `/plans/${ids.plan}/failovers`, body: { kind: 'PARTY', reason: 'r' }, errors: [{ pointer: '/kind', code: 'NOT_ONE_OF' }] },
  { because: 'two ways in at once', path: '/hubs', body: { ...registration, kubeconfig: 'k' }, errors: [{ pointer: '/kubeconfig', code: 'WRONG_VALUE' }] },
  { because: 'no way in', path: '/hubs', body: { name: 'n' }, errors: [{ pointer: '/kubeconfig', code: 'WRONG_VALUE' }] },
  { because: 'plain HTTP to a hub', path: '/hubs', body: { ...registration, server: 'http://h' }, errors: [{ pointer: '/server', code: 'WRONG_FORMAT' }] },
  { because: 'a link that runs a script', path: '/hubs', body: { ...registration, correlation: { url: 'javascript:alert(1)' } }, errors: [{ pointer: '/correlation/url', code: 'WRONG_FORMAT' }] },
  { because: 'a NUL, which PostgreSQL cannot hold', path: '/hubs', body: { ...registration, name: 'a\u0000b' }, errors: [{ pointer: '/name', code: 'UNSTORABLE_CHARACTER' }] },
  { because: 'half a character', path: '/hubs', body: '{"name":"\\ud800","server":"https://h:6443","token":"t"}', errors: [{ pointer: '/name', code: 'UNSTORABLE_CHARACTER' }] },
  { because: 'an objective out of range', path: '/plans', body: { name: 'p', sourceHubId: ids.hub, targetHubId: ids.otherHub, rpoSeconds: 1 }, errors: [{ pointer: '/rpoSeconds', code: 'TOO_SMALL' }] },
  { because: 'half a second', path: '/plans', body: { name: 'p', sourceHubId: ids.hub, targetHubId: ids.otherHub, rpoSeconds: 60.5 }, errors: [{ pointer: '/rpoSeconds', code: 'WRONG_TYPE' }] },
])('a body: $because', async ({ path, body, errors }) => {
  const answer = await http.call('POST', `/api/v1${path}`, { body, headers: { 'idempotency-key': 'bad' } });
  expect(answer.body).toMatchObject({ status: 422, code: 'VALIDATION_FAILED', errors });
  expect((answer.body['errors'] as unknown as unknown[]).length).toBe(errors.length);
  expect(features.calls.made).toEqual([]);
});

test('a thousand faults are told as the first fifty', async () => {
  const body = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`f${index}`, 1]));
  const answer = await http.call('POST', '/api/v1/hubs', { body: { ...registration, ...body }, headers: { 'idempotency-key': 'bad' } });
  expect((answer.body['errors'] as unknown as unknown[]).length).toBe(50);
});

test.each([
  { because: 'no page', query: 'limit=0' },
  { because: 'too much of a page', query: 'limit=201' },
  { because: 'half a row', query: 'limit=1.5' },
  { because: 'no number', query: 'limit=many' },
  { because: 'a sort that there is not', query: 'sort=password' },
  { because: 'a parameter that there is not', query: 'colour=red' },
  { because: 'a filter given twice', query: 'policy=OBSERVE&policy=PROTECT' },
  { because: 'a state that there is not', query: 'policy=HOPE' },
  { because: 'a NUL', query: 'name=%00' },
  { because: 'a flag that is none', query: 'count=yes' },
  { because: 'two places at once', query: 'cursor=x&before=y' },
  { because: 'a cursor that is a book', query: `cursor=${'x'.repeat(2001)}` },
])('a query: $because', async ({ query }) => {
  expect(await http.call('GET', `/api/v1/hubs?${query}`)).toMatchObject({ status: 422, body: { code: 'VALIDATION_FAILED' } });
  expect(features.calls.made).toEqual([]);
});

test('a cursor of another list, or of nobody', async () => {
  expect(await http.call('GET', '/api/v1/audit?cursor=nonsense')).toMatchObject({ status: 422, body: { code: 'CURSOR_INVALID' } });
});

test.each([
  { path: `/hubs/${ids.nothing}`, code: 'HUB_NOT_FOUND' },
  { path: `/hubs/${ids.nothing}/prerequisites`, code: 'HUB_NOT_FOUND' },
  { path: `/hubs/${ids.nothing}/readiness`, code: 'HUB_NOT_FOUND' },
  { path: `/clusters/${ids.nothing}`, code: 'CLUSTER_NOT_FOUND' },
  { path: `/clusters/${ids.nothing}/token-timeline`, code: 'CLUSTER_NOT_FOUND' },
  { path: `/clusters/${ids.nothing}/readiness`, code: 'CLUSTER_NOT_FOUND' },
  { path: `/tokens/${ids.nothing}`, code: 'TOKEN_NOT_FOUND' },
  { path: `/backup-sets/${ids.nothing}`, code: 'BACKUP_SET_NOT_FOUND' },
  { path: `/backup-sets/${ids.nothing}/tokens`, code: 'BACKUP_SET_NOT_FOUND' },
  { path: `/plans/${ids.nothing}`, code: 'PLAN_NOT_FOUND' },
  { path: `/plans/${ids.nothing}/readiness`, code: 'PLAN_NOT_FOUND' },
  { path: `/plans/${ids.nothing}/readiness/clusters`, code: 'PLAN_NOT_FOUND' },
  { path: `/plans/${ids.nothing}/objectives`, code: 'PLAN_NOT_FOUND' },
  { path: `/plans/${ids.nothing}/readiness/clusters/export`, code: 'PLAN_NOT_FOUND' },
  { path: `/plans/${ids.nothing}/readiness/groups`, code: 'PLAN_NOT_FOUND' },
  { path: `/plans/${ids.nothing}/target-paths`, code: 'PLAN_NOT_FOUND' },
  { path: `/plans/${ids.nothing}/acknowledgements`, code: 'PLAN_NOT_FOUND' },
  { path: `/plans/${ids.nothing}/recovery-points`, code: 'PLAN_NOT_FOUND' },
  { path: `/plans/${ids.nothing}/forecast`, code: 'PLAN_NOT_FOUND' },
  { path: `/plans/${ids.nothing}/what-if`, code: 'PLAN_NOT_FOUND' },
  { path: `/plans/${ids.nothing}/readiness/history`, code: 'PLAN_NOT_FOUND' },
  { path: `/plans/${ids.nothing}/readiness/changes`, code: 'PLAN_NOT_FOUND' },
  { path: `/plans/${ids.nothing}/readiness/change-groups?since=2026-11-24T07:00:00Z`, code: 'PLAN_NOT_FOUND' },
  { path: `/plans/${ids.nothing}/readiness/as-of?at=2026-11-24T07:00:00Z`, code: 'PLAN_NOT_FOUND' },
  { path: `/failovers/${ids.nothing}`, code: 'FAILOVER_NOT_FOUND' },
  { path: `/failovers/${ids.nothing}/events`, code: 'FAILOVER_NOT_FOUND' },
  { path: `/failovers/${ids.nothing}/imports`, code: 'FAILOVER_NOT_FOUND' },
  { path: `/failovers/${ids.failover}/imports/nobody`, code: 'IMPORT_NOT_FOUND' },
  { path: `/restores/${ids.nothing}`, code: 'RESTORE_NOT_FOUND' },
  { path: '/api-keys/nobody', code: 'API_KEY_NOT_FOUND' },
])('what does not exist: $path', async ({ path, code }) => {
  expect(await http.call('GET', `/api/v1${path}`)).toMatchObject({ status: 404, body: { code, instance: `/api/v1${path.split('?', 1)[0]}` } });
});

test.each([
  { because: 'events of nobody are no stream', path: `/failovers/${ids.nothing}/events`, status: 404 },
  { because: 'a place that is none', path: `/failovers/${ids.failover}/events?after=-1`, status: 422 },
])('$because', async ({ path, status }) => {
  const answer = await http.call('GET', `/api/v1${path}`, { headers: { accept: 'text/event-stream' } });
  expect({ status: answer.status, type: answer.headers.get('content-type') }).toEqual({ status, type: 'application/problem+json; charset=utf-8' });
});

describe('GraphQL', () => {
  const codes = (body: Record<string, unknown>): string[] => (body['errors'] as { extensions: { code: string } }[]).map(({ extensions }) => extensions.code);

  test.each([
    { because: 'the same rules hold', query: `mutation { startFailover(input: { planId: "${ids.plan}", kind: DISASTER, reason: "  ", clientMutationId: "b" }) { failover { id } } }`, code: 'VALIDATION_FAILED' },
    { because: 'an id that is none', query: '{ hub(id: "1") { id } }', code: 'VALIDATION_FAILED' },
    { because: 'an id that does not exist', query: `{ hub(id: "${ids.nothing}") { id } }`, code: 'HUB_NOT_FOUND' },
    { because: 'too much of a page', query: '{ hubs(first: 101) { nodes { id } } }', code: 'VALIDATION_FAILED' },
    { because: 'a NUL', query: '{ hubs(first: 1, filter: { name: "a\\u0000" }) { nodes { id } } }', code: 'VALIDATION_FAILED' },
    { because: 'two ways in', query: 'mutation { registerHub(input: { name: "n", kubeconfig: "k", token: "t", clientMutationId: "b" }) { hub { id } } }', code: 'VALIDATION_FAILED' },
    { because: 'no page size', query: '{ hubs { nodes { id } } }', code: 'VALIDATION_FAILED' },
    { because: 'forward and backward at once', query: '{ hubs(first: 1, last: 1) { nodes { id } } }', code: 'VALIDATION_FAILED' },
    { because: 'a page that goes forward from where it ends', query: '{ hubs(first: 1, before: "x") { nodes { id } } }', code: 'VALIDATION_FAILED' },
    { because: 'a field that there is not', query: '{ hubs(first: 1) { nodes { password } } }', code: 'GRAPHQL_VALIDATION_FAILED' },
    { because: 'an input field that there is not', query: 'mutation { createPlan(input: { nmae: "x" }) { plan { id } } }', code: 'GRAPHQL_VALIDATION_FAILED' },
    { because: 'no GraphQL', query: '{{{', code: 'GRAPHQL_PARSE_FAILED' },
    { because: '2,000 tokens are enough', query: `{ ${'__typename '.repeat(2001)} }`, code: 'GRAPHQL_PARSE_FAILED' },
    { because: '15 aliases are enough', query: `{ ${Array.from({ length: 16 }, (_, n) => `a${n}: __typename`).join(' ')} }`, code: 'GRAPHQL_VALIDATION_FAILED' },
    { because: 'a schema that is asked for in circles', query: `{ __schema { types { ${'fields { type { '.repeat(6)} name ${'} } '.repeat(6)} } } }`, code: 'GRAPHQL_VALIDATION_FAILED' },
    { because: 'cost 5,000 is enough', query: `{ failovers(first: 100) { nodes { id imports(first: 100) { nodes { cluster } } } } }`, code: 'GRAPHQL_VALIDATION_FAILED' },
    { because: 'a fragment that goes in circles', query: '{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }', code: 'GRAPHQL_VALIDATION_FAILED' },
    { because: 'a subscription over HTTP', query: `subscription { failoverEvents(id: "${ids.failover}") { type } }`, code: 'GRAPHQL_VALIDATION_FAILED' },
  ])('$because: $code', async ({ query, code }) => {
    const { body } = await http.graphql(query);
    expect(codes(body)).toContain(code);
    expect(features.calls.made.filter(({ service }) => !service.endsWith('getMany'))).toEqual([]);
    expect(JSON.stringify(body)).not.toMatch(/node_modules|stacktrace|Did you mean/);
  });

  test('variables of a wrong type are refused without being shown', async () => {
    const { body, text } = await http.graphql('mutation R($input: RegisterHubInput!) { registerHub(input: $input) { hub { id } } }', {
      variables: { input: { name: 'n', kubeconfig: { users: [{ token: 'top-secret' }] } } }, headers: { 'idempotency-key': 'b' },
    });
    expect(codes(body)).toEqual(['BAD_USER_INPUT']);
    expect(text).not.toContain('top-secret');
  });

  test.each([
    { because: 'a batch', path: '/graphql', method: 'POST', body: [{ query: '{ whoami { id } }' }, { query: '{ whoami { id } }' }], headers: {}, status: [400] },
    { because: 'a query in the URL, as a link could ask', path: '/graphql?query=%7Bwhoami%7Bid%7D%7D', method: 'GET', body: undefined, headers: {}, status: [400] },
    { because: 'a mutation in the URL', path: `/graphql?query=${encodeURIComponent('mutation { revokeApiKey(input: { id: "x" }) { apiKey { id } } }')}`, method: 'GET', body: undefined, headers: { 'apollo-require-preflight': '1' }, status: [405] },
    { because: 'a form, as another site could send', path: '/graphql', method: 'POST', body: 'query=%7Bwhoami%7Bid%7D%7D', headers: { 'content-type': 'application/x-www-form-urlencoded' }, status: [415] },
    { because: 'plain text', path: '/graphql', method: 'POST', body: '{"query":"{ whoami { id } }"}', headers: { 'content-type': 'text/plain' }, status: [415] },
    { because: 'a MiB of junk', path: '/graphql', method: 'POST', body: JSON.stringify({ query: 'x'.repeat(MIB) }), headers: {}, status: [413] },
    { because: 'pages in pages, by a variable', path: '/graphql', method: 'POST', body: { query: 'query ($n: Int!) { plans(first: $n) { nodes { clusterReadiness(first: $n) { nodes { cluster } } } } }', variables: { n: 100 } }, headers: {}, status: [400] },
    { because: 'nothing', path: '/graphql', method: 'POST', body: {}, headers: {}, status: [400] },
  ])('$because', async ({ path, method, body, headers, status }) => {
    const answer = await http.call(method, path, { body, headers: headers as Record<string, string> });
    expect(status).toContain(answer.status);
    expect(answer.text).not.toContain('"data":{');
    expect(answer.text).not.toMatch(/node_modules|stacktrace/);
  });

  test('the schema is told to those with a key, as every tool asks for it', async () => {
    const { status, body } = await http.graphql(getIntrospectionQuery(), { key: await http.keyOf('viewer') });
    expect({ status, errors: body['errors'] }).toEqual({ status: 200, errors: undefined });
  });
});

test('what is no HTTP at all gets no answer that tells anything', async () => {
  const { port, hostname } = new URL(http.url);
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write('\x16\x03\x01 nonsense\r\n\r\n'));
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('close', () => resolve(text));
  });
  expect(answer).toMatch(/^HTTP\/1\.1 400/);
});

test('headers: nothing is framed, guessed or kept', async () => {
  const { headers } = await http.call('GET', '/api/v1/whoami');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('x-powered-by')).toBeNull();
  expect(headers.get('strict-transport-security')).toBeNull();
});

test('one id leads through every log: that of the trace', async () => {
  const { headers } = await http.call('GET', '/api/v1/whoami', { headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' } });
  expect(headers.get('x-request-id')).toBe('0af7651916cd43dd8448eb211c80319c');
  const forged = await http.call('GET', '/api/v1/whoami', { headers: { traceparent: 'nonsense', 'x-request-id': 'forged' } });
  expect(forged.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
});
