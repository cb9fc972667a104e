import { Module } from '@nestjs/common';
import { HubsModule } from '../../hubs/hubs.module.js';
import { RestoresController } from './restores.controller.js';
import { RestoresRepository } from './restores.repository.js';
import { RestoresResolver } from './restores.resolver.js';
import { RestoresService } from './restores.service.js';

@Module({ imports: [HubsModule], controllers: [RestoresController], providers: [RestoresRepository, RestoresService, RestoresResolver], exports: [RestoresService] })
export class RestoresModule {}
