/**
 * Stands for the backup operator's Restore controller (facts, sections 6 and 7): passive data first, then activation data, managed
 * clusters last, each as a Velero Restore `<restore>-<backup>` (`…-active` for activation data). `latest` is looked up for each type by
 * itself, only generic resources and activation data follow the backup that was found. Then the import loop, which real hubs have run
 * before the managed-clusters restore was done and, after a conflict on the last status write, twice.
 *
 *   '' ──▶ Started ◀──▶ Running ──▶ Finished | FinishedWithErrors          ignored: FinishedWithErrors at once
 *             ▲            └──────▶ Enabled | EnabledWithErrors (sync)      invalid: Error, tried again every minute
 *             └─ newer backups, or activation ──┘
 */
import { parseGoDuration } from '../../common/duration.js';
import { isKubeError } from '../../kube/kube-error.js';
import type { KubeObject } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { Actor } from './actor.js';
import { newestOf } from './collision.js';
import { isBackupComponentOn } from './components.js';
import { createUnlessThere, minorOf, patchStatus, type HubEnv } from './hub-env.js';
import { importAll, recordRestore } from './import-loop.js';
import { annotationOf, isRecord, list, record, rfc3339, sameJson, specOf, statusOf, text, timeOf, type Json } from './json.js';
import { isRestoreOver } from './restore-phases.js';
import { removeLeftBehind } from './restore-cleanup.js';
import { storageProblem } from './storage-location.js';
import { isFinished, phaseOf } from './velero-backups.actor.js';
import { ACTIVATION, ANNOTATION, BACKUP_NAMESPACE, FINALIZER, LABEL, SCHEDULES, type ScheduleType } from './words.js';

const MANAGER = 'cluster-backup-operator';
const namespace = BACKUP_NAMESPACE;
const DEFAULT_SYNC_MS = 30 * 60_000;
/** Generic resources belong to a set whose backup started so near, where the suffix differs. */
const SAME_SET_MS = 30_000;
const CONFIRMATION_SINCE_MINOR = 14;

type Part = 'credentials' | 'resources' | 'resourcesGeneric' | 'resourcesGenericActive' | 'credentialsActive' | 'managedClusters';
type Selection = 'passive' | 'active' | 'all';

interface Step {
  readonly part: Part;
  readonly backup: string;
  readonly selection: Selection;
}

const STATUS_MEMBERS: Partial<Record<Part, string>> = {
  credentials: 'veleroCredentialsRestoreName', resources: 'veleroResourcesRestoreName', resourcesGeneric: 'veleroGenericResourcesRestoreName', managedClusters: 'veleroManagedClustersRestoreName',
};

/** What cannot be restored as asked; tried again every minute. */
class RestoreInputError extends Error {}

/** What this life of the operator knows of one Restore. */
interface Progress {
  /** The Velero Restores made for each part, the newest last */
  readonly made: Map<Part, string[]>;
  /** Phases in which Velero Restores were found over: with an expired Backup Velero removes its Restores, which undoes nothing */
  readonly over: Map<string, string>;
  syncedAtMs: number;
  loopedEarly: boolean;
  loopedTwice: boolean;
  cleanedFor: string;
}

export class RestoreActor extends Actor {
  private readonly progress = new Map<string, Progress>();

  constructor(env: HubEnv) {
    super('restore', env, { concurrency: 1, retryBaseMs: 200, retryMaxMs: 30_000 });
  }

  subscribe(): void {
    const { informers } = this.env;
    for (const type of [resources.multiClusterHub, resources.backupStorageLocation, resources.backupSchedule, resources.veleroBackup, resources.namespace]) informers.of(type);
    informers.of(resources.restore).onChange(({ type, object, previous }) => {
      const changed = !previous || !sameJson(previous.spec, object.spec) || previous.metadata.deletionTimestamp !== object.metadata.deletionTimestamp;
      if (type === 'UPSERT' && changed) this.queue.add(object.metadata.name);
    });
    informers.of(resources.veleroRestore).onChange(({ object }) => {
      const owner = object.metadata.ownerReferences?.find(({ kind }) => kind === 'Restore');
      if (owner) this.queue.add(owner.name);
    });
  }

