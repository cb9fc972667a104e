import type { Severity } from '../readiness/readiness.types.js';
import { operatorValidityMs, type HubTokenSettings } from '../tokens/token-policy.rules.js';
import type { RunPattern } from './schedule-times.rules.js';
import type { PlanObjective, ScheduleFinding, ScheduleFindingCode, SchedulePreview, ShortCluster, TokenKeeper, ValiditySource } from './schedules.types.js';

/** A schedule as it would be. */
export interface WantedSchedule {
  readonly cron: string;
  readonly veleroTtlMs: number;
  /** null: the operator works it out */
  readonly tokenTtlMs: number | null;
  readonly useManagedServiceAccount: boolean;
  readonly paused: boolean;
}

export interface ClusterLife {
  readonly cluster: string;
  /** What was granted; null: no token of which it is known */
  readonly grantedSeconds: number | null;
  /** What was asked for then; null: not known */
  readonly askedSeconds: number | null;
}

/** What the hub itself says about tokens. */
export type HubSettings = Pick<HubTokenSettings, 'policy' | 'fencing' | 'tokenValiditySeconds' | 'tokenPairAfterPercent'>;

export interface PreviewFacts {
  readonly hubId: string;
  readonly name: string | null;
  readonly hub: HubSettings;
  readonly plans: readonly { readonly planId: string; readonly name: string; readonly rpoSeconds: number }[];
  /** Every cluster that needs a token */
  readonly clusters: readonly ClusterLife[];
  /** When the youngest set that can be restored ends; null: there is none */
  readonly lastSetExpiresAt: Date | null;
}

/** From a run until its set can be restored elsewhere: Velero looks once a minute, takes minutes for the parts, and syncs within two. */
const USABLE_AFTER_SECONDS = 300;
const DENSE_SECONDS = 600;
const MAX_SHORT = 100;
/** The agent renews after four fifths: one token alone has a fifth of its life left at worst. */
const RENEWED_AT = 0.8;

const SEVERITY: Readonly<Record<ScheduleFindingCode, Severity>> = {
  HUB_FENCED: 'CRITICAL',
  SCHEDULE_RPO_NOT_MET: 'CRITICAL',
  SCHEDULE_TTL_LEAVES_GAPS: 'CRITICAL',
  SCHEDULE_TOKENS_END_BEFORE_NEXT_SET: 'CRITICAL',
  OPERATOR_SWITCHED_OFF: 'CRITICAL',
  SCHEDULE_TOKENS_KEPT_BY_NOBODY: 'CRITICAL',
  SCHEDULE_PAUSED: 'WARNING',
  SCHEDULE_RPO_TIGHT: 'WARNING',
  SCHEDULE_TOKENS_END_BEFORE_SETS: 'WARNING',
  SCHEDULE_CLUSTERS_GRANT_LESS: 'WARNING',
  SCHEDULE_TOO_DENSE: 'WARNING',
  SCHEDULE_VALIDITY_CONTESTED: 'INFO',
};

const REMEDY: Readonly<Record<ScheduleFindingCode, string>> = {
  HUB_FENCED: 'Leave the schedule paused: the fleet has moved to another hub.',
  SCHEDULE_RPO_NOT_MET: 'Back up more often, or let the plan lose more.',
  SCHEDULE_TTL_LEAVES_GAPS: 'Keep the backups for longer than the longest interval, several times over.',
  SCHEDULE_TOKENS_END_BEFORE_NEXT_SET: 'Back up more often, or let the tokens be valid for longer where the clusters grant it.',
  OPERATOR_SWITCHED_OFF: 'Set useManagedServiceAccount to true.',
  SCHEDULE_TOKENS_KEPT_BY_NOBODY: 'Let the hub\u2019s policy be PROTECT, or let the schedule run.',
  SCHEDULE_PAUSED: 'Resume before the last set ends.',
  SCHEDULE_RPO_TIGHT: 'Back up a little more often: a set can be restored some minutes after its run.',
  SCHEDULE_TOKENS_END_BEFORE_SETS: 'Let tokenTtl be twice veleroTtl or more, or leave it out.',
  SCHEDULE_CLUSTERS_GRANT_LESS: 'Count on the newer sets for these clusters, and back up often enough for them.',
  SCHEDULE_TOO_DENSE: 'Leave ten minutes between runs: Velero makes one backup at a time, and a set has five.',
  SCHEDULE_VALIDITY_CONTESTED: 'Set tokenTtl of the schedule instead of tokenValiditySeconds of the hub.',
};

const finding = (code: ScheduleFindingCode, cause: string): ScheduleFinding => ({ code, severity: SEVERITY[code], cause, remedy: REMEDY[code] });

const seconds = (ms: number): number => Math.round(ms / 1000);

function keeperOf(schedule: WantedSchedule, hub: HubSettings): TokenKeeper {
  // With its switch off the operator deletes what anyone makes.
  if (!schedule.useManagedServiceAccount) return 'NOBODY';
  const ours = hub.policy === 'PROTECT' && hub.fencing === 'NONE';
  if (schedule.paused) return ours ? 'LIFEBOAT' : 'NOBODY'; // paused, it passes over no cluster
  return ours ? 'BOTH' : 'OPERATOR';
}

