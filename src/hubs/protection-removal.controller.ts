import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { Actor, actingOf } from '../api/caller.decorator.js';
import { partsOf, toPageView, type PageView } from '../api/paging.js';
import { Rest } from '../api/rest-docs.js';
import { idParam } from '../api/schemas.js';
import {
  removalAnswer, removalItemPage, removalItemQuery, removalPage, removalQuery, removalView, removeProtectionBody, toRemovalAnswer, toRemovalItemView, toRemovalView,
  type RemovalAnswer, type RemovalItemView, type RemovalView,
} from './protection-removal.models.js';
import { ProtectionRemovals } from './protection-removal.service.js';

type Id = z.output<typeof idParam>;

@Controller()
export class ProtectionRemovalController {
  constructor(private readonly removals: ProtectionRemovals) {}

  @Post('hubs/:id/protection-removals')
  @Requires('hub:remove-protection')
  @Rest({
    summary: 'Remove what PROTECT has made on a hub', tag: 'Hubs', answer: removalAnswer, acts: { keyOptional: true }, takes: true, finds: true,
    description: 'Exactly that, and nothing else. First with `dryRun`: the list, and what follows. Then with a reason and `confirm`: the policy becomes OBSERVE, and the list is carried out.',
  })
  async removeProtection(@Param({ schema: idParam }) { id }: Id, @Body({ schema: removeProtectionBody }) body: z.output<typeof removeProtectionBody>, @Actor() actor: string): Promise<RemovalAnswer> {
    const { dryRun, confirm, offset, limit, ...said } = body;
    return toRemovalAnswer(await this.removals.remove(id, { dryRun, ...(confirm === undefined ? {} : { confirm }) }, actingOf(actor, said)), { offset, limit });
  }

  @Get('protection-removals')
  @Requires('hub:read')
  @Rest({ summary: 'List removals of protection', tag: 'Hubs', answer: removalPage, takes: true })
  async listProtectionRemovals(@Query({ schema: removalQuery }) query: z.output<typeof removalQuery>): Promise<PageView<RemovalView>> {
    const { filter, request } = partsOf(query);
    return toPageView(await this.removals.list(filter, request), toRemovalView);
  }

  @Get('protection-removals/:id')
  @Requires('hub:read')
  @Rest({ summary: 'Read how far a removal of protection is', tag: 'Hubs', answer: removalView, takes: true, finds: true })
  async getProtectionRemoval(@Param({ schema: idParam }) { id }: Id): Promise<RemovalView> {
    return toRemovalView(await this.removals.get(id));
  }

  @Get('protection-removals/:id/items')
  @Requires('hub:read')
  @Rest({ summary: 'Each object of a removal, and what came of it', tag: 'Hubs', answer: removalItemPage, takes: true, finds: true })
  async listRemovalItems(@Param({ schema: idParam }) { id }: Id, @Query({ schema: removalItemQuery }) query: z.output<typeof removalItemQuery>): Promise<PageView<RemovalItemView>> {
    const { filter, request } = partsOf(query);
    return toPageView(await this.removals.items(id, filter, request), toRemovalItemView);
  }
}
