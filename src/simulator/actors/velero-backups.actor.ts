/**
 * Stands for Velero's backup side on one hub (facts, section 5): it looks at its Schedules once a minute and names each Backup when it
 * makes it; queues Backups and takes one at a time, each of the moment at which it starts; keeps what it took in the shared bucket;
 * lists other hubs' finished Backups from there once a minute; removes what has expired; and watches over the storage location.
 *
 *   Schedule due ──▶ Backup '' ──▶ Queued ──▶ ReadyToStart ──▶ InProgress (startTimestamp, content taken)
 *                                                                   └──▶ Finalizing ──▶ Completed | PartiallyFailed | Failed
 */
import { parseGoDuration } from '../../common/duration.js';
import { isKubeError } from '../../kube/kube-error.js';
import type { KubeObject } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { Actor } from './actor.js';
import { isBackupComponentOn } from './components.js';
import { parseCron } from './cron.js';
import { createUnlessThere, patchStatus, type HubEnv } from './hub-env.js';
import { labelOf, record, rfc3339, specOf, stamp, statusOf, text, timeOf, type Json } from './json.js';
import { veleroLabelValue } from './selectors.js';
import { BACKUP_KINDS, selectsKind, selectsObject, serverSelectors } from './velero-selection.js';
import { BACKUP_NAMESPACE, LABEL, SCHEDULES, type ScheduleType } from './words.js';

const MANAGER = 'velero-server';
const DEFAULT_TTL = '720h0m0s';
const namespace = BACKUP_NAMESPACE;

const FINAL_PHASES: readonly unknown[] = ['Completed', 'PartiallyFailed', 'Failed', 'FailedValidation'];
export const phaseOf = (object: KubeObject): string => text(statusOf(object)['phase']) ?? '';
export const isFinished = (backup: KubeObject): boolean => FINAL_PHASES.includes(phaseOf(backup));
const isWaiting = (backup: KubeObject): boolean => ['', 'New', 'Queued', 'ReadyToStart'].includes(phaseOf(backup));

const SCHEDULE_TYPES = Object.keys(SCHEDULES) as ScheduleType[];

export class VeleroBackupsActor extends Actor {
  /** Backups in the order in which they were seen first */
  private readonly arrivals = new Map<string, number>();
  private arrived = 0;
  /** Backups of this life that are done, though the view may not show it yet */
  private readonly done = new Set<string>();
  private takesOver = true;
  /** CRDs older than Velero 1.18 know no queue phases */
  private knowsQueuePhases = true;

  constructor(env: HubEnv) {
    super('velero-backups', env, { concurrency: 8, retryBaseMs: 1_000, retryMaxMs: 10_000 });
  }

  subscribe(): void {
    const { informers, timings } = this.env;
    informers.of(resources.multiClusterHub);
    informers.of(resources.veleroSchedule).onChange(({ type, object }) => {
      if (type === 'UPSERT' && phaseOf(object) === '') this.queue.add(`schedule/${object.metadata.name}`);
    });
    informers.of(resources.veleroBackup).onChange(({ type, object }) => {
      const { name } = object.metadata;
      if (type === 'DELETE') {
        this.arrivals.delete(name);
        this.done.delete(name);
      } else if (!this.arrivals.has(name) && isWaiting(object)) {
        this.arrivals.set(name, ++this.arrived);
        this.queue.add(`admit/${name}`);
        this.queue.add('queue');
      }
    });
    informers.of(resources.deleteBackupRequest).onChange(({ type, object }) => {
      if (type === 'UPSERT' && phaseOf(object) === '') this.queue.add(`delete/${object.metadata.name}`);
    });
    informers.of(resources.backupStorageLocation).onChange(({ type, object }) => {
      if (type === 'UPSERT') this.queue.add(`storage/${object.metadata.name}`);
    });
    this.repeat('schedules', timings.scheduleLookMs);
    this.repeat('sync', timings.bucketSyncMs);
    this.repeat('expiry', timings.expiryLookMs);
  }

  protected async reconcile(key: string): Promise<void> {
    if (!isBackupComponentOn(this.env)) return this.queue.addAfter(key, this.env.timings.componentMs);
    const [what = '', name = ''] = key.split('/');
    switch (what) {
      case 'schedule':
        return this.admitSchedule(name);
      case 'schedules':
        return this.lookAtSchedules();
      case 'admit':
        return this.enqueueBackup(name);
      case 'queue':
        return this.workOffQueue();
      case 'sync':
        return this.sync();
      case 'expiry':
        return this.expire();
      case 'delete':
        return this.deleteBackup(name);
      case 'storage':
        return this.checkStorage(name);
    }
  }

