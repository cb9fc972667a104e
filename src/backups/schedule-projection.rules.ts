import { parseGoDuration } from '../common/duration.js';
import type { BackupScheduleFacts, VeleroScheduleFacts } from '../fleet/facts.types.js';
import type { BackupSchedule } from './backups.types.js';

const MAX_SECONDS = 2_147_483_647;

const secondsOf = (duration: string | null): number | null => {
  const ms = duration === null ? null : parseGoDuration(duration);
  return ms === null ? null : Math.min(Math.round(ms / 1000), MAX_SECONDS);
};

export type ProjectedSchedule = Omit<BackupSchedule, 'hubId' | 'readAt'>;

/**
 * @param velero the Velero schedules beside it: a paused one still reads `Enabled`, so its `spec.paused` counts
 */
export function projectSchedule(name: string, schedule: BackupScheduleFacts, velero: readonly VeleroScheduleFacts[]): ProjectedSchedule {
  return {
    name,
    phase: schedule.phase,
    lastMessage: schedule.lastMessage,
    cron: schedule.cron,
    veleroTtlSeconds: secondsOf(schedule.veleroTtl),
    tokenTtlSeconds: secondsOf(schedule.tokenTtl),
    useManagedServiceAccount: schedule.useManagedServiceAccount,
    paused: schedule.paused,
    generation: schedule.generation ?? null,
    veleroPaused: velero.some(({ type, paused }) => type !== null && paused),
  };
}
