import { accounts, addOns, namespaces, roleBindings, works } from '../common/rhacm-names.js';
import { parseGoDuration } from '../common/duration.js';
import type { AccountFacts, AddOnFacts, TokenSecretFacts, WorkFacts } from '../fleet/facts.types.js';
import type { ClusterOrigin, ConditionState } from '../fleet/fleet.types.js';
import { firstSelecting, type Labels } from '../hubs/label-selector.rules.js';
import { setCoverage, tokenOldForRpoAt, type SetCoverage } from './token-coverage.rules.js';
import { pairDueAt, renewalOverdueAt, tokenLife, type TokenLife } from './token-life.rules.js';
import { PAIR_SHARE, type TokenMargins, type TokenPolicy } from './token-policy.rules.js';
import { tokenAccounts, type TokenAccount, type TokenProblemCode } from './tokens.types.js';

/** One object on the hub. */
export interface Seen<Facts> {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly facts: Facts;
}

/** Everything that one hub shows about one cluster's tokens; maps are by the objects' names. */
export interface ObservedToken {
  readonly cluster: string;
  readonly origin: ClusterOrigin;
  /** Of the ManagedCluster */
  readonly labels: Labels;
  readonly clusterDeleting: boolean;
  readonly available: ConditionState;
  readonly addOn: Seen<AddOnFacts> | null;
  readonly accounts: ReadonlyMap<string, Seen<AccountFacts>>;
  readonly works: ReadonlyMap<string, Seen<WorkFacts>>;
  /** Secrets that are labelled as account tokens and whose name starts with `auto-import-account` */
  readonly secrets: ReadonlyMap<string, Seen<TokenSecretFacts>>;
}

/** One write to the hub. They are carried out in order; a failed one ends the pass. */
export type TokenAction =
  | { readonly type: 'MARK_SECRET'; readonly name: string; readonly resourceVersion: string; readonly label: boolean; readonly life: TokenLife | null }
  | { readonly type: 'APPLY_ADDON' }
  | { readonly type: 'DELETE_SECRET'; readonly name: string; readonly uid: string }
  | { readonly type: 'APPLY_ACCOUNT'; readonly account: TokenAccount; readonly validityMs: number }
  | { readonly type: 'CHANGE_VALIDITY'; readonly account: TokenAccount; readonly resourceVersion: string; readonly validityMs: number }
  | { readonly type: 'APPLY_WORK'; readonly name: string; readonly binding: string; readonly account: TokenAccount; readonly namespace: string }
  | { readonly type: 'DELETE_WORK'; readonly name: string; readonly uid: string };

export interface TokenProblem {
  readonly code: TokenProblemCode;
  /** The same text while nothing changes */
  readonly detail: string;
}

/** What the inventory keeps of one account's token. */
export interface TokenState {
  readonly account: TokenAccount;
  readonly accountPresent: boolean;
  readonly accountUid: string | null;
  readonly validitySeconds: number | null;
  readonly life: TokenLife;
  readonly secret: Seen<TokenSecretFacts> | null;
  readonly inBackupSelection: boolean;
  readonly bindingPresent: boolean;
  /** What the cluster's tokens together leave its backup sets; null: not known */
  readonly coverage: SetCoverage | null;
  /** When they become too old for the RPO; null: there is no plan */
  readonly oldForRpoAt: Date | null;
  readonly problem: TokenProblem | null;
}

export interface TokenPlan {
  readonly actions: readonly TokenAction[];
  /** Empty where the cluster needs no token. The pair is told only once there is anything of it */
  readonly tokens: readonly TokenState[];
  /** When time alone makes a difference; null: only a change on the hub does */
  readonly recheckAt: Date | null;
}

/** An agent writes the Secret first and its expiry into the account's status afterwards. */
const STATUS_GRACE_MS = 60_000;
/** Secret and account come by different watches: a fresh Secret's account may not have been heard of yet. */
const ACCOUNT_GRACE_MS = 60_000;

