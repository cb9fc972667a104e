/**
 * Stands for the backup operator's BackupSchedule controller (facts, sections 3 and 5). Its first reconcile makes accounts, sleeps,
 * labels the token Secrets that exist by then, and only then makes the five Velero schedules and the first Backups, which share one
 * suffix. Later passes come on a timer, with the schedule's spec and with each change of a Velero Schedule.
 *
 *   '' ──▶ New ──▶ Enabled ◀──▶ Paused
 *   └─▶ FailedValidation (every minute)    Enabled ──▶ BackupCollision (looked at no more)
 */
import { formatGoDuration } from '../../common/duration.js';
import type { KubeObject } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { Actor } from './actor.js';
import { backupSpecOf } from './backup-templates.js';
import { collisionMessage } from './collision.js';
import { isBackupComponentOn, isServiceAccountComponentOn } from './components.js';
import { parseCron } from './cron.js';
import { createUnlessThere, patchStatus, type HubEnv } from './hub-env.js';
import { labelOf, sameJson, specOf, stamp, statusOf, text, timeOf, type Json } from './json.js';
import { isRestoreOver } from './restore-phases.js';
import { storageProblem } from './storage-location.js';
import { TokenPass } from './token-pass.js';
import { requestDeletion } from './velero-backups.actor.js';
import { BACKUP_NAMESPACE, LABEL, SCHEDULES, type ScheduleType } from './words.js';

const MANAGER = 'cluster-backup-operator';
const namespace = BACKUP_NAMESPACE;
const TYPES = Object.keys(SCHEDULES) as ScheduleType[];

const phaseOf = (object: KubeObject): string => text(statusOf(object)['phase']) ?? '';

export interface BackupScheduleOptions {
  /** `off`: this operator leaves accounts, works and labels to others, on and off alike */
  readonly tokens: 'operator' | 'off';
}

export class BackupScheduleActor extends Actor {
  private readonly pass: TokenPass;

  constructor(env: HubEnv, private readonly options: BackupScheduleOptions) {
    super('backup-schedule', env, { concurrency: 1, retryBaseMs: 500, retryMaxMs: 30_000 });
    this.pass = new TokenPass(env);
  }

  subscribe(): void {
    const { informers } = this.env;
    for (const type of [
      resources.managedCluster, resources.managedClusterAddOn, resources.managedServiceAccount, resources.manifestWork, resources.secret, resources.multiClusterEngine,
      resources.multiClusterHub, resources.backupStorageLocation, resources.veleroBackup, resources.restore,
    ]) informers.of(type);
    informers.of(resources.backupSchedule).onChange(({ type, object, previous }) => {
      if (type === 'DELETE' || !previous || !sameJson(previous.spec, object.spec)) this.queue.add(object.metadata.name);
    });
    informers.of(resources.veleroSchedule).onChange(({ object }) => {
      const name = labelOf(object, LABEL.scheduleName);
      if (name !== undefined) this.queue.add(name);
    });
  }

  protected async reconcile(name: string): Promise<void> {
    if (!isBackupComponentOn(this.env)) return this.queue.addAfter(name, this.env.timings.componentMs);
    const schedule = this.env.informers.of(resources.backupSchedule).get(name, namespace);
    if (!schedule) return this.removeVeleroSchedules(name);
    if (schedule.metadata.deletionTimestamp !== undefined || phaseOf(schedule) === 'BackupCollision') return;
    if (specOf(schedule)['paused'] === true) {
      await this.pauseVelero(name, true);
      return this.setStatus(schedule, 'Paused', 'BackupSchedule is paused.');
    }
    const problem = this.problemOf(schedule);
    if (problem !== null) {
      await this.removeTokensIfOff(schedule);
      await this.setStatus(schedule, 'FailedValidation', problem);
      return this.queue.addAfter(name, this.env.timings.failedRetryMs);
    }
    await this.removeTokensIfOff(schedule);
    if (this.veleroSchedules(name).length === 0) await this.begin(schedule);
    else await this.goOn(schedule);
  }

  private veleroSchedules(name: string): KubeObject[] {
    return this.env.informers.of(resources.veleroSchedule).inNamespace(namespace).filter((schedule) => labelOf(schedule, LABEL.scheduleName) === name);
  }

