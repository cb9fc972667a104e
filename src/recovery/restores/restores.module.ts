import { Module } from '@nestjs/common';
import { RestoresRepository } from './restores.repository.js';
import { RestoresService } from './restores.service.js';

@Module({ providers: [RestoresRepository, RestoresService], exports: [RestoresService] })
export class RestoresModule {}