  private backups(): KubeObject[] {
    return this.env.informers.of(resources.veleroBackup).inNamespace(namespace);
  }

  // Schedules

  private async admitSchedule(name: string): Promise<void> {
    const schedule = this.env.informers.of(resources.veleroSchedule).get(name, namespace);
    if (!schedule || phaseOf(schedule) !== '') return;
    const valid = parseCron(text(specOf(schedule)['schedule']) ?? '') !== null;
    const status = valid ? { phase: 'Enabled' } : { phase: 'FailedValidation', validationErrors: ['invalid schedule'] };
    await patchStatus(this.env, resources.veleroSchedule, { name, namespace }, status, MANAGER);
  }

  /** One after another, in the order of their names; a schedule whose last Backup is not done yet waits for the next look. */
  private async lookAtSchedules(): Promise<void> {
    const schedules = this.env.informers.of(resources.veleroSchedule).inNamespace(namespace).sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    let spreadMs = 0;
    for (const schedule of schedules) {
      if (phaseOf(schedule) !== 'Enabled' || specOf(schedule)['paused'] === true || !this.isDue(schedule)) continue;
      const { name } = schedule.metadata;
      if (this.backups().some((backup) => labelOf(backup, LABEL.veleroSchedule) === name && !isFinished(backup))) continue;
      if (this.env.random.chance(this.env.switches.suffixesDiffer)) spreadMs += 1_000;
      await this.createScheduled(schedule, new Date(this.now.getTime() + spreadMs));
      await patchStatus(this.env, resources.veleroSchedule, { name, namespace }, { lastBackup: rfc3339(this.now) }, MANAGER);
    }
  }

  private isDue(schedule: KubeObject): boolean {
    const lastMs = timeOf(statusOf(schedule)['lastBackup']) ?? timeOf(schedule.metadata.creationTimestamp) ?? this.now.getTime();
    const next = parseCron(text(specOf(schedule)['schedule']) ?? '')?.next(new Date(lastMs));
    return next !== null && next !== undefined && next <= this.now;
  }

  private async createScheduled(schedule: KubeObject, at: Date): Promise<void> {
    const { name, labels, uid = '' } = schedule.metadata;
    const owner = specOf(schedule)['useOwnerReferencesInBackup'] === true ? { ownerReferences: [{ apiVersion: 'velero.io/v1', kind: 'Schedule', name, uid, controller: true }] } : {};
    await createUnlessThere(this.env, resources.veleroBackup, {
      apiVersion: 'velero.io/v1', kind: 'Backup',
      metadata: { name: `${name}-${stamp(at)}`, namespace, labels: { ...labels, [LABEL.veleroSchedule]: name }, ...owner },
      spec: record(specOf(schedule)['template']),
    }, MANAGER);
  }

  // The queue

  private async enqueueBackup(name: string): Promise<void> {
    const backup = this.env.informers.of(resources.veleroBackup).get(name, namespace);
    if (!backup || !['', 'New'].includes(phaseOf(backup)) || this.done.has(name)) return;
    await this.setQueuePhase(name, 'Queued');
  }

  private async setQueuePhase(name: string, phase: 'Queued' | 'ReadyToStart'): Promise<void> {
    if (!this.knowsQueuePhases) return;
    try {
      await patchStatus(this.env, resources.veleroBackup, { name, namespace }, { phase }, MANAGER);
    } catch (error) {
      if (isKubeError(error, 'KUBE_NOT_FOUND')) return;
      if (!isKubeError(error, 'KUBE_INVALID')) throw error;
      this.knowsQueuePhases = false;
    }
  }

  private async workOffQueue(): Promise<void> {
    if (this.takesOver) await this.failUnfinished();
    for (let next = this.nextInQueue(); next !== undefined; next = this.nextInQueue()) {
      this.done.add(next.metadata.name);
      try {
        await this.take(next);
      } catch (error) {
        if (!isKubeError(error, 'KUBE_NOT_FOUND')) throw error;
      }
      if (this.nextInQueue() && this.env.random.chance(this.env.switches.queueWaits)) await this.waitForLook();
    }
  }

