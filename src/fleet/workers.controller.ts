import { Controller, Get, Param } from '@nestjs/common';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { Rest } from '../api/rest-docs.js';
import { idParam } from '../api/schemas.js';
import { hubWatchView, toHubWatchView, toWorkerView, workersView, type HubWatchView, type WorkerView } from './workers.models.js';
import { WorkersService } from './workers.service.js';

@Controller()
export class WorkersController {
  constructor(private readonly service: WorkersService) {}

  @Get('workers')
  @Requires('hub:read')
  @Rest({ summary: 'Which processes work, and which hubs each watches', tag: 'Hubs', answer: workersView })
  async listWorkers(): Promise<{ items: WorkerView[] }> {
    return { items: (await this.service.list()).map(toWorkerView) };
  }

  @Get('hubs/:id/watch')
  @Requires('hub:read')
  @Rest({ summary: 'Who watches a hub', tag: 'Hubs', answer: hubWatchView, takes: true, finds: true })
  async getHubWatch(@Param({ schema: idParam }) { id }: z.output<typeof idParam>): Promise<HubWatchView> {
    return toHubWatchView(await this.service.watchOf(id));
  }
}
