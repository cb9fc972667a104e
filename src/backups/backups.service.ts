import { Injectable } from '@nestjs/common';
import type { Acting } from '../common/acting.js';
import type { ListRequest, Page, Sort } from '../common/paging.js';
import type { BackupSchedule, BackupSet, BackupSetFilter, BackupSetSortField, BackupSetToken, BackupSetTokenFilter, PutBackupSchedule } from './backups.types.js';

const unwritten = (): Promise<never> => Promise.reject(new Error('not written'));

@Injectable()
export class BackupsService {
  /** @throws ReasonRequiredError, BackupScheduleInvalidError, BackupScheduleExistsError, BackupNotInstalledError, KubeError */
  putSchedule(_hubId: string, _schedule: PutBackupSchedule, _by: Acting): Promise<BackupSchedule> { return unwritten(); }
  /** Sorted by hub and name. */
  schedules(_filter: { readonly hubId?: string }, _request: ListRequest): Promise<Page<BackupSchedule>> { return unwritten(); }
  sets(_filter: BackupSetFilter, _sort: Sort<BackupSetSortField>, _request: ListRequest): Promise<Page<BackupSet>> { return unwritten(); }
  /** @throws BackupSetNotFoundError */
  set(_setId: string): Promise<BackupSet> { return unwritten(); }
  /** Sorted by cluster and account. @throws BackupSetNotFoundError */
  setTokens(_setId: string, _filter: BackupSetTokenFilter, _request: ListRequest): Promise<Page<BackupSetToken>> { return unwritten(); }
}
