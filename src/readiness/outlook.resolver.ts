import { Args, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { z } from 'zod';
import { ArgPipe } from '../api/input.pipe.js';
import { PlanModel, type PlanView } from '../recovery/plans/plans.models.js';
import {
  forecastArguments, ForecastArguments, ForecastModel, ObjectivesModel, recoveryPointsArguments, RecoveryPointsArguments, RecoveryPointModel, toForecastView, toObjectivesView,
  toRecoveryPointView, toWhatIfView, whatIfArguments, WhatIfArguments, WhatIfModel, type ForecastView, type ObjectivesView, type WhatIfView,
} from './outlook.models.js';
import { OutlookService } from './outlook.service.js';

@Resolver(() => PlanModel)
export class OutlookResolver {
  constructor(private readonly outlook: OutlookService) {}

  @ResolveField(() => ObjectivesModel, { description: 'How the plan stands against what it promises' })
  async objectives(@Parent() plan: PlanView): Promise<ObjectivesView> {
    return toObjectivesView(await this.outlook.objectives(plan.id));
  }

  @ResolveField(() => [RecoveryPointModel], { description: 'Which backup sets could be restored now, and what each would bring; newest first' })
  async recoveryPoints(@Parent() plan: PlanView, @Args({ type: () => RecoveryPointsArguments }, new ArgPipe(recoveryPointsArguments)) { first }: z.output<typeof recoveryPointsArguments>): Promise<ReturnType<typeof toRecoveryPointView>[]> {
    return (await this.outlook.recoveryPoints(plan.id, first)).map(toRecoveryPointView);
  }

  @ResolveField(() => ForecastModel, { description: 'When which clusters drop out if nothing changes, and why' })
  async forecast(@Parent() plan: PlanView, @Args({ type: () => ForecastArguments }, new ArgPipe(forecastArguments)) args: z.output<typeof forecastArguments>): Promise<ForecastView> {
    return toForecastView(await this.outlook.forecast(plan.id, args.assumption, args.withinDays, args.first));
  }

  @ResolveField(() => WhatIfModel, { description: 'What a failover would bring if something were otherwise. No hub is asked' })
  async whatIf(@Parent() plan: PlanView, @Args({ type: () => WhatIfArguments }, new ArgPipe(whatIfArguments)) question: z.output<typeof whatIfArguments>): Promise<WhatIfView> {
    return toWhatIfView(await this.outlook.whatIf(plan.id, question));
  }
}
