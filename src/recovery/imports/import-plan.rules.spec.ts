import type { ConditionFacts } from '../../fleet/facts.types.js';
import { chooseToken, importReport, nextPauseMs, planImport, type FailingImport, type ImportFacts, type ReadToken } from './import-plan.rules.js';
import { jwtExpiry } from './jwt-expiry.rules.js';
import { operatorChoice } from './token-choice.rules.js';

const now = new Date('2026-11-24T12:00:00Z');
const hours = (n: number) => new Date(now.getTime() + n * 3_600_000);
const windowEndsAt = hours(1);

const condition = (of: Partial<ConditionFacts>): ConditionFacts => ({ status: 'ABSENT', reason: null, message: null, since: null, ...of });
const rejected = condition({ status: 'FALSE', reason: 'ManagedClusterImportFailed', message: 'AutoImportSecretInvalid c1/auto-import-secret; please check it' });
const unreachable = condition({ status: 'FALSE', reason: 'ManagedClusterImporting', message: 'Try to import managed cluster, will retry: Get "https://api.c1:6443/api": dial tcp: i/o timeout' });
const cluster = { available: condition({}), apiUrl: 'https://api.c1:6443', importDisabled: false, imported: condition({}), hosted: false, labels: {} };
const token = { account: 'auto-import-account', expiresAt: hours(500) };
const pending: ImportFacts = {
  origin: 'IMPORTED', cluster, tokens: [token], importSecret: { restored: true }, suppliedApiUrl: null, knownBefore: false, attempts: 0, nextAttemptAt: null, ended: null,
};
const is = (of: Partial<ImportFacts['cluster']>) => ({ cluster: { ...cluster, ...of } }) as Partial<ImportFacts>;

test.each<{ because: string; facts: Partial<ImportFacts>; at?: Date; decision: string }>([
  { because: 'Hive brings its clusters back', facts: { origin: 'HIVE', cluster: null }, decision: 'END NOT_NEEDED' },
  { because: 'a hosted cluster is recognised on the target too', facts: is({ hosted: true }), decision: 'END NOT_NEEDED' },
  { because: 'there is nothing to import', facts: { cluster: null }, decision: 'END CLUSTER_NOT_RESTORED' },
  { because: 'it is back', facts: is({ available: condition({ status: 'TRUE' }) }), decision: 'END RECONNECTED' },
  { because: 'it was there before and nobody imported it', facts: { ...is({ available: condition({ status: 'TRUE' }) }), knownBefore: true, importSecret: null }, decision: 'END ALREADY_AVAILABLE' },
  { because: 'it was there before and was imported', facts: { ...is({ available: condition({ status: 'TRUE' }) }), knownBefore: true }, decision: 'END RECONNECTED' },
  { because: 'the import is forbidden', facts: is({ importDisabled: true }), decision: 'END IMPORT_DISABLED' },
  { because: 'limitation 2', facts: is({ apiUrl: null }), decision: 'END API_URL_MISSING' },
  { because: 'a supplied URL helps', facts: { ...is({ apiUrl: null }), suppliedApiUrl: 'https://given:6443', importSecret: null }, decision: 'TRY https://given:6443' },
  { because: 'a supplied URL wins over the hub’s, and must get into the Secret', facts: { suppliedApiUrl: 'https://given:6443' }, decision: 'TRY https://given:6443' },
  { because: 'limitation 3 and 4', facts: { tokens: [] }, decision: 'END NO_TOKEN_RESTORED' },
  { because: 'the operator has made its Secret', facts: {}, decision: 'WAIT IMPORTING' },
  { because: 'the operator made none', facts: { importSecret: null }, decision: 'TRY https://api.c1:6443' },
  { because: 'its pause is not over', facts: { importSecret: null, nextAttemptAt: hours(0.1) }, decision: 'WAIT WAITING' },
  { because: 'a pause that ends now is over', facts: { importSecret: null, nextAttemptAt: now }, decision: 'TRY https://api.c1:6443' },
  { because: 'the controller retries an unreachable cluster by itself', facts: is({ imported: unreachable }), decision: 'WAIT IMPORTING' },
  { because: 'a refused token may have a better one beside it', facts: is({ imported: rejected }), decision: 'TRY https://api.c1:6443 rejected' },
  { because: 'limitation 5: the token itself is asked', facts: { tokens: [{ ...token, expiresAt: now }] }, decision: 'TRY https://api.c1:6443' },
  { because: 'one of two has not expired', facts: { tokens: [{ ...token, expiresAt: now }, { account: 'auto-import-account-pair', expiresAt: hours(1) }] }, decision: 'WAIT IMPORTING' },
  { because: 'a person’s Secret is left alone', facts: { importSecret: { restored: false } }, decision: 'WAIT IMPORTING' },
  { because: 'the person’s Secret did not help', facts: { importSecret: { restored: false } }, at: windowEndsAt, decision: 'END IMPORT_SECRET_BY_OTHERS' },
  { because: 'limitation 1', facts: is({ imported: unreachable }), at: windowEndsAt, decision: 'END CLUSTER_UNREACHABLE' },
  { because: 'refused to the end', facts: is({ imported: rejected }), at: windowEndsAt, decision: 'END TOKEN_REJECTED' },
  { because: 'nobody said why', facts: {}, at: windowEndsAt, decision: 'END IMPORT_TIMED_OUT' },
  { because: 'it has ended, and the tokens are what they were', facts: { tokens: [{ ...token, expiresAt: now }], ended: 'TOKEN_EXPIRED' }, decision: 'LEAVE ' },
  { because: 'a better token has appeared', facts: { importSecret: null, ended: 'TOKEN_EXPIRED' }, decision: 'TRY https://api.c1:6443' },
  { because: 'a reason that was found is not lost when time runs out', facts: { ended: 'TOKEN_EMPTY' }, at: windowEndsAt, decision: 'LEAVE ' },
  { because: 'its time is over', facts: { importSecret: null, ended: 'TOKEN_REJECTED' }, decision: 'LEAVE ' },
  { because: 'the address came after the end', facts: { importSecret: null, ended: 'API_URL_MISSING' }, decision: 'TRY https://api.c1:6443' },
  { because: 'it came back after all', facts: { ...is({ available: condition({ status: 'TRUE' }) }), ended: 'CLUSTER_UNREACHABLE' }, decision: 'END RECONNECTED' },
  { because: 'back at the last moment counts', facts: is({ available: condition({ status: 'TRUE' }) }), at: windowEndsAt, decision: 'END RECONNECTED' },
])('$decision: $because', ({ facts, at, decision }) => {
  const made = planImport({ ...pending, ...facts }, at ?? now, windowEndsAt);
  const words = { END: () => (made.do === 'END' ? made.outcome : ''), WAIT: () => (made.do === 'WAIT' ? made.state : ''), TRY: () => (made.do === 'TRY' ? made.server + (made.rejected ? ' rejected' : '') : ''), LEAVE: () => '' };
  expect(`${made.do} ${words[made.do]()}`).toBe(decision);
});

