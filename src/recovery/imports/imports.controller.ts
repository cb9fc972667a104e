import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Requires } from '../../access/requires.decorator.js';
import { Actor, actingOf } from '../../api/caller.decorator.js';
import { partsOf, toPageView, type PageView } from '../../api/paging.js';
import { Rest } from '../../api/rest-docs.js';
import { idParam } from '../../api/schemas.js';
import { importPage, importParams, importQuery, importView, supplyApiUrlBody, toImportView, type ImportView } from './imports.models.js';
import { ImportsService } from './imports.service.js';

@Controller('failovers/:id/imports')
export class ImportsController {
  constructor(private readonly imports: ImportsService) {}

  @Get()
  @Requires('failover:read')
  @Rest({ summary: 'List the imports of a failover', tag: 'Failovers', answer: importPage, takes: true, finds: true })
  async listImports(@Param({ schema: idParam }) { id }: z.output<typeof idParam>, @Query({ schema: importQuery }) query: z.output<typeof importQuery>): Promise<PageView<ImportView>> {
    const { filter, sort, request } = partsOf(query);
    return toPageView(await this.imports.list(id, filter, sort, request), toImportView);
  }

  @Get(':cluster')
  @Requires('failover:read')
  @Rest({ summary: 'Read the import of one cluster', tag: 'Failovers', answer: importView, takes: true, finds: true })
  async getImport(@Param({ schema: importParams }) { id, cluster }: z.output<typeof importParams>): Promise<ImportView> {
    return toImportView(await this.imports.get(id, cluster));
  }

  @Post(':cluster/api-url')
  @Requires('import:supply-api-url')
  @Rest({ summary: 'Supply the API URL that a cluster\u2019s import lacks', tag: 'Failovers', answer: importView, acts: true, takes: true, finds: true })
  async supplyApiUrl(@Param({ schema: importParams }) { id, cluster }: z.output<typeof importParams>, @Body({ schema: supplyApiUrlBody }) body: z.output<typeof supplyApiUrlBody>, @Actor() actor: string): Promise<ImportView> {
    return toImportView(await this.imports.supplyApiUrl(id, cluster, body.apiUrl, actingOf(actor, body)));
  }
}
