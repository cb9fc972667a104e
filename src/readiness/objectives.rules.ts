import type { RtoEstimate } from './outlook.types.js';

/** What one failover took, as our own record has it. */
export interface PastRun {
  readonly clusters: number;
  /** From the order of the Restore until it was done */
  readonly restoreSeconds: number;
  /** From then until every import had ended */
  readonly importSeconds: number;
}

/**
 * Published runs of the hub's operator, release 2.15, 3,500 single-node clusters: credentials 552 s and resources 268 s to restore, 51,422 items
 * of managed clusters, for which no time is published: counted at the rate of the credentials, 29,387 items in 552 s.
 */
const PUBLISHED = { clusters: 3_500, passiveSeconds: 552 + 268, activationSeconds: (51_422 * 552) / 29_387 } as const;
/** The import controller's workers on a hub (MAX_CONCURRENT_RECONCILES of its chart). */
const IMPORTS_AT_ONCE = 10;
/** What one import takes is published nowhere: counted with 20 s, from 5 s to a minute. */
const IMPORT_SECONDS = { low: 5, likely: 20, high: 60 } as const;
/** Velero's and the operator's own pace, however small the fleet: polls and reconciles, not work. */
const FLOOR_SECONDS = 30;

/**
 * How long a recovery of so many clusters is likely to take: by this fleet's own runs where there are any, else by published times.
 * @param isSynced a passive Restore stands on the target: credentials and resources are there already
 */
export function rtoEstimate(clusters: number, runs: readonly PastRun[], isSynced: boolean): RtoEstimate {
  return runs.length === 0 ? byPublishedTimes(clusters, isSynced) : byOwnRuns(clusters, runs);
}

function byPublishedTimes(clusters: number, isSynced: boolean): RtoEstimate {
  const share = clusters / PUBLISHED.clusters;
  const restore = FLOOR_SECONDS + share * ((isSynced ? 0 : PUBLISHED.passiveSeconds) + PUBLISHED.activationSeconds);
  const imports = (seconds: number): number => Math.ceil(clusters / IMPORTS_AT_ONCE) * seconds;
  const synced = isSynced ? 'credentials and resources are synced already' : 'nothing is synced yet';
  return {
    seconds: Math.round(restore + imports(IMPORT_SECONDS.likely)),
    lowSeconds: Math.round(restore / 2 + imports(IMPORT_SECONDS.low)),
    highSeconds: Math.round(restore * 2 + imports(IMPORT_SECONDS.high)),
    basis: 'PUBLISHED_TIMES',
    explanation: `${clusters} clusters by published runs with ${PUBLISHED.clusters}; ${synced}; ${IMPORTS_AT_ONCE} imports at a time, ${IMPORT_SECONDS.low} to ${IMPORT_SECONDS.high} s each`,
  };
}

/** Restores and imports grow with the fleet; a smaller fleet than the run's is not faster than in proportion. */
function byOwnRuns(clusters: number, runs: readonly PastRun[]): RtoEstimate {
  const scaled = runs
    .map((run) => FLOOR_SECONDS + Math.max(0, run.restoreSeconds + run.importSeconds - FLOOR_SECONDS) * (run.clusters === 0 ? 1 : clusters / run.clusters))
    .sort((a, b) => a - b);
  const middle = scaled[Math.floor((scaled.length - 1) / 2)] ?? 0;
  return {
    seconds: Math.round(middle),
    lowSeconds: Math.round(scaled[0] ?? 0),
    highSeconds: Math.round((scaled.at(-1) ?? 0) * 1.5),
    basis: 'OWN_FAILOVERS',
    explanation: `${clusters} clusters by ${runs.length === 1 ? 'the last failover' : `the last ${runs.length} failovers`} onto this target, in proportion to their clusters`,
  };
}
