import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Requires } from '../../access/requires.decorator.js';
import { Actor, actingOf } from '../../api/caller.decorator.js';
import { ExpectedVersion } from '../../api/etag.js';
import { partsOf, toPageView, type PageView } from '../../api/paging.js';
import { Rest } from '../../api/rest-docs.js';
import { idParam, reasonBody } from '../../api/schemas.js';
import { createPlanBody, planPage, planQuery, planView, toPlanView, updatePlanBody, type PlanView } from './plans.models.js';
import { PlansService } from './plans.service.js';

type Id = z.output<typeof idParam>;

@Controller('plans')
export class PlansController {
  constructor(private readonly plans: PlansService) {}

  @Post()
  @Requires('plan:write')
  @Rest({ summary: 'Make a recovery plan', tag: 'Recovery plans', answer: planView, status: 201, acts: true, takes: true, location: '/plans', description: 'The hubs must share backup storage.' })
  async createPlan(@Body({ schema: createPlanBody }) body: z.output<typeof createPlanBody>, @Actor() actor: string): Promise<PlanView> {
    const { reason, correlation, ...plan } = body;
    return toPlanView(await this.plans.create(plan, actingOf(actor, { reason, correlation })));
  }

  @Get()
  @Requires('plan:read')
  @Rest({ summary: 'List recovery plans', tag: 'Recovery plans', answer: planPage, takes: true })
  async listPlans(@Query({ schema: planQuery }) query: z.output<typeof planQuery>): Promise<PageView<PlanView>> {
    const { filter, sort, request } = partsOf(query);
    return toPageView(await this.plans.list(filter, sort, request), toPlanView);
  }

  @Get(':id')
  @Requires('plan:read')
  @Rest({ summary: 'Read a recovery plan', tag: 'Recovery plans', answer: planView, takes: true, finds: true })
  async getPlan(@Param({ schema: idParam }) { id }: Id): Promise<PlanView> {
    return toPlanView(await this.plans.get(id));
  }

  @Patch(':id')
  @Requires('plan:write')
  @Rest({ summary: 'Change a recovery plan', tag: 'Recovery plans', answer: planView, takes: true, finds: true, ifMatch: true, description: 'Its hubs never change: another pair is another plan.' })
  async updatePlan(@Param({ schema: idParam }) { id }: Id, @ExpectedVersion() version: number, @Body({ schema: updatePlanBody }) body: z.output<typeof updatePlanBody>, @Actor() actor: string): Promise<PlanView> {
    const { reason, correlation, ...change } = body;
    return toPlanView(await this.plans.update(id, change, version, actingOf(actor, { reason, correlation })));
  }

  @Delete(':id')
  @Requires('plan:write')
  @Rest({ summary: 'Archive a recovery plan', tag: 'Recovery plans', takes: true, finds: true, description: 'Its failovers and restores stay on record.' })
  async archivePlan(@Param({ schema: idParam }) { id }: Id, @Body({ schema: reasonBody }) body: z.output<typeof reasonBody>, @Actor() actor: string): Promise<void> {
    await this.plans.archive(id, actingOf(actor, body));
  }
}