  private nextInQueue(): KubeObject | undefined {
    const waiting = this.backups().filter((backup) => isWaiting(backup) && !this.done.has(backup.metadata.name));
    return waiting.sort((a, b) => (this.arrivals.get(a.metadata.name) ?? 0) - (this.arrivals.get(b.metadata.name) ?? 0))[0];
  }

  private waitForLook(): Promise<void> {
    const { queueLookMs } = this.env.timings;
    return this.env.time.sleep(queueLookMs - (this.now.getTime() % queueLookMs));
  }

  /** What an earlier Velero left half done is Failed. */
  private async failUnfinished(): Promise<void> {
    this.takesOver = false;
    for (const backup of this.backups()) {
      if (!['InProgress', 'Finalizing'].includes(phaseOf(backup))) continue;
      const status = { phase: 'Failed', failureReason: 'found a backup with status "InProgress" during the server starting, mark it as "Failed"', completionTimestamp: rfc3339(this.now) };
      await patchStatus(this.env, resources.veleroBackup, { name: backup.metadata.name, namespace }, status, MANAGER);
    }
  }

  private async take(backup: KubeObject): Promise<void> {
    const { name } = backup.metadata;
    const { bucket, timings, time } = this.env;
    await this.setQueuePhase(name, 'ReadyToStart');
    const startedAt = this.now;
    const ttlMs = parseGoDuration(text(specOf(backup)['ttl']) ?? DEFAULT_TTL) ?? parseGoDuration(DEFAULT_TTL) ?? 0;
    const started = { phase: 'InProgress', startTimestamp: rfc3339(startedAt), expiration: rfc3339(startedAt.getTime() + ttlMs), formatVersion: '1.1.0', version: 1 };
    await patchStatus(this.env, resources.veleroBackup, { name, namespace }, started, MANAGER);
    const items = await this.collect(specOf(backup));
    bucket.announceCapture(backup);
    await time.sleep(timings.backupMs + timings.backupPerItemMs * items.length);
    const progress = { totalItems: items.length, itemsBackedUp: items.length };
    await patchStatus(this.env, resources.veleroBackup, { name, namespace }, { phase: 'Finalizing', progress }, MANAGER);
    await time.sleep(timings.finalizingMs);
    const phase = this.outcomeOf(backup);
    const ended = { phase, completionTimestamp: rfc3339(this.now), progress, ...(phase === 'Completed' ? {} : { errors: 1 }) };
    if (phase !== 'Failed') {
      // Velero uploads first: where a Backup reads Completed, its content can be had.
      bucket.put({ name, backup: { ...backup, metadata: { ...backup.metadata }, status: { ...started, ...ended } }, items });
    }
    await patchStatus(this.env, resources.veleroBackup, { name, namespace }, ended, MANAGER);
  }

  private outcomeOf(backup: KubeObject): string {
    const type = SCHEDULE_TYPES.find((candidate) => labelOf(backup, LABEL.veleroSchedule) === SCHEDULES[candidate]);
    return (type && this.env.switches.backupPhase[type]) ?? 'Completed';
  }

