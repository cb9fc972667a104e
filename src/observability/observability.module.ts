import { Module } from '@nestjs/common';
import { FleetFiguresRepository } from './fleet-figures.repository.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { loggingModule } from './logging.module.js';
import { MetricsController } from './metrics.controller.js';
import { MetricsService } from './metrics.service.js';
import { RequestLog } from './request-log.js';

@Module({
  imports: [loggingModule()],
  controllers: [HealthController, MetricsController],
  providers: [HealthService, FleetFiguresRepository, MetricsService, RequestLog],
})
export class ObservabilityModule {}
