import { Module } from '@nestjs/common';
import { FleetModule } from '../fleet/fleet.module.js';
import { HubsModule } from '../hubs/hubs.module.js';
import { ClusterTokensResolver } from './cluster-tokens.resolver.js';
import { ReconcileTokensProcessor } from './reconcile-tokens.processor.js';
import { TokenInventoryRepository } from './token-inventory.repository.js';
import { TokenObserverRepository } from './token-observer.repository.js';
import { TokenReconciler } from './token.reconciler.js';
import { TokensController } from './tokens.controller.js';
import { TokensRepository } from './tokens.repository.js';
import { TokensResolver } from './tokens.resolver.js';
import { TokensService } from './tokens.service.js';
import { TokenTimelineController } from './token-timeline.controller.js';
import { TokenTimelineRepository } from './token-timeline.repository.js';
import { TokenTimelineService } from './token-timeline.service.js';
import { TokenWorkRepository } from './token-work.repository.js';
import { TokenWriter } from './token-writer.js';

@Module({
  imports: [FleetModule, HubsModule],
  controllers: [TokensController, TokenTimelineController],
  providers: [
    TokenWorkRepository, TokenObserverRepository, TokenInventoryRepository, TokenWriter, TokenReconciler, ReconcileTokensProcessor, TokensRepository, TokensService,
    TokensResolver, ClusterTokensResolver, TokenTimelineRepository, TokenTimelineService,
  ],
  exports: [TokensService],
})
export class TokensModule {}
