import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { Acts } from '../api/acts.decorator.js';
import { Actor, actingOf } from '../api/caller.decorator.js';
import { connect, type Connection, type ConnectionArgs } from '../api/connection.js';
import type { GraphQLContext } from '../api/context.js';
import { IdArg } from '../api/id-arg.js';
import { ArgPipe } from '../api/input.pipe.js';
import { grouped } from '../api/loaders.js';
import {
  EnableHubComponentsInput, enableHubComponentsInput, hubArguments, HubConnection, HubModel, HubPayload, HubPrerequisitesPayload, InspectHubInput, inspectHubInput,
  PrerequisiteModel, RegisterHubInput, registerHubInput, RemoveHubInput, removeHubInput, RemoveHubPayload, ReplaceHubCredentialsInput, replaceHubCredentialsInput,
  toHubAccess, toHubView, toPreviewView, toPrerequisiteView, toRegisterHub, UpdateHubInput, updateHubInput,
  UpdateHubPayload, type HubUpdateView, type HubView, type PrerequisiteView,
} from './hubs.models.js';
import { HubsService } from './hubs.service.js';
import type { HubFilter, HubSortField, Prerequisite } from './hubs.types.js';

const PREREQUISITES = {};

interface HubAndPrerequisites {
  hub: HubView;
  prerequisites: PrerequisiteView[];
}

@Resolver(() => HubModel)
export class HubsResolver {
  constructor(private readonly service: HubsService) {}

  @Query(() => HubConnection, { description: 'The registered hubs' })
  @Requires('hub:read')
  hubs(@Args({ type: () => hubArguments.type }, new ArgPipe(hubArguments.schema)) args: ConnectionArgs<HubFilter, HubSortField>): Promise<Connection<HubView>> {
    return connect(args, (request) => this.service.list(args.filter, args.sort, request), toHubView);
  }

  @Query(() => HubModel)
  @Requires('hub:read')
  async hub(@IdArg() id: string): Promise<HubView> {
    return toHubView(await this.service.get(id));
  }

  @ResolveField(() => [PrerequisiteModel], { description: 'What the hub must have for recovery to work' })
  async prerequisites(@Parent() hub: HubView, @Context() { loaders }: GraphQLContext): Promise<PrerequisiteView[]> {
    const loader = loaders.of(PREREQUISITES, async (ids: readonly string[]) => grouped(ids, await this.service.prerequisitesOf(ids), ({ hubId }: Prerequisite) => hubId));
    return (await loader.load(hub.id)).map(toPrerequisiteView);
  }

  @Mutation(() => HubPayload, { description: 'Contacts the hub before anything is stored.' })
  @Requires('hub:register')
  @Acts()
  async registerHub(@Args('input', { type: () => RegisterHubInput }, new ArgPipe(registerHubInput)) input: z.output<typeof registerHubInput>, @Actor() actor: string): Promise<{ hub: HubView }> {
    return { hub: toHubView(await this.service.register(toRegisterHub(input), actingOf(actor, input))) };
  }

  @Mutation(() => UpdateHubPayload, { description: 'With dryRun nothing is changed, and the answer tells the hub as it would be.' })
  @Requires('hub:update')
  @Acts({ keyOptional: true })
  async updateHub(@Args('input', { type: () => UpdateHubInput }, new ArgPipe(updateHubInput)) input: z.output<typeof updateHubInput>, @Actor() actor: string): Promise<{ hub: HubView; preview: HubUpdateView['preview'] }> {
    const { id, version, reason, correlation, clientMutationId: _, dryRun = false, ...change } = input;
    const update = await this.service.update(id, change, version, actingOf(actor, { reason, correlation }), { dryRun });
    return { hub: toHubView(update.hub), preview: toPreviewView(update) };
  }

  @Mutation(() => HubPayload, { description: 'The new credentials must lead to the same cluster.' })
  @Requires('hub:replace-credentials')
  @Acts({ keyOptional: true })
  async replaceHubCredentials(@Args('input', { type: () => ReplaceHubCredentialsInput }, new ArgPipe(replaceHubCredentialsInput)) input: z.output<typeof replaceHubCredentialsInput>, @Actor() actor: string): Promise<{ hub: HubView }> {
    return { hub: toHubView(await this.service.replaceCredentials(input.id, toHubAccess(input), actingOf(actor, input))) };
  }

  @Mutation(() => RemoveHubPayload, { description: 'Refused while a plan or an open failover uses the hub. Its history stays.' })
  @Requires('hub:remove')
  @Acts({ keyOptional: true })
  async removeHub(@Args('input', { type: () => RemoveHubInput }, new ArgPipe(removeHubInput)) input: z.output<typeof removeHubInput>, @Actor() actor: string): Promise<{ removedHubId: string }> {
    await this.service.remove(input.id, actingOf(actor, input));
    return { removedHubId: input.id };
  }

  @Mutation(() => HubPrerequisitesPayload, { description: 'Looks at the hub now.' })
  @Requires('hub:inspect')
  @Acts()
  async inspectHub(@Args('input', { type: () => InspectHubInput }, new ArgPipe(inspectHubInput)) input: z.output<typeof inspectHubInput>, @Actor() actor: string): Promise<HubAndPrerequisites> {
    return this.withHub(input.id, await this.service.inspect(input.id, actingOf(actor, input)));
  }

  @Mutation(() => HubPrerequisitesPayload, { description: 'Turns components on, then looks at the hub.' })
  @Requires('hub:enable-components')
  @Acts()
  async enableHubComponents(@Args('input', { type: () => EnableHubComponentsInput }, new ArgPipe(enableHubComponentsInput)) input: z.output<typeof enableHubComponentsInput>, @Actor() actor: string): Promise<HubAndPrerequisites> {
    return this.withHub(input.id, await this.service.enableComponents(input.id, input.enable, actingOf(actor, input)));
  }

  private async withHub(hubId: string, prerequisites: readonly Prerequisite[]): Promise<HubAndPrerequisites> {
    return { hub: toHubView(await this.service.get(hubId)), prerequisites: prerequisites.map(toPrerequisiteView) };
  }
}
