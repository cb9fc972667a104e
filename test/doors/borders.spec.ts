import { startHttpApp, type HttpApp } from '../support/http-app.js';
import { fakeFeatures } from './fake-features.js';

const PORTAL = 'https://portal.example';
const AT = new Date('2026-11-24T08:00:00Z');

describe('an origin that is named', () => {
  let http: HttpApp;
  beforeAll(async () => { http = await startHttpApp(fakeFeatures(), AT, { corsOrigins: [PORTAL] }); });
  afterAll(() => http.close());

  test('may ask, and read what comes with the answer', async () => {
    const asked = await http.call('OPTIONS', '/api/v1/hubs', { key: '', headers: { origin: PORTAL, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,idempotency-key' } });
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-origin')).toBe(PORTAL);
    expect(asked.headers.get('access-control-allow-headers')).toContain('Idempotency-Key');
    const { status, headers } = await http.call('GET', '/api/v1/hubs', { headers: { origin: PORTAL } });
    expect(status).toBe(200);
    expect(headers.get('access-control-allow-origin')).toBe(PORTAL);
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    for (const name of ['Location', 'ETag', 'Link', 'Retry-After', 'Idempotency-Key', 'Deprecation', 'Sunset']) expect(headers.get('access-control-expose-headers')).toContain(name);
    const refused = await http.call('GET', '/api/v1/hubs', { key: '', headers: { origin: PORTAL } });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, PORTAL]);
  });

  test('another may not', async () => {
    const { headers } = await http.call('GET', '/api/v1/hubs', { headers: { origin: 'https://portal.example.evil' } });
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('a limit of requests', () => {
  let http: HttpApp;
  beforeAll(async () => { http = await startHttpApp(fakeFeatures(), AT, { requestsPerMinute: 3 }); });
  afterAll(() => http.close());

  test('holds for each key by itself, through both doors', async () => {
    const statuses: number[] = [];
    const viewer = await http.keyOf('viewer');
    const other = await http.keyOf('operator');
    for (let n = 0; n < 3; n++) statuses.push((await http.call('GET', '/api/v1/hubs', { key: viewer })).status);
    const refused = await http.call('GET', '/api/v1/hubs', { key: viewer });
    expect([...statuses, refused.status]).toEqual([200, 200, 200, 429]);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(refused.body).toMatchObject({ code: 'RATE_LIMITED', perMinute: 3 });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await http.graphql('{ whoami { id } }', { key: viewer })).status).toBe(429);
    expect((await http.call('GET', '/api/v1/hubs', { key: other })).status).toBe(200);
  });
});

test('without either being set, no page of another site may call, and nobody is told to wait', async () => {
  const http = await startHttpApp(fakeFeatures());
  const { headers } = await http.call('GET', '/api/v1/hubs', { headers: { origin: PORTAL } });
  expect([headers.get('access-control-allow-origin'), headers.get('x-ratelimit-limit')]).toEqual([null, null]);
  await http.close();
});
