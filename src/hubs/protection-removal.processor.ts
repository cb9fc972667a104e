import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Config } from '../config/config.js';
import { Jobs } from '../jobs/jobs.js';
import { HubCredentialsUnreadableError, HubNotFoundError } from './hubs.errors.js';
import { ProtectionRemovals } from './protection-removal.service.js';
import { removeProtection } from './remove-protection.job.js';

/** Removals worked on at once in one process. */
const PLACES = 2;

/** Carries removals out, and finds in the tables those whose worker has died. */
@Injectable()
export class ProtectionRemovalProcessor implements OnModuleInit {
  constructor(
    private readonly jobs: Jobs,
    private readonly removals: ProtectionRemovals,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.jobs.handle(removeProtection, ({ removalId }, signal) => this.carryOut(removalId, signal), { concurrency: PLACES });
    this.jobs.sweepEvery('protection-removals', this.config.sweepMs, () => this.sweep());
  }

  async sweep(): Promise<void> {
    await this.jobs.enqueueMany(removeProtection, (await this.removals.open()).map((removalId) => ({ removalId })));
  }

  private async carryOut(removalId: string, signal: AbortSignal): Promise<{ readonly againInMs: number } | undefined> {
    try {
      return await this.removals.carryOut(removalId, signal);
    } catch (error) {
      // Without the hub or its credentials nothing can be done; the sweep looks again.
      if (error instanceof HubNotFoundError || error instanceof HubCredentialsUnreadableError) return undefined;
      throw error;
    }
  }
}
