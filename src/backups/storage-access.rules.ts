import { at, textAt } from '../common/untrusted.js';
import type { KubeObject } from '../kube/kube.types.js';

/** How the object store of a BackupStorageLocation is to be called. */
export interface StorageAccess {
  /** PEM of its own authority; null: it needs none */
  readonly caPem: string | null;
  /** Origins at which the location itself names plain http */
  readonly plainHttpOrigins: readonly string[];
}

const MAX_CA_LENGTH = 100_000;

/** `insecureSkipTLSVerify` is not followed: what proves the content of a backup must come from whom it claims to come from. */
export function storageAccess(location: KubeObject | null): StorageAccess {
  const base64 = textAt(location?.spec, ['objectStorage', 'caCert'], MAX_CA_LENGTH);
  const origins = ['s3Url', 'publicUrl'].flatMap((key) => {
    const url = at(location?.spec, 'config', key);
    const parsed = typeof url === 'string' ? URL.parse(url) : null;
    return parsed?.protocol === 'http:' ? [parsed.origin] : [];
  });
  return { caPem: base64 === null ? null : Buffer.from(base64, 'base64').toString('utf8'), plainHttpOrigins: [...new Set(origins)] };
}
