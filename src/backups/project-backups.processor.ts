import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { FleetChanges } from '../fleet/fleet-changes.service.js';
import type { FleetChange, WatchedKind } from '../fleet/fleet.types.js';
import { Jobs } from '../jobs/jobs.js';
import { BackupFactsRepository } from './backup-facts.repository.js';
import { BackupsReconciler } from './backups.reconciler.js';
import { projectBackups } from './project-backups.job.js';

const KINDS: ReadonlySet<WatchedKind> = new Set<WatchedKind>(['BACKUP_SCHEDULE', 'VELERO_SCHEDULE', 'VELERO_BACKUP']);
const HUBS_AT_ONCE = 4;
/** Token Secrets change by the thousand; what a passive sync brought may be told a moment later. Milliseconds. */
const SECRETS_DELAY_MS = 2_000;

@Injectable()
export class ProjectBackupsProcessor implements OnModuleInit, OnModuleDestroy {
  private unsubscribe: (() => void) | undefined;
  private readonly logger = new Logger(ProjectBackupsProcessor.name);
  private readonly timers = new Map<string, NodeJS.Timeout>();

  constructor(
    private readonly jobs: Jobs,
    private readonly reconciler: BackupsReconciler,
    private readonly repository: BackupFactsRepository,
    private readonly changes: FleetChanges,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.jobs.handle(projectBackups, ({ hubId }) => this.reconciler.reconcileHub(hubId), { concurrency: HUBS_AT_ONCE });
    this.jobs.sweepEvery('backups', this.config.sweepMs, () => this.sweep());
    this.unsubscribe = this.changes.subscribe((change) => this.onChange(change));
  }

  onModuleDestroy(): void {
    this.unsubscribe?.();
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  async sweep(): Promise<void> {
    await this.repository.forgetOld(this.clock.now());
    await this.jobs.enqueueMany(projectBackups, (await this.repository.hubs()).map((hubId) => ({ hubId })));
  }

  private async onChange({ hubId, topic, kinds }: FleetChange): Promise<void> {
    if (topic === 'READ' || (topic === 'FACTS' && [...kinds].some((kind) => KINDS.has(kind)))) await this.jobs.enqueue(projectBackups, { hubId });
    else if (topic === 'FACTS' && kinds.has('TOKEN_SECRET')) this.soon(hubId);
  }

  private soon(hubId: string): void {
    if (this.timers.has(hubId)) return;
    const timer = setTimeout(() => {
      this.timers.delete(hubId);
      this.jobs.enqueue(projectBackups, { hubId }).catch((error: unknown) => this.logger.warn({ hub: hubId, err: error }, 'No job could be added; the sweep will find the work'));
    }, SECRETS_DELAY_MS);
    this.timers.set(hubId, timer);
  }
}