  protected async reconcile(name: string): Promise<void> {
    if (!isBackupComponentOn(this.env)) return this.queue.addAfter(name, this.env.timings.componentMs);
    const restore = await this.env.client.find(resources.restore, { name, namespace });
    if (!restore) return;
    if (restore.metadata.deletionTimestamp !== undefined) return this.end(restore);
    if (isRestoreOver(restore)) return;
    const blocker = phaseOf(restore) === '' ? this.blockerOf(restore) : null;
    if (blocker !== null) return this.setStatus(restore, { phase: 'FinishedWithErrors', lastMessage: blocker, completionTimestamp: rfc3339(this.now) });
    try {
      this.validate(restore);
      await this.advance(await this.withFinalizer(restore));
    } catch (error) {
      if (isKubeError(error, 'KUBE_CONFLICT')) return this.queue.addAfter(name, 50);
      if (!(error instanceof RestoreInputError)) throw error;
      await this.setStatus(restore, { phase: 'Error', lastMessage: error.message });
      this.queue.addAfter(name, this.env.timings.failedRetryMs);
    }
  }

  private blockerOf({ metadata }: KubeObject): string | null {
    const { informers } = this.env;
    const ignored = (kind: string, active: string): string =>
      `This resource is ignored because ${kind} resource ${active} is currently active, before creating another resource verify that any active resources are removed.`;
    const schedule = informers.of(resources.backupSchedule).inNamespace(namespace).find((candidate) => !['BackupCollision', 'Paused', 'FailedValidation', 'Failed'].includes(phaseOf(candidate)));
    if (schedule) return ignored('BackupSchedule', schedule.metadata.name);
    const isOlder = (other: KubeObject): boolean => phaseOf(other) !== '' || (other.metadata.creationTimestamp ?? '') < (metadata.creationTimestamp ?? '');
    const other = informers.of(resources.restore).inNamespace(namespace).find((candidate) => candidate.metadata.name !== metadata.name && !isRestoreOver(candidate) && isOlder(candidate));
    return other ? ignored('Restore', other.metadata.name) : null;
  }

  private validate(restore: KubeObject): void {
    const spec = specOf(restore);
    const storage = storageProblem(this.env);
    if (storage !== null) throw new RestoreInputError(storage);
    const cleanup = text(spec['cleanupBeforeRestore']) ?? '';
    if (!['None', 'CleanupRestored', 'CleanupAll'].includes(cleanup)) throw new RestoreInputError(`invalid CleanupBeforeRestore value : ${cleanup}`);
    if (cleanup === 'CleanupAll' && minorOf(this.env.release.hub) >= CONFIRMATION_SINCE_MINOR && annotationOf(restore, ANNOTATION.cleanupAllConfirmed) !== 'true') {
      throw new RestoreInputError(`CleanupAll needs the annotation ${ANNOTATION.cleanupAllConfirmed}: "true"`);
    }
    if (spec['syncRestoreWithNewBackups'] !== true) return;
    if (spec['veleroCredentialsBackupName'] !== 'latest' || spec['veleroResourcesBackupName'] !== 'latest') {
      throw new RestoreInputError('veleroCredentialsBackupName and veleroResourcesBackupName must be set to latest when syncRestoreWithNewBackups is true');
    }
    if (!['latest', 'skip'].includes(text(spec['veleroManagedClustersBackupName']) ?? '')) throw new RestoreInputError('veleroManagedClustersBackupName must be set to skip or latest when syncRestoreWithNewBackups is true');
  }

