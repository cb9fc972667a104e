import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { Jobs } from '../jobs/jobs.js';
import { checkTokens } from './check-tokens.job.js';
import { DeepChecksReconciler } from './deep-checks.reconciler.js';
import { DeepChecksRepository } from './deep-checks.repository.js';

const HUBS_AT_ONCE = 2;

@Injectable()
export class CheckTokensProcessor implements OnModuleInit {
  constructor(
    private readonly jobs: Jobs,
    private readonly repository: DeepChecksRepository,
    private readonly reconciler: DeepChecksReconciler,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.jobs.handle(checkTokens, ({ hubId }, signal) => this.reconciler.checkHub(hubId, signal), { concurrency: HUBS_AT_ONCE });
    this.jobs.sweepEvery('deep-checks', this.config.sweepMs, () => this.sweep());
  }

  async sweep(): Promise<void> {
    await this.repository.arrange(this.clock.now());
    const hubIds = await this.repository.hubsWithDueChecks(this.clock.now());
    await this.jobs.enqueueMany(checkTokens, hubIds.map((hubId) => ({ hubId })));
  }
}
