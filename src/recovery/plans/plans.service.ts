import { Injectable } from '@nestjs/common';
import type { Acting } from '../../common/acting.js';
import type { ListRequest, Page, Sort } from '../../common/paging.js';
import type { NewPlan, Plan, PlanChange, PlanFilter, PlanSortField } from './plans.types.js';

const unwritten = (): Promise<never> => Promise.reject(new Error('not written'));

@Injectable()
export class PlansService {
  /** @throws PlanInvalidError, PlanSourceIsTargetError, PlanHubsShareNoStorageError, PlanNameTakenError, HubNotFoundError */
  create(_input: NewPlan, _by: Acting): Promise<Plan> { return unwritten(); }
  list(_filter: PlanFilter, _sort: Sort<PlanSortField>, _request: ListRequest): Promise<Page<Plan>> { return unwritten(); }
  /** Archived plans too. @throws PlanNotFoundError */
  get(_planId: string): Promise<Plan> { return unwritten(); }
  getMany(_planIds: readonly string[]): Promise<Plan[]> { return unwritten(); }
  /** @throws PlanNotFoundError, PlanVersionConflictError, PlanNameTakenError, PlanInvalidError */
  update(_planId: string, _change: PlanChange, _expectedVersion: number, _by: Acting): Promise<Plan> { return unwritten(); }
  /** Its failovers and restores stay on record. @throws PlanNotFoundError, PlanInUseError, ReasonRequiredError */
  archive(_planId: string, _by: Acting): Promise<void> { return unwritten(); }
}
