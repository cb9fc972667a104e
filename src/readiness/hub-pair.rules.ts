import type { HubSetup } from '../hubs/hub-setup.types.js';
import type { Read } from '../hubs/reading.rules.js';
import { restoresInTheWay, type RestoreOnHub } from '../recovery/restores/restores-on-hub.rules.js';
import type { PlanFindingCode } from './readiness.types.js';

/** A Backup of the hub's own. */
export interface OwnBackup {
  readonly name: string;
  /** credentials | resources | resourcesGeneric | managedClusters | validation; null: none of RHACM's */
  readonly type: string | null;
  readonly phase: string | null;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
}

/** Who else counts on the target. */
export interface Reservation {
  /** FAILOVER: one is under way. PLAN: another plan names it as target */
  readonly by: 'FAILOVER' | 'PLAN';
  readonly plan: string;
}

interface ScheduleOnHub { readonly name: string; readonly phase: string | null; readonly paused: boolean; readonly veleroPaused: boolean }

/** One of the two hubs, as far as these rules look at it. */
export interface HubSide {
  readonly id: string;
  readonly name: string;
  /** Of RHACM */
  readonly release: string | null;
  /** null: no inspection has told it yet; the next sweep makes one */
  readonly setup: HubSetup | null;
  readonly inspectedAt: Date | null;
  /** Of the hub whose backups matter */
  readonly backups: readonly OwnBackup[];
  readonly schedules: readonly ScheduleOnHub[];
  readonly restores: readonly (RestoreOnHub & { readonly cleanupBeforeRestore?: string | null })[];
}

interface ClusterOnHub { readonly name: string; readonly isLocal: boolean; readonly restoredFromBackup: string | null }

export interface Pair {
  readonly source: HubSide;
  readonly target: HubSide;
  readonly sourceClusters: readonly ClusterOnHub[];
  readonly targetClusters: readonly ClusterOnHub[];
  readonly reservations: readonly Reservation[];
}

/** A finding before its effect and remedy are known. */
export interface Told {
  readonly code: PlanFindingCode;
  readonly hub: HubSide | null;
  readonly cause: string;
  readonly since?: Date | null;
  readonly checkedAt?: Date | null;
}

/** A backup of 3,500 clusters takes about three minutes; one that runs for longer than this, and much longer than its kind ever did, is stuck. Milliseconds. */
const STUCK_AFTER_MS = 3_600_000;
const STUCK_FACTOR = 4;
const ENDED_BACKUP: ReadonlySet<string | null> = new Set(['Completed', 'PartiallyFailed', 'Failed', 'FailedValidation', 'Deleting']);
const USABLE_BACKUP: ReadonlySet<string | null> = new Set(['Completed', 'PartiallyFailed']);
/** Those without which no set is complete. */
const PARTS = ['credentials', 'resources', 'managedClusters'];
const RESTORE_FAILED: ReadonlySet<string | null> = new Set(['Error', null]);
const NAMES_SHOWN = 5;

/** Names in a cause; the rest is counted. */
export const named = (names: readonly string[]): string => {
  const sorted = [...names].sort();
  const shown = sorted.slice(0, NAMES_SHOWN).join(', ');
  return sorted.length > NAMES_SHOWN ? `${shown} and ${sorted.length - NAMES_SHOWN} more` : shown;
};

export const isScheduleRunning = ({ phase, paused, veleroPaused }: ScheduleOnHub): boolean => phase === 'Enabled' && !paused && !veleroPaused;

/** What the backups and Restores of a hub that backs up say of it. */
export function backupHealth(hub: HubSide, now: Date): Told[] {
  return [...stuckBackups(hub, now), ...missingParts(hub), ...missingValidation(hub), ...failedRestores(hub)];
}

function stuckBackups(hub: HubSide, now: Date): Told[] {
  return hub.backups.flatMap((backup) => {
    if (backup.startedAt === null || ENDED_BACKUP.has(backup.phase)) return [];
    const usual = Math.max(0, ...hub.backups.flatMap((one) => (one.type === backup.type && one.startedAt && one.completedAt ? [one.completedAt.getTime() - one.startedAt.getTime()] : [])));
    if (now.getTime() - backup.startedAt.getTime() <= Math.max(STUCK_AFTER_MS, usual * STUCK_FACTOR)) return [];
    return [{ code: 'BACKUP_STUCK' as const, hub, cause: `Backup ${backup.name} on hub ${hub.name} has been ${backup.phase ?? 'without a phase'} since ${backup.startedAt.toISOString()}`, since: backup.startedAt }];
  }).slice(0, 1);
}

