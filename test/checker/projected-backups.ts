import { randomUUID } from 'node:crypto';
import { SystemClock } from '../../src/common/clock.js';
import { BackupEvidenceRepository } from '../../src/backups/backup-evidence.repository.js';
import { BackupFactsRepository } from '../../src/backups/backup-facts.repository.js';
import { BackupsReconciler } from '../../src/backups/backups.reconciler.js';
import type { PrismaService } from '../../src/database/prisma.service.js';
import type { Sql } from '../../src/database/sql.js';
import { FleetChanges } from '../../src/fleet/fleet-changes.service.js';
import type { ObservedObject } from '../../src/fleet/facts.types.js';
import type { WatchedKind } from '../../src/fleet/fleet.types.js';

/** What wakes the projection, as its processor hears it */
export const backupKinds: ReadonlySet<WatchedKind> = new Set<WatchedKind>(['BACKUP_SCHEDULE', 'VELERO_SCHEDULE', 'VELERO_BACKUP']);

const AGAIN_MS = 50;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface ProjectedRows {
  readonly backups: readonly object[];
  readonly schedules: readonly object[];
}

/** Schedules and backups as they are worked out of facts. Sets are not: they tell of what was, too. */
export class ProjectedBackups {
  private readonly reconciler: BackupsReconciler;
  private working: Promise<void> | null = null;
  private isAskedAgain = false;
  private stopped = false;

  constructor(private readonly prisma: PrismaService, sql: Sql, private readonly hubId: string) {
    this.reconciler = new BackupsReconciler(new BackupFactsRepository(sql), new BackupEvidenceRepository(sql), new FleetChanges(), new SystemClock());
  }

  /** Something changed: worked out now, and once more where that was under way already. */
  wake(): void {
    this.isAskedAgain = true;
    this.working ??= this.work().finally(() => (this.working = null));
  }

  rows(): Promise<ProjectedRows> {
    return this.rowsOf(this.hubId);
  }

  /** What would be worked out for a hub that had nothing but these objects from its beginning. */
  async ofFresh(objects: readonly ObservedObject[]): Promise<ProjectedRows> {
    const now = new Date();
    const { id } = await this.prisma.hub.create({ data: { name: randomUUID(), apiUrl: 'https://fresh', createdAt: now, createdBy: 'checker', updatedAt: now } });
    try {
      await this.prisma.hubObject.createMany({ data: objects.map(({ facts, ...object }) => ({ ...object, facts: JSON.parse(JSON.stringify(facts)) as object, hubId: id, readAt: now, writtenAt: now, epoch: 0n })) });
      await this.reconciler.reconcileHub(id);
      return await this.rowsOf(id);
    } finally {
      await this.forget(id);
      await this.prisma.hub.delete({ where: { id } });
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.working;
    await this.forget(this.hubId);
  }

  private async work(): Promise<void> {
    while (this.isAskedAgain && !this.stopped) {
      this.isAskedAgain = false;
      try {
        await this.reconciler.reconcileHub(this.hubId);
      } catch {
        // The database was away: as a job it would be tried again.
        this.isAskedAgain = true;
        await pause(AGAIN_MS);
      }
    }
  }

  private async rowsOf(hubId: string): Promise<ProjectedRows> {
    const [backups, schedules] = await Promise.all([this.prisma.backup.findMany({ where: { hubId } }), this.prisma.backupSchedule.findMany({ where: { hubId } })]);
    return { backups: backups.map(({ hubId: _hub, readAt: _read, ...row }) => row), schedules: schedules.map(({ hubId: _hub, readAt: _read, ...row }) => row) };
  }

  private async forget(hubId: string): Promise<void> {
    await this.prisma.backup.deleteMany({ where: { hubId } });
    await this.prisma.backupSchedule.deleteMany({ where: { hubId } });
  }
}
