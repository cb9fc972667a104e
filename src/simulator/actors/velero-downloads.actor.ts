/**
 * Stands for Velero's download requests (facts, section 5): answers with a URL signed for ten minutes for whatever Backup or Restore
 * this hub shows, also on a passive hub, also while the hub that took the backup is dead. A name that it does not know is never
 * answered.
 */
import { resources } from '../../kube/resources.js';
import { Actor } from './actor.js';
import { isBackupComponentOn } from './components.js';
import { patchStatus, type HubEnv } from './hub-env.js';
import { record, rfc3339, specOf, text } from './json.js';
import { isFinished, phaseOf } from './velero-backups.actor.js';
import { BACKUP_NAMESPACE } from './words.js';

const MANAGER = 'velero-server';
const namespace = BACKUP_NAMESPACE;

export class VeleroDownloadsActor extends Actor {
  constructor(env: HubEnv) {
    super('velero-downloads', env, { concurrency: 8, retryBaseMs: 1_000, retryMaxMs: 10_000 });
  }

  subscribe(): void {
    const { informers } = this.env;
    informers.of(resources.multiClusterHub);
    informers.of(resources.veleroBackup);
    informers.of(resources.veleroRestore);
    informers.of(resources.downloadRequest).onChange(({ type, object }) => {
      if (type === 'UPSERT' && phaseOf(object) !== 'Processed') this.queue.add(object.metadata.name);
    });
  }

  protected async reconcile(name: string): Promise<void> {
    const { informers, bucket, switches, time, timings } = this.env;
    if (!isBackupComponentOn(this.env) || switches.storageDown) return;
    const request = informers.of(resources.downloadRequest).get(name, namespace);
    if (!request || phaseOf(request) === 'Processed') return;
    const target = record(specOf(request)['target']);
    const [kind, of] = [text(target['kind']) ?? '', text(target['name']) ?? ''];
    const known = informers.of(kind.startsWith('Restore') ? resources.veleroRestore : resources.veleroBackup).get(of, namespace);
    if (!known || !isFinished(known)) return;
    await time.sleep(timings.downloadMs);
    const { url, expiresAt } = bucket.sign(kind, of);
    await patchStatus(this.env, resources.downloadRequest, { name, namespace }, { phase: 'Processed', downloadURL: url, expiration: rfc3339(expiresAt) }, MANAGER);
  }
}
