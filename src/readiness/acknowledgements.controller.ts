import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { Actor, actingOf } from '../api/caller.decorator.js';
import { partsOf, toPageView, type PageView } from '../api/paging.js';
import { Rest } from '../api/rest-docs.js';
import { actingBody, idParam } from '../api/schemas.js';
import { acknowledgeBody, acknowledgementPage, acknowledgementQuery, acknowledgementView, toAcknowledgementView, type AcknowledgementView } from './acknowledgements.models.js';
import { AcknowledgementsService } from './acknowledgements.service.js';

type Id = z.output<typeof idParam>;

@Controller()
export class AcknowledgementsController {
  constructor(private readonly acknowledgements: AcknowledgementsService) {}

  @Post('plans/:id/acknowledgements')
  @Requires('finding:acknowledge')
  @Rest({
    summary: 'Acknowledge a finding', tag: 'Readiness', answer: acknowledgementView, status: 201, acts: true, takes: true, finds: true,
    description: 'It is told with the finding until then. The finding counts as before.',
  })
  async acknowledgeFinding(@Param({ schema: idParam }) { id }: Id, @Body({ schema: acknowledgeBody }) body: z.output<typeof acknowledgeBody>, @Actor() actor: string): Promise<AcknowledgementView> {
    const { reason, correlation, ...content } = body;
    return toAcknowledgementView(await this.acknowledgements.acknowledge(id, content, actingOf(actor, { reason, correlation })));
  }

  @Get('plans/:id/acknowledgements')
  @Requires('readiness:read')
  @Rest({ summary: 'List who knows of which finding', tag: 'Readiness', answer: acknowledgementPage, takes: true, finds: true })
  async listAcknowledgements(@Param({ schema: idParam }) { id }: Id, @Query({ schema: acknowledgementQuery }) query: z.output<typeof acknowledgementQuery>): Promise<PageView<AcknowledgementView>> {
    const { filter, request } = partsOf(query);
    return toPageView(await this.acknowledgements.list(id, filter, request), toAcknowledgementView);
  }

  @Delete('acknowledgements/:id')
  @Requires('finding:acknowledge')
  @Rest({ summary: 'Withdraw an acknowledgement', tag: 'Readiness', answer: acknowledgementView, acts: true, takes: true, finds: true })
  async withdrawAcknowledgement(@Param({ schema: idParam }) { id }: Id, @Body({ schema: actingBody }) body: z.output<typeof actingBody>, @Actor() actor: string): Promise<AcknowledgementView> {
    return toAcknowledgementView(await this.acknowledgements.withdraw(id, actingOf(actor, body)));
  }
}
