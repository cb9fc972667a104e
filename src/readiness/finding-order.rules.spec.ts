import { inOrder, withSince, worstClusterVerdict, type FindingDraft } from './finding-order.rules.js';
import type { Finding } from './readiness.types.js';

const draft = (of: Partial<FindingDraft>): FindingDraft => ({ code: 'TOKEN_EXPIRED', severity: 'CRITICAL', verdict: 'NOT_READY', cause: 'x', remedy: 'y', remedyBy: 'HUB_ADMIN', checkedAt: null, since: null, predicts: null, hubId: null, ...of });
const now = new Date('2026-11-24T12:00:00Z');
const before = new Date('2026-11-20T12:00:00Z');

test('the gravest comes first, whatever the order of arrival', () => {
  const all = [
    draft({ code: 'TOKEN_EXPIRES_SOON', verdict: 'AT_RISK', severity: 'WARNING' }),
    draft({ code: 'RIGHTS_SUFFICIENT', verdict: 'NOT_READY' }),
    draft({ code: 'CLUSTER_UNREACHABLE' }),
    draft({ code: 'API_URL_MISSING' }),
    draft({ code: 'TOKEN_EXPIRY_UNKNOWN', verdict: 'UNKNOWN', severity: 'WARNING' }),
  ];
  const expected = ['API_URL_MISSING', 'CLUSTER_UNREACHABLE', 'RIGHTS_SUFFICIENT', 'TOKEN_EXPIRY_UNKNOWN', 'TOKEN_EXPIRES_SOON'];
  expect(inOrder(all).map((one) => one.code)).toEqual(expected);
  expect(inOrder([...all].reverse()).map((one) => one.code)).toEqual(expected);
});

test.each([
  { because: 'a finding that held before keeps its beginning', known: [{ ...draft({}), since: before }], draft: draft({ since: now }), since: before },
  { because: 'the same code about another hub is another finding', known: [{ ...draft({ hubId: 'a' }), since: before }], draft: draft({ hubId: 'b' }), since: now },
  { because: 'a new one begins with the facts', known: [], draft: draft({ since: before }), since: before },
  { because: 'without facts it begins now', known: [], draft: draft({}), since: now },
])('$because', ({ known, draft: one, since }) => {
  expect(withSince([one], known as Finding[], now)[0]?.since).toEqual(since);
});

test.each([
  { because: 'one plan leaves it behind', of: ['READY', 'NOT_READY', 'NOT_NEEDED'] as const, worst: 'NOT_READY' },
  { because: 'a doubt outweighs a risk', of: ['AT_RISK', 'UNKNOWN'] as const, worst: 'UNKNOWN' },
  { because: 'no plan needs anything', of: ['NOT_NEEDED'] as const, worst: 'NOT_NEEDED' },
])('$worst: $because', ({ of, worst }) => {
  expect(worstClusterVerdict(of)).toBe(worst);
});
