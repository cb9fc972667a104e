import { Module } from '@nestjs/common';
import { FailoversModule } from './failovers/failovers.module.js';
import { ImportsModule } from './imports/imports.module.js';
import { PlansModule } from './plans/plans.module.js';
import { RestoresModule } from './restores/restores.module.js';

@Module({ imports: [PlansModule, RestoresModule, ImportsModule, FailoversModule] })
export class RecoveryModule {}
