import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { FleetChanges } from '../fleet/fleet-changes.service.js';
import type { FleetChange } from '../fleet/fleet.types.js';
import { Jobs } from '../jobs/jobs.js';
import { PlanNotFoundError } from '../recovery/plans/plans.errors.js';
import { computeReadiness } from './compute-readiness.job.js';
import { ReadinessService } from './readiness.service.js';

/** Changes come in bursts: one computation for all that came within this time. Milliseconds. */
const SETTLE_MS = 1_000;
/** Expiries pass without anyone's change, and a change may have been told in vain. */
const SWEEP_MS = 60_000;
const PLACES = 2;

/** Kinds of facts that findings on plans rest on without a table of their own. */
const OWN_KINDS = new Set(['ACM_RESTORE', 'BACKUP_SCHEDULE', 'STORAGE_LOCATION', 'VELERO_BACKUP']);

@Injectable()
export class ComputeReadinessProcessor implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(ComputeReadinessProcessor.name);
  private unsubscribe: () => void = () => undefined;
  /** Hubs of which something changed, until their plans are woken; what a stop cuts off here, the sweep finds */
  private readonly settling = new Map<string, NodeJS.Timeout>();

  constructor(
    private readonly jobs: Jobs,
    private readonly changes: FleetChanges,
    private readonly readiness: ReadinessService,
  ) {}

  onModuleInit(): void {
    this.jobs.handle(computeReadiness, ({ planId }) => this.compute(planId), { concurrency: PLACES });
    this.jobs.sweepEvery('readiness', SWEEP_MS, () => this.wakeAll());
    this.unsubscribe = this.changes.subscribe((change) => this.wake(change));
  }

  onModuleDestroy(): void {
    this.unsubscribe();
    for (const timer of this.settling.values()) clearTimeout(timer);
  }

  private async compute(planId: string): Promise<void> {
    try {
      await this.readiness.compute(planId);
    } catch (error) {
      if (!(error instanceof PlanNotFoundError)) throw error; // removed since: nothing to do
    }
  }

  private wake({ hubId, topic, kinds }: FleetChange): void {
    if (topic === 'FACTS' && ![...kinds].some((kind) => OWN_KINDS.has(kind))) return;
    if (this.settling.has(hubId)) return;
    this.settling.set(hubId, setTimeout(() => void this.settled(hubId), SETTLE_MS).unref());
  }

  private async settled(hubId: string): Promise<void> {
    // First: what changes from now on may be too late for the computation.
    this.settling.delete(hubId);
    try {
      await this.jobs.enqueueMany(computeReadiness, (await this.readiness.plansOf(hubId)).map((planId) => ({ planId })));
    } catch (error) {
      this.logger.warn({ hub: hubId, err: error }, 'The plans of a hub could not be woken; the sweep does it');
    }
  }

  private async wakeAll(): Promise<void> {
    await this.jobs.enqueueMany(computeReadiness, (await this.readiness.plansOf()).map((planId) => ({ planId })));
  }
}
