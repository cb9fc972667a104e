/** A credentials backup of some hub, in the storage where the set lies. */
export interface TakenBackup {
  readonly ownerClusterId: string;
  readonly startedAt: Date;
}

/** The record that a hub left when it restored managed clusters. */
export interface TakeoverRecord {
  readonly name: string;
  readonly clusterId: string;
  readonly at: Date;
}

/**
 * Why a set is not to be taken for the fleet's: its hub was no longer the only one that backed up into that storage. The operator itself
 * notices that (BackupCollision) minutes later, and says so on the schedule alone. Two signs: another hub had restored managed clusters
 * before the set began, and its owner has not taken them back since; or another hub's backups lie between the set and the one before it.
 * @param before the start of the owner's set before this one; null: it is the owner's first
 */
export function taintOf(
  set: { readonly ownerClusterId: string; readonly startedAt: Date }, before: Date | null, others: readonly TakenBackup[], takeovers: readonly TakeoverRecord[],
): string | null {
  const { ownerClusterId, startedAt } = set;
  const earlier = takeovers.filter(({ at }) => at < startedAt).sort((a, b) => b.at.getTime() - a.at.getTime() || (a.name < b.name ? -1 : 1));
  const [last] = earlier;
  if (last !== undefined && last.clusterId !== ownerClusterId) {
    return `Hub ${last.clusterId} had restored the managed clusters at ${last.at.toISOString()} (${last.name}), before the set began`;
  }
  if (before === null) return null;
  const since = last === undefined || last.at < before ? before : last.at;
  const foreign = others.filter((other) => other.ownerClusterId !== ownerClusterId && other.startedAt > since && other.startedAt < startedAt);
  const [first] = foreign.sort((a, b) => a.startedAt.getTime() - b.startedAt.getTime() || (a.ownerClusterId < b.ownerClusterId ? -1 : 1));
  return first === undefined ? null : `Hub ${first.ownerClusterId} backed up into the same storage at ${first.startedAt.toISOString()}, between this set and the one before it`;
}
