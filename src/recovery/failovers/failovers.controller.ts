import type { Readable } from 'node:stream';
import { Body, Controller, Get, Headers, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { Requires } from '../../access/requires.decorator.js';
import { ActId } from '../../api/act-id.js';
import { Actor, actingOf } from '../../api/caller.decorator.js';
import { EventStreams, resumeAfter, wantsEventStream, type StreamedEvent } from '../../api/event-streams.js';
import { partsOf, toPageView, type PageView } from '../../api/paging.js';
import { Rest } from '../../api/rest-docs.js';
import { idParam, reasonBody } from '../../api/schemas.js';
import {
  decideFailoverBody, eventPage, eventQuery, failoverDetailView, failoverPage, failoverQuery, isTerminal, startFailoverBody, startFailoverParams, toEventView, toFailoverDetailView,
  toFailoverView, type EventView, type FailoverDetailView, type FailoverView,
} from './failovers.models.js';
import { FailoversService } from './failovers.service.js';
import type { Failover, FailoverEvent } from './failovers.types.js';

type Id = z.output<typeof idParam>;

/** How soon a caller who polls should look again, in seconds. */
const POLL_SECONDS = 5;

@Controller()
export class FailoversController {
  constructor(private readonly failovers: FailoversService, private readonly streams: EventStreams) {}

  @Post('plans/:planId/failovers')
  @Requires('failover:start')
  @Rest({ summary: 'Start a failover', tag: 'Failovers', answer: failoverDetailView, status: 202, acts: true, takes: true, finds: true, location: '/failovers', description: 'Workers carry it out; read it, or its events, to follow.' })
  async startFailover(@Param({ schema: startFailoverParams }) { planId }: z.output<typeof startFailoverParams>, @Body({ schema: startFailoverBody }) body: z.output<typeof startFailoverBody>, @Actor() actor: string, @ActId() id: string): Promise<FailoverDetailView> {
    return toFailoverDetailView(await this.failovers.start({ id, planId, kind: body.kind }, actingOf(actor, body)));
  }

  @Get('failovers')
  @Requires('failover:read')
  @Rest({ summary: 'List failovers', tag: 'Failovers', answer: failoverPage, takes: true })
  async listFailovers(@Query({ schema: failoverQuery }) query: z.output<typeof failoverQuery>): Promise<PageView<FailoverView>> {
    const { filter, sort, request } = partsOf(query);
    return toPageView(await this.failovers.list(filter, sort, request), toFailoverView);
  }

  @Get('failovers/:id')
  @Requires('failover:read')
  @Rest({ summary: 'Read a failover', tag: 'Failovers', answer: failoverDetailView, takes: true, finds: true, description: 'While it runs, Retry-After says when to look again.' })
  async getFailover(@Param({ schema: idParam }) { id }: Id, @Res({ passthrough: true }) reply: FastifyReply): Promise<FailoverDetailView> {
    const failover = await this.failovers.get(id);
    if (!isTerminal(failover.status)) void reply.header('retry-after', String(POLL_SECONDS));
    return toFailoverDetailView(failover);
  }

  @Post('failovers/:id/approvals')
  @Requires('failover:decide')
  @Rest({ summary: 'Approve or reject a failover', tag: 'Failovers', answer: failoverDetailView, acts: true, takes: true, finds: true, description: 'Nobody decides on what they requested.' })
  async decideFailover(@Param({ schema: idParam }) { id }: Id, @Body({ schema: decideFailoverBody }) body: z.output<typeof decideFailoverBody>, @Actor() actor: string): Promise<FailoverDetailView> {
    const { reason, correlation, ...decision } = body;
    return toFailoverDetailView(await this.failovers.decide(id, decision, actingOf(actor, { reason, correlation })));
  }

  @Post('failovers/:id/abort')
  @Requires('failover:abort')
  @Rest({ summary: 'Abort a failover', tag: 'Failovers', answer: failoverDetailView, acts: true, takes: true, finds: true, description: 'Possible until the Restore may exist. Fencing is taken back.' })
  async abortFailover(@Param({ schema: idParam }) { id }: Id, @Body({ schema: reasonBody }) body: z.output<typeof reasonBody>, @Actor() actor: string): Promise<FailoverDetailView> {
    return toFailoverDetailView(await this.failovers.abort(id, actingOf(actor, body)));
  }

  @Post('failovers/:id/retry')
  @Requires('failover:retry')
  @Rest({ summary: 'Go on with a failover that needs attention', tag: 'Failovers', answer: failoverDetailView, acts: true, takes: true, finds: true })
  async retryFailover(@Param({ schema: idParam }) { id }: Id, @Body({ schema: reasonBody }) body: z.output<typeof reasonBody>, @Actor() actor: string): Promise<FailoverDetailView> {
    return toFailoverDetailView(await this.failovers.retry(id, actingOf(actor, body)));
  }

  @Get('failovers/:id/events')
  @Requires('failover:read')
  @Rest({
    summary: 'The log of a failover', tag: 'Failovers', answer: eventPage, takes: true, finds: true, streams: true,
    description: 'With `Accept: text/event-stream` as server-sent events: `id` is the sequence, `Last-Event-ID` resumes, `event: end` says that the failover has ended.',
  })
  async listFailoverEvents(
    @Param({ schema: idParam }) { id }: Id,
    @Query({ schema: eventQuery }) query: z.output<typeof eventQuery>,
    @Headers('accept') accept: string | undefined,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PageView<EventView> | Readable> {
    const failover = await this.failovers.get(id);
    const after = query.cursor ?? query.after;
    if (!wantsEventStream(accept)) return this.page(failover, after ?? 0, query.limit);
    return this.streams.serverSent(request, reply, (signal) => streamed(this.failovers.changes(id, resumeAfter(lastEventId, after) ?? 0, signal), failover));
  }

  private async page(failover: Failover, after: number, limit: number): Promise<PageView<EventView>> {
    const events = await this.failovers.eventsAfter(failover.id, after, limit + 1);
    const items = events.slice(0, limit);
    const nextCursor = events.length > limit ? String(items.at(-1)?.sequence) : null;
    return toPageView({ items, nextCursor }, (event) => toEventView(event, failover.correlation));
  }
}

async function* streamed(events: AsyncIterable<FailoverEvent>, { correlation }: Failover): AsyncGenerator<StreamedEvent> {
  for await (const event of events) yield { sequence: event.sequence, type: event.type, data: toEventView(event, correlation) };
}
