import type { Belief, BeliefReason } from '../backups/backups.types.js';
import type { RemedyBy } from '../common/remedy-by.js';
import type { ClusterOrigin, ConditionState } from '../fleet/fleet.types.js';
import type { ImportOutcomeCode } from '../recovery/imports/imports.types.js';
import { isExpired, operatorChoice } from '../recovery/imports/token-choice.rules.js';
import { decidesBefore, inOrder, worstVerdict, type FindingDraft } from './finding-order.rules.js';
import type { ClusterFindingCode, ClusterVerdict, Severity, Verdict } from './readiness.types.js';

/** One of a cluster's tokens as its hub shows it. */
export interface LiveToken {
  readonly account: string;
  readonly secretPresent: boolean;
  readonly bindingPresent: boolean;
  readonly problemSince: Date | null;
  /** Since when the account has existed; null: it does not exist; absent: not known */
  readonly accountSince?: Date | null;
  /** The last time that the agent replaced its token before it was due; absent or null: not seen */
  readonly earlyRefreshAt?: Date | null;
}

/** What the backup set is believed to hold of one token. */
export interface TokenInSet {
  readonly account: string;
  readonly belief: Belief;
  readonly reason: BeliefReason | null;
  readonly expiresAt: Date | null;
  /** Absent or null: not known */
  readonly refreshedAt?: Date | null;
  readonly evidence: string;
  /** Why that expiry is not to be trusted; absent or null: nothing speaks against it */
  readonly expiryDoubt?: string | null;
  /** Where it is not: the earliest moment at which the token may have ended */
  readonly doubtfulFrom?: Date | null;
}

/** What the backup set is believed to hold of the ManagedCluster, and its API URL as it stood when that part was taken. */
export interface ClusterInSet {
  readonly belief: Belief;
  readonly evidence: string;
  readonly apiUrlKnown: boolean;
  readonly apiUrl: string | null;
  /** It carried the annotation disable-auto-import then; absent or null: not known */
  readonly importDisabled?: boolean | null;
}

/** What Hive's own way of bringing a cluster back rests on. */
interface HiveFacts {
  /** `spec.preserveOnDelete` of its ClusterDeployment */
  readonly preserved: boolean;
  readonly kubeconfigInBackup: boolean;
  readonly checkedAt: Date | null;
}

export interface ClusterFacts {
  readonly name: string;
  readonly origin: ClusterOrigin;
  readonly apiUrl: string | null;
  readonly available: ConditionState;
  readonly availableSince: Date | null;
  readonly createdOnHubAt: Date | null;
  /** Label `velero.io/exclude-from-backup: "true"` */
  readonly excludedFromBackup: boolean;
  /** The ManagedCluster carries the annotation disable-auto-import */
  readonly importDisabled: boolean;
  readonly tokens: readonly LiveToken[];
  readonly inSet: readonly TokenInSet[];
  /** Absent: nothing is known but its age */
  readonly held?: ClusterInSet;
  /** What the last inspection found of a cluster that Hive made; null or absent: it could not look, which is told of the hub */
  readonly hive?: HiveFacts | null;
}

/** The set that would be restored. */
interface SetFacts {
  readonly credentialsBackup: string;
  /** Of the credentials backup; absent or null: not known */
  readonly startedAt?: Date | null;
  /** null: the hub told none */
  readonly managedClustersStartedAt: Date | null;
}

/** What the verdicts rest on. */
export type Basis =
  | { readonly kind: 'SET'; readonly set: SetFacts }
  /** The source has made no set that could be restored, or all have expired */
  | { readonly kind: 'NO_SET' }
  /** There is one, but the target does not show it */
  | { readonly kind: 'NOT_ON_TARGET'; readonly credentialsBackup: string }
  /** No set is known, and a hub that could tell of one has been silent since; null: it has never spoken */
  | { readonly kind: 'STALE'; readonly hubName: string; readonly heardAt: Date | null };

/** What the last probe found of the way from a target hub to a cluster's API. */
export interface TargetPath {
  /** UNKNOWN: no probe has taught anything yet */
  readonly state: 'PROVEN' | 'REFUSED' | 'UNKNOWN';
  readonly checkedAt: Date;
  readonly detail: string;
  /** Since when the state is what it is; absent or null: not known */
  readonly since?: Date | null;
  /** What the last attempt met, where it taught nothing */
  readonly lastAttempt?: string | null;
  /** What the cluster said of its token; absent or null: the plan does not have tokens tried, or none was yet */
  readonly deepCheck?: TokenCheck | null;
}

/** What a cluster said when one of its tokens was tried on it. */
export interface TokenCheck {
  /** EMPTY: the Secret on the source hub holds none. UNKNOWN: the cluster has said nothing yet */
  readonly state: 'PASSED' | 'DENIED' | 'REFUSED' | 'EMPTY' | 'UNKNOWN';
  readonly account: string | null;
  /** Which of the account's tokens; null: not known */
  readonly refreshedAt: Date | null;
  readonly checkedAt: Date;
  readonly since: Date | null;
  readonly detail: string;
  /** What the last attempt met, where it taught nothing */
  readonly lastAttempt: string | null;
  /** What it said of the other account's token, which is tried where this one is no good; absent or null: it was not tried */
  readonly other?: { readonly account: string; readonly state: TokenCheck['state'] | 'UNREACHABLE'; readonly refreshedAt: Date | null } | null;
}

