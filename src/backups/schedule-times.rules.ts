import type { Cron } from './cron.rules.js';

/** How a schedule's runs follow each other. Milliseconds. */
export interface RunPattern {
  readonly shortestMs: number;
  readonly longestMs: number;
  /** Sets that exist at a time, at least and at most */
  readonly least: number;
  readonly most: number;
}

const YEAR_MS = 400 * 86_400_000;
const MAX_RUNS = 3_000;
const MINUTE_MS = 60_000;

/** The runs of more than a year, or so many of them that the pattern shows. */
function runsFrom(cron: Cron, from: Date): number[] {
  const runs: number[] = [];
  for (let at = cron.next(from); at !== null && runs.length < MAX_RUNS; at = cron.next(at)) {
    runs.push(at.getTime());
    if (runs.length > 2 && at.getTime() > from.getTime() + YEAR_MS) break;
  }
  return runs;
}

/** Of sets that live for `ttlMs`. A schedule that never runs has no pattern. */
export function runPattern(cron: Cron, ttlMs: number, from: Date): RunPattern | null {
  const runs = runsFrom(cron, from);
  const gaps = runs.slice(1).map((at, index) => at - (runs[index] ?? at));
  if (gaps.length === 0) return null;
  const [shortestMs, longestMs] = [Math.min(...gaps), Math.max(...gaps)];
  return { shortestMs, longestMs, ...kept(runs, ttlMs) ?? { least: Math.floor(ttlMs / longestMs), most: Math.ceil(ttlMs / shortestMs) } };
}

/** Counted where a whole life lies behind; null: it does nowhere. The least is just before a run, the most just after one. */
function kept(runs: readonly number[], ttlMs: number): { readonly least: number; readonly most: number } | null {
  let [least, most, oldest] = [Infinity, 0, 0];
  for (let index = 0; index + 1 < runs.length; index += 1) {
    const at = runs[index] ?? 0;
    const next = runs[index + 1] ?? 0;
    if (at - ttlMs < (runs[0] ?? 0)) continue;
    while ((runs[oldest] ?? 0) <= at - ttlMs) oldest += 1;
    most = Math.max(most, index - oldest + 1);
    let before = oldest;
    while (before <= index && (runs[before] ?? 0) <= next - ttlMs) before += 1;
    least = Math.min(least, index - before + 1);
  }
  return most === 0 ? null : { least, most };
}

/**
 * The next runs. Velero counts from the last one, and makes up at its next look for one that is overdue; a new schedule runs at once.
 * @param lastRunAt null: there was none
 */
export function nextRuns(cron: Cron, lastRunAt: Date | null, isNew: boolean, now: Date, count: number): Date[] {
  const soon = new Date(Math.ceil(now.getTime() / MINUTE_MS) * MINUTE_MS);
  const due = cron.next(lastRunAt ?? now);
  const first = isNew || (due !== null && due <= now) ? soon : due;
  const runs: Date[] = [];
  for (let at = first; at !== null && runs.length < count; at = cron.next(at)) runs.push(at);
  return runs;
}
