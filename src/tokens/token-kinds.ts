import type { WatchedKind } from '../fleet/fleet.types.js';

/** What a decision on a token rests on: all of them must have been listed before anything is written. */
export const tokenKinds = ['MANAGED_CLUSTER', 'ADDON', 'ACCOUNT', 'WORK', 'TOKEN_SECRET', 'HIVE_SECRET', 'HUB_ADDON', 'BACKUP_SCHEDULE'] as const satisfies readonly WatchedKind[];
