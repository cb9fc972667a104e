import { Module } from '@nestjs/common';
import { HubsModule } from '../hubs/hubs.module.js';
import { PlansModule } from '../recovery/plans/plans.module.js';
import { CheckTokensProcessor } from './check-tokens.processor.js';
import { DeepChecker } from './deep-checker.service.js';
import { DeepChecksReconciler } from './deep-checks.reconciler.js';
import { DeepChecksRepository } from './deep-checks.repository.js';
import { PathProber } from './path-prober.service.js';
import { PathsReconciler } from './paths.reconciler.js';
import { ProbePathsProcessor } from './probe-paths.processor.js';
import { ProbesController } from './probes.controller.js';
import { ProbesRepository } from './probes.repository.js';
import { ProbesResolver } from './probes.resolver.js';
import { ProbesService } from './probes.service.js';

@Module({
  imports: [HubsModule, PlansModule],
  controllers: [ProbesController],
  providers: [ProbesRepository, PathProber, PathsReconciler, ProbePathsProcessor, DeepChecksRepository, DeepChecker, DeepChecksReconciler, CheckTokensProcessor, ProbesService, ProbesResolver],
})
export class ProbesModule {}
