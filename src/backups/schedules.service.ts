import { Injectable } from '@nestjs/common';
import { AuditService } from '../access/audit.service.js';
import type { Acting } from '../common/acting.js';
import { Clock } from '../common/clock.js';
import type { ListRequest, Page } from '../common/paging.js';
import { namespaces } from '../common/rhacm-names.js';
import { backupScheduleFacts } from '../fleet/facts.rules.js';
import { HubConnections } from '../hubs/hub-connections.service.js';
import { HubsService, requireReason } from '../hubs/hubs.service.js';
import type { HubClient } from '../kube/hub-client.js';
import { isKubeError } from '../kube/kube-error.js';
import type { KubeObject } from '../kube/kube.types.js';
import { resources } from '../kube/resources.js';
import { BackupNotInstalledError, BackupScheduleExistsError, BackupScheduleInvalidError } from './backups.errors.js';
import type { BackupSchedule, PutBackupSchedule } from './backups.types.js';
import { parseCron } from './cron.rules.js';
import { checkSchedule, checkScheduleChange, wantedSchedule } from './schedule-input.rules.js';
import { DEFAULT_SCHEDULE_NAME, scheduleManifest, schedulePatch, tokenTtlOf } from './schedule-manifest.rules.js';
import { schedulePreview } from './schedule-preview.rules.js';
import { projectSchedule } from './schedule-projection.rules.js';
import { nextRuns, runPattern } from './schedule-times.rules.js';
import { BackupScheduleChangedError, BackupScheduleNotFoundError, HubFencedError, PauseNotSupportedError, ScheduleCollidedError } from './schedules.errors.js';
import { SchedulesRepository } from './schedules.repository.js';
import type { ScheduleChange, SchedulePreview } from './schedules.types.js';

const RUNS_SHOWN = 5;
/** A schedule's status is written often: what was read is read again as many times. */
const PATCH_TRIES = 5;

/** What a caller may ask of a schedule that is there. */
interface Asked {
  readonly action: 'hub.changeBackupSchedule' | 'hub.pauseBackupSchedule' | 'hub.resumeBackupSchedule';
  readonly change: ScheduleChange;
  /** null: whatever it is now */
  readonly expectedVersion: number | null;
}