/** A token that an earlier restore has left on the target. It stays: no restore of ours takes anything away. */
export interface LeftToken {
  readonly account: string;
  readonly expiresAt: Date | null;
  readonly refreshedAt: Date | null;
}

/** What is known of the ways from one target, and of what it holds already. */
export interface TargetPaths {
  /** A way that no recent probe has proved is a doubt; else it is assumed to be open until a probe has been refused */
  readonly mustBeProven: boolean;
  /** A proof older than this says nothing of today: firewalls change. Milliseconds */
  readonly provenForMs: number;
  readonly byCluster: ReadonlyMap<string, TargetPath>;
  /** How long the cluster's word on its token counts, in milliseconds; absent: the plan does not ask for it */
  readonly deepCheckCountsForMs?: number | undefined;
  /** By cluster; absent: there are none, or they would not stay */
  readonly left?: ReadonlyMap<string, readonly LeftToken[]> | undefined;
}

/** The token's refresh is told by the cluster's clock, the account's creation by the hub's. Milliseconds. */
const CLOCK_TOLERANCE_MS = 60_000;

/** A restore of 3,500 clusters has taken so long before the first import: a token that ends sooner may not see it. Milliseconds. @see published runs, release 2.15 */
export const RESTORE_TAKES_MS = 15 * 60_000;

/** The moment of the restore, and how far ahead of it a token must last not to be a risk. */
export interface Moment {
  readonly now: Date;
  readonly horizonMs: number;
  /** Absent: nothing is asked of a way to the cluster, as there is no target */
  readonly paths?: TargetPaths;
}

export interface ClusterAssessment {
  readonly verdict: ClusterVerdict;
  /** Ordered: the first decides */
  readonly findings: readonly FindingDraft[];
}

const EFFECT: Record<ClusterFindingCode, readonly [Verdict, Severity, ImportOutcomeCode | null]> = {
  NO_BACKUP_SET: ['NOT_READY', 'CRITICAL', null],
  BACKUP_NOT_ON_TARGET: ['NOT_READY', 'CRITICAL', null],
  FACTS_STALE: ['UNKNOWN', 'WARNING', null],
  CLUSTER_NOT_IN_BACKUP: ['NOT_READY', 'CRITICAL', 'CLUSTER_NOT_RESTORED'],
  CLUSTER_AGE_UNKNOWN: ['UNKNOWN', 'WARNING', null],
  IMPORT_DISABLED: ['NOT_READY', 'CRITICAL', 'IMPORT_DISABLED'],
  API_URL_MISSING: ['NOT_READY', 'CRITICAL', 'API_URL_MISSING'],
  API_URL_CHANGED: ['UNKNOWN', 'WARNING', null],
  TOKEN_MISSING: ['NOT_READY', 'CRITICAL', 'NO_TOKEN_RESTORED'],
  TOKEN_NOT_IN_BACKUP: ['NOT_READY', 'CRITICAL', 'NO_TOKEN_RESTORED'],
  TOKEN_IN_BACKUP_UNKNOWN: ['UNKNOWN', 'WARNING', null],
  TOKEN_EMPTY: ['NOT_READY', 'CRITICAL', 'TOKEN_EMPTY'],
  TOKEN_EXPIRED: ['NOT_READY', 'CRITICAL', 'TOKEN_EXPIRED'],
  TOKEN_EXPIRY_UNKNOWN: ['UNKNOWN', 'WARNING', null],
  TOKEN_EXPIRY_DOUBTFUL: ['AT_RISK', 'WARNING', null],
  CLUSTER_UNREACHABLE: ['NOT_READY', 'CRITICAL', 'CLUSTER_UNREACHABLE'],
  TARGET_PATH_REFUSED: ['NOT_READY', 'CRITICAL', 'CLUSTER_UNREACHABLE'],
  TARGET_PATH_UNPROVEN: ['UNKNOWN', 'WARNING', null],
  TOKEN_REVOKED: ['NOT_READY', 'CRITICAL', 'TOKEN_REJECTED'],
  ROLE_BINDING_MISSING: ['NOT_READY', 'CRITICAL', 'TOKEN_REJECTED'],
  TOKEN_REFUSED_BY_CLUSTER: ['NOT_READY', 'CRITICAL', 'TOKEN_REJECTED'],
  TOKEN_RIGHTS_MISSING: ['NOT_READY', 'CRITICAL', 'TOKEN_REJECTED'],
  TOKEN_NOT_CHECKED: ['READY', 'INFO', null],
  TOKEN_EXPIRES_SOON: ['AT_RISK', 'WARNING', null],
  TOKEN_LOST_SINCE_BACKUP: ['AT_RISK', 'WARNING', null],
  HIVE_NOT_PRESERVED: ['AT_RISK', 'WARNING', null],
  HIVE_KUBECONFIG_NOT_IN_BACKUP: ['AT_RISK', 'WARNING', null],
};

