import { Args, Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { z } from 'zod';
import { connect, type Connection, type OrderedConnectionArgs } from '../api/connection.js';
import type { GraphQLContext } from '../api/context.js';
import { ArgPipe } from '../api/input.pipe.js';
import { PlanModel, type PlanView } from '../recovery/plans/plans.models.js';
import {
  AsOfArguments, AsOfModel, asOfQuery, GroupModel, HoursArguments, hoursQuery, PointModel, SinceArguments, sinceQuery, toAsOfView, toGroupView, toPointView, toVerdictChangeView,
  verdictChangeArguments, VerdictChangeConnection, type VerdictChangeView,
} from './history.models.js';
import { HistoryService } from './history.service.js';
import type { VerdictChangeFilter } from './history.types.js';

const HOURS = {};
const CHANGES = {};
const GROUPS = {};
const AS_OF = {};

@Resolver(() => PlanModel)
export class HistoryResolver {
  constructor(private readonly history: HistoryService) {}

  @ResolveField(() => [PointModel], { description: 'The verdict hour by hour, oldest first' })
  async readinessHistory(@Parent() plan: PlanView, @Args({ type: () => HoursArguments }, new ArgPipe(hoursQuery)) { from, to }: z.output<typeof hoursQuery>, @Context() { loaders }: GraphQLContext): Promise<ReturnType<typeof toPointView>[]> {
    return (await loaders.asking(HOURS, [from, to], (ids) => this.history.hoursOfMany(ids, from, to)).load(plan.id)).map(toPointView);
  }

  @ResolveField(() => VerdictChangeConnection, { description: 'Every verdict that became another, newest first' })
  verdictChanges(@Parent() plan: PlanView, @Args({ type: () => verdictChangeArguments.type }, new ArgPipe(verdictChangeArguments.schema)) args: OrderedConnectionArgs<VerdictChangeFilter>, @Context() { loaders }: GraphQLContext): Promise<Connection<VerdictChangeView>> {
    return connect(args, (request) => loaders.asking(CHANGES, [args.filter, request], (ids) => this.history.changesOfMany(ids, args.filter, request)).load(plan.id), toVerdictChangeView);
  }

  @ResolveField(() => [GroupModel], { description: 'What became of how many clusters since a moment, and why; most first' })
  async verdictChangeGroups(@Parent() plan: PlanView, @Args({ type: () => SinceArguments }, new ArgPipe(sinceQuery)) { since }: z.output<typeof sinceQuery>, @Context() { loaders }: GraphQLContext): Promise<ReturnType<typeof toGroupView>[]> {
    return (await loaders.asking(GROUPS, since, (ids) => this.history.groupsOfMany(ids, since)).load(plan.id)).map(toGroupView);
  }

  @ResolveField(() => AsOfModel, { description: 'Whether the plan was ready at a moment in the past' })
  async readinessAsOf(@Parent() plan: PlanView, @Args({ type: () => AsOfArguments }, new ArgPipe(asOfQuery)) { at }: z.output<typeof asOfQuery>, @Context() { loaders }: GraphQLContext): Promise<ReturnType<typeof toAsOfView>> {
    return toAsOfView(await loaders.asking(AS_OF, at, (ids) => this.history.asOfOfMany(ids, at)).load(plan.id));
  }
}
