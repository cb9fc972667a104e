import { assessCluster, predictedOutcome, type Basis, type ClusterFacts, type ClusterInSet, type LeftToken, type LiveToken, type TargetPath, type TokenCheck, type TokenInSet } from './cluster-verdict.rules.js';

const now = new Date('2026-11-24T12:00:00Z');
const hours = (n: number) => new Date(now.getTime() + n * 3_600_000);
const moment = { now, horizonMs: 24 * 3_600_000 };
const set: Basis = { kind: 'SET', set: { credentialsBackup: 'acm-credentials-schedule-20261124110000', startedAt: hours(-1), managedClustersStartedAt: hours(-1) } };

const inside: TokenInSet = { account: 'auto-import-account', belief: 'INFERRED_IN', reason: null, expiresAt: hours(500), evidence: 'labelled before the start' };
const live: LiveToken = { account: 'auto-import-account', secretPresent: true, bindingPresent: true, problemSince: null };
const good: ClusterFacts = {
  name: 'c1', origin: 'IMPORTED', apiUrl: 'https://api.c1:6443', available: 'TRUE', availableSince: hours(-100), createdOnHubAt: hours(-100), excludedFromBackup: false, importDisabled: false, tokens: [live], inSet: [inside],
};
const held: ClusterInSet = { belief: 'VERIFIED_IN', evidence: 'listed', apiUrlKnown: true, apiUrl: 'https://api.c1:6443' };
const pair = (of: Partial<TokenInSet>): TokenInSet => ({ ...inside, account: 'auto-import-account-pair', ...of });
const out = (reason: TokenInSet['reason'], evidence = 'not inside'): TokenInSet => ({ ...inside, belief: 'INFERRED_OUT', reason, expiresAt: null, evidence });

