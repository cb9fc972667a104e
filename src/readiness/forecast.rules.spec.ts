import type { Basis, ClusterFacts, TokenInSet } from './cluster-verdict.rules.js';
import { dropOut, type ForecastFacts } from './forecast.rules.js';
import { projectTokens, type LiveTokenLife } from './projected-set.rules.js';

const now = new Date('2026-11-24T12:00:00Z');
const hours = (count: number): Date => new Date(now.getTime() + count * 3_600_000);

const inSet = (account: string, expiresAt: Date | null): TokenInSet => ({ account, belief: 'VERIFIED_IN', reason: null, expiresAt, evidence: 'seen' });

const live = (over: Partial<LiveTokenLife> = {}): LiveTokenLife => ({
  account: 'auto-import-account', secretPresent: true, inBackupSelection: true, bindingPresent: true, problemCode: null, refreshedAt: hours(-10), expiresAt: hours(90), validitySeconds: 360_000, ...over,
});

const cluster = (over: Partial<ClusterFacts> = {}): ClusterFacts => ({
  name: 'c1', origin: 'IMPORTED', apiUrl: 'https://c1:6443', available: 'TRUE', availableSince: hours(-1000), createdOnHubAt: hours(-1000), excludedFromBackup: false, importDisabled: false,
  tokens: [{ account: 'auto-import-account', secretPresent: true, bindingPresent: true, problemSince: null }],
  inSet: [inSet('auto-import-account', hours(50))],
  ...over,
});

const basis: Basis = { kind: 'SET', set: { credentialsBackup: 'acm-credentials-schedule-1', managedClustersStartedAt: hours(-1) } };

const facts = (over: Partial<ForecastFacts> = {}): ForecastFacts => ({ cluster: cluster(), live: [live()], basis, setExpiresAt: hours(100), nextRunAt: hours(1), ...over });

describe('with no more backups', () => {
  const ends = (over: Partial<ForecastFacts>) => dropOut(facts(over), 'NO_MORE_BACKUPS', now);

  test.each<[string, Partial<ForecastFacts>, unknown]>([
    ['its token expires first', {}, { at: hours(50), code: 'TOKEN_EXPIRED' }],
    ['the set expires first', { setExpiresAt: hours(20) }, { at: hours(20), code: 'NO_BACKUP_SET', cause: 'The backup set of acm-credentials-schedule-1 expires at 2026-11-25T08:00:00.000Z' }],
    ['both in the same second', { setExpiresAt: hours(50) }, { at: hours(50), code: 'NO_BACKUP_SET' }],
    ['a pair lasts longer', { cluster: cluster({ inSet: [inSet('auto-import-account', hours(50)), inSet('auto-import-account-pair', hours(80))] }) }, { at: hours(80), code: 'TOKEN_EXPIRED' }],
    ['when the set ends is not known', { setExpiresAt: null }, { at: hours(50), code: 'TOKEN_EXPIRED' }],
  ])('%s', (_what, over, expected) => {
    expect(ends(over)).toMatchObject(expected as object);
  });

  test.each<[string, Partial<ForecastFacts>]>([
    ['a cluster that would not come back now', { cluster: cluster({ apiUrl: null }) }],
    ['one whose token has expired', { cluster: cluster({ inSet: [inSet('auto-import-account', hours(-1))] }) }],
    ['one that needs no token', { cluster: cluster({ origin: 'HIVE' }) }],
    ['one of which nothing is known', { basis: { kind: 'STALE', hubName: 'west', heardAt: null } }],
  ])('%s drops out no more', (_what, over) => {
    expect(ends(over)).toBeNull();
  });

  test('it does not matter how well the source does', () => {
    expect(ends({ live: [live({ problemCode: 'TOKEN_REFRESH_OVERDUE' })], nextRunAt: null })).toMatchObject({ at: hours(50) });
  });
});

