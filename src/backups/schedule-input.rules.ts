import { parseGoDuration } from '../common/duration.js';
import { BackupScheduleInvalidError } from './backups.errors.js';
import type { BackupSchedule, PutBackupSchedule } from './backups.types.js';
import { cronProblem } from './cron.rules.js';
import type { WantedSchedule } from './schedule-preview.rules.js';
import type { ScheduleChange } from './schedules.types.js';

const HOUR_MS = 3_600_000;
const TEN_YEARS_MS = 10 * 365 * 24 * HOUR_MS;
/** Kubernetes grants no token for less. @see TokenRequest, spec.expirationSeconds */
const MIN_TOKEN_MS = 600_000;
/** Velero's own, where the schedule says nothing. */
const DEFAULT_VELERO_TTL_MS = 720 * HOUR_MS;

function durationMs(text: string, field: string, minMs: number): number {
  const ms = parseGoDuration(text);
  if (ms === null) throw new BackupScheduleInvalidError(`${field} is no duration such as 720h or 90m`, field);
  if (ms < minMs || ms > TEN_YEARS_MS) throw new BackupScheduleInvalidError(`${field} lies outside of ${minMs / 60_000} minutes to ten years`, field);
  return ms;
}

function checkCron(cron: string): void {
  const problem = cronProblem(cron);
  if (problem !== null) throw new BackupScheduleInvalidError(`The cron expression is not understood: ${problem}`, 'cron');
}

/** @throws BackupScheduleInvalidError */
export function checkSchedule(input: PutBackupSchedule): void {
  if (input.name !== undefined && !/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(input.name)) {
    throw new BackupScheduleInvalidError('The name is none that Kubernetes takes', 'name');
  }
  checkScheduleChange(input);
}

/** What is given must be right by itself; what follows from it is the preview's to tell. @throws BackupScheduleInvalidError */
export function checkScheduleChange({ cron, veleroTtl, tokenTtl }: ScheduleChange): void {
  if (cron !== undefined) checkCron(cron);
  if (veleroTtl !== undefined) durationMs(veleroTtl, 'veleroTtl', HOUR_MS);
  if (tokenTtl !== undefined && tokenTtl !== null) durationMs(tokenTtl, 'tokenTtl', MIN_TOKEN_MS);
}

const ms = (seconds: number | null): number | null => (seconds === null ? null : seconds * 1000);

/**
 * The schedule that is there with the change made to it.
 * @param present null: the hub has none
 * @throws BackupScheduleInvalidError
 */
export function wantedSchedule(present: BackupSchedule | null, change: ScheduleChange): WantedSchedule {
  checkScheduleChange(change);
  const cron = change.cron ?? present?.cron ?? null;
  if (cron === null) throw new BackupScheduleInvalidError('The hub has no schedule whose cron expression could be kept: say one', 'cron');
  checkCron(cron);
  const { veleroTtl, tokenTtl } = change;
  return {
    cron,
    veleroTtlMs: veleroTtl === undefined ? (ms(present?.veleroTtlSeconds ?? null) ?? DEFAULT_VELERO_TTL_MS) : durationMs(veleroTtl, 'veleroTtl', HOUR_MS),
    tokenTtlMs: tokenTtl === undefined ? ms(present?.tokenTtlSeconds ?? null) : tokenTtl === null ? null : durationMs(tokenTtl, 'tokenTtl', MIN_TOKEN_MS),
    useManagedServiceAccount: change.useManagedServiceAccount ?? present?.useManagedServiceAccount ?? true,
    paused: change.paused ?? present?.paused ?? false,
  };
}
