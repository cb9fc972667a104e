import { isScheduleActive, restoresInTheWay } from '../recovery/restores/restores-on-hub.rules.js';
import { sharedStorage, storageInWords } from '../recovery/plans/shared-storage.rules.js';
import type { RemedyBy } from '../common/remedy-by.js';
import type { Fencing, Prerequisite, PrerequisiteCode, Reachability, StorageFacts } from '../hubs/hubs.types.js';
import type { Basis } from './cluster-verdict.rules.js';
import { inOrder, type FindingDraft } from './finding-order.rules.js';
import { backupHealth, isScheduleRunning, named, pairHealth, setupHealth, type HubSide, type Reservation, type Told } from './hub-pair.rules.js';
import type { PlanFindingCode, Severity, Verdict, VerdictCounts } from './readiness.types.js';
import { newestRestorable, newestUsable, setUsability, type SetCandidate, type ShownBackups } from './usable-set.rules.js';

/** Watches tell something at least every 150 s (bookmarks come about once a minute); beyond this a hub is silent. */
export const SILENT_AFTER_MS = 180_000;
/** Velero shows a finished backup on the other hub within two minutes; a set that takes longer is worth a word. */
const SYNC_LAG_MS = 300_000;
const SET_EXPIRES_SOON_MS = 86_400_000;
/** Five times the minute in which a klusterlet renews its lease. */
const NOTICED_WITHIN_MINUTES = 5;

export interface ScheduleFacts {
  readonly name: string;
  readonly phase: string | null;
  readonly lastMessage: string | null;
  readonly paused: boolean;
  readonly veleroPaused: boolean;
}

/** A hub as our tables know it. */
export interface HubFacts extends HubSide {
  readonly clusterId: string | null;
  readonly reachability: Reachability;
  readonly unreachableSince: Date | null;
  readonly lastErrorCode: string | null;
  readonly fencing: Fencing;
  readonly fencingChangedAt: Date | null;
  /** null: never read */
  readonly storage: readonly StorageFacts[] | null;
  readonly prerequisites: readonly Prerequisite[];
  readonly schedules: readonly ScheduleFacts[];
  readonly shown: ShownBackups;
  /** The oldest of the last words on the kinds that verdicts rest on; null: on one of them it has never spoken */
  readonly heardAt: Date | null;
  /** It took over a fleet in the last failover that named it, and was source of none since */
  readonly tookOver: boolean;
}

export interface KnownCluster {
  readonly name: string;
  readonly openshiftId: string | null;
  readonly isLocal: boolean;
  readonly excludedFromBackup: boolean;
  /** `velero.io/backup-name`, on a hub that restored it */
  readonly restoredFromBackup: string | null;
}

export interface PlanFacts {
  readonly source: HubFacts;
  readonly target: HubFacts;
  readonly rpoSeconds: number;
  readonly plan: { /** ASSUMED | PROBED */ readonly reachability: string };
  /** Of the source, by its cluster id */
  readonly sets: readonly (SetCandidate & { readonly completedAt: Date | null })[];
  readonly sourceClusters: readonly KnownCluster[];
  readonly targetClusters: readonly KnownCluster[];
  readonly reservations: readonly Reservation[];
}

interface Effect { readonly verdict: Verdict; readonly severity: Severity; readonly remedy: string; readonly remedyBy: RemedyBy }

const CRITICAL = (remedyBy: RemedyBy, remedy: string): Effect => ({ verdict: 'NOT_READY', severity: 'CRITICAL', remedy, remedyBy });
const WARNING = (remedyBy: RemedyBy, remedy: string): Effect => ({ verdict: 'AT_RISK', severity: 'WARNING', remedy, remedyBy });
const DOUBT = (remedyBy: RemedyBy, remedy: string): Effect => ({ verdict: 'UNKNOWN', severity: 'WARNING', remedy, remedyBy });
const INFO = (remedyBy: RemedyBy, remedy: string): Effect => ({ verdict: 'READY', severity: 'INFO', remedy, remedyBy });

