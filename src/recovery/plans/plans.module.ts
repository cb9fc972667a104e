import { Module } from '@nestjs/common';
import { HubsModule } from '../../hubs/hubs.module.js';
import { PlansController } from './plans.controller.js';
import { PlansRepository } from './plans.repository.js';
import { PlansResolver } from './plans.resolver.js';
import { PlansService } from './plans.service.js';

@Module({ imports: [HubsModule], controllers: [PlansController], providers: [PlansRepository, PlansService, PlansResolver], exports: [PlansService] })
export class PlansModule {}
