import { Injectable } from '@nestjs/common';
import type { ListRequest, Page, Sort } from '../common/paging.js';
import type {
  ClusterReadinessFilter, ClusterReadinessRow, ClusterReadinessSortField, ClusterReadinessView, HubReadinessView, PlanReadinessView,
} from './readiness.types.js';

const unwritten = (): Promise<never> => Promise.reject(new Error('not written'));

@Injectable()
export class ReadinessService {
  /** Computed anew where the last answer is older than a few seconds. @throws PlanNotFoundError */
  forPlan(_planId: string): Promise<PlanReadinessView> { return unwritten(); }
  /** @throws PlanNotFoundError */
  clustersOfPlan(_planId: string, _filter: ClusterReadinessFilter, _sort: Sort<ClusterReadinessSortField>, _request: ListRequest): Promise<Page<ClusterReadinessRow>> {
    return unwritten();
  }
  /** @throws HubNotFoundError */
  forHub(_hubId: string): Promise<HubReadinessView> { return unwritten(); }
  /** @throws ClusterNotFoundError */
  forCluster(_clusterId: string): Promise<ClusterReadinessView> { return unwritten(); }
}
