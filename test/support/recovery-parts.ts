import { randomUUID } from 'node:crypto';
import type { Clock } from '../../src/common/clock.js';
import { accounts, labels, veleroSchedules } from '../../src/common/rhacm-names.js';
import { Secret } from '../../src/common/secret.js';
import type { Config } from '../../src/config/config.js';
import { managedClusterFacts, tokenSecretFacts, veleroBackupFacts } from '../../src/fleet/facts.rules.js';
import { resources } from '../../src/kube/resources.js';
import type { ReadinessService } from '../../src/readiness/readiness.service.js';
import { AdvanceFailoverProcessor } from '../../src/recovery/failovers/advance-failover.processor.js';
import { ApprovalStep } from '../../src/recovery/failovers/approval.step.js';
import { CommitStep, ReprotectStep } from '../../src/recovery/failovers/closing.steps.js';
import { FailoverEvents } from '../../src/recovery/failovers/failover-events.js';
import { FailoverMachine } from '../../src/recovery/failovers/failover-machine.service.js';
import { FailoversRepository } from '../../src/recovery/failovers/failovers.repository.js';
import { FailoversService } from '../../src/recovery/failovers/failovers.service.js';
import { FencingWatchProcessor } from '../../src/recovery/failovers/fencing-watch.processor.js';
import { FencingStep } from '../../src/recovery/failovers/fencing.step.js';
import { ImportPass } from '../../src/recovery/failovers/import-pass.service.js';
import { ImportingStep } from '../../src/recovery/failovers/importing.step.js';
import { LateImports } from '../../src/recovery/failovers/late-imports.service.js';
import { PreflightStep } from '../../src/recovery/failovers/preflight.step.js';
import { RestoringStep } from '../../src/recovery/failovers/restoring.step.js';
import { SourceFencer } from '../../src/recovery/failovers/source-fencer.service.js';
import { UndoingStep } from '../../src/recovery/failovers/undoing.step.js';
import { VerifyingStep } from '../../src/recovery/failovers/verifying.step.js';
import { HubViewService } from '../../src/recovery/hub-view.service.js';
import { ImporterService } from '../../src/recovery/imports/importer.service.js';
import { ImportsRepository } from '../../src/recovery/imports/imports.repository.js';
import { ImportsService } from '../../src/recovery/imports/imports.service.js';
import { PlansRepository } from '../../src/recovery/plans/plans.repository.js';
import { PlansService } from '../../src/recovery/plans/plans.service.js';
import { RestoresRepository } from '../../src/recovery/restores/restores.repository.js';
import { RestoresService } from '../../src/recovery/restores/restores.service.js';
import type { Bucket } from '../../src/simulator/bucket/bucket.js';
import type { SimulatedHub } from '../../src/simulator/simulated-hub.js';
import { Parts } from './parts.js';
import { ReadinessParts } from './readiness-parts.js';

/** Plans, readiness and failovers, put together by hand on the parts below them. */
export class RecoveryParts {
  readonly readiness: ReadinessService;
  readonly plans: PlansService;
  readonly repository: FailoversRepository;
  readonly failovers: FailoversService;
  readonly imports: ImportsService;
  readonly restores: RestoresService;
  readonly machine: FailoverMachine;
  readonly fencingWatch: FencingWatchProcessor;
  readonly processor: AdvanceFailoverProcessor;

