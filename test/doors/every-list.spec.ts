import { readFileSync } from 'node:fs';
import { buildSchema, getNamedType, isEnumType, isNonNullType, isObjectType, isScalarType, parse, validate, type GraphQLField, type GraphQLObjectType } from 'graphql';
import { httpRules } from '../../src/api/graphql-limits.js';
import { HeardStatements, kindOf } from '../support/heard-statements.js';
import { startTestService, type TestService } from '../support/service.js';
import { firstId, storeWorld } from '../support/stored-world.js';

// Which queries there are is read from the schema and from openapi.json: what is added there is tried here by itself.

const FEW = 1;
const MANY = 4;
/** Rows of each page: more than there are. */
const ROWS = MANY + 1;
const DAY_MS = 86_400_000;
const TOMORROW = new Date(Date.now() + DAY_MS).toISOString();
const YESTERDAY = new Date(Date.now() - DAY_MS).toISOString();
/** Made by the service itself, whoever asks */
const OWN = /^\s*(BEGIN|COMMIT|ROLLBACK|LISTEN|SELECT 1$)|number_changes|INSERT INTO lease|UPDATE lease|UPDATE api_key|"last_used_at" = /i;

const schema = buildSchema(readFileSync('openapi/schema.graphql', 'utf8'));
const { paths } = JSON.parse(readFileSync('openapi/openapi.json', 'utf8')) as { paths: Record<string, { get?: { parameters?: { name: string; in: string }[] } }> };

type Field = GraphQLField<unknown, unknown>;

/** What fields are asked with beside that, so that they have something to tell. */
const ALSO: Readonly<Record<string, Readonly<Record<string, string>>>> = { changeLog: { after: '0' }, whatIf: { sourceDiesAt: TOMORROW } };

/** What a field is asked with: rows of a page where it takes them, and what it cannot do without. */
function argsOf(field: Field): string {
  const given = field.args.flatMap(({ name, type, defaultValue }) => {
    if (name === 'first') return [`first: ${ROWS}`];
    if (name in (ALSO[field.name] ?? {})) return [`${name}: "${ALSO[field.name]![name]}"`];
    if (!isNonNullType(type) || defaultValue !== undefined) return [];
    if (getNamedType(type).name === 'DateTime') return [`${name}: "${YESTERDAY}"`];
    if (getNamedType(type).name === 'ID') return [`${name}: $id`];
    throw new Error(`${field.name} needs ${name}: ${String(type)}: say here with what it is asked`);
  });
  return given.length === 0 ? '' : `(${given.join(', ')})`;
}

const fieldsOf = (type: GraphQLObjectType): Field[] => Object.values(type.getFields());
const isLeaf = (field: Field): boolean => isScalarType(getNamedType(field.type)) || isEnumType(getNamedType(field.type));
const objectOf = (field: Field): GraphQLObjectType => getNamedType(field.type) as GraphQLObjectType;

const isCircle = (type: GraphQLObjectType, above: readonly GraphQLObjectType[]): boolean => above.includes(type);

/** A field with everything below it, down to types that it is below itself. */
function wholly(field: Field, above: readonly GraphQLObjectType[]): string {
  if (isLeaf(field)) return `${field.name}${argsOf(field)}`;
  const type = objectOf(field);
  return `${field.name}${argsOf(field)} { ${childrenOf(type, [...above, type]).map((child) => wholly(child, [...above, type])).join(' ')} }`;
}

/** `edges` hold what `nodes` hold. */
const childrenOf = (type: GraphQLObjectType, above: readonly GraphQLObjectType[]): Field[] => fieldsOf(type).filter((field) => isLeaf(field) || (field.name !== 'edges' && !isCircle(objectOf(field), above)));

interface Query {
  readonly path: string;
  readonly text: string;
}

/** As few queries as the limits on queries allow, which together ask for everything below a field. */
function queriesBelow(steps: readonly Field[], above: readonly GraphQLObjectType[]): Query[] {
  const type = objectOf(steps.at(-1)!);
  const inside = [...above, type];
  const asked = (children: readonly Field[]): Query => {
    const text = steps.reduceRight((inner, field) => `${field.name}${argsOf(field)} { ${inner} }`, children.map((child) => wholly(child, inside)).join(' '));
    const objects = children.filter((child) => !isLeaf(child)).map(({ name }) => name);
    return { path: `${steps.map(({ name }) => name).join('.')}${objects.length === 0 ? '' : ` with ${objects.join(', ')}`}`, text: `${text.includes('$id') ? 'query ($id: ID!) ' : ''}{ ${text} }` };
  };
  const queries: Query[] = [];
  let together: Field[] = [];
  for (const child of childrenOf(type, inside)) {
    if (isCheap(asked([...together, child]).text)) {
      together.push(child);
    } else if (isCheap(asked([child]).text)) {
      queries.push(asked(together));
      together = [child];
    } else {
      queries.push(...queriesBelow([...steps, child], inside));
    }
  }
  return together.length === 0 ? queries : [...queries, asked(together)];
}

function isCheap(text: string): boolean {
  try {
    return validate(schema, parse(text), [...httpRules]).length === 0;
  } catch {
    return false;
  }
}

const roots = fieldsOf(schema.getQueryType()!).filter((field) => isObjectType(getNamedType(field.type)) && !field.args.some(({ name }) => name === 'input'));
const queries = roots.flatMap((field) => queriesBelow([field], []));

