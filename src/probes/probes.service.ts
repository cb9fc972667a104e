import { Injectable } from '@nestjs/common';
import { AuditService } from '../access/audit.service.js';
import type { Acting } from '../common/acting.js';
import { Clock } from '../common/clock.js';
import { onlyPage, type ListRequest, type Page } from '../common/paging.js';
import { Jobs } from '../jobs/jobs.js';
import { PlanNotFoundError } from '../recovery/plans/plans.errors.js';
import { PlansService } from '../recovery/plans/plans.service.js';
import { checkTokens } from './check-tokens.job.js';
import { DeepChecksRepository } from './deep-checks.repository.js';
import { probePaths } from './probe-paths.job.js';
import { NothingToProbeError } from './probes.errors.js';
import { ProbesRepository } from './probes.repository.js';
import type { PathFilter, TargetPath } from './probes.types.js';

/** The ways from a plan's target to the clusters, and the wish to have them probed. */
@Injectable()
export class ProbesService {
  constructor(
    private readonly repository: ProbesRepository,
    private readonly deepChecks: DeepChecksRepository,
    private readonly plans: PlansService,
    private readonly jobs: Jobs,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /** By cluster. @throws PlanNotFoundError */
  async list(planId: string, filter: PathFilter, request: ListRequest): Promise<Page<TargetPath>> {
    await this.plans.get(planId);
    return onlyPage(await this.listOfMany([planId], filter, request));
  }

  /** Of each plan, which there are, in the order of the ids; an error where the cursor is not of its list. */
  listOfMany(planIds: readonly string[], filter: PathFilter, request: ListRequest): Promise<(Page<TargetPath> | Error)[]> {
    return this.repository.listOf(planIds, filter, request, this.clock.now());
  }

  /**
   * Probes at once, also where the plan assumes the ways; where it has tokens tried, those too. Asked twice, it is probed once more than needed at most.
   * @param cluster null: every cluster of the plan
   * @returns how many ways are probed
   * @throws PlanNotFoundError, also for an archived plan; NothingToProbeError
   */
  async probeNow(planId: string, cluster: string | null, by: Acting): Promise<number> {
    const plan = await this.plans.get(planId);
    if (plan.archivedAt !== null) throw new PlanNotFoundError(planId);
    const now = this.clock.now();
    const ways = await this.repository.askNow(planId, cluster, now);
    if (ways === 0) throw new NothingToProbeError(planId, cluster);
    await this.audit.record({ action: 'plan.probe', subject: `plan/${planId}`, by, details: { cluster, ways } });
    await this.jobs.enqueue(probePaths, { hubId: plan.targetHubId });
    if ((await this.deepChecks.askNow(planId, cluster, now)) > 0) await this.jobs.enqueue(checkTokens, { hubId: plan.sourceHubId });
    return ways;
  }
}
