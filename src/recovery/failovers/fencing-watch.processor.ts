import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Config } from '../../config/config.js';
import { LeaseService, type HeldLease } from '../../database/lease.service.js';
import { HubConnections } from '../../hubs/hub-connections.service.js';
import { Jobs } from '../../jobs/jobs.js';
import { HubViewService } from '../hub-view.service.js';
import { FailoverEvents } from './failover-events.js';
import { isTerminal } from './failover-transitions.rules.js';
import { FailoversRepository } from './failovers.repository.js';
import { SourceFencer } from './source-fencer.service.js';
import { toldAs } from './step-help.js';

/** A hub has returned when it answers twice, this far apart. */
const RETURNED_AFTER_MS = 30_000;
const EVERY_MS = 10_000;

type Unfenced = Awaited<ReturnType<FailoversRepository['unfencedSources']>>[number];

/** Fences a source that could not be fenced in its failover, as soon as it comes back: the standing intent of that failover. */
@Injectable()
export class FencingWatchProcessor implements OnModuleInit {
  private readonly logger = new Logger(FencingWatchProcessor.name);
  /** By hub: since when it has answered, by our clock */
  private readonly answeredSince = new Map<string, number>();

  constructor(
    private readonly jobs: Jobs,
    private readonly repository: FailoversRepository,
    private readonly connections: HubConnections,
    private readonly view: HubViewService,
    private readonly fencer: SourceFencer,
    private readonly leases: LeaseService,
    private readonly events: FailoverEvents,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.jobs.sweepEvery('fencing-watch', EVERY_MS, (signal) => this.look(signal));
  }

  /** One look at all hubs that a failover left unfenced. */
  async look(signal: AbortSignal): Promise<void> {
    const hubs = await this.repository.unfencedSources();
    await Promise.all(hubs.map((hub) => this.lookAt(hub, signal).catch((error: unknown) => this.logger.warn({ hub: hub.hubId, err: error }, 'A returned hub could not be fenced; it is tried again'))));
  }

  private async lookAt(hub: Unfenced, signal: AbortSignal): Promise<void> {
    // Before its restore the failover itself fences, or takes back
    if (!isTerminal(hub.status) && !['IMPORTING', 'VERIFYING', 'AWAITING_COMMIT', 'REPROTECTING'].includes(hub.status)) return;
    if (!(await this.hasReturned(hub.hubId, signal))) return;
    const lease = await this.leases.hold(`fence/${hub.hubId}`, this.config.leaseMs);
    if (lease === null) return;
    try {
      await this.fence(lease, hub, AbortSignal.any([signal, lease.signal]));
    } finally {
      await lease.release().catch(() => undefined); // it expires by itself
      this.events.changed(hub.failoverId);
    }
  }

  private async hasReturned(hubId: string, signal: AbortSignal): Promise<boolean> {
    const now = this.clock.now().getTime();
    const client = await this.connections.clientFor(hubId).catch(() => null); // unreadable credentials: for us it has not returned
    if (client === null || !(await this.view.answers(client, signal))) {
      this.answeredSince.delete(hubId);
      return false;
    }
    const since = this.answeredSince.get(hubId) ?? now;
    this.answeredSince.set(hubId, since);
    return now - since >= RETURNED_AFTER_MS;
  }

  private async fence(lease: HeldLease, { hubId, failoverId, fencing }: Unfenced, signal: AbortSignal): Promise<void> {
    if (fencing === 'NOT_POSSIBLE') {
      const note = { type: 'source.returned', summary: 'The source has come back after the failover and is not fenced yet', data: { hubId } };
      await this.repository.fenceAfterwards(lease, failoverId, hubId, 'NOT_POSSIBLE', 'RETURNED_UNFENCED', note, this.clock.now());
      this.events.changed(failoverId);
    }
    const moved = new Set((await this.repository.imports(failoverId)).map((one) => one.cluster));
    lease.assertHeld();
    const report = await this.fencer.fence(await this.connections.clientFor(hubId), failoverId, moved, signal).catch((error: unknown) => {
      const told = toldAs(error);
      if (told === null) throw error;
      this.logger.error({ hub: hubId, failover: failoverId, cause: told }, 'A hub that came back could not be fenced');
      return null;
    });
    if (report === null || report.remaining.length > 0) return;
    const summary = `The returned source is fenced: ${report.pausedSchedules.length} BackupSchedules paused, auto-import stopped for ${report.annotated} clusters`;
    await this.repository.fenceAfterwards(lease, failoverId, hubId, 'RETURNED_UNFENCED', 'FENCED', { type: 'source.fenced', summary, data: { ...report } }, this.clock.now());
    this.answeredSince.delete(hubId);
  }
}
