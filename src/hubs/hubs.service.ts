import { Injectable } from '@nestjs/common';
import type { Acting } from '../common/acting.js';
import type { ListRequest, Page, Sort } from '../common/paging.js';
import type { Hub, HubAccess, HubChange, HubComponent, HubFilter, HubSortField, Prerequisite, RegisterHub } from './hubs.types.js';

const unwritten = (): Promise<never> => Promise.reject(new Error('not written'));

@Injectable()
export class HubsService {
  /** Contacts the hub before anything is stored. */
  register(_input: RegisterHub, _by: Acting): Promise<Hub> { return unwritten(); }
  list(_filter: HubFilter, _sort: Sort<HubSortField>, _request: ListRequest): Promise<Page<Hub>> { return unwritten(); }
  /** @throws HubNotFoundError */
  get(_hubId: string): Promise<Hub> { return unwritten(); }
  getMany(_hubIds: readonly string[]): Promise<Hub[]> { return unwritten(); }
  /** @throws HubVersionConflictError, HubNameTakenError, HubInputInvalidError */
  update(_hubId: string, _change: HubChange, _expectedVersion: number, _by: Acting): Promise<Hub> { return unwritten(); }
  replaceCredentials(_hubId: string, _access: HubAccess, _by: Acting): Promise<Hub> { return unwritten(); }
  /** @throws ReasonRequiredError, HubInUseError */
  remove(_hubId: string, _by: Acting): Promise<void> { return unwritten(); }
  inspect(_hubId: string, _by: Acting): Promise<Prerequisite[]> { return unwritten(); }
  prerequisites(_hubId: string): Promise<Prerequisite[]> { return unwritten(); }
  prerequisitesOf(_hubIds: readonly string[]): Promise<Prerequisite[]> { return unwritten(); }
  /** @throws ReasonRequiredError, ComponentHostMissingError, KubeError. Inspects afterwards. */
  enableComponents(_hubId: string, _enable: readonly HubComponent[], _by: Acting): Promise<Prerequisite[]> { return unwritten(); }
}
