import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Config } from '../config/config.js';
import { Jobs } from '../jobs/jobs.js';
import { ChangesRepository } from './changes.repository.js';

/** However young they are, no more than these are kept. */
const KEPT_ROWS = 1_000_000;

/** Gives ids where nobody reads, and forgets what is old. */
@Injectable()
export class ChangesUpkeepProcessor implements OnModuleInit {
  constructor(private readonly jobs: Jobs, private readonly repository: ChangesRepository, private readonly config: Config) {}

  onModuleInit(): void {
    this.jobs.sweepEvery('changes', this.config.sweepMs, (signal) => this.sweep(signal));
  }

  async sweep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !(await this.repository.number()).isAll);
    await this.repository.forget(this.config.changesKeptMs, KEPT_ROWS, signal);
  }
}