/** What is deleted is gone within seconds, unless a finalizer that nobody takes away holds it. */
const DELETION_GRACE_MS = 300_000;

const WORK_OF = { [accounts.autoImport]: works.import, [accounts.autoImportPair]: works.importPair } as const;
const BINDING_OF = { [accounts.autoImport]: roleBindings.import, [accounts.autoImportPair]: roleBindings.importPair } as const;

/** Velero takes a Secret with any of the three labels, whatever their value. */
export const inBackupSelection = (secret: TokenSecretFacts): boolean =>
  secret.backupLabel !== null || secret.hiveLabel !== null || secret.typeLabel !== null;

/** A backup that starts now leaves a token of the cluster out. */
export const isUrgent = ({ secrets }: ObservedToken): boolean => [...secrets.values()].some(({ facts }) => !facts.deleting && !inBackupSelection(facts));

/** Where the token agent runs on the cluster. */
const addOnNamespace = (observed: ObservedToken): string => observed.addOn?.facts.namespace ?? namespaces.defaultAddOn;

interface WantedWork {
  readonly name: string;
  readonly binding: string;
  readonly namespace: string;
}

/** A custom add-on namespace gets a work of its own beside the default one. */
function wantedWorks(observed: ObservedToken, account: TokenAccount): WantedWork[] {
  const standard = { name: WORK_OF[account], binding: BINDING_OF[account], namespace: namespaces.defaultAddOn };
  const namespace = addOnNamespace(observed);
  if (namespace === namespaces.defaultAddOn) return [standard];
  return [standard, { name: standard.name + works.customSuffix, binding: standard.binding + roleBindings.customSuffix, namespace }];
}

/** Marks what is missing on one token Secret; null where nothing is. */
function markSecret(name: string, secret: Seen<TokenSecretFacts>, account: AccountFacts | null): TokenAction | null {
  const { facts } = secret;
  if (facts.deleting) return null;
  const label = !inBackupSelection(facts);
  const stale = (told: string | null, noted: string | null) => told !== null && told !== noted;
  const told = account !== null && (stale(wholeSecond(account.expiresAt), facts.expiresAt) || stale(wholeSecond(account.refreshedAt), facts.refreshedAt));
  if (!label && !told) return null;
  return { type: 'MARK_SECRET', name, resourceVersion: secret.resourceVersion, label, life: told ? tokenLife(account, facts) : null };
}

/** Annotations hold whole seconds. */
const wholeSecond = (iso: string | null): string | null => (iso === null ? null : `${iso.slice(0, 19)}.000Z`);

type AccountStep = { readonly actions: readonly TokenAction[]; readonly goesOn: boolean; readonly recheckAt: Date | null };

/** The account itself: made where it is absent, after a leftover Secret of its name is gone; its validity kept. */
function accountStep(observed: ObservedToken, account: TokenAccount, policy: TokenPolicy, now: Date): AccountStep {
  const present = observed.accounts.get(account);
  const validityMs = policy.validityMs;
  if (present !== undefined) {
    const { facts, resourceVersion } = present;
    if (facts.deleting) return { actions: [], goesOn: false, recheckAt: null };
    const differs = facts.validity !== null && parseGoDuration(facts.validity) !== validityMs;
    // The operator would put its own value back every five minutes.
    const leave = policy.operator === 'ON' && policy.validityOverridden;
    return { actions: differs && !leave ? [{ type: 'CHANGE_VALIDITY', account, resourceVersion, validityMs }] : [], goesOn: true, recheckAt: null };
  }
  const apply: TokenAction = { type: 'APPLY_ACCOUNT', account, validityMs };
  const leftover = observed.secrets.get(account);
  if (leftover === undefined) return { actions: [apply], goesOn: true, recheckAt: null };
  if (leftover.facts.deleting) return { actions: [], goesOn: false, recheckAt: null };
  // A restored token is what the cluster is imported with: it stays until the cluster is back.
  if (leftover.facts.restoredFrom !== null && observed.available !== 'TRUE') return { actions: [], goesOn: false, recheckAt: null };
  const ownedUntil = leftover.facts.accountUid === null || leftover.facts.createdAt === null ? 0 : Date.parse(leftover.facts.createdAt) + ACCOUNT_GRACE_MS;
  if (ownedUntil > now.getTime()) return { actions: [], goesOn: false, recheckAt: new Date(ownedUntil) };
  return { actions: [{ type: 'DELETE_SECRET', name: account, uid: leftover.uid }, apply], goesOn: true, recheckAt: null };
}

