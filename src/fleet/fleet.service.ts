import { Injectable } from '@nestjs/common';
import type { ListRequest, Page, Sort } from '../common/paging.js';
import { ClusterNotFoundError } from './fleet.errors.js';
import { FleetRepository } from './fleet.repository.js';
import type { ClusterFilter, ClusterSortField, ManagedCluster, WatchState } from './fleet.types.js';

/** Managed clusters as their hubs report them. */
@Injectable()
export class FleetService {
  constructor(private readonly repository: FleetRepository) {}

  list(filter: ClusterFilter, sort: Sort<ClusterSortField>, request: ListRequest): Promise<Page<ManagedCluster>> {
    return this.repository.list(filter, sort, request);
  }

  /** @throws ClusterNotFoundError */
  async get(clusterId: string): Promise<ManagedCluster> {
    const cluster = await this.repository.find(clusterId);
    if (cluster === null) throw new ClusterNotFoundError(clusterId);
    return cluster;
  }

  /** By hub and name; those that are not there are left out. */
  findByNames(hubId: string, names: readonly string[]): Promise<ManagedCluster[]> {
    return this.repository.findByNames(hubId, names);
  }

  /** How fresh our knowledge of each kind on the hub is. */
  watches(hubId: string): Promise<WatchState[]> {
    return this.repository.watches(hubId);
  }
}