const REMEDY: Record<ClusterFindingCode, string> = {
  NO_BACKUP_SET: 'Enable a BackupSchedule on the source hub and wait for its first set to complete.',
  BACKUP_NOT_ON_TARGET: 'Check that both hubs use the same storage location; Velero shows finished backups there within two minutes.',
  FACTS_STALE: 'Restore the connection to the hub, so that it can tell which backups it shows.',
  CLUSTER_NOT_IN_BACKUP: 'Wait for the next backup set; remove the label velero.io/exclude-from-backup where it is set.',
  CLUSTER_AGE_UNKNOWN: 'Check the ManagedCluster on the source hub: its creation time cannot be read.',
  IMPORT_DISABLED: 'Remove the annotation import.open-cluster-management.io/disable-auto-import from the ManagedCluster, and wait for the next backup set.',
  API_URL_MISSING: 'Set spec.managedClusterClientConfigs[0].url on the ManagedCluster, or supply the API URL during the failover.',
  API_URL_CHANGED: 'Wait for the next backup set, or supply the API URL during the failover.',
  TOKEN_MISSING: 'Wake the cluster and let its hub keep its token (policy PROTECT); the token agent must run there once.',
  TOKEN_NOT_IN_BACKUP: 'Wait for the next backup set: the Secret must carry its backup label before that starts.',
  TOKEN_IN_BACKUP_UNKNOWN: 'Let the passive hub sync the backup, or wait for the next set of a hub that is watched from before its start.',
  TOKEN_EMPTY: 'Bring the cluster and its token agent back: it fills the Secret; then wait for the next backup set.',
  TOKEN_EXPIRED: 'Let the token be refreshed and backed up again; a longer validity keeps older sets usable.',
  TOKEN_EXPIRY_UNKNOWN: 'Check the account and its Secret on the source hub: no expiry can be read there.',
  TOKEN_EXPIRY_DOUBTFUL: 'Let the token be refreshed and backed up again: then it is recorded under the validity of today.',
  CLUSTER_UNREACHABLE: 'Bring the cluster back, or open the way between it and the hub.',
  TARGET_PATH_REFUSED: 'Open the way from the target hub to the cluster’s API server, then probe again.',
  TARGET_PATH_UNPROVEN: 'Let the way from the target hub be probed, or let the plan assume that it is open.',
  TOKEN_REVOKED: 'Let the next backup set run: it holds a token of the account as it is now.',
  ROLE_BINDING_MISSING: 'Let the hub keep the role binding (policy PROTECT); without it the token may not do its job.',
  TOKEN_REFUSED_BY_CLUSTER: 'Let the token agent of the cluster refresh the token, then wait for the next backup set; check that the API URL leads to this cluster.',
  TOKEN_RIGHTS_MISSING: 'Look for what removed the ClusterRoleBinding on the cluster, and let the ManifestWork bring it back; then probe again.',
  TOKEN_NOT_CHECKED: 'Let Lifeboat reach the cluster’s API and read the token, or live without the check: the verdict rests on the other facts.',
  TOKEN_EXPIRES_SOON: 'Let the token be refreshed and a backup set run before it expires.',
  TOKEN_LOST_SINCE_BACKUP: 'Find out why the Secret was removed; the next backup set will not hold the token.',
  HIVE_NOT_PRESERVED: 'Set spec.preserveOnDelete: true on the ClusterDeployment before anything is deleted on this hub.',
  HIVE_KUBECONFIG_NOT_IN_BACKUP: 'Label the kubeconfig Secret hive.openshift.io/secret-type: kubeconfig, and wait for the next backup set.',
};

/** Who can carry the remedy out. */
const REMEDY_BY: Record<ClusterFindingCode, RemedyBy> = {
  NO_BACKUP_SET: 'LIFEBOAT_OPERATOR',
  BACKUP_NOT_ON_TARGET: 'STORAGE_ADMIN',
  FACTS_STALE: 'HUB_ADMIN',
  CLUSTER_NOT_IN_BACKUP: 'NOBODY',
  CLUSTER_AGE_UNKNOWN: 'HUB_ADMIN',
  IMPORT_DISABLED: 'HUB_ADMIN',
  API_URL_MISSING: 'HUB_ADMIN',
  API_URL_CHANGED: 'NOBODY',
  TOKEN_MISSING: 'CLUSTER_ADMIN',
  TOKEN_NOT_IN_BACKUP: 'NOBODY',
  TOKEN_IN_BACKUP_UNKNOWN: 'NOBODY',
  TOKEN_EMPTY: 'CLUSTER_ADMIN',
  TOKEN_EXPIRED: 'LIFEBOAT_OPERATOR',
  TOKEN_EXPIRY_UNKNOWN: 'HUB_ADMIN',
  TOKEN_EXPIRY_DOUBTFUL: 'NOBODY',
  CLUSTER_UNREACHABLE: 'CLUSTER_ADMIN',
  TARGET_PATH_REFUSED: 'CLUSTER_ADMIN',
  TARGET_PATH_UNPROVEN: 'LIFEBOAT_OPERATOR',
  TOKEN_REVOKED: 'NOBODY',
  ROLE_BINDING_MISSING: 'LIFEBOAT_OPERATOR',
  TOKEN_REFUSED_BY_CLUSTER: 'CLUSTER_ADMIN',
  TOKEN_RIGHTS_MISSING: 'CLUSTER_ADMIN',
  TOKEN_NOT_CHECKED: 'LIFEBOAT_OPERATOR',
  TOKEN_EXPIRES_SOON: 'LIFEBOAT_OPERATOR',
  TOKEN_LOST_SINCE_BACKUP: 'HUB_ADMIN',
  HIVE_NOT_PRESERVED: 'HUB_ADMIN',
  HIVE_KUBECONFIG_NOT_IN_BACKUP: 'HUB_ADMIN',
};

