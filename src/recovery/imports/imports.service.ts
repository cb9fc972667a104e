import { Injectable } from '@nestjs/common';
import type { Acting } from '../../common/acting.js';
import type { ListRequest, Page, Sort } from '../../common/paging.js';
import type { ClusterImport, ImportCounts, ImportFilter, ImportSortField } from './imports.types.js';

const unwritten = (): Promise<never> => Promise.reject(new Error('not written'));

@Injectable()
export class ImportsService {
  /** @throws FailoverNotFoundError */
  list(_failoverId: string, _filter: ImportFilter, _sort: Sort<ImportSortField>, _request: ListRequest): Promise<Page<ClusterImport>> { return unwritten(); }
  /** @throws ImportNotFoundError */
  get(_failoverId: string, _cluster: string): Promise<ClusterImport> { return unwritten(); }
  counts(_failoverIds: readonly string[]): Promise<Map<string, ImportCounts>> { return unwritten(); }
  /**
   * Gives the address of a cluster whose hub knows none; its import is tried (again) with it, also after the failover has ended with exceptions.
   * @throws ImportNotFoundError, ImportNotOpenError, ApiUrlInvalidError, ReasonRequiredError
   */
  supplyApiUrl(_failoverId: string, _cluster: string, _apiUrl: string, _by: Acting): Promise<ClusterImport> { return unwritten(); }
}
