import type { KubeObject } from '../../kube/kube.types.js';
import { collisionMessage } from './collision.js';

const T0 = Date.parse('2026-11-24T20:00:00Z');
const backup = (name: string, minutes: number, labels: Record<string, string>): KubeObject => ({
  apiVersion: 'velero.io/v1', kind: 'Backup', metadata: { name, labels }, status: { startTimestamp: new Date(T0 + minutes * 60_000).toISOString() },
});
const by = (hub: string, minutes: number): KubeObject => backup(`acm-resources-schedule-${hub}${minutes}`, minutes, { 'cluster.open-cluster-management.io/backup-cluster': hub });
const restored = (hub: string, minutes: number): KubeObject => backup(`acm-restore-clusters-${minutes}`, minutes, { 'cluster.open-cluster-management.io/restore-cluster': hub });

describe('BackupCollision', () => {
  test.each([
    { because: 'nothing is there', backups: [], told: null },
    { because: 'only own backups', backups: [by('east', 1)], told: null },
    { because: 'own backups are newer', backups: [by('west', 1), by('east', 2)], told: null },
    { because: 'another hub writes', backups: [by('east', 1), by('west', 2)], told: 'Backup acm-resources-schedule-west2, from cluster with id [west] is using the same storage location. This is a backup collision with current cluster [east] backup. Review and resolve the collision then create a new BackupSchedule resource to  resume backups from this cluster.' },
    { because: 'another hub restored managed clusters', backups: [by('east', 1), restored('west', 2)], told: 'Hub with id [west] had run a restore managed cluster operation, see [acm-restore-clusters-2]. Current hub is no longer the active cluster so the BackupSchedule is set to backup collision. Review and resolve the collision then create a new BackupSchedule resource  from this hub, or from the [west] hub.' },
    { because: 'another hub restored before this schedule was made', backups: [by('east', 1), restored('west', -5)], told: null },
    { because: 'this hub restored last', backups: [restored('west', 1), restored('east', 2), by('west', 3)], told: null },
  ])('$because', ({ backups, told }) => {
    expect(collisionMessage(backups, 'east', T0)).toBe(told);
  });
});
