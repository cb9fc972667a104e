import { readFileSync } from 'node:fs';
import { startHttpApp, type HttpApp } from '../support/http-app.js';

let http: HttpApp;
beforeAll(async () => { http = await startHttpApp(); });
afterAll(() => http.close());

test.each([
  { because: 'the page of a code', path: '/problems/HUB_BUSY', file: 'HUB_BUSY' },
  { because: 'as the pages link to each other', path: '/problems/HUB_BUSY.md', file: 'HUB_BUSY' },
  { because: 'the index', path: '/problems', file: 'README' },
])('$path: $because, without a key', async ({ path, file }) => {
  const answer = await http.call('GET', path, { key: null });
  expect(answer.status).toBe(200);
  expect(answer.text).toBe(readFileSync(new URL(`../../docs/problems/${file}.md`, import.meta.url), 'utf8'));
  expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
});

test.each([
  { because: 'there is no such code', path: '/problems/NO_SUCH_CODE' },
  { because: 'a way out of the folder', path: '/problems/..%2F..%2Fpackage.json' },
  { because: 'another spelling', path: '/problems/hub_busy' },
])('$path: $because', async ({ path }) => {
  expect(await http.call('GET', path, { key: null })).toMatchObject({ status: 404, body: { code: 'ROUTE_NOT_FOUND' } });
});

test('a problem leads to its page, through both doors', async () => {
  const rest = await http.call('GET', '/api/v1/whoami', { key: null });
  expect(rest.body).toMatchObject({ code: 'UNAUTHENTICATED', docsUrl: '/problems/UNAUTHENTICATED' });
  const graphql = await http.graphql('{ whoami { name } }', { key: null });
  expect(graphql.text).toContain('"docsUrl":"/problems/UNAUTHENTICATED"');
  expect((await http.call('GET', String(rest.body['docsUrl']), { key: null })).status).toBe(200);
});
