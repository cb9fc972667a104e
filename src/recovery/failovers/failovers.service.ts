import { Injectable } from '@nestjs/common';
import { AuditService } from '../../access/audit.service.js';
import type { Acting } from '../../common/acting.js';
import { Clock } from '../../common/clock.js';
import type { ListRequest, Page, Sort } from '../../common/paging.js';
import { ReasonRequiredError } from '../../hubs/hubs.errors.js';
import { Jobs } from '../../jobs/jobs.js';
import type { ImportCounts } from '../imports/imports.types.js';
import { PlansService } from '../plans/plans.service.js';
import { advanceFailover } from './advance-failover.job.js';
import { allowedOperations, refusal, type OperationFacts } from './allowed-operations.rules.js';
import { FailoverEvents } from './failover-events.js';
import type { MachineFailover, Note } from './failover-machine.types.js';
import { steps } from './failover-transitions.rules.js';
import {
  AbortNotPossibleError, ApprovalNotPendingError, ApproverIsRequesterError, ContentChangedError, FailoverNotFoundError, PlanNotUsableError, RetryNotNeededError,
} from './failovers.errors.js';
import { FailoversRepository, type LockedFailover } from './failovers.repository.js';
import {
  failoverOperations, type DecideFailover, type Failover, type FailoverDetail, type FailoverEvent, type FailoverFilter, type FailoverSortField, type FailoverStep, type StartFailover,
} from './failovers.types.js';

const EVENTS = 500;
const NO_IMPORTS: ImportCounts = { total: 0, byState: {}, byOutcome: {} };

