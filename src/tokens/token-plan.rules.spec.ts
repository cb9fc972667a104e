import type { AccountFacts, AddOnFacts, ConditionFacts, TokenSecretFacts, WorkFacts } from '../fleet/facts.types.js';
import { planToken, type ObservedToken, type Seen, type TokenAction } from './token-plan.rules.js';
import { DEFAULT_VALIDITY_MS, PAIR_SHARE, RENEWAL_OVERDUE_MS, type TokenPolicy } from './token-policy.rules.js';

const HOUR = 3_600_000;
const now = new Date('2026-11-24T12:00:00Z');
const ago = (hours: number): string => new Date(now.getTime() - hours * HOUR).toISOString();
const ahead = (hours: number): string => ago(-hours);

const condition = (status: ConditionFacts['status'], reason: string | null = null, message: string | null = null): ConditionFacts => ({ status, reason, message, since: null });
const seen = <F>(facts: F, uid = 'uid-1'): Seen<F> => ({ uid, resourceVersion: '7', facts });
const addOn = (change: Partial<AddOnFacts> = {}): Seen<AddOnFacts> =>
  seen({ createdAt: ago(400), deleting: false, managed: true, namespace: null, available: condition('TRUE'), ...change });
const account = (change: Partial<AccountFacts> = {}): Seen<AccountFacts> =>
  seen({
    createdAt: ago(400), deleting: false, managed: true, validity: '1440h0m0s', expiresAt: ahead(1340), expiryUnreadable: false, refreshedAt: ago(100),
    secretName: 'auto-import-account', tokenReported: condition('TRUE'), ...change,
  });
const secret = (change: Partial<TokenSecretFacts> = {}): Seen<TokenSecretFacts> =>
  seen({
    createdAt: ago(400), deleting: false, backupLabel: 'msa', hiveLabel: null, typeLabel: null, expiresAt: ahead(1340), expiryUnreadable: false,
    refreshedAt: ago(100), accountUid: 'uid-1', restoredFrom: null, labelWrittenAt: ago(100), labelWrittenBy: 'lifeboat', tokenWrittenAt: ago(100), ...change,
  });
const work = (change: Partial<WorkFacts> = {}): Seen<WorkFacts> => seen({ createdAt: ago(400), deleting: false, backupLabel: 'cluster-activation', ...change });

interface World extends Partial<Omit<ObservedToken, 'accounts' | 'works' | 'secrets'>> {
  accounts?: Record<string, Seen<AccountFacts>>;
  works?: Record<string, Seen<WorkFacts>>;
  secrets?: Record<string, Seen<TokenSecretFacts>>;
}

/** A cluster where nothing is to be done. */
const complete: World = {
  accounts: { 'auto-import-account': account() },
  works: { 'addon-managed-serviceaccount-import': work() },
  secrets: { 'auto-import-account': secret() },
};
const bare: World = { addOn: null, accounts: {}, works: {}, secrets: {} };

const observed = (world: World): ObservedToken => ({
  cluster: 'c1',
  origin: world.origin ?? 'IMPORTED',
  labels: world.labels ?? {},
  clusterDeleting: world.clusterDeleting ?? false,
  available: world.available ?? 'TRUE',
  addOn: world.addOn === undefined ? addOn() : world.addOn,
  accounts: new Map(Object.entries(world.accounts ?? complete.accounts ?? {})),
  works: new Map(Object.entries(world.works ?? complete.works ?? {})),
  secrets: new Map(Object.entries(world.secrets ?? complete.secrets ?? {})),
});

