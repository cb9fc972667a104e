import { GraphQLSchemaHost } from '@nestjs/graphql';
import {
  isEnumType, isInputObjectType, isLeafType, isListType, isNonNullType, isObjectType, getNamedType,
  type GraphQLArgument, type GraphQLField, type GraphQLInputType, type GraphQLSchema,
} from 'graphql';
import { permissions, permissionsOf, roles, type Role } from '../../src/access/permissions.js';
import { openApiDocument } from '../../src/api/openapi-document.js';
import { startHttpApp, type HttpApp } from '../support/http-app.js';
import { fakeFeatures, ids } from './fake-features.js';
import { operations } from './operations.js';

let http: HttpApp;
let schema: GraphQLSchema;
let routes: { operationId: string; method: string; path: string }[];
const features = fakeFeatures();

beforeAll(async () => {
  http = await startHttpApp(features);
  schema = http.app.get(GraphQLSchemaHost).schema;
  routes = Object.entries(openApiDocument(http.app, '0').paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, { operationId: string }>).map(([method, { operationId }]) => ({ operationId, method: method.toUpperCase(), path })),
  );
});
afterAll(() => http.close());

const allowed = new Map(operations.flatMap(({ rest, graphql, roles: who }) => [...(rest ? [[`REST ${rest}`, who] as const] : []), ...(graphql ? [[`GraphQL ${graphql}`, who] as const] : [])]));

test('the table names every route, and no other', () => {
  expect(operations.flatMap(({ rest }) => rest ?? []).sort()).toEqual(routes.map(({ operationId }) => operationId).sort());
});

test('the table names every root field of GraphQL, and fields that exist', () => {
  const named = operations.flatMap(({ graphql }) => graphql ?? []);
  expect(named.filter((name) => !name.includes('.')).sort()).toEqual(rootFields().map(({ field }) => field.name).sort());
  for (const name of named.filter((one) => one.includes('.'))) {
    const [type, field] = name.split('.') as [string, string];
    const object = schema.getType(type);
    expect({ name, there: isObjectType(object) && object.getFields()[field] !== undefined }).toEqual({ name, there: true });
  }
});

test('what is behind a permission is behind a role', () => {
  expect(permissionsOf.admin).toEqual(permissions);
  for (const permission of permissions) expect(roles.some((role) => permissionsOf[role].includes(permission))).toBe(true);
});

describe.each(roles)('%s', (role: Role) => {
  test('REST lets in whom the table names, and nobody else', async () => {
    const key = await http.keyOf(role);
    const wrong: string[] = [];
    for (const { operationId, method, path } of routes) {
      const { status, body } = await http.call(method, concrete(path), { key });
      const refused = status === 403 && body['code'] === 'FORBIDDEN';
      if (refused === allowed.get(`REST ${operationId}`)!.includes(role)) wrong.push(`${operationId}: ${status} ${String(body['code'])}`);
    }
    expect(wrong).toEqual([]);
  });

  test('GraphQL likewise', async () => {
    const key = await http.keyOf(role);
    const wrong: string[] = [];
    for (const { kind, field } of rootFields().filter((one) => one.kind !== 'subscription')) {
      const { body } = await http.graphql(operationFor(kind, field), { key });
      const codes = codesOf(body);
      if (codes.includes('FORBIDDEN') === allowed.get(`GraphQL ${field.name}`)!.includes(role)) wrong.push(`${field.name}: ${JSON.stringify(body)}`);
      if (codes.includes('GRAPHQL_VALIDATION_FAILED')) wrong.push(`${field.name} was not reached: ${JSON.stringify(body)}`);
    }
    expect(wrong).toEqual([]);
  });
});

