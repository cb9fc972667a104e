import { Injectable } from '@nestjs/common';
import type { ListRequest, Page, Sort } from '../../common/paging.js';
import { RestoreNotFoundError } from './restores.errors.js';
import { RestoresRepository } from './restores.repository.js';
import type { RestoreFilter, RestoreRecord, RestoreSortField } from './restores.types.js';

/** The restore history. */
@Injectable()
export class RestoresService {
  constructor(private readonly repository: RestoresRepository) {}

  list(filter: RestoreFilter, sort: Sort<RestoreSortField>, request: ListRequest): Promise<Page<RestoreRecord>> {
    return this.repository.list(filter, sort, request);
  }

  /** The one of each failover, where there is one. */
  ofFailovers(failoverIds: readonly string[]): Promise<RestoreRecord[]> {
    return this.repository.ofFailovers(failoverIds);
  }

  /** @throws RestoreNotFoundError */
  async get(restoreId: string): Promise<RestoreRecord> {
    const restore = await this.repository.find(restoreId);
    if (restore === null) throw new RestoreNotFoundError(restoreId);
    return restore;
  }
}
