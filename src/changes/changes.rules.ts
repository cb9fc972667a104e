import type { Change, ChangeFilter } from './changes.types.js';

/** As the statement that reads the table does it. */
export function isWanted({ hubId, cluster, type }: Pick<Change, 'hubId' | 'cluster' | 'type'>, filter: ChangeFilter): boolean {
  return (filter.hubId === undefined || filter.hubId === hubId) && (filter.cluster === undefined || filter.cluster === cluster) && (filter.types === undefined || filter.types.includes(type));
}

/** How long until the table is looked at again: soon after news, ever later without, within the bounds. Milliseconds. */
export function nextPauseMs(lastPauseMs: number, hadNews: boolean, bounds: { readonly shortestMs: number; readonly longestMs: number }): number {
  return hadNews ? bounds.shortestMs : Math.min(Math.max(lastPauseMs, bounds.shortestMs) * 1.5, bounds.longestMs);
}