const missingWorks = (observed: ObservedToken, account: TokenAccount): TokenAction[] =>
  wantedWorks(observed, account).filter(({ name }) => !observed.works.has(name)).map((work) => ({ type: 'APPLY_WORK', account, ...work }));

/** What release 2.8.2 made for custom namespaces: its binding has the name of the default one's. It goes, whatever else there is. */
function obsoleteWorks(observed: ObservedToken): TokenAction[] {
  return tokenAccounts.flatMap((account): TokenAction[] => {
    const name = WORK_OF[account] + works.obsoleteCustomSuffix;
    const obsolete = observed.works.get(name);
    return obsolete === undefined || obsolete.facts.deleting ? [] : [{ type: 'DELETE_WORK', name, uid: obsolete.uid }];
  });
}

/** Account and role binding of one account. The first one's binding does not wait for its account. */
function upkeep(observed: ObservedToken, account: TokenAccount, policy: TokenPolicy, now: Date): { actions: TokenAction[]; recheckAt: Date | null } {
  const step = accountStep(observed, account, policy, now);
  const binds = step.goesOn || account === accounts.autoImport;
  return { actions: [...step.actions, ...(binds ? missingWorks(observed, account) : [])], recheckAt: step.recheckAt };
}

/** Whether the pair is wanted now, and if not, from when on. It stays once it is there. */
function pairWanted(observed: ObservedToken, policy: TokenPolicy, now: Date): { wanted: boolean; from: Date | null } {
  if (observed.accounts.has(accounts.autoImportPair)) return { wanted: true, from: null };
  const primary = observed.accounts.get(accounts.autoImport)?.facts ?? null;
  if (primary === null || primary.deleting) return { wanted: false, from: null };
  const from = pairDueAt(tokenLife(primary, observed.secrets.get(accounts.autoImport)?.facts ?? null), policy.margins.pairShare);
  return { wanted: from !== null && from <= now, from };
}

function writes(observed: ObservedToken, policy: TokenPolicy, now: Date): { actions: TokenAction[]; recheckAt: Date | null } {
  if (!mayWrite(observed, policy)) return { actions: [], recheckAt: null };
  const pair = pairWanted(observed, policy, now);
  const primaryUpkeep = upkeep(observed, accounts.autoImport, policy, now);
  const pairUpkeep = pair.wanted ? upkeep(observed, accounts.autoImportPair, policy, now) : { actions: [], recheckAt: pair.from };
  const upkeepActions = [...primaryUpkeep.actions, ...pairUpkeep.actions, ...obsoleteWorks(observed)];
  const goingAway = new Set(upkeepActions.flatMap((action) => (action.type === 'DELETE_SECRET' ? [action.name] : [])));
  const marks = [...observed.secrets]
    .filter(([name]) => !goingAway.has(name))
    .map(([name, secret]) => markSecret(name, secret, observed.accounts.get(name)?.facts ?? null))
    .filter((action) => action !== null);
  const addOn: TokenAction[] = observed.addOn === null ? [{ type: 'APPLY_ADDON' }] : [];
  // The mark comes first: a backup may start at any moment.
  return { actions: [...marks, ...addOn, ...upkeepActions], recheckAt: earliest([primaryUpkeep.recheckAt, pairUpkeep.recheckAt]) };
}

function earliest(moments: readonly (Date | null)[]): Date | null {
  const times = moments.filter((moment) => moment !== null).map((moment) => moment.getTime());
  return times.length === 0 ? null : new Date(Math.min(...times));
}