const EFFECT: Record<PlanFindingCode, Effect> = {
  NO_BACKUP_SET: CRITICAL('LIFEBOAT_OPERATOR', 'Enable a BackupSchedule on the source hub and wait for its first set to complete.'),
  BACKUP_NOT_ON_TARGET: CRITICAL('STORAGE_ADMIN', 'Check that both hubs use the same storage location; Velero shows finished backups there within two minutes.'),
  FACTS_STALE: DOUBT('HUB_ADMIN', 'Restore the connection to the hub.'),
  NO_CLUSTERS: DOUBT('NOBODY', 'Wait until the source hub has been read; a plan for a hub without clusters protects nothing.'),
  RPO_EXCEEDED: WARNING('LIFEBOAT_OPERATOR', 'Let the BackupSchedule run, or more often; else raise the plan’s RPO.'),
  NEWEST_SET_NOT_ON_TARGET: WARNING('STORAGE_ADMIN', 'Check Velero’s backup sync on the target hub and its storage location.'),
  BACKUP_PARTIALLY_FAILED: WARNING('HUB_ADMIN', 'Read the log of the backup that failed in part; what it lacks will not come back.'),
  BACKUP_SET_EXPIRES_SOON: WARNING('LIFEBOAT_OPERATOR', 'Let the BackupSchedule run, or give its backups a longer life (veleroTtl).'),
  STORAGE_NOT_SHARED: CRITICAL('STORAGE_ADMIN', 'Let the DataProtectionApplications of both hubs name the same bucket and prefix.'),
  STORAGE_UNKNOWN: DOUBT('NOBODY', 'Wait until the storage locations of both hubs have been read.'),
  SOURCE_UNREACHABLE: INFO('LIFEBOAT_OPERATOR', 'If the hub is lost, start a failover; verdicts rest on what it last told and on its backups.'),
  SOURCE_CLUSTER_ID_UNKNOWN: DOUBT('LIFEBOAT_OPERATOR', 'Inspect the source hub: its backups bear its cluster id.'),
  TARGET_UNREACHABLE: CRITICAL('HUB_ADMIN', 'Bring the target hub back; without it no failover can run.'),
  TARGET_UNFENCED: CRITICAL('LIFEBOAT_OPERATOR', 'Let the hub be fenced first: it has come back after a failover and may still act on the clusters.'),
  TARGET_SCHEDULE_ACTIVE: CRITICAL('HUB_ADMIN', 'Pause or delete the BackupSchedule on the target hub: beside it every Restore is ignored.'),
  TARGET_RESTORE_IN_THE_WAY: CRITICAL('HUB_ADMIN', 'Delete the Restore on the target hub: beside it every other one is ignored.'),
  CLUSTER_NAME_COLLISION: CRITICAL('HUB_ADMIN', 'Rename or detach the cluster on one of the hubs: the restore would write over it.'),
  LOCAL_CLUSTER_IN_BACKUP: WARNING('HUB_ADMIN', 'Label the hub’s own ManagedCluster velero.io/exclude-from-backup: "true".'),
  SCHEDULE_NOT_RUNNING: WARNING('HUB_ADMIN', 'Enable the BackupSchedule on the source hub, and read its last message.'),
  BACKUP_COLLISION: WARNING('HUB_ADMIN', 'Decide which hub shall write backups, then make a new BackupSchedule there.'),
  NEW_HUB_HAS_NO_SCHEDULE: WARNING('LIFEBOAT_OPERATOR', 'Make a BackupSchedule on the hub that took over: until then the fleet has no new backups.'),
  TARGET_PATH_ASSUMED: INFO('LIFEBOAT_OPERATOR', 'Let the way to each cluster be probed (reachability PROBED) where firewalls may differ between the hubs.'),
  BACKUP_STUCK: WARNING('HUB_ADMIN', 'Look at Velero’s log and the storage; delete the Backup, so that the next one is not held up.'),
  BACKUP_PART_MISSING: WARNING('HUB_ADMIN', 'Read the log of the part’s last Backup: without that part no set is complete.'),
  VALIDATION_BACKUP_MISSING: WARNING('HUB_ADMIN', 'Look at the BackupSchedule, the Velero Schedules and Velero’s pod: the schedule no longer runs.'),
  TWO_SCHEDULES_ENABLED: WARNING('HUB_ADMIN', 'Delete one of the BackupSchedules: both write the same Velero Schedules.'),
  RESTORE_IN_ERROR: WARNING('HUB_ADMIN', 'Read the Restore’s last message, mend what it names, and delete the Restore.'),
  LOCAL_CLUSTER_RENAMED: INFO('HUB_ADMIN', 'Keep the hub’s own ManagedCluster out of the backup: under another name a restore adds it to the target as one more cluster.'),
  TARGET_RELEASE_OLDER: WARNING('HUB_ADMIN', 'Upgrade the target hub to the source’s release: an older one drops what it does not know.'),
  TARGET_RELEASE_UNKNOWN: DOUBT('HUB_ADMIN', 'Inspect the hub again, and look at its MultiClusterHub: status.currentVersion tells the release.'),
  COMPONENTS_MISSING_ON_TARGET: WARNING('HUB_ADMIN', 'Enable the same components on the target hub: resources of a component that is off are not restored, or nobody acts on them.'),
  CLEANUP_WOULD_DETACH: CRITICAL('HUB_ADMIN', 'Make the standing Restore anew with cleanupBeforeRestore: None: another mode detaches the clusters of earlier takeovers.'),
  EARLIER_TAKEOVER_ON_TARGET: INFO('NOBODY', 'Nothing while every Restore says cleanupBeforeRestore: None, as Lifeboat’s do; any other mode would detach them.'),
  TARGET_IMPORT_STRATEGY: INFO('NOBODY', 'Nothing: Lifeboat writes the annotation immediate-import where a cluster stays pending.'),
  EVICTION_GRACE_NOT_SET: WARNING('HUB_ADMIN', 'Set spec.appliedManifestWorkEvictionGracePeriod in the KlusterletConfig global of the target before the failover, and take it back once the workloads are stable.'),
  TARGET_RESERVED: CRITICAL('LIFEBOAT_OPERATOR', 'Wait until the other failover has ended, or abort it: a hub takes part in one at a time.'),
  TARGET_SHARED: INFO('LIFEBOAT_OPERATOR', 'Size the target for every fleet that counts on it, or give each plan a target of its own.'),
  OBSERVABILITY_ON_BOTH: WARNING('HUB_ADMIN', 'See that they write to different stores; else scale observability-thanos-compact on the source to 0 before activation, or remove its MultiClusterObservability.'),
  GITOPS_HOLDS_RHACM: WARNING('HUB_ADMIN', 'Pause the application’s automatic sync for the failover: it puts back what was paused or annotated.'),
  HUB_SETUP_UNREAD: DOUBT('HUB_ADMIN', 'Bind the ClusterRole of deploy/hub-rbac.yaml to Lifeboat’s account, then inspect the hub again.'),
  RETURNED_UNFENCED: WARNING('LIFEBOAT_OPERATOR', 'Fence the hub: it has come back after a failover and may still act on clusters that moved.'),
};

