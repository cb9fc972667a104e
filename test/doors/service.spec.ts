import { readFileSync } from 'node:fs';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
beforeAll(async () => { service = await startTestService(); });
afterAll(() => service.close());

const get = (path: string, key: string | null = service.key): Promise<Response> => fetch(service.url + path, { headers: key === null ? {} : { authorization: `Bearer ${key}` } });

test('the whole service starts: every operation guarded, both doors open', async () => {
  expect(await (await get('/api/v1/whoami')).json()).toMatchObject({ roles: ['admin'] });
  for (const path of ['hubs', 'clusters', 'tokens', 'backup-schedules', 'backup-sets', 'plans', 'failovers', 'restores', 'audit', 'api-keys']) {
    const answer = await get(`/api/v1/${path}?count=true`);
    expect({ path, status: answer.status, body: await answer.json() }).toEqual({ path, status: 200, body: { items: expect.any(Array), page: { nextCursor: null, previousCursor: null, hasMore: false, totalCount: expect.any(Number) } } });
  }
  const query = '{ hubs(first: 1) { totalCount } clusters(first: 1) { totalCount } tokens(first: 1) { totalCount } backupSets(first: 1) { totalCount } plans(first: 1) { totalCount } failovers(first: 1) { totalCount } restores(first: 1) { totalCount } }';
  const answer = await fetch(`${service.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${service.key}` }, body: JSON.stringify({ query }) });
  expect(await answer.json()).toEqual({ data: Object.fromEntries(['hubs', 'clusters', 'tokens', 'backupSets', 'plans', 'failovers', 'restores'].map((name) => [name, { totalCount: 0 }])) });
});

test.each(['/livez', '/readyz'])('%s answers to anyone, and says nothing', async (path) => {
  const answer = await get(path, null);
  expect({ status: answer.status, body: await answer.json() }).toEqual({ status: 200, body: { status: 'ok' } });
});

test('/metrics is for those with a key', async () => {
  expect((await get('/metrics', null)).status).toBe(401);
  const answer = await get('/metrics');
  const text = await answer.text();
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
  expect(text).toContain('process_cpu_seconds_total');
  const told = [...text.matchAll(/^# HELP (lifeboat_\w+)/gm)].map(([, name]) => name);
  const documented = [...readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8').matchAll(/^\| `(lifeboat_\w+)`/gm)].map(([, name]) => name);
  expect(told.sort()).toEqual(documented.sort());
  expect(text).not.toContain('route="/api/v1/hubs/0'); // by route, never by id
});

test.each(['/playground', '/docs', '/openapi.json'])('%s is there for anyone, and holds no data', async (path) => {
  const answer = await get(path, null);
  expect(answer.status).toBe(200);
  expect(await answer.text()).not.toContain('lfb_first');
});

test('what is committed is what is served', async () => {
  const served = (await (await get('/openapi.json', null)).json()) as object;
  expect(JSON.parse(readFileSync(new URL('../../openapi/openapi.json', import.meta.url), 'utf8'))).toEqual(served);
});