  private async withFinalizer(restore: KubeObject): Promise<KubeObject> {
    const { finalizers = [], name, resourceVersion } = restore.metadata;
    if (finalizers.includes(FINALIZER.restore)) return restore;
    const patch = { metadata: { resourceVersion, finalizers: [...finalizers, FINALIZER.restore] } };
    return this.env.client.patch(resources.restore, { name, namespace }, patch, { patchType: 'merge', fieldManager: MANAGER });
  }

  // The sequence

  private async advance(restore: KubeObject): Promise<void> {
    const progress = this.progressOf(restore);
    const spec = specOf(restore);
    const isSync = spec['syncRestoreWithNewBackups'] === true;
    const activates = text(spec['veleroManagedClustersBackupName']) !== 'skip';
    if (!(await this.passive(restore, progress, isSync && !activates))) return;
    if (!activates) {
      await this.cleanUp(restore, progress);
      return isSync ? this.enable(restore, progress) : this.finish(restore, progress, false);
    }
    if (!(await this.active(restore, progress))) return;
    if (!(await this.managedClusters(restore, progress))) return;
    await this.cleanUp(restore, progress);
    await this.finish(restore, progress, true);
  }

  /** Credentials, resources, generic resources; in sync mode again for each type that has a newer backup. @returns whether they are done */
  private async passive(restore: KubeObject, progress: Progress, isSyncing: boolean): Promise<boolean> {
    const parts: readonly Part[] = ['credentials', 'resources', 'resourcesGeneric'];
    const hasBegun = parts.some((part) => progress.made.has(part));
    const nowMs = this.now.getTime();
    const isSyncDue = isSyncing && nowMs >= progress.syncedAtMs + syncIntervalMs(restore);
    if (!hasBegun || isSyncDue) {
      progress.syncedAtMs = nowMs;
      await this.make(restore, progress, this.passiveSteps(restore));
    }
    return this.areOver(restore, progress, parts, isSyncing);
  }

  private passiveSteps(restore: KubeObject): Step[] {
    const spec = specOf(restore);
    const credentials = this.backupFor('credentials', spec['veleroCredentialsBackupName']);
    const found = this.backupFor('resources', spec['veleroResourcesBackupName']);
    const generic = found && this.companionOf('resourcesGeneric', found);
    return [
      ...(credentials ? [{ part: 'credentials', backup: credentials.metadata.name, selection: 'passive' } as const] : []),
      ...(found ? [{ part: 'resources', backup: found.metadata.name, selection: 'passive' } as const] : []),
      ...(generic ? [{ part: 'resourcesGeneric', backup: generic.metadata.name, selection: 'passive' } as const] : []),
    ];
  }

  private async active(restore: KubeObject, progress: Progress): Promise<boolean> {
    const parts: readonly Part[] = ['resourcesGenericActive', 'credentialsActive'];
    if (!parts.some((part) => progress.made.has(part))) {
      const steps = this.passiveSteps(restore);
      const of = (part: Part): string | undefined => steps.find((step) => step.part === part)?.backup;
      const [generic, credentials] = [of('resourcesGeneric'), of('credentials')];
      await this.make(restore, progress, [
        ...(generic === undefined ? [] : [{ part: 'resourcesGenericActive', backup: generic, selection: 'active' } as const]),
        ...(credentials === undefined ? [] : [{ part: 'credentialsActive', backup: credentials, selection: 'active' } as const]),
      ]);
    }
    return this.areOver(restore, progress, parts, false);
  }

  private async managedClusters(restore: KubeObject, progress: Progress): Promise<boolean> {
    if (!progress.made.has('managedClusters')) {
      const backup = this.backupFor('managedClusters', specOf(restore)['veleroManagedClustersBackupName']);
      if (!backup) return true;
      await this.make(restore, progress, [{ part: 'managedClusters', backup: backup.metadata.name, selection: 'all' }]);
      if (!progress.loopedEarly && this.env.random.chance(this.env.switches.importLoopEarly)) {
        // The reconcile after this one does not see the Velero Restore yet, takes the whole for finished, and fails on its last status write.
        progress.loopedEarly = true;
        await importAll(this.env);
        await recordRestore(this.env);
      }
    }
    return this.areOver(restore, progress, ['managedClusters'], false);
  }

