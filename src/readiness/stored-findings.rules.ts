import type { ClusterOrigin } from '../fleet/fleet.types.js';
import { predictedOutcome } from './cluster-verdict.rules.js';
import type { ClusterReadinessRow, ClusterVerdict, Finding } from './readiness.types.js';

/** Findings as our own tables keep them: JSON, its instants as text. */
export function findingsFromJson(stored: unknown): Finding[] {
  if (!Array.isArray(stored)) return [];
  return (stored as (Omit<Finding, 'since'> & { since: string })[]).map((one) => ({ ...one, since: new Date(one.since) }));
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
