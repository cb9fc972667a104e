import type { StorageFacts } from './hubs.types.js';

/** A location that the backup operator uses: made by OADP, and reachable. */
export const isUsableStorage = ({ owned, phase }: StorageFacts): boolean => owned && phase === 'Available';

const path = (prefix: string | null): string => (prefix ?? '').replace(/^\/+|\/+$/g, '');

/** Host of an S3 address; addresses of one store may differ in scheme, case and a trailing slash. */
function host(url: string | null): string | null {
  return url === null ? null : (URL.parse(url)?.host ?? url.toLowerCase());
}

function samePlace(a: StorageFacts, b: StorageFacts): boolean {
  if (a.bucket === null || b.bucket === null) return false;
  // The same S3 is spelled `aws` and `velero.io/aws`.
  const provider = (name: string | null) => (name ?? '').replace(/^velero\.io\//, '');
  return provider(a.provider) === provider(b.provider) && a.bucket === b.bucket && path(a.prefix) === path(b.prefix) && host(a.s3Url) === host(b.s3Url);
}

/**
 * Whether the second hub sees the first one's backups: both have a location with the same store, bucket and prefix.
 * An unusable location counts for where it points: that it is down is another finding.
 */
export function sharesStorage(a: readonly StorageFacts[], b: readonly StorageFacts[]): boolean {
  return a.some((one) => one.owned && b.some((other) => other.owned && samePlace(one, other)));
}
