import { parseGoDuration } from '../common/duration.js';
import { BackupScheduleInvalidError } from './backups.errors.js';
import type { PutBackupSchedule } from './backups.types.js';
import { cronProblem } from './cron.rules.js';

const HOUR_MS = 3_600_000;
const TEN_YEARS_MS = 10 * 365 * 24 * HOUR_MS;
/** Kubernetes grants no token for less. @see TokenRequest, spec.expirationSeconds */
const MIN_TOKEN_MS = 600_000;

function checkDuration(text: string, field: string, minMs: number): void {
  const ms = parseGoDuration(text);
  if (ms === null) throw new BackupScheduleInvalidError(`${field} is no duration such as 720h or 90m`, field);
  if (ms < minMs || ms > TEN_YEARS_MS) throw new BackupScheduleInvalidError(`${field} lies outside of ${minMs / 60_000} minutes to ten years`, field);
}

/** @throws BackupScheduleInvalidError */
export function checkSchedule(input: PutBackupSchedule): void {
  if (input.name !== undefined && !/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(input.name)) {
    throw new BackupScheduleInvalidError('The name is none that Kubernetes takes', 'name');
  }
  const problem = cronProblem(input.cron);
  if (problem !== null) throw new BackupScheduleInvalidError(`The cron expression is not understood: ${problem}`, 'cron');
  checkDuration(input.veleroTtl, 'veleroTtl', HOUR_MS);
  if (input.tokenTtl !== undefined) checkDuration(input.tokenTtl, 'tokenTtl', MIN_TOKEN_MS);
}
