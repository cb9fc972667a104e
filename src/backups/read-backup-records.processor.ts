import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { FleetChanges } from '../fleet/fleet-changes.service.js';
import { Jobs } from '../jobs/jobs.js';
import { BackupEvidenceRepository } from './backup-evidence.repository.js';
import { BackupRecordsReconciler } from './backup-records.reconciler.js';
import { readBackupRecords } from './read-backup-records.job.js';

/** A hub whose Velero does not answer keeps its place for the time that a question is given; a record being read keeps its buffers. */
const SETS_AT_ONCE = 6;

@Injectable()
export class ReadBackupRecordsProcessor implements OnModuleInit, OnModuleDestroy {
  private unsubscribe: (() => void) | undefined;

  constructor(
    private readonly jobs: Jobs,
    private readonly reconciler: BackupRecordsReconciler,
    private readonly evidence: BackupEvidenceRepository,
    private readonly changes: FleetChanges,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.jobs.handle(readBackupRecords, ({ setId }, signal) => this.reconciler.readSet(setId, signal), { concurrency: SETS_AT_ONCE });
    this.jobs.sweepEvery('backup-records', this.config.sweepMs, () => this.sweep());
    this.unsubscribe = this.changes.subscribe(({ topic }) => (topic === 'BACKUP_SETS' ? this.wakeDue() : undefined));
  }

  onModuleDestroy(): void {
    this.unsubscribe?.();
  }

  async sweep(): Promise<void> {
    await this.reconciler.removeLeftovers();
    await this.wakeDue();
  }

  private async wakeDue(): Promise<void> {
    const sets = await this.evidence.setsWithDueRecords(this.clock.now());
    await this.jobs.enqueueMany(readBackupRecords, sets.map((setId) => ({ setId })));
  }
}
