import { Readable } from 'node:stream';
import { HubsController } from '../../src/hubs/hubs.controller.js';
import { HubNotFoundError, HubVersionConflictError } from '../../src/hubs/hubs.errors.js';
import { HubsResolver } from '../../src/hubs/hubs.resolver.js';
import { HubsService } from '../../src/hubs/hubs.service.js';
import { ProtectionRemovalController } from '../../src/hubs/protection-removal.controller.js';
import { RemovalNotFoundError } from '../../src/hubs/protection-removal.errors.js';
import { ProtectionRemovalResolver } from '../../src/hubs/protection-removal.resolver.js';
import { ProtectionRemovals } from '../../src/hubs/protection-removal.service.js';
import type { ProtectionRemoval, RemovalItem, RemovalPlan } from '../../src/hubs/protection-removal.types.js';
import type { Hub, HubAccess, HubChange, HubUpdate, Prerequisite, RegisterHub } from '../../src/hubs/hubs.types.js';
import { BackupsController } from '../../src/backups/backups.controller.js';
import { BackupSetNotFoundError } from '../../src/backups/backups.errors.js';
import { BackupsResolver } from '../../src/backups/backups.resolver.js';
import { BackupsService } from '../../src/backups/backups.service.js';
import type { BackupSchedule, BackupSet, BackupSetCluster, BackupSetToken, PutBackupSchedule } from '../../src/backups/backups.types.js';
import { SchedulesController } from '../../src/backups/schedules.controller.js';
import { SchedulesResolver } from '../../src/backups/schedules.resolver.js';
import { SchedulesService } from '../../src/backups/schedules.service.js';
import type { ScheduleChange, SchedulePreview } from '../../src/backups/schedules.types.js';
import type { Acting } from '../../src/common/acting.js';
import type { ListRequest, Page, Sort } from '../../src/common/paging.js';
import { ChangesController } from '../../src/changes/changes.controller.js';
import { ChangesResolver } from '../../src/changes/changes.resolver.js';
import { ChangesService } from '../../src/changes/changes.service.js';
import type { Change, ChangePage, ChangeStep } from '../../src/changes/changes.types.js';
import { FleetController } from '../../src/fleet/fleet.controller.js';
import { ClusterNotFoundError } from '../../src/fleet/fleet.errors.js';
import { FleetResolver } from '../../src/fleet/fleet.resolver.js';
import { FleetService } from '../../src/fleet/fleet.service.js';
import { WorkersController } from '../../src/fleet/workers.controller.js';
import { WorkersResolver } from '../../src/fleet/workers.resolver.js';
import { WorkersService } from '../../src/fleet/workers.service.js';
import type { HubWatch, Worker } from '../../src/fleet/workers.types.js';
import type { ManagedCluster } from '../../src/fleet/fleet.types.js';
import { AcknowledgementsController } from '../../src/readiness/acknowledgements.controller.js';
import { AcknowledgementsResolver } from '../../src/readiness/acknowledgements.resolver.js';
import { AcknowledgementsService } from '../../src/readiness/acknowledgements.service.js';
import { HistoryController } from '../../src/readiness/history.controller.js';
import { HistoryResolver } from '../../src/readiness/history.resolver.js';
import { HistoryService } from '../../src/readiness/history.service.js';
import type { ChangeGroup, ReadinessAsOf, ReadinessPoint, VerdictChange } from '../../src/readiness/history.types.js';
import { OutlookController } from '../../src/readiness/outlook.controller.js';
import { OutlookResolver } from '../../src/readiness/outlook.resolver.js';
import { OutlookService } from '../../src/readiness/outlook.service.js';
import type { Forecast, Objectives, RecoveryPoint, WhatIfAnswer } from '../../src/readiness/outlook.types.js';
import { ProbesController } from '../../src/probes/probes.controller.js';
import { ProbesResolver } from '../../src/probes/probes.resolver.js';
import { ProbesService } from '../../src/probes/probes.service.js';
import type { TargetPath } from '../../src/probes/probes.types.js';
import { ReadinessController } from '../../src/readiness/readiness.controller.js';
import { ClusterReadinessResolver, HubReadinessResolver, PlanReadinessResolver } from '../../src/readiness/readiness.resolver.js';
import { ReadinessService } from '../../src/readiness/readiness.service.js';
import { AcknowledgementNotFoundError } from '../../src/readiness/readiness.errors.js';
import type { NewAcknowledgement } from '../../src/readiness/acknowledgements.service.js';
import type { Acknowledgement, ClusterGroup, ClusterReadinessRow, ClusterReadinessView, Finding, HubReadinessView, PlanReadinessView, Readiness } from '../../src/readiness/readiness.types.js';
import { FailoversController } from '../../src/recovery/failovers/failovers.controller.js';
import { ApproverIsRequesterError, FailoverNotFoundError, HubBusyError } from '../../src/recovery/failovers/failovers.errors.js';
import { FailoversResolver } from '../../src/recovery/failovers/failovers.resolver.js';
import { FailoversService } from '../../src/recovery/failovers/failovers.service.js';
import type { DecideFailover, Failover, FailoverDetail, FailoverEvent, FailoverStatus, StartFailover } from '../../src/recovery/failovers/failovers.types.js';
import { ImportsController } from '../../src/recovery/imports/imports.controller.js';
import { ImportNotFoundError } from '../../src/recovery/imports/imports.errors.js';
import { ImportsResolver } from '../../src/recovery/imports/imports.resolver.js';
import { ImportsService } from '../../src/recovery/imports/imports.service.js';
import type { ClusterImport, ImportCounts } from '../../src/recovery/imports/imports.types.js';
import { PlansController } from '../../src/recovery/plans/plans.controller.js';
import { PlanNotFoundError } from '../../src/recovery/plans/plans.errors.js';
import { PlansResolver } from '../../src/recovery/plans/plans.resolver.js';
import { PlansService } from '../../src/recovery/plans/plans.service.js';
import type { NewPlan, Plan, PlanChange } from '../../src/recovery/plans/plans.types.js';
import { RestoresController } from '../../src/recovery/restores/restores.controller.js';
import { RestoreNotFoundError } from '../../src/recovery/restores/restores.errors.js';
import { RestoresResolver } from '../../src/recovery/restores/restores.resolver.js';
import { RestoresService } from '../../src/recovery/restores/restores.service.js';
import type { RestoreRecord } from '../../src/recovery/restores/restores.types.js';
import { ClusterTokensResolver } from '../../src/tokens/cluster-tokens.resolver.js';
import { TokenTimelineController } from '../../src/tokens/token-timeline.controller.js';
import { TokenTimelineService } from '../../src/tokens/token-timeline.service.js';
import type { TokenTimeline } from '../../src/tokens/token-timeline.types.js';
import { TokensController } from '../../src/tokens/tokens.controller.js';
import { TokenNotFoundError } from '../../src/tokens/tokens.errors.js';
import { TokensResolver } from '../../src/tokens/tokens.resolver.js';
import { TokensService } from '../../src/tokens/tokens.service.js';
import type { AutoImportToken, TokenIncarnation, TokenProblemGroup, TokenTotals } from '../../src/tokens/tokens.types.js';