const protect: TokenPolicy = {
  protect: true, componentEnabled: true, operator: 'ABSENT', validityMs: DEFAULT_VALIDITY_MS, validityOverridden: false, exclusions: [],
  margins: { expiryWarningMs: null, pairShare: PAIR_SHARE, renewalOverdueMs: RENEWAL_OVERDUE_MS },
  sets: null, rpoMs: null, otherLifeboat: false,
};
const short = (action: TokenAction): string => {
  switch (action.type) {
    case 'MARK_SECRET':
      return `MARK ${action.name}${action.label ? ' label' : ''}${action.life === null ? '' : ' life'}`;
    case 'APPLY_ADDON':
      return 'ADDON';
    case 'DELETE_SECRET':
      return `DELETE_SECRET ${action.name} ${action.uid}`;
    case 'APPLY_ACCOUNT':
      return `ACCOUNT ${action.account} ${action.validityMs / HOUR}h`;
    case 'CHANGE_VALIDITY':
      return `VALIDITY ${action.account} ${action.validityMs / HOUR}h`;
    case 'APPLY_WORK':
      return `WORK ${action.name} ${action.binding} ${action.namespace}`;
    case 'DELETE_WORK':
      return `DELETE_WORK ${action.name}`;
  }
};

const WORK = 'WORK addon-managed-serviceaccount-import managedserviceaccount-import open-cluster-management-agent-addon';
const ACCOUNT = 'ACCOUNT auto-import-account 1440h';
const PAIR = 'ACCOUNT auto-import-account-pair 1440h';
const PAIR_WORK = 'WORK addon-managed-serviceaccount-import-pair managedserviceaccount-import-pair open-cluster-management-agent-addon';

interface Case {
  because: string;
  world: World;
  policy?: Partial<TokenPolicy>;
  actions: string[];
  recheckAt?: string | null;
}