  private async make(restore: KubeObject, progress: Progress, steps: readonly Step[]): Promise<void> {
    const { name, uid = '' } = restore.metadata;
    const names: Json = {};
    for (const { part, backup, selection } of steps) {
      const velero = `${name}-${backup}${selection === 'active' ? '-active' : ''}`;
      const known = progress.made.get(part) ?? [];
      if (known.includes(velero)) continue;
      await createUnlessThere(this.env, resources.veleroRestore, {
        apiVersion: 'velero.io/v1', kind: 'Restore',
        metadata: { name: velero, namespace, ownerReferences: [{ apiVersion: restore.apiVersion, kind: 'Restore', name, uid, controller: true, blockOwnerDeletion: true }] },
        spec: veleroSpecOf(specOf(restore), backup, selection),
      }, MANAGER);
      progress.made.set(part, [...known, velero]);
      const member = STATUS_MEMBERS[part];
      if (member !== undefined) names[member] = velero;
    }
    if (Object.keys(names).length > 0) await this.setStatus(restore, { ...names, phase: 'Started', lastMessage: 'Velero restores are starting' });
  }

  /** Whether the newest Velero Restores of these parts are over; says so in the phase where they are not. */
  private async areOver(restore: KubeObject, progress: Progress, parts: readonly Part[], finalizingCounts: boolean): Promise<boolean> {
    const velero = this.env.informers.of(resources.veleroRestore);
    if (await this.forgetGone(progress, parts)) this.queue.addAfter(restore.metadata.name, this.env.timings.failedRetryMs);
    const open = parts.flatMap((part) => progress.made.get(part)?.at(-1) ?? []).filter((name) => {
      const one = velero.get(name, namespace);
      if (!one) return !progress.over.has(name);
      if (isFinished(one)) progress.over.set(name, phaseOf(one));
      return !(isFinished(one) || (finalizingCounts && phaseOf(one).startsWith('Finalizing')));
    });
    if (open.length === 0) return true;
    const running = open.find((name) => ['InProgress', 'Finalizing', 'FinalizingPartiallyFailed'].includes(phaseOf(velero.get(name, namespace) ?? restore)));
    const status = running === undefined ? { phase: 'Started', lastMessage: `Velero restore ${open[0] ?? ''} has not started` } : { phase: 'Running', lastMessage: `Velero restore ${running} is currently executing` };
    await this.setStatus(await this.fresh(restore), status);
    return false;
  }

  /** One that went with its Backup before it was over is made anew, of what is there then. @returns whether there was such a one */
  private async forgetGone(progress: Progress, parts: readonly Part[]): Promise<boolean> {
    const velero = this.env.informers.of(resources.veleroRestore);
    let gone = false;
    for (const part of parts) {
      const names = progress.made.get(part) ?? [];
      const name = names.at(-1);
      if (name === undefined || progress.over.has(name) || velero.get(name, namespace) || (await this.env.client.find(resources.veleroRestore, { name, namespace }))) continue;
      gone = true;
      if (names.length > 1) progress.made.set(part, names.slice(0, -1));
      else progress.made.delete(part);
    }
    return gone;
  }

  /** Once for each set of Velero Restores. */
  private async cleanUp(restore: KubeObject, progress: Progress): Promise<void> {
    const names = this.latestOf(progress);
    if (progress.cleanedFor === names.join()) return;
    await removeLeftBehind(this.env, restore, names);
    progress.cleanedFor = names.join();
  }

  private async enable(restore: KubeObject, progress: Progress): Promise<void> {
    const phases = this.phasesOf(progress);
    const failed = phases.some((phase) => phase === 'Failed' || phase === 'FailedValidation');
    await this.setStatus(await this.fresh(restore), { phase: failed ? 'EnabledWithErrors' : 'Enabled', lastMessage: 'Velero restores have run to completion, restore will continue to sync with new backups' });
    this.queue.addAt(restore.metadata.name, progress.syncedAtMs + syncIntervalMs(restore));
  }