function finding(code: ClusterFindingCode, cause: string, since: Date | null = null, checkedAt: Date | null = null): FindingDraft {
  const [verdict, severity, predicts] = EFFECT[code];
  return { code, verdict, severity, predicts, cause, remedy: REMEDY[code], remedyBy: REMEDY_BY[code], since, checkedAt, hubId: null };
}

const inDoubt = (draft: FindingDraft): FindingDraft => ({ ...draft, verdict: 'UNKNOWN', severity: 'WARNING', predicts: null });

/** A token that may end before the restore is done is met as an expired one. */
const MET_AS: Readonly<Record<string, ClusterFindingCode | undefined>> = { TOKEN_EXPIRES_SOON: 'TOKEN_EXPIRED' };

/** How the import of a cluster would end if a failover ran at the moment of the assessment; null: it cannot be said. */
export function predictedOutcome(verdict: ClusterVerdict, findings: readonly Pick<FindingDraft, 'code' | 'verdict' | 'predicts'>[]): ImportOutcomeCode | null {
  switch (verdict) {
    case 'NOT_NEEDED':
      return 'NOT_NEEDED';
    case 'READY':
    case 'AT_RISK':
      return 'RECONNECTED';
    case 'NOT_READY': {
      const [decisive] = findings;
      // Something that an import would meet before it is in doubt: that it fails is sure, for which of the two is not.
      const isOpen = decisive !== undefined && findings.some((one) => one.verdict === 'UNKNOWN' && decidesBefore(MET_AS[one.code] ?? one.code, decisive.code));
      return isOpen ? null : (decisive?.predicts ?? null);
    }
    case 'UNKNOWN':
      return null;
  }
}

/** The same from what an import's row keeps: the verdict and the code of the finding that decided. */
export function predictedOutcomeOfCode(verdict: ClusterVerdict, code: string | null): ImportOutcomeCode | null {
  const effect = code !== null && Object.hasOwn(EFFECT, code) ? EFFECT[code as ClusterFindingCode] : undefined;
  return predictedOutcome(verdict, effect && code !== null ? [{ code, verdict: effect[0], predicts: effect[2] }] : []);
}

/** Whether a cluster would come back if the set were restored at `moment.now`. Facts about a finished set do not age. */
export function assessCluster(facts: ClusterFacts, basis: Basis, moment: Moment): ClusterAssessment {
  if (facts.origin !== 'IMPORTED') return { verdict: 'NOT_NEEDED', findings: inOrder(hiveFindings(facts)) };
  const findings = inOrder([...basisFindings(facts, basis), ...clusterFindings(facts, basis), ...pathFindings(facts, moment), ...tokenFindings(facts, basis, moment)]);
  return { verdict: worstVerdict(findings.map((one) => one.verdict)), findings };
}

/** Hive's clusters need no token, and have a way back of their own that can be broken. */
function hiveFindings({ origin, hive }: ClusterFacts): FindingDraft[] {
  if (origin !== 'HIVE' || hive === undefined || hive === null) return [];
  return [
    ...(hive.preserved ? [] : [finding('HIVE_NOT_PRESERVED', 'The ClusterDeployment lacks spec.preserveOnDelete: true: deleting it destroys the cluster', null, hive.checkedAt)]),
    ...(hive.kubeconfigInBackup ? [] : [finding('HIVE_KUBECONFIG_NOT_IN_BACKUP', 'The Secret of its admin kubeconfig is missing, or has no label that takes it into the backup', null, hive.checkedAt)]),
  ];
}

function basisFindings(facts: ClusterFacts, basis: Basis): FindingDraft[] {
  switch (basis.kind) {
    case 'NO_SET':
      return [finding('NO_BACKUP_SET', 'The source hub has no complete backup set that could be restored')];
    case 'NOT_ON_TARGET':
      return [finding('BACKUP_NOT_ON_TARGET', `The target hub does not show the backup set of ${basis.credentialsBackup}, nor an older one`)];
    case 'STALE':
      return [
        basis.heardAt === null
          ? finding('FACTS_STALE', `Hub ${basis.hubName} has never told which backups it shows`)
          : finding('FACTS_STALE', `No backup set is known, and hub ${basis.hubName} has been silent since ${basis.heardAt.toISOString()}`, basis.heardAt),
      ];
    case 'SET':
      return membershipFindings(facts, basis.set);
  }
}

function membershipFindings(facts: ClusterFacts, set: SetFacts): FindingDraft[] {
  // Velero's own record says more than age and label.
  if (facts.held?.belief === 'VERIFIED_IN') return [];
  if (facts.held?.belief === 'VERIFIED_OUT') return [finding('CLUSTER_NOT_IN_BACKUP', facts.held.evidence, facts.createdOnHubAt)];
  // What was left out then is not inside because it would be taken in now.
  if (facts.held?.belief === 'INFERRED_OUT') return [finding('CLUSTER_NOT_IN_BACKUP', facts.held.evidence, facts.createdOnHubAt)];
  if (facts.excludedFromBackup) {
    const cause = 'The ManagedCluster carries the label velero.io/exclude-from-backup';
    return [facts.held?.belief === 'INFERRED_IN' ? inDoubt(finding('CLUSTER_NOT_IN_BACKUP', `${cause}, and did not when the backup was looked at: which came first is not known`)) : finding('CLUSTER_NOT_IN_BACKUP', cause)];
  }
  if (facts.createdOnHubAt === null || set.managedClustersStartedAt === null) {
    return [finding('CLUSTER_AGE_UNKNOWN', 'It cannot be read whether the ManagedCluster is older than its backup')];
  }
  if (facts.createdOnHubAt < set.managedClustersStartedAt) return [];
  const [created, started] = [facts.createdOnHubAt.toISOString(), set.managedClustersStartedAt.toISOString()];
  return [finding('CLUSTER_NOT_IN_BACKUP', `The ManagedCluster was created at ${created}, its backup started at ${started}`, facts.createdOnHubAt)];
}

