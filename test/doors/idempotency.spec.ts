import { Sql } from '../../src/database/sql.js';
import { IdempotencyService } from '../../src/api/idempotency.service.js';
import { startHttpApp, type Answer, type HttpApp } from '../support/http-app.js';
import { until } from '../support/until.js';
import { fakeFeatures, ids } from './fake-features.js';

let http: HttpApp;
const features = fakeFeatures();
const { failovers, calls } = features;

beforeAll(async () => { http = await startHttpApp(features); });
afterAll(() => http.close());
beforeEach(() => {
  calls.made.length = 0;
  failovers.busy = false;
  failovers.gate = null;
});

const body = { kind: 'DISASTER', reason: 'fire', correlation: { number: 'CHG0001' } };
const start = (idempotencyKey: string | null, more: { body?: unknown; key?: string; plan?: string } = {}): Promise<Answer> =>
  http.call('POST', `/api/v1/plans/${more.plan ?? ids.plan}/failovers`, { body: more.body ?? body, ...(more.key ? { key: more.key } : {}), headers: idempotencyKey === null ? {} : { 'idempotency-key': idempotencyKey } });
const MUTATION = 'mutation Start($input: StartFailoverInput!) { startFailover(input: $input) { clientMutationId failover { id status createdAt } } }';
const startByGraphQL = (input: object, headers: Record<string, string> = {}): Promise<Answer> => http.graphql(MUTATION, { variables: { input: { planId: ids.plan, kind: 'DISASTER', reason: 'fire', ...input } }, headers });

test.each([
  { because: 'there is none', key: null },
  { because: 'it is empty', key: '' },
  { because: 'it is too long', key: 'x'.repeat(256) },
])('a key is required: $because', async ({ key }) => {
  expect(await start(key)).toMatchObject({ status: 400, body: { code: 'IDEMPOTENCY_KEY_REQUIRED', type: 'urn:lifeboat:problem:IDEMPOTENCY_KEY_REQUIRED' } });
  expect(calls.made).toEqual([]);
});

test('the same key and body: the first answer, and one effect', async () => {
  const first = await start('same');
  const second = await start('same', { body: { correlation: { number: 'CHG0001' }, reason: 'fire', kind: 'DISASTER' } }); // the order of fields is nothing
  expect(second.text).toBe(first.text);
  expect({ ...second, headers: null }).toEqual({ ...first, headers: null });
  expect([first.headers.get('idempotent-replayed'), second.headers.get('idempotent-replayed')]).toEqual([null, 'true']);
  expect(second.headers.get('location')).toBe(first.headers.get('location'));
  expect(calls.of('failovers.start')).toHaveLength(1);
});

test('the same key and another body, or another plan: refused', async () => {
  await start('reused');
  const wanted = { status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } };
  expect(await start('reused', { body: { ...body, reason: 'flood' } })).toMatchObject(wanted);
  expect(await start('reused', { plan: ids.nothing })).toMatchObject(wanted);
  expect(calls.of('failovers.start')).toHaveLength(1);
});

test('the same key of another caller, or for another operation, is another key', async () => {
  await start('shared');
  await start('shared', { key: await http.keyOf('operator') });
  expect(calls.of('failovers.start')).toHaveLength(2);
  expect((await http.call('POST', `/api/v1/failovers/${ids.failover}/abort`, { body: { reason: 'r' }, headers: { 'idempotency-key': 'shared' } })).status).toBe(200);
});

test('fifty at once: one effect, one answer', async () => {
  let open = (): void => undefined;
  failovers.gate = new Promise((resolve) => (open = resolve));
  let toldToWait = 0;
  const all = Array.from({ length: 50 }, () => start('race').then((answer) => {
    if (answer.status === 409) toldToWait += 1;
    return answer;
  }));
  await until('one of them has got through', () => calls.of('failovers.start').length > 0);
  await until('the others have been told to wait', () => toldToWait === 49);
  open();
  const answers = await Promise.all(all);
  const done = answers.filter(({ status }) => status === 202);
  const waiting = answers.filter(({ status }) => status === 409);
  expect(done.length + waiting.length).toBe(50);
  expect(new Set(done.map(({ text }) => text)).size).toBe(1);
  for (const one of waiting) expect({ code: one.body['code'], retryAfter: Number(one.headers.get('retry-after')) }).toEqual({ code: 'IDEMPOTENCY_IN_PROGRESS', retryAfter: expect.any(Number) });
  expect(calls.of('failovers.start')).toHaveLength(1);
  expect((await start('race')).headers.get('idempotent-replayed')).toBe('true');
});

test('a refusal is an answer, and is told again', async () => {
  failovers.busy = true;
  const first = await start('refused');
  failovers.busy = false;
  const second = await start('refused');
  expect(first).toMatchObject({ status: 409, body: { code: 'HUB_BUSY', sourceHubId: ids.hub } });
  expect(second.headers.get('idempotent-replayed')).toBe('true');
  const withoutRequest = ({ requestId: _, ...rest }: Answer['body']): object => rest;
  expect({ status: second.status, body: withoutRequest(second.body) }).toEqual({ status: first.status, body: withoutRequest(first.body) });
  expect(calls.of('failovers.start')).toHaveLength(1);
});

test('what breaks is not stored: the same key may try again', async () => {
  failovers.gate = Promise.reject(new Error('the database blinked'));
  failovers.gate.catch(() => undefined);
  expect(await start('broken')).toMatchObject({ status: 500, body: { code: 'INTERNAL' } });
  failovers.gate = null;
  const second = await start('broken');
  expect({ status: second.status, replayed: second.headers.get('idempotent-replayed') }).toEqual({ status: 202, replayed: null });
});