  /** The phase is kept only if this one status write meets no conflict; else the whole comes again, the import loop with it. */
  private async finish(restore: KubeObject, progress: Progress, withClusters: boolean): Promise<void> {
    const before = await this.fresh(restore);
    const failed = this.phasesOf(progress).some((phase) => phase !== 'Completed');
    const messages = withClusters ? await importAll(this.env) : [];
    if (withClusters) await recordRestore(this.env);
    if (withClusters && !progress.loopedTwice && this.env.random.chance(this.env.switches.importLoopTwice)) {
      progress.loopedTwice = true;
      return this.queue.addAfter(restore.metadata.name, 50);
    }
    const status = {
      phase: failed ? 'FinishedWithErrors' : 'Finished', completionTimestamp: rfc3339(this.now), messages,
      lastMessage: failed ? 'Velero restores have run to completion but encountered 1+ errors' : 'All Velero restores have run successfully',
    };
    const { name, resourceVersion } = before.metadata;
    await this.env.client.patch(resources.restore, { name, namespace }, { metadata: { resourceVersion }, status }, { patchType: 'merge', subresource: 'status', fieldManager: MANAGER });
    this.progress.delete(restore.metadata.uid ?? restore.metadata.name);
  }

  private async end({ metadata }: KubeObject): Promise<void> {
    const { name, finalizers = [], resourceVersion } = metadata;
    if (!finalizers.includes(FINALIZER.restore)) return;
    for (const velero of this.env.informers.of(resources.veleroRestore).inNamespace(namespace)) {
      const isOwned = velero.metadata.ownerReferences?.some((owner) => owner.kind === 'Restore' && owner.name === name);
      if (isOwned) await this.env.client.delete(resources.veleroRestore, { name: velero.metadata.name, namespace });
    }
    await this.env.time.sleep(this.env.timings.restoreFinalizerMs);
    const patch = { metadata: { resourceVersion, finalizers: finalizers.filter((finalizer) => finalizer !== FINALIZER.restore) } };
    await this.env.client.patch(resources.restore, { name, namespace }, patch, { patchType: 'merge', fieldManager: MANAGER });
    this.progress.delete(metadata.uid ?? name);
  }

  // Looking things up

  /** A usable Backup of one type: by name, or the latest by its start. @throws RestoreInputError where there is none */
  private backupFor(type: ScheduleType, wanted: unknown): KubeObject | null {
    if (wanted === 'skip') return null;
    const backups = this.usable(type);
    const found = wanted === 'latest' ? newestOf(backups) : this.env.informers.of(resources.veleroBackup).get(text(wanted) ?? '', namespace);
    if (found) return found;
    throw new RestoreInputError(wanted === 'latest' ? `No backups found for ${SCHEDULES[type]}` : `Cannot find Velero Backup: ${JSON.stringify(wanted)}`);
  }

  private usable(type: ScheduleType): KubeObject[] {
    return this.env.informers.of(resources.veleroBackup).inNamespace(namespace)
      .filter((backup) => backup.metadata.name.startsWith(`${SCHEDULES[type]}-`) && ['Completed', 'PartiallyFailed'].includes(phaseOf(backup)));
  }

  /** The same suffix, else what started within 30 s. */
  private companionOf(type: ScheduleType, of: KubeObject): KubeObject | undefined {
    const suffix = of.metadata.name.slice(-14);
    const startMs = (backup: KubeObject): number => timeOf(statusOf(backup)['startTimestamp']) ?? 0;
    const backups = this.usable(type);
    const near = backups.filter((backup) => Math.abs(startMs(backup) - startMs(of)) <= SAME_SET_MS);
    return backups.find(({ metadata }) => metadata.name.endsWith(suffix)) ?? near.sort((a, b) => Math.abs(startMs(a) - startMs(of)) - Math.abs(startMs(b) - startMs(of)))[0];
  }

