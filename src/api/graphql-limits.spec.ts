import { buildSchema, parse, specifiedRules, validate } from 'graphql';
import { httpRules, parseLimits, subscriptionRules } from './graphql-limits.js';

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
