import { Module } from '@nestjs/common';
import { FleetModule } from '../fleet/fleet.module.js';
import { HubsModule } from '../hubs/hubs.module.js';
import { BackupEvidenceRepository } from './backup-evidence.repository.js';
import { BackupFactsRepository } from './backup-facts.repository.js';
import { BackupRecordsReconciler } from './backup-records.reconciler.js';
import { BackupsController } from './backups.controller.js';
import { BackupsReconciler } from './backups.reconciler.js';
import { BackupsRepository } from './backups.repository.js';
import { BackupsResolver } from './backups.resolver.js';
import { BackupsService } from './backups.service.js';
import { ProjectBackupsProcessor } from './project-backups.processor.js';
import { SchedulesController } from './schedules.controller.js';
import { SchedulesRepository } from './schedules.repository.js';
import { SchedulesResolver } from './schedules.resolver.js';
import { SchedulesService } from './schedules.service.js';
import { ReadBackupRecordsProcessor } from './read-backup-records.processor.js';

@Module({
  imports: [FleetModule, HubsModule],
  controllers: [BackupsController, SchedulesController],
  providers: [BackupFactsRepository, BackupEvidenceRepository, BackupsRepository, BackupsReconciler, BackupRecordsReconciler, ProjectBackupsProcessor, ReadBackupRecordsProcessor, BackupsService, BackupsResolver, SchedulesRepository, SchedulesService, SchedulesResolver],
  exports: [BackupsService],
})
export class BackupsModule {}