const conditionWords = ({ reason, message }: { reason: string | null; message: string | null }): string =>
  [reason, message].filter((part) => part !== null).join(': ') || 'no reason given';

/** The selector by which the hub's policy passes the cluster over. */
const excludedBy = (observed: ObservedToken, policy: TokenPolicy): string | null => firstSelecting(policy.exclusions, observed.labels);

/** Of an excluded cluster that it is one, and what is wrong with it all the same. */
function toldProblem(observed: ObservedToken, policy: TokenPolicy, problem: TokenProblem | null): TokenProblem | null {
  const selector = excludedBy(observed, policy);
  if (selector === null) return problem;
  const beneath = problem === null ? '' : `; ${problem.code}: ${problem.detail}`;
  return { code: 'EXCLUDED', detail: `The hub\u2019s policy excludes the cluster by the selector ${selector}${beneath}` };
}

/** What keeps the whole hub's tokens from being kept. */
function hubProblem(policy: TokenPolicy): TokenProblem | null {
  if (!policy.componentEnabled) return { code: 'COMPONENT_DISABLED', detail: 'The hub has no add-on managed-serviceaccount: the component is not enabled' };
  if (policy.protect && policy.operator === 'OFF') {
    return { code: 'OPERATOR_SWITCHED_OFF', detail: 'The BackupSchedule has useManagedServiceAccount off: the backup operator would delete what we make' };
  }
  return null;
}

/** Why there is no Secret, as far as the hub tells. */
function missingSecret(observed: ObservedToken, account: Seen<AccountFacts> | undefined): TokenProblem {
  const { addOn } = observed;
  if (addOn === null) return { code: 'ADDON_MISSING', detail: `The cluster has no add-on ${addOns.managedServiceAccount}` };
  if (account === undefined) return { code: 'ACCOUNT_MISSING', detail: 'The ManagedServiceAccount does not exist' };
  const { tokenReported } = account.facts;
  if (tokenReported.status === 'FALSE') return { code: 'TOKEN_REPORT_FAILED', detail: conditionWords(tokenReported) };
  if (addOn.facts.available.status !== 'TRUE') {
    return { code: 'ADDON_UNAVAILABLE', detail: `The add-on is not available on the cluster (${conditionWords(addOn.facts.available)})` };
  }
  return { code: 'TOKEN_MISSING', detail: 'The agent has not written the token Secret yet' };
}

interface Judged {
  readonly problem: TokenProblem | null;
  readonly recheckAt: Date | null;
}

/** An account that is being deleted and does not go: nothing can be made in its place meanwhile. */
function deletionProblem(account: AccountFacts | null, now: Date): Judged {
  const since = account?.deletingSince ?? null;
  if (since === null) return { problem: null, recheckAt: null };
  const stuckAt = new Date(Date.parse(since) + DELETION_GRACE_MS);
  if (stuckAt > now) return { problem: null, recheckAt: stuckAt };
  const held = account?.finalizers ?? [];
  const by = held.length === 0 ? '' : `, held by the finalizer ${held.join(', ')}`;
  return { problem: { code: 'ACCOUNT_STUCK_DELETING', detail: `The ManagedServiceAccount is being deleted since ${since} and does not go${by}` }, recheckAt: null };
}

