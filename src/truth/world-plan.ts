import type { Switches } from '../simulator/actors/switches.js';
import { SeededRandom } from '../simulator/store/random.js';

/** What is so about one managed cluster from the beginning. */
export interface PlannedCluster {
  readonly name: string;
  readonly kind: 'openshift' | 'eks' | 'hive' | 'hosted';
  /** It joins the source just before this cycle; 0: it is there from the beginning */
  readonly joinsBeforeCycle: number;
  /** A cluster that tells no API URL by itself (EKS): somebody has entered one */
  readonly urlEntered: boolean;
  /** What was entered is not its address, until somebody corrects it */
  readonly urlWrong: boolean;
  /** Longest life that it grants a token, in hours; null: no limit */
  readonly capHours: number | null;
  readonly asleep: boolean;
  /** Its API is closed to the target hub; the source reaches it */
  readonly closedToTarget: boolean;
  /** Its API is closed to every hub, while its klusterlet reaches them: behind a firewall */
  readonly closedToAll: boolean;
  /** Its token agent does not answer */
  readonly agentHeld: boolean;
  /** `velero.io/exclude-from-backup` */
  readonly excluded: boolean;
  /** `import.open-cluster-management.io/disable-auto-import` */
  readonly importDisabled: boolean;
  /** Its API was open to the target while the source lived, and is closed since; or the other way round */
  readonly wayChanges: boolean;
  /**
   * When the way from the target to it was probed: while the source lived, shortly before the failover, then and then. IN_VAIN: probes taught
   * nothing; THEN_IN_VAIN: the later ones did not
   */
  readonly probe: 'EARLY' | 'LATE' | 'BOTH' | 'IN_VAIN' | 'THEN_IN_VAIN' | 'NEVER';
}

export type ClusterHappening =
  | 'SLEEP' | 'WAKE' | 'HOLD_AGENT' | 'RELEASE_AGENT' | 'REFUSE_TOKENS' | 'DELETE_SECRET' | 'DELETE_ACCOUNT' | 'STRIP_LABEL' | 'DELETE_WORK' | 'CORRECT_URL' | 'DISABLE_IMPORT' | 'ENABLE_IMPORT' | 'EXCLUDE' | 'INCLUDE' | 'DELETE_CLUSTER' | 'REMAKE_SERVICE_ACCOUNT' | DeepHappening;
/** What no hub shows: only trying the token does. */
type DeepHappening = 'EMPTY_TOKEN' | 'SPOIL_WORK';
export type HubHappening = 'SHORTEN_VALIDITY' | 'LENGTHEN_VALIDITY' | 'PAUSE_SCHEDULE' | 'RESUME_SCHEDULE';
/** Something that befalls the source or one of its clusters. */
export type Happening = { readonly what: ClusterHappening; readonly cluster: string } | { readonly what: HubHappening; readonly cluster: null };

/** One run of the BackupSchedule, and what comes before it. */
export interface Cycle {
  /** So long before the run is due */
  readonly happenings: readonly (Happening & { readonly minutesBefore: number })[];
}

/** Everything that makes a world: the same plan plays the same world. */
export interface WorldPlan {
  readonly name: string;
  readonly seed: number;
  readonly release: { readonly hub: string; readonly engine: string };
  /** `operator`: the hub's backup operator keeps the tokens; `off`: nobody but us */
  readonly tokens: 'operator' | 'off';
  readonly useManagedServiceAccount: boolean;
  readonly policy: 'OBSERVE' | 'PROTECT';
  readonly cron: string;
  readonly veleroTtl: string;
  readonly tokenTtl: string | null;
  readonly clusters: readonly PlannedCluster[];
  readonly cycles: readonly Cycle[];
  /** Before the source's death, and after the last cycle */
  readonly lastHappenings: readonly Happening[];
  /** The source dies so many seconds after the last run was due; null: an hour later, with nothing under way */
  readonly diesInRunAfterSeconds: number | null;
  /** From the death to the failover */
  readonly hoursUntilFailover: number;
  readonly sourceSwitches: Partial<Switches>;
  readonly targetSwitches: Partial<Switches>;
  readonly importStrategy: 'ImportOnly' | 'ImportAndSync' | null;
  /** A passive Restore on the target that keeps its data new */
  readonly standingRestore: boolean;
  /** What stands on the target */
  readonly targetHas: readonly ('ACTIVE_SCHEDULE' | 'UNFINISHED_RESTORE' | 'SAME_NAME' | 'OTHER_CLUSTERS')[];
  readonly localClusterExcluded: boolean;
  /** We watch the source only from after its first backup set */
  readonly watchedLate: boolean;
  /** ASSUMED: then every cluster's API is open to the target, as the plan says, but where somebody had it probed shortly before */
  readonly reachability: 'ASSUMED' | 'PROBED';
  readonly probeIntervalSeconds: number;
  /** Who is asked for Velero's own records of the backups: the source while it lives and then the target, or the target alone */
  readonly records: 'SOURCE' | 'TARGET' | 'NEVER';
  /** Whether tokens are tried on their clusters: once, or whenever something may have changed */
  readonly deepCheck: 'ONCE' | 'THROUGHOUT' | 'NEVER';
}