  constructor(readonly parts: Parts) {
    const { prisma, sql, audit, clock, connections, leases, jobs, config } = parts;
    const view = new HubViewService();
    this.readiness = new ReadinessParts(parts).readiness;
    this.plans = new PlansService(new PlansRepository(prisma), audit, clock);
    this.repository = new FailoversRepository(prisma, sql);
    const events = new FailoverEvents(this.repository);
    this.failovers = new FailoversService(this.repository, this.plans, events, jobs, audit, clock);
    this.imports = new ImportsService(new ImportsRepository(prisma, sql), this.failovers, audit);
    this.restores = new RestoresService(new RestoresRepository(prisma));
    const fencer = new SourceFencer(view);
    const pass = new ImportPass(new ImporterService(view), config);
    this.machine = new FailoverMachine(
      leases, this.repository, events, new LateImports(connections, this.repository, pass, clock, config), clock, config,
      new PreflightStep(connections, view, this.readiness, this.repository), new ApprovalStep(this.repository), new FencingStep(connections, view, fencer, this.repository),
      new RestoringStep(connections, view, config), new ImportingStep(connections, this.repository, pass, config), new VerifyingStep(connections, view, this.repository, config),
      new CommitStep(), new ReprotectStep(connections, view, this.repository), new UndoingStep(connections, view, fencer),
    );
    this.processor = new AdvanceFailoverProcessor(jobs, this.machine, this.repository, clock, config);
    this.fencingWatch = new FencingWatchProcessor(jobs, this.repository, connections, view, fencer, leases, events, clock, config);
  }

  static async open(clock: Clock, config: Config, database?: Parameters<typeof Parts.open>[2]): Promise<RecoveryParts> {
    return new RecoveryParts(await Parts.open(clock, config, database));
  }

  /** Runs what a worker runs for failovers: jobs and sweeps. */
  async work(): Promise<void> {
    await this.parts.jobs.onModuleInit();
    this.processor.onModuleInit();
    this.fencingWatch.onModuleInit();
    await this.parts.jobs.onApplicationBootstrap();
  }

  async close(): Promise<void> {
    await this.machine.beforeApplicationShutdown();
    await this.parts.jobs.beforeApplicationShutdown();
    await this.parts.jobs.onApplicationShutdown();
    await this.parts.close();
  }

  /** As user `lifeboat`, so that the hub can tell our calls from its own actors'. */
  async register(hub: SimulatedHub): Promise<string> {
    const token = `lifeboat-on-${hub.name}`;
    hub.addToken(token, { user: 'lifeboat', groups: ['system:masters'] });
    return (await this.parts.hubs.register({ name: hub.name, kubeconfig: new Secret(hub.kubeconfig(token)) }, { actor: 'tester' })).id;
  }
}

const instant = (text: string | null): Date | null => (text === null ? null : new Date(text));

/**
 * Fills the tables as the watchers would: clusters and tokens of a source, and what both hubs show of its backups. By hand, so that tests
 * of what builds on the tables need nobody who fills them.
 */
export async function recordFacts({ parts }: RecoveryParts, source: { id: string; hub: SimulatedHub }, target: { id: string; hub: SimulatedHub }, bucket: Bucket): Promise<void> {
  const { prisma, clock } = parts;
  const readAt = clock.now();
  for (const { id, hub } of [source, target]) {
    for (const kind of ['MANAGED_CLUSTER', 'TOKEN_SECRET', 'VELERO_BACKUP']) {
      const watch = { phase: 'WATCHING', listedAt: readAt, heardAt: readAt, epoch: 1n };
      await prisma.hubWatch.upsert({ where: { hubId_kind: { hubId: id, kind } }, create: { hubId: id, kind, ...watch }, update: watch });
    }
    await prisma.backup.deleteMany({ where: { hubId: id } });
    await prisma.backup.createMany({
      data: hub.objects(resources.veleroBackup).map((object) => {
        const { type, scheduleName, ownerClusterId, phase, startedAt, completedAt, expiresAt, createdAt } = veleroBackupFacts(object);
        return { hubId: id, name: object.metadata.name, type, scheduleName, ownerClusterId, phase, createdAt: instant(createdAt), startedAt: instant(startedAt), completedAt: instant(completedAt), expiresAt: instant(expiresAt), readAt };
      }),
    });
  }
  await prisma.managedCluster.deleteMany({ where: { hubId: source.id } });
  await prisma.autoImportToken.deleteMany({ where: { hubId: source.id } });
  for (const object of source.hub.objects(resources.managedCluster)) {
    const facts = managedClusterFacts(object);
    const name = object.metadata.name;
    const isHive = source.hub.objects(resources.secret, name).some((secret) => secret.metadata.labels?.[labels.hiveSecretType] !== undefined);
    const origin = facts.labels[labels.localCluster] === 'true' ? 'LOCAL' : isHive ? 'HIVE' : facts.hosted ? 'HOSTED' : 'IMPORTED';
    await prisma.managedCluster.create({
      data: {
        hubId: source.id, name, origin, labels: facts.labels, openshiftId: facts.labels[labels.clusterId] ?? null, apiUrl: facts.apiUrl, accepted: facts.accepted.status, joined: facts.joined.status,
        available: facts.available.status, availableSince: instant(facts.available.since), importCondition: facts.imported.status, addonPresent: true, addonAvailable: 'TRUE', deleting: false, problems: [],
        createdOnHubAt: instant(facts.createdAt), readAt,
      },
    });
    const token = source.hub.object(resources.secret, { name: accounts.autoImport, namespace: name });
    if (origin !== 'IMPORTED') continue;
    const expiresAt = token === null ? null : instant(tokenSecretFacts(token).expiresAt);
    await prisma.autoImportToken.create({
      data: { hubId: source.id, cluster: name, account: accounts.autoImport, accountPresent: true, secretPresent: token !== null, expiresAt, inBackupSelection: token !== null, bindingPresent: true, readAt },
    });
  }
  await recordSet(parts, source, target, bucket);
}