  private latestOf(progress: Progress): string[] {
    return [...progress.made.values()].flatMap((names) => names.at(-1) ?? []);
  }

  private phasesOf(progress: Progress): string[] {
    const velero = this.env.informers.of(resources.veleroRestore);
    return this.latestOf(progress).map((name) => {
      const one = velero.get(name, namespace);
      return one ? phaseOf(one) : (progress.over.get(name) ?? '');
    });
  }

  /** After a restart: from the Velero Restores that are there. */
  private progressOf(restore: KubeObject): Progress {
    const { name, uid = name } = restore.metadata;
    const known = this.progress.get(uid);
    if (known) return known;
    const fresh: Progress = { made: new Map(), over: new Map(), syncedAtMs: this.now.getTime(), loopedEarly: false, loopedTwice: false, cleanedFor: '' };
    const owned = this.env.informers.of(resources.veleroRestore).inNamespace(namespace).filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid));
    for (const { metadata } of owned.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
      const part = partOf(metadata.name.slice(name.length + 1));
      if (part) fresh.made.set(part, [...(fresh.made.get(part) ?? []), metadata.name]);
    }
    this.progress.set(uid, fresh);
    return fresh;
  }

  private async fresh(restore: KubeObject): Promise<KubeObject> {
    return this.env.client.get(resources.restore, { name: restore.metadata.name, namespace });
  }

  private async setStatus(restore: KubeObject, status: Json): Promise<void> {
    if (Object.entries(status).every(([key, value]) => sameJson(statusOf(restore)[key], value))) return;
    await patchStatus(this.env, resources.restore, { name: restore.metadata.name, namespace }, status, MANAGER);
  }
}

function partOf(tail: string): Part | null {
  const active = tail.endsWith('-active');
  if (tail.startsWith(SCHEDULES.credentials)) return active ? 'credentialsActive' : 'credentials';
  if (tail.startsWith(SCHEDULES.resourcesGeneric)) return active ? 'resourcesGenericActive' : 'resourcesGeneric';
  if (tail.startsWith(SCHEDULES.resources)) return 'resources';
  return tail.startsWith(SCHEDULES.managedClusters) ? 'managedClusters' : null;
}

const syncIntervalMs = (restore: KubeObject): number => parseGoDuration(text(specOf(restore)['restoreSyncInterval']) ?? '') ?? DEFAULT_SYNC_MS;

/** Filters of the Restore go to every Velero Restore; activation data is told from the rest by its label. */
function veleroSpecOf(spec: Json, backupName: string, selection: Selection): Json {
  const copied = ['includedNamespaces', 'excludedNamespaces', 'includedResources', 'excludedResources', 'namespaceMapping', 'restoreStatus', 'restorePVs', 'preserveNodePorts', 'hooks'];
  const filters = Object.fromEntries(copied.flatMap((key) => (spec[key] === undefined || spec[key] === null ? [] : [[key, spec[key]]])));
  return { backupName, existingResourcePolicy: 'update', ...filters, ...selectorsOf(spec, selection) };
}

function selectorsOf(spec: Json, selection: Selection): Json {
  const expressions = selection === 'all' ? [] : [{ key: LABEL.backup, operator: selection === 'active' ? 'In' : 'NotIn', values: [ACTIVATION] }];
  const extended = (selector: unknown): Json => ({ ...record(selector), ...(expressions.length > 0 ? { matchExpressions: [...list(record(selector)['matchExpressions']), ...expressions] } : {}) });
  const alternatives = list(spec['orLabelSelectors']);
  if (alternatives.length > 0) return { orLabelSelectors: alternatives.map(extended) };
  return isRecord(spec['labelSelector']) || expressions.length > 0 ? { labelSelector: extended(spec['labelSelector']) } : {};
}
