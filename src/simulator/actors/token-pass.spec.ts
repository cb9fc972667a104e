import type { KubeObject } from '../../kube/kube.types.js';
import { isPairDue, validityOf } from './token-pass.js';

describe('validity of an account', () => {
  test.each([
    { because: 'twice 720 hours by default', spec: {}, validity: '1440h0m0s' },
    { because: 'twice the backups\u2019 life', spec: { veleroTtl: '120h0m0s' }, validity: '240h0m0s' },
    { because: 'what the schedule says', spec: { veleroTtl: '120h', managedServiceAccountTTL: '300h' }, validity: '300h0m0s' },
    { because: 'nonsense counts as not given', spec: { veleroTtl: 'soon' }, validity: '1440h0m0s' },
  ])('$because', ({ spec, validity }) => {
    expect(validityOf(spec)).toBe(validity);
  });
});

describe('the pair', () => {
  const hour = 3_600_000;
  const T0 = Date.parse('2026-11-24T00:00:00Z');
  const account = (expires: unknown, refreshed: unknown): KubeObject => ({
    apiVersion: 'a/v1', kind: 'ManagedServiceAccount', metadata: { name: 'auto-import-account' }, status: { expirationTimestamp: expires, tokenSecretRef: { name: 'x', lastRefreshTimestamp: refreshed } },
  });
  const good = account('2026-11-25T00:00:00Z', '2026-11-24T00:00:00Z');
  test.each([
    { because: 'before half of the life', of: good, hours: 11.99, due: false },
    { because: 'at half of the life', of: good, hours: 12, due: true },
    { because: 'a quarter of an hour later', of: good, hours: 12.25, due: true },
    { because: 'the window is over', of: good, hours: 12.26, due: false },
    { because: 'no account', of: undefined, hours: 12, due: false },
    { because: 'no token yet', of: account(undefined, undefined), hours: 12, due: false },
    { because: 'an expiry that is no date', of: account('soon', '2026-11-24T00:00:00Z'), hours: 12, due: false },
  ])('$because: $due', ({ of, hours, due }) => {
    expect(isPairDue(of, T0 + hours * hour)).toBe(due);
  });
});
