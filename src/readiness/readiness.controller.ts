import type { Readable } from 'node:stream';
import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { partsOf, toPageView, type PageView } from '../api/paging.js';
import { Rest } from '../api/rest-docs.js';
import { rowStream } from '../api/row-stream.js';
import { idParam } from '../api/schemas.js';
import {
  clusterExportQuery, clusterExportShape, clusterReadinessPage, clusterReadinessQuery, clusterReadinessRowView, clusterReadinessView, groupsQuery, groupsView, hubReadinessView,
  planReadinessView, toClusterReadinessRowView, toClusterReadinessView, toGroupView, toHubReadinessView, toPlanReadinessView, type ClusterReadinessRowView, type ClusterReadinessView, type HubReadinessView, type PlanReadinessView,
} from './readiness.models.js';
import { ReadinessService } from './readiness.service.js';

type Id = z.output<typeof idParam>;

@Controller()
export class ReadinessController {
  constructor(private readonly readiness: ReadinessService) {}

  @Get('plans/:id/readiness')
  @Requires('readiness:read')
  @Rest({ summary: 'What a failover by this plan would bring', tag: 'Readiness', answer: planReadinessView, takes: true, finds: true })
  async getPlanReadiness(@Param({ schema: idParam }) { id }: Id): Promise<PlanReadinessView> {
    return toPlanReadinessView(await this.readiness.forPlan(id));
  }

  @Get('plans/:id/readiness/clusters')
  @Requires('readiness:read')
  @Rest({ summary: 'Which clusters would come back, and why the others would not', tag: 'Readiness', answer: clusterReadinessPage, takes: true, finds: true })
  async listPlanClusterReadiness(@Param({ schema: idParam }) { id }: Id, @Query({ schema: clusterReadinessQuery }) query: z.output<typeof clusterReadinessQuery>): Promise<PageView<ClusterReadinessRowView>> {
    const { filter, sort, request } = partsOf(query);
    return toPageView(await this.readiness.clustersOfPlan(id, filter, sort, request), toClusterReadinessRowView);
  }

  @Get('plans/:id/readiness/clusters/export')
  @Requires('readiness:read')
  @Rest({
    summary: 'All clusters of a plan with their verdicts', tag: 'Readiness', answer: clusterReadinessRowView, takes: true, finds: true, rows: true,
    description: 'As JSON Lines, or as CSV with the finding that decides. An answer that ends early was cut: its connection is broken off.',
  })
  async exportPlanClusterReadiness(@Param({ schema: idParam }) { id }: Id, @Query({ schema: clusterExportQuery }) { format, ...filter }: z.output<typeof clusterExportQuery>, @Res({ passthrough: true }) reply: FastifyReply): Promise<Readable> {
    return rowStream(reply, `readiness-${id}`, format, await this.readiness.exportClusters(id, filter), clusterExportShape);
  }

  @Get('plans/:id/readiness/groups')
  @Requires('readiness:read')
  @Rest({ summary: 'Verdicts counted by a property of the clusters', tag: 'Readiness', answer: groupsView, takes: true, finds: true })
  async listClusterReadinessGroups(@Param({ schema: idParam }) { id }: Id, @Query({ schema: groupsQuery }) { by, labelKey, ...filter }: z.output<typeof groupsQuery>): Promise<z.infer<typeof groupsView>> {
    return { items: (await this.readiness.groups(id, by, labelKey ?? null, filter)).map(toGroupView) };
  }

  @Get('hubs/:id/readiness')
  @Requires('readiness:read')
  @Rest({ summary: 'Which clusters would come back if this hub died now', tag: 'Readiness', answer: hubReadinessView, takes: true, finds: true })
  async getHubReadiness(@Param({ schema: idParam }) { id }: Id): Promise<HubReadinessView> {
    return toHubReadinessView(await this.readiness.forHub(id));
  }

  @Get('clusters/:id/readiness')
  @Requires('readiness:read')
  @Rest({ summary: 'Whether one cluster would come back', tag: 'Readiness', answer: clusterReadinessView, takes: true, finds: true })
  async getClusterReadiness(@Param({ schema: idParam }) { id }: Id): Promise<ClusterReadinessView> {
    return toClusterReadinessView(await this.readiness.forCluster(id));
  }
}