function validityOf(schedule: WantedSchedule, hub: HubSettings, keeper: TokenKeeper): { readonly validityMs: number; readonly from: ValiditySource } {
  const byOperator = keeper === 'OPERATOR' || keeper === 'BOTH';
  if (hub.tokenValiditySeconds !== null && !byOperator) return { validityMs: hub.tokenValiditySeconds * 1000, from: 'HUB_SETTING' };
  if (schedule.tokenTtlMs !== null && schedule.tokenTtlMs > 0) return { validityMs: schedule.tokenTtlMs, from: 'TOKEN_TTL' };
  if (schedule.veleroTtlMs > 0) return { validityMs: 2 * schedule.veleroTtlMs, from: 'TWICE_VELERO_TTL' };
  return { validityMs: operatorValidityMs(null), from: 'DEFAULT' };
}

/**
 * The share of a token's life that the better token of any set has before it, at least. With a pair that is made after a share p of the
 * first one's life the two are renewed p and 0.8 - p apart.
 */
function shareLeft(keeper: TokenKeeper, pairAfterPercent: number): number {
  const pairAfter = keeper === 'LIFEBOAT' ? pairAfterPercent / 100 : 0.5; // the operator makes it at half-life
  return Math.min(1 - pairAfter, 1 - RENEWED_AT + pairAfter);
}

/** A cluster that granted less than was asked grants no more next time. */
function lifeSeconds({ grantedSeconds, askedSeconds }: ClusterLife, validitySeconds: number): number | null {
  if (grantedSeconds === null) return null;
  const isCapped = askedSeconds !== null && grantedSeconds < askedSeconds * 0.99;
  return isCapped ? Math.min(grantedSeconds, validitySeconds) : validitySeconds;
}

const objective = (plan: PreviewFacts['plans'][number], worstAgeSeconds: number): PlanObjective => ({ ...plan, worstAgeSeconds, met: worstAgeSeconds <= plan.rpoSeconds });

function times(schedule: WantedSchedule, pattern: RunPattern, plans: readonly PlanObjective[]): ScheduleFinding[] {
  const [longest, ttl] = [seconds(pattern.longestMs), seconds(schedule.veleroTtlMs)];
  const found = plans.flatMap(({ name, rpoSeconds, worstAgeSeconds }) => {
    if (longest > rpoSeconds) return [finding('SCHEDULE_RPO_NOT_MET', `Plan ${name} may lose ${inWords(rpoSeconds)}, and ${inWords(longest)} lie between two runs`)];
    if (worstAgeSeconds > rpoSeconds) return [finding('SCHEDULE_RPO_TIGHT', `Plan ${name} may lose ${inWords(rpoSeconds)}; just before a set can be used the one before is ${inWords(worstAgeSeconds)} old`)];
    return [];
  });
  if (ttl < longest) found.push(finding('SCHEDULE_TTL_LEAVES_GAPS', `A set lives for ${inWords(ttl)}, and ${inWords(longest)} lie between two runs: ${inWords(longest - ttl)} without any`));
  if (seconds(pattern.shortestMs) < DENSE_SECONDS) found.push(finding('SCHEDULE_TOO_DENSE', `Two runs lie ${inWords(seconds(pattern.shortestMs))} apart`));
  return found;
}

interface TokenOutlook {
  readonly keeper: TokenKeeper;
  readonly validitySeconds: number;
  readonly lastsSeconds: number | null;
  /** Clusters that end before their sets do, the shortest first */
  readonly short: readonly ShortCluster[];
  readonly known: number;
  readonly uncovered: number;
}

function tokens(schedule: WantedSchedule, hub: HubSettings, outlook: TokenOutlook, coverSeconds: number): ScheduleFinding[] {
  const { keeper, validitySeconds, lastsSeconds, short, uncovered } = outlook;
  if (!schedule.useManagedServiceAccount) return [finding('OPERATOR_SWITCHED_OFF', 'useManagedServiceAccount is off: the backup operator deletes auto-import accounts, whoever made them')];
  if (keeper === 'NOBODY') return [finding('SCHEDULE_TOKENS_KEPT_BY_NOBODY', 'A paused schedule keeps no tokens, and the hub\u2019s policy does not let us')];
  const found: ScheduleFinding[] = [];
  const ttl = seconds(schedule.veleroTtlMs);
  if (lastsSeconds !== null && lastsSeconds < coverSeconds) {
    found.push(finding('SCHEDULE_TOKENS_END_BEFORE_NEXT_SET', `Tokens are good for ${inWords(lastsSeconds)} from a set\u2019s start at worst, and the next set can be used after ${inWords(coverSeconds)}`));
  } else if (uncovered > 0) {
    found.push(finding('SCHEDULE_TOKENS_END_BEFORE_NEXT_SET', `${uncovered} clusters grant so little that their tokens end before the next set can be used, ${inWords(coverSeconds)} later`));
  }
  if (lastsSeconds !== null && lastsSeconds < ttl) {
    found.push(finding('SCHEDULE_TOKENS_END_BEFORE_SETS', `A set lives for ${inWords(ttl)}, and its tokens are good for ${inWords(lastsSeconds)} of that at worst (validity ${inWords(validitySeconds)})`));
  } else if (short.length > 0) {
    found.push(finding('SCHEDULE_CLUSTERS_GRANT_LESS', `${short.length} clusters grant less than ${inWords(validitySeconds)}: their tokens end before the sets that hold them`));
  }
  const contested = hub.tokenValiditySeconds !== null && keeper !== 'LIFEBOAT' && hub.tokenValiditySeconds !== validitySeconds;
  if (contested) found.push(finding('SCHEDULE_VALIDITY_CONTESTED', `The hub\u2019s tokenValiditySeconds says ${inWords(hub.tokenValiditySeconds ?? 0)}; the backup operator writes ${inWords(validitySeconds)} every five minutes`));
  return found;
}

