import fc from 'fast-check';
import { mergePatch, mergePatchTo } from './merge-patch.js';

test.each([
  { from: { data: { token: 'a', 'ca.crt': 'b' } }, to: { data: { 'ca.crt': 'b' } }, patch: { data: { token: null } } },
  { from: { data: { token: 'a' } }, to: { data: { token: 'c' }, type: 'Opaque' }, patch: { data: { token: 'c' }, type: 'Opaque' } },
  { from: { list: [1, 2], spec: {} }, to: { list: [2] }, patch: { list: [2], spec: null } },
  { from: { a: { b: [{ c: 1 }] } }, to: { a: { b: [{ c: 1 }] } }, patch: null },
])('$from becomes $to by $patch', ({ from, to, patch }) => {
  expect(mergePatchTo(from, to)).toEqual(patch);
});

test('whatever two objects: the patch from one to the other makes the other', () => {
  const value = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 3 }, fc.integer(), fc.string(), fc.array(fc.integer(), { maxLength: 2 }), tie('object')),
    object: fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto'), tie('value'), { maxKeys: 3, noNullPrototype: true }),
  }));
  const object = value.object as fc.Arbitrary<Record<string, unknown>>;
  fc.assert(fc.property(object, object, (from, to) => {
    expect(mergePatch(from, mergePatchTo(from, to) ?? {})).toEqual(to);
  }));
});
