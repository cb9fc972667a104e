import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { z } from 'zod';
import { Requires } from '../../access/requires.decorator.js';
import { Acts } from '../../api/acts.decorator.js';
import { Actor, actingOf } from '../../api/caller.decorator.js';
import { connect, type Connection, type ConnectionArgs } from '../../api/connection.js';
import type { GraphQLContext } from '../../api/context.js';
import { IdArg } from '../../api/id-arg.js';
import { ArgPipe } from '../../api/input.pipe.js';
import { HubModel, loadHub, type HubView } from '../../hubs/hubs.models.js';
import { HubsService } from '../../hubs/hubs.service.js';
import {
  ArchivePlanInput, archivePlanInput, CreatePlanInput, createPlanInput, planArguments, PlanConnection, PlanModel, PlanPayload, toPlanView, UpdatePlanInput, updatePlanInput,
  type PlanView,
} from './plans.models.js';
import { PlansService } from './plans.service.js';
import type { PlanFilter, PlanSortField } from './plans.types.js';

@Resolver(() => PlanModel)
export class PlansResolver {
  constructor(private readonly service: PlansService, private readonly hubs: HubsService) {}

  @Query(() => PlanConnection, { description: 'What shall happen if a hub is lost' })
  @Requires('plan:read')
  plans(@Args({ type: () => planArguments.type }, new ArgPipe(planArguments.schema)) args: ConnectionArgs<PlanFilter, PlanSortField>): Promise<Connection<PlanView>> {
    return connect(args, (request) => this.service.list(args.filter, args.sort, request), toPlanView);
  }

  @Query(() => PlanModel)
  @Requires('plan:read')
  async plan(@IdArg() id: string): Promise<PlanView> {
    return toPlanView(await this.service.get(id));
  }

  @ResolveField(() => HubModel, { nullable: true })
  sourceHub(@Parent() plan: PlanView, @Context() { loaders }: GraphQLContext): Promise<HubView | null> {
    return loadHub(loaders, this.hubs, plan.sourceHubId);
  }

  @ResolveField(() => HubModel, { nullable: true })
  targetHub(@Parent() plan: PlanView, @Context() { loaders }: GraphQLContext): Promise<HubView | null> {
    return loadHub(loaders, this.hubs, plan.targetHubId);
  }

  @Mutation(() => PlanPayload, { description: 'The hubs must share backup storage.' })
  @Requires('plan:write')
  @Acts()
  async createPlan(@Args('input', { type: () => CreatePlanInput }, new ArgPipe(createPlanInput)) input: z.output<typeof createPlanInput>, @Actor() actor: string): Promise<{ plan: PlanView }> {
    const { reason, correlation, clientMutationId: _, ...plan } = input;
    return { plan: toPlanView(await this.service.create(plan, actingOf(actor, { reason, correlation }))) };
  }

  @Mutation(() => PlanPayload, { description: 'The hubs of a plan never change: another pair is another plan.' })
  @Requires('plan:write')
  @Acts({ keyOptional: true })
  async updatePlan(@Args('input', { type: () => UpdatePlanInput }, new ArgPipe(updatePlanInput)) input: z.output<typeof updatePlanInput>, @Actor() actor: string): Promise<{ plan: PlanView }> {
    const { id, version, reason, correlation, clientMutationId: _, ...change } = input;
    return { plan: toPlanView(await this.service.update(id, change, version, actingOf(actor, { reason, correlation }))) };
  }

  @Mutation(() => PlanPayload, { description: 'Its failovers and restores stay on record.' })
  @Requires('plan:write')
  @Acts({ keyOptional: true })
  async archivePlan(@Args('input', { type: () => ArchivePlanInput }, new ArgPipe(archivePlanInput)) input: z.output<typeof archivePlanInput>, @Actor() actor: string): Promise<{ plan: PlanView }> {
    await this.service.archive(input.id, actingOf(actor, input));
    return { plan: toPlanView(await this.service.get(input.id)) };
  }
}
