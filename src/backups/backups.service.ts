import { Injectable } from '@nestjs/common';
import { onlyPage, type ListRequest, type Page, type Sort } from '../common/paging.js';
import { BackupSetNotFoundError } from './backups.errors.js';
import { BackupsRepository } from './backups.repository.js';
import type { BackupSet, BackupSetCluster, BackupSetClusterFilter, BackupSetFilter, BackupSetSortField, BackupSetToken, BackupSetTokenFilter } from './backups.types.js';

@Injectable()
export class BackupsService {
  constructor(private readonly repository: BackupsRepository) {}

  sets(filter: BackupSetFilter, sort: Sort<BackupSetSortField>, request: ListRequest): Promise<Page<BackupSet>> {
    return this.repository.sets(filter, sort, request);
  }

  /** @throws BackupSetNotFoundError */
  async set(setId: string): Promise<BackupSet> {
    const set = await this.repository.set(setId);
    if (set === null) throw new BackupSetNotFoundError(setId);
    return set;
  }

  /** By cluster and account. @throws BackupSetNotFoundError */
  async setTokens(setId: string, filter: BackupSetTokenFilter, request: ListRequest): Promise<Page<BackupSetToken>> {
    await this.set(setId);
    return onlyPage(await this.setTokensOfMany([setId], filter, request));
  }

  /** Of each set, which there are, in the order of the ids; an error where the cursor is not of its list. */
  setTokensOfMany(setIds: readonly string[], filter: BackupSetTokenFilter, request: ListRequest): Promise<(Page<BackupSetToken> | Error)[]> {
    return this.repository.tokensOfSets(setIds, filter, request);
  }

  /** By cluster. @throws BackupSetNotFoundError */
  async setClusters(setId: string, filter: BackupSetClusterFilter, request: ListRequest): Promise<Page<BackupSetCluster>> {
    await this.set(setId);
    return onlyPage(await this.setClustersOfMany([setId], filter, request));
  }

  /** Of each set, likewise. */
  setClustersOfMany(setIds: readonly string[], filter: BackupSetClusterFilter, request: ListRequest): Promise<(Page<BackupSetCluster> | Error)[]> {
    return this.repository.clustersOfSets(setIds, filter, request);
  }
}
