import { Injectable } from '@nestjs/common';
import { AuditService } from '../../access/audit.service.js';
import type { Acting } from '../../common/acting.js';
import { onlyPage, type ListRequest, type Page, type Sort } from '../../common/paging.js';
import { ReasonRequiredError } from '../../hubs/hubs.errors.js';
import { FailoverNotFoundError } from '../failovers/failovers.errors.js';
import { FailoversService } from '../failovers/failovers.service.js';
import { apiUrlProblem } from './api-url.rules.js';
import { ApiUrlInvalidError, ImportNotFoundError, ImportNotOpenError } from './imports.errors.js';
import { ImportsRepository } from './imports.repository.js';
import type { ClusterImport, ImportCounts, ImportFilter, ImportSortField } from './imports.types.js';

@Injectable()
export class ImportsService {
  constructor(
    private readonly repository: ImportsRepository,
    private readonly failovers: FailoversService,
    private readonly audit: AuditService,
  ) {}

  /** @throws FailoverNotFoundError */
  async list(failoverId: string, filter: ImportFilter, sort: Sort<ImportSortField>, request: ListRequest): Promise<Page<ClusterImport>> {
    if (!(await this.repository.exists(failoverId))) throw new FailoverNotFoundError(failoverId);
    return onlyPage(await this.listOfMany([failoverId], filter, sort, request));
  }

  /** Of each failover, which there are, in the order of the ids; an error where the cursor is not of its list. */
  listOfMany(failoverIds: readonly string[], filter: ImportFilter, sort: Sort<ImportSortField>, request: ListRequest): Promise<(Page<ClusterImport> | Error)[]> {
    return this.repository.listOf(failoverIds, filter, sort, request);
  }

  /** @throws ImportNotFoundError */
  async get(failoverId: string, cluster: string): Promise<ClusterImport> {
    const found = await this.repository.find(failoverId, cluster);
    if (found === null) throw new ImportNotFoundError(failoverId, cluster);
    return found;
  }

  counts(failoverIds: readonly string[]): Promise<Map<string, ImportCounts>> {
    return this.failovers.importCounts(failoverIds);
  }

  /**
   * Gives the address of a cluster whose hub knows none; its import is tried (again) with it, also after the failover has ended with exceptions.
   * @throws ImportNotFoundError, ImportNotOpenError, ApiUrlInvalidError, ReasonRequiredError
   */
  async supplyApiUrl(failoverId: string, cluster: string, apiUrl: string, by: Acting): Promise<ClusterImport> {
    const reason = by.reason?.trim();
    if (!reason) throw new ReasonRequiredError('Supplying an API URL');
    const why = apiUrlProblem(apiUrl);
    if (why !== null) throw new ApiUrlInvalidError(why);
    await this.get(failoverId, cluster);
    const note = { type: 'import.api_url_supplied', summary: `${by.actor} supplied an API URL for ${cluster}: ${reason}`, data: { cluster, apiUrl }, actor: by.actor };
    const refused = await this.failovers.reopenImport(failoverId, cluster, apiUrl, note);
    if (refused !== null) throw new ImportNotOpenError(failoverId, cluster, refused);
    await this.audit.record({ action: 'import.supply-api-url', subject: `failover/${failoverId}`, by, details: { cluster, apiUrl } });
    return this.get(failoverId, cluster);
  }
}
