import { renewalDueAt, renewalOverdueAt } from './token-life.rules.js';
import { RENEWAL_OVERDUE_MS } from './token-policy.rules.js';
import type { RecordedLife, SetEntry, TimelineLife, TimeRange, TokenGap } from './token-timeline.types.js';

const earliest = (...dates: readonly (Date | null)[]): Date => new Date(Math.min(...dates.map((date) => date?.getTime() ?? Infinity)));
const ms = (from: Date, to: Date): number => Math.max(0, to.getTime() - from.getTime());

/** What is to be said of one life, `now`. */
export function timelineLife(life: RecordedLife, sets: readonly SetEntry[], now: Date): TimelineLife {
  const known = { refreshedAt: life.issuedAt, expiresAt: life.expiresAt };
  const refreshDueAt = renewalDueAt(known);
  const overdueAt = renewalOverdueAt(known, RENEWAL_OVERDUE_MS);
  // What was taken away was not to be renewed any more; what was renewed ended at the next one's beginning
  const wasTakenAway = life.endedAt !== null && (life.nextIssuedAt === null || life.endedAt < life.nextIssuedAt);
  const waitedUntil = (wasTakenAway ? life.endedAt : life.nextIssuedAt) ?? now;
  return {
    ...life,
    unlabelledMs: ms(life.issuedAt, life.labelledAt ?? earliest(life.endedAt, life.expiresAt, now)),
    refreshDueAt,
    refreshLateMs: refreshDueAt !== null && waitedUntil > refreshDueAt ? ms(refreshDueAt, waitedUntil) : null,
    refreshMissed: overdueAt !== null && waitedUntil > overdueAt,
    sets: sets.filter((set) => holds(set, life)),
  };
}

/** A set names the life that it holds by account and refresh. */
export const holds = (set: SetEntry, life: Pick<RecordedLife, 'account' | 'issuedAt'>): boolean =>
  (set.belief === 'VERIFIED_IN' || set.belief === 'INFERRED_IN') && set.account === life.account && set.refreshedAt?.getTime() === life.issuedAt.getTime();

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Times of a span that none of the others covers, in order. */
function uncovered(span: Span, others: readonly Span[]): Span[] {
  const sorted = others.filter(({ from, to }) => to > from).sort((a, b) => a.from - b.from);
  const open: Span[] = [];
  let at = span.from;
  for (const { from, to } of sorted) {
    if (from > at) open.push({ from: at, to: Math.min(from, span.to) });
    at = Math.max(at, to);
    if (at >= span.to) break;
  }
  if (at < span.to) open.push({ from: at, to: span.to });
  return open.filter(({ from, to }) => to > from);
}

/**
 * When the hub held no valid token of the cluster, whichever account's. What was before the first life that is known is not told.
 * @param range the future is no part of it, whatever its end
 */
export function tokenGaps(lives: readonly RecordedLife[], range: TimeRange, now: Date): TokenGap[] {
  const first = Math.min(...lives.map(({ issuedAt }) => issuedAt.getTime()));
  const end = Math.min(range.to.getTime(), now.getTime());
  const span = { from: Math.max(range.from.getTime(), first), to: end };
  if (lives.length === 0 || span.from >= span.to) return [];
  const spanOf = (life: RecordedLife): Span => ({ from: life.issuedAt.getTime(), to: Math.min(life.endedAt?.getTime() ?? Infinity, life.expiresAt?.getTime() ?? Infinity) });
  const valid = lives.filter(({ expiresAt }) => expiresAt !== null).map(spanOf);
  const without = uncovered(span, valid);
  const none = uncovered(span, lives.map(spanOf));
  const doubtful = without.flatMap((one) => uncovered(one, none));
  const isOpen = end === now.getTime();
  const told = (kind: TokenGap['kind'], spans: readonly Span[]): TokenGap[] => spans.map(({ from, to }) => ({ kind, from: new Date(from), to: isOpen && to === end ? null : new Date(to) }));
  return [...told('NO_TOKEN', none), ...told('UNKNOWN', doubtful)].sort((a, b) => a.from.getTime() - b.from.getTime());
}
