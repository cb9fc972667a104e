import { Args, Context, ID, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { Acts } from '../api/acts.decorator.js';
import { Actor, actingOf } from '../api/caller.decorator.js';
import { connect, type Connection, type ConnectionArgs } from '../api/connection.js';
import type { GraphQLContext } from '../api/context.js';
import { ArgPipe } from '../api/input.pipe.js';
import { grouped } from '../api/loaders.js';
import { id as idSchema } from '../api/schemas.js';
import {
  EnableHubComponentsInput, enableHubComponentsInput, hubArguments, HubConnection, HubModel, HubPayload, HubPrerequisitesPayload, InspectHubInput, inspectHubInput,
  PrerequisiteModel, RegisterHubInput, registerHubInput, RemoveHubInput, removeHubInput, RemoveHubPayload, ReplaceHubCredentialsInput, replaceHubCredentialsInput,
  toHubAccess, toHubView, toPrerequisiteView, toRegisterHub, UpdateHubInput, updateHubInput, type HubView, type PrerequisiteView,
} from './hubs.models.js';
import { HubsService } from './hubs.service.js';
import type { Hub, HubFilter, HubSortField } from './hubs.types.js';

interface WithPrerequisites {
  hub: HubView;
  prerequisites: PrerequisiteView[];
}

@Resolver(() => HubModel)
export class HubsResolver {
  constructor(private readonly hubs: HubsService) {}

  @Query(() => HubConnection, { description: 'The registered hubs' })
  @Requires('hub:read')
  hubs_(@Args({ type: () => hubArguments.type }, new ArgPipe(hubArguments.schema)) args: ConnectionArgs<HubFilter, HubSortField>): Promise<Connection<HubView>> {
    return connect(args, (request) => this.hubs.list(args.filter, args.sort, request), toHubView);
  }
}