/** Of a Secret that is there. */
function secretProblem(secret: Seen<TokenSecretFacts>, account: AccountFacts | null, life: TokenLife, bindingPresent: boolean, margins: TokenMargins, now: Date): Judged {
  const { expiresAt } = life;
  const warnAt = expiresAt === null || margins.expiryWarningMs === null ? null : new Date(expiresAt.getTime() - margins.expiryWarningMs);
  const createdMs = secret.facts.createdAt === null ? 0 : Date.parse(secret.facts.createdAt);
  const graceEnds = new Date(createdMs + STATUS_GRACE_MS);
  const overdueAt = renewalOverdueAt(life, margins.renewalOverdueMs);
  const moments = [expiresAt, warnAt, overdueAt, expiresAt === null ? graceEnds : null].map((moment) => (moment !== null && moment > now ? moment : null));
  const judge = (): TokenProblem | null => {
    if (expiresAt !== null && expiresAt <= now) return { code: 'TOKEN_EXPIRED', detail: `The token expired at ${expiresAt.toISOString()}` };
    if (expiresAt === null && (account?.expiryUnreadable === true || secret.facts.expiryUnreadable)) {
      return { code: 'TOKEN_EXPIRY_UNREADABLE', detail: 'The expiry that the hub tells is no instant' };
    }
    if (expiresAt === null && graceEnds <= now) return { code: 'TOKEN_EXPIRY_UNREADABLE', detail: 'The hub tells no expiry' };
    if (!inBackupSelection(secret.facts)) return { code: 'TOKEN_NOT_LABELLED', detail: 'The Secret carries no backup label: Velero leaves it out' };
    if (!bindingPresent) return { code: 'ROLE_BINDING_MISSING', detail: 'The ManifestWork that binds the account to its role does not exist' };
    if (account === null) return { code: 'ACCOUNT_MISSING', detail: 'The Secret belongs to no ManagedServiceAccount: nothing renews the token' };
    if (overdueAt !== null && overdueAt <= now) {
      return { code: 'TOKEN_REFRESH_OVERDUE', detail: `The agent should have renewed the token before ${overdueAt.toISOString()}` };
    }
    if (warnAt !== null && warnAt <= now) return { code: 'TOKEN_NEAR_EXPIRY', detail: `The token expires at ${expiresAt?.toISOString()}: sooner than the hub\u2019s margin allows` };
    return null;
  };
  return { problem: judge(), recheckAt: earliest(moments) };
}

/** The operator makes the pair in a quarter of an hour after half of the first token's life, or not until its next one. */
const OPERATOR_WINDOW_MS = 15 * 60_000;

function lifeOf(observed: ObservedToken, name: TokenAccount): TokenLife {
  const secret = observed.secrets.get(name);
  return secret === undefined ? { refreshedAt: null, expiresAt: null } : tokenLife(observed.accounts.get(name)?.facts ?? null, secret.facts);
}

const mayWrite = (observed: ObservedToken, policy: TokenPolicy): boolean =>
  policy.protect && policy.operator !== 'OFF' && policy.componentEnabled && !observed.clusterDeleting && excludedBy(observed, policy) === null;

interface Outlook {
  readonly coverage: SetCoverage | null;
  readonly oldForRpoAt: Date | null;
  readonly recheckAt: Date | null;
}

/** What the cluster's tokens leave its backup sets, with the pair that is there or that somebody will make. */
function outlookOf(observed: ObservedToken, policy: TokenPolicy, now: Date): Outlook {
  const first = lifeOf(observed, accounts.autoImport);
  const inBackup = tokenAccounts.filter((name) => {
    const secret = observed.secrets.get(name);
    return secret !== undefined && inBackupSelection(secret.facts);
  });
  const oldForRpoAt = tokenOldForRpoAt(inBackup.map((name) => lifeOf(observed, name)), policy.rpoMs);
  if (policy.sets === null) return { coverage: null, oldForRpoAt, recheckAt: null };
  const hasPair = observed.accounts.has(accounts.autoImportPair);
  const half = pairDueAt(first, PAIR_SHARE);
  const missedAt = half === null ? null : new Date(half.getTime() + OPERATOR_WINDOW_MS);
  const isOperators = !hasPair && !mayWrite(observed, policy) && policy.operator === 'ON';
  const willBe = hasPair || mayWrite(observed, policy) ? policy.margins.pairShare : isOperators && missedAt !== null && now < missedAt ? PAIR_SHARE : null;
  const coverage = setCoverage(first, hasPair ? lifeOf(observed, accounts.autoImportPair) : null, willBe, policy.sets);
  return { coverage, oldForRpoAt, recheckAt: isOperators && missedAt !== null && missedAt > now ? missedAt : null };
}

