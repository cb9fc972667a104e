import { Injectable } from '@nestjs/common';
import { AuditService } from '../../access/audit.service.js';
import type { Acting } from '../../common/acting.js';
import { Clock } from '../../common/clock.js';
import type { ListRequest, Page, Sort } from '../../common/paging.js';
import { HubNotFoundError, ReasonRequiredError } from '../../hubs/hubs.errors.js';
import { namedFields, planInputProblem, withDefaults } from './plan-input.rules.js';
import { PlanHubsShareNoStorageError, PlanInUseError, PlanInvalidError, PlanNotFoundError, PlanSourceIsTargetError, PlanVersionConflictError } from './plans.errors.js';
import { PlansRepository } from './plans.repository.js';
import type { NewPlan, Plan, PlanChange, PlanFilter, PlanSortField } from './plans.types.js';
import { sharedStorage, storageInWords } from './shared-storage.rules.js';

@Injectable()
export class PlansService {
  constructor(
    private readonly repository: PlansRepository,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /** @throws PlanInvalidError, PlanSourceIsTargetError, PlanHubsShareNoStorageError, PlanNameTakenError, HubNotFoundError */
  async create(input: NewPlan, by: Acting): Promise<Plan> {
    refuseInvalid(input);
    if (input.sourceHubId === input.targetHubId) throw new PlanSourceIsTargetError(input.sourceHubId);
    await this.refuseSeparateStorage(input.sourceHubId, input.targetHubId);
    const plan = await this.repository.create(withDefaults(input), by.actor, this.clock.now());
    await this.audit.record({ action: 'plan.create', subject: `plan/${plan.id}`, by, details: { ...withDefaults(input) } });
    return plan;
  }

  list(filter: PlanFilter, sort: Sort<PlanSortField>, request: ListRequest): Promise<Page<Plan>> {
    return this.repository.list(filter, sort, request);
  }

  /** Archived plans too. @throws PlanNotFoundError */
  async get(planId: string): Promise<Plan> {
    const plan = await this.repository.find(planId);
    if (plan === null) throw new PlanNotFoundError(planId);
    return plan;
  }

  getMany(planIds: readonly string[]): Promise<Plan[]> {
    return this.repository.findMany(planIds);
  }

  /** @throws PlanNotFoundError, PlanVersionConflictError, PlanNameTakenError, PlanInvalidError */
  async update(planId: string, change: PlanChange, expectedVersion: number, by: Acting): Promise<Plan> {
    refuseInvalid(change);
    const named = namedFields(change);
    const plan = await this.repository.update(planId, named, expectedVersion, this.clock.now());
    if (plan === null) {
      await this.get(planId);
      throw new PlanVersionConflictError(planId, expectedVersion);
    }
    await this.audit.record({ action: 'plan.update', subject: `plan/${planId}`, by, details: { ...named } });
    return plan;
  }

  /** Its failovers and restores stay on record. @throws PlanNotFoundError, PlanInUseError, ReasonRequiredError */
  async archive(planId: string, by: Acting): Promise<void> {
    if (!by.reason?.trim()) throw new ReasonRequiredError('Archiving a plan');
    const plan = await this.get(planId);
    const failoverId = await this.repository.openFailover(planId);
    if (failoverId !== null) throw new PlanInUseError(planId, failoverId);
    if (plan.archivedAt !== null) return;
    await this.repository.archive(planId, this.clock.now());
    await this.audit.record({ action: 'plan.archive', subject: `plan/${planId}`, by, details: { name: plan.name } });
  }

  /** What is not known yet is let through: readiness goes on asking. */
  private async refuseSeparateStorage(sourceHubId: string, targetHubId: string): Promise<void> {
    const hubs = new Map((await this.repository.hubs([sourceHubId, targetHubId])).map((hub) => [hub.id, hub]));
    const [source, target] = [hubs.get(sourceHubId), hubs.get(targetHubId)];
    if (source === undefined) throw new HubNotFoundError(sourceHubId);
    if (target === undefined) throw new HubNotFoundError(targetHubId);
    const seenOnTarget = source.clusterId !== null && (await this.repository.showsBackupsOf(targetHubId, source.clusterId));
    if (sharedStorage(source.storage, target.storage, seenOnTarget) !== 'NOT_SHARED') return;
    const why = `the source uses ${storageInWords(source.storage)}, the target ${storageInWords(target.storage)}`;
    throw new PlanHubsShareNoStorageError(sourceHubId, targetHubId, why);
  }
}

function refuseInvalid(input: Partial<NewPlan>): void {
  const problem = planInputProblem(input);
  if (problem !== null) throw new PlanInvalidError(problem.field, problem.why);
}