function finding(code: PlanFindingCode, hub: Pick<HubFacts, 'id'> | null, cause: string, since: Date | null = null, checkedAt: Date | null = null): FindingDraft {
  return { code, ...EFFECT[code], cause, since, checkedAt, predicts: null, hubId: hub?.id ?? null };
}

const toFinding = ({ code, hub, cause, since, checkedAt }: Told): FindingDraft => finding(code, hub, cause, since ?? null, checkedAt ?? null);

/** Which prerequisites of a target matter, and what one that is not met makes of the plan. A passive hub makes no backups of its own. */
const ON_TARGET: Partial<Record<PrerequisiteCode, Verdict>> = {
  CLUSTER_BACKUP_ENABLED: 'NOT_READY', DATA_PROTECTION_APPLICATION_PRESENT: 'NOT_READY', BACKUP_STORAGE_AVAILABLE: 'NOT_READY', RIGHTS_SUFFICIENT: 'NOT_READY', CREDENTIALS_READABLE: 'NOT_READY',
  BACKUP_OPERATOR_RUNNING: 'NOT_READY', VELERO_RUNNING: 'NOT_READY',
  OADP_SUBSCRIBED: 'AT_RISK', OADP_CHANNEL_SUITS: 'AT_RISK', OADP_CHANNELS_AGREE: 'AT_RISK', OADP_OPERATOR_RUNNING: 'AT_RISK', VELERO_STEADY: 'AT_RISK',
};

