import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import type { ListRequest, Page, Sort } from '../common/paging.js';
import { AuditRepository } from './audit.repository.js';
import type { AuditEntry, AuditFilter, AuditRecord, AuditSortField } from './audit.types.js';

/** Who did what, when and why. */
@Injectable()
export class AuditService {
  constructor(private readonly repository: AuditRepository, private readonly clock: Clock) {}

  async record(entry: AuditRecord): Promise<void> {
    await this.repository.append(entry, this.clock.now());
  }

  list(filter: AuditFilter, sort: Sort<AuditSortField>, request: ListRequest): Promise<Page<AuditEntry>> {
    return this.repository.list(filter, sort, request);
  }
}