describe('with backups going on', () => {
  const ends = (over: Partial<ForecastFacts>) => dropOut(facts(over), 'BACKUPS_GO_ON', now);

  test('a token that is renewed and backed up lasts', () => {
    expect(ends({})).toBeNull();
  });

  test.each(['TOKEN_NEAR_EXPIRY', 'ROLE_BINDING_MISSING', 'EXCLUDED'])('beside %s it is renewed too', (problemCode) => {
    expect(ends({ live: [live({ problemCode })] })).toBeNull();
  });

  test.each<[string, Partial<ForecastFacts>, unknown]>([
    ['a token that is renewed no more lasts until its expiry on the hub', { live: [live({ problemCode: 'TOKEN_REFRESH_OVERDUE' })] }, { at: hours(90), code: 'TOKEN_EXPIRED' }],
    ['one that lost its label is in no further set', { live: [live({ inBackupSelection: false, problemCode: 'TOKEN_NOT_LABELLED' })] }, { at: hours(1), code: 'TOKEN_NOT_IN_BACKUP' }],
    ['one whose Secret is gone is in no further set', { live: [live({ secretPresent: false, problemCode: 'TOKEN_MISSING' })] }, { at: hours(1) }],
    ['without a schedule the set is all there is', { nextRunAt: null }, { at: hours(50) }],
    ['the set may end before the next run', { nextRunAt: hours(60), live: [live({ problemCode: 'ADDON_UNAVAILABLE' })] }, { at: hours(50) }],
  ])('%s', (_what, over, expected) => {
    expect(ends(over)).toMatchObject(expected as object);
  });
});

describe('what a later set would hold', () => {
  const policy = { protect: true, validityMs: 100 * 3_600_000 };
  const project = (tokens: readonly LiveTokenLife[], startsAt: Date, over: Partial<typeof policy> = {}, available: ClusterFacts['available'] = 'TRUE') =>
    projectTokens({ origin: 'IMPORTED', available }, tokens, { ...policy, ...over }, now, startsAt);

  test.each<[string, LiveTokenLife, Date, Date | null]>([
    ['before the renewal the token of today', live(), hours(69), hours(90)],
    ['from its renewal on the next life', live(), hours(70), hours(170)],
    ['and after many', live(), hours(70 + 80 * 5 + 1), hours(70 + 80 * 5 + 100)],
    ['a cluster that grants a day grants no more', live({ refreshedAt: hours(-1), expiresAt: hours(23), validitySeconds: 360_000 }), hours(200), hours(Math.floor((200 - 18.2) / 19.2) * 19.2 + 18.2 + 24)],
    ['one whose agent fails keeps its end', live({ problemCode: 'TOKEN_REFRESH_OVERDUE' }), hours(200), hours(90)],
    ['an unknown life has an unknown end', live({ refreshedAt: null, expiresAt: null }), hours(200), null],
  ])('%s', (_what, token, startsAt, expected) => {
    const [only] = project([token], startsAt);
    expect(only).toMatchObject({ belief: 'INFERRED_IN' });
    expect(only?.expiresAt?.getTime()).toBe(expected?.getTime());
  });

  test('a longer validity holds from the next renewal on', () => {
    expect(project([live()], hours(71), { validityMs: 1_000 * 3_600_000 })[0]?.expiresAt).toEqual(hours(1_070));
    expect(project([live()], hours(69), { validityMs: 1_000 * 3_600_000 })[0]?.expiresAt).toEqual(hours(90));
  });

  test('a hub that protects makes what is missing where the cluster can answer', () => {
    const none = [live({ secretPresent: false, problemCode: 'TOKEN_MISSING', refreshedAt: null, expiresAt: null })];
    expect(project(none, hours(10))).toMatchObject([{ account: 'auto-import-account', belief: 'INFERRED_IN', expiresAt: hours(100) }]);
    expect(project([], hours(10))).toMatchObject([{ belief: 'INFERRED_IN' }]);
    expect(project(none, hours(10), { protect: false })).toMatchObject([{ belief: 'INFERRED_OUT', reason: 'SECRET_MISSING' }]);
    expect(project(none, hours(10), {}, 'UNKNOWN')).toMatchObject([{ belief: 'INFERRED_OUT' }]);
  });

  test('a missing label is mended only by a hub that protects', () => {
    const unlabelled = [live({ inBackupSelection: false })];
    expect(project(unlabelled, hours(10))).toMatchObject([{ belief: 'INFERRED_IN' }]);
    expect(project(unlabelled, hours(10), { protect: false })).toMatchObject([{ belief: 'INFERRED_OUT', reason: 'SECRET_UNLABELLED' }]);
  });
});