/** A source already has its set: what it lacks endangers the next one. A target needs it on the day. */
function prerequisiteFindings(hub: HubFacts, role: 'SOURCE' | 'TARGET'): FindingDraft[] {
  return hub.prerequisites.flatMap((one) => {
    const unmet = role === 'SOURCE' ? 'AT_RISK' : ON_TARGET[one.code];
    if (one.state === 'MET' || unmet === undefined) return [];
    return [{
      code: one.code,
      verdict: one.state === 'UNKNOWN' ? ('UNKNOWN' as const) : unmet,
      severity: unmet === 'NOT_READY' && one.state === 'NOT_MET' ? ('CRITICAL' as const) : ('WARNING' as const),
      cause: `Hub ${hub.name}: ${one.cause}`,
      remedy: one.remedy,
      remedyBy: one.remedyBy,
      since: one.since,
      checkedAt: one.checkedAt,
      predicts: null,
      hubId: hub.id,
    }];
  });
}

const isSilent = (hub: Pick<HubFacts, 'heardAt'>, now: Date): boolean => hub.heardAt === null || now.getTime() - hub.heardAt.getTime() > SILENT_AFTER_MS;

function silenceFindings(hub: HubFacts, now: Date): FindingDraft[] {
  if (hub.reachability === 'UNREACHABLE' || !isSilent(hub, now)) return [];
  if (hub.heardAt === null) return [finding('FACTS_STALE', hub, `Hub ${hub.name} has not been read yet`)];
  return [finding('FACTS_STALE', hub, `Hub ${hub.name} has been silent since ${hub.heardAt.toISOString()}`, hub.heardAt)];
}

function scheduleFindings(hub: HubFacts): FindingDraft[] {
  const collision = hub.schedules.find((schedule) => schedule.phase === 'BackupCollision');
  if (collision) return [finding('BACKUP_COLLISION', hub, `BackupSchedule ${collision.name} on ${hub.name} is in BackupCollision${collision.lastMessage === null ? '' : `: ${collision.lastMessage}`}`)];
  const running = hub.schedules.filter(isScheduleRunning).map(({ name }) => name);
  if (running.length > 1) return [finding('TWO_SCHEDULES_ENABLED', hub, `Hub ${hub.name} has more than one enabled BackupSchedule: ${named(running)}`)];
  if (running.length === 1) return [];
  if (hub.tookOver && hub.schedules.length === 0) {
    return [finding('NEW_HUB_HAS_NO_SCHEDULE', hub, `Hub ${hub.name} took over a fleet and has no BackupSchedule`)];
  }
  const states = hub.schedules.map((schedule) => `${schedule.name} is ${schedule.paused || schedule.veleroPaused ? 'paused' : (schedule.phase ?? 'without phase')}`).sort();
  return [finding('SCHEDULE_NOT_RUNNING', hub, states.length === 0 ? `Hub ${hub.name} has no BackupSchedule` : `Hub ${hub.name}: ${states.join(', ')}`)];
}

/**
 * Clusters of the source whose names the target gives to other clusters. The same cluster (same id), and one that came
 * there from a backup of this source, is none.
 * @param backupLabels values of `velero.io/backup-name` that stand for the source's backups
 */