// One thing of each sort, by an id that tells it. What the services do is not tested here, only what the doors make of it.

export const at = new Date('2026-11-24T07:00:00.000Z');
export const ids = {
  hub: '01990000-0000-7000-8000-000000000001',
  otherHub: '01990000-0000-7000-8000-000000000002',
  cluster: '01990000-0000-7000-8000-000000000003',
  token: '01990000-0000-7000-8000-000000000004',
  set: '01990000-0000-7000-8000-000000000005',
  plan: '01990000-0000-7000-8000-000000000006',
  failover: '01990000-0000-7000-8000-000000000007',
  restore: '01990000-0000-7000-8000-000000000008',
  removal: '01990000-0000-7000-8000-000000000025',
  nothing: '01990000-0000-7000-8000-0000000000ff',
} as const;

const pageOf = <T>(items: T[], { limit, cursor, withTotal }: ListRequest): Page<T> => {
  const from = cursor === undefined ? 0 : Number(cursor);
  const shown = items.slice(from, from + limit);
  return {
    items: shown,
    cursors: shown.map((_, index) => String(from + index + 1)),
    nextCursor: from + limit < items.length ? String(from + limit) : null,
    ...(withTotal ? { totalCount: items.length } : {}),
  };
};

/** What reached a service, in order. */
export class Calls {
  readonly made: { readonly service: string; readonly args: readonly unknown[] }[] = [];
  note(service: string, ...args: unknown[]): void {
    this.made.push({ service, args });
  }
  of(service: string): readonly (readonly unknown[])[] {
    return this.made.filter((call) => call.service === service).map((call) => call.args);
  }
}

const hub = (id: string, name: string): Hub => ({
  id, name, apiUrl: 'https://api.hub:6443', clusterId: `cluster-of-${name}`, policy: 'OBSERVE', release: '2.14.1', kubeVersion: 'v1.33.0', tokenValiditySeconds: null,
  tokenExclusions: ['env=dev'], tokenExpiryWarningSeconds: null, tokenPairAfterPercent: 50, tokenRenewalOverdueSeconds: null,
  reachability: 'REACHABLE', reachableAt: at, unreachableSince: null, lastErrorCode: null, clockSkewSeconds: 0, inspectedAt: at, fencing: 'NONE',
  storage: [{ name: 'default', provider: 'aws', bucket: 'b', prefix: 'p', s3Url: null, region: null, phase: 'Available', owned: true }], fencingChangedAt: null, version: 3,
  createdAt: at, createdBy: 'someone', updatedAt: at,
});
const prerequisite = (hubId: string): Prerequisite => ({ hubId, code: 'CLUSTER_BACKUP_ENABLED', state: 'NOT_MET', cause: 'It is off', remedy: 'Enable it', remedyBy: 'LIFEBOAT_OPERATOR', since: at, checkedAt: at });

export class FakeHubs {
  readonly hubs = [hub(ids.hub, 'hub-east'), hub(ids.otherHub, 'hub-west')];
  constructor(private readonly calls: Calls) {}
  async register(input: RegisterHub, by: Acting): Promise<Hub> { this.calls.note('hubs.register', input, by); return { ...this.hubs[0]!, name: input.name }; }
  async list(filter: unknown, sort: Sort<string>, request: ListRequest): Promise<Page<Hub>> { this.calls.note('hubs.list', filter, sort, request); return pageOf(this.hubs, request); }
  async get(id: string): Promise<Hub> { return this.hubs.find((one) => one.id === id) ?? Promise.reject(new HubNotFoundError(id)); }
  async getMany(wanted: readonly string[]): Promise<Hub[]> { this.calls.note('hubs.getMany', wanted); return this.hubs.filter(({ id }) => wanted.includes(id)); }
  async update(id: string, change: HubChange, version: number, by: Acting, options: object): Promise<HubUpdate> {
    this.calls.note('hubs.update', id, change, version, by, options);
    const found = await this.get(id);
    if (version !== found.version) throw new HubVersionConflictError(id, version);
    const exclusions = [{ selector: 'env=dev', clusters: 1, examples: ['shop-1'] }];
    return { hub: { ...found, version: version + 1 }, preview: { clustersInNeed: 3, clustersExcluded: 1, clustersProtected: 2, exclusions } };
  }
  async replaceCredentials(id: string, access: HubAccess, by: Acting): Promise<Hub> { this.calls.note('hubs.replaceCredentials', id, access, by); return this.get(id); }
  async remove(id: string, by: Acting): Promise<void> { await this.get(id); this.calls.note('hubs.remove', id, by); }
  async inspect(id: string, by: Acting): Promise<Prerequisite[]> { this.calls.note('hubs.inspect', id, by); await this.get(id); return [prerequisite(id)]; }
  async prerequisites(id: string): Promise<Prerequisite[]> { await this.get(id); return [prerequisite(id)]; }
  async prerequisitesOf(wanted: readonly string[]): Promise<Prerequisite[]> { this.calls.note('hubs.prerequisitesOf', wanted); return wanted.map(prerequisite); }
  async enableComponents(id: string, enable: readonly string[], by: Acting): Promise<Prerequisite[]> { this.calls.note('hubs.enableComponents', id, enable, by); return this.prerequisites(id); }
}

