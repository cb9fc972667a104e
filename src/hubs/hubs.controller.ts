import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { Actor, actingOf } from '../api/caller.decorator.js';
import { ExpectedVersion } from '../api/etag.js';
import { partsOf, toPageView, type PageView } from '../api/paging.js';
import { Rest } from '../api/rest-docs.js';
import { actingBody, idParam, reasonBody } from '../api/schemas.js';
import {
  enableComponentsBody, hubPage, hubQuery, hubUpdateView, hubView, prerequisitesView, registerHubBody, replaceCredentialsBody, toHubAccess, toHubView, toPreviewView,
  toPrerequisiteView, toRegisterHub, updateHubBody, type HubUpdateView, type HubView, type PrerequisiteView,
} from './hubs.models.js';
import { HubsService } from './hubs.service.js';
import type { Prerequisite } from './hubs.types.js';

type Id = z.output<typeof idParam>;
type Prerequisites = { items: PrerequisiteView[] };

const listed = (prerequisites: readonly Prerequisite[]): Prerequisites => ({ items: prerequisites.map(toPrerequisiteView) });

@Controller('hubs')
export class HubsController {
  constructor(private readonly service: HubsService) {}

  @Post()
  @Requires('hub:register')
  @Rest({ summary: 'Register a hub', tag: 'Hubs', answer: hubView, status: 201, acts: true, takes: true, location: '/hubs', description: 'The hub is contacted before anything is stored.' })
  async registerHub(@Body({ schema: registerHubBody }) body: z.output<typeof registerHubBody>, @Actor() actor: string): Promise<HubView> {
    return toHubView(await this.service.register(toRegisterHub(body), actingOf(actor, body)));
  }

  @Get()
  @Requires('hub:read')
  @Rest({ summary: 'List hubs', tag: 'Hubs', answer: hubPage, takes: true })
  async listHubs(@Query({ schema: hubQuery }) query: z.output<typeof hubQuery>): Promise<PageView<HubView>> {
    const { filter, sort, request } = partsOf(query);
    return toPageView(await this.service.list(filter, sort, request), toHubView);
  }

  @Get(':id')
  @Requires('hub:read')
  @Rest({ summary: 'Read a hub', tag: 'Hubs', answer: hubView, takes: true, finds: true })
  async getHub(@Param({ schema: idParam }) { id }: Id): Promise<HubView> {
    return toHubView(await this.service.get(id));
  }

  @Patch(':id')
  @Requires('hub:update')
  @Rest({ summary: 'Change a hub', tag: 'Hubs', answer: hubUpdateView, takes: true, finds: true, ifMatch: true, description: 'Name, policy, exclusions, validity and margins of its tokens. `dryRun` tells how many clusters each exclusion takes in.' })
  async updateHub(@Param({ schema: idParam }) { id }: Id, @ExpectedVersion() version: number, @Body({ schema: updateHubBody }) body: z.output<typeof updateHubBody>, @Actor() actor: string): Promise<HubUpdateView> {
    const { reason, correlation, dryRun = false, ...change } = body;
    const update = await this.service.update(id, change, version, actingOf(actor, { reason, correlation }), { dryRun });
    return { ...toHubView(update.hub), preview: toPreviewView(update) };
  }

  @Put(':id/credentials')
  @Requires('hub:replace-credentials')
  @Rest({ summary: 'Replace the credentials of a hub', tag: 'Hubs', answer: hubView, takes: true, finds: true, acts: { keyOptional: true }, description: 'They must lead to the same cluster.' })
  async replaceHubCredentials(@Param({ schema: idParam }) { id }: Id, @Body({ schema: replaceCredentialsBody }) body: z.output<typeof replaceCredentialsBody>, @Actor() actor: string): Promise<HubView> {
    return toHubView(await this.service.replaceCredentials(id, toHubAccess(body), actingOf(actor, body)));
  }

  @Delete(':id')
  @Requires('hub:remove')
  @Rest({ summary: 'Remove a hub', tag: 'Hubs', takes: true, finds: true, description: 'Refused while a plan or an open failover uses it. Its history stays.' })
  async removeHub(@Param({ schema: idParam }) { id }: Id, @Body({ schema: reasonBody }) body: z.output<typeof reasonBody>, @Actor() actor: string): Promise<void> {
    await this.service.remove(id, actingOf(actor, body));
  }

  @Post(':id/inspections')
  @Requires('hub:inspect')
  @Rest({ summary: 'Inspect a hub now', tag: 'Hubs', answer: prerequisitesView, acts: true, takes: true, finds: true })
  async inspectHub(@Param({ schema: idParam }) { id }: Id, @Body({ schema: actingBody }) body: z.output<typeof actingBody>, @Actor() actor: string): Promise<Prerequisites> {
    return listed(await this.service.inspect(id, actingOf(actor, body)));
  }

  @Get(':id/prerequisites')
  @Requires('hub:read')
  @Rest({ summary: 'What a hub must have for recovery to work', tag: 'Hubs', answer: prerequisitesView, takes: true, finds: true })
  async getHubPrerequisites(@Param({ schema: idParam }) { id }: Id): Promise<Prerequisites> {
    return listed(await this.service.prerequisites(id));
  }

  @Post(':id/components')
  @Requires('hub:enable-components')
  @Rest({ summary: 'Enable components on a hub', tag: 'Hubs', answer: prerequisitesView, acts: true, takes: true, finds: true })
  async enableHubComponents(@Param({ schema: idParam }) { id }: Id, @Body({ schema: enableComponentsBody }) body: z.output<typeof enableComponentsBody>, @Actor() actor: string): Promise<Prerequisites> {
    return listed(await this.service.enableComponents(id, body.enable, actingOf(actor, body)));
  }
}
