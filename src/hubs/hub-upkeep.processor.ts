import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Config } from '../config/config.js';
import { FleetChanges } from '../fleet/fleet-changes.service.js';
import type { FleetChange, WatchedKind } from '../fleet/fleet.types.js';
import { Jobs } from '../jobs/jobs.js';
import { isKubeError } from '../kube/kube-error.js';
import { HubCredentialsUnreadableError, HubNotFoundError } from './hubs.errors.js';
import { HubsService } from './hubs.service.js';
import { inspectHub } from './inspect-hub.job.js';

/** Rights, releases and components change without a word: a hub is looked at this often. Milliseconds. */
const INSPECT_EVERY_MS = 10 * 60_000;
/** Changes that a prerequisite rests on come in bursts. Milliseconds. */
const SETTLE_MS = 1_000;
/** Many, since hubs that hang keep theirs until their deadlines. */
const HUBS_AT_ONCE = 24;

const PREREQUISITE_KINDS: ReadonlySet<WatchedKind> = new Set<WatchedKind>(['HUB_ADDON', 'BACKUP_SCHEDULE', 'STORAGE_LOCATION']);

/** Keeps the findings on hubs fresh, and their credentials sealed with the current key. */
@Injectable()
export class HubUpkeepProcessor implements OnModuleInit, OnModuleDestroy {
  private unsubscribe: (() => void) | undefined;

  constructor(
    private readonly jobs: Jobs,
    private readonly hubs: HubsService,
    private readonly changes: FleetChanges,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.jobs.handle(inspectHub, ({ hubId }) => this.inspect(hubId), { concurrency: HUBS_AT_ONCE });
    this.jobs.sweepEvery('hubs', this.config.sweepMs, () => this.sweep());
    this.unsubscribe = this.changes.subscribe((change) => this.onChange(change));
  }

  onModuleDestroy(): void {
    this.unsubscribe?.();
  }

  async sweep(): Promise<void> {
    await this.hubs.resealCredentials();
    await this.jobs.enqueueMany(inspectHub, (await this.hubs.inspectionsDue(INSPECT_EVERY_MS)).map((hubId) => ({ hubId })));
  }

  private onChange({ hubId, topic, kinds }: FleetChange): void {
    if (topic === 'FACTS' && [...kinds].some((kind) => PREREQUISITE_KINDS.has(kind))) void this.jobs.enqueue(inspectHub, { hubId }, { delayMs: SETTLE_MS });
  }

  /** What fails is recorded on the hub, and tried again with the next sweep. */
  private async inspect(hubId: string): Promise<void> {
    try {
      await this.hubs.inspectNow(hubId);
    } catch (error) {
      if (!isKubeError(error) && !(error instanceof HubNotFoundError) && !(error instanceof HubCredentialsUnreadableError)) throw error;
    }
  }
}
