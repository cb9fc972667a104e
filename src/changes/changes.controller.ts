import type { Readable } from 'node:stream';
import { Controller, Get, Headers, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { EventStreams, resumeAfter, wantsEventStream, type StreamedEvent } from '../api/event-streams.js';
import { Rest } from '../api/rest-docs.js';
import { changePageView, changeQuery, toChangePageView, toChangeView, type ChangePageView } from './changes.models.js';
import { ChangesService } from './changes.service.js';
import type { ChangeStep } from './changes.types.js';

@Controller('changes')
export class ChangesController {
  constructor(private readonly changes: ChangesService, private readonly streams: EventStreams) {}

  @Get()
  @Requires('change:read')
  @Rest({
    summary: 'What became of hubs and tokens, in order', tag: 'Changes', answer: changePageView, takes: true, streams: true, expires: true,
    description: 'With `Accept: text/event-stream` as server-sent events: `id` is where you stand, `Last-Event-ID` (or `after`) resumes there, `event` is the type of the change; `event: position` only says where you stand. Without `after` it tells what comes from now on, and a page where the log stands.',
  })
  async listChanges(
    @Query({ schema: changeQuery }) { after, limit, ...filter }: z.output<typeof changeQuery>,
    @Headers('accept') accept: string | undefined,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ChangePageView | Readable> {
    if (!wantsEventStream(accept)) return toChangePageView(await this.changes.page(after, filter, limit));
    const start = await this.changes.start(resumeAfter(lastEventId, after));
    return this.streams.serverSent(request, reply, (signal) => streamed(this.changes.follow(start, filter, signal)));
  }
}

async function* streamed(steps: AsyncIterable<ChangeStep>): AsyncGenerator<StreamedEvent> {
  for await (const { upToId, change } of steps) {
    yield change === null ? { sequence: upToId, type: 'position', data: { id: String(upToId) } } : { sequence: upToId, type: change.type, data: toChangeView(change) };
  }
}
