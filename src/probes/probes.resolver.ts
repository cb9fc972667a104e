import { Args, Context, Mutation, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { Acts } from '../api/acts.decorator.js';
import { Actor, actingOf } from '../api/caller.decorator.js';
import { connect, type Connection, type OrderedConnectionArgs } from '../api/connection.js';
import type { GraphQLContext } from '../api/context.js';
import { ArgPipe } from '../api/input.pipe.js';
import { PlanModel, type PlanView } from '../recovery/plans/plans.models.js';
import { pathArguments, PathConnection, ProbePathsInput, probePathsInput, ProbePathsPayload, toPathView, type PathView, type ProbeAnswer } from './probes.models.js';
import { ProbesService } from './probes.service.js';
import type { PathFilter } from './probes.types.js';

const PATHS = {};

@Resolver(() => PlanModel)
export class ProbesResolver {
  constructor(private readonly service: ProbesService) {}

  @ResolveField(() => PathConnection, { description: 'The ways from the target to the clusters, as probed' })
  targetPaths(@Parent() plan: PlanView, @Args({ type: () => pathArguments.type }, new ArgPipe(pathArguments.schema)) args: OrderedConnectionArgs<PathFilter>, @Context() { loaders }: GraphQLContext): Promise<Connection<PathView>> {
    return connect(args, (request) => loaders.asking(PATHS, [args.filter, request], (ids) => this.service.listOfMany(ids, args.filter, request)).load(plan.id), toPathView);
  }

  @Mutation(() => ProbePathsPayload, { description: 'Probes the ways from the target to the clusters now, also where the plan assumes them.' })
  @Requires('path:probe')
  @Acts()
  async probePaths(@Args('input', { type: () => ProbePathsInput }, new ArgPipe(probePathsInput)) input: z.output<typeof probePathsInput>, @Actor() actor: string): Promise<{ probes: ProbeAnswer }> {
    return { probes: { ways: await this.service.probeNow(input.planId, input.cluster ?? null, actingOf(actor, input)) } };
  }
}
