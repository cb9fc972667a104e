import { Args, Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { z } from 'zod';
import { connect, type Connection, type ConnectionArgs } from '../api/connection.js';
import type { GraphQLContext } from '../api/context.js';
import { ArgPipe } from '../api/input.pipe.js';
import { ClusterNotFoundError } from '../fleet/fleet.errors.js';
import { ClusterModel, type ClusterView } from '../fleet/fleet.models.js';
import { HubModel, type HubView } from '../hubs/hubs.models.js';
import { PlanNotFoundError } from '../recovery/plans/plans.errors.js';
import { PlanModel, type PlanView } from '../recovery/plans/plans.models.js';
import {
  ClusterGroupModel, clusterReadinessArguments, ClusterReadinessModel, ClusterReadinessRowConnection, GroupsArguments, groupsArguments, HubReadinessModel, PlanReadinessModel, toClusterReadinessRowView, toClusterReadinessView, toGroupView,
  toHubReadinessView, toPlanReadinessView, type ClusterReadinessRowView, type ClusterReadinessView, type HubReadinessView, type PlanReadinessView,
} from './readiness.models.js';
import { ReadinessService } from './readiness.service.js';
import type { ClusterReadinessFilter, ClusterReadinessSortField } from './readiness.types.js';

const OF_PLANS = {};
const OF_HUBS = {};
const OF_CLUSTERS = {};
const ROWS = {};
const GROUPS = {};

@Resolver(() => PlanModel)
export class PlanReadinessResolver {
  constructor(private readonly service: ReadinessService) {}

  @ResolveField(() => PlanReadinessModel, { description: 'What a failover by this plan would bring' })
  async readiness(@Parent() plan: PlanView, @Context() { loaders }: GraphQLContext): Promise<PlanReadinessView> {
    const view = await loaders.of(OF_PLANS, (ids: readonly string[]) => this.service.forPlans(ids)).load(plan.id);
    if (view === null) throw new PlanNotFoundError(plan.id);
    return toPlanReadinessView(view);
  }

  @ResolveField(() => ClusterReadinessRowConnection, { description: 'Which clusters would come back, and why the others would not' })
  clusterReadiness(@Parent() plan: PlanView, @Args({ type: () => clusterReadinessArguments.type }, new ArgPipe(clusterReadinessArguments.schema)) args: ConnectionArgs<ClusterReadinessFilter, ClusterReadinessSortField>, @Context() { loaders }: GraphQLContext): Promise<Connection<ClusterReadinessRowView>> {
    return connect(args, (request) => loaders.asking(ROWS, [args.filter, args.sort, request], (ids) => this.service.clustersOfMany(ids, args.filter, args.sort, request)).load(plan.id), toClusterReadinessRowView);
  }

  @ResolveField(() => [ClusterGroupModel], { description: 'Verdicts counted by a property of the clusters; most clusters first' })
  async clusterReadinessGroups(@Parent() plan: PlanView, @Args({ type: () => GroupsArguments }, new ArgPipe(groupsArguments)) { by, labelKey, filter }: z.output<typeof groupsArguments>, @Context() { loaders }: GraphQLContext): Promise<ReturnType<typeof toGroupView>[]> {
    const loader = loaders.asking(GROUPS, [by, labelKey, filter], (ids) => this.service.groupsOfMany(ids, by, labelKey ?? null, filter));
    return (await loader.load(plan.id)).map(toGroupView);
  }
}

@Resolver(() => HubModel)
export class HubReadinessResolver {
  constructor(private readonly service: ReadinessService) {}

  @ResolveField(() => HubReadinessModel, { description: 'Which clusters would come back if this hub died now' })
  async readiness(@Parent() hub: HubView, @Context() { loaders }: GraphQLContext): Promise<HubReadinessView> {
    return toHubReadinessView(await loaders.of(OF_HUBS, (ids: readonly string[]) => this.service.forHubs(ids)).load(hub.id));
  }
}

@Resolver(() => ClusterModel)
export class ClusterReadinessResolver {
  constructor(private readonly service: ReadinessService) {}

  @ResolveField(() => ClusterReadinessModel, { description: 'Whether this cluster would come back' })
  async readiness(@Parent() cluster: ClusterView, @Context() { loaders }: GraphQLContext): Promise<ClusterReadinessView> {
    const view = await loaders.of(OF_CLUSTERS, (ids: readonly string[]) => this.service.forClusters(ids)).load(cluster.id);
    if (view === null) throw new ClusterNotFoundError(cluster.id);
    return toClusterReadinessView(view);
  }
}
