import { Controller, Get, Param, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Requires } from '../../access/requires.decorator.js';
import { partsOf, toPageView, type PageView } from '../../api/paging.js';
import { Rest } from '../../api/rest-docs.js';
import { idParam } from '../../api/schemas.js';
import { restorePage, restoreQuery, restoreView, toRestoreView, type RestoreView } from './restores.models.js';
import { RestoresService } from './restores.service.js';

@Controller('restores')
export class RestoresController {
  constructor(private readonly restores: RestoresService) {}

  @Get()
  @Requires('restore:read')
  @Rest({ summary: 'The restore history', tag: 'Restores', answer: restorePage, takes: true })
  async listRestores(@Query({ schema: restoreQuery }) query: z.output<typeof restoreQuery>): Promise<PageView<RestoreView>> {
    const { filter, sort, request } = partsOf(query);
    return toPageView(await this.restores.list(filter, sort, request), toRestoreView);
  }

  @Get(':id')
  @Requires('restore:read')
  @Rest({ summary: 'Read a restore', tag: 'Restores', answer: restoreView, takes: true, finds: true })
  async getRestore(@Param({ schema: idParam }) { id }: z.output<typeof idParam>): Promise<RestoreView> {
    return toRestoreView(await this.restores.get(id));
  }
}
