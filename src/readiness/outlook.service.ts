import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { eachAlone } from '../common/in-parallel.js';
import { BackupSetNotFoundError } from '../backups/backups.errors.js';
import { cronProblem, parseCron } from '../backups/cron.rules.js';
import { PlanNotFoundError } from '../recovery/plans/plans.errors.js';
import { restoresInTheWay } from '../recovery/restores/restores-on-hub.rules.js';
import { assessCluster, type Basis, type Moment } from './cluster-verdict.rules.js';
import { withSince } from './finding-order.rules.js';
import { dropOut } from './forecast.rules.js';
import { HubWorldsRepository, type SetRow } from './hub-worlds.repository.js';
import { rtoEstimate } from './objectives.rules.js';
import { OutlookRepository } from './outlook.repository.js';
import { BackupSetOfAnotherHubError, WhatIfInvalidError } from './readiness.errors.js';
import type { PlanReadinessView } from './readiness.types.js';
import type { ClusterDropOut, Forecast, ForecastAssumption, Objectives, RecoveryPoint, WhatIfAnswer, WhatIfQuestion } from './outlook.types.js';
import { ageSeconds, backupLabels, PlanWorlds, restorable, summaryOf, type PlanWorld } from './plan-worlds.service.js';
import { pathsAt, pathsOfAnother } from './paths-ahead.rules.js';
import { overallVerdict, planFindings, rpoFindings } from './plan-verdict.rules.js';
import { ReadinessRepository, wholeSet, type ClusterRow, type RestoredSets } from './readiness.repository.js';
import { ReadinessService } from './readiness.service.js';
import { compareWithNewest, type PointOutcome } from './recovery-points.rules.js';
import { countCodes, countVerdicts, score } from './summary.rules.js';
import { setUsability } from './usable-set.rules.js';
import { assessProjected, assumptionsOf, differences, imaginedSet, type ImaginedSet, type Judged, type NextRun } from './what-if.rules.js';

const DAY_MS = 86_400_000;
const DAYS_AROUND = 400;
/** Of one question over many sets: what each holds of every cluster is in memory at once. */
const SETS_AT_ONCE = 10;

/** As readiness judges the source now. */
interface AsIs {
  readonly judged: readonly (Judged & { readonly row: ClusterRow })[];
  readonly basis: Basis;
  readonly set: SetRow | null;
  /** Of which sets the rows tell what they hold */
  readonly restored: RestoredSets;
  readonly paths: Moment['paths'];
}

/**
 * What could be restored beside the newest set, how long a recovery would take, until when things stay as good as they are, and what would be
 * if something were otherwise: from our tables alone, like readiness, and by the same rules.
 */
@Injectable()
export class OutlookService {
  constructor(
    private readonly readiness: ReadinessService,
    private readonly worlds: PlanWorlds,
    private readonly repository: ReadinessRepository,
    private readonly hubs: HubWorldsRepository,
    private readonly outlook: OutlookRepository,
    private readonly clock: Clock,
  ) {}

  /** The sets that the target could restore now, newest first. @throws PlanNotFoundError */
  async recoveryPoints(planId: string, first: number): Promise<RecoveryPoint[]> {
    const plan = await this.worlds.plan(planId);
    const now = this.clock.now();
    const [{ target, sets }, moment] = await Promise.all([this.worlds.of(plan), this.worlds.moment(plan, now)]);
    const usable = sets.flatMap((set) => {
      const usability = setUsability(set, target.shown, now);
      return usability === 'USABLE' || usability === 'PARTIALLY_FAILED' ? [{ set, usability }] : [];
    });
    const repository = this.repository.joined();
    const points = await inGroups(usable.slice(0, first), SETS_AT_ONCE, async ({ set, usability }) => {
      const judged = judge(await repository.clusters(plan.sourceHubId, wholeSet(set.id)), { kind: 'SET', set }, moment);
      const outcome: PointOutcome = { startedAt: set.startedAt ?? now, verdicts: new Map(judged.map(({ cluster, assessment }) => [cluster, assessment.verdict])) };
      return { set, usability, outcome, setCoverage: coverageOf(judged) };
    });
    const newest = points[0]?.outcome;
    return points.map(({ set, usability, outcome, setCoverage }) => {
      const counts = countVerdicts(outcome.verdicts.values());
      return {
        backupSet: summaryOf(set), usability, ageSeconds: ageSeconds(set.startedAt, now) ?? 0, counts, ...score(counts), setCoverage,
        ...compareWithNewest(outcome, newest ?? outcome),
        recommended: outcome === newest, // by the plan's rule, NEWEST_COMPLETE
      };
    });
  }

