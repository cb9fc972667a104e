import type { AcmRestoreFacts } from '../../fleet/facts.types.js';

/** An ACM Restore that is on a hub. */
export type RestoreOnHub = { readonly name: string } & Pick<
  AcmRestoreFacts,
  'phase' | 'sync' | 'managedClustersBackup' | 'credentialsBackup' | 'resourcesBackup' | 'credentialsRestore' | 'managedClustersRestore'
>;

/** Phases in which the operator leaves a Restore alone for good. @see cluster-backup-operator, isOtherRestoresRunning */
const ENDED: ReadonlySet<string | null> = new Set(['Finished', 'FinishedWithErrors']);
/** A passive Restore waits in these for its next sync. */
const WAITING: ReadonlySet<string | null> = new Set(['Enabled', 'EnabledWithErrors']);

/** In sync mode, not activated yet: it keeps the passive data new and waits. It passes through other phases at each sync. */
const isStanding = (restore: RestoreOnHub): boolean =>
  restore.sync && restore.managedClustersBackup === 'skip' && restore.credentialsBackup === 'latest' && restore.resourcesBackup === 'latest';

export interface RestoresOnTarget {
  /** The standing Restore that a failover activates; null: it makes its own */
  readonly activate: RestoreOnHub | null;
  /** The standing Restore is between two syncs: it can be activated now */
  readonly activateNow: boolean;
  /** What the operator would let win over a new Restore */
  readonly inTheWay: readonly RestoreOnHub[];
}

/**
 * What the Restores on a target mean for a failover: a standing one in sync mode is activated; any other that has not ended
 * stands in the way, since the operator ignores every second Restore.
 * @param ownName a Restore of this name is ours
 */
export function restoresInTheWay(restores: readonly RestoreOnHub[], ownName: string | null = null): RestoresOnTarget {
  const open = restores.filter((restore) => restore.name !== ownName && !ENDED.has(restore.phase));
  const [only] = open;
  if (only !== undefined && open.length === 1 && isStanding(only)) return { activate: only, activateNow: WAITING.has(only.phase), inTheWay: [] };
  return { activate: null, activateNow: false, inTheWay: open };
}

/** Phases in which a BackupSchedule makes no backups and lets a Restore run. @see cluster-backup-operator, isBackupScheduleRunning */
const IDLE_SCHEDULE: ReadonlySet<string | null> = new Set(['Paused', 'BackupCollision']);

/** Whether a BackupSchedule would make the operator ignore a new Restore on its hub. */
export const isScheduleActive = (schedule: { readonly phase: string | null }): boolean => !IDLE_SCHEDULE.has(schedule.phase);

/** The credentials backup whose data a standing Restore has brought: its tokens are those that an activation finds. */
export function syncedCredentialsBackup(restore: Pick<RestoreOnHub, 'name' | 'credentialsRestore'>): string | null {
  const prefix = `${restore.name}-`;
  return restore.credentialsRestore?.startsWith(prefix) ? restore.credentialsRestore.slice(prefix.length) : null;
}