test.each<{ because: string; facts: Partial<ImportFacts>; failing: string | null }>([
  { because: 'nobody has said anything of an import yet', facts: {}, failing: null },
  { because: 'the target has not reached it since', facts: is({ imported: { ...unreachable, since: '2026-11-24T11:48:00.000Z' } }), failing: 'UNREACHABLE 2026-11-24T11:48:00.000Z' },
  { because: 'the target says that of before the restore, maybe', facts: { ...is({ imported: { ...unreachable, since: '2026-11-24T11:48:00.000Z' } }), knownBefore: true }, failing: null },
  { because: 'an expired token is refused too', facts: is({ imported: { ...rejected, since: '2026-11-24T11:48:00.000Z' } }), failing: null },
  { because: 'it was refused before', facts: { ...is({ imported: { ...rejected, since: '2026-11-24T11:48:00.000Z' } }), attempts: 1 }, failing: 'REJECTED 2026-11-24T11:48:00.000Z' },
])('once the tokens have ended, the import was failing by $failing: $because', ({ facts, failing }) => {
  const made = planImport({ ...pending, tokens: [{ ...token, expiresAt: now }], ...facts }, now, windowEndsAt);
  expect(made.do === 'TRY' && made.failing ? `${made.failing.report} ${made.failing.since.toISOString()}` : null).toBe(failing);
});

const read = (of: Partial<ReadToken>): ReadToken => ({ account: 'auto-import-account', isEmpty: false, expiresAt: hours(500), inPlace: false, ...of });
const pairRead = (of: Partial<ReadToken>): ReadToken => read({ account: 'auto-import-account-pair', ...of });

