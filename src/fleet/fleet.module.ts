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
import { WorkersController } from './workers.controller.js';
import { WorkersResolver } from './workers.resolver.js';
import { WorkersService } from './workers.service.js';

@Module({
  imports: [FleetChangesModule, HubsModule],
  controllers: [FleetController, WorkersController],
  providers: [FleetRepository, FleetService, HubFactsRepository, HubOwnershipRepository, WatchSupervisor, FleetResolver, WorkersService, WorkersResolver],
  exports: [FleetService],
})
export class FleetModule {}
