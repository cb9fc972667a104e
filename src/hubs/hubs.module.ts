import { Module } from '@nestjs/common';
import { FleetChangesModule } from '../fleet/fleet-changes.module.js';
import { CredentialSealer } from './credential-sealer.service.js';
import { HubConnections } from './hub-connections.service.js';
import { HubInspector } from './hub-inspector.service.js';
import { HubUpkeepProcessor } from './hub-upkeep.processor.js';
import { ProtectionObjects } from './protection-objects.service.js';
import { ProtectionRemovalController } from './protection-removal.controller.js';
import { ProtectionRemovalProcessor } from './protection-removal.processor.js';
import { ProtectionRemovalRepository } from './protection-removal.repository.js';
import { ProtectionRemovalResolver } from './protection-removal.resolver.js';
import { ProtectionRemovals } from './protection-removal.service.js';
import { HubsController } from './hubs.controller.js';
import { HubsRepository } from './hubs.repository.js';
import { HubsResolver } from './hubs.resolver.js';
import { HubsService } from './hubs.service.js';

@Module({
  imports: [FleetChangesModule],
  controllers: [HubsController, ProtectionRemovalController],
  providers: [
    CredentialSealer, HubConnections, HubInspector, HubsRepository, HubsService, HubUpkeepProcessor, HubsResolver, ProtectionObjects, ProtectionRemovalRepository, ProtectionRemovals,
    ProtectionRemovalProcessor, ProtectionRemovalResolver,
  ],
  exports: [HubConnections, HubsService],
})
export class HubsModule {}
