import { assessCluster, type Basis, type ClusterAssessment, type ClusterFacts, type TargetPaths, type TokenInSet } from './cluster-verdict.rules.js';
import type { DropOut, ForecastAssumption } from './outlook.types.js';
import { pathsAt } from './paths-ahead.rules.js';
import { isRenewed, tokensOfNextSet, type LiveTokenLife } from './projected-set.rules.js';
import type { ClusterVerdict } from './readiness.types.js';

export interface ForecastFacts {
  readonly cluster: ClusterFacts;
  readonly live: readonly LiveTokenLife[];
  readonly basis: Basis;
  /** Of the set that would be restored now; null: not known */
  readonly setExpiresAt: Date | null;
  /** When the schedule runs next; null: it does not run */
  readonly nextRunAt: Date | null;
  /** What is known of the target's ways now; absent: nothing is asked of them */
  readonly paths?: TargetPaths | undefined;
}

export const isRecoverable = (verdict: ClusterVerdict): boolean => verdict === 'READY' || verdict === 'AT_RISK';

const NO_SET: Basis = { kind: 'NO_SET' };

/**
 * When a cluster that would come back now would not any more, and why: the same rules, asked again at each moment at which an answer can
 * change.
 * @returns null: it would not come back now either, or nothing is known that would end it
 */
export function dropOut(facts: ForecastFacts, assumption: ForecastAssumption, now: Date): DropOut | null {
  if (!isRecoverable(assessAt(facts, facts.basis, facts.cluster.inSet, now, now).verdict)) return null;
  if (assumption === 'NO_MORE_BACKUPS' || facts.nextRunAt === null) return dropOutOfSet(facts, now);
  const { nextRunAt } = facts;
  if (facts.live.some((token) => token.inBackupSelection && token.secretPresent && isRenewed(token))) return null;
  const before = dropOutOfSet(facts, now);
  if (before !== null && before.at <= nextRunAt) return before;
  const next = tokensOfNextSet(facts.live);
  const basis: Basis = { kind: 'SET', set: { credentialsBackup: 'the next set', managedClustersStartedAt: nextRunAt } };
  const left = facts.paths?.left?.get(facts.cluster.name) ?? [];
  return firstFall([nextRunAt, ...expiriesOf([...next, ...left])].filter((at) => at >= nextRunAt), (at) => assessAt(facts, basis, next, now, at));
}

/** With the set as it is. */
function dropOutOfSet(facts: ForecastFacts, now: Date): DropOut | null {
  const { basis, setExpiresAt } = facts;
  const left = facts.paths?.left?.get(facts.cluster.name) ?? [];
  const ends = [...expiriesOf([...facts.cluster.inSet, ...left]), ...(setExpiresAt === null ? [] : [setExpiresAt])].filter((at) => at > now);
  const isOver = (at: Date): boolean => setExpiresAt !== null && setExpiresAt <= at;
  const fall = firstFall(ends, (at) => assessAt(facts, isOver(at) ? NO_SET : basis, facts.cluster.inSet, now, at));
  if (fall === null || !isOver(fall.at) || basis.kind !== 'SET') return fall;
  return { ...fall, cause: `The backup set of ${basis.set.credentialsBackup} expires at ${fall.at.toISOString()}` };
}

const expiriesOf = (tokens: readonly Pick<TokenInSet, 'expiresAt' | 'doubtfulFrom'>[]): Date[] => tokens.flatMap(({ expiresAt, doubtfulFrom }) => [expiresAt, doubtfulFrom ?? null].filter((at) => at !== null));

const assessAt = (facts: ForecastFacts, basis: Basis, inSet: readonly TokenInSet[], now: Date, at: Date): ClusterAssessment =>
  assessCluster({ ...facts.cluster, inSet }, basis, { now: at, horizonMs: 0, ...(facts.paths === undefined ? {} : { paths: pathsAt(facts.paths, now, at) }) });

function firstFall(moments: readonly Date[], assess: (at: Date) => ClusterAssessment): DropOut | null {
  for (const at of [...moments].sort((a, b) => a.getTime() - b.getTime())) {
    const { verdict, findings } = assess(at);
    const [decisive] = findings;
    if (!isRecoverable(verdict) && decisive !== undefined) return { at, code: decisive.code, cause: decisive.cause };
  }
  return null;
}
