import { Module } from '@nestjs/common';
import { CredentialSealer } from './credential-sealer.service.js';
import { HubConnections } from './hub-connections.service.js';
import { HubInspector } from './hub-inspector.service.js';
import { HubsRepository } from './hubs.repository.js';
import { HubsService } from './hubs.service.js';

@Module({
  providers: [CredentialSealer, HubConnections, HubInspector, HubsRepository, HubsService],
  exports: [HubConnections, HubsService],
})
export class HubsModule {}
