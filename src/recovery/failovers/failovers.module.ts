import { Module } from '@nestjs/common';
import { HubsModule } from '../../hubs/hubs.module.js';
import { ReadinessModule } from '../../readiness/readiness.module.js';
import { ImporterModule } from '../imports/importer.module.js';
import { ImportsModule } from '../imports/imports.module.js';
import { PlansModule } from '../plans/plans.module.js';
import { RestoresModule } from '../restores/restores.module.js';
import { AdvanceFailoverProcessor } from './advance-failover.processor.js';
import { ApprovalStep } from './approval.step.js';
import { CommitStep, ReprotectStep } from './closing.steps.js';
import { FailoverMachine } from './failover-machine.service.js';
import { FailoversServiceModule } from './failovers-service.module.js';
import { FailoversController } from './failovers.controller.js';
import { FailoversResolver } from './failovers.resolver.js';
import { FencingStep } from './fencing.step.js';
import { FencingWatchProcessor } from './fencing-watch.processor.js';
import { ImportPass } from './import-pass.service.js';
import { ImportingStep } from './importing.step.js';
import { LateImports } from './late-imports.service.js';
import { PreflightStep } from './preflight.step.js';
import { RestoringStep } from './restoring.step.js';
import { SourceFencer } from './source-fencer.service.js';
import { UndoingStep } from './undoing.step.js';
import { VerifyingStep } from './verifying.step.js';

@Module({
  imports: [HubsModule, ReadinessModule, PlansModule, RestoresModule, ImporterModule, ImportsModule, FailoversServiceModule],
  controllers: [FailoversController],
  providers: [
    FailoversResolver, FailoverMachine, AdvanceFailoverProcessor, FencingWatchProcessor, ImportPass, LateImports, SourceFencer,
    PreflightStep, ApprovalStep, FencingStep, RestoringStep, ImportingStep, VerifyingStep, CommitStep, ReprotectStep, UndoingStep,
  ],
})
export class FailoversModule {}
