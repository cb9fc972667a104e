import type { StorageFacts } from './hubs.types.js';
import { sharesStorage } from './storage.rules.js';

const location = (change: Partial<StorageFacts> = {}): StorageFacts => ({
  name: 'dpa-1', provider: 'aws', bucket: 'b', prefix: 'velero', s3Url: 'https://s3.example.com', region: 'eu', phase: 'Available', owned: true, ...change,
});

test.each([
  { because: 'the same place', a: [location()], b: [location({ name: 'other-name' })], shared: true },
  { because: 'the region is a hint, no place', a: [location()], b: [location({ region: null })], shared: true },
  { because: 'slashes around a prefix mean nothing', a: [location()], b: [location({ prefix: '/velero/' })], shared: true },
  { because: 'no prefix is an empty prefix', a: [location({ prefix: null })], b: [location({ prefix: '' })], shared: true },
  { because: 'one of several is enough', a: [location({ bucket: 'x' }), location()], b: [location()], shared: true },
  { because: 'a store that is down is still the same store', a: [location({ phase: 'Unavailable' })], b: [location()], shared: true },
  { because: 'addresses differ in a slash', a: [location()], b: [location({ s3Url: 'https://S3.example.com/' })], shared: true },
  { because: 'another bucket', a: [location()], b: [location({ bucket: 'x' })], shared: false },
  { because: 'another prefix', a: [location()], b: [location({ prefix: 'x' })], shared: false },
  { because: 'another store', a: [location()], b: [location({ s3Url: 'https://other.example.com' })], shared: false },
  { because: 'another provider', a: [location()], b: [location({ provider: 'gcp' })], shared: false },
  { because: 'the operator uses no location without an owner', a: [location()], b: [location({ owned: false })], shared: false },
  { because: 'nothing is known of a bucket', a: [location({ bucket: null })], b: [location({ bucket: null })], shared: false },
  { because: 'a hub without storage shares none', a: [location()], b: [], shared: false },
])('$shared: $because', ({ a, b, shared }) => {
  expect(sharesStorage(a, b)).toBe(shared);
  expect(sharesStorage(b, a)).toBe(shared);
});
