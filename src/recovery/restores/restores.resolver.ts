import { Args, Context, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '../../access/requires.decorator.js';
import { connect, type Connection, type ConnectionArgs } from '../../api/connection.js';
import type { GraphQLContext } from '../../api/context.js';
import { IdArg } from '../../api/id-arg.js';
import { ArgPipe } from '../../api/input.pipe.js';
import { HubModel, loadHub, type HubView } from '../../hubs/hubs.models.js';
import { HubsService } from '../../hubs/hubs.service.js';
import { restoreArguments, RestoreConnection, RestoreModel, toRestoreView, type RestoreView } from './restores.models.js';
import { RestoresService } from './restores.service.js';
import type { RestoreFilter, RestoreSortField } from './restores.types.js';

@Resolver(() => RestoreModel)
export class RestoresResolver {
  constructor(private readonly service: RestoresService, private readonly hubs: HubsService) {}

  @Query(() => RestoreConnection, { description: 'The restore history' })
  @Requires('restore:read')
  restores(@Args({ type: () => restoreArguments.type }, new ArgPipe(restoreArguments.schema)) args: ConnectionArgs<RestoreFilter, RestoreSortField>): Promise<Connection<RestoreView>> {
    return connect(args, (request) => this.service.list(args.filter, args.sort, request), toRestoreView);
  }

  @Query(() => RestoreModel)
  @Requires('restore:read')
  async restore(@IdArg() id: string): Promise<RestoreView> {
    return toRestoreView(await this.service.get(id));
  }

  @ResolveField(() => HubModel, { nullable: true })
  hub(@Parent() restore: RestoreView, @Context() { loaders }: GraphQLContext): Promise<HubView | null> {
    return loadHub(loaders, this.hubs, restore.hubId);
  }
}