/** Without any backup there is no set, which is told as such. */
function missingParts(hub: HubSide): Told[] {
  const newest = new Map<string, Date>();
  for (const { type, phase, startedAt } of hub.backups) {
    if (type !== null && startedAt !== null && USABLE_BACKUP.has(phase) && startedAt > (newest.get(type) ?? new Date(0))) newest.set(type, startedAt);
  }
  const [missing, there] = [PARTS.filter((part) => !newest.has(part)), PARTS.filter((part) => newest.has(part))];
  if (missing.length === 0 || there.length === 0) return [];
  const ages = there.map((part) => `${part} of ${newest.get(part)?.toISOString()}`);
  return [{ code: 'BACKUP_PART_MISSING', hub, cause: `Hub ${hub.name} has no usable backup of ${missing.join(', ')}; newest there are: ${ages.join(', ')}` }];
}

/** It expires shortly after the next one is due: its absence beside older backups means that the schedule runs no longer. */
function missingValidation(hub: HubSide): Told[] {
  if (!hub.schedules.some(isScheduleRunning) || !hub.backups.some(({ type, phase }) => type === 'credentials' && USABLE_BACKUP.has(phase))) return [];
  if (hub.backups.some(({ type }) => type === 'validation')) return [];
  return [{ code: 'VALIDATION_BACKUP_MISSING', hub, cause: `Hub ${hub.name} shows no Backup of acm-validation-policy-schedule, though its BackupSchedule is Enabled` }];
}

function failedRestores(hub: HubSide): Told[] {
  const failed = hub.restores.filter(({ phase }) => RESTORE_FAILED.has(phase)).map(({ name, phase }) => `${name} (${phase ?? 'no phase'})`);
  return failed.length === 0 ? [] : [{ code: 'RESTORE_IN_ERROR', hub, cause: `Hub ${hub.name} has a Restore that went wrong: ${named(failed)}` }];
}

const WORDS: Record<keyof HubSetup, string> = {
  components: 'its components', importStrategy: 'the import strategy', evictionGrace: 'the eviction grace period', observability: 'MultiClusterObservability', gitOps: 'what Argo CD holds', hive: 'ClusterDeployments',
};

/** What an inspection found, or could not read, of how one hub is set up. */
export function setupHealth(hub: HubSide): Told[] {
  const { setup, inspectedAt: checkedAt } = hub;
  if (setup === null) return [];
  const unread = (Object.keys(WORDS) as (keyof HubSetup)[]).flatMap((key) => {
    const one = setup[key];
    return one.is === 'FAILED' ? [`${WORDS[key]} (${one.code})`] : [];
  });
  const held = valueOf(setup.gitOps) ?? [];
  return [
    ...(unread.length === 0 ? [] : [{ code: 'HUB_SETUP_UNREAD' as const, hub, cause: `Of hub ${hub.name} could not be read: ${unread.join(', ')}`, checkedAt }]),
    ...(held.length === 0 ? [] : [{
      code: 'GITOPS_HOLDS_RHACM' as const, hub, checkedAt, cause: `Argo CD holds RHACM’s resources on hub ${hub.name}: ${named(held.map(({ kind, name, application }) => `${kind} ${name} (application ${application})`))}`,
    }]),
  ];
}

const valueOf = <T>(told: Read<T>): T | null => (told.is === 'READ' ? told.value : null);

/** What the two hubs of a plan are to each other. */
export function pairHealth(pair: Pair, backupLabels: ReadonlySet<string>): Told[] {
  return [
    ...olderRelease(pair), ...missingComponents(pair), ...renamedLocal(pair), ...earlierTakeovers(pair, backupLabels), ...importStrategy(pair), ...evictionGrace(pair), ...observability(pair), ...reserved(pair),
  ];
}

const numbersIn = (release: string): number[] => (/\d+(?:\.\d+)*/.exec(release)?.[0] ?? '').split('.').map(Number);

/** 2.9.3 is older than 2.15.0. */
function isOlder(release: string, than: string): boolean {
  const [a, b] = [numbersIn(release), numbersIn(than)];
  const differs = a.findIndex((one, index) => one !== (b[index] ?? 0));
  return differs >= 0 && (a[differs] ?? 0) < (b[differs] ?? 0);
}

function olderRelease({ source, target }: Pair): Told[] {
  if (source.release === null || target.release === null) {
    const unknown = [source, target].filter(({ release }) => release === null);
    const cause = `The RHACM release of ${unknown.map(({ name }) => `hub ${name}`).join(' and ')} is not known, so not whether ${target.name} is as new as ${source.name}`;
    return [{ code: 'TARGET_RELEASE_UNKNOWN', hub: unknown[0] ?? target, cause, checkedAt: unknown[0]?.inspectedAt ?? null }];
  }
  if (!isOlder(target.release, source.release)) return [];
  return [{ code: 'TARGET_RELEASE_OLDER', hub: target, cause: `Hub ${target.name} has RHACM ${target.release}, ${source.name} has ${source.release}`, checkedAt: target.inspectedAt }];
}

