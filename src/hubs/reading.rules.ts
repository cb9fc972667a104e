import type { RemedyBy } from '../common/remedy-by.js';
import type { PrerequisiteCode, PrerequisiteState } from './hubs.types.js';

/** Something that was read from a hub, or why it could not be. `ABSENT`: the hub does not serve the kind, or has no such object. */
export type Read<T> = { readonly is: 'READ'; readonly value: T } | { readonly is: 'ABSENT' } | { readonly is: 'FAILED'; readonly code: string };

export interface PrerequisiteVerdict {
  readonly code: PrerequisiteCode;
  readonly state: PrerequisiteState;
  readonly cause: string;
  /** '' where nothing is to be done */
  readonly remedy: string;
  readonly remedyBy: RemedyBy;
}

/** Who can mend what a prerequisite finds amiss, where the case says nothing else. */
const REMEDY_BY: Partial<Record<PrerequisiteCode, RemedyBy>> = {
  MANAGED_SERVICE_ACCOUNT_ENABLED: 'LIFEBOAT_OPERATOR',
  CLUSTER_BACKUP_ENABLED: 'LIFEBOAT_OPERATOR',
  BACKUP_STORAGE_AVAILABLE: 'STORAGE_ADMIN',
  BACKUP_SCHEDULE_ENABLED: 'LIFEBOAT_OPERATOR',
  MANAGED_SERVICE_ACCOUNT_IN_SCHEDULE: 'LIFEBOAT_OPERATOR',
  CREDENTIALS_READABLE: 'LIFEBOAT_OPERATOR',
};

const remedyByOf = (code: PrerequisiteCode, remedy: string): RemedyBy => (remedy === '' ? 'NOBODY' : (REMEDY_BY[code] ?? 'HUB_ADMIN'));

/** @param remedy '' where nothing is to be done */
export const verdict = (code: PrerequisiteCode, state: PrerequisiteState, cause: string, remedy = '', remedyBy = remedyByOf(code, remedy)): PrerequisiteVerdict => ({
  code, state, cause, remedy, remedyBy,
});

/** Where it could not be read nothing is fine. */
export const unread = (code: PrerequisiteCode, what: string, failure: string): PrerequisiteVerdict =>
  verdict(code, 'UNKNOWN', `${what} could not be read: ${failure}`, 'See that the hub answers and that Lifeboat\u2019s account may read it, then inspect again.', 'HUB_ADMIN');
