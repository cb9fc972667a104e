import type { TokenAction } from './token-plan.rules.js';

/** When we last made one thing, and how often it had been taken away or changed back by then. */
export interface Making {
  readonly madeAt: Date;
  readonly strikes: number;
}

/** What is gone sooner than this after we made it was taken away by somebody. Milliseconds. */
const SOON_MS = 600_000;
/** Taken away once, it is made again at once: a person's mistake. After that we wait longer each time, and do not fight. Milliseconds. */
const FIRST_WAIT_MS = 300_000;
const LAST_WAIT_MS = 3_600_000;

/** What an action makes, or sets to what it should be; null for one that does neither. */
export function madeBy(action: TokenAction): string | null {
  switch (action.type) {
    case 'APPLY_ADDON':
      return 'ADDON';
    case 'APPLY_ACCOUNT':
      return `ACCOUNT ${action.account}`;
    case 'APPLY_WORK':
      return `WORK ${action.name}`;
    case 'CHANGE_VALIDITY':
      return `VALIDITY ${action.account}`;
    default:
      return null;
  }
}

const waitMs = (strikes: number): number => (strikes < 1 ? 0 : Math.min(LAST_WAIT_MS, FIRST_WAIT_MS * 2 ** (strikes - 1)));

/** Whether an object that was made then and is not there now counts as taken away: for as long as we would wait, and some time after. */
const isFresh = ({ madeAt, strikes }: Making, now: Date): boolean => now.getTime() < madeAt.getTime() + waitMs(strikes) + SOON_MS;

/** Until when an object is not made again; null: it may be at once. */
export function notMadeBefore(last: Making | undefined, now: Date): Date | null {
  if (last === undefined || !isFresh(last, now)) return null;
  const until = new Date(last.madeAt.getTime() + waitMs(last.strikes));
  return until > now ? until : null;
}

/** After it has been made now. */
export const making = (last: Making | undefined, now: Date): Making => ({ madeAt: now, strikes: last !== undefined && isFresh(last, now) ? last.strikes + 1 : 0 });

/** What was made so long ago says nothing any more. */
export const isForgotten = (last: Making, now: Date): boolean => !isFresh(last, now);