const removalPlan: RemovalPlan = {
  hubId: ids.hub, confirm: 'a'.repeat(64), targets: [{ kind: 'ManagedServiceAccount', namespace: 'shop-1', name: 'auto-import-account', uid: 'u', resourceVersion: '7', action: 'DELETE', why: 'ours' }],
  kept: [{ kind: 'ManifestWork', namespace: 'shop-1', name: 'w', why: 'theirs' }],
  consequences: { clustersLosingTokens: 1, recoverableNow: 2, clustersDroppingOut: 1, dropOutFrom: at, lastSet: { id: ids.set, credentialsBackup: 'c', startedAt: at, expiresAt: at }, lastRestorableAt: at },
  warnings: [{ code: 'REMOVAL_CLUSTERS_DROP_OUT', cause: 'One', remedy: 'Leave it' }],
};
const removal: ProtectionRemoval = {
  id: ids.removal, hubId: ids.hub, status: 'RUNNING', actor: 'someone', reason: 'given back', correlation: { number: 'CHG0001' }, createdAt: at, finishedAt: null, remaining: null, lastErrorCode: null,
  progress: { total: 3, open: 1, byOutcome: { DELETED: 2 } },
};
const removalItem: RemovalItem = { ...removalPlan.targets[0]!, position: 1, attemptedAt: at, outcome: 'DELETED', detail: null, outcomeAt: at };

export class FakeRemovals {
  constructor(private readonly calls: Calls) {}
  async remove(hubId: string, ask: { dryRun: boolean }, by: Acting): Promise<{ plan: RemovalPlan; removal: ProtectionRemoval | null }> { this.calls.note('removals.remove', hubId, ask, by); return { plan: removalPlan, removal: ask.dryRun ? null : removal }; }
  async get(id: string): Promise<ProtectionRemoval> { return id === removal.id ? removal : Promise.reject(new RemovalNotFoundError(id)); }
  async list(_filter: unknown, request: ListRequest): Promise<Page<ProtectionRemoval>> { return pageOf([removal], request); }
  async items(id: string, _filter: unknown, request: ListRequest): Promise<Page<RemovalItem>> { await this.get(id); return pageOf([removalItem], request); }
  itemsOfMany(ids: readonly string[], filter: unknown, request: ListRequest): Promise<Page<RemovalItem>[]> { return Promise.all(ids.map((id) => this.items(id, filter, request))); }
}

const cluster: ManagedCluster = {
  id: ids.cluster, hubId: ids.hub, name: 'shop-1', origin: 'IMPORTED', vendor: 'OpenShift', clusterSet: 'default', openshiftId: null, labels: { env: 'prod' }, apiUrl: 'https://api.shop-1:6443',
  accepted: 'TRUE', joined: 'TRUE', available: 'TRUE', availableSince: at, importCondition: 'TRUE', importReason: null, importMessage: null, addonPresent: true, addonNamespace: null,
  addonAvailable: 'TRUE', deleting: false, problems: [], createdOnHubAt: at, readAt: at,
};

export class FakeFleet {
  constructor(private readonly calls: Calls) {}
  async list(filter: unknown, sort: unknown, request: ListRequest): Promise<Page<ManagedCluster>> { this.calls.note('fleet.list', filter, sort, request); return pageOf([cluster], request); }
  async get(id: string): Promise<ManagedCluster> { return id === cluster.id ? cluster : Promise.reject(new ClusterNotFoundError(id)); }
}

const watch: HubWatch = { hubId: ids.hub, worker: 'host/1/abc', since: at };

export class FakeWorkers {
  constructor(private readonly hubs: FakeHubs) {}
  async list(): Promise<Worker[]> { return [{ id: 'host/1/abc', since: at, hubIds: [ids.hub] }]; }
  async watchOf(hubId: string): Promise<HubWatch> { await this.hubs.get(hubId); return watch; }
  async watchesOf(): Promise<HubWatch[]> { return [watch]; }
}

const token: AutoImportToken = {
  id: ids.token, hubId: ids.hub, cluster: 'shop-1', account: 'auto-import-account', accountPresent: true, accountUid: 'uid', validitySeconds: 86_400, expiresAt: at, refreshedAt: at,
  secretPresent: true, secretUid: 'uid', inBackupSelection: true, labelledAt: at, bindingPresent: true, problemCode: null, problemDetail: null, problemSince: null,
  uncoveredSecondsPerDay: 0, setRestorableSeconds: 43_200, oldForRpoAt: at, readAt: at,
};
const incarnation: TokenIncarnation = { id: ids.token, secretUid: 'uid', refreshedAt: at, expiresAt: at, seenAt: at, labelledAt: at, endedAt: null };

export class FakeTokens {
  constructor(private readonly calls: Calls) {}
  async list(filter: unknown, sort: unknown, request: ListRequest): Promise<Page<AutoImportToken>> { this.calls.note('tokens.list', filter, sort, request); return pageOf([token], request); }
  async get(id: string): Promise<AutoImportToken> { return id === token.id ? token : Promise.reject(new TokenNotFoundError(id)); }
  async incarnations(id: string): Promise<TokenIncarnation[]> { await this.get(id); return [incarnation]; }
  incarnationsOf(tokens: readonly unknown[]): Promise<TokenIncarnation[][]> { return Promise.resolve(tokens.map(() => [incarnation])); }
  async totals(filter: unknown): Promise<TokenTotals> {
    this.calls.note('tokens.totals', filter);
    return { total: 3, withProblem: 1, byProblemCode: { TOKEN_MISSING: 1 }, expired: 0, expiringWithin24Hours: 1, expiringWithin7Days: 2, inBackupSelection: 2 };
  }
  async problems(filter: unknown): Promise<TokenProblemGroup[]> {
    this.calls.note('tokens.problems', filter);
    return [{ hubId: ids.hub, code: 'TOKEN_MISSING', severity: 'CRITICAL', tokens: 2, clusters: 1, oldestSince: at, exampleClusters: ['shop-1'] }];
  }
  async ofClustersOfHubs(namesByHub: ReadonlyMap<string, readonly string[]>): Promise<AutoImportToken[]> {
    for (const [hubId, names] of namesByHub) this.calls.note('tokens.ofClusters', hubId, names);
    return [token];
  }
}

