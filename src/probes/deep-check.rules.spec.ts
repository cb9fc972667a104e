import { KubeError, type KubeErrorCode } from '../kube/kube-error.js';
import { TlsAuthority } from '../simulator/server/tls-authority.js';
import { authoritiesIn, emptySecret, importRight, isNoGood, isTokenText, nextDeepCheckAt, tokenToTry, tokenToTryNext, wordlessCluster, wordOfCluster } from './deep-check.rules.js';
import type { DeepState, TriedToken } from './probes.types.js';

const now = new Date('2026-11-24T12:00:00Z');
const HOUR_MS = 3_600_000;
const hours = (count: number): Date => new Date(now.getTime() + count * HOUR_MS);

test('what is asked is what an import does', () => {
  expect(importRight).toEqual({ verb: 'update', group: '', resource: 'secrets', namespace: 'open-cluster-management-agent', name: 'bootstrap-hub-kubeconfig' });
  expect(wordOfCluster('auto-import-account', true).state).toBe('PASSED');
  expect(wordOfCluster('auto-import-account', false)).toMatchObject({ state: 'DENIED', detail: expect.stringContaining('bootstrap-hub-kubeconfig') as string });
});

test.each<{ code: KubeErrorCode; state: DeepState; because: string }>([
  { code: 'HUB_UNAUTHORIZED', state: 'REFUSED', because: '401 is the cluster’s word on the token' },
  { code: 'HUB_UNREACHABLE', state: 'UNREACHABLE', because: 'Lifeboat is not the hub' },
  { code: 'HUB_TIMEOUT', state: 'UNREACHABLE', because: 'nobody answered' },
  { code: 'HUB_FORBIDDEN', state: 'UNKNOWN', because: 'the question was not answered' },
  { code: 'HUB_TLS_FAILED', state: 'UNKNOWN', because: 'the token was not sent' },
  { code: 'HUB_ADDRESS_REFUSED', state: 'UNKNOWN', because: 'nobody was called' },
  { code: 'HUB_REDIRECT_REFUSED', state: 'UNKNOWN', because: 'no API server redirects' },
  { code: 'HUB_SERVER_ERROR', state: 'UNKNOWN', because: 'it has troubles of its own' },
  { code: 'HUB_BUSY_THROTTLED', state: 'UNKNOWN', because: 'it is busy' },
  { code: 'HUB_ANSWER_TOO_LARGE', state: 'UNKNOWN', because: 'no API server answers so' },
  { code: 'KUBE_NOT_FOUND', state: 'UNKNOWN', because: 'something else stands there' },
])('$code is $state: $because', ({ code, state }) => {
  const word = wordlessCluster('auto-import-account', new KubeError(code, 'the cluster said: eyJhbGciOi.secret'));
  expect(word.state).toBe(state);
  expect(word.detail).not.toContain('secret');
});

test.each<{ because: string; tokens: TriedToken[]; tried: string | null }>([
  { because: 'there is none', tokens: [], tried: null },
  { because: 'the first by name, as the operator does', tokens: [{ account: 'auto-import-account-pair', expiresAt: hours(90), refreshedAt: null }, { account: 'auto-import-account', expiresAt: hours(1), refreshedAt: null }], tried: 'auto-import-account' },
  { because: 'the pair, where the first has expired', tokens: [{ account: 'auto-import-account', expiresAt: hours(-1), refreshedAt: null }, { account: 'auto-import-account-pair', expiresAt: hours(9), refreshedAt: null }], tried: 'auto-import-account-pair' },
])('tried is $tried: $because', ({ tokens, tried }) => {
  expect(tokenToTry(tokens, now)?.account ?? null).toBe(tried);
});

test('where one is no good, the other one that has not expired is tried', () => {
  const first: TriedToken = { account: 'auto-import-account', expiresAt: hours(90), refreshedAt: null };
  const next = (expiresAt: Date | null): string | null => tokenToTryNext([first, { ...first, account: 'auto-import-account-pair', expiresAt }], first, now)?.account ?? null;
  expect([next(hours(9)), next(null), next(hours(-1)), tokenToTryNext([first], first, now)]).toEqual(['auto-import-account-pair', 'auto-import-account-pair', null, null]);
  expect((['PASSED', 'DENIED', 'REFUSED', 'EMPTY', 'UNREACHABLE', 'UNKNOWN'] as const).filter(isNoGood)).toEqual(['DENIED', 'REFUSED', 'EMPTY']);
  expect(emptySecret('auto-import-account').state).toBe('EMPTY');
});

test('tried again once a day, each at its own place in it; within the hour where it is not what it should be', () => {
  const after = Array.from({ length: 500 }, (_, index) => (nextDeepCheckAt('PASSED', `hub/c${index}`, now).getTime() - now.getTime()) / HOUR_MS);
  expect(Math.min(...after)).toBeGreaterThanOrEqual(12);
  expect(Math.max(...after)).toBeLessThan(36);
  expect(new Set(after.map(Math.floor)).size).toBe(24);
  for (const state of ['DENIED', 'REFUSED', 'UNREACHABLE', 'UNKNOWN'] as const) expect(nextDeepCheckAt(state, 'hub/c1', now)).toEqual(hours(1));
});

test.each([
  ['eyJhbGciOi.eyJzdWIi.c2ln', true], ['', false], ['two words', false], ['a\r\nX-Evil: 1', false], ['ä', false], ['x'.repeat(16_385), false],
])('%j as a token: %s', (text, is) => {
  expect(isTokenText(text)).toBe(is);
});

test('of what a hub keeps as authorities only certificates are taken', async () => {
  const [one, other] = await Promise.all(['one', 'other'].map(async (name) => (await TlsAuthority.create(name)).certPem));
  expect(authoritiesIn([null, 'ca of c1', '-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----', '-----BEGIN CERTIFICATE-----'.repeat(2_000)])).toBeNull();
  const found = authoritiesIn([`${one}\n-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----`, other!]);
  expect(found?.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  expect(found).not.toContain('PRIVATE');
  expect(authoritiesIn([one!.repeat(50)])?.match(/BEGIN CERTIFICATE/g)).toHaveLength(20);
});
