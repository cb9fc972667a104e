import { Module } from '@nestjs/common';
import { FleetChangesModule } from '../fleet/fleet-changes.module.js';
import { ComputeReadinessProcessor } from './compute-readiness.processor.js';
import { PlanWorlds } from './plan-worlds.service.js';
import { ReadinessController } from './readiness.controller.js';
import { ReadinessRepository } from './readiness.repository.js';
import { ClusterReadinessResolver, HubReadinessResolver, PlanReadinessResolver } from './readiness.resolver.js';
import { ReadinessService } from './readiness.service.js';

@Module({
  imports: [FleetChangesModule],
  controllers: [ReadinessController],
  providers: [ReadinessRepository, PlanWorlds, ReadinessService, ComputeReadinessProcessor, PlanReadinessResolver, HubReadinessResolver, ClusterReadinessResolver],
  exports: [ReadinessService],
})
export class ReadinessModule {}
