import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { Jobs } from '../jobs/jobs.js';
import { IdempotencyService } from './idempotency.service.js';

const EVERY_MS = 3_600_000;

@Injectable()
class IdempotencyUpkeep implements OnModuleInit {
  constructor(private readonly jobs: Jobs, private readonly idempotency: IdempotencyService) {}

  onModuleInit(): void {
    this.jobs.sweepEvery('forget-idempotency-keys', EVERY_MS, () => this.idempotency.sweep());
  }
}

/** Apart from ApiModule, which works without jobs. */
@Module({ providers: [IdempotencyUpkeep] })
export class IdempotencyUpkeepModule {}