export class FakeTimeline {
  constructor(private readonly calls: Calls, private readonly fleet: FakeFleet) {}
  async ofCluster(clusterId: string, range: unknown): Promise<TokenTimeline> {
    this.calls.note('timeline.ofCluster', clusterId, range);
    const { hubId, name } = await this.fleet.get(clusterId);
    const held = { setId: ids.set, credentialsBackup: 'c', startedAt: at, setExpiresAt: at, account: 'auto-import-account', belief: 'INFERRED_IN', evidence: 'labelled before', evidenceKind: 'LABEL_AT_START', reason: null, expiresAt: at, refreshedAt: at } as const;
    const life = { ...incarnation, account: 'auto-import-account', issuedAt: at, nextIssuedAt: null, unlabelledMs: 0, refreshDueAt: at, refreshLateMs: 1000, refreshMissed: false, sets: [held] } as const;
    return { clusterId, hubId, cluster: name, from: at, to: at, isComplete: true, lives: [life], setsWithout: [held], gaps: [{ kind: 'NO_TOKEN', from: at, to: null }] };
  }
  ofMany(clusters: readonly { readonly id: string }[], range: unknown): Promise<TokenTimeline[]> { return Promise.all(clusters.map(({ id }) => this.ofCluster(id, range))); }
}

const schedule: BackupSchedule = {
  hubId: ids.hub, name: 'schedule-acm', phase: 'Enabled', lastMessage: null, cron: '0 */4 * * *', veleroTtlSeconds: 432_000, tokenTtlSeconds: 864_000, useManagedServiceAccount: true,
  paused: false, veleroPaused: false, generation: 2, readAt: at,
};
const set: BackupSet = {
  id: ids.set, ownerClusterId: 'cluster-of-hub-east', ownerHubId: ids.hub, credentialsBackup: 'acm-credentials-schedule-20261124040000', resourcesBackup: 'r', genericBackup: null,
  managedClustersBackup: 'm', status: 'COMPLETE', startedAt: at, managedClustersStartedAt: at, completedAt: at, expiresAt: at, firstSeenAt: at, shownByHubIds: [ids.hub, ids.otherHub],
  scheduleName: 'schedule-acm', tainted: null, shownBy: [{ hubId: ids.otherHub, since: at, afterSeconds: 42 }],
  members: [{
    part: 'CREDENTIALS', backup: 'acm-credentials-schedule-20261124040000', veleroSchedule: 'acm-credentials-schedule', phase: 'Completed', storageLocation: 'hub-backup-1', startedAt: at,
    completedAt: at, expiresAt: at, record: 'WAITING', recordHubId: ids.hub, recordReadAt: null, problemCode: 'DOWNLOAD_TIMEOUT', problemDetail: 'not done in time',
  }],
  tokenCounts: { VERIFIED_IN: 3, VERIFIED_OUT: 1, INFERRED_IN: 2, INFERRED_OUT: 0, UNKNOWN: 0 }, clusterCounts: { VERIFIED_IN: 6, VERIFIED_OUT: 0, INFERRED_IN: 0, INFERRED_OUT: 0, UNKNOWN: 0 },
};
const setToken: BackupSetToken = { setId: ids.set, cluster: 'shop-1', account: 'auto-import-account', belief: 'INFERRED_IN', expiresAt: at, refreshedAt: at, evidence: 'labelled before', reason: null, evidenceKind: 'LABEL_AT_START', evidenceHubId: null, conflict: null, expiryDoubt: null, decidedAt: at };
const setCluster: BackupSetCluster = {
  setId: ids.set, cluster: 'shop-1', belief: 'VERIFIED_IN', evidence: 'listed', evidenceKind: 'RESOURCE_LIST', evidenceHubId: ids.hub, conflict: null, apiUrlKnown: true, apiUrl: 'https://api.shop-1:6443',
  hasAccount: true, hasBinding: null, decidedAt: at,
};

const preview: SchedulePreview = {
  hubId: ids.hub, name: 'schedule-acm', cron: '0 */4 * * *', veleroTtlSeconds: 432_000, useManagedServiceAccount: true, paused: false, nextRuns: [at], shortestIntervalSeconds: 14_400,
  longestIntervalSeconds: 14_400, setsKeptLeast: 29, setsKeptMost: 30, restorableSeconds: 417_600, uncoveredSeconds: 0,
  plans: [{ planId: ids.plan, name: 'east to west', rpoSeconds: 86_400, worstAgeSeconds: 14_700, met: true }], tokenValiditySeconds: 864_000, tokenValidityFrom: 'TWICE_VELERO_TTL', tokensKeptBy: 'BOTH',
  tokensLastSeconds: 432_000, clustersInNeed: 3, clustersKnown: 2, clustersShort: 1, clustersWithoutCover: 0, shortClusters: [{ cluster: 'shop-1', lifeSeconds: 86_400, lastsSeconds: 43_200 }],
  findings: [{ code: 'SCHEDULE_CLUSTERS_GRANT_LESS', severity: 'WARNING', cause: 'A day', remedy: 'Back up often' }],
};

export class FakeSchedules {
  constructor(private readonly calls: Calls, private readonly hubs: FakeHubs) {}
  async schedules(_filter: unknown, request: ListRequest): Promise<Page<BackupSchedule>> { return pageOf([schedule], request); }
  async ofHub(hubId: string): Promise<BackupSchedule> { await this.hubs.get(hubId); return schedule; }
  async preview(hubId: string, change: ScheduleChange): Promise<SchedulePreview> { this.calls.note('schedules.preview', hubId, change); await this.hubs.get(hubId); return preview; }
  async putSchedule(hubId: string, input: PutBackupSchedule, by: Acting): Promise<BackupSchedule> { this.calls.note('schedules.putSchedule', hubId, input, by); return schedule; }
  async changeSchedule(hubId: string, change: ScheduleChange, version: number, by: Acting): Promise<BackupSchedule> { this.calls.note('schedules.changeSchedule', hubId, change, version, by); return schedule; }
  async pause(hubId: string, by: Acting): Promise<BackupSchedule> { this.calls.note('schedules.pause', hubId, by); return { ...schedule, paused: true }; }
  async resume(hubId: string, by: Acting): Promise<BackupSchedule> { this.calls.note('schedules.resume', hubId, by); return schedule; }
}