  /** Of each plan, in the order of the ids; an error where it fails. */
  recoveryPointsOfMany(planIds: readonly string[], first: number): Promise<(RecoveryPoint[] | Error)[]> {
    const joined = this.joined();
    return eachAlone(planIds, (planId) => joined.recoveryPoints(planId, first));
  }

  /**
   * When which clusters drop out.
   * @param withinDays of drop-outs that are told one by one
   * @throws PlanNotFoundError
   */
  async forecast(planId: string, assumption: ForecastAssumption, withinDays: number, first: number): Promise<Forecast> {
    const plan = await this.worlds.plan(planId);
    const now = this.clock.now();
    const world = await this.worlds.of(plan);
    const { judged, basis, set, paths } = await this.judgeAsIs(world, now);
    const [live, schedule] = await Promise.all([this.outlook.liveTokens(plan.sourceHubId), this.outlook.runningSchedule(plan.sourceHubId)]);
    const nextRunAt = schedule === null ? null : (runsOf(schedule.cron)?.(now) ?? null);
    const all = judged
      .flatMap(({ row }): ClusterDropOut[] => {
        const end = dropOut({ cluster: row, live: live.get(row.name) ?? [], basis, setExpiresAt: set?.expiresAt ?? null, nextRunAt, paths }, assumption, now);
        return end === null ? [] : [{ cluster: row.name, ...end }];
      })
      .sort((a, b) => a.at.getTime() - b.at.getTime() || (a.cluster < b.cluster ? -1 : 1));
    const within = (days: number): number => all.filter(({ at }) => at.getTime() - now.getTime() <= days * DAY_MS).length;
    const told = all.slice(0, within(withinDays));
    return {
      planId, assumption, ...score(countVerdicts(judged.map(({ assessment }) => assessment.verdict))),
      within24Hours: within(1), within7Days: within(7), within30Days: within(30),
      byCode: [...Map.groupBy(told, ({ code }) => code)].map(([code, some]) => ({ code, count: some.length })).sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1)),
      dropOuts: told.slice(0, first), computedAt: now,
    };
  }

  /** Of each plan, likewise. */
  forecastOfMany(planIds: readonly string[], assumption: ForecastAssumption, withinDays: number, first: number): Promise<(Forecast | Error)[]> {
    const joined = this.joined();
    return eachAlone(planIds, (planId) => joined.forecast(planId, assumption, withinDays, first));
  }

  /** @throws PlanNotFoundError */
  async objectives(planId: string): Promise<Objectives> {
    return this.objectivesBy(await this.readiness.forPlan(planId));
  }

  /** Of each plan, likewise. */
  async objectivesOfMany(planIds: readonly string[]): Promise<(Objectives | Error)[]> {
    const views = await this.readiness.forPlans(planIds);
    const joined = this.joined();
    const answers = await eachAlone(views, async (view) => view && joined.objectivesBy(view));
    return answers.map((answer, index) => answer ?? new PlanNotFoundError(planIds[index] ?? ''));
  }

  private async objectivesBy(readiness: PlanReadinessView): Promise<Objectives> {
    const { planId } = readiness;
    const plan = await this.worlds.plan(planId);
    const now = this.clock.now();
    const world = await this.worlds.of(plan);
    const [{ judged, basis, set, paths }, runs, lastDrillAt] = await Promise.all([this.judgeAsIs(world, now), this.outlook.pastRuns(plan.targetHubId), this.outlook.lastDrillAt(planId)]);
    const ends = judged.flatMap(({ row }) => {
      const end = dropOut({ cluster: row, live: [], basis, setExpiresAt: set?.expiresAt ?? null, nextRunAt: null, paths }, 'NO_MORE_BACKUPS', now);
      return end === null ? [] : [end.at];
    });
    const estimate = rtoEstimate(readiness.clustersTotal, runs, restoresInTheWay(world.target.restores).activate !== null);
    const { rpoCurrentSeconds } = readiness;
    return {
      planId, verdict: readiness.verdict, rpoTargetSeconds: plan.rpoSeconds, rpoCurrentSeconds, rpoMet: rpoCurrentSeconds !== null && rpoCurrentSeconds <= plan.rpoSeconds,
      rtoTargetSeconds: plan.rtoSeconds, rtoEstimate: estimate, rtoMet: estimate.highSeconds <= plan.rtoSeconds,
      clustersRecoverable: readiness.clustersRecoverable, clustersTotal: readiness.clustersTotal, setCoverage: coverageOf(judged),
      tokenHorizon: ends.reduce<Date | null>((soonest, at) => (soonest === null || at < soonest ? at : soonest), null),
      lastDrillAgeSeconds: ageSeconds(lastDrillAt, now), factsAgeSeconds: readiness.factsAgeSeconds, computedAt: readiness.computedAt,
    };
  }

  /** @throws PlanNotFoundError, HubNotFoundError, BackupSetNotFoundError, BackupSetOfAnotherHubError, WhatIfInvalidError */
  async whatIf(planId: string, question: WhatIfQuestion): Promise<WhatIfAnswer> {
    this.check(question);
    const problem = question.cron === undefined ? null : cronProblem(question.cron);
    if (problem !== null) throw new WhatIfInvalidError(`The cron expression is not valid: ${problem}`, 'cron');
    const plan = await this.worlds.plan(planId);
    const now = this.clock.now();
    const at = question.at ?? new Date(Math.max(now.getTime(), question.sourceDiesAt?.getTime() ?? 0));
    const [world, imagined] = await Promise.all([this.worlds.of(plan), this.worlds.of(plan, question.targetHubId)]);
    const set = await this.chooseSet(question, imagined, now, at);
    const stored = set.kind === 'STORED' ? await this.storedSet(set.setId, imagined) : null;
    const [before, named] = await Promise.all([this.judgeAsIs(world, now), this.repository.namedClusters(plan.sourceHubId, imagined.target.id)]);
    const after = await this.judgeImagined(question, imagined, before, set, stored, now, at);
    const setStartedAt = set.kind === 'PROJECTED' ? set.startsAt : (stored?.startedAt ?? null);
    const endsAt = question.sourceDiesAt ?? at;
    const drafts = [
      ...planFindings({ ...imagined, rpoSeconds: plan.rpoSeconds, sourceClusters: named.source, targetClusters: named.target }, after.basis, stored, backupLabels(imagined.sets), now).filter(({ code }) => code !== 'RPO_EXCEEDED'),
      ...rpoFindings(setStartedAt, plan.rpoSeconds, endsAt),
    ];
    const counts = countVerdicts(after.judged.map(({ assessment }) => assessment.verdict));
    const { gained, lost, shown } = differences(before.judged, after.judged);
    return {
      planId, at, sourceDiesAt: question.sourceDiesAt ?? null, targetHubId: imagined.target.id, verdict: overallVerdict(counts, drafts), counts, ...score(counts),
      byCode: countCodes(after.judged.flatMap(({ assessment }) => assessment.findings)), findings: withSince(drafts, [], now), backupSet: stored && summaryOf(stored), setStartedAt,
      rpoSeconds: ageSeconds(setStartedAt, endsAt), gained, lost, differences: shown, assumptions: assumptionsOf(question, set, now, at),
    };
  }

  /** Of each plan, likewise. @throws WhatIfInvalidError */
  whatIfOfMany(planIds: readonly string[], question: WhatIfQuestion): Promise<(WhatIfAnswer | Error)[]> {
    const joined = this.joined();
    return eachAlone(planIds, (planId) => joined.whatIf(planId, question));
  }

  /** For one question on many plans: they go in step, and what they read is read together. */
  private joined(): OutlookService {
    return new OutlookService(this.readiness, this.worlds.joined(), this.repository.joined(), this.hubs.joined(), this.outlook.joined(), this.clock);
  }

  private check({ at, sourceDiesAt }: WhatIfQuestion): void {
    const now = this.clock.now().getTime();
    for (const [field, moment] of Object.entries({ at, sourceDiesAt })) {
      if (moment !== undefined && Math.abs(moment.getTime() - now) > DAYS_AROUND * DAY_MS) throw new WhatIfInvalidError(`${field} must lie within ${DAYS_AROUND} days of now`, field);
    }
    if (at !== undefined && sourceDiesAt !== undefined && at < sourceDiesAt) throw new WhatIfInvalidError('at must not be earlier than sourceDiesAt', 'at');
  }

  private async chooseSet(question: WhatIfQuestion, { plan, target, sets }: PlanWorld, now: Date, at: Date): Promise<ImaginedSet> {
    const schedule = await this.outlook.runningSchedule(plan.sourceHubId);
    const cron = question.cron ?? schedule?.cron ?? null;
    const ttlSeconds = question.backupTtlSeconds ?? schedule?.veleroTtlSeconds ?? null;
    const candidates = sets.map((set) => ({ ...set, usability: setUsability(set, target.shown, at) }));
    return imaginedSet(question, candidates, cron === null ? null : runsOf(cron), ttlSeconds === null ? null : ttlSeconds * 1000, now, at);
  }

  private async storedSet(setId: string, { sets }: PlanWorld): Promise<SetRow> {
    const own = sets.find((set) => set.id === setId);
    if (own !== undefined) return own;
    if ((await this.hubs.setsById([setId])).length === 0) throw new BackupSetNotFoundError(setId);
    throw new BackupSetOfAnotherHubError(setId);
  }

  /** @param asIs of the same source: what was read for it is not read again */
  private async judgeImagined(question: WhatIfQuestion, world: PlanWorld, asIs: AsIs, set: ImaginedSet, stored: SetRow | null, now: Date, at: Date): Promise<{ judged: Judged[]; basis: Basis }> {
    const { plan } = world;
    const moment = await this.momentAt(world, now, at);
    if (set.kind === 'PROJECTED') {
      const [live, policy] = await Promise.all([this.outlook.liveTokens(plan.sourceHubId), this.outlook.tokenPolicy(plan.sourceHubId)]);
      const rows = asIs.judged.map(({ row: { held: _ofAnotherSet, ...row } }) => ({ ...row, inSet: [] }));
      const seconds = question.tokenValiditySeconds ?? policy.tokenValiditySeconds;
      const projection = { protect: question.policy === undefined ? policy.protect : question.policy === 'PROTECT', validityMs: seconds === null ? null : seconds * 1000 };
      const judged = rows.map((row) => ({ cluster: row.name, assessment: assessProjected(row, live.get(row.name) ?? [], projection, set.startsAt, now, moment) }));
      return { judged, basis: { kind: 'SET', set: { credentialsBackup: `the set of ${set.startsAt.toISOString()}`, managedClustersStartedAt: set.startsAt } } };
    }
    const basis = basisOfStored(stored, world, at);
    const restored = wholeSet(stored?.id ?? null);
    const isSame = asIs.restored.tokens === restored.tokens && asIs.restored.clusters === restored.clusters;
    const rows = isSame ? asIs.judged.map(({ row }) => row) : await this.repository.clusters(plan.sourceHubId, restored);
    return { judged: judge(rows, basis, moment), basis };
  }

  /** As readiness judges: by the set that a failover would restore now. */
  private async judgeAsIs(world: PlanWorld, now: Date): Promise<AsIs> {
    const { basis, set, restored } = restorable(world, now);
    const [rows, moment] = await Promise.all([this.repository.clusters(world.plan.sourceHubId, restored), this.worlds.moment(world.plan, now)]);
    return { judged: judge(rows, basis, moment), basis, set, restored, paths: moment.paths };
  }

  /** The moment of a restore that is thought of, perhaps onto another target. */
  private async momentAt({ plan, target }: PlanWorld, now: Date, at: Date): Promise<Moment> {
    const { paths, ...moment } = await this.worlds.moment(plan, now);
    if (paths === undefined) return { ...moment, now: at };
    return { ...moment, now: at, paths: pathsAt(target.id === plan.targetHubId ? paths : pathsOfAnother(paths), now, at) };
  }
}

