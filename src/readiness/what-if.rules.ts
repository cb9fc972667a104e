import { assessCluster, type Basis, type ClusterAssessment, type ClusterFacts, type Moment } from './cluster-verdict.rules.js';
import { isRecoverable } from './forecast.rules.js';
import type { ClusterDifference, PlannedChange, WhatIfQuestion } from './outlook.types.js';
import { projectTokens, type LiveTokenLife, type ProjectionPolicy } from './projected-set.rules.js';
import type { SetUsability } from './usable-set.rules.js';

/** The next run of a schedule after a moment; null: none. */
export type NextRun = (after: Date) => Date | null;

const HOUR_MS = 3_600_000;
/** A look back that grows until it meets a run: most schedules run daily or more often. */
const LOOK_BACK_MS = [HOUR_MS, 24 * HOUR_MS, 8 * 24 * HOUR_MS, 32 * 24 * HOUR_MS, 367 * 24 * HOUR_MS];
/** A whole set of 3,500 clusters takes about six minutes: a run that begins later is not counted on. @see published runs, release 2.15 */
export const SET_TAKES_MS = 6 * 60_000;
const DIFFERENCES_SHOWN = 100;

/** The last run after `from` that had begun by `by`; null: none. */
export function lastRun(nextRun: NextRun, from: Date, by: Date): Date | null {
  for (const backMs of LOOK_BACK_MS) {
    const start = new Date(Math.max(from.getTime(), by.getTime() - backMs));
    let last: Date | null = null;
    for (let run = nextRun(start); run !== null && run <= by; run = nextRun(run)) last = run;
    if (last !== null || start <= from) return last;
  }
  return null;
}

/** A set of which it is known, or thought, what it holds. */
export type ImaginedSet =
  | { readonly kind: 'STORED'; readonly setId: string }
  /** One that the schedule would yet make */
  | { readonly kind: 'PROJECTED'; readonly startsAt: Date; readonly expiresAt: Date | null }
  | { readonly kind: 'NONE' };

export interface StoredSet {
  readonly id: string;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  readonly expiresAt: Date | null;
  /** On the target that is asked about, at the moment of the restore */
  readonly usability: SetUsability;
}

const isUsable = ({ usability }: StoredSet): boolean => usability === 'USABLE' || usability === 'PARTIALLY_FAILED';

/**
 * Which set a restore would take in the world that is thought of.
 * @param nextRun of the schedule as it would be; null: none runs
 */
export function imaginedSet(
  question: Pick<WhatIfQuestion, 'backupSetId' | 'sourceDiesAt'>, sets: readonly StoredSet[], nextRun: NextRun | null, ttlMs: number | null, now: Date, at: Date,
): ImaginedSet {
  if (question.backupSetId !== undefined) return { kind: 'STORED', setId: question.backupSetId };
  const { sourceDiesAt } = question;
  if (sourceDiesAt !== undefined && sourceDiesAt > now && nextRun !== null) {
    const startsAt = lastRun(nextRun, now, new Date(sourceDiesAt.getTime() - SET_TAKES_MS));
    const expiresAt = startsAt === null || ttlMs === null ? null : new Date(startsAt.getTime() + ttlMs);
    if (startsAt !== null && (expiresAt === null || expiresAt > at)) return { kind: 'PROJECTED', startsAt, expiresAt };
  }
  const made = sets.filter((set) => isUsable(set) && set.startedAt !== null && (sourceDiesAt === undefined || (set.completedAt ?? set.startedAt) <= sourceDiesAt));
  const newest = made.reduce<StoredSet | null>((best, set) => (best === null || (set.startedAt?.getTime() ?? 0) > (best.startedAt?.getTime() ?? 0) ? set : best), null);
  return newest === null ? { kind: 'NONE' } : { kind: 'STORED', setId: newest.id };
}

/** The verdict on a cluster over a set that would yet be made. */
export function assessProjected(cluster: ClusterFacts, live: readonly LiveTokenLife[], policy: ProjectionPolicy, startsAt: Date, now: Date, moment: Moment): ClusterAssessment {
  const inSet = projectTokens(cluster, live, policy, now, startsAt);
  const known = new Map(cluster.tokens.map((token) => [token.account, token]));
  const tokens = inSet.map(({ account, belief }) => ({
    account,
    secretPresent: belief === 'INFERRED_IN',
    bindingPresent: policy.protect || known.get(account)?.bindingPresent === true,
    problemSince: known.get(account)?.problemSince ?? null,
  }));
  const basis: Basis = { kind: 'SET', set: { credentialsBackup: `the set of ${startsAt.toISOString()}`, managedClustersStartedAt: startsAt } };
  return assessCluster({ ...cluster, tokens, inSet }, basis, moment);
}

export interface Judged {
  readonly cluster: string;
  readonly assessment: ClusterAssessment;
}

/** Where the world that is thought of differs from the one that is. Both name the same clusters. */
export function differences(before: readonly Judged[], after: readonly Judged[]): { gained: number; lost: number; shown: ClusterDifference[] } {
  const were = new Map(before.map((one) => [one.cluster, one.assessment.verdict]));
  const differing = after.flatMap(({ cluster, assessment }) => {
    const was = were.get(cluster);
    return was === undefined || was === assessment.verdict ? [] : [{ cluster, before: was, after: assessment.verdict, code: assessment.findings[0]?.code ?? null }];
  });
  return {
    gained: differing.filter((one) => !isRecoverable(one.before) && isRecoverable(one.after)).length,
    lost: differing.filter((one) => isRecoverable(one.before) && !isRecoverable(one.after)).length,
    shown: differing.slice(0, DIFFERENCES_SHOWN),
  };
}

export const hasChange = (change: PlannedChange): boolean => [change.tokenValiditySeconds, change.cron, change.backupTtlSeconds, change.policy].some((one) => one !== undefined);

/** What an answer takes for granted, in words. */
export function assumptionsOf(question: WhatIfQuestion, set: ImaginedSet, now: Date, at: Date): string[] {
  const projected = set.kind === 'PROJECTED';
  return [
    ...(projected ? [`The schedule runs until then, and the set that starts at ${set.startsAt.toISOString()} is complete and reaches the target`] : []),
    ...(projected ? ['Token agents that renew now go on renewing at four fifths of each life; those that fail go on failing'] : []),
    ...(!projected && hasChange(question) ? ['The change concerns sets to come alone: name a sourceDiesAt that lies after the schedule\u2019s next run'] : []),
    ...(at < now ? ['Clusters and hubs are taken as they are now; what the backup sets hold is as it was'] : []),
    ...(at > now ? ['Clusters and hubs are then as they are now'] : []),
    ...(question.targetHubId === undefined ? [] : ['The other target shows the backups that it shows now']),
  ];
}