export class FakeBackups {
  async sets(_filter: unknown, _sort: unknown, request: ListRequest): Promise<Page<BackupSet>> { return pageOf([set], request); }
  async set(id: string): Promise<BackupSet> { return id === set.id ? set : Promise.reject(new BackupSetNotFoundError(id)); }
  async setTokens(id: string, _filter: unknown, request: ListRequest): Promise<Page<BackupSetToken>> { await this.set(id); return pageOf([setToken], request); }
  async setClusters(id: string, _filter: unknown, request: ListRequest): Promise<Page<BackupSetCluster>> { await this.set(id); return pageOf([setCluster], request); }
  setTokensOfMany(ids: readonly string[], filter: unknown, request: ListRequest): Promise<Page<BackupSetToken>[]> { return Promise.all(ids.map((id) => this.setTokens(id, filter, request))); }
  setClustersOfMany(ids: readonly string[], filter: unknown, request: ListRequest): Promise<Page<BackupSetCluster>[]> { return Promise.all(ids.map((id) => this.setClusters(id, filter, request))); }
}

const acknowledgement: Acknowledgement = {
  id: '01990000-0000-7000-8000-0000000000ac', planId: ids.plan, cluster: null, code: 'TOKEN_MISSING', reason: 'known', acknowledgedBy: 'key', acknowledgedAt: at, until: at, withdrawnBy: null, withdrawnAt: null,
};
const finding: Finding = { code: 'TOKEN_MISSING', severity: 'CRITICAL', verdict: 'NOT_READY', cause: 'There is none', remedy: 'Wake the agent', remedyBy: 'CLUSTER_ADMIN', since: at, checkedAt: null, predicts: 'NO_TOKEN_RESTORED', hubId: null, acknowledgement };
const readiness: Readiness = {
  verdict: 'AT_RISK', counts: { READY: 10, AT_RISK: 1, NOT_READY: 2, UNKNOWN: 0, NOT_NEEDED: 3 }, clustersRecoverable: 11, clustersTotal: 13,
  byCode: [{ code: 'TOKEN_MISSING', severity: 'CRITICAL', verdict: 'NOT_READY', count: 2 }], findings: [finding],
  backupSet: { id: ids.set, credentialsBackup: 'c', resourcesBackup: 'r', genericBackup: null, managedClustersBackup: 'm', startedAt: at, expiresAt: at },
  rpoCurrentSeconds: 1200, factsAgeSeconds: 3, computedAt: at,
};
const row: ClusterReadinessRow = { planId: ids.plan, cluster: 'shop-1', origin: 'IMPORTED', verdict: 'NOT_READY', code: 'TOKEN_MISSING', predictedOutcome: 'NO_TOKEN_RESTORED', findings: [finding], setId: ids.set, since: at, computedAt: at };

const targetPath: TargetPath = {
  planId: ids.plan, cluster: 'shop-1', state: 'REFUSED', code: 'TIMED_OUT', detail: 'i/o timeout', checkedAt: at, since: at, apiUrl: 'https://api.shop-1.example:6443', attempt: { code: 'HUB_AWAY', detail: 'away', at },
  lifeboatPath: { code: 'ANSWERED', detail: 'HTTP 403', at },
  deepCheck: { state: 'REFUSED', detail: 'HTTP 401', account: 'auto-import-account', refreshedAt: at, checkedAt: at, since: at, lastAttempt: { detail: 'no answer', at } }, dueAt: null,
};

const rest = { clustersRecoverable: readiness.clustersRecoverable, clustersTotal: readiness.clustersTotal };

class FakeProbes {
  constructor(private readonly calls: Calls, private readonly plans: FakePlans) {}
  async list(planId: string, _filter: unknown, request: ListRequest): Promise<Page<TargetPath>> { await this.plans.get(planId); return pageOf([targetPath], request); }
  async probeNow(planId: string, cluster: string | null, by: Acting): Promise<number> { this.calls.note('probes.probeNow', planId, cluster, by); await this.plans.get(planId); return 13; }
  listOfMany(planIds: readonly string[], filter: unknown, request: ListRequest): Promise<Page<TargetPath>[]> { return Promise.all(planIds.map((planId) => this.list(planId, filter, request))); }
}

class FakeAcknowledgements {
  constructor(private readonly calls: Calls, private readonly plans: FakePlans) {}
  async acknowledge(planId: string, input: NewAcknowledgement, by: Acting): Promise<Acknowledgement> { this.calls.note('acknowledgements.acknowledge', planId, input, by); await this.plans.get(planId); return acknowledgement; }
  async withdraw(id: string, by: Acting): Promise<Acknowledgement> { this.calls.note('acknowledgements.withdraw', id, by); return id === acknowledgement.id ? acknowledgement : Promise.reject(new AcknowledgementNotFoundError(id)); }
  async list(planId: string, _filter: unknown, request: ListRequest): Promise<Page<Acknowledgement>> { await this.plans.get(planId); return pageOf([acknowledgement], request); }
  listOfMany(planIds: readonly string[], filter: unknown, request: ListRequest): Promise<Page<Acknowledgement>[]> { return Promise.all(planIds.map((planId) => this.list(planId, filter, request))); }
}