test.each<{ because: string; tokens: ReadToken[]; inPlace?: boolean; rejected?: boolean; otherServer?: boolean; failing?: FailingImport; decision: string }>([
  { because: 'the only one is used', tokens: [read({})], decision: 'WRITE auto-import-account' },
  { because: 'it is in place already', tokens: [read({ inPlace: true })], inPlace: true, decision: 'KEEP auto-import-account' },
  { because: 'in place, but for another server', tokens: [read({ inPlace: true })], inPlace: true, otherServer: true, decision: 'WRITE auto-import-account' },
  { because: 'the claim says expired, whatever the annotation said', tokens: [read({ expiresAt: now })], decision: 'END TOKEN_EXPIRED' },
  { because: 'it has ended while the cluster was not reached, and that is why it failed', tokens: [read({ expiresAt: now })], failing: { report: 'UNREACHABLE', since: hours(-0.2) }, decision: 'END CLUSTER_UNREACHABLE' },
  { because: 'it has ended while the cluster refused it', tokens: [read({ expiresAt: now }), pairRead({ expiresAt: hours(-9) })], failing: { report: 'REJECTED', since: hours(-0.2) }, decision: 'END TOKEN_REJECTED' },
  { because: 'it had ended before anybody tried', tokens: [read({ expiresAt: hours(-1) })], failing: { report: 'UNREACHABLE', since: hours(-0.2) }, decision: 'END TOKEN_EXPIRED' },
  { because: 'the operator used an expired one', tokens: [read({ expiresAt: now, inPlace: true }), pairRead({})], inPlace: true, decision: 'WRITE auto-import-account-pair' },
  { because: 'the refused one has a better one beside it', tokens: [read({ inPlace: true }), pairRead({})], inPlace: true, rejected: true, decision: 'WRITE auto-import-account-pair' },
  { because: 'refused, and there is no other', tokens: [read({ inPlace: true })], inPlace: true, rejected: true, decision: 'KEEP auto-import-account' },
  { because: 'refused, the other has expired', tokens: [read({ inPlace: true }), pairRead({ expiresAt: now })], inPlace: true, rejected: true, decision: 'KEEP auto-import-account' },
  { because: 'what is in place is none of them, and was refused', tokens: [read({})], inPlace: true, rejected: true, decision: 'WRITE auto-import-account' },
  { because: 'an empty one is none', tokens: [read({ isEmpty: true, expiresAt: null }), pairRead({})], decision: 'WRITE auto-import-account-pair' },
  { because: 'all are empty', tokens: [read({ isEmpty: true, expiresAt: null })], decision: 'END TOKEN_EMPTY' },
  { because: 'without any expiry it is worth a try', tokens: [read({ expiresAt: null })], decision: 'WRITE auto-import-account' },
])('$decision: $because', ({ tokens, inPlace, rejected: refused, otherServer, failing, decision }) => {
  const made = chooseToken(tokens, inPlace ?? false, refused ?? false, otherServer ?? false, failing ?? null, now);
  expect(`${made.do} ${made.do === 'END' ? made.outcome : made.account}`).toBe(decision);
});

test.each([
  { because: 'none', tokens: [], chosen: null },
  { because: 'the only one, even if expired', tokens: [{ account: 'b', expiresAt: hours(-1) }], chosen: 'b' },
  { because: 'the first by name that lies ahead', tokens: [{ account: 'b', expiresAt: hours(9) }, { account: 'a', expiresAt: hours(1) }], chosen: 'a' },
  { because: 'both expired: the younger', tokens: [{ account: 'a', expiresAt: hours(-9) }, { account: 'b', expiresAt: hours(-1) }], chosen: 'b' },
  { because: 'an unreadable expiry does not lie ahead', tokens: [{ account: 'a', expiresAt: null }, { account: 'b', expiresAt: hours(-1) }], chosen: 'b' },
])('the operator takes $chosen: $because', ({ tokens, chosen }) => {
  expect(operatorChoice(tokens, now)?.account ?? null).toBe(chosen);
});

test.each([
  { because: 'no condition at all, as on a restored cluster', of: condition({}), report: 'NONE' },
  { because: 'the controller waits', of: condition({ status: 'FALSE', reason: 'ManagedClusterWaitForImporting', message: 'Wait for importing' }), report: 'TRYING' },
  { because: 'no connection', of: unreachable, report: 'UNREACHABLE' },
  { because: 'a bad token', of: rejected, report: 'REJECTED' },
  { because: 'another failure', of: condition({ status: 'FALSE', reason: 'ManagedClusterImportFailed', message: 'crds cannot be applied' }), report: 'FAILED' },
  { because: 'it is imported', of: condition({ status: 'TRUE', reason: 'ManagedClusterImported' }), report: 'IMPORTED' },
])('$report: $because', ({ of, report }) => {
  expect(importReport(of)).toBe(report);
});

const jwt = (claims: unknown) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`;
test.each([
  { because: 'seconds since the epoch', token: jwt({ exp: 1_800_000_000 }), expiry: new Date(1_800_000_000_000) },
  { because: 'no such claim', token: jwt({}), expiry: null },
  { because: 'no JWT', token: 'opaque', expiry: null },
  { because: 'not JSON', token: 'a.!!!.c', expiry: null },
  { because: 'a claim that is no number', token: jwt({ exp: '1800000000' }), expiry: null },
  { because: 'beyond every calendar', token: jwt({ exp: 1e300 }), expiry: null },
  { because: 'JSON, but no object', token: jwt(null), expiry: null },
])('$expiry: $because', ({ token: value, expiry }) => {
  expect(jwtExpiry(value)).toEqual(expiry);
});

test('the pause doubles up to ten times the first', () => {
  expect([0, 1, 2, 3, 4, 5, 9].map((attempts) => nextPauseMs(attempts, 30))).toEqual([30, 30, 60, 120, 240, 300, 300]);
});
