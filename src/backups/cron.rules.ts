import { parseGoDuration } from '../common/duration.js';

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly words?: readonly string[];
}

const FIELDS: readonly Field[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, words: ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] },
  { name: 'day of week', min: 0, max: 6, words: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];

const DESCRIPTORS = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);

function numberOf(text: string, { words }: Field): number {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const index = text === '' ? -1 : (words?.indexOf(text.toLowerCase()) ?? -1);
  return index < 0 ? NaN : index;
}

function isTerm(term: string, field: Field): boolean {
  const [range = '', step, ...more] = term.split('/');
  if (more.length > 0 || (step !== undefined && !/^[1-9]\d{0,2}$/.test(step))) return false;
  if (range === '*' || range === '?') return true;
  const ends = range.split('-').map((end) => numberOf(end, field));
  if (ends.length > 2 || ends.some((end) => !(end >= field.min && end <= field.max))) return false;
  const [low = NaN, high = low] = ends;
  return low <= high;
}

/**
 * What is wrong with a cron expression as Velero reads it, in words; null if nothing is.
 * Five fields, `@daily` and the like, `@every 1h30m`; a time zone in front (`CRON_TZ=Europe/Berlin `) is allowed.
 * @see github.com/robfig/cron/v3, ParseStandard
 */
export function cronProblem(expression: string): string | null {
  const text = expression.trim().replace(/^(CRON_)?TZ=[\w/+-]{1,64} +/, '');
  if (text.startsWith('@every ')) {
    const ms = parseGoDuration(text.slice('@every '.length).trim());
    return ms !== null && ms >= 60_000 ? null : '@every needs a duration of at least a minute, e.g. @every 1h';
  }
  if (text.startsWith('@')) return DESCRIPTORS.has(text) ? null : `${JSON.stringify(text.slice(0, 40))} is no known descriptor`;
  const fields = text.split(/\s+/);
  if (fields.length !== FIELDS.length) return `it has ${text === '' ? 0 : fields.length} fields instead of 5`;
  const bad = FIELDS.find((field, index) => !(fields[index] ?? '').split(',').every((term) => isTerm(term, field)));
  return bad === undefined ? null : `its ${bad.name} is not understood`;
}
