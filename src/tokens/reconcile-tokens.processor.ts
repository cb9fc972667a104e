import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { FleetChanges } from '../fleet/fleet-changes.service.js';
import type { FleetChange, WatchedKind } from '../fleet/fleet.types.js';
import { inspectHub } from '../hubs/inspect-hub.job.js';
import { Jobs } from '../jobs/jobs.js';
import { reconcileTokens } from './reconcile-tokens.job.js';
import { tokenKinds } from './token-kinds.js';
import { TokenWorkRepository } from './token-work.repository.js';
import { TokenReconciler } from './token.reconciler.js';

/** Hubs worked on at once in one process. Many, since a pass that waits for a hub that hangs keeps nothing but its place: with few, some dead hubs would keep all. */
const HUBS_AT_ONCE = 64;

const KINDS: ReadonlySet<WatchedKind> = new Set(tokenKinds);
/** A change of one of these is about every cluster of the hub. */
const HUB_WIDE: ReadonlySet<WatchedKind> = new Set(['HUB_ADDON', 'BACKUP_SCHEDULE']);

/** Turns changes of facts into due work, and due work into passes. */
@Injectable()
export class ReconcileTokensProcessor implements OnModuleInit, OnModuleDestroy {
  private unsubscribe: (() => void) | undefined;
  private readonly logger = new Logger(ReconcileTokensProcessor.name);
  private readonly bells = new Map<string, { again: boolean }>();

  constructor(
    private readonly jobs: Jobs,
    private readonly work: TokenWorkRepository,
    private readonly reconciler: TokenReconciler,
    private readonly changes: FleetChanges,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.jobs.handle(reconcileTokens, ({ hubId }, signal) => this.reconcile(hubId, signal), { concurrency: HUBS_AT_ONCE });
    this.jobs.sweepEvery('tokens', this.config.sweepMs, () => this.sweep());
    this.unsubscribe = this.changes.subscribe((change) => this.onChange(change));
  }

  onModuleDestroy(): void {
    this.unsubscribe?.();
  }

  /** Due work is found in the tables, whatever became of wake-ups and queues. */
  async sweep(): Promise<void> {
    const now = this.clock.now();
    await this.work.forgetRemovedHubs();
    await this.work.wakeMissed(now);
    await this.jobs.enqueueMany(reconcileTokens, (await this.work.hubsWithDueWork(now)).map((hubId) => ({ hubId })));
  }

  private async reconcile(hubId: string, signal: AbortSignal): Promise<{ readonly againInMs: number } | undefined> {
    const again = await this.reconciler.reconcileHub(hubId, signal);
    // The hub's prerequisite tells all that is missing, not the first that a write met.
    if (this.reconciler.lacksRight(hubId)) await this.jobs.enqueue(inspectHub, { hubId });
    return again;
  }

  private async onChange({ hubId, topic, kinds, clusters }: FleetChange): Promise<void> {
    const concerned = [...kinds].filter((kind) => KINDS.has(kind));
    if (topic === 'HUB') this.reconciler.forgetFailures(hubId);
    if (topic === 'HUB' || topic === 'READ' || concerned.some((kind) => HUB_WIDE.has(kind))) await this.work.wakeAll(hubId, this.clock.now());
    else if (topic === 'FACTS' && concerned.length > 0 && clusters.size > 0) await this.work.wake(hubId, [...clusters], this.clock.now());
    else return;
    // Not awaited: it is in the table, and whoever told us has more to tell.
    if (!this.reconciler.nudge(hubId)) this.ring(hubId).catch((error: unknown) => this.logger.warn({ hub: hubId, err: error }, 'No job could be added; the sweep will find the work'));
  }

  /** One job is added at a time for each hub; what comes meanwhile is in the table before that job runs, or is added after it. */
  private async ring(hubId: string): Promise<void> {
    const bell = this.bells.get(hubId);
    if (bell !== undefined) {
      bell.again = true;
      return;
    }
    const own = { again: false };
    this.bells.set(hubId, own);
    try {
      await this.jobs.enqueue(reconcileTokens, { hubId });
    } finally {
      this.bells.delete(hubId);
    }
    if (own.again && !this.reconciler.nudge(hubId)) await this.ring(hubId);
  }
}
