import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Config } from '../../config/config.js';
import { Jobs } from '../../jobs/jobs.js';
import { advanceFailover } from './advance-failover.job.js';
import { FailoverMachine } from './failover-machine.service.js';
import { FailoversRepository } from './failovers.repository.js';

const PLACES = 16;

/** Jobs ring; the sweep finds in the tables what rang unheard, and does it without the queue, whose locks may be a dead worker's. */
@Injectable()
export class AdvanceFailoverProcessor implements OnModuleInit {
  private readonly logger = new Logger(AdvanceFailoverProcessor.name);

  constructor(
    private readonly jobs: Jobs,
    private readonly machine: FailoverMachine,
    private readonly repository: FailoversRepository,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.jobs.handle(advanceFailover, ({ failoverId }) => this.advance(failoverId), { concurrency: PLACES });
    this.jobs.sweepEvery('due-failovers', this.config.failoverPollMs, () => this.sweep());
  }

  private async advance(failoverId: string): Promise<void | { againInMs: number }> {
    const { againInMs } = await this.machine.advance(failoverId);
    return againInMs === null ? undefined : { againInMs };
  }

  /** Not waited for: one failover that hangs on a silent hub must not keep the others waiting. */
  private async sweep(): Promise<void> {
    const due = await this.repository.due(this.clock.now());
    for (const failoverId of due.filter((id) => !this.machine.isRunning(id)).slice(0, PLACES)) {
      this.machine.advance(failoverId).then(
        ({ againInMs }) => (againInMs === null ? undefined : this.jobs.enqueue(advanceFailover, { failoverId }, { delayMs: Math.max(1, againInMs) })),
        (error: unknown) => this.logger.warn({ failover: failoverId, err: error }, 'A failover could not be carried on; it is tried again'),
      ).catch(() => undefined); // a job that cannot be added is found by the next sweep
    }
  }
}