test.each<{ because: string; headers: Record<string, string> }>([
  { because: 'there is no header', headers: {} },
  { because: 'it is no key', headers: { authorization: 'Bearer nonsense' } },
  { because: 'basic authentication is none', headers: { authorization: 'Basic YWRtaW46YWRtaW4=' } },
  { because: 'the id is not known', headers: { authorization: 'Bearer lfb_nobody_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' } },
])('without a good key no operation answers: $because', async ({ headers }) => {
  for (const { method, path } of routes) {
    const { status, body } = await http.call(method, concrete(path), { key: null, headers });
    expect({ path, status, code: body['code'] }).toEqual({ path, status: 401, code: 'UNAUTHENTICATED' });
  }
  for (const query of ['{ whoami { id } }', '{ __schema { types { name } } }', '{ __typename }']) {
    const { status, body } = await http.graphql(query, { key: null, headers });
    expect({ query, status, codes: codesOf(body), data: body['data'] }).toEqual({ query, status: 401, codes: ['UNAUTHENTICATED'], data: undefined });
  }
  for (const path of ['/api/v1/nothing', '/metrics', '/api/v1']) expect([401, 404]).toContain((await http.call('GET', path, { key: null, headers })).status);
});

test('an expired and a revoked key open nothing, from that moment on', async () => {
  const created = await http.call('POST', '/api/v1/api-keys', { body: { name: 'short', roles: ['viewer'], expiresAt: '2026-11-24T09:00:00Z' }, headers: { 'idempotency-key': 'short' } });
  const key = created.body['key'] as unknown as string;
  expect((await http.call('GET', '/api/v1/whoami', { key })).status).toBe(200);
  http.clock.advance(3_600_000);
  expect((await http.call('GET', '/api/v1/whoami', { key })).status).toBe(401);

  const other = await http.keyOf('viewer', 'approver');
  const { body } = await http.call('GET', '/api/v1/whoami', { key: other });
  const id = body['id'] as unknown as string;
  expect((await http.call('DELETE', `/api/v1/api-keys/${id}`, { body: { reason: 'left' } })).body).toMatchObject({ id, revokedAt: '2026-11-24T09:00:00.000Z' });
  expect((await http.call('GET', '/api/v1/whoami', { key: other })).status).toBe(401);
  expect((await http.graphql('{ whoami { id } }', { key: other })).status).toBe(401);
});

test('a key of several roles may what any of them may', async () => {
  const key = await http.keyOf('operator', 'approver');
  const { body } = await http.call('GET', '/api/v1/whoami', { key });
  expect(body['permissions']).toEqual(permissions.filter((one) => permissionsOf.operator.includes(one) || permissionsOf.approver.includes(one)));
});

function concrete(path: string): string {
  return path.replace('{planId}', ids.plan).replace('{cluster}', 'shop-1').replace(/\{\w+\}/g, ids.nothing);
}

function rootFields(): { kind: 'query' | 'mutation' | 'subscription'; field: GraphQLField<unknown, unknown> }[] {
  const of = (kind: 'query' | 'mutation' | 'subscription', type = { query: schema.getQueryType(), mutation: schema.getMutationType(), subscription: schema.getSubscriptionType() }[kind]) =>
    Object.values(type?.getFields() ?? {}).map((field) => ({ kind, field }));
  return [...of('query'), ...of('mutation'), ...of('subscription')];
}

function operationFor(kind: string, field: GraphQLField<unknown, unknown>): string {
  const given = field.args.filter(({ type }) => isNonNullType(type)).map((arg) => `${arg.name}: ${literal(arg.type)}`);
  const selection = isLeafType(getNamedType(field.type)) ? '' : '{ __typename }';
  return `${kind} { ${field.name}${given.length > 0 ? `(${given.join(', ')})` : ''} ${selection} }`;
}

/** Something of the type; the guard stands before anyone looks whether it makes sense. */
function literal(type: GraphQLInputType): string {
  if (isNonNullType(type)) return literal(type.ofType as GraphQLInputType);
  if (isListType(type)) return `[${literal(type.ofType as GraphQLInputType)}]`;
  if (isEnumType(type)) return type.getValues()[0]!.name;
  if (isInputObjectType(type)) {
    const required = Object.values(type.getFields()).filter((field) => isNonNullType(field.type)) as unknown as GraphQLArgument[];
    return `{ ${required.map((field) => `${field.name}: ${literal(field.type)}`).join(', ')} }`;
  }
  return { ID: `"${ids.nothing}"`, Int: '1', Float: '1', Boolean: 'true', DateTime: '"2026-11-24T08:00:00Z"' }[type.name] ?? '"x"';
}

function codesOf(body: Record<string, unknown>): unknown[] {
  return ((body['errors'] ?? []) as { extensions: { code: string } }[]).map(({ extensions }) => extensions.code);
}
