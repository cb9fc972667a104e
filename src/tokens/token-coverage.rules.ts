import { parseGoDuration } from '../common/duration.js';
import { parseCron } from '../backups/cron.rules.js';
import type { BackupScheduleFacts } from '../fleet/facts.types.js';
import type { TokenLife } from './token-life.rules.js';

/** When a hub's backup sets come, and how long they are kept. */
export interface SetRhythm {
  /** From the start of one set to the next, over four weeks or more, in milliseconds; at least one */
  readonly gapsMs: readonly number[];
  readonly ttlMs: number;
}

/** What the tokens of one cluster leave its backup sets, at worst, while its agent renews them when it should. */
export interface SetCoverage {
  /** The life that is left, at the start of any set, to the token in it that lives longest: up to this age every set brings the cluster back */
  readonly restorableForMs: number;
  /** Of each day, on average and at worst: for how long the newest set holds no token that is still valid */
  readonly uncoveredMsPerDay: number;
  /** A set is kept longer than it brings the cluster back */
  readonly endsWithinSet: boolean;
}

const DAY_MS = 86_400_000;
/** Velero's own, where the schedule says nothing. */
const DEFAULT_TTL_MS = 720 * 3_600_000;
/** Sets are looked at for four weeks, so that each day of the week counts alike; rarer ones for longer. */
const SPAN_MS = 28 * DAY_MS;
const MAX_STARTS = 9_000;
const MIN_STARTS = 3;
/** A Monday; which one makes no difference. */
const FROM = new Date(Date.UTC(2024, 0, 1));

/** The agent renews after so much of the granted life. */
const RENEWED_AT = 0.8;
/** A life is counted from the moment at which its token was reported, seconds after it was granted, and a pair comes a little after its moment. */
const TOLERANCE_MS = 15 * 60_000;
const TOLERANCE_SHARE = 0.02;
/** Lives that differ by no more than this are of the same length. */
const SAME_LIFE_SHARE = 0.01;

/** @returns null for a schedule that never makes a second set */
export function setRhythm({ cron, veleroTtl }: Pick<BackupScheduleFacts, 'cron' | 'veleroTtl'>): SetRhythm | null {
  // A time zone moves all starts alike.
  const runs = cron === null ? null : parseCron(cron.trim().replace(/^(CRON_)?TZ=\S+ +/, ''));
  if (runs === null) return null;
  const gapsMs: number[] = [];
  let at = runs.next(FROM);
  const first = at;
  while (at !== null && first !== null && gapsMs.length < MAX_STARTS && (gapsMs.length < MIN_STARTS || at.getTime() - first.getTime() < SPAN_MS)) {
    const next = runs.next(at);
    if (next !== null) gapsMs.push(next.getTime() - at.getTime());
    at = next;
  }
  const ttlMs = veleroTtl === null ? null : parseGoDuration(veleroTtl);
  return gapsMs.length === 0 ? null : { gapsMs, ttlMs: ttlMs === null || ttlMs <= 0 ? DEFAULT_TTL_MS : ttlMs };
}

interface KnownLife {
  readonly refreshedMs: number;
  readonly lengthMs: number;
}

function known({ refreshedAt, expiresAt }: TokenLife): KnownLife | null {
  if (refreshedAt === null || expiresAt === null || expiresAt <= refreshedAt) return null;
  return { refreshedMs: refreshedAt.getTime(), lengthMs: expiresAt.getTime() - refreshedAt.getTime() };
}

/**
 * Two tokens of the same life, one renewed so long after the other: the younger of them is never older than the longer of the two ways from one
 * renewal to the next.
 */
const shortestOfTwo = (lengthMs: number, offsetMs: number): number => {
  const cycleMs = RENEWED_AT * lengthMs;
  const offset = ((offsetMs % cycleMs) + cycleMs) % cycleMs;
  return lengthMs - Math.max(offset, cycleMs - offset);
};

/** The life left to the token that lives longest, at its shortest, if both are renewed when they should be. */
function shortestRemaining(first: KnownLife, pair: KnownLife | null, pairShare: number | null): number {
  const alone = ({ lengthMs }: KnownLife): number => (1 - RENEWED_AT) * lengthMs;
  if (pair === null) return pairShare === null ? alone(first) : shortestOfTwo(first.lengthMs, pairShare * first.lengthMs);
  const longer = Math.max(first.lengthMs, pair.lengthMs);
  // Lives of different lengths drift past each other: at some time both are renewed at once.
  if (Math.abs(first.lengthMs - pair.lengthMs) > SAME_LIFE_SHARE * longer) return Math.max(alone(first), alone(pair));
  return shortestOfTwo(Math.min(first.lengthMs, pair.lengthMs), pair.refreshedMs - first.refreshedMs);
}

/**
 * What any backup set, now and in the time to come, holds for one cluster: by the lives that its tokens were really granted, which may be far
 * shorter than asked for (EKS: a day), renewed at four fifths.
 * @param pair null: there is none
 * @param pairShare when the pair will be made, as a share of the first token's life; null: nobody will make it
 * @returns null where the first token's life is not known
 */
export function setCoverage(first: TokenLife, pair: TokenLife | null, pairShare: number | null, { gapsMs, ttlMs }: SetRhythm): SetCoverage | null {
  const life = known(first);
  if (life === null) return null;
  const restorableForMs = shortestRemaining(life, pair === null ? null : known(pair), pairShare);
  const spanMs = gapsMs.reduce((sum, gap) => sum + gap, 0);
  const uncoveredMs = gapsMs.reduce((sum, gap) => sum + Math.max(0, gap - restorableForMs), 0);
  return {
    restorableForMs,
    uncoveredMsPerDay: (uncoveredMs / spanMs) * DAY_MS,
    endsWithinSet: restorableForMs + Math.max(TOLERANCE_MS, TOLERANCE_SHARE * ttlMs) < ttlMs,
  };
}

/**
 * From when on a set that the plan's RPO still allows may hold no valid token of the cluster, unless one is renewed before: a set that is taken
 * now brings the cluster back until its longest-living token ends, and must do so for as long as the RPO.
 * @param tokens those that Velero takes into the backup
 */
export function tokenOldForRpoAt(tokens: readonly TokenLife[], rpoMs: number | null): Date | null {
  const ends = tokens.map(({ expiresAt }) => expiresAt?.getTime()).filter((end) => end !== undefined);
  return rpoMs === null || ends.length === 0 ? null : new Date(Math.max(...ends) - rpoMs);
}