const cases: Case[] = [
  { because: 'nothing is missing', world: {}, actions: [] },
  { because: 'everything is missing', world: bare, actions: ['ADDON', ACCOUNT, WORK] },
  { because: 'OBSERVE never writes', world: bare, policy: { protect: false }, actions: [] },
  { because: 'an operator that is switched off would delete what we make', world: bare, policy: { operator: 'OFF' }, actions: [] },
  { because: 'an operator that is on makes the same', world: bare, policy: { operator: 'ON' }, actions: ['ADDON', ACCOUNT, WORK] },
  { because: 'the component is off: nothing would answer', world: bare, policy: { componentEnabled: false }, actions: [] },
  { because: 'a cluster that is being removed is left alone', world: { ...bare, clusterDeleting: true }, actions: [] },
  { because: 'Hive clusters reconnect by themselves', world: { ...bare, origin: 'HIVE' }, actions: [] },
  { because: 'the import controller ignores hosted clusters', world: { ...bare, origin: 'HOSTED' }, actions: [] },
  { because: 'the local cluster is never touched', world: { ...bare, origin: 'LOCAL' }, actions: [] },
  { because: 'what the operator gave a hosted cluster stays there, unmarked', world: { origin: 'HOSTED', secrets: { 'auto-import-account': secret({ backupLabel: null }) } }, actions: [] },
  { because: "a user's add-on is used as it is, without the label", world: { ...bare, addOn: addOn({ managed: false }) }, actions: [ACCOUNT, WORK] },
  { because: 'an account alone is missing', world: { accounts: {}, secrets: {} }, actions: [ACCOUNT] },
  { because: 'an account that is being deleted is waited for', world: { accounts: { 'auto-import-account': account({ deleting: true }) } }, actions: [] },
  { because: 'a work alone is missing', world: { works: {} }, actions: [WORK] },
  { because: 'a work without the backup label is neither compared nor mended', world: { works: { 'addon-managed-serviceaccount-import': work({ backupLabel: null }) } }, actions: [] },
  {
    because: 'a custom add-on namespace gets a second work',
    world: { addOn: addOn({ namespace: 'my-addons' }), works: {} },
    actions: [WORK, 'WORK addon-managed-serviceaccount-import-custom-2 managedserviceaccount-import-custom-2 my-addons'],
  },
  { because: 'the default namespace told aloud is not a custom one', world: { addOn: addOn({ namespace: 'open-cluster-management-agent-addon' }) }, actions: [] },
  {
    because: 'the work of older releases is deleted, the new one made',
    world: { addOn: addOn({ namespace: 'my-addons' }), works: { 'addon-managed-serviceaccount-import': work(), 'addon-managed-serviceaccount-import-custom': work() } },
    actions: [
      'WORK addon-managed-serviceaccount-import-custom-2 managedserviceaccount-import-custom-2 my-addons',
      'DELETE_WORK addon-managed-serviceaccount-import-custom',
    ],
  },
  {
    because: 'objects being deleted are not deleted again',
    world: { works: { 'addon-managed-serviceaccount-import': work(), 'addon-managed-serviceaccount-import-custom': work({ deleting: true }) } },
    actions: [],
  },
  { because: 'a changed validity is patched', world: {}, policy: { validityMs: 24 * HOUR }, actions: ['VALIDITY auto-import-account 24h'] },
  { because: 'the same duration in other words is no change', world: { accounts: { 'auto-import-account': account({ validity: '1440h' }) } }, actions: [] },
  { because: 'a validity that is no duration is replaced', world: { accounts: { 'auto-import-account': account({ validity: 'long' }) } }, actions: ['VALIDITY auto-import-account 1440h'] },
  { because: 'an account without spec.rotation is left as it is', world: { accounts: { 'auto-import-account': account({ validity: null }) } }, policy: { validityMs: HOUR }, actions: [] },
  {
    because: 'a validity of our own is not fought over with an operator that keeps another',
    world: {},
    policy: { operator: 'ON', validityMs: 24 * HOUR, validityOverridden: true },
    actions: [],
  },
  { because: 'it is set where the operator does not act', world: {}, policy: { validityMs: 24 * HOUR, validityOverridden: true }, actions: ['VALIDITY auto-import-account 24h'] },
  {
    because: 'a leftover Secret goes before the account comes, and is not marked',
    world: { accounts: {}, secrets: { 'auto-import-account': secret({ accountUid: null, backupLabel: null }) } },
    actions: ['DELETE_SECRET auto-import-account uid-1', ACCOUNT],
  },
  {
    because: 'a fresh Secret with an owner has an account that we have not heard of yet',
    world: { accounts: {}, secrets: { 'auto-import-account': secret({ createdAt: ago(0), backupLabel: null }) } },
    actions: ['MARK auto-import-account label'],
    recheckAt: new Date(now.getTime() + 60_000).toISOString(),
  },
  {
    because: 'an old Secret whose owner is gone is a leftover',
    world: { accounts: {}, secrets: { 'auto-import-account': secret() } },
    actions: ['DELETE_SECRET auto-import-account uid-1', ACCOUNT],
  },
  {
    because: 'a restored token is what the cluster will be imported with',
    world: { available: 'ABSENT', accounts: {}, secrets: { 'auto-import-account': secret({ accountUid: null, restoredFrom: 'acm-credentials-schedule-1' }) } },
    actions: [],
  },
  {
    because: 'once the cluster is back the restored token has served',
    world: { accounts: {}, secrets: { 'auto-import-account': secret({ accountUid: null, restoredFrom: 'acm-credentials-schedule-1' }) } },
    actions: ['DELETE_SECRET auto-import-account uid-1', ACCOUNT],
  },
  {
    because: 'a Secret on its way out is waited for',
    world: { accounts: {}, secrets: { 'auto-import-account': secret({ deleting: true }) } },
    actions: [],
  },
  { because: 'an unlabelled Secret misses the backup', world: { secrets: { 'auto-import-account': secret({ backupLabel: null }) } }, actions: ['MARK auto-import-account label'] },
  {
    because: 'it is labelled before its expiry is known',
    world: { accounts: { 'auto-import-account': account({ expiresAt: null, refreshedAt: null }) }, secrets: { 'auto-import-account': secret({ backupLabel: null, expiresAt: null, refreshedAt: null }) } },
    actions: ['MARK auto-import-account label'],
  },
  { because: 'any of the three labels brings it into the backup', world: { secrets: { 'auto-import-account': secret({ backupLabel: null, typeLabel: '' }) } }, actions: [] },
  {
    because: 'annotations are kept current even where another label forbids ours',
    world: { secrets: { 'auto-import-account': secret({ backupLabel: null, hiveLabel: 'x', expiresAt: null }) } },
    actions: ['MARK auto-import-account life'],
  },
  { because: 'a refresh changes the annotations', world: { secrets: { 'auto-import-account': secret({ refreshedAt: ago(900), expiresAt: ahead(540) }) } }, actions: ['MARK auto-import-account life'] },
  {
    because: 'annotations hold whole seconds',
    world: { accounts: { 'auto-import-account': account({ expiresAt: '2027-01-19T08:00:00.750Z' }) }, secrets: { 'auto-import-account': secret({ expiresAt: '2027-01-19T08:00:00.000Z' }) } },
    actions: [],
  },
  {
    because: "a user's Secret that belongs to no account of ours gets the label too",
    world: { secrets: { 'auto-import-account': secret(), 'auto-import-account-mine': secret({ backupLabel: null }) } },
    actions: ['MARK auto-import-account-mine label'],
  },
  { because: 'before half-life no pair is made; then it is due', world: {}, actions: [], recheckAt: ahead(620) },
  {
    because: 'at half-life the pair is made',
    world: { accounts: { 'auto-import-account': account({ refreshedAt: ago(720), expiresAt: ahead(720) }) }, secrets: { 'auto-import-account': secret({ refreshedAt: ago(720), expiresAt: ahead(720) }) } },
    actions: [PAIR, PAIR_WORK],
  },
  {
    because: 'any time after half-life too: the operator misses it after 15 minutes',
    world: { accounts: { 'auto-import-account': account({ refreshedAt: ago(1000), expiresAt: ahead(440) }) }, secrets: { 'auto-import-account': secret({ refreshedAt: ago(1000), expiresAt: ahead(440) }) } },
    actions: [PAIR, PAIR_WORK],
  },
  {
    because: 'half of the granted life counts, not of the validity asked for',
    world: { accounts: { 'auto-import-account': account({ refreshedAt: ago(13), expiresAt: ahead(11) }) }, secrets: { 'auto-import-account': secret({ refreshedAt: ago(13), expiresAt: ahead(11) }) } },
    actions: [PAIR, PAIR_WORK],
  },
  {
    because: 'once there, the pair is kept like the first, also early in the first token\u2019s life',
    world: { accounts: { 'auto-import-account': account(), 'auto-import-account-pair': account({ validity: '24h' }) } },
    actions: ['VALIDITY auto-import-account-pair 1440h', PAIR_WORK],
  },
  {
    because: 'without a known life there is no half of it',
    world: { accounts: { 'auto-import-account': account({ expiresAt: null, refreshedAt: null }) }, secrets: {} },
    actions: [],
    recheckAt: null,
  },
  {
    because: 'the mark comes first: a backup may start at any moment',
    world: { addOn: null, works: {}, secrets: { 'auto-import-account': secret({ backupLabel: null }) } },
    actions: ['MARK auto-import-account label', 'ADDON', WORK],
  },
];