export function collidingClusters(source: readonly KnownCluster[], target: readonly KnownCluster[], backupLabels: ReadonlySet<string>): string[] {
  const there = new Map(target.map((cluster) => [cluster.name, cluster]));
  return source
    .filter((cluster) => !cluster.isLocal)
    .filter((cluster) => {
      const other = there.get(cluster.name);
      if (other === undefined) return false;
      const sameId = cluster.openshiftId !== null && cluster.openshiftId === other.openshiftId;
      return !sameId && !(other.restoredFromBackup !== null && backupLabels.has(other.restoredFromBackup));
    })
    .map((cluster) => cluster.name)
    .sort();
}

/** On what the verdicts over the clusters rest, and which set that is. */
export function basisOfPlan<T extends SetCandidate & { readonly status: string; readonly managedClustersStartedAt: Date | null }>(
  source: HubFacts,
  target: HubFacts,
  sets: readonly T[],
  now: Date,
): { basis: Basis; set: T | null } {
  const set = newestUsable(sets, target.shown, now);
  if (set) return { basis: { kind: 'SET', set }, set };
  if (isSilent(target, now)) return { basis: { kind: 'STALE', hubName: target.name, heardAt: target.heardAt }, set: null };
  const missing = newestRestorable(sets, now);
  if (missing) return { basis: { kind: 'NOT_ON_TARGET', credentialsBackup: missing.credentialsBackup }, set: null };
  // Whose backups the target would show is not known yet.
  if (source.clusterId === null) return { basis: { kind: 'STALE', hubName: source.name, heardAt: source.heardAt }, set: null };
  // The target would show what a silent source has made: it tells of every set that can be restored there.
  return { basis: { kind: 'NO_SET' }, set: null };
}

/** Of a hub by itself, as if it died now: what it shows of its own. */
export function basisOfHub<T extends SetCandidate & { readonly managedClustersStartedAt: Date | null }>(hub: HubFacts, sets: readonly T[], now: Date): { basis: Basis; set: T | null } {
  const set = newestUsable(sets, hub.shown, now);
  if (set) return { basis: { kind: 'SET', set }, set };
  return { basis: isSilent(hub, now) ? { kind: 'STALE', hubName: hub.name, heardAt: hub.heardAt } : { kind: 'NO_SET' }, set: null };
}

function setFindings(set: PlanFacts['sets'][number] | null, shown: ShownBackups, rpoSeconds: number | null, now: Date): FindingDraft[] {
  if (set === null) return [];
  const findings: FindingDraft[] = [];
  if (setUsability(set, shown, now) === 'PARTIALLY_FAILED') {
    findings.push(finding('BACKUP_PARTIALLY_FAILED', null, `A part of the backup set of ${set.credentialsBackup} is PartiallyFailed`, set.completedAt));
  }
  if (set.expiresAt !== null && set.expiresAt.getTime() - now.getTime() < SET_EXPIRES_SOON_MS) {
    findings.push(finding('BACKUP_SET_EXPIRES_SOON', null, `The backup set of ${set.credentialsBackup} expires at ${set.expiresAt.toISOString()}`));
  }
  findings.push(...(rpoSeconds === null ? [] : rpoFindings(set.startedAt, rpoSeconds, now)));
  return findings;
}

/** @param at the moment from which on nothing more is backed up */
export function rpoFindings(startedAt: Date | null, rpoSeconds: number, at: Date): FindingDraft[] {
  if (startedAt === null || at.getTime() - startedAt.getTime() <= rpoSeconds * 1000) return [];
  const since = new Date(startedAt.getTime() + rpoSeconds * 1000);
  return [finding('RPO_EXCEEDED', null, `The newest usable backup set started at ${startedAt.toISOString()}; the plan allows ${rpoSeconds} s`, since)];
}

