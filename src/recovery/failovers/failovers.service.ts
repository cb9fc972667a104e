import { Injectable } from '@nestjs/common';
import type { Acting } from '../../common/acting.js';
import type { ListRequest, Page, Sort } from '../../common/paging.js';
import type { DecideFailover, Failover, FailoverDetail, FailoverEvent, FailoverFilter, FailoverSortField, StartFailover } from './failovers.types.js';

const unwritten = (): Promise<never> => Promise.reject(new Error('not written'));

@Injectable()
export class FailoversService {
  /**
   * Records the failover and lets a worker carry it out.
   * @throws ReasonRequiredError, PlanNotFoundError, PlanNotUsableError, HubBusyError
   */
  start(_input: StartFailover, _by: Acting): Promise<FailoverDetail> { return unwritten(); }
  list(_filter: FailoverFilter, _sort: Sort<FailoverSortField>, _request: ListRequest): Promise<Page<Failover>> { return unwritten(); }
  /** @throws FailoverNotFoundError */
  get(_failoverId: string): Promise<FailoverDetail> { return unwritten(); }
  /** @throws ReasonRequiredError, FailoverNotFoundError, ApprovalNotPendingError, ApproverIsRequesterError, AlreadyDecidedError, ContentChangedError */
  decide(_failoverId: string, _decision: DecideFailover, _by: Acting): Promise<FailoverDetail> { return unwritten(); }
  /** Possible until the Restore may exist. Fencing is taken back. @throws ReasonRequiredError, FailoverNotFoundError, AbortNotPossibleError */
  abort(_failoverId: string, _by: Acting): Promise<FailoverDetail> { return unwritten(); }
  /** Goes on with a failover that needs attention. @throws ReasonRequiredError, FailoverNotFoundError, RetryNotNeededError */
  retry(_failoverId: string, _by: Acting): Promise<FailoverDetail> { return unwritten(); }
  /** In order, those after `sequence` (0: all), at most `limit` (default 500). @throws FailoverNotFoundError */
  eventsAfter(_failoverId: string, _sequence: number, _limit?: number): Promise<FailoverEvent[]> { return unwritten(); }
  /**
   * Every event after `sequence`, as they come; ends after the last one of a failover that has ended, or when `signal` aborts.
   * The table is the truth: looked at every second, and at once when this process writes.
   */
  // eslint-disable-next-line require-yield
  async *changes(_failoverId: string, _sequence: number, _signal: AbortSignal): AsyncGenerator<FailoverEvent> { return unwritten(); }
}