/** One set of the newest backup of each type, with what the bucket really holds of each token. */
async function recordSet({ prisma, clock }: Parts, source: { id: string; hub: SimulatedHub }, target: { hub: SimulatedHub }, bucket: Bucket): Promise<void> {
  const newest = (schedule: string) => [...source.hub.objects(resources.veleroBackup), ...target.hub.objects(resources.veleroBackup)].filter((one) => one.metadata.name.startsWith(`${schedule}-2`)).sort((a, b) => (a.metadata.name < b.metadata.name ? 1 : -1))[0];
  const [credentials, clusters] = [newest(veleroSchedules.credentials), newest(veleroSchedules.managedClusters)];
  if (credentials === undefined || clusters === undefined) return;
  const facts = veleroBackupFacts(credentials);
  const key = { ownerClusterId: source.hub.clusterId, credentialsBackup: credentials.metadata.name };
  const data = {
    resourcesBackup: newest(veleroSchedules.resources)?.metadata.name ?? null, genericBackup: newest(veleroSchedules.resourcesGeneric)?.metadata.name ?? null, managedClustersBackup: clusters.metadata.name,
    status: 'COMPLETE', startedAt: instant(facts.startedAt), managedClustersStartedAt: instant(veleroBackupFacts(clusters).startedAt), completedAt: instant(facts.completedAt), expiresAt: instant(facts.expiresAt), firstSeenAt: clock.now(),
  };
  const { id: setId } = await prisma.backupSet.upsert({ where: { ownerClusterId_credentialsBackup: key }, create: { id: randomUUID(), ...key, ...data }, update: data });
  await prisma.backupSetToken.deleteMany({ where: { setId } });
  const inside = new Map(bucket.get(credentials.metadata.name)?.items.filter((item) => item.metadata.name === accounts.autoImport).map((item) => [item.metadata.namespace, item]));
  for (const { cluster } of await prisma.autoImportToken.findMany({ where: { hubId: source.id } })) {
    const secret = inside.get(cluster);
    const isIn = secret !== undefined;
    const expiresAt = secret === undefined ? null : instant(tokenSecretFacts(secret).expiresAt);
    await prisma.backupSetToken.create({
      data: { setId, cluster, account: accounts.autoImport, belief: isIn ? 'INFERRED_IN' : 'INFERRED_OUT', expiresAt, evidence: isIn ? 'labelled before the start' : 'not there at the start', reason: isIn ? null : 'SECRET_MISSING', decidedAt: clock.now() },
    });
  }
}