class FakeHistory {
  constructor(private readonly plans: FakePlans) {}
  async hours(planId: string): Promise<ReadinessPoint[]> { await this.plans.get(planId); return [{ hour: at, verdict: 'READY', worstVerdict: 'AT_RISK', counts: readiness.counts, ...rest, fewestRecoverable: 1, computedAt: at }]; }
  async changes(planId: string, _filter: unknown, request: ListRequest): Promise<Page<VerdictChange>> {
    await this.plans.get(planId);
    return pageOf([{ id: 1n, cluster: 'shop-1', at, from: 'READY', to: 'NOT_READY', fromCode: null, toCode: 'TOKEN_EXPIRED', cause: 'c' }], request);
  }
  async groups(planId: string): Promise<ChangeGroup[]> { await this.plans.get(planId); return [{ from: 'READY', to: 'NOT_READY', code: 'TOKEN_EXPIRED', count: 1, firstAt: at, lastAt: at, clusters: ['shop-1'], cause: 'c' }]; }
  async asOf(planId: string): Promise<ReadinessAsOf> {
    await this.plans.get(planId);
    return { planId, asOf: at, verdict: 'READY', since: at, code: null, cause: null, counts: readiness.counts, ...rest, byCode: [{ verdict: 'NOT_READY', code: 'TOKEN_EXPIRED', count: 1 }] };
  }
  hoursOfMany(planIds: readonly string[]): Promise<ReadinessPoint[][]> { return Promise.all(planIds.map((planId) => this.hours(planId))); }
  changesOfMany(planIds: readonly string[], filter: unknown, request: ListRequest): Promise<Page<VerdictChange>[]> { return Promise.all(planIds.map((planId) => this.changes(planId, filter, request))); }
  groupsOfMany(planIds: readonly string[]): Promise<ChangeGroup[][]> { return Promise.all(planIds.map((planId) => this.groups(planId))); }
  asOfOfMany(planIds: readonly string[]): Promise<ReadinessAsOf[]> { return Promise.all(planIds.map((planId) => this.asOf(planId))); }
}

class FakeOutlook {
  constructor(private readonly plans: FakePlans) {}
  async recoveryPoints(planId: string): Promise<RecoveryPoint[]> {
    await this.plans.get(planId);
    return readiness.backupSet === null ? [] : [{
      backupSet: readiness.backupSet, usability: 'USABLE', ageSeconds: 60, counts: readiness.counts, ...rest, setCoverage: 3, bringsBackMore: 0, leavesBehind: 0, recommended: true, comparison: 'The newest usable set',
    }];
  }
  async forecast(planId: string): Promise<Forecast> {
    await this.plans.get(planId);
    const drop = { cluster: 'shop-1', at, code: 'TOKEN_EXPIRED', cause: 'c' };
    return { planId, assumption: 'NO_MORE_BACKUPS', ...rest, within24Hours: 0, within7Days: 1, within30Days: 1, byCode: [{ code: 'TOKEN_EXPIRED', count: 1 }], dropOuts: [drop], computedAt: at };
  }
  async objectives(planId: string): Promise<Objectives> {
    await this.plans.get(planId);
    return {
      planId, verdict: 'AT_RISK', rpoTargetSeconds: 86_400, rpoCurrentSeconds: 60, rpoMet: true, rtoTargetSeconds: 3_600,
      rtoEstimate: { seconds: 60, lowSeconds: 30, highSeconds: 90, basis: 'PUBLISHED_TIMES', explanation: 'e' }, rtoMet: true, ...rest, setCoverage: 3, tokenHorizon: at, lastDrillAgeSeconds: null,
      factsAgeSeconds: 1, computedAt: at,
    };
  }
  async whatIf(planId: string): Promise<WhatIfAnswer> {
    await this.plans.get(planId);
    return {
      planId, at, sourceDiesAt: null, targetHubId: ids.hub, verdict: 'AT_RISK', counts: readiness.counts, ...rest, byCode: readiness.byCode, findings: readiness.findings, backupSet: readiness.backupSet,
      setStartedAt: at, rpoSeconds: 60, gained: 1, lost: 0, differences: [{ cluster: 'shop-1', before: 'NOT_READY', after: 'READY', code: null }], assumptions: ['a'],
    };
  }
  recoveryPointsOfMany(planIds: readonly string[]): Promise<RecoveryPoint[][]> { return Promise.all(planIds.map((planId) => this.recoveryPoints(planId))); }
  forecastOfMany(planIds: readonly string[]): Promise<Forecast[]> { return Promise.all(planIds.map((planId) => this.forecast(planId))); }
  objectivesOfMany(planIds: readonly string[]): Promise<Objectives[]> { return Promise.all(planIds.map((planId) => this.objectives(planId))); }
  whatIfOfMany(planIds: readonly string[]): Promise<WhatIfAnswer[]> { return Promise.all(planIds.map((planId) => this.whatIf(planId))); }
}

export class FakeReadiness {
  constructor(private readonly plans: FakePlans, private readonly hubs: FakeHubs, private readonly fleet: FakeFleet) {}
  async forPlan(planId: string): Promise<PlanReadinessView> { await this.plans.get(planId); return { ...readiness, planId, rpoTargetSeconds: 86_400, rtoTargetSeconds: 3_600, since: at }; }
  forPlans(planIds: readonly string[]): Promise<PlanReadinessView[]> { return Promise.all(planIds.map((planId) => this.forPlan(planId))); }
  forClusters(clusterIds: readonly string[]): Promise<ClusterReadinessView[]> { return Promise.all(clusterIds.map((clusterId) => this.forCluster(clusterId))); }
  async clustersOfPlan(planId: string, _filter: unknown, _sort: unknown, request: ListRequest): Promise<Page<ClusterReadinessRow>> { await this.plans.get(planId); return pageOf([row], request); }
  async exportClusters(planId: string): Promise<AsyncIterable<readonly ClusterReadinessRow[]>> { await this.plans.get(planId); return Readable.from([[row], [row]]); }
  async groups(planId: string): Promise<ClusterGroup[]> { await this.plans.get(planId); return [{ value: 'TOKEN_MISSING', counts: readiness.counts, clusters: 3 }]; }
  async forHub(hubId: string): Promise<HubReadinessView> { await this.hubs.get(hubId); return { ...readiness, hubId }; }
  async forCluster(clusterId: string): Promise<ClusterReadinessView> {
    const { id, name, hubId } = await this.fleet.get(clusterId);
    return { clusterId: id, cluster: name, hubId, verdict: 'NOT_READY', findings: [finding], byPlan: [row] };
  }
  forHubs(hubIds: readonly string[]): Promise<HubReadinessView[]> { return Promise.all(hubIds.map((hubId) => this.forHub(hubId))); }
  clustersOfMany(planIds: readonly string[], filter: unknown, sort: unknown, request: ListRequest): Promise<Page<ClusterReadinessRow>[]> { return Promise.all(planIds.map((planId) => this.clustersOfPlan(planId, filter, sort, request))); }
  groupsOfMany(planIds: readonly string[]): Promise<ClusterGroup[][]> { return Promise.all(planIds.map((planId) => this.groups(planId))); }
}

