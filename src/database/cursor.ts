import { createHash } from 'node:crypto';
import { CursorInvalidError } from './paging.errors.js';

/** What may stand in a sort column. */
export type CursorValue = string | number | bigint | boolean | Date | null;

const MAX_LENGTH = 4_096;

/** Values with their type, since JSON knows neither dates nor big integers. */
type Encoded = ['s', string] | ['n', number] | ['b', boolean] | ['i', string] | ['d', string] | ['0'];

function encodeValue(value: CursorValue): Encoded {
  if (value === null) return ['0'];
  if (value instanceof Date) return ['d', value.toISOString()];
  if (typeof value === 'string') return ['s', value];
  if (typeof value === 'number') return ['n', value];
  return typeof value === 'boolean' ? ['b', value] : ['i', String(value)];
}

function decodeValue(encoded: unknown): CursorValue {
  const [type, value] = Array.isArray(encoded) ? (encoded as unknown[]) : [];
  if (type === '0') return null;
  if (type === 's' && typeof value === 'string' && !value.includes('\0')) return value;
  if (type === 'n' && typeof value === 'number') return value;
  if (type === 'b' && typeof value === 'boolean') return value;
  if (type === 'i' && typeof value === 'string' && /^-?\d{1,19}$/.test(value)) return BigInt(value);
  if (type === 'd' && typeof value === 'string' && !Number.isNaN(Date.parse(value))) return new Date(value);
  throw new CursorInvalidError();
}

/** The same filter gives the same text, whatever the order of its keys and whether absent ones are named. */
function canonical(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Date || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(canonical);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, canonical(item)]));
}

/** Stands for one list: what it is called, its filter and its sort. */
export function listFingerprint(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(canonical(parts))).digest('base64url').slice(0, 12);
}

/** Opaque: the position after a row, and the fingerprint of the list. */
export function encodeCursor(fingerprint: string, values: readonly CursorValue[]): string {
  return Buffer.from(JSON.stringify([fingerprint, ...values.map(encodeValue)])).toString('base64url');
}

/** @throws CursorInvalidError if it is no cursor of the list with this fingerprint and this number of sort columns */
export function decodeCursor(fingerprint: string, columns: number, cursor: string): readonly CursorValue[] {
  if (cursor.length > MAX_LENGTH) throw new CursorInvalidError();
  const [found, ...values] = parse(cursor);
  if (found !== fingerprint || values.length !== columns) throw new CursorInvalidError();
  return values.map(decodeValue);
}

function parse(cursor: string): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(parsed)) return parsed;
  } catch (cause) {
    throw new CursorInvalidError({ cause });
  }
  throw new CursorInvalidError();
}
