import { Controller, Get, Param, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { Rest } from '../api/rest-docs.js';
import { idParam } from '../api/schemas.js';
import { timelineQuery, timelineView, toTimelineView, type TimelineView } from './token-timeline.models.js';
import { TokenTimelineService } from './token-timeline.service.js';

@Controller('clusters')
export class TokenTimelineController {
  constructor(private readonly timeline: TokenTimelineService) {}

  @Get(':id/token-timeline')
  @Requires('token:read')
  @Rest({
    summary: 'What became of a cluster\u2019s tokens', tag: 'Tokens', answer: timelineView, takes: true, finds: true,
    description: 'Every life with its label, its refresh and the backup sets that hold it, and the gaps between; at most 400 days, by default the last thirty.',
  })
  async getTokenTimeline(@Param({ schema: idParam }) { id }: z.output<typeof idParam>, @Query({ schema: timelineQuery }) range: z.output<typeof timelineQuery>): Promise<TimelineView> {
    return toTimelineView(await this.timeline.ofCluster(id, range));
  }
}
