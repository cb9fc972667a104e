import { randomBytes } from 'node:crypto';
import { Logger, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../app.module.js';
import { BackupRecordsReconciler } from '../backups/backup-records.reconciler.js';
import { BackupsReconciler } from '../backups/backups.reconciler.js';
import { Secret } from '../common/secret.js';
import { loadConfig } from '../config/config.js';
import { LeaseService } from '../database/lease.service.js';
import { Sql } from '../database/sql.js';
import { HubFactsRepository } from '../fleet/hub-facts.repository.js';
import { HubConnections } from '../hubs/hub-connections.service.js';
import { HubsService } from '../hubs/hubs.service.js';
import { Jobs } from '../jobs/jobs.js';
import { DeepChecksRepository } from '../probes/deep-checks.repository.js';
import { ProbesRepository } from '../probes/probes.repository.js';
import { ReadinessService } from '../readiness/readiness.service.js';
import { FailoverMachine } from '../recovery/failovers/failover-machine.service.js';
import { FailoversService } from '../recovery/failovers/failovers.service.js';
import { ImportsService } from '../recovery/imports/imports.service.js';
import { PlansService } from '../recovery/plans/plans.service.js';
import { TokenReconciler } from '../tokens/token.reconciler.js';
import { TokenWorkRepository } from '../tokens/token-work.repository.js';
import { WorldClock } from './world-clock.js';

/**
 * The whole application on a database, without doors, workers, sweeps and watchers: what those would wake is called by hand, so that a
 * world's time need not wait for real time.
 */
export class TruthService {
  readonly hubs: HubsService;
  readonly connections: HubConnections;
  readonly leases: LeaseService;
  readonly sql: Sql;
  readonly facts: HubFactsRepository;
  readonly tokenWork: TokenWorkRepository;
  readonly tokens: TokenReconciler;
  readonly backups: BackupsReconciler;
  readonly records: BackupRecordsReconciler;
  readonly probes: ProbesRepository;
  readonly deepChecks: DeepChecksRepository;
  readonly jobs: Jobs;
  readonly plans: PlansService;
  readonly readiness: ReadinessService;
  readonly failovers: FailoversService;
  readonly machine: FailoverMachine;
  readonly imports: ImportsService;

  private constructor(
    private readonly app: INestApplicationContext,
    readonly clock: WorldClock,
  ) {
    const part = <T>(type: new (...parts: never[]) => T): T => app.get<T>(type, { strict: false });
    this.hubs = part(HubsService);
    this.connections = part(HubConnections);
    this.leases = part(LeaseService);
    this.sql = part(Sql);
    this.facts = part(HubFactsRepository);
    this.tokenWork = part(TokenWorkRepository);
    this.tokens = part(TokenReconciler);
    this.backups = part(BackupsReconciler);
    this.records = part(BackupRecordsReconciler);
    this.probes = part(ProbesRepository);
    this.deepChecks = part(DeepChecksRepository);
    this.jobs = part(Jobs);
    this.plans = part(PlansService);
    this.readiness = part(ReadinessService);
    this.failovers = part(FailoversService);
    this.machine = part(FailoverMachine);
    this.imports = part(ImportsService);
  }

  /** @param databaseUrl of a migrated database */
  static async start(databaseUrl: string): Promise<TruthService> {
    const clock = new WorldClock();
    const settings = loadConfig({
      DATABASE_URL: databaseUrl, LIFEBOAT_ALLOW_LOOPBACK_HUBS: 'true', LOG_LEVEL: 'silent', LIFEBOAT_LEASE_SECONDS: '300', LIFEBOAT_SEALING_KEYS: `truth:${randomBytes(32).toString('base64')}`,
    });
    const ground = { config: Object.freeze({ ...settings, roles: new Set<'api'>() }), databaseUrl: new Secret(databaseUrl), clock };
    Logger.overrideLogger(['fatal']);
    return new TruthService(await NestFactory.createApplicationContext(AppModule.forRoot(ground), { logger: ['fatal'], abortOnError: false }), clock);
  }

  async close(): Promise<void> {
    await this.app.close();
  }
}
