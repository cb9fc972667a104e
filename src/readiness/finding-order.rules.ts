import { clusterFindingCodes, planFindingCodes, severities, type ClusterVerdict, type Finding, type Verdict } from './readiness.types.js';

/** A finding before it is known since when it holds; `since` as far as the facts tell it. */
export type FindingDraft = Omit<Finding, 'since'> & { readonly since: Date | null };

const GRAVITY: Record<Verdict, number> = { NOT_READY: 0, UNKNOWN: 1, AT_RISK: 2, READY: 3 };
const ORDER = new Map<string, number>([...new Set<string>([...clusterFindingCodes, ...planFindingCodes])].map((code, index) => [code, index]));

/** Codes that others own (prerequisites) come after ours. */
const position = (code: string): number => ORDER.get(code) ?? ORDER.size;

/** Of two obstacles the one that an import meets first. */
export const decidesBefore = (code: string, other: string): boolean => position(code) < position(other);

/** Gravest first; of the same gravity in the order in which they decide. A total order, so that a list does not flap. */
export function inOrder<T extends Pick<Finding, 'code' | 'severity' | 'verdict' | 'hubId' | 'cause'>>(findings: readonly T[]): T[] {
  return [...findings].sort(
    (a, b) =>
      GRAVITY[a.verdict] - GRAVITY[b.verdict] ||
      severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
      position(a.code) - position(b.code) ||
      compare(a.code, b.code) ||
      compare(a.hubId ?? '', b.hubId ?? '') ||
      compare(a.cause, b.cause),
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A sure obstacle outweighs a doubt, a doubt a risk. */
export function worstVerdict(verdicts: readonly Verdict[]): Verdict {
  return verdicts.reduce<Verdict>((worst, verdict) => (GRAVITY[verdict] < GRAVITY[worst] ? verdict : worst), 'READY');
}

/** Of a cluster's verdicts under several plans the worst; NOT_NEEDED only where all say so. */
export function worstClusterVerdict(verdicts: readonly ClusterVerdict[]): ClusterVerdict {
  const needed = verdicts.filter((verdict) => verdict !== 'NOT_NEEDED');
  return needed.length === 0 ? 'NOT_NEEDED' : worstVerdict(needed);
}

/** Each finding keeps the moment from which its code has held without a gap; new ones begin with the facts, else now. */
export function withSince(drafts: readonly FindingDraft[], before: readonly Finding[], now: Date): Finding[] {
  const known = new Map(before.map((finding) => [`${finding.code}/${finding.hubId ?? ''}`, finding.since]));
  return drafts.map((draft) => ({ ...draft, since: known.get(`${draft.code}/${draft.hubId ?? ''}`) ?? draft.since ?? now }));
}
