import type { ClusterVerdict, Verdict, VerdictCounts } from './readiness.types.js';

/** One hour of a plan. */
export interface ReadinessPoint {
  /** Its beginning */
  readonly hour: Date;
  /** The last of the hour */
  readonly verdict: Verdict;
  readonly worstVerdict: Verdict;
  readonly counts: VerdictCounts;
  readonly clustersRecoverable: number;
  readonly clustersTotal: number;
  /** READY and AT_RISK at the least */
  readonly fewestRecoverable: number;
  readonly computedAt: Date;
}

/** A verdict that became another. */
export interface VerdictChange {
  readonly id: bigint;
  /** null: of the plan itself */
  readonly cluster: string | null;
  readonly at: Date;
  /** null: the first verdict */
  readonly from: ClusterVerdict | null;
  /** null: the cluster is gone */
  readonly to: ClusterVerdict | null;
  readonly fromCode: string | null;
  readonly toCode: string | null;
  /** Of the finding that decides; null: none */
  readonly cause: string | null;
}

/** Clusters whose verdict is another than it was, by what became of them. */
export interface ChangeGroup {
  readonly from: ClusterVerdict;
  readonly to: ClusterVerdict;
  /** Of the finding that decides now; null: none */
  readonly code: string | null;
  readonly count: number;
  /** When the first and the last of them changed */
  readonly firstAt: Date;
  readonly lastAt: Date;
  /** Some of them, at most 5 */
  readonly clusters: readonly string[];
  /** Of one of them */
  readonly cause: string | null;
}

/** What the verdicts were at a moment in the past. */
export interface ReadinessAsOf {
  readonly planId: string;
  readonly asOf: Date;
  /** null: none had been computed by then */
  readonly verdict: Verdict | null;
  /** Since when it was so; null likewise */
  readonly since: Date | null;
  readonly code: string | null;
  readonly cause: string | null;
  readonly counts: VerdictCounts;
  readonly clustersRecoverable: number;
  readonly clustersTotal: number;
  /** Gravest first, then most clusters */
  readonly byCode: readonly { readonly verdict: ClusterVerdict; readonly code: string | null; readonly count: number }[];
}

export interface VerdictChangeFilter {
  /** Exact name; absent: the plan's own changes too */
  readonly cluster?: string | undefined;
  readonly since?: Date | undefined;
  readonly to?: ClusterVerdict | undefined;
  readonly code?: string | undefined;
}
