import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { Jobs } from '../jobs/jobs.js';
import { PathsReconciler } from './paths.reconciler.js';
import { probePaths } from './probe-paths.job.js';
import { ProbesRepository } from './probes.repository.js';

const HUBS_AT_ONCE = 4;
const LEFTOVERS_MS = 10 * 60_000;

@Injectable()
export class ProbePathsProcessor implements OnModuleInit {
  constructor(
    private readonly jobs: Jobs,
    private readonly repository: ProbesRepository,
    private readonly reconciler: PathsReconciler,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.jobs.handle(probePaths, ({ hubId }, signal) => this.reconciler.probeHub(hubId, signal), { concurrency: HUBS_AT_ONCE });
    this.jobs.sweepEvery('target-paths', this.config.sweepMs, () => this.sweep());
    this.jobs.sweepEvery('path-probe-leftovers', LEFTOVERS_MS, (signal) => this.reconciler.removeLeftovers(signal));
  }

  async sweep(): Promise<void> {
    await this.repository.arrange(this.clock.now());
    const hubIds = await this.repository.hubsWithDuePaths(this.clock.now());
    await this.jobs.enqueueMany(probePaths, hubIds.map((hubId) => ({ hubId })));
  }
}
