/** Five-field cron in UTC, as Velero reads it (robfig/cron's standard parser): numbers, names, `*`, `?`, lists, ranges, steps, @daily and friends, `@every 1h`. */
import { parseGoDuration } from '../../common/duration.js';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const MACROS: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

interface Field {
  readonly allowed: ReadonlySet<number>;
  readonly star: boolean;
}

const MINUTE_MS = 60_000;
const FIVE_YEARS_OF_DAYS = 5 * 366;

/** When a schedule is due. */
export interface Cron {
  /** The first moment after `after` that matches; null where none lies within five years (31 February). */
  next(after: Date): Date | null;
}

/** @returns null where the text is no cron expression */
export function parseCron(expression: string): Cron | null {
  const trimmed = expression.trim();
  const every = /^@every\s+(\S+)$/.exec(trimmed);
  if (every) {
    const ms = parseGoDuration(every[1] ?? '');
    return ms === null || ms < 1000 ? null : { next: (after) => new Date(Math.floor(after.getTime() / 1000) * 1000 + ms) };
  }
  const parts = (MACROS[trimmed.toLowerCase()] ?? trimmed).split(/\s+/);
  if (parts.length !== 5) return null;
  const [minute, hour, day, month, weekday] = [
    field(parts[0], 0, 59),
    field(parts[1], 0, 23),
    field(parts[2], 1, 31),
    field(parts[3], 1, 12, MONTHS, 1),
    field(parts[4], 0, 6, DAYS, 0),
  ];
  if (!minute || !hour || !day || !month || !weekday) return null;
  const dayMatches = (date: Date): boolean => {
    const inMonth = day.allowed.has(date.getUTCDate());
    const inWeek = weekday.allowed.has(date.getUTCDay());
    return day.star || weekday.star ? inMonth && inWeek : inMonth || inWeek;
  };
  return { next: (after) => firstAfter(after, minute.allowed, hour.allowed, (date) => month.allowed.has(date.getUTCMonth() + 1) && dayMatches(date)) };
}

function firstAfter(after: Date, minutes: ReadonlySet<number>, hours: ReadonlySet<number>, dayFits: (date: Date) => boolean): Date | null {
  const start = new Date(Math.floor(after.getTime() / MINUTE_MS) * MINUTE_MS + MINUTE_MS);
  for (let ahead = 0; ahead <= FIVE_YEARS_OF_DAYS; ahead++) {
    const day = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth(), start.getUTCDate() + ahead));
    if (!dayFits(day)) continue;
    for (let minute = ahead === 0 ? start.getUTCHours() * 60 + start.getUTCMinutes() : 0; minute < 1440; minute++) {
      if (hours.has(Math.floor(minute / 60)) && minutes.has(minute % 60)) return new Date(day.getTime() + minute * MINUTE_MS);
    }
  }
  return null;
}

function field(source: string | undefined, min: number, max: number, names: readonly string[] = [], base = 0): Field | null {
  const allowed = new Set<number>();
  let star = false;
  for (const part of (source ?? '').split(',')) {
    const match = /^(\*|\?|[a-z0-9]+)(?:-([a-z0-9]+))?(?:\/(\d+))?$/i.exec(part);
    if (!match) return null;
    const [, first = '', last, stepText] = match;
    const wild = first === '*' || first === '?';
    if (wild && last !== undefined) return null;
    const step = stepText === undefined ? 1 : Number(stepText);
    const from = wild ? min : number(first, names, base);
    const to = wild || (last === undefined && stepText !== undefined) ? max : number(last ?? first, names, base);
    if (from === null || to === null || from < min || to > max || from > to || step < 1) return null;
    if (wild && step === 1) star = true;
    for (let value = from; value <= to; value += step) allowed.add(value);
  }
  return { allowed, star };
}

function number(source: string, names: readonly string[], base: number): number | null {
  const named = names.indexOf(source.toLowerCase());
  if (named >= 0) return named + base;
  return /^\d+$/.test(source) ? Number(source) : null;
}
