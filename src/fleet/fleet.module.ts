import { Module } from '@nestjs/common';
import { HubsModule } from '../hubs/hubs.module.js';
import { FleetChangesModule } from './fleet-changes.module.js';
import { FleetController } from './fleet.controller.js';
import { FleetRepository } from './fleet.repository.js';
import { FleetResolver } from './fleet.resolver.js';
import { FleetService } from './fleet.service.js';
import { HubFactsRepository } from './hub-facts.repository.js';
import { HubOwnershipRepository } from './hub-ownership.repository.js';
import { WatchSupervisor } from './watch-supervisor.js';

@Module({
  imports: [FleetChangesModule, HubsModule],
  controllers: [FleetController],
  providers: [FleetRepository, FleetService, HubFactsRepository, HubOwnershipRepository, WatchSupervisor, FleetResolver],
  exports: [FleetService],
})
export class FleetModule {}