/** Of which row a path with an id tells. */
const ROW_OF: Readonly<Record<string, Parameters<typeof firstId>[1]>> = {
  hub: 'hub', hubs: 'hub', cluster: 'cluster', clusters: 'cluster', token: 'token', tokens: 'token', backupSet: 'set', 'backup-sets': 'set', plan: 'plan', plans: 'plan', failover: 'failover', failovers: 'failover',
  restore: 'restore', restores: 'restore', protectionRemoval: 'removal', 'protection-removals': 'removal',
};
const readings = Object.entries(paths).flatMap(([path, { get }]) => (get === undefined || path === '/api/v1/api-keys/{id}' ? [] : [[path, get.parameters ?? []] as const]));

let service: TestService;
let heard: HeardStatements;
/** How often which statement was made */
type Made = ReadonlyMap<string, number>;
/** Of every query while there are few rows */
const few = new Map<string, Made>();
/** Fields of objects, `Type.field`, that were told of several rows */
const toldOfSeveral = new Set<string>();

async function listen(ask: () => Promise<unknown>): Promise<Made> {
  const made = new Map<string, number>();
  for (const kind of (await heard.during(ask)).filter((text) => !OWN.test(text)).map(kindOf)) made.set(kind, (made.get(kind) ?? 0) + 1);
  return made;
}

/** Notes every field below a type that holds an object in several of the rows. */
function note(type: GraphQLObjectType, rows: readonly Record<string, unknown>[]): void {
  for (const field of fieldsOf(type).filter((one) => !isLeaf(one))) {
    const values = rows.flatMap((row) => row[field.name] ?? []) as Record<string, unknown>[];
    if (values.length > 1) toldOfSeveral.add(`${type.name}.${field.name}`);
    if (values.length > 0) note(objectOf(field), values);
  }
}

async function byGraphQL({ text, path }: Query): Promise<Record<string, unknown>> {
  const row = ROW_OF[path.split(/\W/)[0]!];
  const variables = text.includes('$id') && row !== undefined ? { id: await firstId(service, row) } : {};
  const answer = await fetch(`${service.url}/graphql`, {
    method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${service.key}` }, body: JSON.stringify({ query: text, variables }),
  });
  const { data, errors } = (await answer.json()) as { data: Record<string, unknown>; errors?: unknown };
  if (errors !== undefined) throw new Error(`${path}: ${JSON.stringify(errors)}`);
  return data;
}

async function byRest(path: string, parameters: readonly { readonly name: string }[]): Promise<unknown> {
  const row = ROW_OF[path.split('/')[3]!];
  const query = parameters.flatMap(({ name }) => (name === 'limit' ? [`limit=${ROWS}`] : name === 'since' || (name === 'at' && path.includes('as-of')) ? [`${name}=${YESTERDAY}`] : []));
  const id = path.includes('{id}') && row !== undefined ? await firstId(service, row) : '';
  const answer = await fetch(`${service.url}${path.replace('{id}', id).replace('{cluster}', 'c-1')}?${query.join('&')}`, { headers: { authorization: `Bearer ${service.key}` } });
  if (answer.status !== 200) throw new Error(`${path}: ${await answer.text()}`);
  return answer.text();
}

/** Twice: verdicts are worked out for the first asker. */
async function settled(ask: () => Promise<unknown>): Promise<Made> {
  await ask();
  return listen(ask);
}

const total = (made: Made): number => [...made.values()].reduce((sum, count) => sum + count, 0);

beforeAll(async () => {
  heard = new HeardStatements();
  service = await startTestService({ LIFEBOAT_ROLES: 'api' });
  await storeWorld(service, FEW);
  for (const query of queries) few.set(query.text, await settled(() => byGraphQL(query)));
  for (const [path, parameters] of readings) few.set(path, await settled(() => byRest(path, parameters)));
  await storeWorld(service, MANY);
}, 300_000);

afterAll(async () => {
  heard.end();
  await service.close();
});

async function expectNoMore(key: string, ask: () => Promise<unknown>): Promise<void> {
  const before = few.get(key)!;
  expect(total(before)).toBeGreaterThan(0);
  let more: unknown[] = [];
  // Verdicts older than a few seconds are worked out first, which may happen in between on a slow machine
  for (let attempt = 0; attempt < 3; attempt++) {
    const now = await settled(ask);
    more = total(now) <= total(before) ? [] : [...now].filter(([kind, count]) => count > (before.get(kind) ?? 0));
    if (more.length === 0) break;
  }
  expect(more).toEqual([]);
}

test.each(queries.map((query) => [query.path, query] as const))('GraphQL %s: as many statements for several of everything as for one', async (_path, query) => {
  await expectNoMore(query.text, async () => note(schema.getQueryType()!, [await byGraphQL(query)]));
});

test('of each object in an object several were told, or the counting shows nothing', () => {
  const below = (type: GraphQLObjectType, above: readonly GraphQLObjectType[]): string[] =>
    childrenOf(type, above).flatMap((field) => (isLeaf(field) || field.name === 'pageInfo' ? [] : [`${type.name}.${field.name}`, ...below(objectOf(field), [...above, objectOf(field)])]));
  const all = new Set(roots.flatMap((field) => below(objectOf(field), [objectOf(field)])));
  // A set that is yet to come is none that is stored
  expect([...all].filter((one) => !toldOfSeveral.has(one)).sort()).toEqual(['WhatIf.backupSet']);
});

test.each(readings)('GET %s: likewise', async (path, parameters) => {
  await expectNoMore(path, () => byRest(path, parameters));
});
