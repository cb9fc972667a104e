import type { ManagedClusterFacts, ConditionFacts } from '../../fleet/facts.types.js';
import type { ClusterOrigin } from '../../fleet/fleet.types.js';
import type { ImportOutcomeCode, ImportState } from './imports.types.js';
import { isExpired, operatorChoice, type TokenCandidate } from './token-choice.rules.js';

/** What the import controller says of its tries. */
export type ImportReport = 'NONE' | 'TRYING' | 'UNREACHABLE' | 'REJECTED' | 'FAILED' | 'IMPORTED';

/** Go's words for "no connection". The controller gives no other sign; they name an outcome, no action hangs on them. */
const NO_CONNECTION = /dial tcp|i\/o timeout|no such host|connection refused|connection reset|no route to host|network is unreachable|deadline exceeded|handshake timeout|Client\.Timeout/i;

/**
 * Reads the condition ManagedClusterImportSucceeded.
 * @see managedcluster-import-controller, pkg/constants: reasons; a message that begins AutoImportSecretInvalid means a bad token or missing rights
 */
export function importReport(condition: ConditionFacts): ImportReport {
  if (condition.status === 'TRUE' || condition.reason === 'ManagedClusterImported') return 'IMPORTED';
  if (condition.status === 'ABSENT') return 'NONE';
  const message = condition.message ?? '';
  if (condition.reason === 'ManagedClusterImportFailed' && message.startsWith('AutoImportSecretInvalid')) return 'REJECTED';
  if (NO_CONNECTION.test(message)) return 'UNREACHABLE';
  return condition.reason === 'ManagedClusterImportFailed' ? 'FAILED' : 'TRYING';
}

/** One cluster on the target, as it is now. */
export interface ImportFacts {
  readonly origin: ClusterOrigin;
  /** null: the target does not know the cluster */
  readonly cluster: Pick<ManagedClusterFacts, 'available' | 'apiUrl' | 'importDisabled' | 'imported' | 'hosted' | 'labels'> | null;
  /** Its token Secrets, by their annotations */
  readonly tokens: readonly TokenCandidate[];
  /** The Secret auto-import-secret. `restored`: it carries the label of an activation, by the operator or by us */
  readonly importSecret: { readonly restored: boolean } | null;
  readonly suppliedApiUrl: string | null;
  /** The target knew the cluster before the restore */
  readonly knownBefore: boolean;
  readonly attempts: number;
  /** null: at once */
  readonly nextAttemptAt: Date | null;
  /** How it has ended already; null: it is open */
  readonly ended: ImportOutcomeCode | null;
}

export type ImportDecision =
  | { readonly do: 'END'; readonly state: Extract<ImportState, 'RECONNECTED' | 'NOT_RECONNECTED' | 'NOT_NEEDED'>; readonly outcome: ImportOutcomeCode; readonly message: string }
  | { readonly do: 'WAIT'; readonly state: Extract<ImportState, 'WAITING' | 'IMPORTING'>; readonly message: string }
  /** It has ended, and nothing that led to it has changed */
  | { readonly do: 'LEAVE' }
  /** Look at the tokens themselves and see to it that the best one is in the auto-import-secret */
  | { readonly do: 'TRY'; readonly server: string; readonly rejected: boolean; readonly failing: FailingImport | null };

/** How the import has failed so far. */
export interface FailingImport {
  readonly report: Extract<ImportReport, 'UNREACHABLE' | 'REJECTED'>;
  /** Since when the target has not imported the cluster, by its own clock */
  readonly since: Date;
}

/** Ends for want of time: what might still come true by itself is seen before. */
const OUT_OF_TIME: ReadonlySet<ImportOutcomeCode | null> = new Set(['TOKEN_REJECTED', 'CLUSTER_UNREACHABLE', 'IMPORT_TIMED_OUT', 'IMPORT_SECRET_BY_OTHERS']);
const FOR_ITS_TOKENS: ReadonlySet<ImportOutcomeCode | null> = new Set(['TOKEN_EXPIRED', 'TOKEN_EMPTY']);

const left = (outcome: ImportOutcomeCode, message: string): ImportDecision => ({ do: 'END', state: 'NOT_RECONNECTED', outcome, message });

/**
 * What to do about one cluster's import. What a person alone can change ends at once, with the reason; what may pass is waited for
 * until the window ends, and the token is tried again.
 * @param windowEndsAt until when imports are retried
 */
export function planImport(facts: ImportFacts, now: Date, windowEndsAt: Date): ImportDecision {
  const { cluster } = facts;
  if (facts.origin !== 'IMPORTED' || cluster?.hosted) return { do: 'END', state: 'NOT_NEEDED', outcome: 'NOT_NEEDED', message: 'The cluster needs no token' };
  if (cluster === null) return left('CLUSTER_NOT_RESTORED', 'The restore brought no ManagedCluster of this name');
  if (cluster.available.status === 'TRUE') return back(facts);
  if (cluster.importDisabled) return left('IMPORT_DISABLED', 'The ManagedCluster carries the annotation disable-auto-import');
  const server = facts.suppliedApiUrl ?? cluster.apiUrl;
  if (server === null) return left('API_URL_MISSING', 'The ManagedCluster has no API URL');
  if (facts.tokens.length === 0) return left('NO_TOKEN_RESTORED', 'The restore brought no auto-import token of the cluster');
  const isDue = facts.nextAttemptAt === null || facts.nextAttemptAt <= now;
  const areExpired = facts.tokens.every((token) => isExpired(token, now));
  if (OUT_OF_TIME.has(facts.ended)) return { do: 'LEAVE' };
  if (FOR_ITS_TOKENS.has(facts.ended) && (areExpired || !isDue || now >= windowEndsAt)) return { do: 'LEAVE' };
  const report = importReport(cluster.imported);
  if (now >= windowEndsAt) return windowOver(facts, report);
  if (facts.importSecret !== null && !facts.importSecret.restored) return { do: 'WAIT', state: 'IMPORTING', message: 'Someone else’s auto-import-secret is being used' };
  const needsUs = facts.importSecret === null || report === 'REJECTED' || isUntriedUrl(facts) || areExpired;
  if (needsUs && isDue) return { do: 'TRY', server, rejected: report === 'REJECTED', failing: failingImport(facts, report) };
  return { do: 'WAIT', state: facts.attempts > 0 || facts.importSecret !== null ? 'IMPORTING' : 'WAITING', message: cluster.imported.message ?? 'Waiting for the import controller' };
}

