import { Args, Query, Resolver } from '@nestjs/graphql';
import { connect, type Connection, type ConnectionArgs } from '../api/connection.js';
import { ArgPipe } from '../api/input.pipe.js';
import { auditArguments, AuditEntryConnection, toAuditEntryView, type AuditEntryView } from './audit.models.js';
import { AuditService } from './audit.service.js';
import type { AuditFilter, AuditSortField } from './audit.types.js';
import { Requires } from './requires.decorator.js';

@Resolver()
export class AuditResolver {
  constructor(private readonly audit: AuditService) {}

  @Query(() => AuditEntryConnection, { description: 'Who did what, when and why' })
  @Requires('audit:read')
  auditEntries(@Args({ type: () => auditArguments.type }, new ArgPipe(auditArguments.schema)) args: ConnectionArgs<AuditFilter, AuditSortField>): Promise<Connection<AuditEntryView>> {
    return connect(args, (request) => this.audit.list(args.filter, args.sort, request), toAuditEntryView);
  }
}
