import { Args, Context, ID, Int, Mutation, Parent, Query, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import { z } from 'zod';
import { Requires } from '../../access/requires.decorator.js';
import { ActId } from '../../api/act-id.js';
import { Acts } from '../../api/acts.decorator.js';
import { Actor, actingOf } from '../../api/caller.decorator.js';
import { connect, type Connection, type ConnectionArgs } from '../../api/connection.js';
import type { GraphQLContext } from '../../api/context.js';
import { EventStreams } from '../../api/event-streams.js';
import { IdArg } from '../../api/id-arg.js';
import { ArgPipe } from '../../api/input.pipe.js';
import { inOrder, type Loaders } from '../../api/loaders.js';
import { HubModel, loadHub, type HubView } from '../../hubs/hubs.models.js';
import { HubsService } from '../../hubs/hubs.service.js';
import { importArguments, ImportConnection, toImportCountsView, toImportView, type ImportView } from '../imports/imports.models.js';
import { ImportsService } from '../imports/imports.service.js';
import type { ImportFilter, ImportSortField } from '../imports/imports.types.js';
import { loadPlan, PlanModel, type PlanView } from '../plans/plans.models.js';
import { PlansService } from '../plans/plans.service.js';
import { RestoreModel, toRestoreView, type RestoreView } from '../restores/restores.models.js';
import { RestoresService } from '../restores/restores.service.js';
import {
  AbortFailoverInput, AllowedOperationModel, ApprovalModel, DecideFailoverInput, decideFailoverInput, EventConnection, EventModel, failoverArguments, FailoverConnection,
  FailoverModel, FailoverPayload, failoverReasonInput, ImportCountsModel, RetryFailoverInput, StartFailoverInput, startFailoverInput, StepModel, toAllowedOperationView,
  toApprovalView, toEventView, toFailoverView, toStepView, type AllowedOperationView, type ApprovalView, type EventView, type FailoverView, type StepView,
} from './failovers.models.js';
import { FailoverNotFoundError } from './failovers.errors.js';
import { FailoversService } from './failovers.service.js';
import type { Failover, FailoverDetail, FailoverEvent, FailoverFilter, FailoverSortField } from './failovers.types.js';

type ReasonInput = z.output<typeof failoverReasonInput>;
interface Payload {
  failover: FailoverView;
}

const DETAILS = {};
const COUNTS = {};
const RESTORES = {};
const IMPORTS = {};
const EVENTS = {};
const EVENT_COUNTS = {};
const afterArg = z.int().min(0).max(999_999_999);
const eventsFirst = z.int().min(1).max(100);

@Resolver(() => FailoverModel)
export class FailoversResolver {
  constructor(
    private readonly service: FailoversService,
    private readonly imports_: ImportsService,
    private readonly plans: PlansService,
    private readonly hubs: HubsService,
    private readonly restores: RestoresService,
    private readonly streams: EventStreams,
  ) {}

  @Query(() => FailoverConnection, { description: 'Executions of recovery plans' })
  @Requires('failover:read')
  failovers(@Args({ type: () => failoverArguments.type }, new ArgPipe(failoverArguments.schema)) args: ConnectionArgs<FailoverFilter, FailoverSortField>): Promise<Connection<FailoverView>> {
    return connect(args, (request) => this.service.list(args.filter, args.sort, request), toFailoverView);
  }

  @Query(() => FailoverModel)
  @Requires('failover:read')
  async failover(@IdArg() id: string): Promise<FailoverView> {
    return toFailoverView(await this.service.get(id));
  }

  @ResolveField(() => PlanModel, { nullable: true })
  plan(@Parent() failover: FailoverView, @Context() { loaders }: GraphQLContext): Promise<PlanView | null> {
    return loadPlan(loaders, this.plans, failover.planId);
  }

  @ResolveField(() => HubModel, { nullable: true })
  sourceHub(@Parent() failover: FailoverView, @Context() { loaders }: GraphQLContext): Promise<HubView | null> {
    return loadHub(loaders, this.hubs, failover.sourceHubId);
  }

  @ResolveField(() => HubModel, { nullable: true })
  targetHub(@Parent() failover: FailoverView, @Context() { loaders }: GraphQLContext): Promise<HubView | null> {
    return loadHub(loaders, this.hubs, failover.targetHubId);
  }

  @ResolveField(() => [StepModel], { description: 'In order, also those that are still to come' })
  async steps(@Parent() failover: FailoverView, @Context() { loaders }: GraphQLContext): Promise<StepView[]> {
    return (await this.detailOf(loaders, failover.id)).steps.map(toStepView);
  }

  @ResolveField(() => [ApprovalModel])
  async approvals(@Parent() failover: FailoverView, @Context() { loaders }: GraphQLContext): Promise<ApprovalView[]> {
    return (await this.detailOf(loaders, failover.id)).approvals.map(toApprovalView);
  }

  @ResolveField(() => [AllowedOperationModel], { description: 'What may be asked of the failover now, and why not' })
  async allowedOperations(@Parent() failover: FailoverView, @Context() { loaders }: GraphQLContext): Promise<AllowedOperationView[]> {
    return (await this.detailOf(loaders, failover.id)).allowedOperations.map(toAllowedOperationView);
  }

  @ResolveField(() => ImportCountsModel)
  async importCounts(@Parent() failover: FailoverView, @Context() { loaders }: GraphQLContext): Promise<ReturnType<typeof toImportCountsView>> {
    const loader = loaders.of(COUNTS, async (ids: readonly string[]) => {
      const counts = await this.imports_.counts(ids);
      return ids.map((id) => counts.get(id) ?? { total: 0, byState: {}, byOutcome: {} });
    });
    return toImportCountsView(await loader.load(failover.id));
  }

  @ResolveField(() => ImportConnection, { description: 'The re-import of each managed cluster' })
  imports(@Parent() failover: FailoverView, @Args({ type: () => importArguments.type }, new ArgPipe(importArguments.schema)) args: ConnectionArgs<ImportFilter, ImportSortField>, @Context() { loaders }: GraphQLContext): Promise<Connection<ImportView>> {
    return connect(args, (request) => loaders.asking(IMPORTS, [args.filter, args.sort, request], (ids) => this.imports_.listOfMany(ids, args.filter, args.sort, request)).load(failover.id), toImportView);
  }

  @ResolveField(() => RestoreModel, { nullable: true })
  async restore(@Parent() failover: FailoverView, @Context() { loaders }: GraphQLContext): Promise<RestoreView | null> {
    const restore = await loaders.of(RESTORES, async (ids: readonly string[]) => inOrder(ids, await this.restores.ofFailovers(ids), (row) => row.failoverId ?? '')).load(failover.id);
    return restore && toRestoreView(restore);
  }

  @ResolveField(() => EventConnection, { description: 'The log. `after` takes a cursor, which is an event\u2019s sequence' })
  async events(
    @Parent() failover: FailoverView,
    @Context() { loaders }: GraphQLContext,
    @Args('first', { type: () => Int }, new ArgPipe(eventsFirst)) first: number,
    @Args('after', { type: () => String, nullable: true }, new ArgPipe(z.coerce.number().pipe(afterArg).optional())) after?: number,
  ): Promise<Connection<EventView>> {
    const events = await loaders.asking(EVENTS, [after ?? 0, first], (ids) => this.service.eventsOfMany(ids, after ?? 0, first + 1)).load(failover.id);
    const nodes = events.slice(0, first).map((event) => toEventView(event, correlationOf(failover)));
    const edges = nodes.map((node) => ({ node, cursor: String(node.sequence) }));
    const pageInfo = { hasNextPage: events.length > first, hasPreviousPage: (after ?? 0) > 0, startCursor: edges[0]?.cursor ?? null, endCursor: edges.at(-1)?.cursor ?? null };
    const count = () => loaders.of(EVENT_COUNTS, (ids: readonly string[]) => this.service.eventCounts(ids)).load(failover.id);
    return {
      nodes,
      edges,
      pageInfo,
      get totalCount() {
        return count();
      },
    };
  }

  @Mutation(() => FailoverPayload, { description: 'Starts a failover. Workers carry it out; read it, or subscribe to its events, to follow.' })
  @Requires('failover:start')
  @Acts()
  async startFailover(@Args('input', { type: () => StartFailoverInput }, new ArgPipe(startFailoverInput)) input: z.output<typeof startFailoverInput>, @Actor() actor: string, @ActId() id: string): Promise<Payload> {
    return { failover: toFailoverView(await this.service.start({ id, planId: input.planId, kind: input.kind }, actingOf(actor, input))) };
  }

  @Mutation(() => FailoverPayload, { description: 'Approves or rejects. Nobody decides on what they requested.' })
  @Requires('failover:decide')
  @Acts()
  async decideFailover(@Args('input', { type: () => DecideFailoverInput }, new ArgPipe(decideFailoverInput)) input: z.output<typeof decideFailoverInput>, @Actor() actor: string): Promise<Payload> {
    const { id, reason, correlation, clientMutationId: _, ...decision } = input;
    return { failover: toFailoverView(await this.service.decide(id, decision, actingOf(actor, { reason, correlation }))) };
  }

  @Mutation(() => FailoverPayload, { description: 'Possible until the Restore may exist. Fencing is taken back.' })
  @Requires('failover:abort')
  @Acts()
  async abortFailover(@Args('input', { type: () => AbortFailoverInput }, new ArgPipe(failoverReasonInput)) input: ReasonInput, @Actor() actor: string): Promise<Payload> {
    return { failover: toFailoverView(await this.service.abort(input.id, actingOf(actor, input))) };
  }

  @Mutation(() => FailoverPayload, { description: 'Goes on with a failover that needs attention.' })
  @Requires('failover:retry')
  @Acts()
  async retryFailover(@Args('input', { type: () => RetryFailoverInput }, new ArgPipe(failoverReasonInput)) input: ReasonInput, @Actor() actor: string): Promise<Payload> {
    return { failover: toFailoverView(await this.service.retry(input.id, actingOf(actor, input))) };
  }

  @Subscription(() => EventModel, {
    description: 'The events of a failover after `after`, as they come; ends when the failover has ended.',
    resolve: (event: EventView) => event,
  })
  @Requires('failover:read')
  async failoverEvents(
    @Args('id', { type: () => ID }, new ArgPipe(z.uuid())) id: string,
    @Args('after', { type: () => Int, nullable: true, defaultValue: 0 }, new ArgPipe(afterArg.default(0))) after: number,
    @Context() { req }: GraphQLContext,
  ): Promise<AsyncGenerator<EventView>> {
    const failover = await this.service.get(id);
    return this.streams.subscribed(req, (signal) => viewed(this.service.changes(id, after, signal), failover));
  }

  private async detailOf(loaders: Loaders, id: string): Promise<FailoverDetail> {
    const found = await loaders.of(DETAILS, async (ids: readonly string[]) => inOrder(ids, await this.service.getMany(ids), (detail) => detail.id)).load(id);
    if (found === null) throw new FailoverNotFoundError(id);
    return found;
  }
}

function correlationOf({ correlation }: FailoverView): Failover['correlation'] {
  if (correlation === null) return null;
  return Object.fromEntries(Object.entries(correlation).filter(([, value]) => value !== null)) as Failover['correlation'];
}

async function* viewed(events: AsyncIterable<FailoverEvent>, { correlation }: Failover): AsyncGenerator<EventView> {
  for await (const event of events) yield toEventView(event, correlation);
}
