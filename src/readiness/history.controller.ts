import { Controller, Get, Param, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { partsOf, toPageView, type PageView } from '../api/paging.js';
import { Rest } from '../api/rest-docs.js';
import { idParam } from '../api/schemas.js';
import {
  asOfQuery, asOfView, groupsView, hoursQuery, pointsView, sinceQuery, toAsOfView, toGroupView, toPointView, toVerdictChangeView, verdictChangePage, verdictChangeQuery, type VerdictChangeView,
} from './history.models.js';
import { HistoryService } from './history.service.js';

type Id = z.output<typeof idParam>;

@Controller('plans/:id/readiness')
export class HistoryController {
  constructor(private readonly history: HistoryService) {}

  @Get('history')
  @Requires('readiness:read')
  @Rest({ summary: 'The verdict on the plan hour by hour', tag: 'Readiness', answer: pointsView, takes: true, finds: true })
  async getReadinessHistory(@Param({ schema: idParam }) { id }: Id, @Query({ schema: hoursQuery }) { from, to }: z.output<typeof hoursQuery>): Promise<z.infer<typeof pointsView>> {
    return { items: (await this.history.hours(id, from, to)).map(toPointView) };
  }

  @Get('changes')
  @Requires('readiness:read')
  @Rest({ summary: 'Every verdict that became another, newest first', tag: 'Readiness', answer: verdictChangePage, takes: true, finds: true })
  async listVerdictChanges(@Param({ schema: idParam }) { id }: Id, @Query({ schema: verdictChangeQuery }) query: z.output<typeof verdictChangeQuery>): Promise<PageView<VerdictChangeView>> {
    const { filter, request } = partsOf(query);
    return toPageView(await this.history.changes(id, filter, request), toVerdictChangeView);
  }

  @Get('change-groups')
  @Requires('readiness:read')
  @Rest({ summary: 'What became of how many clusters since a moment, and why', tag: 'Readiness', answer: groupsView, takes: true, finds: true })
  async listVerdictChangeGroups(@Param({ schema: idParam }) { id }: Id, @Query({ schema: sinceQuery }) { since }: z.output<typeof sinceQuery>): Promise<z.infer<typeof groupsView>> {
    return { items: (await this.history.groups(id, since)).map(toGroupView) };
  }

  @Get('as-of')
  @Requires('readiness:read')
  @Rest({ summary: 'Whether the plan was ready at a moment in the past', tag: 'Readiness', answer: asOfView, takes: true, finds: true })
  async getReadinessAsOf(@Param({ schema: idParam }) { id }: Id, @Query({ schema: asOfQuery }) { at }: z.output<typeof asOfQuery>): Promise<z.infer<typeof asOfView>> {
    return toAsOfView(await this.history.asOf(id, at));
  }
}
