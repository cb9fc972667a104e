import { Module } from '@nestjs/common';
import { FailoversServiceModule } from '../failovers/failovers-service.module.js';
import { ImportsController } from './imports.controller.js';
import { ImportsRepository } from './imports.repository.js';
import { ImportsResolver } from './imports.resolver.js';
import { ImportsService } from './imports.service.js';

@Module({ imports: [FailoversServiceModule], controllers: [ImportsController], providers: [ImportsRepository, ImportsService, ImportsResolver], exports: [ImportsService] })
export class ImportsModule {}
