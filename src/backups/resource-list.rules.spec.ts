import { ContentCollector, ResourceListScanner } from './resource-list.rules.js';
import type { BackupPart } from './backups.types.js';

/** What a list holds, read in pieces of that size. */
function scanned(text: string, size: number): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  const scanner = new ResourceListScanner((kind) => (kind.startsWith('skip') ? null : (name) => void (found[kind] ??= []).push(name)));
  for (let at = 0; at < text.length; at += size) scanner.push(text.slice(at, at + size));
  scanner.end();
  return found;
}

const whole = JSON.stringify({ 'v1/Secret': ['c1/a', 'c2/"b"', 'c3/\\'], skip: ['x'], 'v1/Empty': [], 'apps/v1/Deployment': ['n/d'] });

test.each([1, 2, 3, 5, 7, 1000])('reads a list in pieces of %d', (size) => {
  expect(scanned(whole, size)).toEqual({ 'v1/Secret': ['c1/a', 'c2/"b"', 'c3/\\'], 'apps/v1/Deployment': ['n/d'] });
  expect(scanned(' {\n"v1/Secret" : null ,\t"k": [ "a" , "b" ] }\n', size)).toEqual({ k: ['a', 'b'] });
  expect(scanned('{}', size)).toEqual({});
});

test.each([
  { because: 'it is empty', text: '' },
  { because: 'it is another thing', text: '<html>' },
  { because: 'it is a list', text: '["a"]' },
  { because: 'it is nothing', text: 'null' },
  { because: 'a kind has no list', text: '{"v1/Secret": "a"}' },
  { because: 'a kind has an object', text: '{"v1/Secret": {}}' },
  { because: 'a name is a number', text: '{"v1/Secret": [1]}' },
  { because: 'a name is nothing', text: '{"v1/Secret": [null]}' },
  { because: 'lists in lists', text: `{"v1/Secret": ${'['.repeat(100_000)}` },
  { because: 'it is cut in a name', text: whole.slice(0, 18) },
  { because: 'it is cut behind a name', text: '{"v1/Secret": ["a"' },
  { because: 'it is cut at its end', text: whole.slice(0, -1) },
  { because: 'it goes on behind its end', text: `${whole}{}` },
  { because: 'a comma too many', text: '{"k": ["a",]}' },
  { because: 'a comma too few', text: '{"k": ["a" "b"]}' },
  { because: 'a kind without end', text: `{"${'k'.repeat(1_000_000)}` },
  { because: 'a name that is longer than any', text: `{"k": ["${'n'.repeat(700)}"]}` },
  { because: 'a word that is no text', text: '{"k": nulp}' },
  { because: 'a bad escape', text: '{"k": ["\\x41"]}' },
  { because: 'a raw line end in a name', text: '{"k": ["a\nb"]}' },
])('is refused: $because', ({ text }) => {
  for (const size of [1_000_000, 100]) expect(() => scanned(text, size)).toThrow(expect.objectContaining({ code: 'BACKUP_RECORD_MALFORMED' }));
});

test('what is wrong is told without quoting it', () => {
  expect(() => scanned('{"k": ["secret\\x"]}', 100)).toThrow(/^The list of what the backup holds: it is not JSON/);
});

function collected(part: BackupPart, list: Record<string, string[]>): ContentCollector {
  const collector = new ContentCollector(part);
  const scanner = new ResourceListScanner(collector.takers);
  scanner.push(JSON.stringify(list));
  scanner.end();
  return collector;
}

const list = {
  'v1/Secret': ['c1/auto-import-account', 'c1/auto-import-account-pair', 'c1/bootstrap', 'c2/auto-import-account'],
  'v1/ConfigMap': ['c3/auto-import-account'],
  'cluster.open-cluster-management.io/v1/ManagedCluster': ['c1', 'c2'],
  'example.com/v1/ManagedCluster': ['c9'],
  'authentication.open-cluster-management.io/v1beta1/ManagedServiceAccount': ['c1/auto-import-account', 'c1/other'],
  'work.open-cluster-management.io/v1/ManifestWork': ['c1/addon-managed-serviceaccount-import', 'c2/other'],
};

test.each([
  { part: 'CREDENTIALS', accounts: ['c1/auto-import-account', 'c1/auto-import-account-pair', 'c2/auto-import-account'], clusters: [], bindings: [] },
  { part: 'MANAGED_CLUSTERS', accounts: [], clusters: ['c1', 'c2'], bindings: [] },
  { part: 'RESOURCES', accounts: ['c1/auto-import-account'], clusters: [], bindings: [] },
  { part: 'GENERIC', accounts: [], clusters: [], bindings: ['c1'] },
] as const)('of $part only what re-imports rest on is kept', ({ part, accounts, clusters, bindings }) => {
  const found = collected(part, list);
  expect([[...found.accounts], [...found.clusters], [...found.bindings]]).toEqual([accounts, clusters, bindings]);
});

test.each(['no-slash', 'a/b/c', '/b', 'a/', 'A/b', 'a\u0000/b', '../b', '__proto__/b', 'a b/c'])('a name that Kubernetes does not take is refused: %s', (name) => {
  expect(() => collected('CREDENTIALS', { 'v1/Secret': [name] })).toThrow(expect.objectContaining({ code: 'BACKUP_RECORD_MALFORMED' }));
});

test('a list without end is given up', () => {
  const collector = new ContentCollector('MANAGED_CLUSTERS');
  const take = collector.takers('cluster.open-cluster-management.io/v1/ManagedCluster');
  expect(() => { for (;;) take?.('c1'); }).toThrow(expect.objectContaining({ code: 'BACKUP_RECORD_MALFORMED' }));
});