const judge = (rows: readonly ClusterRow[], basis: Basis, moment: Moment): (Judged & { row: ClusterRow })[] =>
  rows.map((row) => ({ row, cluster: row.name, assessment: assessCluster(row, basis, moment) }));

/** The runs of a schedule that is on a hub; one that cannot be read has none. */
function runsOf(cron: string): NextRun | null {
  const parsed = parseCron(cron);
  return parsed === null ? null : (after) => parsed.next(after);
}

/** What could not be restored at the moment is told as it is, also when it was asked for. */
function basisOfStored(stored: SetRow | null, { target }: PlanWorld, at: Date): Basis {
  if (stored === null) return { kind: 'NO_SET' };
  const usability = setUsability(stored, target.shown, at);
  if (usability === 'USABLE' || usability === 'PARTIALLY_FAILED') return { kind: 'SET', set: stored };
  return usability === 'NOT_SHOWN' ? { kind: 'NOT_ON_TARGET', credentialsBackup: stored.credentialsBackup } : { kind: 'NO_SET' };
}

/** Clusters for which the set holds what they need: nothing is said against their token there. */
const AGAINST_TOKEN: ReadonlySet<string> = new Set(['TOKEN_MISSING', 'TOKEN_NOT_IN_BACKUP', 'TOKEN_IN_BACKUP_UNKNOWN', 'TOKEN_EMPTY', 'TOKEN_EXPIRED', 'TOKEN_EXPIRY_UNKNOWN', 'NO_BACKUP_SET', 'BACKUP_NOT_ON_TARGET', 'FACTS_STALE']);

const coverageOf = (judged: readonly Judged[]): number =>
  judged.filter(({ assessment }) => assessment.verdict !== 'NOT_NEEDED' && !assessment.findings.some(({ code, verdict }) => AGAINST_TOKEN.has(code) || (code === 'TOKEN_EXPIRY_DOUBTFUL' && verdict === 'UNKNOWN'))).length;

async function inGroups<T, R>(items: readonly T[], size: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += size) results.push(...(await Promise.all(items.slice(from, from + size).map(work))));
  return results;
}
