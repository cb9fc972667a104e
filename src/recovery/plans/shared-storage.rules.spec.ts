import type { StorageFacts } from '../../hubs/hubs.types.js';
import { sharedStorage, storageInWords } from './shared-storage.rules.js';

const at = (of: Partial<StorageFacts>): StorageFacts => ({ name: 'default', provider: 'aws', bucket: 'fleet', prefix: 'acm', s3Url: 'https://s3.example', region: 'eu', phase: 'Available', owned: true, ...of });

test.each([
  { because: 'bucket and prefix are the same', source: [at({})], target: [at({})], answer: 'SHARED' },
  { because: 'slashes around a prefix mean nothing, nor how the provider and the address are spelled', source: [at({ prefix: '/acm/', provider: 'velero.io/aws', s3Url: 'https://S3.example/' })], target: [at({})], answer: 'SHARED' },
  { because: 'the same bucket at another endpoint is another store', source: [at({ s3Url: 'https://other.example' })], target: [at({})], answer: 'NOT_SHARED' },
  { because: 'the operator uses no location that OADP did not make', source: [at({ owned: false })], target: [at({})], answer: 'NOT_SHARED' },
  { because: 'another prefix is another store', source: [at({ prefix: 'a' })], target: [at({})], answer: 'NOT_SHARED' },
  { because: 'one hub has none', source: [at({})], target: [], answer: 'NOT_SHARED' },
  { because: 'one hub was never read', source: null, target: [at({})], answer: 'UNKNOWN' },
])('$answer: $because', ({ source, target, answer }) => {
  expect(sharedStorage(source, target, false)).toBe(answer);
});

test('backups of the source seen on the target prove it, whatever the locations are called', () => {
  expect(sharedStorage([at({ s3Url: 'https://alias.example' })], [at({})], true)).toBe('SHARED');
  expect(sharedStorage(null, null, true)).toBe('SHARED');
});

test('locations are named for people in one order', () => {
  expect(storageInWords([at({ bucket: 'b', prefix: '/x/' }), at({ bucket: 'a', prefix: null }), at({ bucket: 'mine', owned: false })])).toBe('a, b/x');
  expect(storageInWords(null)).toBe('an unknown storage location');
});
