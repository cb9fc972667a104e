import { Module } from '@nestjs/common';
import { PlansRepository } from './plans.repository.js';
import { PlansService } from './plans.service.js';

@Module({ providers: [PlansRepository, PlansService], exports: [PlansService] })
export class PlansModule {}
