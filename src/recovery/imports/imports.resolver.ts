import { Args, Mutation, Resolver } from '@nestjs/graphql';
import type { z } from 'zod';
import { Requires } from '../../access/requires.decorator.js';
import { Acts } from '../../api/acts.decorator.js';
import { Actor, actingOf } from '../../api/caller.decorator.js';
import { ArgPipe } from '../../api/input.pipe.js';
import { ImportModel, SupplyApiUrlInput, supplyApiUrlInput, SupplyApiUrlPayload, toImportView, type ImportView } from './imports.models.js';
import { ImportsService } from './imports.service.js';

/** Imports are read as a field of their failover. */
@Resolver(() => ImportModel)
export class ImportsResolver {
  constructor(private readonly service: ImportsService) {}

  @Mutation(() => SupplyApiUrlPayload, { description: 'Supplies the API URL that a cluster\u2019s import lacks.' })
  @Requires('import:supply-api-url')
  @Acts()
  async supplyApiUrl(@Args('input', { type: () => SupplyApiUrlInput }, new ArgPipe(supplyApiUrlInput)) input: z.output<typeof supplyApiUrlInput>, @Actor() actor: string): Promise<{ clusterImport: ImportView }> {
    const { failoverId, cluster, apiUrl } = input;
    return { clusterImport: toImportView(await this.service.supplyApiUrl(failoverId, cluster, apiUrl, actingOf(actor, input))) };
  }
}
