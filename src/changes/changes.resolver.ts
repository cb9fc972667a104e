import { Args, Context, Query, Resolver, Subscription } from '@nestjs/graphql';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import type { GraphQLContext } from '../api/context.js';
import { EventStreams } from '../api/event-streams.js';
import { ArgPipe } from '../api/input.pipe.js';
import {
  ChangeLogArguments, changeLogArguments, ChangePageModel, ChangeStepModel, FollowChangesArguments, followChangesArguments, toChangePageView, toChangeStepView, type ChangePageView,
  type ChangeStepView,
} from './changes.models.js';
import { ChangesService } from './changes.service.js';
import type { ChangeStep } from './changes.types.js';

@Resolver()
export class ChangesResolver {
  constructor(private readonly service: ChangesService, private readonly streams: EventStreams) {}

  @Query(() => ChangePageModel, { description: 'What became of hubs and tokens after `after`, in order; without it nothing but where the log stands' })
  @Requires('change:read')
  async changeLog(@Args({ type: () => ChangeLogArguments }, new ArgPipe(changeLogArguments)) { after, first, filter }: z.output<typeof changeLogArguments>): Promise<ChangePageView> {
    return toChangePageView(await this.service.page(after, filter, first));
  }

  @Subscription(() => ChangeStepModel, {
    description: 'What becomes of hubs and tokens after `after`, in order, as it comes; without it from now on. The first step says where that is.',
    resolve: (step: ChangeStepView) => step,
  })
  @Requires('change:read')
  async changes(
    @Args({ type: () => FollowChangesArguments }, new ArgPipe(followChangesArguments)) { after, filter }: z.output<typeof followChangesArguments>,
    @Context() { req }: GraphQLContext,
  ): Promise<AsyncGenerator<ChangeStepView>> {
    const start = await this.service.start(after);
    return this.streams.subscribed(req, (signal) => viewed(this.service.follow(start, filter, signal)));
  }
}

async function* viewed(steps: AsyncIterable<ChangeStep>): AsyncGenerator<ChangeStepView> {
  for await (const step of steps) yield toChangeStepView(step);
}