/** A restore brings back the address that the ManagedCluster had when the backup was taken, not the one that it has now. */
function apiUrlFindings({ apiUrl, held }: ClusterFacts, basis: Basis): FindingDraft[] {
  const restored = basis.kind === 'SET' && held?.apiUrlKnown === true ? held.apiUrl : apiUrl;
  if (restored !== null && apiUrl !== null && restored !== apiUrl) return [finding('API_URL_CHANGED', `The backup brings back the API URL ${restored}, the ManagedCluster has ${apiUrl} since`)];
  if (restored !== null) return [];
  const cause = 'The ManagedCluster has no spec.managedClusterClientConfigs[0].url';
  return [finding('API_URL_MISSING', apiUrl === null ? cause : 'The ManagedCluster had no spec.managedClusterClientConfigs[0].url when the backup was taken')];
}

/** A restore brings the annotation back as it was when the backup was taken. */
function disabledImport({ importDisabled, held }: ClusterFacts, basis: Basis): FindingDraft[] {
  const then = basis.kind === 'SET' ? (held?.importDisabled ?? null) : null;
  const cause = 'The ManagedCluster carries the annotation disable-auto-import';
  if (then === true && !importDisabled) return [finding('IMPORT_DISABLED', 'The ManagedCluster carried the annotation disable-auto-import when the backup was looked at')];
  if (!importDisabled) return [];
  return [then === false ? inDoubt(finding('IMPORT_DISABLED', `${cause}, and did not when the backup was looked at: which came first is not known`)) : finding('IMPORT_DISABLED', cause)];
}

function clusterFindings(facts: ClusterFacts, basis: Basis): FindingDraft[] {
  const findings: FindingDraft[] = [];
  findings.push(...disabledImport(facts, basis), ...apiUrlFindings(facts, basis));
  if (facts.available === 'ABSENT') {
    findings.push(finding('CLUSTER_UNREACHABLE', 'The source hub has never seen the cluster available'));
  } else if (facts.available !== 'TRUE') {
    const state = facts.available === 'FALSE' ? 'False' : 'Unknown';
    findings.push(finding('CLUSTER_UNREACHABLE', `Condition ManagedClusterConditionAvailable is ${state} on the source hub`, facts.availableSince));
  }
  return findings;
}

/** A cluster that its own hub cannot reach, or whose address nobody knows, is told as such: no probe of it says more. */
function pathFindings(facts: ClusterFacts, { now, paths }: Moment): FindingDraft[] {
  if (paths === undefined || facts.apiUrl === null) return [];
  const path = paths.byCluster.get(facts.name);
  if (path?.state === 'REFUSED') return [finding('TARGET_PATH_REFUSED', `From the target hub the cluster’s API was not reached: ${path.detail}`, path.since ?? path.checkedAt, path.checkedAt)];
  if (!paths.mustBeProven) return [];
  if (path === undefined) return [finding('TARGET_PATH_UNPROVEN', 'Nobody has probed whether the target hub reaches the cluster’s API')];
  if (path.state === 'UNKNOWN') return [finding('TARGET_PATH_UNPROVEN', `Whether the target hub reaches the cluster’s API is not known: ${path.detail}`, path.since ?? null, path.checkedAt)];
  if (now.getTime() - path.checkedAt.getTime() <= paths.provenForMs) return [];
  const attempt = path.lastAttempt ? `; since then: ${path.lastAttempt}` : '';
  return [finding('TARGET_PATH_UNPROVEN', `The target hub was last seen to reach the cluster’s API at ${path.checkedAt.toISOString()}${attempt}`, path.checkedAt, path.checkedAt)];
}

/** A token that a restore of the set would find on the target. */
type FoundToken = TokenInSet & { /** In words, after "the token" */ readonly where: string; readonly isLeft: boolean; /** The import finds no other one */ readonly isOnly: boolean };

