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

const keyOf = ({ code, severity, verdict }: Omit<Counted, 'count'>): string => `${verdict}/${severity}/${code}`;

/** Gravest first, then by how many clusters are concerned. */
export function codesInOrder(found: readonly Counted[]): CodeCount[] {
  const rows = found.map((row) => ({ code: row.code, severity: row.severity as Severity, verdict: row.verdict as Verdict, count: row.count }));
  const gravity = new Map(inOrder(rows.map((row) => ({ ...row, hubId: null, cause: '' }))).map((row, index) => [keyOf(row), index]));
  const rank = (row: CodeCount) => gravity.get(keyOf(row)) ?? 0;
  const weight: readonly Verdict[] = ['NOT_READY', 'UNKNOWN', 'AT_RISK', 'READY'];
  return rows.sort(
    (a, b) => weight.indexOf(a.verdict) - weight.indexOf(b.verdict) || severities.indexOf(a.severity) - severities.indexOf(b.severity) || b.count - a.count || rank(a) - rank(b),
  );
}

export function countCodes(findings: Iterable<Omit<Counted, 'count'>>): CodeCount[] {
  const counts = new Map<string, Counted>();
  for (const { code, severity, verdict } of findings) {
    const key = keyOf({ code, severity, verdict });
    counts.set(key, { code, severity, verdict, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return codesInOrder([...counts.values()]);
}

/** Verdicts and findings of a plan's clusters, counted. */
export interface Tally {
  readonly counts: VerdictCounts;
  readonly byCode: readonly CodeCount[];
}

interface Judged { readonly verdict: ClusterVerdict; readonly findings: readonly Omit<Counted, 'count'>[] }

export const tallyOf = (clusters: readonly Judged[]): Tally => ({ counts: countVerdicts(clusters.map(({ verdict }) => verdict)), byCode: countCodes(clusters.flatMap(({ findings }) => findings)) });

/** @param before counted with `replaced` among the clusters, in whose place `now` is */
export function tallyAfter(before: Tally, replaced: readonly Judged[], now: readonly Judged[]): Tally {
  const counts: Record<ClusterVerdict, number> = { ...before.counts };
  const codes = new Map<string, Counted>(before.byCode.map((row) => [keyOf(row), row]));
  const add = ({ verdict, findings }: Judged, by: 1 | -1): void => {
    counts[verdict] += by;
    for (const { code, severity, verdict: effect } of findings) {
      const key = keyOf({ code, severity, verdict: effect });
      codes.set(key, { code, severity, verdict: effect, count: (codes.get(key)?.count ?? 0) + by });
    }
  };
  for (const one of replaced) add(one, -1);
  for (const one of now) add(one, 1);
  return { counts, byCode: codesInOrder([...codes.values()].filter(({ count }) => count !== 0)) };
}
