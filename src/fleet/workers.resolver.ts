import { Context, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '../access/requires.decorator.js';
import type { GraphQLContext } from '../api/context.js';
import { inOrder } from '../api/loaders.js';
import { HubModel, type HubView } from '../hubs/hubs.models.js';
import { HubWatchModel, toHubWatchView, toWorkerView, WorkerModel, type HubWatchView, type WorkerView } from './workers.models.js';
import { WorkersService } from './workers.service.js';
import type { HubWatch } from './workers.types.js';

const WATCHES = {};

@Resolver(() => HubModel)
export class WorkersResolver {
  constructor(private readonly service: WorkersService) {}

  @Query(() => [WorkerModel], { description: 'Which processes work, and which hubs each watches' })
  @Requires('hub:read')
  async workers(): Promise<WorkerView[]> {
    return (await this.service.list()).map(toWorkerView);
  }

  @ResolveField(() => HubWatchModel, { description: 'Who watches the hub' })
  async watch(@Parent() hub: HubView, @Context() { loaders }: GraphQLContext): Promise<HubWatchView> {
    const loader = loaders.of(WATCHES, async (ids: readonly string[]) => inOrder(ids, await this.service.watchesOf(ids), ({ hubId }: HubWatch) => hubId));
    return toHubWatchView((await loader.load(hub.id)) ?? { worker: null, since: null });
  }
}
