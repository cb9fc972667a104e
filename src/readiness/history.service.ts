import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { onlyPage, type ListRequest, type Page } from '../common/paging.js';
import { HistoryRepository, type PlanThen } from './history.repository.js';
import type { ChangeGroup, ReadinessAsOf, ReadinessPoint, VerdictChange, VerdictChangeFilter } from './history.types.js';
import { PlanWorlds } from './plan-worlds.service.js';
import { HistoryRangeInvalidError } from './readiness.errors.js';
import { countsOf, score } from './summary.rules.js';
import type { ClusterVerdict } from './readiness.types.js';

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 7;
/** Of one question: 2,400 points */
const MAX_DAYS = 100;

/** What the verdicts were, since when, and what changed. */
@Injectable()
export class HistoryService {
  constructor(
    private readonly worlds: PlanWorlds,
    private readonly repository: HistoryRepository,
    private readonly clock: Clock,
  ) {}

  /** One point an hour, oldest first; hours in which nothing was computed have none. @throws PlanNotFoundError, HistoryRangeInvalidError */
  async hours(planId: string, from?: Date, to?: Date): Promise<ReadinessPoint[]> {
    await this.worlds.plan(planId);
    return only(await this.hoursOfMany([planId], from, to));
  }

  /** Of each plan, which there are, in the order of the ids. @throws HistoryRangeInvalidError */
  async hoursOfMany(planIds: readonly string[], from?: Date, to?: Date): Promise<ReadinessPoint[][]> {
    const until = to ?? this.clock.now();
    const since = from ?? new Date(until.getTime() - DEFAULT_DAYS * DAY_MS);
    if (since > until) throw new HistoryRangeInvalidError('from lies after to', 'from');
    if (until.getTime() - since.getTime() > MAX_DAYS * DAY_MS) throw new HistoryRangeInvalidError(`from and to lie more than ${MAX_DAYS} days apart`, 'from');
    const rows = byPlan(await this.repository.hours(planIds, since, until));
    return planIds.map((planId) => rows(planId).map(({ hour, verdict, worstVerdict, fewestRecoverable, computedAt, ...found }) => {
      const counts = countsOf(found);
      return { hour, verdict, worstVerdict, counts, ...score(counts), fewestRecoverable, computedAt };
    }));
  }

  /** Newest first. @throws PlanNotFoundError, CursorInvalidError */
  async changes(planId: string, filter: VerdictChangeFilter, request: ListRequest): Promise<Page<VerdictChange>> {
    await this.worlds.plan(planId);
    return onlyPage(await this.changesOfMany([planId], filter, request));
  }

  /** Of each plan, which there are, in the order of the ids; an error where the cursor is not of its list. */
  changesOfMany(planIds: readonly string[], filter: VerdictChangeFilter, request: ListRequest): Promise<(Page<VerdictChange> | Error)[]> {
    return this.repository.changes(planIds, filter, request);
  }

  /** What became of how many clusters since a moment, and why. @throws PlanNotFoundError */
  async groups(planId: string, since: Date): Promise<ChangeGroup[]> {
    await this.worlds.plan(planId);
    return only(await this.groupsOfMany([planId], since));
  }

  /** Of each plan, which there are, in the order of the ids. */
  async groupsOfMany(planIds: readonly string[], since: Date): Promise<ChangeGroup[][]> {
    const rows = byPlan(await this.repository.groups(planIds, since));
    return planIds.map((planId) => rows(planId));
  }

  /** Whether the plan was ready then. @throws PlanNotFoundError, HistoryRangeInvalidError for a moment that has not come */
  async asOf(planId: string, asOf: Date): Promise<ReadinessAsOf> {
    await this.worlds.plan(planId);
    return only(await this.asOfOfMany([planId], asOf));
  }

  /** Of each plan, which there are, in the order of the ids. @throws HistoryRangeInvalidError for a moment that has not come */
  async asOfOfMany(planIds: readonly string[], asOf: Date): Promise<ReadinessAsOf[]> {
    if (asOf > this.clock.now()) throw new HistoryRangeInvalidError('asOf lies in the future: ask what-if instead', 'asOf');
    const [plans, clusters] = (await Promise.all([this.repository.plansAsOf(planIds, asOf), this.repository.countsAsOf(planIds, asOf)]));
    const [planOf, rowsOf] = [byPlan(plans), byPlan(clusters)];
    return planIds.map((planId) => asOfOf(planId, asOf, planOf(planId)[0] ?? null, rowsOf(planId)));
  }
}

function asOfOf(planId: string, asOf: Date, plan: PlanThen | null, rows: readonly { verdict: ClusterVerdict; code: string | null; count: number }[]): ReadinessAsOf {
  const found: Partial<Record<ClusterVerdict, number>> = {};
  for (const { verdict, count } of rows) found[verdict] = (found[verdict] ?? 0) + count;
  const counts = countsOf(found);
  return {
    planId, asOf, verdict: plan?.verdict ?? null, since: plan?.since ?? null, code: plan?.code ?? null, cause: plan?.cause ?? null, counts, ...score(counts),
    byCode: rows.filter(({ verdict }) => verdict !== 'READY' && verdict !== 'NOT_NEEDED'),
  };
}

/** The rows of each plan, without its id. */
function byPlan<Row extends { readonly planId: string }>(rows: readonly Row[]): (planId: string) => Omit<Row, 'planId'>[] {
  const grouped = Map.groupBy(rows, ({ planId }) => planId);
  return (planId) => (grouped.get(planId) ?? []).map(({ planId: _its, ...row }) => row);
}

/** What was asked of one plan. */
function only<T>([answer]: readonly T[]): T {
  if (answer === undefined) throw new Error('No plan was asked for');
  return answer;
}
