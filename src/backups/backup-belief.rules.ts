import type { Belief, BeliefReason } from './backups.types.js';

/** One life of a token, as the inventory's history has it. */
export interface TokenLifeRecord {
  readonly refreshedAt: Date;
  readonly expiresAt: Date | null;
  readonly labelledAt: Date | null;
  readonly endedAt: Date | null;
  /** The validity that was asked for when the life began, in seconds; null: not known */
  readonly validitySeconds: number | null;
}

/** How well we watch the owner's token Secrets. */
export interface WatchRecord {
  /** The last full list; nothing was missed since */
  readonly listedAt: Date | null;
  readonly heardAt: Date | null;
  /** The watch stands now */
  readonly isWatching: boolean;
}

export interface InferredBelief {
  readonly belief: Extract<Belief, 'INFERRED_IN' | 'INFERRED_OUT' | 'UNKNOWN'>;
  readonly reason: BeliefReason | null;
  /** Of the token that was there at the start, whether it is inside or not; null: there was none, or it is not known */
  readonly expiresAt: Date | null;
  readonly refreshedAt: Date | null;
  /** Why that expiry is not to be trusted; null: nothing speaks against it */
  readonly expiryDoubt: string | null;
  /** Where it is doubtful: the earliest end that the validities allow; null: it is not, or nothing is known */
  readonly doubtfulFrom: Date | null;
  readonly evidence: string;
}

/** Kubernetes and Velero tell whole seconds. */
const SECOND_MS = 1000;

type Life = Pick<InferredBelief, 'expiresAt' | 'refreshedAt' | 'expiryDoubt' | 'doubtfulFrom'>;
const NO_LIFE: Life = { expiresAt: null, refreshedAt: null, expiryDoubt: null, doubtfulFrom: null };

const out = (reason: BeliefReason, evidence: string, life = NO_LIFE): InferredBelief => ({ belief: 'INFERRED_OUT', reason, ...life, evidence });
const unknown = (evidence: string, life = NO_LIFE): InferredBelief => ({ belief: 'UNKNOWN', reason: null, ...life, evidence });

/**
 * A life as the set keeps it. Recorded expiries have been wrong after a change of validity: the record moved, the token did not.
 * @param askedSeconds the validity that the account asks for now; null: not known
 */
function lifeOf({ expiresAt, refreshedAt, validitySeconds }: TokenLifeRecord, askedSeconds: number | null): Life {
  if (expiresAt === null || validitySeconds === null || askedSeconds === null || validitySeconds === askedSeconds) return { expiresAt, refreshedAt, expiryDoubt: null, doubtfulFrom: null };
  const shortestMs = Math.min(validitySeconds, askedSeconds) * SECOND_MS;
  return {
    expiresAt, refreshedAt, expiryDoubt: `The validity was changed from ${validitySeconds} s to ${askedSeconds} s during this token's life`,
    doubtfulFrom: new Date(Math.min(expiresAt.getTime(), refreshedAt.getTime() + shortestMs)),
  };
}

/**
 * Nothing was missed from before the start until after it. A watch that stands saw it: that the backup has started was heard over the same
 * connection. One that is down now must have heard something later than the start.
 */
export function watchedThrough({ listedAt, heardAt, isWatching }: WatchRecord, startedAt: Date): boolean {
  if (listedAt === null || listedAt > startedAt) return false;
  return isWatching || (heardAt !== null && heardAt.getTime() >= startedAt.getTime() + SECOND_MS);
}

/** One life against the start. */
function beliefOf(life: TokenLifeRecord, startedAt: Date, askedSeconds: number | null): InferredBelief {
  const start = startedAt.toISOString();
  const kept = lifeOf(life, askedSeconds);
  if (life.labelledAt === null) return out('SECRET_UNLABELLED', `The Secret carried no backup label at ${start}`, kept);
  const label = Math.floor(life.labelledAt.getTime() / SECOND_MS);
  const started = Math.floor(startedAt.getTime() / SECOND_MS);
  if (label > started) return out('LABELLED_AFTER_START', `The Secret was labelled at ${life.labelledAt.toISOString()}, the backup started at ${start}`, kept);
  // Velero may have looked before or after.
  if (label === started) return unknown(`The Secret was labelled at ${life.labelledAt.toISOString()}, in the very second in which the backup started`, kept);
  return {
    belief: 'INFERRED_IN',
    reason: null,
    ...kept,
    evidence: `The Secret carried a backup label since ${life.labelledAt.toISOString()}, the backup started at ${start}`,
  };
}

/** Lives that may have been the token's at the start: exact but for the seconds in which two of them meet. */
function livesAt(lives: readonly TokenLifeRecord[], startedAt: Date): TokenLifeRecord[] {
  const startMs = startedAt.getTime();
  return lives.filter(
    ({ refreshedAt, endedAt }) => refreshedAt.getTime() <= startMs + SECOND_MS && (endedAt === null || endedAt.getTime() > startMs - SECOND_MS),
  );
}

/** When a Secret was removed is known no better than we watched. */
function endDoubt(present: readonly TokenLifeRecord[], startedAt: Date, watch: WatchRecord): string | null {
  if (present.some(({ endedAt }) => endedAt === null)) return null;
  if (present.every(({ endedAt }) => endedAt !== null && endedAt.getTime() <= startedAt.getTime() + SECOND_MS)) return 'The token was removed in the very second in which the backup started';
  return watchedThrough(watch, startedAt) ? null : 'The token has gone, and we did not watch the hub without a gap when the backup started';
}

const lifeIn = ({ expiresAt, refreshedAt, expiryDoubt, doubtfulFrom }: InferredBelief): Life => ({ expiresAt, refreshedAt, expiryDoubt, doubtfulFrom });

/** Of two lives that may both be inside, the one that ends sooner is counted on. */
const sooner = (a: InferredBelief, b: InferredBelief): InferredBelief => {
  if (a.expiresAt === null) return a;
  return b.expiresAt === null || b.expiresAt < a.expiresAt ? b : a;
};

/**
 * Whether the token is in the credentials backup that started then, by what we saw of its Secret: the label must have been there before.
 * Where our own watch had a gap, what was not seen is UNKNOWN, not absent.
 * @param lives of one account of one cluster, in any order
 * @param askedSeconds the validity that the account asks for now; null: not known
 */
export function inferBelief(lives: readonly TokenLifeRecord[], startedAt: Date, watch: WatchRecord, askedSeconds: number | null = null): InferredBelief {
  const present = livesAt(lives, startedAt);
  const beliefs = present.map((life) => beliefOf(life, startedAt, askedSeconds));
  const [first] = beliefs;
  if (first === undefined) {
    if (!watchedThrough(watch, startedAt)) return unknown('We did not watch the hub without a gap when the backup started');
    return out('SECRET_MISSING', `There was no token Secret at ${startedAt.toISOString()}`);
  }
  const counted = beliefs.reduce(sooner);
  if (beliefs.some(({ belief }) => belief !== first.belief)) return unknown('The token changed in the very second in which the backup started', lifeIn(counted));
  if (first.belief === 'INFERRED_IN') {
    const doubt = endDoubt(present, startedAt, watch);
    return doubt === null ? counted : unknown(doubt, lifeIn(counted));
  }
  // An unlabelled Secret that we did not watch may have been labelled meanwhile and lost the label again.
  if (first.belief === 'INFERRED_OUT' && first.reason !== 'LABELLED_AFTER_START' && !watchedThrough(watch, startedAt)) {
    return unknown('We did not watch the hub without a gap when the backup started', lifeIn(counted));
  }
  return counted;
}
