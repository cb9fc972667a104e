import { Injectable } from '@nestjs/common';
import type { ListRequest, Page, Sort } from '../../common/paging.js';
import type { Prisma, Restore } from '../../database/generated/client.js';
import { keysetPage } from '../../database/keyset.js';
import { PrismaService } from '../../database/prisma.service.js';
import { veleroRestoresFromJson } from './stored-restore.rules.js';
import type { RestoreFilter, RestoreMode, RestoreOutcome, RestoreRecord, RestoreSortField } from './restores.types.js';

/** Reads the restore history; the failover machine writes it, in the transactions of its steps. */
@Injectable()
export class RestoresRepository {
  constructor(private readonly prisma: PrismaService) {}

  async find(restoreId: string): Promise<RestoreRecord | null> {
    const row = await this.prisma.restore.findUnique({ where: { id: restoreId } });
    return row && toRecord(row);
  }

  /** The youngest of each failover. */
  async ofFailovers(failoverIds: readonly string[]): Promise<RestoreRecord[]> {
    const rows = await this.prisma.restore.findMany({ where: { failoverId: { in: [...failoverIds] } }, distinct: ['failoverId'], orderBy: [{ failoverId: 'asc' }, { requestedAt: 'desc' }] });
    return rows.map(toRecord);
  }

  async list(filter: RestoreFilter, sort: Sort<RestoreSortField>, page: ListRequest): Promise<Page<RestoreRecord>> {
    const own: Prisma.RestoreWhereInput = { hubId: filter.hubId, failoverId: filter.failoverId, outcome: filter.outcome };
    const found = await keysetPage<Restore, Prisma.RestoreWhereInput, Prisma.RestoreOrderByWithRelationInput>({
      list: 'restores',
      filter,
      sort: [{ field: sort.by, direction: sort.direction }, { field: 'id', direction: sort.direction }],
      page,
      find: (keyset) => this.prisma.restore.findMany({ where: { AND: [own, keyset.where] }, orderBy: keyset.orderBy, take: keyset.take }),
      count: () => this.prisma.restore.count({ where: own }),
    });
    return { ...found, items: found.items.map(toRecord) };
  }
}

const toRecord = (row: Restore): RestoreRecord => ({
  id: row.id, failoverId: row.failoverId, hubId: row.hubId, name: row.name, uid: row.uid, mode: row.mode as RestoreMode, spec: row.spec as Record<string, string | boolean>,
  phase: row.phase, lastMessage: row.lastMessage, messages: row.messages as string[], veleroRestores: veleroRestoresFromJson(row.veleroRestores), actor: row.actor, reason: row.reason,
  requestedAt: row.requestedAt, startedAt: row.startedAt, completedAt: row.completedAt, outcome: row.outcome as RestoreOutcome | null,
});