const HEALTHY: Omit<PlannedCluster, 'name'> = {
  kind: 'openshift', joinsBeforeCycle: 0, urlEntered: false, urlWrong: false, capHours: null, asleep: false, closedToTarget: false, closedToAll: false, agentHeld: false, excluded: false, importDisabled: false, wayChanges: false, probe: 'LATE',
};

/** A cluster that nothing is the matter with, but for what is said. */
export const plannedCluster = (name: string, change: Partial<PlannedCluster> = {}): PlannedCluster => ({ ...HEALTHY, name, ...change });

const CALM: Omit<WorldPlan, 'name' | 'clusters'> = {
  seed: 1, release: { hub: '2.15.0', engine: '2.10.0' }, tokens: 'operator', useManagedServiceAccount: true, policy: 'OBSERVE', cron: '0 */2 * * *', veleroTtl: '120h0m0s', tokenTtl: null,
  cycles: [{ happenings: [] }], lastHappenings: [], diesInRunAfterSeconds: null, hoursUntilFailover: 1, sourceSwitches: {}, targetSwitches: {}, importStrategy: null, standingRestore: false,
  targetHas: [], localClusterExcluded: true, watchedLate: false, reachability: 'ASSUMED', probeIntervalSeconds: 21_600, records: 'NEVER', deepCheck: 'NEVER',
};

/** A world on its best day, but for what is said: for counterexamples. */
export const worldPlan = (name: string, clusters: readonly PlannedCluster[], change: Partial<WorldPlan> = {}): WorldPlan => ({ ...CALM, name, clusters, ...change });

const RELEASES = [
  { hub: '2.15.0', engine: '2.10.0' }, { hub: '2.14.1', engine: '2.9.1' }, { hub: '2.12.4', engine: '2.7.4' }, { hub: '2.9.3', engine: '2.4.3' }, { hub: '2.7.11', engine: '2.2.11' },
];
const CRONS = ['*/30 * * * *', '0 * * * *', '0 */2 * * *', '15 */4 * * *', '0 3 * * *'];
const WEIGHED_ON_CLUSTERS: readonly (readonly [ClusterHappening, number])[] = [
  ['SLEEP', 3], ['WAKE', 2], ['HOLD_AGENT', 2], ['RELEASE_AGENT', 2], ['REFUSE_TOKENS', 1], ['DELETE_SECRET', 3], ['DELETE_ACCOUNT', 2], ['STRIP_LABEL', 2], ['DELETE_WORK', 2],
  ['DISABLE_IMPORT', 0.7], ['ENABLE_IMPORT', 0.7], ['EXCLUDE', 1], ['INCLUDE', 1], ['DELETE_CLUSTER', 1],
];