  private problemOf(schedule: KubeObject): string | null {
    const { name, creationTimestamp = '' } = schedule.metadata;
    const { informers } = this.env;
    const storage = storageProblem(this.env);
    if (storage !== null) return storage;
    const others = informers.of(resources.backupSchedule).inNamespace(namespace).filter((other) => other.metadata.name !== name && !['BackupCollision', 'FailedValidation'].includes(phaseOf(other)));
    const other = others.find(({ metadata }) => (metadata.creationTimestamp ?? '') < creationTimestamp || (metadata.creationTimestamp === creationTimestamp && metadata.name < name));
    const ignored = (kind: string, active: string): string =>
      `This resource is ignored because ${kind} resource ${active} is currently active, before creating another resource verify that any active resources are removed.`;
    if (other) return ignored('BackupSchedule', other.metadata.name);
    const restore = informers.of(resources.restore).inNamespace(namespace).find((candidate) => !isRestoreOver(candidate));
    if (restore) return ignored('Restore', restore.metadata.name);
    if (parseCron(text(specOf(schedule)['veleroSchedule']) ?? '') === null) return `invalid schedule: expected exactly 5 fields, found ${JSON.stringify(specOf(schedule)['veleroSchedule'])}`;
    if (specOf(schedule)['useManagedServiceAccount'] === true && !isServiceAccountComponentOn(this.env)) {
      return 'UseManagedServiceAccount option cannot be used, managedserviceaccount component is not enabled';
    }
    return null;
  }

  private usesTokens(schedule: KubeObject): boolean {
    return this.options.tokens === 'operator' && specOf(schedule)['useManagedServiceAccount'] === true && isServiceAccountComponentOn(this.env);
  }

  private async removeTokensIfOff(schedule: KubeObject): Promise<void> {
    if (this.options.tokens === 'operator' && !this.usesTokens(schedule)) await this.pass.removeAll();
  }

  /** The first reconcile: everything before the Velero schedules. */
  private async begin(schedule: KubeObject): Promise<void> {
    const { timings, time } = this.env;
    if (this.usesTokens(schedule)) {
      await this.pass.makeAccounts(specOf(schedule));
      await time.sleep(timings.firstPassSleepMs);
      await this.pass.labelSecrets();
    }
    const suffix = stamp(this.now);
    for (const type of TYPES) await this.createVeleroSchedule(schedule, type);
    if (specOf(schedule)['noBackupOnStart'] !== true) for (const type of TYPES) await this.createFirstBackup(schedule, type, suffix);
    await this.setStatus(schedule, 'New', 'Velero schedules are initialized');
    this.queue.addAfter(schedule.metadata.name, timings.passMs);
  }

  private async goOn(schedule: KubeObject): Promise<void> {
    const { name } = schedule.metadata;
    const velero = this.veleroSchedules(name);
    const phase = phaseOf(schedule);
    const isOld = velero.every(({ metadata }) => (timeOf(metadata.creationTimestamp) ?? 0) + this.env.timings.scheduleAgeMs <= this.now.getTime());
    if (isOld && phase !== '' && phase !== 'New') {
      const collision = collisionMessage(this.env.informers.of(resources.veleroBackup).inNamespace(namespace), this.env.clusterId, timeOf(schedule.metadata.creationTimestamp) ?? 0);
      if (collision !== null) {
        await this.pauseVelero(name, true);
        return this.setStatus(schedule, 'BackupCollision', collision);
      }
      if (this.usesTokens(schedule)) {
        await this.pass.makeAccounts(specOf(schedule));
        await this.pass.labelSecrets();
      }
      await this.removeExpiredValidations();
    }
    await this.pauseVelero(name, false);
    await this.followSpec(schedule);
    const isNew = this.veleroSchedules(name).some((one) => ['', 'New'].includes(phaseOf(one)));
    await this.setStatus(schedule, isNew ? 'New' : 'Enabled', isNew ? 'Velero schedules are initialized' : 'Velero schedules are enabled');
    this.queue.addAfter(name, this.env.timings.passMs);
  }

  private labelsOf(schedule: KubeObject, type: ScheduleType): Record<string, string> {
    const activated = this.env.informers.of(resources.restore).inNamespace(namespace).find((restore) => isRestoreOver(restore) && specOf(restore)['veleroManagedClustersBackupName'] !== 'skip');
    return {
      [LABEL.scheduleName]: schedule.metadata.name, [LABEL.scheduleType]: type, [LABEL.backupCluster]: this.env.clusterId,
      ...(activated ? { [LABEL.activationRestore]: activated.metadata.name } : {}),
    };
  }

  private veleroSpec(schedule: KubeObject, type: ScheduleType): Json {
    const cron = text(specOf(schedule)['veleroSchedule']) ?? '';
    const ttl = type === 'validation' ? intervalOf(cron, this.now) : (text(specOf(schedule)['veleroTtl']) ?? '');
    return { schedule: cron, template: backupSpecOf(type, ttl) };
  }

