/**
 * Stands for `cleanupBeforeRestore` (facts, sections 6 and 12): what earlier restores brought and the present ones did not is deleted;
 * with CleanupAll also what no restore brought. On a hub that took over other clusters earlier, that detaches them.
 */
import type { KubeObject, ResourceType } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { eachAtOnce, type HubEnv } from './hub-env.js';
import { labelOf, specOf, text } from './json.js';
import { isLocalCluster } from './klusterlet.actor.js';
import { backupSpecOf } from './backup-templates.js';
import { veleroLabelValue } from './selectors.js';
import { BACKUP_KINDS, selectsKind, selectsObject } from './velero-selection.js';
import { BACKUP_NAMESPACE, LABEL, SCHEDULES, type ScheduleType } from './words.js';

/** @param veleroRestores names of the Velero Restores whose content is to stay */
export async function removeLeftBehind(env: HubEnv, restore: KubeObject, veleroRestores: readonly string[]): Promise<void> {
  const mode = text(specOf(restore)['cleanupBeforeRestore']);
  if (mode !== 'CleanupRestored' && mode !== 'CleanupAll') return;
  const backups = veleroRestores.flatMap((name) => text(specOf(env.informers.of(resources.veleroRestore).get(name, BACKUP_NAMESPACE))['backupName']) ?? []);
  for (const [type, schedule] of Object.entries(SCHEDULES) as [ScheduleType, string][]) {
    const kept = backups.filter((backup) => new RegExp(`^${schedule}-\\d`).test(backup)).map(veleroLabelValue);
    if (kept.length === 0) continue;
    const spec = backupSpecOf(type, '');
    for (const kind of BACKUP_KINDS.filter((candidate) => selectsKind(spec, candidate))) {
      await removeOf(env, kind, (object) => {
        const broughtBy = labelOf(object, LABEL.veleroBackup);
        const isLocal = kind === resources.managedCluster && isLocalCluster(object);
        if (isLocal || !selectsObject(spec, object)) return false;
        return broughtBy === undefined ? mode === 'CleanupAll' : !kept.includes(broughtBy);
      });
    }
  }
}

async function removeOf(env: HubEnv, type: ResourceType, isLeftBehind: (object: KubeObject) => boolean): Promise<void> {
  const doomed: KubeObject[] = [];
  for await (const page of env.client.listAll(type)) doomed.push(...page.items.filter((object) => object.metadata.deletionTimestamp === undefined && isLeftBehind(object)));
  await eachAtOnce(env.writers, doomed, async ({ metadata }) => {
    await env.client.delete(type, metadata.namespace === undefined ? { name: metadata.name } : { name: metadata.name, namespace: metadata.namespace });
  });
}
