/**
 * Stands for Velero's restore side on one hub (facts, section 6): one Restore at a time; objects come back without status and owners,
 * with their own labels and annotations and the two of Velero, whose values are cut to 63 characters; what is there already is updated;
 * namespaces come bare. Without a Deployment `velero` in its namespace every Restore is PartiallyFailed while backups work.
 *
 *   '' ──▶ InProgress ──▶ Finalizing ──▶ Completed
 *                   └──▶ FinalizingPartiallyFailed ──▶ PartiallyFailed
 */
import { isKubeError } from '../../kube/kube-error.js';
import type { KubeObject, ResourceType } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { mergePatchTo } from '../store/merge-patch.js';
import { Actor } from './actor.js';
import { isBackupComponentOn } from './components.js';
import { createUnlessThere, eachAtOnce, patchStatus, type HubEnv } from './hub-env.js';
import { record, rfc3339, specOf, text } from './json.js';
import { veleroLabelValue } from './selectors.js';
import { phaseOf } from './velero-backups.actor.js';
import { BACKUP_KINDS, restoredForm, selectsKind, selectsObject } from './velero-selection.js';
import { BACKUP_NAMESPACE, LABEL } from './words.js';

const MANAGER = 'velero-server';
const namespace = BACKUP_NAMESPACE;
const deployments: ResourceType = { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true };

interface Outcome {
  restored: number;
  readonly errors: string[];
}

export class VeleroRestoresActor extends Actor {
  private readonly done = new Set<string>();

  constructor(env: HubEnv) {
    super('velero-restores', env, { concurrency: 1, retryBaseMs: 1_000, retryMaxMs: 10_000 });
  }

  subscribe(): void {
    const { informers } = this.env;
    informers.of(resources.multiClusterHub).onChange(() => this.queue.add('restores'));
    informers.of(resources.veleroBackup);
    informers.of(resources.veleroRestore).onChange(({ type, object }) => {
      if (type === 'DELETE') this.done.delete(object.metadata.name);
      else if (phaseOf(object) === '' || phaseOf(object) === 'New') this.queue.add('restores');
    });
  }

  protected async reconcile(): Promise<void> {
    if (!isBackupComponentOn(this.env)) return;
    for (let next = this.next(); next !== undefined; next = this.next()) {
      this.done.add(next.metadata.name);
      try {
        await this.run(next);
      } catch (error) {
        if (!isKubeError(error, 'KUBE_NOT_FOUND')) {
          this.done.delete(next.metadata.name);
          throw error;
        }
      }
    }
  }

  /** The oldest that has not begun, or that an earlier Velero left unfinished. */
  private next(): KubeObject | undefined {
    const open = this.env.informers.of(resources.veleroRestore).inNamespace(namespace)
      .filter((restore) => ['', 'New', 'InProgress'].includes(phaseOf(restore)) && !this.done.has(restore.metadata.name));
    return open.sort((a, b) => ((a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? -1 : 1))[0];
  }

  private async run(restore: KubeObject): Promise<void> {
    const { name } = restore.metadata;
    const ref = { name, namespace };
    const { bucket, time, timings } = this.env;
    const backup = text(specOf(restore)['backupName']) ?? '';
    const stored = this.env.switches.storageDown ? undefined : bucket.get(backup);
    if (!stored) {
      const why = `Error retrieving backup: backup.velero.io "${backup}" not found`;
      await patchStatus(this.env, resources.veleroRestore, ref, { phase: 'FailedValidation', validationErrors: [why] }, MANAGER);
      return;
    }
    const spec = specOf(restore);
    const items = stored.items.filter((item) => selectsObject(spec, item) && kindOf(item) !== undefined && selectsKind(spec, kindOf(item) ?? resources.secret));
    await patchStatus(this.env, resources.veleroRestore, ref, { phase: 'InProgress', startTimestamp: rfc3339(this.now) }, MANAGER);
    const outcome = (await this.hasVeleroDeployment()) ? await this.restoreAll(restore, backup, items) : { restored: 0, errors: ['deployments.apps "velero" not found'] };
    await time.sleep(timings.restoreMs + timings.restorePerItemMs * items.length);
    const failed = outcome.errors.length > 0;
    const progress = { totalItems: items.length, itemsRestored: outcome.restored };
    const status = { progress, errors: outcome.errors.length, warnings: 0 };
    await patchStatus(this.env, resources.veleroRestore, ref, { ...status, phase: failed ? 'FinalizingPartiallyFailed' : 'Finalizing' }, MANAGER);
    await time.sleep(timings.finalizingMs);
    bucket.putRestoreResults(name, { warnings: {}, errors: failed ? { velero: outcome.errors } : {} });
    await patchStatus(this.env, resources.veleroRestore, ref, { phase: failed ? 'PartiallyFailed' : 'Completed', completionTimestamp: rfc3339(this.now) }, MANAGER);
  }

  private async hasVeleroDeployment(): Promise<boolean> {
    return (await this.env.client.find(deployments, { name: 'velero', namespace })) !== null;
  }

  private async restoreAll(restore: KubeObject, backup: string, items: readonly KubeObject[]): Promise<Outcome> {
    const outcome: Outcome = { restored: 0, errors: [] };
    const namespaces = new Set(items.flatMap(({ metadata }) => metadata.namespace ?? []));
    await eachAtOnce(this.env.writers, namespaces, async (name) => {
      if (this.env.informers.of(resources.namespace).get(name)) return;
      await createUnlessThere(this.env, resources.namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, MANAGER);
    });
    const labels = { [LABEL.veleroBackup]: veleroLabelValue(backup), [LABEL.veleroRestore]: veleroLabelValue(restore.metadata.name) };
    await eachAtOnce(this.env.writers, items, async (item) => {
      try {
        await this.restoreOne(item, labels);
        outcome.restored++;
      } catch (error) {
        // Velero counts what a server refuses and goes on; a server that is gone stops the whole.
        if (!isKubeError(error, 'KUBE_INVALID', 'HUB_FORBIDDEN', 'KUBE_NOT_FOUND', 'KUBE_CONFLICT')) throw error;
        outcome.errors.push(`error restoring ${item.kind} ${item.metadata.namespace ?? ''}/${item.metadata.name}: ${error.message}`);
      }
    });
    return outcome;
  }

  /** existingResourcePolicy `update`: what is there is made what the backup holds, which also takes away what the backup lacks. @see velero, generatePatch */
  private async restoreOne(item: KubeObject, labels: Readonly<Record<string, string>>): Promise<void> {
    const type = kindOf(item);
    if (!type) return;
    const object = restoredForm(item, labels);
    if (await createUnlessThere(this.env, type, object, MANAGER)) return;
    const { name, namespace: where } = object.metadata;
    const ref = where === undefined ? { name } : { name, namespace: where };
    const there = await this.env.client.find(type, ref);
    const patch = there === null ? null : mergePatchTo(record(restoredForm(there, {})), record(object));
    if (patch !== null) await this.env.client.patch(type, ref, patch, { patchType: 'merge', fieldManager: MANAGER });
  }
}

function kindOf({ apiVersion, kind }: KubeObject): ResourceType | undefined {
  return BACKUP_KINDS.find((type) => type.kind === kind && apiVersion === (type.group ? `${type.group}/${type.version}` : type.version));
}
