import { Controller, Get, Param, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { partsOf, toPageView, type PageView } from '../api/paging.js';
import { Rest } from '../api/rest-docs.js';
import { idParam } from '../api/schemas.js';
import {
  clusterReadinessPage, clusterReadinessQuery, clusterReadinessView, hubReadinessView, planReadinessView, toClusterReadinessRowView, toClusterReadinessView, toHubReadinessView,
  toPlanReadinessView, type ClusterReadinessRowView, type ClusterReadinessView, type HubReadinessView, type PlanReadinessView,
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