/** What callers ask of failovers; carrying them on is the machine's. */
@Injectable()
export class FailoversService {
  constructor(
    private readonly repository: FailoversRepository,
    private readonly plans: PlansService,
    private readonly events: FailoverEvents,
    private readonly jobs: Jobs,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /**
   * Records the failover and lets a worker carry it out.
   * @throws ReasonRequiredError, PlanNotFoundError, PlanNotUsableError, HubBusyError
   */
  async start(input: StartFailover, by: Acting): Promise<FailoverDetail> {
    const reason = reasonOf(by, 'A failover');
    const plan = await this.plans.get(input.planId);
    if (plan.archivedAt !== null) throw new PlanNotUsableError(plan.id, 'it has been archived');
    const { sourceHubId, targetHubId } = plan;
    const id = await this.repository.create({ id: input.id, planId: plan.id, kind: input.kind, sourceHubId, targetHubId, requestedBy: by.actor, reason, correlation: by.correlation ?? null }, this.clock.now());
    await this.audit.record({ action: 'failover.start', subject: `failover/${id}`, by, details: { planId: plan.id, kind: input.kind } });
    return this.woken(id);
  }

  list(filter: FailoverFilter, sort: Sort<FailoverSortField>, request: ListRequest): Promise<Page<Failover>> {
    return this.repository.list(filter, sort, request);
  }

  /** @throws FailoverNotFoundError */
  async get(failoverId: string): Promise<FailoverDetail> {
    const [detail] = await this.getMany([failoverId]);
    if (detail === undefined) throw new FailoverNotFoundError(failoverId);
    return detail;
  }

  /** Those that there are, in any order. */
  async getMany(failoverIds: readonly string[]): Promise<FailoverDetail[]> {
    const [failovers, counts] = await Promise.all([this.repository.loadMany(failoverIds), this.repository.importCounts(failoverIds)]);
    return failovers.map((failover) => detailOf(failover, counts.get(failover.id) ?? NO_IMPORTS));
  }

  /** @throws ReasonRequiredError, FailoverNotFoundError, ApprovalNotPendingError, ApproverIsRequesterError, AlreadyDecidedError, ContentChangedError */
  async decide(failoverId: string, { decision, evidence, contentHash }: DecideFailover, by: Acting): Promise<FailoverDetail> {
    const reason = reasonOf(by, 'A decision');
    const now = this.clock.now();
    const row = { decision, decidedBy: by.actor, reason, evidence: evidence ?? null, decidedAt: now };
    await this.repository.decide(failoverId, row, now, (locked) => {
      if (refusal('decide', factsOf(locked)) !== null) throw new ApprovalNotPendingError(failoverId, locked.status);
      if (decision === 'APPROVED' && locked.requestedBy === by.actor) throw new ApproverIsRequesterError(failoverId, by.actor);
      if (contentHash !== undefined && contentHash !== locked.contentHash) throw new ContentChangedError(failoverId, contentHash, locked.contentHash);
      const data = { decision, contentHash: locked.contentHash, ...(evidence ? { evidence } : {}) };
      if (decision === 'APPROVED') return { note: { type: 'approval.approved', summary: `Approved by ${by.actor}: ${reason}`, data, actor: by.actor } };
      return { to: endOf(locked), note: { type: 'approval.rejected', summary: `Rejected by ${by.actor}: ${reason}`, data, actor: by.actor } };
    });
    await this.audit.record({ action: decision === 'APPROVED' ? 'failover.approve' : 'failover.reject', subject: `failover/${failoverId}`, by, details: { evidence: evidence ?? null } });
    return this.woken(failoverId);
  }

  /** Possible until the Restore may exist. Fencing is taken back. @throws ReasonRequiredError, FailoverNotFoundError, AbortNotPossibleError */
  async abort(failoverId: string, by: Acting): Promise<FailoverDetail> {
    const reason = reasonOf(by, 'An abort');
    await this.repository.byCaller(failoverId, this.clock.now(), (locked) => {
      const why = refusal('abort', factsOf(locked));
      if (why !== null) throw new AbortNotPossibleError(failoverId, locked.status, why[1]);
      const to = endOf(locked);
      return { to, clear: true, note: { type: 'failover.aborted', summary: `Aborted by ${by.actor}: ${reason}`, data: { from: locked.status, to }, actor: by.actor } };
    });
    await this.audit.record({ action: 'failover.abort', subject: `failover/${failoverId}`, by });
    return this.woken(failoverId);
  }

  /** Goes on with a failover that needs attention. @throws ReasonRequiredError, FailoverNotFoundError, RetryNotNeededError */
  async retry(failoverId: string, by: Acting): Promise<FailoverDetail> {
    const reason = reasonOf(by, 'A retry');
    await this.repository.byCaller(failoverId, this.clock.now(), (locked) => {
      if (refusal('retry', factsOf(locked)) !== null) throw new RetryNotNeededError(failoverId, locked.status);
      return { clear: true, note: { type: 'failover.retried', summary: `Taken up again by ${by.actor}: ${reason}`, data: { in: locked.status }, actor: by.actor } };
    });
    await this.audit.record({ action: 'failover.retry', subject: `failover/${failoverId}`, by });
    return this.woken(failoverId);
  }

  /** In order, those after `sequence` (0: all), at most `limit` (default 500). @throws FailoverNotFoundError */
  async eventsAfter(failoverId: string, sequence: number, limit = EVENTS): Promise<FailoverEvent[]> {
    if ((await this.repository.find(failoverId)) === null) throw new FailoverNotFoundError(failoverId);
    return this.repository.events(failoverId, sequence, Math.min(limit, EVENTS));
  }

  /** Of each failover, which there are, in the order of the ids. */
  async eventsOfMany(failoverIds: readonly string[], sequence: number, limit = EVENTS): Promise<FailoverEvent[][]> {
    const rows = Map.groupBy(await this.repository.eventsOf(failoverIds, sequence, Math.min(limit, EVENTS)), (event) => event.failoverId);
    return failoverIds.map((id) => rows.get(id) ?? []);
  }

  /** How many events each failover has, in the order of the ids. */
  async eventCounts(failoverIds: readonly string[]): Promise<number[]> {
    const counts = await this.repository.eventCounts(failoverIds);
    return failoverIds.map((id) => counts.get(id) ?? 0);
  }

  /**
   * Every event after `sequence`, as they come; ends after the last one of a failover that has ended, or when `signal` aborts.
   * The table is the truth: looked at every second, and at once when this process writes.
   */
  changes(failoverId: string, sequence: number, signal: AbortSignal): AsyncGenerator<FailoverEvent> {
    return this.events.changes(failoverId, sequence, signal);
  }

  importCounts(failoverIds: readonly string[]): Promise<Map<string, ImportCounts>> {
    return this.repository.importCounts(failoverIds);
  }

  /** The import of one cluster begins anew, with this address. @returns why not; null: it does. @throws FailoverNotFoundError */
  async reopenImport(failoverId: string, cluster: string, apiUrl: string, note: Note): Promise<string | null> {
    const counts = (await this.importCounts([failoverId])).get(failoverId) ?? NO_IMPORTS;
    let why: string | null = null;
    const reopened = await this.repository.reopenImport(failoverId, cluster, apiUrl, this.clock.now(), (locked) => {
      why = refusal('supplyApiUrl', { ...factsOf(locked), imports: counts })?.[1] ?? null;
      return why === null ? { note } : null;
    });
    if (why !== null) return why;
    if (!reopened) return 'the cluster is back, or needs no import';
    this.events.changed(failoverId);
    await this.jobs.enqueue(advanceFailover, { failoverId });
    return null;
  }

  private async woken(failoverId: string): Promise<FailoverDetail> {
    this.events.changed(failoverId);
    await this.jobs.enqueue(advanceFailover, { failoverId });
    return this.get(failoverId);
  }
}

function reasonOf(by: Acting, what: string): string {
  const reason = by.reason?.trim();
  if (!reason) throw new ReasonRequiredError(what);
  return reason;
}

/** From its intent on the source may have been fenced, which is taken back first. */
const endOf = (locked: LockedFailover): 'UNDOING' | 'CANCELLED' => (locked.intended.has('FENCING') ? 'UNDOING' : 'CANCELLED');

const factsOf = (locked: LockedFailover): OperationFacts => ({ failover: locked, restoreMayExist: locked.intended.has('RESTORING'), imports: NO_IMPORTS });

function detailOf(failover: MachineFailover, imports: ImportCounts): FailoverDetail {
  const { plan: _plan, source: _source, target: _target, steps: done, approvals, restore: _restore, ...rest } = failover;
  const restoreMayExist = done.get('RESTORING')?.intent != null;
  const toCome = (step: (typeof steps)[number], index: number): FailoverStep => ({ step, position: index + 1, intent: null, intentAt: null, outcome: null, result: null, outcomeAt: null });
  return {
    ...rest, approvals, imports,
    steps: steps.map((step, index) => done.get(step) ?? toCome(step, index)).filter((step) => step.step !== 'UNDOING' || done.has('UNDOING')),
    allowedOperations: allowedOperations(failoverOperations, { failover, restoreMayExist, imports }),
  };
}
