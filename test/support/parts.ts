import { randomBytes } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { AuditRepository } from '../../src/access/audit.repository.js';
import { AuditService } from '../../src/access/audit.service.js';
import type { Clock } from '../../src/common/clock.js';
import { Secret } from '../../src/common/secret.js';
import type { Config } from '../../src/config/config.js';
import { DatabasePool } from '../../src/database/database-pool.js';
import { LeaseService } from '../../src/database/lease.service.js';
import { PrismaService } from '../../src/database/prisma.service.js';
import { Sql } from '../../src/database/sql.js';
import { FleetChanges } from '../../src/fleet/fleet-changes.service.js';
import { FleetRepository } from '../../src/fleet/fleet.repository.js';
import { FleetService } from '../../src/fleet/fleet.service.js';
import { HubFactsRepository } from '../../src/fleet/hub-facts.repository.js';
import { HubOwnershipRepository } from '../../src/fleet/hub-ownership.repository.js';
import { WatchSupervisor } from '../../src/fleet/watch-supervisor.js';
import { CredentialSealer } from '../../src/hubs/credential-sealer.service.js';
import { HubConnections } from '../../src/hubs/hub-connections.service.js';
import { ProtectionObjects } from '../../src/hubs/protection-objects.service.js';
import { ProtectionRemovalProcessor } from '../../src/hubs/protection-removal.processor.js';
import { ProtectionRemovalRepository } from '../../src/hubs/protection-removal.repository.js';
import { ProtectionRemovals } from '../../src/hubs/protection-removal.service.js';
import { HubUpkeepProcessor } from '../../src/hubs/hub-upkeep.processor.js';
import { HubInspector } from '../../src/hubs/hub-inspector.service.js';
import { HubsRepository } from '../../src/hubs/hubs.repository.js';
import { HubsService } from '../../src/hubs/hubs.service.js';
import { BackupEvidenceRepository } from '../../src/backups/backup-evidence.repository.js';
import { BackupFactsRepository } from '../../src/backups/backup-facts.repository.js';
import { BackupRecordsReconciler } from '../../src/backups/backup-records.reconciler.js';
import { BackupsReconciler } from '../../src/backups/backups.reconciler.js';
import { BackupsRepository } from '../../src/backups/backups.repository.js';
import { BackupsService } from '../../src/backups/backups.service.js';
import { SchedulesRepository } from '../../src/backups/schedules.repository.js';
import { SchedulesService } from '../../src/backups/schedules.service.js';
import { ProjectBackupsProcessor } from '../../src/backups/project-backups.processor.js';
import { ReadBackupRecordsProcessor } from '../../src/backups/read-backup-records.processor.js';
import { Jobs } from '../../src/jobs/jobs.js';
import { HubLoads } from '../../src/kube/hub-loads.js';
import { PostgresQueues } from '../../src/jobs/queue-backend.js';
import { ReconcileTokensProcessor } from '../../src/tokens/reconcile-tokens.processor.js';
import { TokenInventoryRepository } from '../../src/tokens/token-inventory.repository.js';
import { TokenObserverRepository } from '../../src/tokens/token-observer.repository.js';
import { TokenReconciler } from '../../src/tokens/token.reconciler.js';
import { TokensRepository } from '../../src/tokens/tokens.repository.js';
import { TokensService } from '../../src/tokens/tokens.service.js';
import { TokenWorkRepository } from '../../src/tokens/token-work.repository.js';
import { TokenWriter } from '../../src/tokens/token-writer.js';
import { cloneTestDatabase, type TestDatabase } from './database.js';

export const KEY = new Secret(randomBytes(32));

export function testConfig(change: Partial<Config> = {}): Config {
  return {
    dataDir: '/nonexistent', roles: new Set(['worker'] as const), sealingKeys: new Map([['k1', KEY]]), allowLoopbackHubs: true, leaseMs: 5_000, sweepMs: 1_000,
    failoverPollMs: 100, importRetryMs: 100, changesKeptMs: 3_600_000, host: '127.0.0.1', port: 0, logLevel: 'silent', ...change,
  };
}

/** The features up to tokens and backups, put together by hand on a database of their own. */
export class Parts {
  readonly audit: AuditService;
  readonly changes = new FleetChanges();
  readonly loads = new HubLoads();
  readonly sealer: CredentialSealer;
  readonly connections: HubConnections;
  readonly hubsRepository: HubsRepository;
  readonly hubs: HubsService;
  readonly fleet: FleetService;
  readonly facts: HubFactsRepository;
  readonly supervisor: WatchSupervisor;
  readonly jobs: Jobs;
  readonly upkeep: HubUpkeepProcessor;
  readonly removals: ProtectionRemovals;
  readonly removalProcessor: ProtectionRemovalProcessor;
  readonly tokenWork: TokenWorkRepository;
  readonly tokenReconciler: TokenReconciler;
  readonly tokenProcessor: ReconcileTokensProcessor;
  readonly tokens: TokensService;
  readonly backupsProcessor: ProjectBackupsProcessor;
  readonly backupRecords: BackupRecordsReconciler;
  readonly recordsProcessor: ReadBackupRecordsProcessor;
  readonly backups: BackupsService;
  readonly schedules: SchedulesService;
  private working = false;

