import { inOrder } from './finding-order.rules.js';
import { severities, type ClusterVerdict, type CodeCount, type Severity, type Verdict, type VerdictCounts } from './readiness.types.js';

const NO_COUNTS: VerdictCounts = { READY: 0, AT_RISK: 0, NOT_READY: 0, UNKNOWN: 0, NOT_NEEDED: 0 };

export const countsOf = (found: Partial<Record<ClusterVerdict, number>>): VerdictCounts => ({ ...NO_COUNTS, ...found });

export function countVerdicts(verdicts: Iterable<ClusterVerdict>): VerdictCounts {
  const counts: Record<ClusterVerdict, number> = { ...NO_COUNTS };
  for (const verdict of verdicts) counts[verdict]++;
  return counts;
}

/** The score: those that would come back, of those that need a token to. */
export function score(counts: VerdictCounts): { clustersRecoverable: number; clustersTotal: number } {
  const clustersRecoverable = counts.READY + counts.AT_RISK;
  return { clustersRecoverable, clustersTotal: clustersRecoverable + counts.NOT_READY + counts.UNKNOWN };
}

interface Counted { readonly code: string; readonly severity: string; readonly verdict: string; readonly count: number }

/** Gravest first, then by how many clusters are concerned. */
export function codesInOrder(found: readonly Counted[]): CodeCount[] {
  const rows = found.map((row) => ({ code: row.code, severity: row.severity as Severity, verdict: row.verdict as Verdict, count: row.count }));
  const gravity = new Map(inOrder(rows.map((row) => ({ ...row, hubId: null, cause: '' }))).map((row, index) => [`${row.verdict}/${row.severity}/${row.code}`, index]));
  const rank = (row: CodeCount) => gravity.get(`${row.verdict}/${row.severity}/${row.code}`) ?? 0;
  const weight: readonly Verdict[] = ['NOT_READY', 'UNKNOWN', 'AT_RISK', 'READY'];
  return rows.sort(
    (a, b) => weight.indexOf(a.verdict) - weight.indexOf(b.verdict) || severities.indexOf(a.severity) - severities.indexOf(b.severity) || b.count - a.count || rank(a) - rank(b),
  );
}

export function countCodes(findings: Iterable<Omit<Counted, 'count'>>): CodeCount[] {
  const counts = new Map<string, Counted>();
  for (const { code, severity, verdict } of findings) {
    const key = `${verdict}/${severity}/${code}`;
    counts.set(key, { code, severity, verdict, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return codesInOrder([...counts.values()]);
}
