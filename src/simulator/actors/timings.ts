/**
 * How long things take, in milliseconds of the clock. `realistic` is what was measured on real hubs; `fast` keeps the order of things
 * but squeezes the waiting, so that a whole life passes in seconds. What is a rule and no delay (cron, validities, the pair's 15-minute
 * window, the 60 minutes of eviction) is the same in both.
 */
export interface Timings {
  /** Real milliseconds between two looks at the clock */
  readonly lookEveryMs: number;
  /** Klusterlet: from its new bootstrap kubeconfig to Joined and Available */
  readonly joinMs: number;
  /** Without renewal for this long the hub says Unknown: five times the lease's 60 s */
  readonly leaseGraceMs: number;
  /** From ManagedClusterAddOn to an agent that runs */
  readonly addOnRolloutMs: number;
  /** From an account to its token */
  readonly tokenAgentMs: number;
  /** How often an agent looks whether its token is still taken */
  readonly tokenCheckMs: number;
  /** One successful import, worker held */
  readonly importMs: number;
  /** A cluster that does not answer holds its worker for this */
  readonly importTimeoutMs: number;
  readonly importRetryMs: number;
  readonly importRetryMaxMs: number;
  /** From a restored ManagedCluster to the import controller's first look */
  readonly importLookMs: number;
  /** The operator's pass timer: after the previous reconcile */
  readonly passMs: number;
  /** FailedValidation and Error are tried again after this */
  readonly failedRetryMs: number;
  /** Fixed sleep of the first pass between accounts and labels */
  readonly firstPassSleepMs: number;
  /** A pass needs this for each cluster, one after another */
  readonly passPerClusterMs: number;
  /** The post-restore loop needs this for each cluster */
  readonly importLoopPerClusterMs: number;
  /** Velero schedules younger than this have no later pass */
  readonly scheduleAgeMs: number;
  readonly restoreFinalizerMs: number;
  /** Velero looks at its schedules this often */
  readonly scheduleLookMs: number;
  /** Velero's queue of backups is looked at this often, beside at each arrival */
  readonly queueLookMs: number;
  readonly backupMs: number;
  readonly backupPerItemMs: number;
  readonly finalizingMs: number;
  readonly restoreMs: number;
  readonly restorePerItemMs: number;
  /** From the shared storage to the hub's list of Backups */
  readonly bucketSyncMs: number;
  /** Expired backups are looked for this often */
  readonly expiryLookMs: number;
  readonly downloadMs: number;
  /** From a component's switch to its effect */
  readonly componentMs: number;
  readonly storageCheckMs: number;
}

export const REALISTIC: Timings = {
  lookEveryMs: 100,
  joinMs: 15_000,
  leaseGraceMs: 300_000,
  addOnRolloutMs: 20_000,
  tokenAgentMs: 800,
  tokenCheckMs: 300_000,
  importMs: 2_000,
  importTimeoutMs: 30_000,
  importRetryMs: 5_000,
  importRetryMaxMs: 1_000_000,
  importLookMs: 3_000,
  passMs: 300_000,
  failedRetryMs: 60_000,
  firstPassSleepMs: 2_000,
  passPerClusterMs: 37,
  importLoopPerClusterMs: 22,
  scheduleAgeMs: 5_000,
  restoreFinalizerMs: 1_000,
  scheduleLookMs: 60_000,
  queueLookMs: 60_000,
  backupMs: 2_000,
  backupPerItemMs: 3.5,
  finalizingMs: 1_000,
  restoreMs: 2_000,
  restorePerItemMs: 18,
  bucketSyncMs: 60_000,
  expiryLookMs: 3_600_000,
  downloadMs: 150,
  componentMs: 30_000,
  storageCheckMs: 60_000,
};

export const FAST: Timings = {
  lookEveryMs: 20,
  joinMs: 200,
  leaseGraceMs: 3_000,
  addOnRolloutMs: 200,
  tokenAgentMs: 50,
  tokenCheckMs: 60_000,
  importMs: 50,
  importTimeoutMs: 1_000,
  importRetryMs: 500,
  importRetryMaxMs: 8_000,
  importLookMs: 100,
  passMs: 3_000,
  failedRetryMs: 1_000,
  firstPassSleepMs: 2_000,
  passPerClusterMs: 0,
  importLoopPerClusterMs: 0,
  scheduleAgeMs: 500,
  restoreFinalizerMs: 100,
  scheduleLookMs: 500,
  queueLookMs: 500,
  backupMs: 100,
  backupPerItemMs: 0,
  finalizingMs: 50,
  restoreMs: 100,
  restorePerItemMs: 0,
  bucketSyncMs: 500,
  expiryLookMs: 2_000,
  downloadMs: 50,
  componentMs: 300,
  storageCheckMs: 1_000,
};

export const timingsOf = (choice: 'fast' | 'realistic' | Timings): Timings => (choice === 'fast' ? FAST : choice === 'realistic' ? REALISTIC : choice);
