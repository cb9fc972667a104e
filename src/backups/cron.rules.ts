import { parseGoDuration } from '../common/duration.js';

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly words?: readonly string[];
}

const FIELDS = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, words: ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] },
  { name: 'day of week', min: 0, max: 6, words: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
] as const satisfies readonly Field[];

const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *', '@annually': '0 0 1 1 *', '@monthly': '0 0 1 * *', '@weekly': '0 0 * * 0', '@daily': '0 0 * * *', '@midnight': '0 0 * * *', '@hourly': '0 * * * *',
};

const ZONE = /^(?:CRON_)?TZ=([\w/+-]{1,64}) +/;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** No date is further away than the next 29 February. */
const MAX_DAYS = 5 * 366;

/** When a schedule runs. */
export interface Cron {
  /** The first run after that moment; null: never */
  next(after: Date): Date | null;
}

function numberOf(text: string, { words }: Field): number {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const index = text === '' ? -1 : (words?.indexOf(text.toLowerCase()) ?? -1);
  return index < 0 ? NaN : index;
}

/** The numbers that one term stands for; null: it is none. `5/15` goes on to the field's end. */
function numbersOf(term: string, field: Field): number[] | null {
  const [range = '', step, ...more] = term.split('/');
  if (more.length > 0 || (step !== undefined && !/^[1-9]\d{0,2}$/.test(step))) return null;
  const isStar = range === '*' || range === '?';
  const ends = isStar ? [field.min, field.max] : range.split('-').map((end) => numberOf(end, field));
  if (ends.length > 2 || ends.some((end) => !(end >= field.min && end <= field.max))) return null;
  const [low = NaN, high = step === undefined ? low : field.max] = ends;
  if (low > high) return null;
  const by = Number(step ?? 1);
  return Array.from({ length: Math.floor((high - low) / by) + 1 }, (_, index) => low + index * by);
}

interface Allowed {
  readonly numbers: ReadonlySet<number>;
  /** `*` or `?` without a step: for days this is what says "whatever the other says" */
  readonly star: boolean;
}

function allowedBy(text: string, field: Field): Allowed | null {
  const terms = text.split(',');
  const numbers = terms.map((term) => numbersOf(term, field));
  if (numbers.some((found) => found === null)) return null;
  return { numbers: new Set(numbers.flatMap((found) => found ?? [])), star: terms.some((term) => /^[*?](\/1)?$/.test(term)) };
}

function timeZoneProblem(zone: string): string | null {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return null;
  } catch {
    return `${JSON.stringify(zone)} is no time zone`; // RangeError is how Intl says so
  }
}

/**
 * What is wrong with a cron expression as Velero reads it, in words; null if nothing is.
 * Five fields, `@daily` and the like, `@every 1h30m`; a time zone in front (`CRON_TZ=Europe/Berlin `) is allowed.
 * @see github.com/robfig/cron/v3, ParseStandard
 */
export function cronProblem(expression: string): string | null {
  const zone = ZONE.exec(expression.trim())?.[1];
  const text = expression.trim().replace(ZONE, '');
  if (zone !== undefined) {
    const problem = timeZoneProblem(zone);
    if (problem !== null) return problem;
  }
  if (text.startsWith('@every ')) {
    return everyMs(text) === null ? '@every needs a duration of at least a minute, e.g. @every 1h' : null;
  }
  if (text.startsWith('@')) return Object.hasOwn(DESCRIPTORS, text) ? null : `${JSON.stringify(text.slice(0, 40))} is no known descriptor`;
  const fields = text.split(/\s+/);
  if (fields.length !== FIELDS.length) return `it has ${text === '' ? 0 : fields.length} fields instead of 5`;
  const bad = FIELDS.find((field, index) => allowedBy(fields[index] ?? '', field) === null);
  if (bad !== undefined) return `its ${bad.name} is not understood`;
  return parseCron(expression)?.next(new Date(0)) === null ? 'no day is like that, so it never runs' : null;
}

function everyMs(text: string): number | null {
  const ms = parseGoDuration(text.slice('@every '.length).trim());
  return ms !== null && ms >= MINUTE_MS ? ms : null;
}

/** @returns null for what is no schedule */
export function parseCron(expression: string): Cron | null {
  const zone = ZONE.exec(expression.trim())?.[1] ?? 'UTC';
  const text = expression.trim().replace(ZONE, '');
  if (text.startsWith('@every ')) {
    const ms = everyMs(text);
    return ms === null ? null : { next: (after) => new Date(Math.floor(after.getTime() / 1000) * 1000 + ms) };
  }
  const fields = (DESCRIPTORS[text] ?? text).split(/\s+/);
  const [minute, hour, day, month, weekday] = FIELDS.map((field, index) => allowedBy(fields[index] ?? '', field));
  if (fields.length !== FIELDS.length || !minute || !hour || !day || !month || !weekday || timeZoneProblem(zone) !== null) return null;
  const fits = (date: Date): boolean => {
    const inMonth = day.numbers.has(date.getUTCDate());
    const inWeek = weekday.numbers.has(date.getUTCDay());
    return month.numbers.has(date.getUTCMonth() + 1) && (day.star || weekday.star ? inMonth && inWeek : inMonth || inWeek);
  };
  const hours = inOrder(hour.numbers);
  const minutes = inOrder(minute.numbers);
  const times = hours.flatMap((h) => minutes.map((m) => (h * 60 + m) * MINUTE_MS));
  return { next: (after) => firstAfter(after, wallClock(zone), fits, times) };
}

const inOrder = (numbers: ReadonlySet<number>): number[] => [...numbers].sort((a, b) => a - b);

/** @param times of day, in milliseconds, in order */
function firstAfter(after: Date, clock: WallClock, fits: (day: Date) => boolean, times: readonly number[]): Date | null {
  const today = Math.floor(clock.wallOf(after) / DAY_MS) * DAY_MS;
  for (let ahead = 0; ahead <= MAX_DAYS; ahead += 1) {
    const day = today + ahead * DAY_MS;
    if (!fits(new Date(day))) continue;
    for (const time of times) {
      const at = clock.instantOf(day + time);
      if (at !== null && at > after) return at;
    }
  }
  return null;
}

/** A zone's clock on the wall, as milliseconds that read like UTC. */
interface WallClock {
  wallOf(at: Date): number;
  /** null: the clock jumps over that time, and nothing runs then */
  instantOf(wall: number): Date | null;
}

const UTC: WallClock = { wallOf: (at) => at.getTime(), instantOf: (wall) => new Date(wall) };

function wallClock(zone: string): WallClock {
  if (zone === 'UTC') return UTC;
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
  const wallOf = (at: Date): number => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
    return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  };
  const known = new Map<number, readonly [number, number]>();
  const offsetAt = (at: number): number => wallOf(new Date(at)) - at;
  const offsetsAround = (day: number): readonly [number, number] => {
    const offsets = known.get(day) ?? ([offsetAt((day - 1) * DAY_MS), offsetAt((day + 2) * DAY_MS)] as const);
    known.set(day, offsets);
    return offsets;
  };
  return {
    wallOf,
    instantOf: (wall) => {
      const [before, after] = offsetsAround(Math.floor(wall / DAY_MS));
      if (before === after) return new Date(wall - before);
      // Of the two offsets around a change of the clock one fits; of an hour that comes twice the first one.
      const fitting = [before, after].map((offset) => new Date(wall - offset)).filter((at) => wallOf(at) === wall);
      return fitting.sort((a, b) => a.getTime() - b.getTime())[0] ?? null;
    },
  };
}