function basisFinding(basis: Basis): FindingDraft[] {
  switch (basis.kind) {
    case 'SET':
      return [];
    case 'NO_SET':
      return [finding('NO_BACKUP_SET', null, 'There is no complete backup set of the source that could be restored')];
    case 'NOT_ON_TARGET':
      return [finding('BACKUP_NOT_ON_TARGET', null, `The target does not show the backup set of ${basis.credentialsBackup}, nor an older one`)];
    case 'STALE':
      return [finding('FACTS_STALE', null, `No backup set is known, and hub ${basis.hubName} does not tell`, basis.heardAt)];
  }
}

/** Findings on a plan and its two hubs, ordered. */
export function planFindings(facts: PlanFacts, basis: Basis, set: PlanFacts['sets'][number] | null, backupLabels: ReadonlySet<string>, now: Date): FindingDraft[] {
  const { source, target } = facts;
  const findings = [
    ...basisFinding(basis),
    ...setFindings(set, target.shown, facts.rpoSeconds, now),
    ...prerequisiteFindings(source, 'SOURCE'),
    ...prerequisiteFindings(target, 'TARGET'),
    ...silenceFindings(source, now),
    ...silenceFindings(target, now),
    ...scheduleFindings(source),
    ...[...backupHealth(source, now), ...setupHealth(source), ...setupHealth(target), ...pairHealth(facts, backupLabels)].map(toFinding),
    ...sourceFindings(facts, set, now),
    ...targetFindings(facts, backupLabels),
    ...storageFindings(facts),
    ...(facts.plan.reachability === 'ASSUMED' ? [finding('TARGET_PATH_ASSUMED', facts.target, `That hub ${facts.target.name} reaches the clusters’ APIs is assumed, not proved`)] : []),
  ];
  return inOrder(findings);
}

function sourceFindings(facts: PlanFacts, set: SetCandidate | null, now: Date): FindingDraft[] {
  const { source } = facts;
  const findings: FindingDraft[] = [];
  if (source.reachability === 'UNREACHABLE') {
    const known = source.heardAt === null ? '' : `; which clusters are available is known as of ${source.heardAt.toISOString()}, and a hub notices within ${NOTICED_WITHIN_MINUTES} minutes that one is not`;
    findings.push(finding('SOURCE_UNREACHABLE', source, `Hub ${source.name} does not answer${source.lastErrorCode ? ` (${source.lastErrorCode})` : ''}${known}`, source.unreachableSince));
  }
  if (source.clusterId === null) findings.push(finding('SOURCE_CLUSTER_ID_UNKNOWN', source, `The cluster id of hub ${source.name} is not known`));
  if (source.fencing === 'RETURNED_UNFENCED') {
    findings.push(finding('RETURNED_UNFENCED', source, `Hub ${source.name} has come back and is not fenced`, source.fencingChangedAt));
  }
  if (facts.sourceClusters.length === 0) findings.push(finding('NO_CLUSTERS', source, `No managed cluster of hub ${source.name} is known`));
  const exposed = facts.sourceClusters.filter((cluster) => cluster.isLocal && !cluster.excludedFromBackup).map((cluster) => cluster.name);
  if (exposed.length > 0) findings.push(finding('LOCAL_CLUSTER_IN_BACKUP', source, `The hub’s own cluster is in its backups: ${named(exposed)}`));
  const newest = newestUsable(facts.sets, source.shown, now);
  const isNewer = newest !== null && set !== null && (newest.startedAt?.getTime() ?? 0) > (set.startedAt?.getTime() ?? 0);
  if (isNewer && newest.completedAt !== null && now.getTime() - newest.completedAt.getTime() > SYNC_LAG_MS) {
    findings.push(finding('NEWEST_SET_NOT_ON_TARGET', facts.target, `The target does not show the backup set of ${newest.credentialsBackup}`, newest.completedAt));
  }
  return findings;
}

