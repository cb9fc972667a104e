import { Injectable } from '@nestjs/common';
import type { Correlation } from '../common/acting.js';
import type { ListRequest, Page, Sort } from '../common/paging.js';
import type { AuditEntry as AuditRow, Prisma } from '../database/generated/client.js';
import { keysetPage, type SortKeys } from '../database/keyset.js';
import { PrismaService } from '../database/prisma.service.js';
import type { AuditEntry, AuditFilter, AuditRecord, AuditSortField } from './audit.types.js';

@Injectable()
export class AuditRepository {
  constructor(private readonly prisma: PrismaService) {}

  async append({ action, subject, by, details }: AuditRecord, at: Date): Promise<void> {
    const { system, id, number, url } = by.correlation ?? {};
    await this.prisma.auditEntry.create({
      data: {
        at,
        actor: by.actor,
        action,
        subject,
        reason: by.reason ?? null,
        correlationSystem: system ?? null,
        correlationId: id ?? null,
        correlationNumber: number ?? null,
        correlationUrl: url ?? null,
        details: (details ?? {}) as Prisma.InputJsonObject,
      },
    });
  }

  async list(filter: AuditFilter, sort: Sort<AuditSortField>, page: ListRequest): Promise<Page<AuditEntry>> {
    const own: Prisma.AuditEntryWhereInput = { ...filter };
    const keys: SortKeys<AuditRow> = [{ field: sort.by, direction: sort.direction }, { field: 'id', direction: sort.direction }];
    const rows = await keysetPage<AuditRow, Prisma.AuditEntryWhereInput, Prisma.AuditEntryOrderByWithRelationInput>({
      list: 'audit',
      filter,
      sort: keys,
      page,
      find: ({ where, orderBy, take }) => this.prisma.auditEntry.findMany({ where: { AND: [own, where] }, orderBy, take }),
      count: () => this.prisma.auditEntry.count({ where: own }),
    });
    return { ...rows, items: rows.items.map(toEntry) };
  }
}

function toEntry(row: AuditRow): AuditEntry {
  return {
    id: String(row.id),
    at: row.at,
    actor: row.actor,
    action: row.action,
    subject: row.subject,
    reason: row.reason,
    correlation: correlationOf(row),
    details: row.details as Record<string, unknown>,
  };
}

function correlationOf({ correlationSystem: system, correlationId: id, correlationNumber: number, correlationUrl: url }: AuditRow): Correlation | null {
  const given = Object.entries({ system, id, number, url }).filter(([, value]) => value !== null);
  return given.length === 0 ? null : (Object.fromEntries(given) as Correlation);
}
