import { startHttpApp, type HttpApp } from '../support/http-app.js';
import { fakeFeatures, ids } from './fake-features.js';

let http: HttpApp;

beforeAll(async () => {
  http = await startHttpApp(fakeFeatures());
});
afterAll(() => http.close());

test.each([`/plans/${ids.plan}/readiness`, '/clusters', `/plans/${ids.plan}/readiness/groups?by=VENDOR`])('what has not changed is told in few bytes: %s', async (path) => {
  const read = await http.call('GET', `/api/v1${path}`);
  const etag = read.headers.get('etag') ?? '';
  expect(etag).toMatch(/^"[\w-]{43}"$/);
  const again = await http.call('GET', `/api/v1${path}`, { headers: { 'if-none-match': `"other", W/${etag}` } });
  expect({ status: again.status, text: again.text, etag: again.headers.get('etag') }).toEqual({ status: 304, text: '', etag });
  expect((await http.call('GET', `/api/v1${path}`, { headers: { 'if-none-match': '"other"' } })).text).toBe(read.text);
});

test('a problem has no tag', async () => {
  const { status, headers } = await http.call('GET', `/api/v1/plans/${ids.nothing}/readiness`, { headers: { 'if-none-match': '*' } });
  expect({ status, etag: headers.get('etag') }).toEqual({ status: 404, etag: null });
});

test('a whole list as JSON Lines is made of the list\u2019s own items', async () => {
  const path = `/api/v1/plans/${ids.plan}/readiness/clusters`;
  const { body } = await http.call('GET', path);
  const { text, headers } = await http.call('GET', `${path}/export`);
  expect(headers.get('content-type')).toContain('application/jsonl');
  expect(headers.get('content-disposition')).toBe(`attachment; filename="readiness-${ids.plan}.jsonl"`);
  const lines = text.trimEnd().split('\n').map((line) => JSON.parse(line) as unknown);
  expect(lines).toHaveLength(2);
  expect(lines[0]).toEqual((body as unknown as { items: unknown[] }).items[0]);
});

test('and as CSV has a header line and a line a row', async () => {
  const { text, headers } = await http.call('GET', `/api/v1/plans/${ids.plan}/readiness/clusters/export?format=csv&verdict=NOT_READY`);
  expect(headers.get('content-type')).toContain('text/csv');
  const [head, first, second, end] = text.split('\r\n');
  expect(head).toBe('cluster,origin,verdict,code,predictedOutcome,cause,remedy,findings,since,computedAt');
  expect(first).toBe(second);
  expect(first).toContain('shop-1,IMPORTED,NOT_READY,TOKEN_MISSING,NO_TOKEN_RESTORED,There is none,Wake the agent,TOKEN_MISSING,');
  expect(end).toBe('');
});

test.each([
  ['a format that there is not', 'readiness/clusters/export?format=xml', '/format'],
  ['a grouping by a label that is not named', 'readiness/groups?by=LABEL', '/labelKey'],
])('%s is refused', async (_what, path, pointer) => {
  const { status, body } = await http.call('GET', `/api/v1/plans/${ids.plan}/${path}`);
  expect({ status, body }).toMatchObject({ status: 422, body: { code: 'VALIDATION_FAILED', errors: [{ pointer }] } });
});
