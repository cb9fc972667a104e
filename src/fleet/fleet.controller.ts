import { Controller, Get, Param, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { partsOf, toPageView, type PageView } from '../api/paging.js';
import { Rest } from '../api/rest-docs.js';
import { idParam } from '../api/schemas.js';
import { clusterPage, clusterQuery, clusterView, toClusterView, type ClusterView } from './fleet.models.js';
import { FleetService } from './fleet.service.js';

@Controller('clusters')
export class FleetController {
  constructor(private readonly fleet: FleetService) {}

  @Get()
  @Requires('cluster:read')
  @Rest({ summary: 'List managed clusters', tag: 'Fleet', answer: clusterPage, takes: true })
  async listClusters(@Query({ schema: clusterQuery }) query: z.output<typeof clusterQuery>): Promise<PageView<ClusterView>> {
    const { filter, sort, request } = partsOf(query);
    return toPageView(await this.fleet.list(filter, sort, request), toClusterView);
  }

  @Get(':id')
  @Requires('cluster:read')
  @Rest({ summary: 'Read a managed cluster', tag: 'Fleet', answer: clusterView, takes: true, finds: true })
  async getCluster(@Param({ schema: idParam }) { id }: z.output<typeof idParam>): Promise<ClusterView> {
    return toClusterView(await this.fleet.get(id));
  }
}
