import type { ScheduleType } from './words.js';

/** What real hubs do only sometimes, or only in some releases. Chances are 0 (never) to 1 (always), drawn from the hub's seeded randomness. */
export interface Switches {
  /** Velero gives a member of a scheduled set a later suffix than the one before it */
  readonly suffixesDiffer: number;
  /** A queued backup waits for the queue's next look instead of starting when the one before is done */
  readonly queueWaits: number;
  /** A finished Backup of another hub is left for the next sync */
  readonly halfSync: number;
  /** Backups of these types end so */
  readonly backupPhase: Readonly<Partial<Record<ScheduleType, 'PartiallyFailed' | 'Failed'>>>;
  /** The post-restore loop runs before the managed-clusters restore is done, and its status write then fails */
  readonly importLoopEarly: number;
  /** The last status write of the loop meets a conflict, so that the whole loop runs again */
  readonly importLoopTwice: number;
  /** Old token agents: where less is granted than asked for, they refresh every second */
  readonly agentsRefreshAlways: boolean;
  /** With ImportAndSync, the import controller takes back a cluster that leaves even where it holds no import Secret for it any more */
  readonly takesClustersBack: boolean;
  /** The shared storage does not answer this hub */
  readonly storageDown: boolean;
}

/** A hub on its best day. */
export const CALM: Switches = {
  suffixesDiffer: 0,
  queueWaits: 0,
  halfSync: 0,
  backupPhase: {},
  importLoopEarly: 0,
  importLoopTwice: 0,
  agentsRefreshAlways: false,
  takesClustersBack: true,
  storageDown: false,
};

/** As often as it was seen on real hubs. */
export const AS_SEEN: Switches = { ...CALM, suffixesDiffer: 0.2, queueWaits: 0.4, halfSync: 0.3, importLoopEarly: 0.5, importLoopTwice: 0.5 };