describe('planToken: what is to be done', () => {
  test.each(cases)('$because', ({ world, policy, actions, recheckAt }) => {
    const plan = planToken(observed(world), { ...protect, ...policy }, null, now);
    expect(plan.actions.map(short)).toEqual(actions);
    expect(plan.recheckAt === null || plan.recheckAt > now).toBe(true);
    if (recheckAt !== undefined) expect(plan.recheckAt?.toISOString() ?? null).toBe(recheckAt);
  });
});

describe('planToken: what is to be said', () => {
  const failure = { code: 'RIGHTS_MISSING', detail: 'may not' } as const;
  test.each([
    { because: 'nothing is wrong', world: {}, problem: null },
    { because: 'an absent add-on comes first', world: bare, problem: 'ADDON_MISSING' },
    { because: 'then the account', world: { ...bare, addOn: addOn() }, problem: 'ACCOUNT_MISSING' },
    { because: 'the agent tells why it has no token', world: { secrets: {}, accounts: { 'auto-import-account': account({ tokenReported: condition('FALSE', 'TokenReportFailed', 'no such user') }) } }, problem: 'TOKEN_REPORT_FAILED' },
    { because: 'no agent runs there: the cluster sleeps', world: { secrets: {}, addOn: addOn({ available: condition('UNKNOWN') }), accounts: { 'auto-import-account': account({ tokenReported: condition('ABSENT') }) } }, problem: 'ADDON_UNAVAILABLE' },
    { because: 'the agent runs and has not written yet', world: { secrets: {}, accounts: { 'auto-import-account': account({ tokenReported: condition('ABSENT') }) } }, problem: 'TOKEN_MISSING' },
    { because: 'an expiry equal to now is expired', world: { accounts: { 'auto-import-account': account({ expiresAt: ago(0) }) } }, problem: 'TOKEN_EXPIRED' },
    { because: 'garbage is no expiry', world: { accounts: { 'auto-import-account': account({ expiresAt: null, expiryUnreadable: true }) }, secrets: { 'auto-import-account': secret({ expiresAt: null }) } }, problem: 'TOKEN_EXPIRY_UNREADABLE' },
    { because: 'an old Secret without any expiry tells nothing', world: { accounts: { 'auto-import-account': account({ expiresAt: null }) }, secrets: { 'auto-import-account': secret({ expiresAt: null }) } }, problem: 'TOKEN_EXPIRY_UNREADABLE' },
    { because: 'the agent writes the status after the Secret', world: { accounts: { 'auto-import-account': account({ expiresAt: null }) }, secrets: { 'auto-import-account': secret({ expiresAt: null, createdAt: ago(0) }) } }, problem: null },
    { because: 'Velero leaves it out', world: { secrets: { 'auto-import-account': secret({ backupLabel: null }) } }, problem: 'TOKEN_NOT_LABELLED' },
    { because: 'a token without rights imports nothing', world: { works: {} }, problem: 'ROLE_BINDING_MISSING' },
    { because: 'a custom namespace needs its own binding', world: { addOn: addOn({ namespace: 'mine' }) }, problem: 'ROLE_BINDING_MISSING' },
    { because: 'nothing renews a Secret without an account', world: { accounts: {} }, problem: 'ACCOUNT_MISSING' },
    { because: 'the agent renews at four fifths', world: { accounts: { 'auto-import-account': account({ refreshedAt: ago(80), expiresAt: ahead(20) }) } }, problem: null },
    { because: 'a renewal that does not come is told while there is time', world: { accounts: { 'auto-import-account': account({ refreshedAt: ago(81), expiresAt: ahead(19) }) } }, problem: 'TOKEN_REFRESH_OVERDUE' },
    { because: 'our rights come before what follows from them', world: bare, failure, problem: 'RIGHTS_MISSING' },
    { because: 'nothing can be kept against the operator', world: bare, policy: { operator: 'OFF' as const }, failure, problem: 'OPERATOR_SWITCHED_OFF' },
    { because: 'an OBSERVEd hub is told as it is', world: bare, policy: { operator: 'OFF' as const, protect: false }, problem: 'ADDON_MISSING' },
    { because: 'an excluded cluster is told as one', world: { labels: { env: 'dev' } }, policy: { exclusions: ['env=prod', 'env=dev'] }, problem: 'EXCLUDED' },
    { because: 'another is not', world: { labels: { env: 'test' } }, policy: { exclusions: ['env=prod', 'env=dev'] }, problem: null },
    { because: 'the hub\u2019s margin is reached', world: {}, policy: { margins: { ...protect.margins, expiryWarningMs: 1340 * HOUR } }, problem: 'TOKEN_NEAR_EXPIRY' },
    { because: 'it is not reached', world: {}, policy: { margins: { ...protect.margins, expiryWarningMs: 1339 * HOUR } }, problem: null },
    { because: 'the hub bears with a late renewal', world: { accounts: { 'auto-import-account': account({ refreshedAt: ago(81), expiresAt: ahead(19) }) } }, policy: { margins: { ...protect.margins, renewalOverdueMs: 2 * HOUR } }, problem: null },
    { because: 'never until the token is nearly over', world: { accounts: { 'auto-import-account': account({ refreshedAt: ago(91), expiresAt: ahead(9) }) } }, policy: { margins: { ...protect.margins, renewalOverdueMs: 200 * HOUR } }, problem: 'TOKEN_REFRESH_OVERDUE' },
    { because: 'no component, no token', world: bare, policy: { componentEnabled: false, protect: false }, problem: 'COMPONENT_DISABLED' },
  ] as { because: string; world: World; policy?: Partial<TokenPolicy>; failure?: typeof failure; problem: string | null }[])('$problem: $because', ({ world, policy, failure: refused, problem }) => {
    const plan = planToken(observed(world), { ...protect, ...policy }, refused ?? null, now);
    expect(plan.tokens[0]?.problem?.code ?? null).toBe(problem);
  });

  test('an excluded cluster is written to by nobody, and what is wrong with it is told all the same', () => {
    const plan = planToken(observed({ ...bare, labels: { env: 'dev' } }), { ...protect, exclusions: ['env in (dev,test)'] }, null, now);
    expect({ actions: plan.actions, recheckAt: plan.recheckAt }).toEqual({ actions: [], recheckAt: null });
    expect(plan.tokens[0]?.problem).toEqual({ code: 'EXCLUDED', detail: 'The hub\u2019s policy excludes the cluster by the selector env in (dev,test); ADDON_MISSING: The cluster has no add-on managed-serviceaccount' });
  });

  test('the pair is made when the hub says, and not before half-life', () => {
    const half = { accounts: { 'auto-import-account': account({ refreshedAt: ago(60), expiresAt: ahead(40) }) } };
    const pairs = (pairShare: number) => planToken(observed(half), { ...protect, margins: { ...protect.margins, pairShare } }, null, now).actions.some((action) => action.type === 'APPLY_ACCOUNT');
    expect([pairs(0.5), pairs(0.6), pairs(0.61)]).toEqual([true, true, false]);
  });

  test('the pair is told only once there is anything of it', () => {
    const accountsOf = (world: World) => planToken(observed(world), protect, null, now).tokens.map(({ account: name }) => name);
    expect(accountsOf({})).toEqual(['auto-import-account']);
    expect(accountsOf({ secrets: { 'auto-import-account': secret(), 'auto-import-account-pair': secret() } })).toEqual(['auto-import-account', 'auto-import-account-pair']);
    expect(accountsOf({ origin: 'HIVE' })).toEqual([]);
  });

  test('time is looked at again when it makes a difference: half-life, overdue, expiry', () => {
    const recheck = (world: World) => planToken(observed(world), protect, null, now).recheckAt?.toISOString();
    const pair = { 'auto-import-account-pair': account({ expiresAt: null, refreshedAt: null }) };
    expect(recheck({})).toBe(ahead(620));
    expect(recheck({ accounts: { 'auto-import-account': account(), ...pair } })).toBe(new Date(Date.parse(ago(100)) + 0.8 * 1440 * HOUR + 15 * 60_000).toISOString());
  });
});

