import { Injectable } from '@nestjs/common';
import { AuditService } from '../access/audit.service.js';
import type { Acting } from '../common/acting.js';
import { Clock } from '../common/clock.js';
import type { ListRequest, Page, Sort } from '../common/paging.js';
import { namespaces } from '../common/rhacm-names.js';
import { backupScheduleFacts } from '../fleet/facts.rules.js';
import { HubConnections } from '../hubs/hub-connections.service.js';
import { HubsService, requireReason } from '../hubs/hubs.service.js';
import type { HubClient } from '../kube/hub-client.js';
import { isKubeError } from '../kube/kube-error.js';
import { resources } from '../kube/resources.js';
import { BackupNotInstalledError, BackupScheduleExistsError, BackupSetNotFoundError } from './backups.errors.js';
import { BackupsRepository } from './backups.repository.js';
import type { BackupSchedule, BackupSet, BackupSetFilter, BackupSetSortField, BackupSetToken, BackupSetTokenFilter, PutBackupSchedule } from './backups.types.js';
import { checkSchedule } from './schedule-input.rules.js';
import { DEFAULT_SCHEDULE_NAME, scheduleManifest } from './schedule-manifest.rules.js';
import { projectSchedule } from './schedule-projection.rules.js';

@Injectable()
export class BackupsService {
  constructor(
    private readonly repository: BackupsRepository,
    private readonly hubs: HubsService,
    private readonly connections: HubConnections,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

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
    const present = await schedulesOn(client, hubId);
    const name = schedule.name ?? present[0] ?? DEFAULT_SCHEDULE_NAME;
    const other = present.find((one) => one !== name);
    if (other !== undefined) throw new BackupScheduleExistsError(hubId, other);
    const applied = await client.apply(resources.backupSchedule, scheduleManifest(name, schedule), { force: true });
    await this.audit.record({ action: 'hub.putBackupSchedule', subject: `hub/${hubId}`, by, details: { ...schedule, name } });
    return { hubId, ...projectSchedule(name, backupScheduleFacts(applied), []), readAt: this.clock.now() };
  }

  /** By hub and name. */
  schedules(filter: { readonly hubId?: string }, request: ListRequest): Promise<Page<BackupSchedule>> {
    return this.repository.schedules(filter, request);
  }

  sets(filter: BackupSetFilter, sort: Sort<BackupSetSortField>, request: ListRequest): Promise<Page<BackupSet>> {
    return this.repository.sets(filter, sort, request);
  }

  /** @throws BackupSetNotFoundError */
  async set(setId: string): Promise<BackupSet> {
    const set = await this.repository.set(setId);
    if (set === null) throw new BackupSetNotFoundError(setId);
    return set;
  }

  /** By cluster and account. @throws BackupSetNotFoundError */
  async setTokens(setId: string, filter: BackupSetTokenFilter, request: ListRequest): Promise<Page<BackupSetToken>> {
    await this.set(setId);
    return this.repository.tokensOf(setId, filter, request);
  }
}

/** Names of those that are not on their way out, sorted. @throws BackupNotInstalledError, KubeError */
async function schedulesOn(client: HubClient, hubId: string): Promise<string[]> {
  try {
    const { items } = await client.list(resources.backupSchedule, { namespace: namespaces.backup });
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.name).sort();
  } catch (error) {
    if (isKubeError(error, 'KUBE_NOT_FOUND')) throw new BackupNotInstalledError(hubId, { cause: error });
    throw error;
  }
}
