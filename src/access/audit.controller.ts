import { Controller, Get, Query } from '@nestjs/common';
import type { z } from 'zod';
import { partsOf, toPageView, type PageView } from '../api/paging.js';
import { Rest } from '../api/rest-docs.js';
import { auditPage, auditQuery, toAuditEntryView, type AuditEntryView } from './audit.models.js';
import { AuditService } from './audit.service.js';
import { Requires } from './requires.decorator.js';

@Controller('audit')
export class AuditController {
  constructor(private readonly audit: AuditService) {}

  @Get()
  @Requires('audit:read')
  @Rest({ summary: 'Who did what, when and why', tag: 'Access', answer: auditPage, takes: true })
  async listAuditEntries(@Query({ schema: auditQuery }) query: z.output<typeof auditQuery>): Promise<PageView<AuditEntryView>> {
    const { filter, sort, request } = partsOf(query);
    return toPageView(await this.audit.list(filter, sort, request), toAuditEntryView);
  }
}
