import { namespaces } from '../common/rhacm-names.js';
import type { KubeObject } from '../kube/kube.types.js';
import type { PutBackupSchedule } from './backups.types.js';

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