interface Row { because: string; facts?: Partial<ClusterFacts>; basis?: Basis; verdict: string; codes: string[]; outcome: string | null }
const rows: Row[] = [
  { because: 'nothing is wrong', verdict: 'READY', codes: [], outcome: 'RECONNECTED' },
  { because: 'Hive brings its clusters back', facts: { origin: 'HIVE', apiUrl: null, available: 'UNKNOWN', inSet: [] }, verdict: 'NOT_NEEDED', codes: [], outcome: 'NOT_NEEDED' },
  { because: 'a deletion would destroy it, and it would not come back', facts: { origin: 'HIVE', hive: { preserved: false, kubeconfigInBackup: false, checkedAt: now } }, verdict: 'NOT_NEEDED', codes: ['HIVE_NOT_PRESERVED', 'HIVE_KUBECONFIG_NOT_IN_BACKUP'], outcome: 'NOT_NEEDED' },
  { because: 'Hive keeps all that it needs', facts: { origin: 'HIVE', hive: { preserved: true, kubeconfigInBackup: true, checkedAt: now } }, verdict: 'NOT_NEEDED', codes: [], outcome: 'NOT_NEEDED' },
  { because: 'auto-import does not apply to hosted clusters', facts: { origin: 'HOSTED' }, verdict: 'NOT_NEEDED', codes: [], outcome: 'NOT_NEEDED' },
  { because: 'the hub itself does not move', facts: { origin: 'LOCAL' }, verdict: 'NOT_NEEDED', codes: [], outcome: 'NOT_NEEDED' },
  { because: 'limitation 1: the hub does not reach the cluster', facts: { available: 'UNKNOWN' }, verdict: 'NOT_READY', codes: ['CLUSTER_UNREACHABLE'], outcome: 'CLUSTER_UNREACHABLE' },
  { because: 'a cluster that never joined is not available', facts: { available: 'ABSENT' }, verdict: 'NOT_READY', codes: ['CLUSTER_UNREACHABLE'], outcome: 'CLUSTER_UNREACHABLE' },
  { because: 'limitation 2: no API URL', facts: { apiUrl: null }, verdict: 'NOT_READY', codes: ['API_URL_MISSING'], outcome: 'API_URL_MISSING' },
  {
    because: 'limitation 3: the cluster slept, its agent never reported a token', facts: { tokens: [{ ...live, secretPresent: false }], inSet: [out('SECRET_MISSING')], available: 'UNKNOWN' },
    verdict: 'NOT_READY', codes: ['TOKEN_MISSING', 'CLUSTER_UNREACHABLE'], outcome: 'NO_TOKEN_RESTORED',
  },
  { because: 'limitation 2: it had no API URL when the backup was taken', facts: { held: { ...held, apiUrl: null } }, verdict: 'NOT_READY', codes: ['API_URL_MISSING'], outcome: 'API_URL_MISSING' },
  { because: 'the API URL that it has lost since comes back with the backup', facts: { apiUrl: null, held }, verdict: 'READY', codes: [], outcome: 'RECONNECTED' },
  { because: 'a backup brings back an old address, at which nobody may be', facts: { apiUrl: 'https://new.c1:6443', held }, verdict: 'UNKNOWN', codes: ['API_URL_CHANGED'], outcome: null },
  { because: 'what the URL was is not known: as it is now', facts: { apiUrl: null, held: { ...held, apiUrlKnown: false, apiUrl: null } }, verdict: 'NOT_READY', codes: ['API_URL_MISSING'], outcome: 'API_URL_MISSING' },
  { because: 'Velero\u2019s record lists it, though its age cannot be read', facts: { createdOnHubAt: null, held }, verdict: 'READY', codes: [], outcome: 'RECONNECTED' },
  { because: 'Velero\u2019s record does not list it, though it is old', facts: { held: { ...held, belief: 'VERIFIED_OUT' } }, verdict: 'NOT_READY', codes: ['CLUSTER_NOT_IN_BACKUP'], outcome: 'CLUSTER_NOT_RESTORED' },
  { because: 'the label that kept it out of the backup has gone since, which changes nothing about the backup', facts: { held: { ...held, belief: 'INFERRED_OUT' } }, verdict: 'NOT_READY', codes: ['CLUSTER_NOT_IN_BACKUP'], outcome: 'CLUSTER_NOT_RESTORED' },
  { because: 'it is kept out of backups since, or was a moment before', facts: { excludedFromBackup: true, held: { ...held, belief: 'INFERRED_IN' } }, verdict: 'UNKNOWN', codes: ['CLUSTER_NOT_IN_BACKUP'], outcome: null },
  { because: 'its import was forbidden when the backup was taken, and will be again', facts: { held: { ...held, importDisabled: true } }, verdict: 'NOT_READY', codes: ['IMPORT_DISABLED'], outcome: 'IMPORT_DISABLED' },
  { because: 'its import is forbidden since, or was a moment before', facts: { importDisabled: true, held: { ...held, importDisabled: false } }, verdict: 'UNKNOWN', codes: ['IMPORT_DISABLED'], outcome: null },
  { because: 'whether its import was forbidden then is not known: as it is now', facts: { importDisabled: true, held: { ...held, importDisabled: null } }, verdict: 'NOT_READY', codes: ['IMPORT_DISABLED'], outcome: 'IMPORT_DISABLED' },
  { because: 'an inferred presence says no more than its age', facts: { createdOnHubAt: hours(1), held: { ...held, belief: 'INFERRED_IN' } }, verdict: 'NOT_READY', codes: ['CLUSTER_NOT_IN_BACKUP'], outcome: 'CLUSTER_NOT_RESTORED' },
  { because: 'somebody has forbidden its import', facts: { importDisabled: true, apiUrl: null }, verdict: 'NOT_READY', codes: ['IMPORT_DISABLED', 'API_URL_MISSING'], outcome: 'IMPORT_DISABLED' },
  { because: 'limitation 3: nothing is known of any token', facts: { tokens: [], inSet: [] }, verdict: 'NOT_READY', codes: ['TOKEN_MISSING'], outcome: 'NO_TOKEN_RESTORED' },
  { because: 'limitation 4: unlabelled when the backup ran', facts: { inSet: [out('SECRET_UNLABELLED')] }, verdict: 'NOT_READY', codes: ['TOKEN_NOT_IN_BACKUP'], outcome: 'NO_TOKEN_RESTORED' },
  { because: 'limitation 4: labelled too late', facts: { inSet: [out('LABELLED_AFTER_START')] }, verdict: 'NOT_READY', codes: ['TOKEN_NOT_IN_BACKUP'], outcome: 'NO_TOKEN_RESTORED' },
  { because: 'made after the backup, there now', facts: { inSet: [out('SECRET_MISSING')] }, verdict: 'NOT_READY', codes: ['TOKEN_NOT_IN_BACKUP'], outcome: 'NO_TOKEN_RESTORED' },
  { because: 'limitation 5: the one token in the backup has expired; the operator uses it all the same', facts: { inSet: [{ ...inside, expiresAt: now }] }, verdict: 'NOT_READY', codes: ['TOKEN_EXPIRED'], outcome: 'TOKEN_EXPIRED' },
  { because: 'of two the first that has not expired is used', facts: { inSet: [{ ...inside, expiresAt: hours(-1) }, pair({})] }, verdict: 'READY', codes: [], outcome: 'RECONNECTED' },
  { because: 'of two the first by name, though the pair lives longer', facts: { inSet: [pair({ expiresAt: hours(900) }), { ...inside, expiresAt: hours(3) }] }, verdict: 'AT_RISK', codes: ['TOKEN_EXPIRES_SOON'], outcome: 'RECONNECTED' },
  { because: 'both have expired', facts: { inSet: [{ ...inside, expiresAt: hours(-9) }, pair({ expiresAt: hours(-1) })] }, verdict: 'NOT_READY', codes: ['TOKEN_EXPIRED'], outcome: 'TOKEN_EXPIRED' },
  { because: 'an expiry within the horizon is a risk, not an obstacle', facts: { inSet: [{ ...inside, expiresAt: hours(23) }] }, verdict: 'AT_RISK', codes: ['TOKEN_EXPIRES_SOON'], outcome: 'RECONNECTED' },
  { because: 'a restore that begins now may be done too late', facts: { inSet: [{ ...inside, expiresAt: hours(0.25) }] }, verdict: 'UNKNOWN', codes: ['TOKEN_EXPIRES_SOON'], outcome: null },
  { because: 'it fails for sure, and whether its token has ended by then is open', facts: { available: 'UNKNOWN', inSet: [{ ...inside, expiresAt: hours(0.25) }] }, verdict: 'NOT_READY', codes: ['CLUSTER_UNREACHABLE', 'TOKEN_EXPIRES_SOON'], outcome: null },
  { because: 'that it may be done in time is a risk', facts: { inSet: [{ ...inside, expiresAt: hours(0.26) }] }, verdict: 'AT_RISK', codes: ['TOKEN_EXPIRES_SOON'], outcome: 'RECONNECTED' },
  { because: 'an unreadable expiry is unknown, never fine', facts: { inSet: [{ ...inside, expiresAt: null }] }, verdict: 'UNKNOWN', codes: ['TOKEN_EXPIRY_UNKNOWN'], outcome: null },
  { because: 'the validity was changed, and under the shorter one it lasts as well', facts: { inSet: [{ ...inside, expiryDoubt: 'changed', doubtfulFrom: hours(25) }] }, verdict: 'READY', codes: [], outcome: 'RECONNECTED' },
  { because: 'under the shorter validity it would end soon', facts: { inSet: [{ ...inside, expiryDoubt: 'changed', doubtfulFrom: hours(23) }] }, verdict: 'AT_RISK', codes: ['TOKEN_EXPIRY_DOUBTFUL'], outcome: 'RECONNECTED' },
  { because: 'under the shorter validity it has ended, whatever is recorded', facts: { inSet: [{ ...inside, expiryDoubt: 'changed', doubtfulFrom: now }] }, verdict: 'UNKNOWN', codes: ['TOKEN_EXPIRY_DOUBTFUL'], outcome: null },
  { because: 'nobody knows what the set holds', facts: { inSet: [{ ...inside, belief: 'UNKNOWN', expiresAt: null }] }, verdict: 'UNKNOWN', codes: ['TOKEN_IN_BACKUP_UNKNOWN'], outcome: null },
  { because: 'it fails for sure, but the import looks for a token first: for which of the two is open', facts: { available: 'FALSE', inSet: [{ ...inside, belief: 'UNKNOWN', expiresAt: null }] }, verdict: 'NOT_READY', codes: ['CLUSTER_UNREACHABLE', 'TOKEN_IN_BACKUP_UNKNOWN'], outcome: null },
  { because: 'a doubtful pair may yet save it', facts: { inSet: [{ ...inside, expiresAt: hours(-1) }, pair({ belief: 'UNKNOWN', expiresAt: null })] }, verdict: 'UNKNOWN', codes: ['TOKEN_IN_BACKUP_UNKNOWN'], outcome: null },
  { because: 'a doubtful pair does not harm a good token', facts: { inSet: [inside, pair({ belief: 'UNKNOWN', expiresAt: null })] }, verdict: 'READY', codes: [], outcome: 'RECONNECTED' },
  { because: 'without its binding the token is refused', facts: { tokens: [{ ...live, bindingPresent: false }] }, verdict: 'NOT_READY', codes: ['ROLE_BINDING_MISSING'], outcome: 'TOKEN_REJECTED' },
  {
    because: 'the pair has rights and is tried next', facts: { tokens: [{ ...live, bindingPresent: false }, { ...live, account: 'auto-import-account-pair' }], inSet: [inside, pair({})] },
    verdict: 'AT_RISK', codes: ['ROLE_BINDING_MISSING'], outcome: 'RECONNECTED',
  },
  {
    because: 'the account was made anew after the token in the set: its ServiceAccount is another one', facts: { tokens: [{ ...live, accountSince: hours(-2) }], inSet: [{ ...inside, refreshedAt: hours(-30) }] },
    verdict: 'NOT_READY', codes: ['TOKEN_REVOKED'], outcome: 'TOKEN_REJECTED',
  },
  {
    because: 'it was made anew, and the agent on the cluster has done nothing since: it may not have taken the old one away', facts: { tokens: [{ ...live, secretPresent: false, accountSince: hours(-2) }], inSet: [{ ...inside, refreshedAt: hours(-30) }] },
    verdict: 'UNKNOWN', codes: ['TOKEN_REVOKED', 'TOKEN_LOST_SINCE_BACKUP'], outcome: null,
  },
  { because: 'the account is gone, and with it its Secret and its ServiceAccount', facts: { tokens: [{ ...live, secretPresent: false, accountSince: null }] }, verdict: 'NOT_READY', codes: ['TOKEN_REVOKED', 'TOKEN_LOST_SINCE_BACKUP'], outcome: 'TOKEN_REJECTED' },
  {
    because: 'the agent has replaced a token before it was due: the cluster may have refused it, and with it those of before', facts: { tokens: [{ ...live, accountSince: hours(-90), earlyRefreshAt: hours(-2) }], inSet: [{ ...inside, refreshedAt: hours(-30) }] },
    verdict: 'UNKNOWN', codes: ['TOKEN_REVOKED'], outcome: null,
  },
  { because: 'the set holds the token that came then', facts: { tokens: [{ ...live, accountSince: hours(-90), earlyRefreshAt: hours(-2) }], inSet: [{ ...inside, refreshedAt: hours(-2) }] }, verdict: 'READY', codes: [], outcome: 'RECONNECTED' },
  { because: 'a Secret that belongs to no account is a person’s own', facts: { tokens: [{ ...live, accountSince: null }] }, verdict: 'READY', codes: [], outcome: 'RECONNECTED' },
  { because: 'the clocks of hub and cluster may differ by a minute', facts: { tokens: [{ ...live, accountSince: hours(-2) }], inSet: [{ ...inside, refreshedAt: new Date(hours(-2).getTime() - 60_000) }] }, verdict: 'READY', codes: [], outcome: 'RECONNECTED' },
  {
    because: 'the pair’s account has lasted, its token is tried next',
    facts: { tokens: [{ ...live, accountSince: hours(-2) }, { ...live, account: 'auto-import-account-pair', accountSince: hours(-90) }], inSet: [{ ...inside, refreshedAt: hours(-30) }, pair({ refreshedAt: hours(-30) })] },
    verdict: 'AT_RISK', codes: ['TOKEN_REVOKED'], outcome: 'RECONNECTED',
  },
  {
    because: 'the pair’s account has lasted, and has no rights',
    facts: { tokens: [{ ...live, accountSince: hours(-2) }, { ...live, account: 'auto-import-account-pair', accountSince: hours(-90), bindingPresent: false }], inSet: [{ ...inside, refreshedAt: hours(-30) }, pair({ refreshedAt: hours(-30) })] },
    verdict: 'NOT_READY', codes: ['TOKEN_REVOKED'], outcome: 'TOKEN_REJECTED',
  },
  {
    because: 'the pair has rights, and its account was made anew',
    facts: { tokens: [{ ...live, bindingPresent: false }, { ...live, account: 'auto-import-account-pair', accountSince: hours(-2) }], inSet: [inside, pair({ refreshedAt: hours(-30) })] },
    verdict: 'NOT_READY', codes: ['ROLE_BINDING_MISSING'], outcome: 'TOKEN_REJECTED',
  },
  {
    because: 'the pair has rights, and may end before it is tried',
    facts: { tokens: [{ ...live, bindingPresent: false }, { ...live, account: 'auto-import-account-pair' }], inSet: [inside, pair({ expiresAt: hours(0.2) })] },
    verdict: 'UNKNOWN', codes: ['ROLE_BINDING_MISSING'], outcome: null,
  },
  {
    because: 'the pair has rights, and has ended',
    facts: { tokens: [{ ...live, bindingPresent: false }, { ...live, account: 'auto-import-account-pair' }], inSet: [inside, pair({ expiresAt: hours(-0.1) })] },
    verdict: 'NOT_READY', codes: ['ROLE_BINDING_MISSING'], outcome: 'TOKEN_REJECTED',
  },
  { because: 'the set still holds what the hub has lost since', facts: { tokens: [{ ...live, secretPresent: false }] }, verdict: 'AT_RISK', codes: ['TOKEN_LOST_SINCE_BACKUP'], outcome: 'RECONNECTED' },
  { because: 'it joined after the backup', facts: { createdOnHubAt: hours(-1) }, verdict: 'NOT_READY', codes: ['CLUSTER_NOT_IN_BACKUP'], outcome: 'CLUSTER_NOT_RESTORED' },
  { because: 'Velero was told to leave it out', facts: { excludedFromBackup: true }, verdict: 'NOT_READY', codes: ['CLUSTER_NOT_IN_BACKUP'], outcome: 'CLUSTER_NOT_RESTORED' },
  { because: 'garbage for a creation time is unknown', facts: { createdOnHubAt: null }, verdict: 'UNKNOWN', codes: ['CLUSTER_AGE_UNKNOWN'], outcome: null },
  { because: 'a sure obstacle outweighs a doubt, which leaves open what the import would meet first', facts: { createdOnHubAt: null, apiUrl: null }, verdict: 'NOT_READY', codes: ['API_URL_MISSING', 'CLUSTER_AGE_UNKNOWN'], outcome: null },
  { because: 'there is no set', basis: { kind: 'NO_SET' }, verdict: 'NOT_READY', codes: ['NO_BACKUP_SET'], outcome: null },
  { because: 'without a set the missing token is said as well', basis: { kind: 'NO_SET' }, facts: { tokens: [] }, verdict: 'NOT_READY', codes: ['NO_BACKUP_SET', 'TOKEN_MISSING'], outcome: null },
  { because: 'the target does not show it', basis: { kind: 'NOT_ON_TARGET', credentialsBackup: 'b' }, verdict: 'NOT_READY', codes: ['BACKUP_NOT_ON_TARGET'], outcome: null },
  { because: 'a silent hub is no news, not bad news', basis: { kind: 'STALE', hubName: 'west', heardAt: null }, verdict: 'UNKNOWN', codes: ['FACTS_STALE'], outcome: null },
];