describe('planToken: what the tokens leave the backup sets', () => {
  const daily = { sets: { gapsMs: [24 * HOUR], ttlMs: 720 * HOUR }, rpoMs: 4 * HOUR };
  const eks = { refreshedAt: ago(2), expiresAt: ahead(22) };
  const world: World = { accounts: { 'auto-import-account': account(eks) }, secrets: { 'auto-import-account': secret(eks) } };
  const withPair: World = {
    ...world, works: { ...complete.works, 'addon-managed-serviceaccount-import-pair': work() },
    accounts: { ...world.accounts, 'auto-import-account-pair': account({ refreshedAt: ago(0), expiresAt: ahead(24) }) },
    secrets: { ...world.secrets, 'auto-import-account-pair': secret({ refreshedAt: ago(0), expiresAt: ahead(24) }) },
  };
  const told = (seen_: World, policy: Partial<TokenPolicy>) =>
    planToken(observed(seen_), { ...protect, ...policy }, null, now).tokens.map(({ coverage, oldForRpoAt, problem }) => ({
      left: coverage === null ? null : Math.round(coverage.restorableForMs / HOUR * 10) / 10, uncovered: coverage === null ? null : Math.round(coverage.uncoveredMsPerDay / HOUR * 10) / 10,
      old: oldForRpoAt?.toISOString() ?? null, problem: problem?.code ?? null,
    }));

  test.each([
    { because: 'we make the pair', world, policy: daily, first: { left: 12, uncovered: 12, old: ahead(18), problem: 'TOKEN_LIFE_SHORTER_THAN_BACKUP_INTERVAL' } },
    { because: 'nobody makes the pair', world, policy: { ...daily, protect: false }, first: { left: 4.8, uncovered: 19.2, old: ahead(18), problem: 'TOKEN_LIFE_SHORTER_THAN_BACKUP_INTERVAL' } },
    { because: 'the operator will', world, policy: { ...daily, protect: false, operator: 'ON' as const }, first: { left: 12, uncovered: 12, old: ahead(18), problem: 'TOKEN_LIFE_SHORTER_THAN_BACKUP_INTERVAL' } },
    {
      because: 'the operator has missed it', policy: { ...daily, protect: false, operator: 'ON' as const },
      world: { accounts: { 'auto-import-account': account({ refreshedAt: ago(13), expiresAt: ahead(11) }) }, secrets: { 'auto-import-account': secret({ refreshedAt: ago(13), expiresAt: ahead(11) }) } },
      first: { left: 4.8, uncovered: 19.2, old: ahead(7), problem: 'TOKEN_LIFE_SHORTER_THAN_BACKUP_INTERVAL' },
    },
    { because: 'sets come often enough, and are kept too long', world, policy: { ...daily, sets: { gapsMs: [4 * HOUR], ttlMs: 720 * HOUR } }, first: { left: 12, uncovered: 0, old: ahead(18), problem: 'TOKEN_EXPIRES_WITHIN_SET' } },
    { because: 'sets are kept no longer than they serve', world, policy: { ...daily, sets: { gapsMs: [4 * HOUR], ttlMs: 12 * HOUR } }, first: { left: 12, uncovered: 0, old: ahead(18), problem: null } },
    { because: 'a pair that lies badly leaves less', world: withPair, policy: daily, first: { left: 6.8, uncovered: 17.2, old: ahead(20), problem: 'TOKEN_LIFE_SHORTER_THAN_BACKUP_INTERVAL' } },
    { because: 'there are no sets and no plan', world, policy: {}, first: { left: null, uncovered: null, old: null, problem: null } },
    { because: 'what is not in the backup is old already', world: { ...world, secrets: { 'auto-import-account': secret({ ...eks, backupLabel: null }) } }, policy: daily, first: { left: 12, uncovered: 12, old: null, problem: 'TOKEN_NOT_LABELLED' } },
  ])('$because', ({ world: seen_, policy, first }) => {
    expect(told(seen_, policy)[0]).toEqual(first);
  });

  test('it is told of the first token alone', () => {
    expect(told(withPair, daily).map(({ problem }) => problem)).toEqual(['TOKEN_LIFE_SHORTER_THAN_BACKUP_INTERVAL', null]);
  });

  test('it is looked at again when the operator has missed the pair', () => {
    expect(planToken(observed(world), { ...protect, ...daily, protect: false, operator: 'ON' }, null, now).recheckAt?.toISOString()).toBe(ahead(10.25));
  });
});
