import type { StorageFacts } from '../../hubs/hubs.types.js';

export type StorageAnswer = 'SHARED' | 'NOT_SHARED' | 'UNKNOWN';

const path = (prefix: string | null): string => (prefix ?? '').replace(/^\/+|\/+$/g, '');

/** Host of an S3 address; addresses of one store may differ in scheme, case and a trailing slash. */
function host(url: string | null): string | null {
  return url === null ? null : (URL.parse(url)?.host ?? url.toLowerCase());
}

/** The same S3 is spelled `aws` and `velero.io/aws`. */
const provider = (name: string | null): string => (name ?? '').replace(/^velero\.io\//, '');

function samePlace(a: StorageFacts, b: StorageFacts): boolean {
  if (a.bucket === null || b.bucket === null) return false;
  return provider(a.provider) === provider(b.provider) && a.bucket === b.bucket && path(a.prefix) === path(b.prefix) && host(a.s3Url) === host(b.s3Url);
}

/** Locations that OADP made: the backup operator uses no other. One that is down counts for where it points. */
const used = (locations: readonly StorageFacts[]): readonly StorageFacts[] => locations.filter((location) => location.owned);

/**
 * Whether two hubs keep their backups in one place.
 * @param source null: never read
 * @param seenOnTarget the target shows backups of the source, which proves it whatever the locations are called
 */
export function sharedStorage(source: readonly StorageFacts[] | null, target: readonly StorageFacts[] | null, seenOnTarget: boolean): StorageAnswer {
  if (seenOnTarget) return 'SHARED';
  if (source === null || target === null) return 'UNKNOWN';
  return used(source).some((one) => used(target).some((other) => samePlace(one, other))) ? 'SHARED' : 'NOT_SHARED';
}

/** `bucket/prefix` of each location that the backup operator may use, sorted, for people. */
export function storageInWords(locations: readonly StorageFacts[] | null): string {
  if (locations === null) return 'an unknown storage location';
  if (used(locations).length === 0) return 'no storage location of OADP';
  return used(locations)
    .map(({ bucket, prefix }) => [bucket ?? '?', path(prefix)].filter((part) => part !== '').join('/'))
    .sort()
    .join(', ');
}