  private constructor(
    readonly database: TestDatabase,
    readonly pool: DatabasePool,
    readonly prisma: PrismaService,
    readonly sql: Sql,
    readonly leases: LeaseService,
    readonly clock: Clock,
    readonly config: Config,
    /** What was logged as an error: nobody expects any */
    readonly errors: readonly unknown[],
  ) {
    this.audit = new AuditService(new AuditRepository(prisma), clock);
    this.sealer = new CredentialSealer(config);
    this.hubsRepository = new HubsRepository(prisma, sql);
    this.connections = new HubConnections(this.hubsRepository, this.sealer, config, clock, this.loads);
    this.hubs = new HubsService(this.hubsRepository, this.connections, this.sealer, new HubInspector(), this.audit, this.changes, clock);
    this.fleet = new FleetService(new FleetRepository(prisma));
    this.facts = new HubFactsRepository(sql);
    this.supervisor = new WatchSupervisor(this.hubs, this.connections, leases, this.facts, new HubOwnershipRepository(sql), this.changes, clock, config);
    this.jobs = new Jobs({ backend: new PostgresQueues(new Secret(database.url)), work: true, leaseMs: config.leaseMs }, leases);
    this.upkeep = new HubUpkeepProcessor(this.jobs, this.hubs, this.changes, config);
    this.removals = new ProtectionRemovals(new ProtectionRemovalRepository(prisma, sql), new ProtectionObjects(), this.hubs, this.connections, this.jobs, this.audit, this.changes, clock);
    this.removalProcessor = new ProtectionRemovalProcessor(this.jobs, this.removals, config);
    this.tokenWork = new TokenWorkRepository(sql);
    const inventory = new TokenInventoryRepository(sql);
    this.tokenReconciler = new TokenReconciler(this.tokenWork, new TokenObserverRepository(sql), inventory, new TokenWriter(), this.connections, this.changes, leases, clock, config);
    this.tokenProcessor = new ReconcileTokensProcessor(this.jobs, this.tokenWork, this.tokenReconciler, this.changes, clock, config);
    this.tokens = new TokensService(new TokensRepository(prisma, sql), clock);
    const backupFacts = new BackupFactsRepository(sql);
    const evidence = new BackupEvidenceRepository(sql);
    this.backupsProcessor = new ProjectBackupsProcessor(this.jobs, new BackupsReconciler(backupFacts, evidence, this.changes, clock), backupFacts, this.changes, clock, config);
    this.backupRecords = new BackupRecordsReconciler(evidence, this.connections, this.changes, clock, config, { answerMs: 3_000, downloadMs: 5_000 });
    this.recordsProcessor = new ReadBackupRecordsProcessor(this.jobs, this.backupRecords, evidence, this.changes, clock, config);
    this.backups = new BackupsService(new BackupsRepository(sql));
    this.schedules = new SchedulesService(new SchedulesRepository(prisma, sql), this.hubs, this.connections, this.audit, clock);
  }

  /** Runs everything: jobs, sweeps, watchers. @param removals false: others carry removals of protection out */
  async work({ removals = true }: { removals?: boolean } = {}): Promise<void> {
    this.working = true;
    await this.jobs.onModuleInit();
    this.upkeep.onModuleInit();
    if (removals) this.removalProcessor.onModuleInit();
    this.tokenProcessor.onModuleInit();
    this.backupsProcessor.onModuleInit();
    this.recordsProcessor.onModuleInit();
    await this.jobs.onApplicationBootstrap();
    this.supervisor.start();
  }

  static async open(clock: Clock, config: Config = testConfig(), database?: TestDatabase): Promise<Parts> {
    const errors: unknown[] = [];
    const quiet = { log: () => undefined, warn: () => undefined, debug: () => undefined, error: (...told: unknown[]) => void errors.push(told), fatal: (...told: unknown[]) => void errors.push(told) };
    Logger.overrideLogger(quiet);
    const own = database ?? (await cloneTestDatabase());
    // On a machine that does everything at once nothing is told by slowness.
    const pool = new DatabasePool({ url: new Secret(own.url), statementTimeoutMs: 60_000, connectTimeoutMs: 30_000 });
    const prisma = new PrismaService(pool);
    await prisma.onModuleInit();
    return new Parts(own, pool, prisma, new Sql(pool), new LeaseService(pool), clock, config, errors);
  }

  /** Ends what runs; the database stays. */
  async close(): Promise<void> {
    await this.supervisor.beforeApplicationShutdown();
    if (this.working) await this.jobs.beforeApplicationShutdown();
    this.upkeep.onModuleDestroy();
    this.tokenProcessor.onModuleDestroy();
    this.backupsProcessor.onModuleDestroy();
    this.recordsProcessor.onModuleDestroy();
    await this.connections.onModuleDestroy();
    if (this.working) await this.jobs.onApplicationShutdown();
    await this.leases.releaseAll();
    await this.prisma.$disconnect();
    await this.pool.close();
  }

  async drop(): Promise<void> {
    await this.close();
    await this.database.drop();
  }
}
