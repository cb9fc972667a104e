import type { RemedyBy } from '../common/remedy-by.js';
import type { ClusterOrigin } from '../fleet/fleet.types.js';
import { predictedOutcome } from './cluster-verdict.rules.js';
import type { ClusterReadinessRow, ClusterVerdict, Finding } from './readiness.types.js';

/** Rows of older versions lack the last two. */
type StoredFinding = Omit<Finding, 'since' | 'checkedAt' | 'remedyBy'> & { since: string; checkedAt?: string | null; remedyBy?: RemedyBy };

/** Findings as our own tables keep them: JSON, its instants as text. */
export function findingsFromJson(stored: unknown): Finding[] {
  if (!Array.isArray(stored)) return [];
  return (stored as StoredFinding[]).map(({ since, checkedAt, remedyBy, ...rest }) => ({
    ...rest, remedyBy: remedyBy ?? 'HUB_ADMIN', since: new Date(since), checkedAt: checkedAt == null ? null : new Date(checkedAt),
  }));
}

export interface StoredCluster {
  readonly planId: string;
  readonly cluster: string;
  readonly origin: string;
  readonly verdict: string;
  readonly code: string | null;
  readonly findings: unknown;
  readonly setId: string | null;
  readonly since: Date;
}

/** @param computedAt when the plan was last computed: a row that did not change is not written again */
export function clusterFromJson(row: StoredCluster, computedAt: Date): ClusterReadinessRow {
  const findings = findingsFromJson(row.findings);
  const verdict = row.verdict as ClusterVerdict;
  return {
    planId: row.planId, cluster: row.cluster, origin: row.origin as ClusterOrigin, verdict, code: row.code, predictedOutcome: predictedOutcome(verdict, findings),
    findings, setId: row.setId, since: row.since, computedAt,
  };
}
