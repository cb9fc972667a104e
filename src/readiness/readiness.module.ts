import { Module } from '@nestjs/common';
import { FleetChangesModule } from '../fleet/fleet-changes.module.js';
import { AcknowledgementsController } from './acknowledgements.controller.js';
import { AcknowledgementsRepository } from './acknowledgements.repository.js';
import { AcknowledgementsResolver } from './acknowledgements.resolver.js';
import { AcknowledgementsService } from './acknowledgements.service.js';
import { ClusterListRepository } from './cluster-list.repository.js';
import { ComputeReadinessProcessor } from './compute-readiness.processor.js';
import { HistoryController } from './history.controller.js';
import { HistoryRepository } from './history.repository.js';
import { HistoryResolver } from './history.resolver.js';
import { HistoryService } from './history.service.js';
import { HubWorldsRepository } from './hub-worlds.repository.js';
import { OutlookController } from './outlook.controller.js';
import { OutlookRepository } from './outlook.repository.js';
import { OutlookResolver } from './outlook.resolver.js';
import { OutlookService } from './outlook.service.js';
import { PlanWorlds } from './plan-worlds.service.js';
import { ReadinessController } from './readiness.controller.js';
import { ReadinessRepository } from './readiness.repository.js';
import { ClusterReadinessResolver, HubReadinessResolver, PlanReadinessResolver } from './readiness.resolver.js';
import { ReadinessService } from './readiness.service.js';

@Module({
  imports: [FleetChangesModule],
  controllers: [ReadinessController, OutlookController, HistoryController, AcknowledgementsController],
  providers: [
    ReadinessRepository, HubWorldsRepository, ClusterListRepository, PlanWorlds, ReadinessService, ComputeReadinessProcessor, PlanReadinessResolver, HubReadinessResolver, ClusterReadinessResolver,
    OutlookRepository, OutlookService, OutlookResolver,
    HistoryRepository, HistoryService, HistoryResolver,
    AcknowledgementsRepository, AcknowledgementsService, AcknowledgementsResolver,
  ],
  exports: [ReadinessService],
})
export class ReadinessModule {}
