import type { TokenSecretFacts } from '../fleet/facts.types.js';
import type { TokenLife } from './token-life.rules.js';
import { inBackupSelection, type Seen } from './token-plan.rules.js';

/** The life that a token has now, as last recorded. */
export interface OpenIncarnation {
  readonly secretUid: string;
  readonly refreshedAt: Date;
  readonly expiresAt: Date | null;
  readonly labelledAt: Date | null;
  /** When it was first recorded */
  readonly seenAt: Date;
  /** spec.rotation.validity when it began; null: not known */
  readonly validitySeconds: number | null;
  /** The last time until then that the agent replaced a token of the account before it was due; null: not seen */
  readonly earlyRefreshAt: Date | null;
}

export type IncarnationStep =
  | { readonly type: 'KEEP' }
  /** The Secret is gone */
  | { readonly type: 'END'; readonly endedAt: Date }
  /** The same life, of which more is known now */
  | { readonly type: 'LEARN'; readonly refreshedAt: Date; readonly expiresAt: Date | null; readonly labelledAt: Date | null }
  /** A new life; ends the one before */
  | { readonly type: 'BEGIN'; readonly refreshedAt: Date; readonly expiresAt: Date | null; readonly labelledAt: Date | null; readonly endedAt: Date; readonly earlyRefreshAt: Date | null };

/**
 * An agent renews a token after 80 % of its granted life, or at once when the cluster refuses it (facts, section 4): so a token that was
 * replaced well before has been refused, or somebody has spoilt it.
 */
const DUE_AFTER = 0.8;
/** Old agents renew all the time where less is granted than asked for (facts, section 11): what they replace so soon tells nothing. */
const HASTY_MS = 30_000;

/** The account's status may still tell of the Secret before: what was refreshed well before the Secret was made is not this one. Clocks differ. */
const CLOCK_TOLERANCE_MS = 60_000;

const earlier = (a: Date, b: Date): Date => (a < b ? a : b);
const later = (a: Date, b: Date): Date => (a > b ? a : b);
const same = (a: Date | null, b: Date | null): boolean => a?.getTime() === b?.getTime();

/** Since when the Secret has carried a backup label: by the hub's clock where it tells; never before the token itself. */
function labelledSince(secret: Seen<TokenSecretFacts>, now: Date): Date | null {
  if (!inBackupSelection(secret.facts)) return null;
  return secret.facts.labelWrittenAt === null ? now : earlier(new Date(secret.facts.labelWrittenAt), now);
}

/**
 * How a token's history goes on. A life is known by its Secret and its refresh; a Secret whose refresh is not told yet begins one with the
 * Secret's creation, which later learns the true moment.
 */
export function incarnationStep(open: OpenIncarnation | null, secret: Seen<TokenSecretFacts> | null, life: TokenLife, validitySeconds: number | null, now: Date): IncarnationStep {
  if (secret === null) return open === null ? { type: 'KEEP' } : { type: 'END', endedAt: now };
  const createdAt = secret.facts.createdAt === null ? now : new Date(secret.facts.createdAt);
  const restored = secret.facts.restoredFrom !== null;
  const told = life.refreshedAt !== null && (restored || life.refreshedAt.getTime() >= createdAt.getTime() - CLOCK_TOLERANCE_MS);
  const refreshedAt = told && life.refreshedAt !== null ? life.refreshedAt : createdAt;
  const expiresAt = told ? life.expiresAt : null;
  const labelledAt = labelledSince(secret, now);
  const sameSecret = open?.secretUid === secret.uid;
  if (open !== null && sameSecret && (same(open.refreshedAt, refreshedAt) || open.expiresAt === null)) {
    // We saw this life without the label: whatever the hub's clock says, it cannot have had it before.
    const since = open.labelledAt ?? (labelledAt && later(labelledAt, open.seenAt));
    const kept = inBackupSelection(secret.facts) ? since : null;
    const unchanged = same(open.refreshedAt, refreshedAt) && same(open.expiresAt, expiresAt) && same(open.labelledAt, kept);
    return unchanged ? { type: 'KEEP' } : { type: 'LEARN', refreshedAt, expiresAt, labelledAt: kept };
  }
  // The label outlives a refresh: the new token has it from its first moment.
  const inherited = sameSecret && open?.labelledAt ? refreshedAt : labelledAt;
  const isEarly = open !== null && sameSecret && told && open.validitySeconds === validitySeconds && isBeforeDue(open, createdAt, refreshedAt);
  return { type: 'BEGIN', refreshedAt, expiresAt, labelledAt: inBackupSelection(secret.facts) ? inherited : null, endedAt: sameSecret ? refreshedAt : earlier(createdAt, now), earlyRefreshAt: isEarly ? refreshedAt : (open?.earlyRefreshAt ?? null) };
}

function isBeforeDue({ refreshedAt, expiresAt }: OpenIncarnation, createdAt: Date, replacedAt: Date): boolean {
  // A token that is older than its Secret came by a restore, and the agent of the new hub asks for one of its own.
  if (expiresAt === null || refreshedAt.getTime() < createdAt.getTime() - CLOCK_TOLERANCE_MS) return false;
  const [lived, granted] = [replacedAt.getTime() - refreshedAt.getTime(), expiresAt.getTime() - refreshedAt.getTime()];
  return lived >= HASTY_MS && lived < granted * DUE_AFTER - CLOCK_TOLERANCE_MS;
}