  private async createVeleroSchedule(schedule: KubeObject, type: ScheduleType): Promise<void> {
    const { name, uid = '' } = schedule.metadata;
    await createUnlessThere(this.env, resources.veleroSchedule, {
      apiVersion: 'velero.io/v1', kind: 'Schedule',
      metadata: {
        name: SCHEDULES[type], namespace, labels: this.labelsOf(schedule, type),
        ownerReferences: [{ apiVersion: schedule.apiVersion, kind: schedule.kind, name, uid, controller: true, blockOwnerDeletion: true }],
      },
      spec: this.veleroSpec(schedule, type),
    }, MANAGER);
  }

  private async createFirstBackup(schedule: KubeObject, type: ScheduleType, suffix: string): Promise<void> {
    await createUnlessThere(this.env, resources.veleroBackup, {
      apiVersion: 'velero.io/v1', kind: 'Backup',
      metadata: { name: `${SCHEDULES[type]}-${suffix}`, namespace, labels: { ...this.labelsOf(schedule, type), [LABEL.veleroSchedule]: SCHEDULES[type] } },
      spec: this.veleroSpec(schedule, type)['template'],
    }, MANAGER);
  }

  /** Cron and TTL as the BackupSchedule has them now. */
  private async followSpec(schedule: KubeObject): Promise<void> {
    for (const type of TYPES) {
      const velero = this.env.informers.of(resources.veleroSchedule).get(SCHEDULES[type], namespace);
      if (!velero) continue;
      const wanted = this.veleroSpec(schedule, type);
      const { schedule: cron, template } = specOf(velero);
      const ttlOf = (value: unknown): unknown => (value as Json | undefined)?.['ttl'];
      const isSame = cron === wanted['schedule'] && (type === 'validation' || ttlOf(template) === ttlOf(wanted['template']));
      if (!isSame) await this.patchVelero(velero, { schedule: wanted['schedule'], template: { ttl: ttlOf(wanted['template']) ?? null } });
    }
  }

  private async pauseVelero(name: string, paused: boolean): Promise<void> {
    for (const velero of this.veleroSchedules(name)) {
      if ((specOf(velero)['paused'] === true) !== paused) await this.patchVelero(velero, { paused });
    }
  }

  private async patchVelero(velero: KubeObject, spec: Json): Promise<void> {
    await this.env.client.patch(resources.veleroSchedule, { name: velero.metadata.name, namespace }, { spec }, { patchType: 'merge', fieldManager: MANAGER });
  }

  private async removeVeleroSchedules(name: string): Promise<void> {
    for (const velero of this.veleroSchedules(name)) await this.env.client.delete(resources.veleroSchedule, { name: velero.metadata.name, namespace });
  }

  /** Whichever hub's operator comes first removes them from the shared store, a passive one's too. */
  private async removeExpiredValidations(): Promise<void> {
    for (const backup of this.env.informers.of(resources.veleroBackup).inNamespace(namespace)) {
      const expiresMs = timeOf(statusOf(backup)['expiration']);
      if (labelOf(backup, LABEL.veleroSchedule) !== SCHEDULES.validation || expiresMs === null || expiresMs > this.now.getTime()) continue;
      await requestDeletion(this.env, backup.metadata.name, MANAGER);
    }
  }

  private async setStatus(schedule: KubeObject, phase: string, lastMessage: string): Promise<void> {
    const status: Json = { phase, lastMessage, ...this.copies() };
    const known = statusOf(schedule);
    if (Object.entries(status).every(([key, value]) => sameJson(known[key], value))) return;
    await patchStatus(this.env, resources.backupSchedule, { name: schedule.metadata.name, namespace }, status, MANAGER);
  }

  /** The BackupSchedule's status repeats three of its Velero schedules. */
  private copies(): Json {
    const members = { veleroScheduleCredentials: 'credentials', veleroScheduleManagedClusters: 'managedClusters', veleroScheduleResources: 'resources' } as const;
    const copies = Object.entries(members).flatMap(([member, type]): [string, Json][] => {
      const velero = this.env.informers.of(resources.veleroSchedule).get(SCHEDULES[type], namespace);
      if (!velero) return [];
      const { schedule, template, paused } = specOf(velero);
      return [[member, { apiVersion: velero.apiVersion, kind: velero.kind, spec: { schedule, template, ...(paused === true ? { paused } : {}) }, ...(velero.status === undefined ? {} : { status: velero.status }) }]];
    });
    return Object.fromEntries(copies);
  }
}

/** The time between two runs: the life of a validation backup. */
function intervalOf(cron: string, now: Date): string {
  const parsed = parseCron(cron);
  const first = parsed?.next(now);
  const second = first && parsed?.next(first);
  return first && second ? formatGoDuration(second.getTime() - first.getTime()) : '24h0m0s';
}
