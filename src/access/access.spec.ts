import { Controller, Get, Post, Query } from '@nestjs/common';
import { Mutation, Resolver } from '@nestjs/graphql';
import { startHttpApp, type HttpApp } from '../../test/support/http-app.js';
import { Acts } from '../api/acts.decorator.js';
import { ApiKeysService } from './api-keys.service.js';
import { Public, Requires } from './requires.decorator.js';
import { AuditService } from './audit.service.js';
import { Sql } from '../database/sql.js';
import { until } from '../../test/support/until.js';

let http: HttpApp;
beforeAll(async () => { http = await startHttpApp(); });
afterAll(() => http.close());

test('the first admin key is made once, opens everything, and is made anew where none is good', async () => {
  const keys = http.app.get(ApiKeysService);
  const first = await keys.ensureFirstAdmin();
  expect(first).toMatch(/^lfb_first-admin-2026-11-24-[a-z0-9]{8}_/);
  expect(await keys.ensureFirstAdmin()).toBeNull();
  const { body } = await http.call('GET', '/api/v1/whoami', { key: first });
  expect(body['roles']).toEqual(['admin']);
  await keys.revoke(body['id'] as unknown as string, { actor: 'system' });
  const both = await Promise.all([keys.ensureFirstAdmin(), keys.ensureFirstAdmin()]);
  expect(both.filter((key) => key !== null)).toHaveLength(1);
});

test('what is done with keys is on record, without them', async () => {
  const made = await http.call('POST', '/api/v1/api-keys', {
    body: { name: 'recorded', roles: ['operator', 'operator'], expiresAt: '2027-01-01T01:00:00+01:00', reason: 'new portal', correlation: { number: 'CHG7' } }, headers: { 'idempotency-key': 'recorded' },
  });
  expect(made.body).toMatchObject({ roles: ['operator'], expiresAt: '2027-01-01T00:00:00.000Z', lastUsedAt: null, revokedAt: null });
  expect(made.headers.get('location')).toBe(`/api/v1/api-keys/${String(made.body['id'])}`);
  const subject = `api-key/${String(made.body['id'])}`;
  await http.call('DELETE', `/api/v1/api-keys/${String(made.body['id'])}`, { body: { reason: 'left' } });
  const { body } = await http.call('GET', `/api/v1/audit?subject=${subject}&sort=at`);
  expect(body['items']).toMatchObject([
    { action: 'api-key.create', subject, reason: 'new portal', correlation: { system: null, number: 'CHG7' }, details: { name: 'recorded', roles: ['operator', 'operator'] } },
    { action: 'api-key.revoke', subject, reason: 'left', correlation: null },
  ]);
  expect((await http.call('GET', '/api/v1/audit?correlationNumber=CHG7')).body['items']).toHaveLength(1);
});

test.each([
  { because: 'the name is taken', body: { name: 'taken', roles: ['viewer'] }, status: 409, code: 'API_KEY_NAME_TAKEN' },
  { because: 'it would be expired', body: { name: 'late', roles: ['viewer'], expiresAt: '2026-11-24T08:00:00Z' }, status: 422, code: 'API_KEY_EXPIRY_INVALID' },
  { because: 'it would be good for nothing', body: { name: 'idle', roles: [] }, status: 422, code: 'VALIDATION_FAILED' },
])('a key is refused: $because', async ({ body, status, code }) => {
  await http.call('POST', '/api/v1/api-keys', { body: { name: 'taken', roles: ['viewer'] }, headers: { 'idempotency-key': 'taken' } });
  expect(await http.call('POST', '/api/v1/api-keys', { body, headers: { 'idempotency-key': code } })).toMatchObject({ status, body: { code } });
});

test('the last use is kept to the minute: one write for many calls', async () => {
  const key = await http.keyOf('viewer');
  const { body: me } = await http.call('GET', '/api/v1/whoami', { key });
  const sql = http.app.get(Sql);
  const used = async () => (await sql.query<{ last_used_at: Date | null; v: string }>('SELECT last_used_at, xmin::text AS v FROM api_key WHERE id = $1', [me['id']]))[0]!;
  // Written behind the answer, so that nobody waits for it
  await until('the first use is recorded', async () => (await used()).last_used_at !== null);
  const before = await used();
  for (let n = 0; n < 5; n += 1) await http.call('GET', '/api/v1/whoami', { key });
  expect(await used()).toEqual(before);
  http.clock.advance(61_000);
  await http.call('GET', '/api/v1/whoami', { key });
  await until('the later use is recorded', async () => (await used()).last_used_at!.getTime() > before.last_used_at!.getTime());
});

