import { Module } from '@nestjs/common';
import { FleetChangesModule } from '../fleet/fleet-changes.module.js';
import { ChangeFeed } from './change-feed.service.js';
import { ChangesUpkeepProcessor } from './changes-upkeep.processor.js';
import { ChangesController } from './changes.controller.js';
import { ChangesRepository } from './changes.repository.js';
import { ChangesResolver } from './changes.resolver.js';
import { ChangesService } from './changes.service.js';

@Module({
  imports: [FleetChangesModule],
  controllers: [ChangesController],
  providers: [ChangesRepository, ChangeFeed, ChangesService, ChangesUpkeepProcessor, ChangesResolver],
})
export class ChangesModule {}
