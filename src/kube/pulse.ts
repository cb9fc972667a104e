/** How often the process notes that it turns. Milliseconds. */
const BEAT_MS = 250;
const STILL_MS = 2_000;

let beatAtMs = performance.now();
setInterval(() => (beatAtMs = performance.now()), BEAT_MS).unref();

/**
 * Whether the process stood still until a moment ago (stopped, frozen with its machine) and no timer has run since: what the network delivers
 * then comes before any deadline, and must not set off what had been decided before.
 */
export const stoodStill = (): boolean => performance.now() - beatAtMs > STILL_MS;