test.each(rows)('$verdict $codes: $because', ({ facts, basis, verdict, codes, outcome }) => {
  const assessment = assessCluster({ ...good, ...facts }, basis ?? set, moment);
  expect({ verdict: assessment.verdict, codes: assessment.findings.map((one) => one.code) }).toEqual({ verdict, codes });
  expect(predictedOutcome(assessment.verdict, assessment.findings)).toBe(outcome);
});

describe('the way from the target to the cluster', () => {
  const proven: TargetPath = { state: 'PROVEN', checkedAt: hours(-1), detail: 'HTTP 401' };
  const refused: TargetPath = { ...proven, state: 'REFUSED', detail: 'connection refused' };
  test.each<{ because: string; mustBeProven: boolean; path?: TargetPath; facts?: Partial<ClusterFacts>; verdict: string; codes: string[]; outcome: string | null }>([
    { because: 'assumed, and nobody has looked', mustBeProven: false, verdict: 'READY', codes: [], outcome: 'RECONNECTED' },
    { because: 'assumed, and a probe was refused: what is known counts', mustBeProven: false, path: refused, verdict: 'NOT_READY', codes: ['TARGET_PATH_REFUSED'], outcome: 'CLUSTER_UNREACHABLE' },
    { because: 'to be proven, and nobody has looked', mustBeProven: true, verdict: 'UNKNOWN', codes: ['TARGET_PATH_UNPROVEN'], outcome: null },
    { because: 'proven', mustBeProven: true, path: proven, verdict: 'READY', codes: [], outcome: 'RECONNECTED' },
    { because: 'proven a day ago, to the second', mustBeProven: true, path: { ...proven, checkedAt: hours(-24) }, verdict: 'READY', codes: [], outcome: 'RECONNECTED' },
    { because: 'no probe has taught anything', mustBeProven: true, path: { state: 'UNKNOWN', checkedAt: hours(0), detail: 'the hub was away' }, verdict: 'UNKNOWN', codes: ['TARGET_PATH_UNPROVEN'], outcome: null },
    { because: 'assumed, and no probe has taught anything', mustBeProven: false, path: { state: 'UNKNOWN', checkedAt: hours(0), detail: 'the hub was away' }, verdict: 'READY', codes: [], outcome: 'RECONNECTED' },
    { because: 'an old proof is none', mustBeProven: true, path: { ...proven, checkedAt: hours(-25) }, verdict: 'UNKNOWN', codes: ['TARGET_PATH_UNPROVEN'], outcome: null },
    { because: 'a refusal stands until a probe succeeds', mustBeProven: true, path: { ...refused, checkedAt: hours(-99) }, verdict: 'NOT_READY', codes: ['TARGET_PATH_REFUSED'], outcome: 'CLUSTER_UNREACHABLE' },
    { because: 'a sure obstacle outweighs the doubt', mustBeProven: true, facts: { available: 'UNKNOWN' }, verdict: 'NOT_READY', codes: ['CLUSTER_UNREACHABLE', 'TARGET_PATH_UNPROVEN'], outcome: 'CLUSTER_UNREACHABLE' },
    { because: 'where no address is known there is no way to probe', mustBeProven: true, facts: { apiUrl: null }, verdict: 'NOT_READY', codes: ['API_URL_MISSING'], outcome: 'API_URL_MISSING' },
    { because: 'Hive needs none', mustBeProven: true, facts: { origin: 'HIVE' }, verdict: 'NOT_NEEDED', codes: [], outcome: 'NOT_NEEDED' },
  ])('$verdict $codes: $because', ({ mustBeProven, path, facts, verdict, codes, outcome }) => {
    const paths = { mustBeProven, provenForMs: 86_400_000, byCluster: new Map(path === undefined ? [] : [['c1', path]]) };
    const assessment = assessCluster({ ...good, ...facts }, set, { ...moment, paths });
    expect({ verdict: assessment.verdict, codes: assessment.findings.map((one) => one.code) }).toEqual({ verdict, codes });
    expect(predictedOutcome(assessment.verdict, assessment.findings)).toBe(outcome);
  });
});

