import { Args, Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { z } from 'zod';
import type { GraphQLContext } from '../api/context.js';
import { ArgPipe } from '../api/input.pipe.js';
import { PlanModel, type PlanView } from '../recovery/plans/plans.models.js';
import {
  forecastArguments, ForecastArguments, ForecastModel, ObjectivesModel, recoveryPointsArguments, RecoveryPointsArguments, RecoveryPointModel, toForecastView, toObjectivesView,
  toRecoveryPointView, toWhatIfView, whatIfArguments, WhatIfArguments, WhatIfModel, type ForecastView, type ObjectivesView, type WhatIfView,
} from './outlook.models.js';
import { OutlookService } from './outlook.service.js';

const OBJECTIVES = {};
const POINTS = {};
const FORECASTS = {};
const WHAT_IFS = {};

@Resolver(() => PlanModel)
export class OutlookResolver {
  constructor(private readonly outlook: OutlookService) {}

  @ResolveField(() => ObjectivesModel, { description: 'How the plan stands against what it promises' })
  async objectives(@Parent() plan: PlanView, @Context() { loaders }: GraphQLContext): Promise<ObjectivesView> {
    return toObjectivesView(await loaders.of(OBJECTIVES, (ids: readonly string[]) => this.outlook.objectivesOfMany(ids)).load(plan.id));
  }

  @ResolveField(() => [RecoveryPointModel], { description: 'Which backup sets could be restored now, and what each would bring; newest first' })
  async recoveryPoints(@Parent() plan: PlanView, @Args({ type: () => RecoveryPointsArguments }, new ArgPipe(recoveryPointsArguments)) { first }: z.output<typeof recoveryPointsArguments>, @Context() { loaders }: GraphQLContext): Promise<ReturnType<typeof toRecoveryPointView>[]> {
    return (await loaders.asking(POINTS, first, (ids) => this.outlook.recoveryPointsOfMany(ids, first)).load(plan.id)).map(toRecoveryPointView);
  }

  @ResolveField(() => ForecastModel, { description: 'When which clusters drop out if nothing changes, and why' })
  async forecast(@Parent() plan: PlanView, @Args({ type: () => ForecastArguments }, new ArgPipe(forecastArguments)) args: z.output<typeof forecastArguments>, @Context() { loaders }: GraphQLContext): Promise<ForecastView> {
    return toForecastView(await loaders.asking(FORECASTS, args, (ids) => this.outlook.forecastOfMany(ids, args.assumption, args.withinDays, args.first)).load(plan.id));
  }

  @ResolveField(() => WhatIfModel, { description: 'What a failover would bring if something were otherwise. No hub is asked' })
  async whatIf(@Parent() plan: PlanView, @Args({ type: () => WhatIfArguments }, new ArgPipe(whatIfArguments)) question: z.output<typeof whatIfArguments>, @Context() { loaders }: GraphQLContext): Promise<WhatIfView> {
    return toWhatIfView(await loaders.asking(WHAT_IFS, question, (ids) => this.outlook.whatIfOfMany(ids, question)).load(plan.id));
  }
}
