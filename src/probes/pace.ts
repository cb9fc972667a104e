import { setTimeout as pause } from 'node:timers/promises';

/** Whoever awaits a turn gets one moment of an even row, so that the pace holds however fast answers come. */
export function paceOf(perSecond: number): () => Promise<void> {
  const startMs = performance.now();
  let turns = 0;
  return () => pause(Math.max(0, startMs + (turns++ * 1000) / perSecond - performance.now()));
}
