import fc from 'fast-check';
import type { KubeObject } from '../kube/kube.types.js';
import { accountFacts, factsOf, isKept, managedClusterFacts, tokenSecretFacts } from './facts.rules.js';
import { watchedKinds } from './fleet.types.js';

const object = (part: Record<string, unknown> & { metadata?: Record<string, unknown> }): KubeObject =>
  ({ apiVersion: 'v1', kind: 'X', ...part, metadata: { name: 'n', ...part.metadata } }) as unknown as KubeObject;

test('a ManagedCluster without status has no conditions: the hub never heard of it', () => {
  expect(managedClusterFacts(object({ spec: {} }))).toMatchObject({ available: { status: 'ABSENT' }, joined: { status: 'ABSENT' }, apiUrl: null, hosted: false, problems: [] });
});

test('asking for an import is no news: it comes and goes thousandfold in a failover, and nothing that is kept rests on it', () => {
  const asked = { annotations: { 'import.open-cluster-management.io/immediate-import': '' } };
  expect(managedClusterFacts(object({ spec: {}, metadata: asked }))).toEqual(managedClusterFacts(object({ spec: {} })));
});

test.each([
  { because: 'the words of Kubernetes', status: 'True', state: 'TRUE' },
  { because: 'the words of Kubernetes', status: 'Unknown', state: 'UNKNOWN' },
  { because: 'a word that is none of the three', status: 'yes', state: 'UNKNOWN' },
  { because: 'no word at all', status: 7, state: 'UNKNOWN' },
])('$status is $state: $because', ({ status, state }) => {
  const cluster = object({ spec: {}, status: { conditions: [null, { type: 'ManagedClusterConditionAvailable', status, lastTransitionTime: 'yesterday' }] } });
  expect(managedClusterFacts(cluster).available).toMatchObject({ status: state, since: null });
});

test.each([
  { because: 'what OpenShift clusters have', spec: { managedClusterClientConfigs: [{ url: 'https://api.c1:6443' }] }, apiUrl: 'https://api.c1:6443', problems: 0 },
  { because: 'others have none', spec: { managedClusterClientConfigs: [] }, apiUrl: null, problems: 0 },
  { because: 'garbage is told', spec: { managedClusterClientConfigs: [{ url: 'http://api.c1' }] }, apiUrl: null, problems: 1 },
  { because: 'garbage is told', spec: 'x', apiUrl: null, problems: 1 },
])('API URL $apiUrl: $because', ({ spec, apiUrl, problems }) => {
  const facts = managedClusterFacts(object({ spec }));
  expect(facts.apiUrl).toBe(apiUrl);
  expect(facts.problems).toHaveLength(problems);
});

test.each([
  { because: 'as Kubernetes writes', text: '2026-11-24T12:00:00Z', expiresAt: '2026-11-24T12:00:00.000Z', unreadable: false },
  { because: 'with an offset', text: '2026-11-24T13:00:00+01:00', expiresAt: '2026-11-24T12:00:00.000Z', unreadable: false },
  { because: 'no date', text: 'soon', expiresAt: null, unreadable: true },
  { because: 'no date either', text: '2026-13-45T12:00:00Z', expiresAt: null, unreadable: true },
  { because: 'a number', text: 1764000000, expiresAt: null, unreadable: true },
  { because: 'absent', text: undefined, expiresAt: null, unreadable: false },
])('expiry $text: $because', ({ text, expiresAt, unreadable }) => {
  expect(accountFacts(object({ status: { expirationTimestamp: text } }))).toMatchObject({ expiresAt, expiryUnreadable: unreadable });
});

test('a token Secret tells by its managed fields how old label and token are', () => {
  const label = { 'f:metadata': { 'f:labels': { 'f:cluster.open-cluster-management.io/backup': {} } } };
  const facts = tokenSecretFacts(
    object({
      metadata: {
        labels: { 'cluster.open-cluster-management.io/backup': 'msa' },
        managedFields: [
          { manager: 'agent', time: '2026-11-24T10:00:00Z', fieldsV1: { 'f:data': { 'f:token': {} } } },
          { manager: 'operator', time: '2026-11-24T10:05:00Z', fieldsV1: label },
          { manager: 'lifeboat', time: '2026-11-24T10:00:01Z', fieldsV1: label },
          { manager: 'lifeboat', time: 'never', fieldsV1: label },
          'garbage',
        ],
      },
    }),
  );
  expect(facts).toMatchObject({ labelWrittenAt: '2026-11-24T10:00:01.000Z', tokenWrittenAt: '2026-11-24T10:00:00.000Z', backupLabel: 'msa', labelWrittenBy: 'lifeboat' });
});

test('only what concerns auto-import tokens is kept', () => {
  const named = (name: string, labels = {}) => object({ metadata: { name, labels } });
  expect(isKept('TOKEN_SECRET', named('auto-import-account-pair'))).toBe(true);
  expect(isKept('TOKEN_SECRET', named('observability'))).toBe(false);
  expect(isKept('ADDON', named('search'))).toBe(false);
  expect(isKept('WORK', named('x', { 'open-cluster-management.io/addon-name-work': 'managed-serviceaccount' }))).toBe(true);
});

test('whatever a hub sends, facts are JSON that PostgreSQL can store', () => {
  const anything = fc.record({ metadata: fc.anything(), spec: fc.anything(), status: fc.anything() });
  fc.assert(
    fc.property(anything, fc.constantFrom(...watchedKinds), (part, kind) => {
      const metadata = typeof part.metadata === 'object' && part.metadata !== null ? part.metadata : {};
      const facts = factsOf[kind]({ ...part, apiVersion: 'v1', kind: 'X', metadata: { ...metadata, name: 'n' } } as unknown as KubeObject);
      const json = JSON.stringify(facts);
      expect(JSON.parse(json)).toEqual(facts);
      expect(json).not.toContain('\\u0000');
    }),
    { numRuns: 500 },
  );
});
