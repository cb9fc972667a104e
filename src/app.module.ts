import { type DynamicModule, Global, Module } from '@nestjs/common';
import { AccessModule } from './access/access.module.js';
import { ApiModule } from './api/api.module.js';
import { IdempotencyUpkeepModule } from './api/idempotency-upkeep.module.js';
import { BackupsModule } from './backups/backups.module.js';
import { ChangesModule } from './changes/changes.module.js';
import { Clock } from './common/clock.js';
import type { Secret } from './common/secret.js';
import { Config } from './config/config.js';
import { DatabaseModule } from './database/database.module.js';
import { FleetModule } from './fleet/fleet.module.js';
import { HubsModule } from './hubs/hubs.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { HubLoads } from './kube/hub-loads.js';
import { ObservabilityModule } from './observability/observability.module.js';
import { ProbesModule } from './probes/probes.module.js';
import { ReadinessModule } from './readiness/readiness.module.js';
import { RecoveryModule } from './recovery/recovery.module.js';
import { TokensModule } from './tokens/tokens.module.js';

export interface Ground {
  readonly config: Config;
  /** Migrated */
  readonly databaseUrl: Secret;
  readonly clock: Clock;
}

/** Configuration, clock and what hubs bear, for everyone. */
@Global()
@Module({})
class GroundModule {
  static forRoot({ config, clock }: Ground): DynamicModule {
    const providers = [{ provide: Config, useValue: config }, { provide: Clock, useValue: clock }, { provide: HubLoads, useValue: new HubLoads() }];
    return { module: GroundModule, providers, exports: [Config, Clock, HubLoads] };
  }
}

/** The one place where features are put together. */
@Module({})
export class AppModule {
  static forRoot(ground: Ground): DynamicModule {
    const { config, databaseUrl } = ground;
    return {
      module: AppModule,
      imports: [
        GroundModule.forRoot(ground),
        ObservabilityModule,
        DatabaseModule.forRoot({ url: databaseUrl }),
        JobsModule.forRoot({ databaseUrl, redisUrl: config.redisUrl, work: config.roles.has('worker'), leaseMs: config.leaseMs }),
        ApiModule,
        IdempotencyUpkeepModule,
        AccessModule,
        HubsModule,
        FleetModule,
        TokensModule,
        BackupsModule,
        ReadinessModule,
        RecoveryModule,
        ProbesModule,
        ChangesModule,
      ],
    };
  }
}
