import { deepEqual, isRecord } from './deep-equal.js';

/** RFC 7396: null removes, objects merge, everything else replaces. Changes nothing of its input. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(Object.hasOwn(merged, key) ? merged[key] : undefined, value);
  }
  return merged;
}

/** The patch that makes one object of another: what the other lacks it takes away. null: they are alike */
export function mergePatchTo(from: Readonly<Record<string, unknown>>, to: Readonly<Record<string, unknown>>): Record<string, unknown> | null {
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) patch[key] = null;
  for (const [key, value] of Object.entries(to)) {
    const before = from[key];
    if (deepEqual(before, value)) continue;
    patch[key] = isRecord(before) && isRecord(value) ? mergePatchTo(before, value) : value;
  }
  return Object.keys(patch).length === 0 ? null : patch;
}
