/** Phases of a Velero Backup that can be restored. @see cluster-backup-operator, isBackupUsable */
const USABLE_PHASES: ReadonlySet<string | null> = new Set(['Completed', 'PartiallyFailed']);

/** A backup set as far as choosing it needs. */
export interface SetCandidate {
  readonly id: string;
  readonly credentialsBackup: string;
  readonly resourcesBackup: string | null;
  readonly genericBackup: string | null;
  readonly managedClustersBackup: string | null;
  /** Start of the credentials backup */
  readonly startedAt: Date | null;
  readonly expiresAt: Date | null;
}

/** The phases of the backups that a hub shows, by name. */
export type ShownBackups = ReadonlyMap<string, string | null>;

export type SetUsability = 'USABLE' | 'PARTIALLY_FAILED' | 'INCOMPLETE' | 'NOT_SHOWN' | 'NOT_FINISHED' | 'EXPIRED';

/** Whether a hub could restore the set now: all of its parts are shown there, finished, and not expired. */
export function setUsability(set: SetCandidate, shown: ShownBackups, now: Date): SetUsability {
  if (set.resourcesBackup === null || set.managedClustersBackup === null || set.startedAt === null) return 'INCOMPLETE';
  if (set.expiresAt !== null && set.expiresAt <= now) return 'EXPIRED';
  const members = [set.credentialsBackup, set.resourcesBackup, set.managedClustersBackup, ...(set.genericBackup === null ? [] : [set.genericBackup])];
  if (members.some((name) => !shown.has(name))) return 'NOT_SHOWN';
  if (members.some((name) => !USABLE_PHASES.has(shown.get(name) ?? null))) return 'NOT_FINISHED';
  return members.some((name) => shown.get(name) === 'PartiallyFailed') ? 'PARTIALLY_FAILED' : 'USABLE';
}

const isUsable = (usability: SetUsability): boolean => usability === 'USABLE' || usability === 'PARTIALLY_FAILED';

/** The newest set that a hub could restore now; null: none. */
export function newestUsable<T extends SetCandidate>(sets: readonly T[], shown: ShownBackups, now: Date): T | null {
  const usable = sets.filter((set) => isUsable(setUsability(set, shown, now)));
  return usable.reduce<T | null>((newest, set) => (newest === null || (set.startedAt?.getTime() ?? 0) > (newest.startedAt?.getTime() ?? 0) ? set : newest), null);
}

/**
 * The set whose backup of managed clusters an activation would restore: the newest one that the hub shows finished, though the rest of its set
 * be missing there. null: none. @see cluster-backup-operator, `latest`
 */
export function newestOfManagedClusters<T extends SetCandidate & { readonly managedClustersStartedAt: Date | null }>(sets: readonly T[], shown: ShownBackups): T | null {
  const usable = sets.filter(({ managedClustersBackup: name }) => name !== null && shown.has(name) && USABLE_PHASES.has(shown.get(name) ?? null));
  return usable.reduce<T | null>((newest, set) => (newest === null || (set.managedClustersStartedAt?.getTime() ?? 0) > (newest.managedClustersStartedAt?.getTime() ?? 0) ? set : newest), null);
}

/** The newest complete set that has not expired, wherever it is shown; null: none. What separates "not on the target" from "there is none". */
export function newestRestorable<T extends SetCandidate & { readonly status: string }>(sets: readonly T[], now: Date): T | null {
  const whole = sets.filter((set) => set.status === 'COMPLETE' && (set.expiresAt === null || set.expiresAt > now));
  return whole.reduce<T | null>((newest, set) => (newest === null || (set.startedAt?.getTime() ?? 0) > (newest.startedAt?.getTime() ?? 0) ? set : newest), null);
}
