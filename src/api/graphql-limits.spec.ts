import { readFileSync } from 'node:fs';
import { buildSchema, getNamedType, type GraphQLObjectType, isObjectType, parse, specifiedRules, validate } from 'graphql';
import { costErrors, httpRules, parseLimits, subscriptionRules } from './graphql-limits.js';

// A schema that goes in circles, which ours does not: the limits must hold when one day it does.
const schema = buildSchema('type Query { a: A } type A { a: A, as(first: Int): [A], n: Int } type Subscription { s: A }');
const nested = (depth: number): string => (depth <= 1 ? 'n' : `a { ${nested(depth - 1)} }`);

test.each([
  { because: 'ten levels are enough for anyone', query: `{ ${nested(10)} }`, faults: 0 },
  { because: 'more are too many', query: `{ ${nested(12)} }`, faults: 1 },
  { because: 'fragments hide no level', query: `{ a { ...deep } } fragment deep on A { ${nested(11)} }`, faults: 1 },
  { because: 'fifteen aliases', query: `{ a { ${Array.from({ length: 15 }, (_, n) => `x${n}: n`).join(' ')} } }`, faults: 0 },
  { because: 'sixteen', query: `{ a { ${Array.from({ length: 16 }, (_, n) => `x${n}: n`).join(' ')} } }`, faults: 1 },
  { because: '__typename is a field like others', query: `{ a { ${Array.from({ length: 16 }, (_, n) => `x${n}: __typename`).join(' ')} } }`, faults: 1 },
  { because: 'a page of a hundred', query: '{ a { as(first: 100) { n } } }', faults: 0 },
  { because: 'a hundred pages of a hundred', query: '{ a { as(first: 100) { as(first: 100) { n } } } }', faults: 1 },
  { because: 'directives cost as well', query: `{ a { n ${'@skip(if: false) @include(if: true) '.repeat(11)} } }`, faults: 1 },
  { because: 'a subscription is no query', query: 'subscription { s { n } }', faults: 1 },
])('HTTP: $because', ({ query, faults }) => {
  expect(validate(schema, parse(query), [...httpRules]).length).toBe(faults);
});

test('WebSocket: the same weight, no schema', () => {
  expect(validate(schema, parse('subscription { s { n } }'), [...subscriptionRules])).toEqual([]);
  expect(validate(schema, parse(`subscription { s { ${nested(12)} } }`), [...subscriptionRules])).toHaveLength(1);
  expect(validate(schema, parse('subscription { __schema { types { name } } }'), [...specifiedRules, ...subscriptionRules]).length).toBeGreaterThan(0);
});

test('2,000 tokens', () => {
  expect(() => parse(`{ ${'n '.repeat(1990)} }`, parseLimits)).not.toThrow();
  expect(() => parse(`{ ${'n '.repeat(2000)} }`, parseLimits)).toThrow(/2000 tokens/);
});

describe('cost with variables', () => {
  const paged = buildSchema('type Query { a: A } type A { a: A, as(first: Int): [A], many(first: Int = 100): [A], told(first: Int = 100): A, last(last: Int): [A], n: Int }');
  test.each([
    { because: 'a hundred rows', query: 'query ($n: Int) { a { as(first: $n) { n } } }', variables: { n: 100 }, faults: 0 },
    { because: 'a hundred times a hundred', query: 'query ($n: Int) { a { as(first: $n) { as(first: $n) { n } } } }', variables: { n: 100 }, faults: 1 },
    { because: 'ten times ten', query: 'query ($n: Int) { a { as(first: $n) { as(first: $n) { n } } } }', variables: { n: 10 }, faults: 0 },
    { because: 'backward as well', query: 'query ($n: Int) { a { last(last: $n) { last(last: $n) { n } } } }', variables: { n: 100 }, faults: 1 },
    { because: 'a variable that has a default', query: 'query ($n: Int = 100) { a { as(first: $n) { as(first: $n) { n } } } }', variables: {}, faults: 1 },
    { because: 'a field that has a default', query: '{ a { many { many { n } } } }', variables: {}, faults: 1 },
    { because: 'a field that has more to tell than rows', query: '{ a { told { told { n } } } }', variables: {}, faults: 0 },
    { because: 'in a fragment', query: 'query ($n: Int) { a { as(first: $n) { ...more } } } fragment more on A { as(first: $n) { n } }', variables: { n: 100 }, faults: 1 },
    { because: 'another operation of the document is not carried out', query: 'query one { a { n } } query two ($n: Int = 100) { a { as(first: $n) { as(first: $n) { n } } } }', variables: {}, faults: 0 },
    { because: 'what cannot be carried out is refused for that', query: 'query ($n: Int) { a { as(first: $n) { as(first: $n) { n } } } }', variables: { n: 'x' }, faults: 0 },
  ])('$because', ({ query, variables, faults }) => {
    expect(costErrors(paged, parse(query), query.startsWith('query one') ? 'one' : undefined, variables)).toHaveLength(faults);
  });

  const ours = buildSchema(readFileSync('openapi/schema.graphql', 'utf8'));
  const pagesOf = (type: GraphQLObjectType): { name: string; node: GraphQLObjectType; needs: string }[] =>
    Object.values(type.getFields()).flatMap(({ name, type: page, args }) => {
      const connection = getNamedType(page);
      if (!isObjectType(connection) || !connection.name.endsWith('Connection')) return [];
      return [{ name, node: getNamedType(connection.getFields()['nodes']!.type) as GraphQLObjectType, needs: args.some((one) => one.name === 'first') ? '(first: $n)' : '' }];
    });
  const nested = pagesOf(ours.getQueryType()!).flatMap((outer) => pagesOf(outer.node).map((inner) => ({ outer, inner })));

  test.each(nested.map(({ outer, inner }) => [`${outer.name}.${inner.name}`, outer, inner] as const))('pages in pages multiply: %s', (_path, outer, inner) => {
    const query = parse(`query ($n: Int!) { ${outer.name}${outer.needs} { nodes { ${inner.name}${inner.needs} { nodes { __typename } } } } }`);
    expect(costErrors(ours, query, undefined, { n: 100 })).toHaveLength(1);
    expect(costErrors(ours, query, undefined, { n: 10 })).toHaveLength(0);
  });
});
