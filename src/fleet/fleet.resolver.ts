import { Args, Context, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '../access/requires.decorator.js';
import { connect, type Connection, type ConnectionArgs } from '../api/connection.js';
import type { GraphQLContext } from '../api/context.js';
import { IdArg } from '../api/id-arg.js';
import { ArgPipe } from '../api/input.pipe.js';
import { HubModel, loadHub, type HubView } from '../hubs/hubs.models.js';
import { HubsService } from '../hubs/hubs.service.js';
import { clusterArguments, ClusterConnection, ClusterModel, toClusterView, type ClusterView } from './fleet.models.js';
import { FleetService } from './fleet.service.js';
import type { ClusterFilter, ClusterSortField } from './fleet.types.js';

@Resolver(() => ClusterModel)
export class FleetResolver {
  constructor(private readonly fleet: FleetService, private readonly hubs: HubsService) {}

  @Query(() => ClusterConnection, { description: 'Managed clusters, as their hubs report them' })
  @Requires('cluster:read')
  clusters(@Args({ type: () => clusterArguments.type }, new ArgPipe(clusterArguments.schema)) args: ConnectionArgs<ClusterFilter, ClusterSortField>): Promise<Connection<ClusterView>> {
    return connect(args, (request) => this.fleet.list(args.filter, args.sort, request), toClusterView);
  }

  @Query(() => ClusterModel)
  @Requires('cluster:read')
  async cluster(@IdArg() id: string): Promise<ClusterView> {
    return toClusterView(await this.fleet.get(id));
  }

  @ResolveField(() => HubModel, { nullable: true })
  hub(@Parent() cluster: ClusterView, @Context() { loaders }: GraphQLContext): Promise<HubView | null> {
    return loadHub(loaders, this.hubs, cluster.hubId);
  }
}
