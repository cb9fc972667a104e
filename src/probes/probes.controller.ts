import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { Actor, actingOf } from '../api/caller.decorator.js';
import { partsOf, toPageView, type PageView } from '../api/paging.js';
import { Rest } from '../api/rest-docs.js';
import { idParam } from '../api/schemas.js';
import { pathPage, pathQuery, probeAnswer, probeBody, toPathView, type PathView, type ProbeAnswer } from './probes.models.js';
import { ProbesService } from './probes.service.js';

type Id = z.output<typeof idParam>;

@Controller('plans/:id')
export class ProbesController {
  constructor(private readonly probes: ProbesService) {}

  @Get('target-paths')
  @Requires('readiness:read')
  @Rest({ summary: 'List the ways from the target to the clusters, as probed', tag: 'Readiness', answer: pathPage, takes: true, finds: true })
  async listTargetPaths(@Param({ schema: idParam }) { id }: Id, @Query({ schema: pathQuery }) query: z.output<typeof pathQuery>): Promise<PageView<PathView>> {
    const { filter, request } = partsOf(query);
    return toPageView(await this.probes.list(id, filter, request), toPathView);
  }

  @Post('probes')
  @Requires('path:probe')
  @Rest({
    summary: 'Probe the ways from the target to the clusters now', tag: 'Readiness', answer: probeAnswer, status: 202, acts: true, takes: true, finds: true,
    description: 'Also where the plan assumes them. The results are told by the list of ways, and the verdicts follow.',
  })
  async probePaths(@Param({ schema: idParam }) { id }: Id, @Body({ schema: probeBody }) body: z.output<typeof probeBody>, @Actor() actor: string): Promise<ProbeAnswer> {
    const { cluster, ...said } = body;
    return { ways: await this.probes.probeNow(id, cluster ?? null, actingOf(actor, said)) };
  }
}