function targetFindings(facts: PlanFacts, backupLabels: ReadonlySet<string>): FindingDraft[] {
  const { target } = facts;
  const findings: FindingDraft[] = [];
  if (target.reachability === 'UNREACHABLE') {
    findings.push(finding('TARGET_UNREACHABLE', target, `Hub ${target.name} does not answer${target.lastErrorCode ? ` (${target.lastErrorCode})` : ''}`, target.unreachableSince));
  }
  if (target.fencing === 'RETURNED_UNFENCED') {
    findings.push(finding('TARGET_UNFENCED', target, `Hub ${target.name} has come back after a failover and is not fenced`, target.fencingChangedAt));
  }
  const active = target.schedules.filter((schedule) => isScheduleActive(schedule) && !schedule.paused);
  if (active.length > 0) {
    findings.push(finding('TARGET_SCHEDULE_ACTIVE', target, `Hub ${target.name} has an active BackupSchedule: ${named(active.map((one) => one.name))}`));
  }
  const { inTheWay } = restoresInTheWay(target.restores);
  if (inTheWay.length > 0) {
    const states = inTheWay.map((restore) => `${restore.name} (${restore.phase ?? 'no phase'})`);
    findings.push(finding('TARGET_RESTORE_IN_THE_WAY', target, `Hub ${target.name} has a Restore that has not ended: ${named(states)}`));
  }
  const colliding = collidingClusters(facts.sourceClusters, facts.targetClusters, backupLabels);
  if (colliding.length > 0) {
    findings.push(finding('CLUSTER_NAME_COLLISION', target, `Hub ${target.name} manages other clusters of the same name: ${named(colliding)}`));
  }
  return findings;
}

function storageFindings({ source, target, sets }: PlanFacts): FindingDraft[] {
  const seenOnTarget = sets.some((set) => target.shown.has(set.credentialsBackup));
  switch (sharedStorage(source.storage, target.storage, seenOnTarget)) {
    case 'SHARED':
      return [];
    case 'NOT_SHARED':
      return [finding('STORAGE_NOT_SHARED', null, `${source.name} uses ${storageInWords(source.storage)}, ${target.name} uses ${storageInWords(target.storage)}`)];
    case 'UNKNOWN':
      return [finding('STORAGE_UNKNOWN', null, `It is not known whether ${source.name} and ${target.name} use the same storage location`)];
  }
}

/** Findings on a hub by itself, ordered. */
export function hubFindings(hub: HubFacts, basis: Basis, set: PlanFacts['sets'][number] | null, now: Date): FindingDraft[] {
  const returned = hub.fencing === 'RETURNED_UNFENCED' ? [finding('RETURNED_UNFENCED', hub, `Hub ${hub.name} has come back and is not fenced`, hub.fencingChangedAt)] : [];
  return inOrder([
    ...basisFinding(basis),
    ...setFindings(set, hub.shown, null, now),
    ...prerequisiteFindings(hub, 'SOURCE'),
    ...[...backupHealth(hub, now), ...setupHealth(hub)].map(toFinding),
    ...silenceFindings(hub, now),
    ...scheduleFindings(hub),
    ...returned,
  ]);
}

/**
 * The verdict on a plan or a hub. NOT_READY: a failover cannot run, or brings nobody back. AT_RISK: it leaves clusters behind,
 * or will. Never READY while anything is unknown.
 */
export function overallVerdict(counts: VerdictCounts, findings: readonly Pick<FindingDraft, 'verdict'>[]): Verdict {
  const says = (verdict: Verdict) => findings.some((one) => one.verdict === verdict);
  const recoverable = counts.READY + counts.AT_RISK;
  if (says('NOT_READY')) return 'NOT_READY';
  if (recoverable === 0 && counts.NOT_READY > 0 && counts.UNKNOWN === 0) return 'NOT_READY';
  if (recoverable === 0 && counts.UNKNOWN > 0) return 'UNKNOWN';
  if (counts.NOT_READY > 0 || counts.AT_RISK > 0 || says('AT_RISK')) return 'AT_RISK';
  return counts.UNKNOWN > 0 || says('UNKNOWN') ? 'UNKNOWN' : 'READY';
}
