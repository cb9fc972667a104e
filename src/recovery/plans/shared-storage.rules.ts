import { sharesStorage } from '../../hubs/storage.rules.js';
import type { StorageFacts } from '../../hubs/hubs.types.js';

export type StorageAnswer = 'SHARED' | 'NOT_SHARED' | 'UNKNOWN';

/**
 * Whether two hubs keep their backups in one place.
 * @param source null: never read
 * @param seenOnTarget the target shows backups of the source, which proves it whatever the locations are called
 */
export function sharedStorage(source: readonly StorageFacts[] | null, target: readonly StorageFacts[] | null, seenOnTarget: boolean): StorageAnswer {
  if (seenOnTarget) return 'SHARED';
  if (source === null || target === null) return 'UNKNOWN';
  return sharesStorage(source, target) ? 'SHARED' : 'NOT_SHARED';
}

/** `bucket/prefix` of each location that the backup operator may use, sorted, for people. */
export function storageInWords(locations: readonly StorageFacts[] | null): string {
  const used = (locations ?? []).filter((location) => location.owned);
  if (locations === null) return 'an unknown storage location';
  if (used.length === 0) return 'no storage location of OADP';
  return used
    .map(({ bucket, prefix }) => [bucket ?? '?', (prefix ?? '').replace(/^\/+|\/+$/g, '')].filter((part) => part !== '').join('/'))
    .sort()
    .join(', ');
}