describe('a token that an earlier restore has left on the target', () => {
  const left: LeftToken = { account: 'auto-import-account', expiresAt: hours(400), refreshedAt: hours(-30) };
  const check: TokenCheck = { state: 'EMPTY', account: 'auto-import-account', refreshedAt: hours(-30), checkedAt: hours(-1), since: hours(-20), detail: 'the Secret holds no token', lastAttempt: null };
  const emptied: TargetPath = { state: 'PROVEN', checkedAt: hours(-1), detail: '', deepCheck: check };
  test.each<{ because: string; left?: Partial<LeftToken>; check?: boolean; facts: Partial<ClusterFacts>; verdict: string; codes: string[]; outcome: string | null }>([
    { because: 'the set lacks it, and nothing takes away what is there', facts: { inSet: [out('SECRET_UNLABELLED')] }, verdict: 'AT_RISK', codes: ['TOKEN_NOT_IN_BACKUP'], outcome: 'RECONNECTED' },
    { because: 'the hub has lost its own since', facts: { tokens: [{ ...live, secretPresent: false }], inSet: [] }, verdict: 'AT_RISK', codes: ['TOKEN_MISSING', 'TOKEN_LOST_SINCE_BACKUP'], outcome: 'RECONNECTED' },
    { because: 'whether the set has a newer one is not known: one of both is there', facts: { inSet: [{ ...inside, belief: 'UNKNOWN', expiresAt: null }] }, verdict: 'AT_RISK', codes: ['TOKEN_IN_BACKUP_UNKNOWN'], outcome: 'RECONNECTED' },
    { because: 'that in the set has expired', facts: { inSet: [pair({ expiresAt: hours(-1) })] }, verdict: 'AT_RISK', codes: ['TOKEN_EXPIRED'], outcome: 'RECONNECTED' },
    { because: 'it has expired, and is what the import finds', left: { expiresAt: hours(-1) }, facts: { inSet: [out('SECRET_UNLABELLED')] }, verdict: 'NOT_READY', codes: ['TOKEN_EXPIRED'], outcome: 'TOKEN_EXPIRED' },
    { because: 'nobody knows when it ends', left: { expiresAt: null }, facts: { inSet: [] }, verdict: 'UNKNOWN', codes: ['TOKEN_EXPIRY_UNKNOWN', 'TOKEN_NOT_IN_BACKUP'], outcome: null },
    { because: 'its account was made anew since', facts: { tokens: [{ ...live, accountSince: hours(-2) }], inSet: [out('SECRET_UNLABELLED')] }, verdict: 'NOT_READY', codes: ['TOKEN_REVOKED', 'TOKEN_NOT_IN_BACKUP'], outcome: 'TOKEN_REJECTED' },
    { because: 'the set writes over it', left: { expiresAt: hours(-1) }, facts: {}, verdict: 'READY', codes: [], outcome: 'RECONNECTED' },
    { because: 'the pair in the set is tried where it is refused', facts: { tokens: [{ ...live, accountSince: hours(-2) }, { ...live, account: 'auto-import-account-pair' }], inSet: [pair({})] }, verdict: 'AT_RISK', codes: ['TOKEN_REVOKED'], outcome: 'RECONNECTED' },
    { because: 'the Secret of today is empty, which says nothing sure of what was brought before', left: { expiresAt: hours(-1) }, check: true, facts: { inSet: [out('SECRET_UNLABELLED')] }, verdict: 'NOT_READY', codes: ['TOKEN_EXPIRED', 'TOKEN_EMPTY'], outcome: null },
    { because: 'without a set nothing is imported', facts: { inSet: [] }, verdict: 'NOT_READY', codes: ['NO_BACKUP_SET'], outcome: null },
  ])('$verdict $codes: $because', ({ left: of, check: checked = false, facts, verdict, codes, outcome }) => {
    const paths = { mustBeProven: false, provenForMs: 86_400_000, byCluster: new Map(checked ? [['c1', emptied]] : []), ...(checked ? { deepCheckCountsForMs: 3 * 86_400_000 } : {}), left: new Map([['c1', [{ ...left, ...of }]]]) };
    const assessment = assessCluster({ ...good, ...facts }, codes[0] === 'NO_BACKUP_SET' ? { kind: 'NO_SET' } : set, { ...moment, paths });
    expect({ verdict: assessment.verdict, codes: assessment.findings.map((one) => one.code) }).toEqual({ verdict, codes });
    expect(predictedOutcome(assessment.verdict, assessment.findings)).toBe(outcome);
  });
});

