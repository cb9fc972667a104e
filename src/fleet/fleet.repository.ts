import { Injectable } from '@nestjs/common';
import type { ListRequest, Page, Sort } from '../common/paging.js';
import type { ManagedCluster as ClusterRow, Prisma } from '../database/generated/client.js';
import { keysetPage } from '../database/keyset.js';
import { PrismaService } from '../database/prisma.service.js';
import type { ClusterFilter, ClusterOrigin, ClusterSortField, ConditionState, ManagedCluster, WatchedKind, WatchState } from './fleet.types.js';

function toCluster(row: ClusterRow): ManagedCluster {
  return {
    ...row,
    origin: row.origin as ClusterOrigin,
    labels: row.labels as Record<string, string>,
    accepted: row.accepted as ConditionState,
    joined: row.joined as ConditionState,
    available: row.available as ConditionState,
    importCondition: row.importCondition as ConditionState,
    addonAvailable: row.addonAvailable as ConditionState,
    problems: row.problems as string[],
  };
}

/** LIKE reads % and _ as wildcards. */
const literally = (text: string): string => text.replace(/[\\%_]/g, '\\$&');

/** Managed clusters and watches as others read them; their writer is HubFactsRepository. */
@Injectable()
export class FleetRepository {
  constructor(private readonly prisma: PrismaService) {}

  list(filter: ClusterFilter, sort: Sort<ClusterSortField>, page: ListRequest): Promise<Page<ManagedCluster>> {
    const { hubId, origin, available, name } = filter;
    const where: Prisma.ManagedClusterWhereInput = {
      ...(hubId === undefined ? {} : { hubId }),
      ...(origin === undefined ? {} : { origin }),
      ...(available === undefined ? {} : { available }),
      ...(name === undefined ? {} : { name: { contains: literally(name), mode: 'insensitive' } }),
    };
    return keysetPage<ManagedCluster, Prisma.ManagedClusterWhereInput, Prisma.ManagedClusterOrderByWithRelationInput>({
      list: 'clusters',
      filter,
      sort: [{ field: sort.by, direction: sort.direction }, { field: 'id', direction: 'ASC' }],
      page,
      find: async (keyset) => (await this.prisma.managedCluster.findMany({ ...keyset, where: { AND: [where, keyset.where] } })).map(toCluster),
      count: () => this.prisma.managedCluster.count({ where }),
    });
  }

  async find(id: string): Promise<ManagedCluster | null> {
    const row = await this.prisma.managedCluster.findUnique({ where: { id } });
    return row === null ? null : toCluster(row);
  }

  async findByNames(hubId: string, names: readonly string[]): Promise<ManagedCluster[]> {
    return (await this.prisma.managedCluster.findMany({ where: { hubId, name: { in: [...names] } } })).map(toCluster);
  }

  async watches(hubId: string): Promise<WatchState[]> {
    const rows = await this.prisma.hubWatch.findMany({ where: { hubId }, orderBy: { kind: 'asc' } });
    return rows.map(({ kind, phase, listedAt, heardAt, errorCode }) => ({ hubId, kind: kind as WatchedKind, phase: phase as WatchState['phase'], listedAt, heardAt, errorCode }));
  }
}
