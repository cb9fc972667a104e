import { Args, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { z } from 'zod';
import { connect, type Connection, type OrderedConnectionArgs } from '../api/connection.js';
import { ArgPipe } from '../api/input.pipe.js';
import { PlanModel, type PlanView } from '../recovery/plans/plans.models.js';
import {
  AsOfArguments, AsOfModel, asOfQuery, GroupModel, HoursArguments, hoursQuery, PointModel, SinceArguments, sinceQuery, toAsOfView, toGroupView, toPointView, toVerdictChangeView,
  verdictChangeArguments, VerdictChangeConnection, type VerdictChangeView,
} from './history.models.js';
import { HistoryService } from './history.service.js';
import type { VerdictChangeFilter } from './history.types.js';

@Resolver(() => PlanModel)
export class HistoryResolver {
  constructor(private readonly history: HistoryService) {}

  @ResolveField(() => [PointModel], { description: 'The verdict hour by hour, oldest first' })
  async readinessHistory(@Parent() plan: PlanView, @Args({ type: () => HoursArguments }, new ArgPipe(hoursQuery)) { from, to }: z.output<typeof hoursQuery>): Promise<ReturnType<typeof toPointView>[]> {
    return (await this.history.hours(plan.id, from, to)).map(toPointView);
  }

  @ResolveField(() => VerdictChangeConnection, { description: 'Every verdict that became another, newest first' })
  verdictChanges(@Parent() plan: PlanView, @Args({ type: () => verdictChangeArguments.type }, new ArgPipe(verdictChangeArguments.schema)) args: OrderedConnectionArgs<VerdictChangeFilter>): Promise<Connection<VerdictChangeView>> {
    return connect(args, (request) => this.history.changes(plan.id, args.filter, request), toVerdictChangeView);
  }

  @ResolveField(() => [GroupModel], { description: 'What became of how many clusters since a moment, and why; most first' })
  async verdictChangeGroups(@Parent() plan: PlanView, @Args({ type: () => SinceArguments }, new ArgPipe(sinceQuery)) { since }: z.output<typeof sinceQuery>): Promise<ReturnType<typeof toGroupView>[]> {
    return (await this.history.groups(plan.id, since)).map(toGroupView);
  }

  @ResolveField(() => AsOfModel, { description: 'Whether the plan was ready at a moment in the past' })
  async readinessAsOf(@Parent() plan: PlanView, @Args({ type: () => AsOfArguments }, new ArgPipe(asOfQuery)) { at }: z.output<typeof asOfQuery>): Promise<ReturnType<typeof toAsOfView>> {
    return toAsOfView(await this.history.asOf(plan.id, at));
  }
}