  /** Asks the API server, not the view: what was there before the start must be in. */
  private async collect(spec: Json): Promise<KubeObject[]> {
    const items: KubeObject[] = [];
    for (const type of BACKUP_KINDS.filter((candidate) => selectsKind(spec, candidate))) {
      const seen = new Set<string>();
      for (const labelSelector of serverSelectors(spec)) {
        for (const object of await this.listOf(type, labelSelector)) {
          const id = object.metadata.uid ?? `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
          if (seen.has(id) || !selectsObject(spec, object)) continue;
          seen.add(id);
          items.push(object);
        }
      }
    }
    return items;
  }

  private async listOf(type: (typeof BACKUP_KINDS)[number], labelSelector: string | undefined): Promise<KubeObject[]> {
    const objects: KubeObject[] = [];
    try {
      for await (const page of this.env.client.listAll(type, labelSelector === undefined ? {} : { labelSelector })) objects.push(...page.items);
    } catch (error) {
      if (!isKubeError(error, 'KUBE_NOT_FOUND')) throw error;
    }
    return objects;
  }

  // The shared storage

  private async sync(): Promise<void> {
    const { bucket, informers, random, switches } = this.env;
    if (switches.storageDown || !this.usesBucket()) return;
    const known = informers.of(resources.veleroBackup);
    for (const { name, backup } of bucket.list()) {
      if (known.get(name, namespace) || random.chance(switches.halfSync)) continue;
      const { metadata, spec, status } = backup;
      const labels = { ...metadata.labels, [LABEL.veleroLocation]: this.locationName() };
      await createUnlessThere(this.env, resources.veleroBackup, { apiVersion: 'velero.io/v1', kind: 'Backup', metadata: { name, namespace, labels, ...(metadata.annotations ? { annotations: metadata.annotations } : {}) }, spec, status }, MANAGER);
    }
    for (const backup of this.backups()) {
      const isOrphan = ['Completed', 'PartiallyFailed'].includes(phaseOf(backup)) && !bucket.get(backup.metadata.name);
      if (isOrphan) await this.env.client.delete(resources.veleroBackup, { name: backup.metadata.name, namespace });
    }
  }

  private async expire(): Promise<void> {
    const nowMs = this.now.getTime();
    const requested = new Set(this.env.informers.of(resources.deleteBackupRequest).inNamespace(namespace).map((request) => text(specOf(request)['backupName'])));
    for (const backup of this.backups()) {
      const expiresMs = timeOf(statusOf(backup)['expiration']);
      if (expiresMs !== null && expiresMs <= nowMs && isFinished(backup) && !requested.has(backup.metadata.name)) await requestDeletion(this.env, backup.metadata.name, MANAGER);
    }
    for (const request of this.env.informers.of(resources.downloadRequest).inNamespace(namespace)) {
      const endsMs = timeOf(statusOf(request)['expiration']);
      if (endsMs !== null && endsMs <= nowMs) await this.env.client.delete(resources.downloadRequest, { name: request.metadata.name, namespace });
    }
  }

  private async deleteBackup(requestName: string): Promise<void> {
    const { client, informers, bucket } = this.env;
    const request = informers.of(resources.deleteBackupRequest).get(requestName, namespace);
    if (!request) return;
    const name = text(specOf(request)['backupName']) ?? '';
    for (const restore of informers.of(resources.veleroRestore).inNamespace(namespace)) {
      if (specOf(restore)['backupName'] === name) await client.delete(resources.veleroRestore, { name: restore.metadata.name, namespace });
    }
    bucket.delete(name);
    await client.delete(resources.veleroBackup, { name, namespace });
    await client.delete(resources.deleteBackupRequest, { name: requestName, namespace });
  }

  private async checkStorage(name: string): Promise<void> {
    const location = this.env.informers.of(resources.backupStorageLocation).get(name, namespace);
    if (!location) return;
    this.queue.addAfter(`storage/${name}`, this.env.timings.storageCheckMs);
    const phase = this.env.switches.storageDown || !this.isOurBucket(location) ? 'Unavailable' : 'Available';
    const lastMs = timeOf(statusOf(location)['lastValidationTime']) ?? 0;
    if (phaseOf(location) === phase && this.now.getTime() - lastMs < 60_000) return;
    const message = phase === 'Available' ? null : 'BackupStorageLocation is unavailable: rpc error: code = Unknown desc = NoSuchBucket';
    await patchStatus(this.env, resources.backupStorageLocation, { name, namespace }, { phase, message, lastValidationTime: rfc3339(this.now) }, MANAGER);
  }

  private isOurBucket(location: KubeObject): boolean {
    const { bucket, prefix } = record(specOf(location)['objectStorage']);
    return bucket === this.env.bucket.name && (text(prefix) ?? '') === this.env.bucket.prefix;
  }

  private usesBucket(): boolean {
    return this.env.informers.of(resources.backupStorageLocation).inNamespace(namespace).some((location) => this.isOurBucket(location));
  }

  private locationName(): string {
    const location = this.env.informers.of(resources.backupStorageLocation).inNamespace(namespace).find((candidate) => this.isOurBucket(candidate));
    return veleroLabelValue(location?.metadata.name ?? 'default');
  }
}

/** Asks Velero to remove a backup from the shared storage, for all hubs. */
export async function requestDeletion(env: HubEnv, backupName: string, manager: string): Promise<void> {
  const name = `${backupName}-${env.random.suffix()}`;
  await createUnlessThere(env, resources.deleteBackupRequest, {
    apiVersion: 'velero.io/v1', kind: 'DeleteBackupRequest', metadata: { name, namespace, labels: { [LABEL.veleroBackup]: veleroLabelValue(backupName) } }, spec: { backupName },
  }, manager);
}
