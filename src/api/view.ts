import { z } from 'zod';
import type { Correlation } from '../common/acting.js';

/** An instant as both doors show it. */
export const iso = (date: Date): string => date.toISOString();
export const isoOrNull = (date: Date | null): string | null => date?.toISOString() ?? null;

/** A text-valued enum with a name in OpenAPI and GraphQL. */
export function named<const Values extends readonly [string, ...string[]]>(id: string, values: Values, description?: string) {
  return z.enum(values).meta({ id, ...(description ? { description } : {}) });
}

/** With every field, so that what was not given is seen as not given. */
export function toCorrelationView(correlation: Correlation | null): { system: string | null; id: string | null; number: string | null; url: string | null } | null {
  if (correlation === null) return null;
  const { system = null, id = null, number = null, url = null } = correlation;
  return { system, id, number, url };
}