const plan: Plan = {
  id: ids.plan, name: 'east to west', sourceHubId: ids.hub, targetHubId: ids.otherHub, rpoSeconds: 86_400, rtoSeconds: 3_600, backupRule: 'NEWEST_COMPLETE', approvalRequired: true, reachability: 'ASSUMED', probeIntervalSeconds: 21_600, deepCheck: false,
  importWindowSeconds: 3_600, version: 1, createdAt: at, createdBy: 'someone', updatedAt: at, archivedAt: null,
};

export class FakePlans {
  constructor(private readonly calls: Calls) {}
  async create(input: NewPlan, by: Acting): Promise<Plan> { this.calls.note('plans.create', input, by); return { ...plan, name: input.name }; }
  async list(filter: unknown, sort: unknown, request: ListRequest): Promise<Page<Plan>> { this.calls.note('plans.list', filter, sort, request); return pageOf([plan], request); }
  async get(id: string): Promise<Plan> { return id === plan.id ? plan : Promise.reject(new PlanNotFoundError(id)); }
  async getMany(wanted: readonly string[]): Promise<Plan[]> { return wanted.includes(plan.id) ? [plan] : []; }
  async update(id: string, change: PlanChange, version: number, by: Acting): Promise<Plan> { this.calls.note('plans.update', id, change, version, by); return this.get(id); }
  async archive(id: string, by: Acting): Promise<void> { await this.get(id); this.calls.note('plans.archive', id, by); }
}

const failover = (status: FailoverStatus, requestedBy: string): FailoverDetail => ({
  id: ids.failover, planId: ids.plan, kind: 'DISASTER', status, sourceHubId: ids.hub, targetHubId: ids.otherHub, requestedBy, reason: 'The site burns', correlation: { number: 'CHG0001' },
  setId: ids.set, contentHash: 'abc',
  pinned: {
    planVersion: 1, source: { hubId: ids.hub, name: 'hub-east', clusterId: 'a' }, target: { hubId: ids.otherHub, name: 'hub-west', clusterId: 'b' }, setId: ids.set,
    backups: { credentials: 'c', resources: 'r', managedClusters: 'm', generic: null }, restoreName: 'lifeboat-x', mode: 'CREATED', clustersHash: 'h', clusters: 13, sourceAnswers: false,
  },
  problem: null, needsAttention: false, createdAt: at, approvedAt: null, finishedAt: null, version: 2,
  steps: [{ step: 'PREFLIGHT', position: 1, intent: { look: true }, intentAt: at, outcome: { set: ids.set }, result: 'DONE', outcomeAt: at }],
  approvals: [{ id: ids.failover, decision: 'APPROVED', decidedBy: 'other', reason: 'yes', evidence: { number: 'CHG0001' }, contentHash: 'abc', valid: true, decidedAt: at }],
  allowedOperations: [{ operation: 'decide', allowed: true, refusalCode: null, refusal: null }],
  imports: { total: 13, byState: { WAITING: 13 }, byOutcome: {} },
});

/** Failovers whose log a test writes. */
export class FakeFailovers {
  readonly events: FailoverEvent[] = [];
  status: FailoverStatus = 'IMPORTING';
  requestedBy = 'someone';
  busy = false;
  /** Held back until the test lets them through */
  gate: Promise<void> | null = null;
  private waiting: (() => void)[] = [];

