import { fingerprintOf } from './fingerprint.js';

test.each([
  { because: 'the order of fields is nothing', a: { x: 1, y: { b: 2, a: 3 } }, b: { y: { a: 3, b: 2 }, x: 1 }, same: true },
  { because: 'what is not given is nothing', a: { x: 1, y: undefined }, b: { x: 1 }, same: true },
  { because: 'null is something', a: { x: null }, b: {}, same: false },
  { because: 'the order of a list is something', a: [1, 2], b: [2, 1], same: false },
  { because: 'a number is no text', a: { x: 1 }, b: { x: '1' }, same: false },
  { because: 'fields cannot run into one another', a: { x: '1","y":"2' }, b: { x: '1', y: '2' }, same: false },
  { because: 'no body is no object', a: null, b: {}, same: false },
  { because: 'an instant is its text', a: { at: new Date(0) }, b: { at: '1970-01-01T00:00:00.000Z' }, same: true },
])('$because', ({ a, b, same }) => {
  expect(fingerprintOf('POST', '/p', a) === fingerprintOf('POST', '/p', b)).toBe(same);
});

test('method and path are part of it', () => {
  expect(new Set([fingerprintOf('POST', '/a', {}), fingerprintOf('PUT', '/a', {}), fingerprintOf('POST', '/b', {})]).size).toBe(3);
});