function tokenFindings(facts: ClusterFacts, basis: Basis, moment: Moment): FindingDraft[] {
  if (basis.kind !== 'SET') return liveTokenFindings(facts);
  const inside = facts.inSet.filter((token) => token.belief === 'VERIFIED_IN' || token.belief === 'INFERRED_IN').map((token) => ({ ...token, where: `of ${token.account} in ${basis.set.credentialsBackup}`, isLeft: false }));
  const all = [...inside, ...leftBeside(inside, facts, moment)];
  const found = all.map((token): FoundToken => ({ ...token, isOnly: all.length === 1 }));
  const [chosen, chosenInside] = [operatorChoice(found, moment.now), operatorChoice(found.filter(({ isLeft }) => !isLeft), moment.now)];
  if (chosen === null) return [tokenless(facts, basis.set, null)];
  // An import looks into the Secrets before it looks at their expiry: a single one that is empty is met as such.
  if (isExpired(chosen, moment.now)) return [tokenless(facts, basis.set, chosen), ...(chosen.isOnly ? checkFindings(facts, chosen, null, basis.set, moment).filter(({ code }) => code === 'TOKEN_EMPTY') : [])];
  const spare = spareToken(facts, chosen, found, moment);
  const restsOnLeft = chosenInside === null || isExpired(chosenInside, moment.now);
  return [
    ...(restsOnLeft ? [leftFinding(tokenless(facts, basis.set, chosenInside), chosen)] : []),
    ...expiryFindings(chosen, moment),
    ...doubtedBy(spare === null ? briefToken(facts, chosen, found, moment) : null, [...revokedFindings(facts, chosen, spare), ...bindingFindings(facts, chosen, spare), ...checkFindings(facts, chosen, spare, basis.set, moment)]),
    ...lostFindings(facts),
  ];
}

/** What is said against the chosen token is in doubt where another one would be tried next that may end before that. */
const doubtedBy = (brief: TokenInSet | null, findings: readonly FindingDraft[]): FindingDraft[] =>
  findings.map((one) => (brief === null || one.verdict !== 'NOT_READY' ? one : inDoubt({ ...one, cause: `${one.cause}; whether the token of ${brief.account}, which would be tried next, lasts until then is not known` })));

/** What lies on the target under a name that the set has a token for, the set writes over. */
function leftBeside(inside: readonly TokenInSet[], { name }: ClusterFacts, { paths }: Moment): Omit<FoundToken, 'isOnly'>[] {
  const left = (paths?.left?.get(name) ?? []).filter(({ account }) => !inside.some((token) => token.account === account));
  return left.map((token) => ({ ...token, belief: 'VERIFIED_IN', reason: null, evidence: '', where: `of ${token.account} that an earlier restore has left on the target hub`, isLeft: true }));
}

/** Why a restore finds no usable token. @param expired the one that it finds */
function tokenless(facts: ClusterFacts, set: SetFacts, expired: FoundToken | null): FindingDraft {
  const doubtful = facts.inSet.find((token) => token.belief === 'UNKNOWN') ?? null;
  if (expired === null) return doubtful ? finding('TOKEN_IN_BACKUP_UNKNOWN', doubtful.evidence) : absentToken(facts, set);
  const cause = `The token ${expired.where} expired at ${expired.expiresAt?.toISOString()}`;
  return doubtful ? finding('TOKEN_IN_BACKUP_UNKNOWN', `${cause}; ${doubtful.evidence}`) : finding('TOKEN_EXPIRED', cause, expired.expiresAt);
}

/** It comes back by what nobody keeps there. */
const leftFinding = (without: FindingDraft, chosen: FoundToken): FindingDraft => ({
  ...without, verdict: 'AT_RISK', severity: 'WARNING', predicts: null, cause: `${without.cause}; there is still the token ${chosen.where}`,
});

/** Without a set nothing can be said but what the next one would lack. */
function liveTokenFindings(facts: ClusterFacts): FindingDraft[] {
  return facts.tokens.some((token) => token.secretPresent) ? [] : [missingToken(facts)];
}

function missingToken(facts: ClusterFacts): FindingDraft {
  const since = facts.tokens.find((token) => !token.secretPresent)?.problemSince ?? null;
  return finding('TOKEN_MISSING', 'The source hub holds no auto-import token of the cluster', since);
}

function absentToken(facts: ClusterFacts, set: SetFacts): FindingDraft {
  const hasOneNow = facts.tokens.some((token) => token.secretPresent);
  const out = [...facts.inSet].sort((a, b) => (a.account < b.account ? -1 : 1)).find((token) => token.reason !== null && token.reason !== 'SECRET_MISSING');
  if (out) return finding('TOKEN_NOT_IN_BACKUP', out.evidence);
  if (!hasOneNow) return missingToken(facts);
  const evidence = facts.inSet[0]?.evidence ?? `Nothing in ${set.credentialsBackup} is known to be a token of the cluster`;
  return finding('TOKEN_NOT_IN_BACKUP', evidence);
}

function expiryFindings(chosen: FoundToken, moment: Moment): FindingDraft[] {
  const { where } = chosen;
  if (chosen.expiresAt === null) return [finding('TOKEN_EXPIRY_UNKNOWN', `No expiry is known of the token ${where}`)];
  const doubts = doubtFindings(chosen, where, moment);
  if (chosen.expiresAt.getTime() <= moment.now.getTime() + RESTORE_TAKES_MS) {
    return [...doubts, inDoubt(finding('TOKEN_EXPIRES_SOON', `The token ${where} expires at ${chosen.expiresAt.toISOString()}, perhaps before the restore is done`))];
  }
  if (chosen.expiresAt.getTime() > moment.now.getTime() + moment.horizonMs) return doubts;
  return [...doubts, finding('TOKEN_EXPIRES_SOON', `The token ${where} expires at ${chosen.expiresAt.toISOString()}`)];
}