describe('what the cluster said of its token', () => {
  const passed: TokenCheck = { state: 'PASSED', account: 'auto-import-account', refreshedAt: hours(-2), checkedAt: hours(-1), since: hours(-30), detail: 'the cluster takes it', lastAttempt: null };
  const refused: TokenCheck = { ...passed, state: 'REFUSED', detail: 'the cluster refused it (HTTP 401)' };
  const denied: TokenCheck = { ...passed, state: 'DENIED', detail: 'it may not' };
  const unspoken: TokenCheck = { ...passed, state: 'UNKNOWN', detail: 'Lifeboat met nobody' };
  const empty = (since: Date): TokenCheck => ({ ...passed, state: 'EMPTY', refreshedAt: hours(-2), since, detail: 'the Secret holds no token' });
  const tried = (state: TokenCheck['state'] | 'UNREACHABLE', refreshedAt: Date) => ({ account: 'auto-import-account-pair', state, refreshedAt });
  const inSet = (refreshedAt: Date | null): Partial<ClusterFacts> => ({ inSet: good.inSet.map((token) => ({ ...token, refreshedAt })) });
  test.each<{ because: string; check: TokenCheck | null; asked?: boolean; facts?: Partial<ClusterFacts>; verdict: string; codes: string[]; outcome: string | null }>([
    { because: 'it takes the token, which may do its job', check: passed, verdict: 'READY', codes: [], outcome: 'RECONNECTED' },
    { because: 'it refuses the token', check: refused, verdict: 'NOT_READY', codes: ['TOKEN_REFUSED_BY_CLUSTER'], outcome: 'TOKEN_REJECTED' },
    { because: 'the token may not do its job', check: denied, verdict: 'NOT_READY', codes: ['TOKEN_RIGHTS_MISSING'], outcome: 'TOKEN_REJECTED' },
    {
      because: 'it refuses the token; that of the pair would be tried next, and of that it has said nothing', check: refused, facts: { inSet: [inside, pair({})] },
      verdict: 'UNKNOWN', codes: ['TOKEN_REFUSED_BY_CLUSTER'], outcome: null,
    },
    {
      because: 'it refuses the token, and takes that of the pair', check: { ...refused, other: tried('PASSED', hours(-9)) }, facts: { inSet: [inside, pair({ refreshedAt: hours(-9) })] },
      verdict: 'AT_RISK', codes: ['TOKEN_REFUSED_BY_CLUSTER'], outcome: 'RECONNECTED',
    },
    {
      because: 'it refuses the token, and takes a newer one of the pair than the backup holds', check: { ...refused, other: tried('PASSED', hours(-9)) }, facts: { inSet: [inside, pair({ refreshedAt: hours(-90) })] },
      verdict: 'UNKNOWN', codes: ['TOKEN_REFUSED_BY_CLUSTER'], outcome: null,
    },
    {
      because: 'it refuses both', check: { ...refused, other: tried('REFUSED', hours(-9)) }, facts: { inSet: [inside, pair({ refreshedAt: hours(-90) })] },
      verdict: 'NOT_READY', codes: ['TOKEN_REFUSED_BY_CLUSTER'], outcome: 'TOKEN_REJECTED',
    },
    {
      because: 'it refused an older one of the pair than the backup holds', check: { ...denied, other: tried('REFUSED', hours(-9)) }, facts: { inSet: [inside, pair({ refreshedAt: hours(-1.5) })] },
      verdict: 'UNKNOWN', codes: ['TOKEN_RIGHTS_MISSING'], outcome: null,
    },
    {
      because: 'the backup holds that of the pair alone, which may not do its job', check: { ...refused, other: tried('DENIED', hours(-9)) }, facts: { inSet: [pair({ refreshedAt: hours(-9) })] },
      verdict: 'NOT_READY', codes: ['TOKEN_RIGHTS_MISSING'], outcome: 'TOKEN_REJECTED',
    },
    { because: 'the backup holds that of the pair alone, on which nobody was met', check: { ...refused, other: tried('UNREACHABLE', hours(-9)) }, facts: { inSet: [pair({})] }, verdict: 'READY', codes: ['TOKEN_NOT_CHECKED'], outcome: 'RECONNECTED' },
    { because: 'the Secret was empty before the backup started', check: empty(hours(-3)), facts: inSet(hours(-2)), verdict: 'NOT_READY', codes: ['TOKEN_EMPTY'], outcome: 'TOKEN_EMPTY' },
    { because: 'the Secret was found empty after the backup had started: what is inside may be whole', check: empty(hours(-0.5)), facts: inSet(hours(-2)), verdict: 'UNKNOWN', codes: ['TOKEN_EMPTY'], outcome: null },
    { because: 'the backup holds an older token, which the Secret had before', check: empty(hours(-3)), facts: inSet(hours(-40)), verdict: 'READY', codes: ['TOKEN_NOT_CHECKED'], outcome: 'RECONNECTED' },
    { because: 'it was empty, and would have expired: the import sees that it is empty', check: empty(hours(-3)), facts: { inSet: [{ ...inside, refreshedAt: hours(-2), expiresAt: hours(-0.1) }] }, verdict: 'NOT_READY', codes: ['TOKEN_EMPTY', 'TOKEN_EXPIRED'], outcome: 'TOKEN_EMPTY' },
    {
      because: 'the first is empty, and the import says of the other one that it has expired', check: empty(hours(-3)), facts: { inSet: [{ ...inside, refreshedAt: hours(-2), expiresAt: hours(-0.1) }, pair({ expiresAt: hours(-0.2) })] },
      verdict: 'NOT_READY', codes: ['TOKEN_EXPIRED'], outcome: 'TOKEN_EXPIRED',
    },
    { because: 'the first is empty, and the other one is not fit', check: empty(hours(-3)), facts: { inSet: [{ ...inside, refreshedAt: hours(-2) }, pair({ expiresAt: hours(-0.2) })] }, verdict: 'NOT_READY', codes: ['TOKEN_EMPTY'], outcome: null },
    { because: 'it has expired for sure, and may be empty as well', check: empty(hours(-0.5)), facts: { inSet: [{ ...inside, refreshedAt: hours(-2), expiresAt: hours(-0.1) }] }, verdict: 'NOT_READY', codes: ['TOKEN_EXPIRED', 'TOKEN_EMPTY'], outcome: null },
    {
      because: 'the Secret is empty, and that of the pair is good', check: { ...empty(hours(-3)), other: tried('PASSED', hours(-9)) }, facts: { inSet: [{ ...inside, refreshedAt: hours(-2) }, pair({ refreshedAt: hours(-9) })] },
      verdict: 'AT_RISK', codes: ['TOKEN_EMPTY'], outcome: 'RECONNECTED',
    },
    { because: 'it refuses the token, and that of the pair has expired', check: refused, facts: { inSet: [inside, pair({ expiresAt: hours(-1) })] }, verdict: 'NOT_READY', codes: ['TOKEN_REFUSED_BY_CLUSTER'], outcome: 'TOKEN_REJECTED' },
    {
      because: 'the token may not do its job, nor may that of the pair', check: denied, facts: { tokens: [live, { ...live, account: 'auto-import-account-pair', bindingPresent: false }], inSet: [inside, pair({})] },
      verdict: 'NOT_READY', codes: ['TOKEN_RIGHTS_MISSING'], outcome: 'TOKEN_REJECTED',
    },
    { because: 'Lifeboat is not the hub: that it meets nobody is told, and counts for nothing', check: unspoken, verdict: 'READY', codes: ['TOKEN_NOT_CHECKED'], outcome: 'RECONNECTED' },
    { because: 'nobody has tried yet', check: null, verdict: 'READY', codes: ['TOKEN_NOT_CHECKED'], outcome: 'RECONNECTED' },
    { because: 'the plan does not ask', check: refused, asked: false, verdict: 'READY', codes: [], outcome: 'RECONNECTED' },
    { because: 'three days, to the second', check: { ...refused, checkedAt: hours(-72) }, verdict: 'NOT_READY', codes: ['TOKEN_REFUSED_BY_CLUSTER'], outcome: 'TOKEN_REJECTED' },
    { because: 'a refusal that is too old leaves a doubt: silence makes nothing better', check: { ...refused, checkedAt: hours(-73) }, verdict: 'UNKNOWN', codes: ['TOKEN_NOT_CHECKED'], outcome: null },
    { because: 'a right that was missing too long ago as well', check: { ...denied, checkedAt: hours(-73), lastAttempt: 'Lifeboat met nobody' }, verdict: 'UNKNOWN', codes: ['TOKEN_NOT_CHECKED'], outcome: null },
    { because: 'that it passed too long ago counts for nothing', check: { ...passed, checkedAt: hours(-73) }, verdict: 'READY', codes: ['TOKEN_NOT_CHECKED'], outcome: 'RECONNECTED' },
    { because: 'the backup holds a newer token than the one that was refused', check: refused, facts: inSet(hours(-1.5)), verdict: 'READY', codes: ['TOKEN_NOT_CHECKED'], outcome: 'RECONNECTED' },
    { because: 'the backup holds an older token of the account', check: refused, facts: inSet(hours(-50)), verdict: 'NOT_READY', codes: ['TOKEN_REFUSED_BY_CLUSTER'], outcome: 'TOKEN_REJECTED' },
    { because: 'the backup holds the very token', check: denied, facts: inSet(hours(-2)), verdict: 'NOT_READY', codes: ['TOKEN_RIGHTS_MISSING'], outcome: 'TOKEN_REJECTED' },
    { because: 'another account’s token was tried', check: { ...refused, account: 'auto-import-account-pair' }, verdict: 'READY', codes: ['TOKEN_NOT_CHECKED'], outcome: 'RECONNECTED' },
    { because: 'it passed, and the hub does not reach the cluster: it makes nothing READY', check: passed, facts: { available: 'UNKNOWN' }, verdict: 'NOT_READY', codes: ['CLUSTER_UNREACHABLE'], outcome: 'CLUSTER_UNREACHABLE' },
    { because: 'without a token in the backup there is nothing to tell', check: refused, facts: { inSet: [] }, verdict: 'NOT_READY', codes: ['TOKEN_NOT_IN_BACKUP'], outcome: 'NO_TOKEN_RESTORED' },
    { because: 'Hive needs none', check: refused, facts: { origin: 'HIVE' }, verdict: 'NOT_NEEDED', codes: [], outcome: 'NOT_NEEDED' },
  ])('$verdict $codes: $because', ({ check, asked = true, facts, verdict, codes, outcome }) => {
    const path: TargetPath = { state: 'PROVEN', checkedAt: hours(-1), detail: 'HTTP 403', deepCheck: check };
    const paths = { mustBeProven: false, provenForMs: 86_400_000, byCluster: new Map([['c1', path]]), ...(asked ? { deepCheckCountsForMs: 3 * 86_400_000 } : {}) };
    const assessment = assessCluster({ ...good, ...facts }, set, { ...moment, paths });
    expect({ verdict: assessment.verdict, codes: assessment.findings.map((one) => one.code) }).toEqual({ verdict, codes });
    expect(predictedOutcome(assessment.verdict, assessment.findings)).toBe(outcome);
  });
});

test('texts stay the same while nothing changes, however late it is', () => {
  const facts: ClusterFacts = { ...good, available: 'UNKNOWN', inSet: [{ ...inside, expiresAt: hours(20) }] };
  const later = { ...moment, now: hours(2) };
  expect(assessCluster(facts, set, later)).toEqual(assessCluster(facts, set, moment));
});

test('verdicts over a finished set stand while the hubs are silent', () => {
  // The basis is the set alone: how long a hub has been silent is no input.
  expect(assessCluster(good, set, { ...moment, now: hours(400) }).verdict).toBe('READY');
});
