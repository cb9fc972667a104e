/** Readers for JSON that came from outside: whatever its shape, they answer, and never throw. */

/** The plain object, or null for anything else. */
export function recordOf(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}

/** What lies under a path of own keys; undefined where the path ends early. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let here: unknown = value;
  for (const key of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined;
    here = (here as Record<string | number, unknown>)[key];
  }
  return here;
}

export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** Non-empty text of at most `max` characters (longer is cut), else null. NUL, which PostgreSQL cannot store, is dropped. */
export function textAt(value: unknown, path: readonly (string | number)[], max = 1000): string | null {
  const found = at(value, ...path);
  if (typeof found !== 'string' || found === '') return null;
  const text = (found.length > max ? `${found.slice(0, max - 1)}…` : found).replaceAll('\0', '').toWellFormed();
  return text === '' ? null : text;
}

export function flagAt(value: unknown, ...path: readonly (string | number)[]): boolean {
  return at(value, ...path) === true;
}

export function countAt(value: unknown, ...path: readonly (string | number)[]): number | null {
  const found = at(value, ...path);
  return typeof found === 'number' && Number.isSafeInteger(found) && found >= 0 ? found : null;
}

const RFC3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/**
 * Reads an RFC 3339 instant, as the Kubernetes API writes them.
 * @returns null where the text is none, or lies outside of what PostgreSQL and people can use (years 1970 to 9999)
 */
export function instantOf(text: unknown): Date | null {
  if (typeof text !== 'string' || !RFC3339.test(text)) return null;
  const at = new Date(text);
  const ms = at.getTime();
  return ms >= 0 && ms < 253_402_300_800_000 ? at : null;
}

/** RFC 3339 in whole seconds, UTC, as Go's time.RFC3339 prints: `2026-11-24T21:19:00Z`. */
export function rfc3339(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`;
}
