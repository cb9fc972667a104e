import { Module } from '@nestjs/common';
import { HubViewService } from '../hub-view.service.js';
import { ImporterService } from './importer.service.js';

/** What acts on a target, apart from ImportsModule: the failover machine uses it, and that module uses the machine. */
@Module({ providers: [HubViewService, ImporterService], exports: [HubViewService, ImporterService] })
export class ImporterModule {}
