import { Injectable } from '@nestjs/common';
import type { ListRequest, Page, Sort } from '../../common/paging.js';
import type { RestoreFilter, RestoreRecord, RestoreSortField } from './restores.types.js';

const unwritten = (): Promise<never> => Promise.reject(new Error('not written'));

/** The restore history. */
@Injectable()
export class RestoresService {
  list(_filter: RestoreFilter, _sort: Sort<RestoreSortField>, _request: ListRequest): Promise<Page<RestoreRecord>> { return unwritten(); }
  /** @throws RestoreNotFoundError */
  get(_restoreId: string): Promise<RestoreRecord> { return unwritten(); }
}
