import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import type { ListRequest, Page } from '../common/paging.js';
import { HistoryRepository } from './history.repository.js';
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
    const until = to ?? this.clock.now();
    const since = from ?? new Date(until.getTime() - DEFAULT_DAYS * DAY_MS);
    if (since > until) throw new HistoryRangeInvalidError('from lies after to', 'from');
    if (until.getTime() - since.getTime() > MAX_DAYS * DAY_MS) throw new HistoryRangeInvalidError(`from and to lie more than ${MAX_DAYS} days apart`, 'from');
    return (await this.repository.hours(planId, since, until)).map(({ hour, verdict, worstVerdict, fewestRecoverable, computedAt, ...found }) => {
      const counts = countsOf(found);
      return { hour, verdict, worstVerdict, counts, ...score(counts), fewestRecoverable, computedAt };
    });
  }

  /** Newest first. @throws PlanNotFoundError, CursorInvalidError */
  async changes(planId: string, filter: VerdictChangeFilter, request: ListRequest): Promise<Page<VerdictChange>> {
    await this.worlds.plan(planId);
    return this.repository.changes(planId, filter, request);
  }

  /** What became of how many clusters since a moment, and why. @throws PlanNotFoundError */
  async groups(planId: string, since: Date): Promise<ChangeGroup[]> {
    await this.worlds.plan(planId);
    return this.repository.groups(planId, since);
  }

  /** Whether the plan was ready then. @throws PlanNotFoundError, HistoryRangeInvalidError for a moment that has not come */
  async asOf(planId: string, asOf: Date): Promise<ReadinessAsOf> {
    await this.worlds.plan(planId);
    if (asOf > this.clock.now()) throw new HistoryRangeInvalidError('asOf lies in the future: ask what-if instead', 'asOf');
    const [plan, rows] = await Promise.all([this.repository.planAsOf(planId, asOf), this.repository.countsAsOf(planId, asOf)]);
    const found: Partial<Record<ClusterVerdict, number>> = {};
    for (const { verdict, count } of rows) found[verdict] = (found[verdict] ?? 0) + count;
    const counts = countsOf(found);
    return {
      planId, asOf, verdict: plan?.verdict ?? null, since: plan?.since ?? null, code: plan?.code ?? null, cause: plan?.cause ?? null, counts, ...score(counts),
      byCode: rows.filter(({ verdict }) => verdict !== 'READY' && verdict !== 'NOT_NEEDED'),
    };
  }
}
