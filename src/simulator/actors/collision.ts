/** When a hub learns that it is no longer the one that writes the shared storage (facts, section 5), and in which words. */
import type { KubeObject } from '../../kube/kube.types.js';
import { labelOf, statusOf, timeOf } from './json.js';
import { DUMMY_BACKUP, LABEL } from './words.js';

const startMs = (backup: KubeObject): number => timeOf(statusOf(backup)['startTimestamp']) ?? timeOf(backup.metadata.creationTimestamp) ?? 0;

export const newestOf = (backups: readonly KubeObject[]): KubeObject | undefined =>
  backups.reduce<KubeObject | undefined>((newest, backup) => (newest === undefined || startMs(backup) > startMs(newest) ? backup : newest), undefined);

export const isRestoreRecord = (backup: KubeObject): boolean => backup.metadata.name.startsWith(`${DUMMY_BACKUP}-`) && labelOf(backup, LABEL.restoreCluster) !== undefined;

/**
 * @param backups all Velero Backups that this hub shows
 * @returns the schedule's message; null where there is no collision
 */
export function collisionMessage(backups: readonly KubeObject[], ownId: string, scheduleMadeMs: number): string | null {
  const record = newestOf(backups.filter(isRestoreRecord));
  const restorer = record && labelOf(record, LABEL.restoreCluster);
  if (record && restorer === ownId) return null;
  if (record && restorer !== undefined && startMs(record) > scheduleMadeMs) {
    return `Hub with id [${restorer}] had run a restore managed cluster operation, see [${record.metadata.name}]. Current hub is no longer the active cluster so the BackupSchedule is set to backup collision. ` +
      `Review and resolve the collision then create a new BackupSchedule resource  from this hub, or from the [${restorer}] hub.`;
  }
  const newest = newestOf(backups.filter((backup) => labelOf(backup, LABEL.backupCluster) !== undefined));
  const writer = newest && labelOf(newest, LABEL.backupCluster);
  if (!newest || writer === ownId) return null;
  return `Backup ${newest.metadata.name}, from cluster with id [${writer ?? ''}] is using the same storage location. This is a backup collision with current cluster [${ownId}] backup. ` +
    'Review and resolve the collision then create a new BackupSchedule resource to  resume backups from this cluster.';
}