/** Recorded expiries have been wrong after a change of validity: what the shorter of both would have ended may have ended. */
function doubtFindings({ expiryDoubt, doubtfulFrom }: TokenInSet, where: string, { now, horizonMs }: Moment): FindingDraft[] {
  if (expiryDoubt == null || doubtfulFrom == null || doubtfulFrom.getTime() > now.getTime() + horizonMs) return [];
  const isOver = doubtfulFrom <= now;
  const draft = finding('TOKEN_EXPIRY_DOUBTFUL', `The token ${where} ${isOver ? 'may have ended' : 'may end'} at ${doubtfulFrom.toISOString()}, before its recorded expiry. ${expiryDoubt}`);
  return [isOver ? inDoubt(draft) : draft];
}

/** Why a token that has not expired is refused. */
interface Revocation { readonly why: string; /** false: it may still be taken */ readonly isSure: boolean }

/**
 * With an account its ServiceAccount goes, and with that every token that was issued for it, in whatever backup: an account of the same name
 * that was made since has another one. The agent does that on the cluster: while it has written no token for the new account, it may not have
 * noticed at all. A Secret that belongs to no account is a person's own.
 */
function revocation(facts: ClusterFacts, token: TokenInSet): Revocation | null {
  const live = facts.tokens.find(({ account }) => account === token.account);
  if (live?.accountSince === undefined) return null;
  if (live.accountSince === null) return live.secretPresent ? null : { why: `The account ${token.account} and its Secret are gone`, isSure: true };
  const refreshedAt = token.refreshedAt ?? null;
  if (refreshedAt === null) return null;
  if (live.accountSince.getTime() <= refreshedAt.getTime() + CLOCK_TOLERANCE_MS) return replacedEarly(live, refreshedAt);
  const why = `The account ${token.account} was made anew at ${live.accountSince.toISOString()}, the token is of ${refreshedAt.toISOString()}`;
  return live.secretPresent ? { why, isSure: true } : { why: `${why}; the cluster may still take it: its agent has written no token since`, isSure: false };
}

/** An agent replaces a token before it is due only where the cluster refuses it, as after its ServiceAccount was made anew there; or where somebody has spoilt the Secret. */
function replacedEarly({ account, earlyRefreshAt }: LiveToken, refreshedAt: Date): Revocation | null {
  if (earlyRefreshAt == null || refreshedAt >= earlyRefreshAt) return null;
  const why = `The agent replaced the token of ${account} at ${earlyRefreshAt.toISOString()}, before it was due: the cluster may refuse those of before, as this one of ${refreshedAt.toISOString()}`;
  return { why, isSure: false };
}

const lacksBinding = (facts: ClusterFacts, account: string): boolean => facts.tokens.some((token) => token.account === account && !token.bindingPresent);

/** Another token in the set with which nothing is wrong: where the cluster refuses the chosen one, a failover tries it next. */
function spareToken(facts: ClusterFacts, chosen: TokenInSet, inside: readonly TokenInSet[], { now }: Moment): TokenInSet | null {
  const lastsUntil = now.getTime() + RESTORE_TAKES_MS;
  const lasts = ({ expiresAt, expiryDoubt, doubtfulFrom }: TokenInSet): boolean =>
    expiresAt !== null && expiresAt.getTime() > lastsUntil && (expiryDoubt == null || doubtfulFrom == null || doubtfulFrom.getTime() > lastsUntil);
  return inside.find((token) => token !== chosen && lasts(token) && isGoodFor(facts, token)) ?? null;
}

/** One that would be a spare token if it did not end while the restore runs. */
const briefToken = (facts: ClusterFacts, chosen: TokenInSet, inside: readonly TokenInSet[], { now }: Moment): TokenInSet | null =>
  inside.find((token) => token !== chosen && token.expiresAt !== null && token.expiresAt > now && isGoodFor(facts, token)) ?? null;

const isGoodFor = (facts: ClusterFacts, token: TokenInSet): boolean => revocation(facts, token) === null && !lacksBinding(facts, token.account);

function revokedFindings(facts: ClusterFacts, chosen: TokenInSet, spare: TokenInSet | null): FindingDraft[] {
  const revoked = revocation(facts, chosen);
  if (revoked === null) return [];
  if (spare === null) return [revoked.isSure ? finding('TOKEN_REVOKED', revoked.why) : inDoubt(finding('TOKEN_REVOKED', revoked.why))];
  return [{ ...finding('TOKEN_REVOKED', `${revoked.why}; the token of ${spare.account} would be tried next`), verdict: 'AT_RISK', severity: 'WARNING', predicts: null }];
}

/** The chosen token without rights is refused. */
function bindingFindings(facts: ClusterFacts, chosen: TokenInSet, spare: TokenInSet | null): FindingDraft[] {
  if (!lacksBinding(facts, chosen.account)) return [];
  const cause = `No ManifestWork binds the role to ${chosen.account}`;
  if (spare === null) return [finding('ROLE_BINDING_MISSING', cause)];
  return [{ ...finding('ROLE_BINDING_MISSING', `${cause}; ${spare.account} has it and would be tried next`), verdict: 'AT_RISK', severity: 'WARNING', predicts: null }];
}

/**
 * What the cluster itself said of its token. It speaks of the token that the hub had then: of an older one in the set too, since what ends a
 * token or its rights ends those before it. It never makes a cluster READY. A refusal that is too old to count leaves a doubt, so that silence
 * makes no verdict better.
 */