  constructor(private readonly calls: Calls) {}
  async start(input: StartFailover, by: Acting): Promise<FailoverDetail> {
    this.calls.note('failovers.start', input, by);
    await this.gate;
    if (this.busy) throw new HubBusyError(ids.hub, ids.otherHub);
    return failover('PREFLIGHT', by.actor);
  }
  async list(filter: unknown, sort: unknown, request: ListRequest): Promise<Page<Failover>> { this.calls.note('failovers.list', filter, sort, request); return pageOf<Failover>([failover(this.status, this.requestedBy)], request); }
  async getMany(failoverIds: readonly string[]): Promise<FailoverDetail[]> { return [failover(this.status, this.requestedBy)].filter(({ id }) => failoverIds.includes(id)); }
  async get(id: string): Promise<FailoverDetail> { return id === ids.failover ? failover(this.status, this.requestedBy) : Promise.reject(new FailoverNotFoundError(id)); }
  async decide(id: string, decision: DecideFailover, by: Acting): Promise<FailoverDetail> {
    this.calls.note('failovers.decide', id, decision, by);
    if (by.actor === this.requestedBy) throw new ApproverIsRequesterError(id, by.actor);
    return this.get(id);
  }
  async abort(id: string, by: Acting): Promise<FailoverDetail> { this.calls.note('failovers.abort', id, by); return this.get(id); }
  async retry(id: string, by: Acting): Promise<FailoverDetail> { this.calls.note('failovers.retry', id, by); return this.get(id); }
  async eventsAfter(id: string, sequence: number, limit = 500): Promise<FailoverEvent[]> { await this.get(id); return this.events.filter((one) => one.sequence > sequence).slice(0, limit); }
  eventsOfMany(wanted: readonly string[], sequence: number, limit: number): Promise<FailoverEvent[][]> { return Promise.all(wanted.map((id) => this.eventsAfter(id, sequence, limit))); }
  eventCounts(wanted: readonly string[]): Promise<number[]> { return Promise.resolve(wanted.map(() => this.events.length)); }
  async *changes(id: string, sequence: number, signal: AbortSignal): AsyncGenerator<FailoverEvent> {
    let last = sequence;
    const wake = () => this.waiting.splice(0).forEach((resolve) => resolve());
    signal.addEventListener('abort', wake);
    while (!signal.aborted) {
      const news = await this.eventsAfter(id, last);
      for (const one of news) yield one;
      last = news.at(-1)?.sequence ?? last;
      if (news.length === 0 && this.status === 'COMPLETED') return;
      if (news.length === 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  happen(type: string, status: FailoverStatus = this.status): void {
    this.status = status;
    this.events.push({ failoverId: ids.failover, sequence: this.events.length + 1, type, summary: `It is ${type}`, data: { n: this.events.length + 1 }, actor: 'system', at });
    this.waiting.splice(0).forEach((resolve) => resolve());
  }
  get readers(): number { return this.waiting.length; }
}

const imported: ClusterImport = {
  failoverId: ids.failover, cluster: 'shop-1', origin: 'IMPORTED', predictedVerdict: 'NOT_READY', predictedCode: 'API_URL_MISSING', predictedOutcome: 'API_URL_MISSING', state: 'WAITING', outcomeCode: null,
  message: null, suppliedApiUrl: null, account: null, attempts: 0, nextAttemptAt: null, firstAttemptAt: null, finishedAt: null,
};

export class FakeImports {
  constructor(private readonly calls: Calls) {}
  async list(id: string, filter: unknown, sort: unknown, request: ListRequest): Promise<Page<ClusterImport>> {
    this.calls.note('imports.list', id, filter, sort, request);
    if (id !== ids.failover) throw new FailoverNotFoundError(id);
    return pageOf([imported], request);
  }
  async get(id: string, name: string): Promise<ClusterImport> { return id === ids.failover && name === imported.cluster ? imported : Promise.reject(new ImportNotFoundError(id, name)); }
  async counts(wanted: readonly string[]): Promise<Map<string, ImportCounts>> { return new Map(wanted.map((id) => [id, { total: 13, byState: { WAITING: 13 }, byOutcome: {} }])); }
  async supplyApiUrl(id: string, name: string, apiUrl: string, by: Acting): Promise<ClusterImport> { this.calls.note('imports.supplyApiUrl', id, name, apiUrl, by); return this.get(id, name); }
  listOfMany(wanted: readonly string[], filter: unknown, sort: unknown, request: ListRequest): Promise<Page<ClusterImport>[]> { return Promise.all(wanted.map((id) => this.list(id, filter, sort, request))); }
}

const restore: RestoreRecord = {
  id: ids.restore, failoverId: ids.failover, hubId: ids.otherHub, name: 'lifeboat-x', uid: 'uid', mode: 'CREATED', spec: { cleanupBeforeRestore: 'CleanupRestored' }, phase: 'Finished', lastMessage: null,
  messages: [], veleroRestores: [{ name: 'v', backup: 'c', phase: 'Completed', startedAt: at, completedAt: at, errors: 0, warnings: 0 }], actor: 'someone', reason: 'The site burns',
  requestedAt: at, startedAt: at, completedAt: at, outcome: 'SUCCEEDED',
};

export class FakeRestores {
  async list(_filter: unknown, _sort: unknown, request: ListRequest): Promise<Page<RestoreRecord>> { return pageOf([restore], request); }
  async ofFailovers(failoverIds: readonly string[]): Promise<RestoreRecord[]> { return [restore].filter(({ failoverId }) => failoverId !== null && failoverIds.includes(failoverId)); }
  async get(id: string): Promise<RestoreRecord> { return id === restore.id ? restore : Promise.reject(new RestoreNotFoundError(id)); }
}

const change: Change = {
  id: 7, at, type: 'TOKEN_PROBLEM_CHANGED', hubId: ids.hub, cluster: 'shop-1', subjectId: ids.token, data: { account: 'auto-import-account', problemCode: { from: null, to: 'TOKEN_MISSING' } },
};

export class FakeChanges {
  constructor(private readonly calls: Calls) {}
  async page(after: number | undefined, filter: unknown, limit: number): Promise<ChangePage> { this.calls.note('changes.page', after, filter, limit); return { items: [change], upToId: 7, keptAfterId: 0, hasMore: false }; }
  async start(after: number | undefined): Promise<number> { return after ?? 6; }
  async *follow(after: number, filter: unknown): AsyncGenerator<ChangeStep> {
    this.calls.note('changes.follow', after, filter);
    yield { upToId: after, change: null };
    yield { upToId: change.id, change };
  }
}

export function fakeFeatures() {
  const calls = new Calls();
  const [hubs, fleet, plans, failovers] = [new FakeHubs(calls), new FakeFleet(calls), new FakePlans(calls), new FakeFailovers(calls)];
  return {
    calls,
    failovers,
    controllers: [HubsController, ProtectionRemovalController, FleetController, WorkersController, TokensController, TokenTimelineController, BackupsController, SchedulesController, ReadinessController, OutlookController, HistoryController, AcknowledgementsController, ProbesController, PlansController, FailoversController, ImportsController, RestoresController, ChangesController],
    providers: [
      HubsResolver, ProtectionRemovalResolver, FleetResolver, WorkersResolver, TokensResolver, ClusterTokensResolver, BackupsResolver, SchedulesResolver, PlanReadinessResolver, HubReadinessResolver, ClusterReadinessResolver, OutlookResolver, HistoryResolver, AcknowledgementsResolver, ProbesResolver, PlansResolver,
      FailoversResolver, ImportsResolver, RestoresResolver, ChangesResolver,
      { provide: HubsService, useValue: hubs },
      { provide: ProtectionRemovals, useValue: new FakeRemovals(calls) },
      { provide: FleetService, useValue: fleet },
      { provide: WorkersService, useValue: new FakeWorkers(hubs) },
      { provide: TokensService, useValue: new FakeTokens(calls) },
      { provide: TokenTimelineService, useValue: new FakeTimeline(calls, fleet) },
      { provide: BackupsService, useValue: new FakeBackups() },
      { provide: SchedulesService, useValue: new FakeSchedules(calls, hubs) },
      { provide: AcknowledgementsService, useValue: new FakeAcknowledgements(calls, plans) },
      { provide: ProbesService, useValue: new FakeProbes(calls, plans) },
      { provide: HistoryService, useValue: new FakeHistory(plans) },
      { provide: OutlookService, useValue: new FakeOutlook(plans) },
      { provide: ReadinessService, useValue: new FakeReadiness(plans, hubs, fleet) },
      { provide: PlansService, useValue: plans },
      { provide: FailoversService, useValue: failovers },
      { provide: ImportsService, useValue: new FakeImports(calls) },
      { provide: RestoresService, useValue: new FakeRestores() },
      { provide: ChangesService, useValue: new FakeChanges(calls) },
    ],
  };
}
