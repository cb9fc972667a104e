import type { CrashPoint } from './failover-transitions.rules.js';

/**
 * Where the process ends at once, as if the machine had lost power, if LIFEBOAT_CRASH_AT names the point (`RESTORING:after-effect`).
 * Tests show with it that another worker finishes what this one began.
 */
export function crashPoint(point: CrashPoint): void {
  if (process.env['LIFEBOAT_CRASH_AT'] === point) process.kill(process.pid, 'SIGKILL');
}
