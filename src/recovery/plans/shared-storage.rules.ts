import type { StorageFacts } from '../../hubs/hubs.types.js';

export type StorageAnswer = 'SHARED' | 'NOT_SHARED' | 'UNKNOWN';

const norm = (text: string | null): string => (text ?? '').replace(/^\/+|\/+$/g, '');
const endpoint = (text: string | null): string => (text ?? '').replace(/\/+$/, '').toLowerCase();

function isSame(a: StorageFacts, b: StorageFacts): boolean {
  const sameStore = endpoint(a.s3Url) === endpoint(b.s3Url) || a.s3Url === null || b.s3Url === null;
  return a.bucket !== null && norm(a.bucket) === norm(b.bucket) && norm(a.prefix) === norm(b.prefix) && sameStore;
}

/** The operator uses only locations that OADP made; where none is, they are all looked at, so that a finding can name them. */
const relevant = (locations: readonly StorageFacts[]): readonly StorageFacts[] => {
  const owned = locations.filter((location) => location.owned);
  return owned.length > 0 ? owned : locations;
};

/**
 * Whether two hubs keep their backups in one place: same bucket, same prefix, no different endpoint.
 * @param source null: never read
 * @param seenOnTarget the target shows backups of the source, which proves it
 */
export function sharedStorage(source: readonly StorageFacts[] | null, target: readonly StorageFacts[] | null, seenOnTarget: boolean): StorageAnswer {
  if (source !== null && target !== null) {
    if (relevant(source).some((a) => relevant(target).some((b) => isSame(a, b)))) return 'SHARED';
    if (!seenOnTarget) return 'NOT_SHARED';
  }
  return seenOnTarget ? 'SHARED' : 'UNKNOWN';
}

/** `bucket/prefix` of each location, sorted, for people. */
export function storageInWords(locations: readonly StorageFacts[] | null): string {
  if (locations === null) return 'an unknown storage location';
  if (locations.length === 0) return 'no storage location';
  return relevant(locations)
    .map((location) => [location.bucket ?? '?', norm(location.prefix)].filter((part) => part !== '').join('/'))
    .sort()
    .join(', ');
}
