import type { Belief, EvidenceKind } from '../backups/backups.types.js';
import type { TokenAccount } from './tokens.types.js';

/** One life of a token, as recorded. */
export interface RecordedLife {
  readonly id: string;
  readonly account: TokenAccount;
  readonly secretUid: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date | null;
  readonly seenAt: Date;
  readonly labelledAt: Date | null;
  readonly endedAt: Date | null;
  /** Of the account's next life; null: there is none yet */
  readonly nextIssuedAt: Date | null;
}

/** What a backup set is held to contain of one of the cluster's tokens. */
export interface SetEntry {
  readonly setId: string;
  readonly credentialsBackup: string;
  readonly startedAt: Date;
  readonly setExpiresAt: Date | null;
  readonly account: TokenAccount;
  readonly belief: Belief;
  readonly evidence: string;
  readonly evidenceKind: EvidenceKind;
  readonly reason: string | null;
  /** Of the token inside; null where it is out or not known */
  readonly expiresAt: Date | null;
  readonly refreshedAt: Date | null;
}

export interface TimelineLife extends RecordedLife {
  /** For how long of its life Velero would have left it out */
  readonly unlabelledMs: number;
  /** When the agent was to renew it: at 4/5 of its granted life; null: the life is not known */
  readonly refreshDueAt: Date | null;
  /** How long after that the next one came, or has not come yet; null: in time, or it was not to be renewed any more */
  readonly refreshLateMs: number | null;
  /** So late that it counts as missed */
  readonly refreshMissed: boolean;
  readonly sets: readonly SetEntry[];
}

/** NO_TOKEN: the hub held no valid token of the cluster. UNKNOWN: it held one whose expiry nobody told. */
export const gapKinds = ['NO_TOKEN', 'UNKNOWN'] as const;
export type GapKind = (typeof gapKinds)[number];

export interface TokenGap {
  readonly kind: GapKind;
  readonly from: Date;
  /** null: it has not ended */
  readonly to: Date | null;
}

export interface TimeRange {
  readonly from: Date;
  readonly to: Date;
}

/** What became of a cluster's tokens in a span of time. */
export interface TokenTimeline extends TimeRange {
  readonly clusterId: string;
  readonly hubId: string;
  readonly cluster: string;
  /** false: there was more in this time than is told; ask for less of it */
  readonly isComplete: boolean;
  /** Newest first */
  readonly lives: readonly TimelineLife[];
  /** Sets that hold none of these lives, with why; newest first */
  readonly setsWithout: readonly SetEntry[];
  /** In order of time, from the first life that is known */
  readonly gaps: readonly TokenGap[];
}
