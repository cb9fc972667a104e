import { Injectable } from '@nestjs/common';
import type { ListRequest, Page, Sort } from '../common/paging.js';
import type { ClusterFilter, ClusterSortField, ManagedCluster, WatchState } from './fleet.types.js';

const unwritten = (): Promise<never> => Promise.reject(new Error('not written'));

@Injectable()
export class FleetService {
  list(_filter: ClusterFilter, _sort: Sort<ClusterSortField>, _request: ListRequest): Promise<Page<ManagedCluster>> { return unwritten(); }
  /** @throws ClusterNotFoundError */
  get(_clusterId: string): Promise<ManagedCluster> { return unwritten(); }
  /** By hub and name, for DataLoaders; missing ones are left out. */
  findByNames(_hubId: string, _names: readonly string[]): Promise<ManagedCluster[]> { return unwritten(); }
  watches(_hubId: string): Promise<WatchState[]> { return unwritten(); }
}