/** That a token is refused may say no more than that it has expired: only where it was refused, and tried again, before. Of a cluster that the target knew its condition may be an old one. */
function failingImport({ cluster, knownBefore, attempts }: ImportFacts, report: ImportReport): FailingImport | null {
  const since = cluster?.imported.since ?? null;
  if (since === null || knownBefore) return null;
  const told = report === 'UNREACHABLE' || (report === 'REJECTED' && attempts > 0);
  return told ? { report, since: new Date(since) } : null;
}

/** A supplied URL must get into a Secret that was made without it. */
const isUntriedUrl = (facts: ImportFacts): boolean => facts.suppliedApiUrl !== null && facts.attempts === 0;

function back(facts: ImportFacts): ImportDecision {
  if (facts.knownBefore && facts.attempts === 0 && facts.importSecret === null) {
    return { do: 'END', state: 'RECONNECTED', outcome: 'ALREADY_AVAILABLE', message: 'The cluster was available on the target already' };
  }
  return { do: 'END', state: 'RECONNECTED', outcome: 'RECONNECTED', message: 'The cluster is available on the target' };
}

function windowOver(facts: ImportFacts, report: ImportReport): ImportDecision {
  if (facts.importSecret !== null && !facts.importSecret.restored) return left('IMPORT_SECRET_BY_OTHERS', 'Someone else’s auto-import-secret did not bring the cluster back');
  switch (report) {
    case 'REJECTED':
      return left('TOKEN_REJECTED', 'The cluster refused the token, or it lacks its role');
    case 'UNREACHABLE':
      return left('CLUSTER_UNREACHABLE', 'The target hub did not reach the cluster');
    case 'NONE':
    case 'TRYING':
    case 'FAILED':
    case 'IMPORTED':
      return left('IMPORT_TIMED_OUT', 'The cluster did not become available while imports were retried');
  }
}

/** A token as it was read, without its value. */
export interface ReadToken {
  readonly account: string;
  readonly isEmpty: boolean;
  /** By its own claim; where it has none, by its annotation; null: neither */
  readonly expiresAt: Date | null;
  /** It is what the auto-import-secret holds */
  readonly inPlace: boolean;
}

export type TokenDecision =
  /** `account`'s token goes into the auto-import-secret */
  | { readonly do: 'WRITE'; readonly account: string }
  /** Nothing better is there than what is in place */
  | { readonly do: 'KEEP'; readonly account: string | null }
  | { readonly do: 'END'; readonly outcome: Extract<ImportOutcomeCode, 'TOKEN_EMPTY' | 'TOKEN_EXPIRED' | 'CLUSTER_UNREACHABLE' | 'TOKEN_REJECTED'>; readonly message: string };

/**
 * Which token to use, once they have been read: never one that has expired by its own claim, and another one where the cluster refused
 * the one in place. Else as the operator chooses.
 * @param secretInPlace an auto-import-secret is there, whatever token it holds
 * @param otherServer the Secret in place names another API URL than wanted
 * @param failing what kept the import from happening while a token was still good: that is why it failed, not that the token has ended since
 */
export function chooseToken(tokens: readonly ReadToken[], secretInPlace: boolean, rejected: boolean, otherServer: boolean, failing: FailingImport | null, now: Date): TokenDecision {
  const filled = tokens.filter((token) => !token.isEmpty);
  if (filled.length === 0) return { do: 'END', outcome: 'TOKEN_EMPTY', message: 'The restored Secrets hold no token' };
  const alive = filled.filter((token) => !isExpired(token, now));
  if (alive.length === 0) {
    return allExpired(new Date(Math.max(...filled.map((token) => token.expiresAt?.getTime() ?? 0))), failing);
  }
  const inPlace = alive.find((token) => token.inPlace);
  const others = alive.filter((token) => !token.inPlace);
  const candidate = rejected ? (operatorChoice(others, now) ?? inPlace) : (inPlace ?? operatorChoice(alive, now));
  if (candidate === undefined || candidate === null) return { do: 'KEEP', account: null };
  if (secretInPlace && candidate.inPlace && !otherServer) return { do: 'KEEP', account: candidate.account };
  return { do: 'WRITE', account: candidate.account };
}

function allExpired(last: Date, failing: FailingImport | null): TokenDecision {
  const at = last.toISOString();
  if (failing === null || failing.since > last) return { do: 'END', outcome: 'TOKEN_EXPIRED', message: `Every restored token has expired, the last one at ${at}` };
  if (failing.report === 'UNREACHABLE') return { do: 'END', outcome: 'CLUSTER_UNREACHABLE', message: `The target hub did not reach the cluster before its last token expired at ${at}` };
  return { do: 'END', outcome: 'TOKEN_REJECTED', message: `The cluster refused the token, or it lacks its role; the last one has expired since, at ${at}` };
}

/** The pause before the next try: it doubles, up to ten times the first. */
export const nextPauseMs = (attempts: number, firstPauseMs: number): number => Math.min(firstPauseMs * 2 ** Math.max(0, attempts - 1), firstPauseMs * 10);