test('input that breaks a rule is not stored either', async () => {
  expect((await start('typo', { body: { kind: 'DISASTER', raeson: 'fire' } })).status).toBe(422);
  expect((await start('typo')).status).toBe(202);
});

test('a process that died in between: its lock runs out, then the same request acts', async () => {
  await start('orphan');
  const sql = http.app.get(Sql);
  const set = (lockedUntil: string) => sql.execute(`UPDATE idempotency_key SET state = 'RUNNING', http_status = NULL, response = NULL, locked_until = now() + interval '${lockedUntil}' WHERE key = 'orphan'`);
  await set('20 seconds');
  expect(await start('orphan')).toMatchObject({ status: 409, body: { code: 'IDEMPOTENCY_IN_PROGRESS' } });
  await set('-1 second');
  expect(await start('orphan', { body: { ...body, reason: 'flood' } })).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
  expect((await start('orphan')).status).toBe(202);
  const [first, second] = calls.of('failovers.start') as [[{ id: string }], [{ id: string }]];
  expect(second[0]).toEqual(first[0]); // the same id: the service answers what the dead process had begun
  expect(first[0].id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('answers are kept for seven days', async () => {
  await start('old');
  http.clock.advance(6.9 * 86_400_000);
  await http.app.get(IdempotencyService).sweep();
  expect((await start('old')).headers.get('idempotent-replayed')).toBe('true');
  http.clock.advance(0.2 * 86_400_000);
  await http.app.get(IdempotencyService).sweep();
  expect((await start('old')).headers.get('idempotent-replayed')).toBeNull();
  const [first, second] = calls.of('failovers.start') as [[{ id: string }], [{ id: string }]];
  expect(second[0].id).not.toBe(first[0].id); // another request, though it looks the same
});

describe('through GraphQL', () => {
  test('a key is required, from the header or as clientMutationId', async () => {
    expect((await startByGraphQL({})).body).toMatchObject({ errors: [{ extensions: { code: 'IDEMPOTENCY_KEY_REQUIRED' } }] });
    expect((await startByGraphQL({}, { 'idempotency-key': 'g1' })).body).toMatchObject({ data: { startFailover: { clientMutationId: null, failover: { id: ids.failover } } } });
    expect((await startByGraphQL({ clientMutationId: 'g2' })).body).toMatchObject({ data: { startFailover: { clientMutationId: 'g2' } } });
    expect(calls.of('failovers.start')).toHaveLength(2);
    const [first, second] = calls.of('failovers.start') as [[{ id: string }], [{ id: string }]];
    expect(second[0].id).not.toBe(first[0].id);
  });

  test('the same key: the first answer, whichever way it is named', async () => {
    const first = await startByGraphQL({ clientMutationId: 'g3' });
    const second = await startByGraphQL({ clientMutationId: 'g3' });
    expect(second.text).toBe(first.text);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    const third = await startByGraphQL({}, { 'idempotency-key': 'g3' });
    expect(third.body).toMatchObject({ data: { startFailover: { failover: { id: ids.failover } } } });
    expect(calls.of('failovers.start')).toHaveLength(1);
  });

  test('other content, refusals', async () => {
    failovers.busy = true;
    expect((await startByGraphQL({ clientMutationId: 'g4' })).body).toMatchObject({ errors: [{ extensions: { code: 'HUB_BUSY' } }] });
    failovers.busy = false;
    expect((await startByGraphQL({ clientMutationId: 'g4' })).body).toMatchObject({ errors: [{ extensions: { code: 'HUB_BUSY' } }] });
    expect((await startByGraphQL({ clientMutationId: 'g4', reason: 'flood' })).body).toMatchObject({ errors: [{ extensions: { code: 'IDEMPOTENCY_KEY_REUSED' } }] });
  });
});

test('a key that is shown once is stored nowhere: a repetition leaves it out', async () => {
  const make = () => http.call('POST', '/api/v1/api-keys', { body: { name: 'once', roles: ['viewer'] }, headers: { 'idempotency-key': 'once' } });
  const [first, second] = [await make(), await make()];
  const secret = first.body['key'] as unknown as string;
  expect(secret).toMatch(/^lfb_once-[a-z0-9]{8}_[A-Za-z0-9_-]{49}$/);
  expect(second.status).toBe(201);
  expect({ ...second.body, key: secret }).toEqual(first.body);
  expect(second.body).not.toHaveProperty('key');

  const makeToo = () => http.graphql('mutation { createApiKey(input: { name: "twice", roles: [viewer], clientMutationId: "twice" }) { key apiKey { id } } }');
  const [third, fourth] = [await makeToo(), await makeToo()];
  const other = (third.body['data'] as unknown as { createApiKey: { key: string } }).createApiKey.key;
  expect((fourth.body['data'] as unknown as { createApiKey: { key: null } }).createApiKey.key).toBeNull();

  const rows = await http.app.get(Sql).query<{ everything: string }>(
    `SELECT (SELECT string_agg(k::text, '') FROM idempotency_key k) || (SELECT string_agg(a::text, '') FROM api_key a) || (SELECT string_agg(e::text, '') FROM audit_entry e) AS everything`,
  );
  const secretPart = (key: string): string => key.split('_').slice(2).join('_');
  expect(rows[0]!.everything).toContain('once-');
  expect(rows[0]!.everything).not.toContain(secretPart(secret));
  expect(rows[0]!.everything).not.toContain(secretPart(other));
});
