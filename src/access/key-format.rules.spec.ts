import { bearerIn, hashOf, isSameHash, keyIdOf, keyOf, parseKey } from './key-format.rules.js';

const chance = Uint8Array.from({ length: 32 }, (_, index) => index * 7);
const { key, secret } = keyOf('demo-abcdefgh', chance);

test('a key is read as it was made', () => {
  expect(key).toMatch(/^lfb_demo-abcdefgh_[A-Za-z0-9_-]{49}$/);
  expect(parseKey(key)).toEqual({ id: 'demo-abcdefgh', secret });
});

test.each([
  { because: 'one letter is another', text: key.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')) },
  { because: 'the id is another', text: key.replace('demo', 'dem0') },
  { because: 'it is cut', text: key.slice(0, -1) },
  { because: 'it is longer', text: `${key}A` },
  { because: 'it begins otherwise', text: key.replace('lfb', 'lfc') },
  { because: 'it has a line more', text: `${key}\n` },
  { because: 'it is nothing', text: '' },
])('no key: $because', ({ text }) => {
  expect(parseKey(text)).toBeNull();
});

test.each([
  { because: 'a name is made a slug', name: 'CI Pipeline (prod)', id: /^ci-pipeline-prod-[a-z0-9]{8}$/ },
  { because: 'accents go', name: 'Zürich', id: /^zu-rich-[a-z0-9]{8}$|^zurich-[a-z0-9]{8}$/ },
  { because: 'no letter is left', name: '数据', id: /^[a-z0-9]{8}$/ },
  { because: 'an underscore would part the key', name: 'a_b', id: /^a-b-[a-z0-9]{8}$/ },
  { because: 'long names are cut', name: 'x'.repeat(100), id: /^x{32}-[a-z0-9]{8}$/ },
])('the id of a key: $because', ({ name, id }) => {
  const made = keyIdOf(name, chance);
  expect(made).toMatch(id);
  expect(parseKey(keyOf(made, chance).key)?.id).toBe(made);
});

test('hashes are compared by value', () => {
  expect(isSameHash(hashOf(secret), hashOf(secret))).toBe(true);
  expect(isSameHash(hashOf(secret), hashOf(`${secret}x`))).toBe(false);
  expect(isSameHash(hashOf(secret), Buffer.alloc(0))).toBe(false);
});

test.each([
  { because: 'as RFC 6750 has it', header: `Bearer ${key}`, found: key },
  { because: 'the scheme is in any case', header: `bearer ${key}`, found: key },
  { because: 'another scheme', header: `Basic ${key}`, found: null },
  { because: 'no scheme', header: key, found: null },
  { because: 'two of them', header: `Bearer ${key} ${key}`, found: null },
  { because: 'nothing', header: undefined, found: null },
  { because: 'far too long', header: `Bearer ${'x'.repeat(10_000)}`, found: null },
])('a bearer: $because', ({ header, found }) => {
  expect(bearerIn(header)).toBe(found);
});