/** The world of that number: random, and the same each time. */
export function randomWorld(seed: number, number: number): WorldPlan {
  const random = new SeededRandom(seed * 1_000_003 + number);
  const one = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)]!;
  const upTo = (max: number): number => Math.floor(random.next() * (max + 1));
  const weighed = <T>(from: readonly (readonly [T, number])[]): T => {
    let left = random.next() * from.reduce((sum, [, weight]) => sum + weight, 0);
    return (from.find(([, weight]) => (left -= weight) < 0) ?? from[0]!)[0];
  };
  const cycleCount = weighed([[0, 1], [1, 4], [2, 3], [3, 2]] as const);
  const reachability = random.chance(0.5) ? 'ASSUMED' : 'PROBED';
  const probes = reachability === 'PROBED'
    ? ([['BOTH', 6], ['LATE', 3], ['EARLY', 3], ['THEN_IN_VAIN', 1], ['IN_VAIN', 1], ['NEVER', 1]] as const)
    : ([['NEVER', 8], ['LATE', 2], ['BOTH', 1]] as const);
  const diesInRunAfterSeconds = random.chance(0.3) ? upTo(240) : null;
  // Nobody but a probe sees that an address is wrong: it is corrected before the source dies.
  const canBeCorrected = diesInRunAfterSeconds === null || cycleCount === 0;
  const clusters = Array.from({ length: 3 + upTo(4) }, (_, index): PlannedCluster => {
    const kind = weighed([['openshift', 12], ['eks', 4], ['hive', 2], ['hosted', 1]] as const);
    const probe: PlannedCluster['probe'] = weighed<PlannedCluster['probe']>(probes);
    const isTold = reachability === 'PROBED' || probe !== 'NEVER';
    const closed = (rate: number): boolean => random.chance(rate) && isTold;
    const urlEntered = kind === 'eks' && random.chance(0.7);
    return {
      name: `c${index + 1}`, kind,
      joinsBeforeCycle: cycleCount > 0 && random.chance(0.12) ? 1 + upTo(cycleCount - 1) : 0,
      urlEntered, urlWrong: urlEntered && canBeCorrected && random.chance(0.15),
      capHours: kind === 'eks' ? 24 : weighed([[null, 10], [1, 1], [12, 1]] as const),
      asleep: random.chance(0.06), closedToTarget: closed(0.12), closedToAll: closed(0.04), agentHeld: random.chance(0.05), excluded: random.chance(0.04), importDisabled: random.chance(0.03),
      wayChanges: closed(0.08), probe,
    };
  });
  const happening = (): Happening => {
    if (random.chance(0.12)) return { what: one<HubHappening>(['SHORTEN_VALIDITY', 'LENGTHEN_VALIDITY', 'PAUSE_SCHEDULE', 'RESUME_SCHEDULE']), cluster: null };
    return { what: weighed(WEIGHED_ON_CLUSTERS), cluster: one(clusters).name };
  };
  const corrected = clusters.filter(({ urlWrong }) => urlWrong).map(({ name }): Happening => ({ what: 'CORRECT_URL', cluster: name }));
  /** A hub needs five minutes to notice that a cluster has fallen asleep: of one that did so just before the hub died nobody knows. */
  const told = (one: Happening, minutesBefore: number, cycle: number) => ({ ...one, minutesBefore: one.what === 'SLEEP' && cycle === cycleCount - 1 && diesInRunAfterSeconds !== null ? Math.max(minutesBefore, 8) : minutesBefore });
  // From a row of its own, so that the worlds stay what they were.
  const deep = new SeededRandom(seed * 7_000_003 + number);
  const deepCheck = deep.chance(0.35) ? (deep.chance(0.7) ? 'THROUGHOUT' : 'ONCE') : 'NEVER';
  const oneDeep = <T>(from: readonly T[]): T => from[Math.floor(deep.next() * from.length)]!;
  const deepHappenings = (rate: number): Happening[] =>
    deepCheck === 'THROUGHOUT' && deep.chance(rate) ? [{ what: oneDeep(['EMPTY_TOKEN', 'SPOIL_WORK'] as const), cluster: oneDeep(clusters).name }] : [];
  const further = new SeededRandom(seed * 9_000_011 + number);
  const remade = (): Happening[] => (further.chance(0.08) ? [{ what: 'REMAKE_SERVICE_ACCOUNT', cluster: clusters[Math.floor(further.next() * clusters.length)]!.name }] : []);
  const tokens = random.chance(0.7) ? 'operator' : 'off';
  const often = random.chance(0.3) ? 0.4 : 0;
  return {
    name: `seed ${seed}, world ${number}`, seed: seed * 1_000 + number,
    release: one(RELEASES), tokens,
    useManagedServiceAccount: random.chance(0.93),
    policy: tokens === 'off' ? (random.chance(0.85) ? 'PROTECT' : 'OBSERVE') : random.chance(0.4) ? 'PROTECT' : 'OBSERVE',
    cron: one(CRONS), veleroTtl: weighed([['2h0m0s', 1], ['24h0m0s', 2], ['120h0m0s', 4], ['720h0m0s', 5]] as const), tokenTtl: one([null, null, '1h0m0s', '6h0m0s', '24h0m0s', '72h0m0s']),
    clusters,
    cycles: Array.from({ length: cycleCount }, (_, cycle) => ({ happenings: Array.from({ length: upTo(2) }, () => told(happening(), one([0.5, 2, 4, 8, 20]), cycle)).concat(deepHappenings(0.4).map((what) => ({ ...what, minutesBefore: oneDeep([2, 4, 8, 20]) })), remade().map((what) => ({ ...what, minutesBefore: 4 }))) })),
    lastHappenings: [...Array.from({ length: upTo(2) }, happening), ...corrected, ...deepHappenings(0.3), ...remade()],
    diesInRunAfterSeconds,
    hoursUntilFailover: weighed([[0.1, 3], [0.5, 3], [1, 3], [3, 3], [8, 2], [20, 2], [26, 2], [50, 2], [80, 1], [130, 1], [400, 1], [800, 1]] as const),
    sourceSwitches: {
      suffixesDiffer: often, queueWaits: often, agentsRefreshAlways: random.chance(0.03),
      ...(random.chance(0.1) ? { backupPhase: { [one(['credentials', 'resources', 'resourcesGeneric', 'managedClusters'] as const)]: one(['PartiallyFailed', 'Failed'] as const) } } : {}),
    },
    targetSwitches: { halfSync: often, importLoopEarly: random.chance(0.3) ? 0.5 : 0, importLoopTwice: random.chance(0.3) ? 0.5 : 0, storageDown: random.chance(0.02) },
    importStrategy: one([null, null, 'ImportOnly', 'ImportAndSync']),
    standingRestore: random.chance(0.15),
    targetHas: (['ACTIVE_SCHEDULE', 'UNFINISHED_RESTORE', 'SAME_NAME', 'OTHER_CLUSTERS'] as const).filter((what) => random.chance(what === 'OTHER_CLUSTERS' ? 0.3 : 0.015)),
    localClusterExcluded: random.chance(0.9),
    watchedLate: random.chance(0.08), reachability, probeIntervalSeconds: one([3_600, 21_600, 86_400]),
    records: weighed([['SOURCE', 4], ['TARGET', 3], ['NEVER', 3]] as const), deepCheck,
  };
}