/** Of the hub, told of tokens with which nothing graver is wrong. */
const rivalProblem = ({ otherLifeboat }: TokenPolicy): TokenProblem | null =>
  otherLifeboat ? { code: 'ANOTHER_LIFEBOAT', detail: 'Another Lifeboat writes on this hub as well: it has labelled tokens that this one was about to label' } : null;

const inHours = (ms: number): string => `${Math.round(ms / 360_000) / 10} h`;

/** Of tokens that are as they should be: whether their lives are long enough for the sets. */
function coverageProblem({ coverage }: Outlook, { sets }: TokenPolicy): TokenProblem | null {
  if (coverage === null || sets === null) return null;
  const left = `At worst the token in a backup set has ${inHours(coverage.restorableForMs)} left`;
  if (coverage.uncoveredMsPerDay > 0) {
    const longest = inHours(Math.max(...sets.gapsMs));
    const detail = `${left}, and the next set comes ${longest} later: for up to ${inHours(coverage.uncoveredMsPerDay)} of each day the newest set holds no valid token`;
    return { code: 'TOKEN_LIFE_SHORTER_THAN_BACKUP_INTERVAL', detail };
  }
  return coverage.endsWithinSet ? { code: 'TOKEN_EXPIRES_WITHIN_SET', detail: `${left}, and the set is kept for ${inHours(sets.ttlMs)}` } : null;
}

type JudgedState = TokenState & { readonly recheckAt: Date | null };

function stateOf(observed: ObservedToken, name: TokenAccount, policy: TokenPolicy, outlook: Outlook, failure: TokenProblem | null, now: Date): JudgedState {
  const account = observed.accounts.get(name);
  const secret = observed.secrets.get(name) ?? null;
  const life = lifeOf(observed, name);
  const bindingPresent = wantedWorks(observed, name).every((work) => observed.works.has(work.name));
  const judged: Judged =
    secret === null
      ? { problem: missingSecret(observed, account), recheckAt: null }
      : secretProblem(secret, account?.facts ?? null, life, bindingPresent, policy.margins, now);
  const deletion = deletionProblem(account?.facts ?? null, now);
  const validityMs = account?.facts.validity === null || account === undefined ? null : parseGoDuration(account.facts.validity);
  return {
    account: name,
    accountPresent: account !== undefined,
    accountUid: account?.uid ?? null,
    validitySeconds: validityMs === null ? null : Math.min(Math.round(validityMs / 1000), 2_147_483_647),
    life,
    secret,
    inBackupSelection: secret !== null && inBackupSelection(secret.facts),
    bindingPresent,
    coverage: outlook.coverage,
    oldForRpoAt: outlook.oldForRpoAt,
    // Of the cluster, told once.
    problem: toldProblem(observed, policy, hubProblem(policy) ?? failure ?? deletion.problem ?? judged.problem ?? (name === accounts.autoImport ? (rivalProblem(policy) ?? coverageProblem(outlook, policy)) : null)),
    recheckAt: earliest([judged.recheckAt, deletion.recheckAt]),
  };
}

/**
 * What is to be done for one cluster's tokens, and what is to be said about them: the same objects, names, labels and values
 * as the hub's own backup operator makes, at once instead of every five minutes.
 * @param failure why a write of ours is refused, if one is
 */
export function planToken(observed: ObservedToken, policy: TokenPolicy, failure: TokenProblem | null, now: Date): TokenPlan {
  if (observed.origin !== 'IMPORTED') return { actions: [], tokens: [], recheckAt: null };
  const { actions, recheckAt } = writes(observed, policy, now);
  const anythingOf = (name: TokenAccount) => name === accounts.autoImport || observed.accounts.has(name) || observed.secrets.has(name);
  const outlook = outlookOf(observed, policy, now);
  const states = tokenAccounts.filter(anythingOf).map((name) => stateOf(observed, name, policy, outlook, failure, now));
  return {
    actions,
    tokens: states.map(({ recheckAt: _when, ...state }) => state),
    recheckAt: earliest([recheckAt, outlook.recheckAt, ...states.map((state) => state.recheckAt)]),
  };
}
