import { createHash } from 'node:crypto';
import type { PinnedContent } from './failovers.types.js';

/** SHA-256, in hex, over names in an order of their own. */
export function namesHash(names: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify([...names].sort())).digest('hex');
}

/**
 * What an approval is bound to: the plan as it stood, both hubs, the backups by name, the clusters, and how it will be restored.
 * Whether the source answers is no part of it: that may change from minute to minute.
 */
export function contentHash(content: PinnedContent, planId: string): string {
  const { planVersion, source, target, backups, restoreName, mode, clustersHash } = content;
  const parts = [
    planId, planVersion, source.hubId, source.clusterId, target.hubId, target.clusterId,
    backups.credentials, backups.resources, backups.managedClusters, backups.generic, restoreName, mode, clustersHash,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
