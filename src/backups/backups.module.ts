import { Module } from '@nestjs/common';
import { FleetModule } from '../fleet/fleet.module.js';
import { HubsModule } from '../hubs/hubs.module.js';
import { BackupFactsRepository } from './backup-facts.repository.js';
import { BackupsController } from './backups.controller.js';
import { BackupsReconciler } from './backups.reconciler.js';
import { BackupsRepository } from './backups.repository.js';
import { BackupsResolver } from './backups.resolver.js';
import { BackupsService } from './backups.service.js';
import { ProjectBackupsProcessor } from './project-backups.processor.js';

@Module({
  imports: [FleetModule, HubsModule],
  controllers: [BackupsController],
  providers: [BackupFactsRepository, BackupsRepository, BackupsReconciler, ProjectBackupsProcessor, BackupsService, BackupsResolver],
  exports: [BackupsService],
})
export class BackupsModule {}
