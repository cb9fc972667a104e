import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { Acts } from '../api/acts.decorator.js';
import { Actor, actingOf } from '../api/caller.decorator.js';
import { connect, type Connection, type OrderedConnectionArgs } from '../api/connection.js';
import type { GraphQLContext } from '../api/context.js';
import { IdArg } from '../api/id-arg.js';
import { ArgPipe } from '../api/input.pipe.js';
import {
  removalArguments, RemovalConnection, removalItemArguments, RemovalItemConnection, RemovalModel, RemoveProtectionInput, removeProtectionInput, RemoveProtectionPayload, toRemovalAnswer,
  toRemovalItemView, toRemovalView, type RemovalAnswer, type RemovalItemView, type RemovalView,
} from './protection-removal.models.js';
import { ProtectionRemovals } from './protection-removal.service.js';
import type { RemovalItemFilter } from './protection-removal.types.js';

const ITEMS = {};

@Resolver(() => RemovalModel)
export class ProtectionRemovalResolver {
  constructor(private readonly removals: ProtectionRemovals) {}

  @Query(() => RemovalConnection, { description: 'Newest first' })
  @Requires('hub:read')
  protectionRemovals(@Args({ type: () => removalArguments.type }, new ArgPipe(removalArguments.schema)) args: OrderedConnectionArgs<{ hubId?: string }>): Promise<Connection<RemovalView>> {
    return connect(args, (request) => this.removals.list(args.filter, request), toRemovalView);
  }

  @Query(() => RemovalModel)
  @Requires('hub:read')
  async protectionRemoval(@IdArg() id: string): Promise<RemovalView> {
    return toRemovalView(await this.removals.get(id));
  }

  @ResolveField(() => RemovalItemConnection, { description: 'Each object, and what came of it' })
  items(@Parent() removal: RemovalView, @Args({ type: () => removalItemArguments.type }, new ArgPipe(removalItemArguments.schema)) args: OrderedConnectionArgs<RemovalItemFilter>, @Context() { loaders }: GraphQLContext): Promise<Connection<RemovalItemView>> {
    return connect(args, (request) => loaders.asking(ITEMS, [args.filter, request], (ids) => this.removals.itemsOfMany(ids, args.filter, request)).load(removal.id), toRemovalItemView);
  }

  @Mutation(() => RemoveProtectionPayload, {
    description: 'Removes exactly what PROTECT has made on a hub. First with dryRun: the list, and what follows. Then with a reason and confirm.',
  })
  @Requires('hub:remove-protection')
  @Acts({ keyOptional: true })
  async removeProtection(@Args('input', { type: () => RemoveProtectionInput }, new ArgPipe(removeProtectionInput)) input: z.output<typeof removeProtectionInput>, @Actor() actor: string): Promise<RemovalAnswer> {
    const { hubId, dryRun, confirm, offset, limit, clientMutationId: _, ...said } = input;
    return toRemovalAnswer(await this.removals.remove(hubId, { dryRun, ...(confirm === undefined ? {} : { confirm }) }, actingOf(actor, said)), { offset, limit });
  }
}