/** BackupSchedules: made, changed, paused and resumed, never deleted; and what would follow from a change. */
@Injectable()
export class SchedulesService {
  constructor(
    private readonly repository: SchedulesRepository,
    private readonly hubs: HubsService,
    private readonly connections: HubConnections,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /** By hub and name. */
  schedules(filter: { readonly hubId?: string }, request: ListRequest): Promise<Page<BackupSchedule>> {
    return this.repository.schedules(filter, request);
  }

  /** As the hub last told it. @throws HubNotFoundError, BackupScheduleNotFoundError */
  async ofHub(hubId: string): Promise<BackupSchedule> {
    await this.hubs.get(hubId);
    const schedule = await this.repository.ofHub(hubId);
    if (schedule === null) throw new BackupScheduleNotFoundError(hubId);
    return schedule;
  }

  /**
   * Creates the hub's BackupSchedule, or changes the one that is there, in these fields alone. Takes them over from whoever set them before:
   * a person asked for it, with a reason.
   * @throws HubNotFoundError, ReasonRequiredError, BackupScheduleInvalidError, BackupScheduleExistsError, BackupNotInstalledError, KubeError
   */
  async putSchedule(hubId: string, schedule: PutBackupSchedule, by: Acting): Promise<BackupSchedule> {
    requireReason('Changing a backup schedule', by);
    checkSchedule(schedule);
    await this.hubs.get(hubId);
    const client = await this.connections.clientFor(hubId);
    const present = (await schedulesOn(client, hubId)).map(({ metadata }) => metadata.name);
    const name = schedule.name ?? present[0] ?? DEFAULT_SCHEDULE_NAME;
    const other = present.find((one) => one !== name);
    if (other !== undefined) throw new BackupScheduleExistsError(hubId, other);
    let written = await client.apply(resources.backupSchedule, scheduleManifest(name, schedule), { force: true });
    // Apply leaves what another owns and we do not name; absent means the operator's own.
    if (schedule.tokenTtl === undefined && tokenTtlOf(written) !== null) written = await patch(client, written, { tokenTtl: null });
    await this.audit.record({ action: 'hub.putBackupSchedule', subject: `hub/${hubId}`, by, details: { ...schedule, name } });
    return this.told(hubId, written);
  }

  /**
   * Changes the schedule that is there in the fields that are given.
   * @param expectedVersion the version that was read: its spec is still what it was then
   * @throws as putSchedule, and BackupScheduleNotFoundError, BackupScheduleChangedError, PauseNotSupportedError, HubFencedError
   */
  changeSchedule(hubId: string, change: ScheduleChange, expectedVersion: number, by: Acting): Promise<BackupSchedule> {
    return this.act(hubId, { action: 'hub.changeBackupSchedule', change, expectedVersion }, by);
  }

  /** No set is made any more; what is there stays. @throws as changeSchedule */
  pause(hubId: string, by: Acting): Promise<BackupSchedule> {
    return this.act(hubId, { action: 'hub.pauseBackupSchedule', change: { paused: true }, expectedVersion: null }, by);
  }

  /** @throws as changeSchedule, and ScheduleCollidedError */
  resume(hubId: string, by: Acting): Promise<BackupSchedule> {
    return this.act(hubId, { action: 'hub.resumeBackupSchedule', change: { paused: false }, expectedVersion: null }, by);
  }

  /**
   * What would follow from the change, or from a new schedule, by what is known: no hub is asked.
   * @throws HubNotFoundError, BackupScheduleInvalidError
   */
  async preview(hubId: string, change: ScheduleChange): Promise<SchedulePreview> {
    const hub = await this.hubs.get(hubId);
    const present = await this.repository.ofHub(hubId);
    const wanted = wantedSchedule(present, change);
    const now = this.clock.now();
    const cron = parseCron(wanted.cron);
    const pattern = cron && runPattern(cron, wanted.veleroTtlMs, now);
    if (cron === null || pattern === null) throw new BackupScheduleInvalidError('The cron expression never runs', 'cron');
    const [plans, clusters, { lastRunAt, lastSetExpiresAt }] = await Promise.all([this.repository.plans(hubId), this.repository.lives(hubId), this.repository.sets(hubId)]);
    const runs = nextRuns(cron, lastRunAt, present === null, now, RUNS_SHOWN);
    return schedulePreview(wanted, pattern, runs, { hubId, name: present?.name ?? null, hub, plans, clusters, lastSetExpiresAt });
  }

  private async act(hubId: string, { action, change, expectedVersion }: Asked, by: Acting): Promise<BackupSchedule> {
    requireReason('Changing a backup schedule', by);
    checkScheduleChange(change);
    const hub = await this.hubs.get(hubId);
    if (change.paused === false && hub.fencing !== 'NONE') throw new HubFencedError(hubId, hub.fencing);
    const client = await this.connections.clientFor(hubId);
    const written = await this.patchAsRead(client, hubId, change, expectedVersion);
    await this.audit.record({ action, subject: `hub/${hubId}`, by, details: { ...change, name: written.metadata.name } });
    return this.told(hubId, written);
  }

  /** In the state in which it was read, and read again where only its status has moved since. */
  private async patchAsRead(client: HubClient, hubId: string, change: ScheduleChange, expectedVersion: number | null): Promise<KubeObject> {
    for (let tries = 1; ; tries += 1) {
      const [present] = await schedulesOn(client, hubId);
      if (present === undefined) throw new BackupScheduleNotFoundError(hubId);
      const version = present.metadata.generation ?? 0;
      if (expectedVersion !== null && version !== expectedVersion) throw new BackupScheduleChangedError(hubId, expectedVersion, version);
      const facts = backupScheduleFacts(present);
      if (change.paused === false && facts.phase === 'BackupCollision') throw new ScheduleCollidedError(hubId);
      try {
        const written = await patch(client, present, change);
        if (change.paused === true && !backupScheduleFacts(written).paused) throw new PauseNotSupportedError(hubId);
        return written;
      } catch (error) {
        if (tries >= PATCH_TRIES || !isKubeError(error, 'KUBE_CONFLICT')) throw error;
      }
    }
  }

  private told(hubId: string, object: KubeObject): BackupSchedule {
    return { hubId, ...projectSchedule(object.metadata.name, backupScheduleFacts(object), []), readAt: this.clock.now() };
  }
}

function patch(client: HubClient, present: KubeObject, change: ScheduleChange): Promise<KubeObject> {
  return client.patch(resources.backupSchedule, { name: present.metadata.name, namespace: namespaces.backup }, schedulePatch(present, change), { patchType: 'merge' });
}

/** Those that are not on their way out, by name. @throws BackupNotInstalledError, KubeError */
async function schedulesOn(client: HubClient, hubId: string): Promise<KubeObject[]> {
  try {
    const { items } = await client.list(resources.backupSchedule, { namespace: namespaces.backup });
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  } catch (error) {
    if (isKubeError(error, 'KUBE_NOT_FOUND')) throw new BackupNotInstalledError(hubId, { cause: error });
    throw error;
  }
}