function missingComponents({ source, target }: Pair): Told[] {
  const [there, here] = [source.setup && valueOf(source.setup.components), target.setup && valueOf(target.setup.components)];
  const missing = there === null || here === null ? [] : there.filter((name) => !here.includes(name));
  if (missing.length === 0) return [];
  return [{ code: 'COMPONENTS_MISSING_ON_TARGET', hub: target, cause: `Enabled on ${source.name} and not on ${target.name}: ${named(missing)}`, checkedAt: target.inspectedAt }];
}

function renamedLocal({ source, target, sourceClusters, targetClusters }: Pair): Told[] {
  const [own, other] = [sourceClusters.find(({ isLocal }) => isLocal), targetClusters.find(({ isLocal }) => isLocal)];
  if (own === undefined || other === undefined || own.name === other.name) return [];
  return [{ code: 'LOCAL_CLUSTER_RENAMED', hub: source, cause: `Hub ${source.name} calls itself ${own.name}, hub ${target.name} calls itself ${other.name}` }];
}

function earlierTakeovers({ target, targetClusters }: Pair, backupLabels: ReadonlySet<string>): Told[] {
  const earlier = targetClusters.filter(({ isLocal, restoredFromBackup }) => !isLocal && restoredFromBackup !== null && !backupLabels.has(restoredFromBackup)).map(({ name }) => name);
  if (earlier.length === 0) return [];
  const { activate } = restoresInTheWay(target.restores);
  const standing = activate === null ? undefined : target.restores.find(({ name }) => name === activate.name);
  const mode = standing?.cleanupBeforeRestore ?? 'None';
  if (mode !== 'None') return [{ code: 'CLEANUP_WOULD_DETACH', hub: target, cause: `Restore ${standing?.name} on hub ${target.name} says cleanupBeforeRestore: ${mode}, and the hub took over before: ${named(earlier)}` }];
  return [{ code: 'EARLIER_TAKEOVER_ON_TARGET', hub: target, cause: `Hub ${target.name} took over clusters before: ${named(earlier)}` }];
}

/** ImportOnly matters to those alone that the target knows already. */
function importStrategy({ target, sourceClusters, targetClusters }: Pair): Told[] {
  if (target.setup === null || target.setup.importStrategy.is === 'FAILED') return [];
  const told = valueOf(target.setup.importStrategy);
  if (told === 'ImportAndSync') {
    return [{ code: 'TARGET_IMPORT_STRATEGY', hub: target, cause: `Hub ${target.name} imports by ImportAndSync: it takes a cluster back whenever it leaves, so it must be stopped before a later failover away from it`, checkedAt: target.inspectedAt }];
  }
  const there = new Set(targetClusters.map(({ name }) => name));
  const known = sourceClusters.filter(({ isLocal, name }) => !isLocal && there.has(name)).map(({ name }) => name);
  if (known.length === 0) return [];
  const how = told === null ? 'sets no import strategy; newer releases import by ImportOnly' : `imports by ${told}`;
  return [{ code: 'TARGET_IMPORT_STRATEGY', hub: target, cause: `Hub ${target.name} ${how}: without the annotation immediate-import these stay pending: ${named(known)}`, checkedAt: target.inspectedAt }];
}

function evictionGrace({ target }: Pair): Told[] {
  if (target.setup?.evictionGrace.is !== 'ABSENT') return [];
  const cause = `Hub ${target.name} sets no eviction grace period: 60 minutes after a failover clusters delete what works had delivered that are not in the backup`;
  return [{ code: 'EVICTION_GRACE_NOT_SET', hub: target, cause, checkedAt: target.inspectedAt }];
}

function observability({ source, target }: Pair): Told[] {
  const [there, here] = [source.setup && valueOf(source.setup.observability), target.setup && valueOf(target.setup.observability)];
  if (there === null || here === null || there.length === 0 || here.length === 0) return [];
  return [{ code: 'OBSERVABILITY_ON_BOTH', hub: null, cause: `Both ${source.name} and ${target.name} have a MultiClusterObservability: two that compact one store damage the metrics`, checkedAt: target.inspectedAt }];
}

function reserved({ target, reservations }: Pair): Told[] {
  const plansOf = (by: Reservation['by']): string[] => reservations.filter((one) => one.by === by).map(({ plan }) => plan);
  const [busy, others] = [plansOf('FAILOVER'), plansOf('PLAN')];
  return [
    ...(busy.length === 0 ? [] : [{ code: 'TARGET_RESERVED' as const, hub: target, cause: `Hub ${target.name} takes part in a failover of plan ${named(busy)}` }]),
    ...(others.length === 0 ? [] : [{ code: 'TARGET_SHARED' as const, hub: target, cause: `Hub ${target.name} is the target of other plans too: ${named(others)}` }]),
  ];
}