test('lists of keys are paged by cursor, filtered and sorted', async () => {
  for (const name of ['list c', 'list a', 'list b']) await http.call('POST', '/api/v1/api-keys', { body: { name, roles: ['viewer'] }, headers: { 'idempotency-key': name } });
  const names: string[] = [];
  let path: string | null = '/api/v1/api-keys?name=LIST&sort=name&limit=2&count=true';
  while (path) {
    const { body } = await http.call('GET', path);
    const { items, page } = body as unknown as { items: { name: string }[]; page: { nextCursor: string | null; totalCount: number } };
    expect(page.totalCount).toBe(3);
    names.push(...items.map(({ name }) => name));
    path = page.nextCursor && `/api/v1/api-keys?name=LIST&sort=name&limit=2&count=true&cursor=${page.nextCursor}`;
  }
  expect(names).toEqual(['list a', 'list b', 'list c']);
  const { body } = await http.call('GET', '/api/v1/api-keys?name=LIST&limit=1&sort=name');
  const { nextCursor } = body['page'] as unknown as { nextCursor: string };
  expect(await http.call('GET', `/api/v1/api-keys?name=LIST&limit=1&sort=-name&cursor=${nextCursor}`)).toMatchObject({ status: 422, body: { code: 'CURSOR_INVALID' } });
  const graphql = await http.graphql('{ apiKeys(first: 2, filter: { name: "list" }, sort: NAME_DESC) { nodes { name } totalCount edges { cursor } pageInfo { hasNextPage endCursor } } }');
  expect(graphql.body).toMatchObject({ data: { apiKeys: { nodes: [{ name: 'list c' }, { name: 'list b' }], totalCount: 3, pageInfo: { hasNextPage: true } } } });
});

test('the record is only added to', async () => {
  await http.app.get(AuditService).record({ action: 'test.act', subject: 'test/1', by: { actor: 'system' } });
  const sql = http.app.get(Sql);
  await expect(sql.execute(`UPDATE audit_entry SET actor = 'nobody'`)).rejects.toThrow();
  await expect(sql.execute('DELETE FROM audit_entry')).rejects.toThrow();
});

describe('a gap is a failed start', () => {
  @Controller('gap')
  class WithoutPermission {
    @Get() read(): string { return 'x'; }
  }
  @Controller('gap')
  class PublicAndNot {
    @Get() @Public() @Requires('hub:read') read(): string { return 'x'; }
  }
  @Controller('gap')
  class WithoutSchema {
    @Get() @Requires('hub:read') read(@Query() query: object): object { return query; }
  }
  @Controller('gap')
  class ActsUnmarked {
    @Post() @Requires('hub:register') act(): string { return 'x'; }
  }
  @Resolver()
  class MutationWithoutPermission {
    @Mutation(() => String) @Acts() act(): string { return 'x'; }
  }
  @Resolver()
  class MutationUnmarked {
    @Mutation(() => String) @Requires('hub:register') act(): string { return 'x'; }
  }

  test.each([
    { because: 'a route without a permission', features: { controllers: [WithoutPermission] }, says: 'WithoutPermission.read names no permission' },
    { because: 'public and not', features: { controllers: [PublicAndNot] }, says: 'PublicAndNot.read is public and requires hub:read' },
    { because: 'input without a schema', features: { controllers: [WithoutSchema] }, says: 'WithoutSchema.read takes its QUERY without a schema' },
    { because: 'a POST that is not marked', features: { controllers: [ActsUnmarked] }, says: 'ActsUnmarked.act acts, and takes no Idempotency-Key' },
    { because: 'a mutation without a permission', features: { providers: [MutationWithoutPermission] }, says: 'MutationWithoutPermission.act names no permission' },
    { because: 'a mutation that is not marked', features: { providers: [MutationUnmarked] }, says: 'MutationUnmarked.act acts, and takes no Idempotency-Key' },
  ])('$because', async ({ features, says }) => {
    await expect(startHttpApp(features)).rejects.toThrow(says);
  });
});