function standing(schedule: WantedSchedule, facts: PreviewFacts): ScheduleFinding[] {
  const { hub, lastSetExpiresAt } = facts;
  const found: ScheduleFinding[] = [];
  if (hub.fencing !== 'NONE' && !schedule.paused) found.push(finding('HUB_FENCED', `The hub is ${hub.fencing}: its fleet has moved, and two hubs must not back up the same clusters`));
  if (schedule.paused) {
    const end = lastSetExpiresAt === null ? 'no set is there to restore' : `after ${lastSetExpiresAt.toISOString()} no set is left to restore`;
    found.push(finding('SCHEDULE_PAUSED', `No set is made while it is paused: ${end}`));
  }
  return found;
}

/** @param nextRuns of the schedule if it is not paused */
export function schedulePreview(schedule: WantedSchedule, pattern: RunPattern, nextRuns: readonly Date[], facts: PreviewFacts): SchedulePreview {
  const [longest, ttl] = [seconds(pattern.longestMs), seconds(schedule.veleroTtlMs)];
  const coverSeconds = longest + USABLE_AFTER_SECONDS;
  const plans = facts.plans.map((plan) => objective(plan, coverSeconds));
  const keeper = keeperOf(schedule, facts.hub);
  const { validityMs, from } = validityOf(schedule, facts.hub, keeper);
  const validitySeconds = seconds(validityMs);
  const share = shareLeft(keeper, facts.hub.tokenPairAfterPercent);
  const known = facts.clusters.flatMap((one): ShortCluster[] => {
    const life = lifeSeconds(one, validitySeconds);
    return life === null || keeper === 'NOBODY' ? [] : [{ cluster: one.cluster, lifeSeconds: life, lastsSeconds: Math.floor(life * share) }];
  });
  const short = known.filter(({ lastsSeconds }) => lastsSeconds < ttl).sort((a, b) => a.lastsSeconds - b.lastsSeconds || (a.cluster < b.cluster ? -1 : 1));
  const uncovered = known.filter(({ lastsSeconds }) => lastsSeconds < coverSeconds).length;
  const lastsSeconds = keeper === 'NOBODY' ? null : Math.floor(validitySeconds * share);
  const outlook = { keeper, validitySeconds, lastsSeconds, short, known: known.length, uncovered };
  return {
    hubId: facts.hubId, name: facts.name, cron: schedule.cron, veleroTtlSeconds: ttl, useManagedServiceAccount: schedule.useManagedServiceAccount, paused: schedule.paused,
    nextRuns: schedule.paused ? [] : nextRuns,
    shortestIntervalSeconds: seconds(pattern.shortestMs), longestIntervalSeconds: longest, setsKeptLeast: pattern.least, setsKeptMost: pattern.most,
    restorableSeconds: Math.max(0, ttl - longest), uncoveredSeconds: Math.max(0, longest - ttl),
    plans,
    tokenValiditySeconds: validitySeconds, tokenValidityFrom: from, tokensKeptBy: keeper, tokensLastSeconds: lastsSeconds,
    clustersInNeed: facts.clusters.length, clustersKnown: known.length, clustersShort: short.length, clustersWithoutCover: uncovered, shortClusters: short.slice(0, MAX_SHORT),
    findings: [...standing(schedule, facts), ...times(schedule, pattern, plans), ...tokens(schedule, facts.hub, outlook, coverSeconds)].sort(bySeverity),
  };
}

const RANK: Readonly<Record<Severity, number>> = { CRITICAL: 0, WARNING: 1, INFO: 2 };
const bySeverity = (a: ScheduleFinding, b: ScheduleFinding): number => RANK[a.severity] - RANK[b.severity];

const UNITS = [[86_400, 'd'], [3_600, 'h'], [60, 'min'], [1, 's']] as const;

/** `1 d 12 h`, `45 min`: at most two units. */
function inWords(total: number): string {
  const first = UNITS.findIndex(([size]) => total >= size);
  if (first < 0) return '0 s';
  const [[size, unit], next] = [UNITS[first] ?? UNITS[3], UNITS[first + 1]];
  const rest = next === undefined ? 0 : Math.floor((total % size) / next[0]);
  return `${Math.floor(total / size)} ${unit}${next === undefined || rest === 0 ? '' : ` ${rest} ${next[1]}`}`;
}
