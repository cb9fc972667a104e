import { Module } from '@nestjs/common';
import { PlansModule } from '../plans/plans.module.js';
import { FailoverEvents } from './failover-events.js';
import { FailoversRepository } from './failovers.repository.js';
import { FailoversService } from './failovers.service.js';

/** The service without doors and machine: imports build on it, and both the doors and the machine on imports. */
@Module({ imports: [PlansModule], providers: [FailoverEvents, FailoversRepository, FailoversService], exports: [FailoverEvents, FailoversRepository, FailoversService] })
export class FailoversServiceModule {}
