import type { KubeObject } from '../../kube/kube.types.js';
import { chooseToken } from './import-loop.js';

const NOW = Date.parse('2026-11-24T20:00:00Z');
const secret = (name: string, expiration: string | undefined, made = '2026-11-01T00:00:00Z'): KubeObject => ({
  apiVersion: 'v1', kind: 'Secret', metadata: { name, creationTimestamp: made, ...(expiration === undefined ? {} : { annotations: { expirationTimestamp: expiration } }) },
});
const first = 'auto-import-account';
const pair = 'auto-import-account-pair';

describe('the token that the operator imports with', () => {
  test.each([
    { because: 'there is none', candidates: [], chosen: undefined },
    { because: 'the only one, though it has expired', candidates: [secret(first, '2026-11-24T19:00:00Z')], chosen: first },
    { because: 'the first that is still good', candidates: [secret(pair, '2026-12-24T00:00:00Z'), secret(first, '2026-11-25T00:00:00Z')], chosen: first },
    { because: 'the pair, where the first has expired', candidates: [secret(first, '2026-11-24T20:00:00Z'), secret(pair, '2026-12-24T00:00:00Z')], chosen: pair },
    { because: 'the younger, where both have expired', candidates: [secret(first, '2026-11-24T19:00:00Z', '2026-11-02T00:00:00Z'), secret(pair, '2026-11-24T18:00:00Z')], chosen: first },
    { because: 'the younger, where neither says its end', candidates: [secret(first, undefined), secret(pair, 'soon', '2026-11-02T00:00:00Z')], chosen: pair },
  ])('$because', ({ candidates, chosen }) => {
    expect(chooseToken(candidates, NOW)?.metadata.name).toBe(chosen);
  });
});
