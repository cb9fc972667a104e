import { namespaces } from '../common/rhacm-names.js';
import type { KubeObject } from '../kube/kube.types.js';
import { textAt } from '../common/untrusted.js';
import type { PutBackupSchedule } from './backups.types.js';
import type { ScheduleChange } from './schedules.types.js';

/** What a hub without a schedule gets, as RHACM's documentation names it. */
export const DEFAULT_SCHEDULE_NAME = 'schedule-acm';

export const scheduleManifest = (name: string, { cron, veleroTtl, tokenTtl, useManagedServiceAccount, paused }: PutBackupSchedule): KubeObject => ({
  apiVersion: 'cluster.open-cluster-management.io/v1beta1',
  kind: 'BackupSchedule',
  metadata: { name, namespace: namespaces.backup },
  spec: {
    veleroSchedule: cron.trim(),
    veleroTtl,
    useManagedServiceAccount,
    ...(tokenTtl === undefined ? {} : { managedServiceAccountTTL: tokenTtl }),
    ...(paused === undefined ? {} : { paused }),
  },
});

/** Merges into the schedule as it was read, and into no other. */
export const schedulePatch = ({ metadata: { uid, resourceVersion } }: KubeObject, { cron, veleroTtl, tokenTtl, useManagedServiceAccount, paused }: ScheduleChange): unknown => ({
  metadata: { uid, resourceVersion },
  spec: {
    ...(cron === undefined ? {} : { veleroSchedule: cron.trim() }),
    ...(veleroTtl === undefined ? {} : { veleroTtl }),
    ...(tokenTtl === undefined ? {} : { managedServiceAccountTTL: tokenTtl }),
    ...(useManagedServiceAccount === undefined ? {} : { useManagedServiceAccount }),
    ...(paused === undefined ? {} : { paused }),
  },
});

export const tokenTtlOf = (schedule: KubeObject): string | null => textAt(schedule.spec, ['managedServiceAccountTTL'], 100);
