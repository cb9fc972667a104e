import { Args, Context, Mutation, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { Acts } from '../api/acts.decorator.js';
import { Actor, actingOf } from '../api/caller.decorator.js';
import { connect, type Connection, type OrderedConnectionArgs } from '../api/connection.js';
import type { GraphQLContext } from '../api/context.js';
import { ArgPipe } from '../api/input.pipe.js';
import { PlanModel, type PlanView } from '../recovery/plans/plans.models.js';
import {
  AcknowledgeFindingInput, acknowledgeFindingInput, acknowledgementArguments, AcknowledgementConnection, AcknowledgementPayload, toAcknowledgementView, WithdrawAcknowledgementInput,
  withdrawAcknowledgementInput, type AcknowledgementView,
} from './acknowledgements.models.js';
import { AcknowledgementsService } from './acknowledgements.service.js';

interface Filter { readonly code?: string; readonly cluster?: string; readonly inForce?: boolean }

const PAGES = {};

@Resolver(() => PlanModel)
export class AcknowledgementsResolver {
  constructor(private readonly service: AcknowledgementsService) {}

  @ResolveField(() => AcknowledgementConnection, { description: 'Who knows of which finding; youngest first' })
  acknowledgements(@Parent() plan: PlanView, @Args({ type: () => acknowledgementArguments.type }, new ArgPipe(acknowledgementArguments.schema)) args: OrderedConnectionArgs<Filter>, @Context() { loaders }: GraphQLContext): Promise<Connection<AcknowledgementView>> {
    return connect(args, (request) => loaders.asking(PAGES, [args.filter, request], (ids) => this.service.listOfMany(ids, args.filter, request)).load(plan.id), toAcknowledgementView);
  }

  @Mutation(() => AcknowledgementPayload, { description: 'Tells who knows of a finding, until when. The finding counts as before.' })
  @Requires('finding:acknowledge')
  @Acts()
  async acknowledgeFinding(@Args('input', { type: () => AcknowledgeFindingInput }, new ArgPipe(acknowledgeFindingInput)) input: z.output<typeof acknowledgeFindingInput>, @Actor() actor: string): Promise<{ acknowledgement: AcknowledgementView }> {
    const { planId, reason, correlation, clientMutationId: _, ...content } = input;
    return { acknowledgement: toAcknowledgementView(await this.service.acknowledge(planId, content, actingOf(actor, { reason, correlation }))) };
  }

  @Mutation(() => AcknowledgementPayload, { description: 'Takes an acknowledgement back.' })
  @Requires('finding:acknowledge')
  @Acts({ keyOptional: true })
  async withdrawAcknowledgement(@Args('input', { type: () => WithdrawAcknowledgementInput }, new ArgPipe(withdrawAcknowledgementInput)) input: z.output<typeof withdrawAcknowledgementInput>, @Actor() actor: string): Promise<{ acknowledgement: AcknowledgementView }> {
    return { acknowledgement: toAcknowledgementView(await this.service.withdraw(input.id, actingOf(actor, input))) };
  }
}
