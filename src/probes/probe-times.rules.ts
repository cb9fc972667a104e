import type { PathState } from './probes.types.js';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** How long a proof counts: two intervals, so that one probe may be missed. Milliseconds. */
export const provenForMs = (intervalSeconds: number): number => 2 * intervalSeconds * 1000;

/** What counts now of what was learned. A refusal stands until a probe succeeds. */
export function stateNow(state: PathState, checkedAt: Date, intervalSeconds: number, now: Date): PathState {
  return state === 'PROVEN' && now.getTime() - checkedAt.getTime() > provenForMs(intervalSeconds) ? 'UNKNOWN' : state;
}

/** 0 to 1, the same for the same text. */
function placeOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  // The last step alone leaves texts that differ at their ends close together.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}

/**
 * When a way is probed next. After a proof at its own place in the interval, between half of it and one and a half from now: however many
 * were probed together, they spread. Sooner where nothing was learned, or the way was refused.
 * @param key names the way
 */
export function nextProbeAt(state: PathState, key: string, intervalSeconds: number, now: Date): Date {
  const intervalMs = intervalSeconds * 1000;
  if (state === 'UNKNOWN') return new Date(now.getTime() + Math.min(intervalMs, 10 * MINUTE_MS));
  if (state === 'REFUSED') return new Date(now.getTime() + Math.min(intervalMs, HOUR_MS));
  const earliest = now.getTime() + intervalMs / 2;
  const place = Math.floor(placeOf(key) * intervalMs);
  return new Date(Math.ceil((earliest - place) / intervalMs) * intervalMs + place);
}