function checkFindings(facts: ClusterFacts, chosen: FoundToken, spare: TokenInSet | null, set: SetFacts, { now, paths }: Moment): FindingDraft[] {
  if (paths?.deepCheckCountsForMs === undefined || facts.apiUrl === null) return [];
  const check = paths.byCluster.get(facts.name)?.deepCheck ?? null;
  if (check === null) return [finding('TOKEN_NOT_CHECKED', 'The token has not been tried on the cluster yet')];
  const { checkedAt, detail } = check;
  const notChecked = (why: string): FindingDraft => finding('TOKEN_NOT_CHECKED', why, null, checkedAt);
  const word = wordOn(check, chosen);
  if (word === null) return [notChecked(`The token of ${check.account ?? 'another account'} was tried at ${checkedAt.toISOString()}; a restore would use that of ${chosen.account}`)];
  if (word.state === 'UNKNOWN' || word.state === 'UNREACHABLE') return [notChecked(`Whether the cluster takes the token is not known: ${detail}`)];
  if (isBefore(word.refreshedAt, chosen.refreshedAt)) return [notChecked(`What was tried at ${checkedAt.toISOString()} was an older token of ${chosen.account} than the backup holds`)];
  // What a Secret lost since was another token.
  if (word.state === 'EMPTY' && isBefore(chosen.refreshedAt ?? null, word.refreshedAt)) return [notChecked(`The Secret of ${chosen.account} was found empty at ${checkedAt.toISOString()}, after it had held a newer token than the backup does`)];
  // What a backup holds does not age.
  const isOfBackup = word.state === 'EMPTY' && wasEmptyThen(check, chosen, set);
  if (!isOfBackup && now.getTime() - checkedAt.getTime() > paths.deepCheckCountsForMs) {
    const why = `Last tried at ${checkedAt.toISOString()}: ${detail}${check.lastAttempt === null ? '' : `; since then: ${check.lastAttempt}`}`;
    return [word.state === 'PASSED' ? notChecked(why) : { ...notChecked(why), verdict: 'UNKNOWN', severity: 'WARNING' }];
  }
  return word.state === 'PASSED' ? [] : [noGoodFinding(check, word.state, chosen, spare, set)];
}

type Word = Pick<TokenCheck, 'refreshedAt'> & { readonly state: TokenCheck['state'] | 'UNREACHABLE' };

/** What was said of an account's token; null: it was not tried. */
function wordOn({ account, state, refreshedAt, other }: TokenCheck, token: TokenInSet): Word | null {
  // Of no account: there was no token to try.
  if (account === token.account || (account === null && state === 'UNKNOWN')) return { state, refreshedAt };
  return other?.account === token.account ? other : null;
}

const NO_GOOD = { DENIED: 'TOKEN_RIGHTS_MISSING', REFUSED: 'TOKEN_REFUSED_BY_CLUSTER', EMPTY: 'TOKEN_EMPTY' } as const;

/** Where the chosen token is no good, the spare one decides: a failover tries it next. */
function noGoodFinding(check: TokenCheck, state: keyof typeof NO_GOOD, chosen: FoundToken, spare: TokenInSet | null, set: SetFacts): FindingDraft {
  const told = finding(NO_GOOD[state], `When the token was tried, ${check.detail}`, check.since ?? check.checkedAt, check.checkedAt);
  // Beside an empty one the import looks at the others, of which one at least is not fit.
  const draft = state === 'EMPTY' && !chosen.isOnly ? { ...told, predicts: null } : told;
  const alone = state === 'EMPTY' && !wasEmptyThen(check, chosen, set) ? inDoubt({ ...draft, cause: `${draft.cause}; whether that was so when the backup started is not known` }) : draft;
  if (spare === null) return alone;
  const word = wordOn(check, spare);
  if (isOf(word, spare) && word?.state === 'PASSED') return { ...draft, verdict: 'AT_RISK', severity: 'WARNING', predicts: null, cause: `${draft.cause}; the token of ${spare.account} would be tried next` };
  const isRefused = word !== null && (word.state === 'DENIED' || word.state === 'REFUSED') && !isBefore(word.refreshedAt, spare.refreshedAt);
  return isRefused ? alone : inDoubt({ ...draft, cause: `${draft.cause}; whether that of ${spare.account} in the backup, which would be tried next, is taken is not known` });
}

/** That a newer token of an account is taken says nothing of an older one. */
const isOf = (word: Word | null, token: TokenInSet): boolean => word?.refreshedAt != null && word.refreshedAt.getTime() === token.refreshedAt?.getTime();

/** A Secret that was emptied after the backup had started is whole in there. */
const wasEmptyThen = (check: TokenCheck, chosen: FoundToken, { startedAt }: SetFacts): boolean =>
  !chosen.isLeft && check.since !== null && startedAt != null && check.since < startedAt && isOf(wordOn(check, chosen), chosen);

const isBefore = (a: Date | null, b: Date | null | undefined): boolean => a !== null && b !== null && b !== undefined && a < b;

function lostFindings(facts: ClusterFacts): FindingDraft[] {
  if (facts.tokens.length === 0 || facts.tokens.some((token) => token.secretPresent)) return [];
  return [finding('TOKEN_LOST_SINCE_BACKUP', 'The source hub no longer holds any auto-import token of the cluster', facts.tokens[0]?.problemSince ?? null)];
}
