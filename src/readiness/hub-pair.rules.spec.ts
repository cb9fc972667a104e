import type { HubSetup } from '../hubs/hub-setup.types.js';
import type { Read } from '../hubs/reading.rules.js';
import { backupHealth, pairHealth, setupHealth, type HubSide, type OwnBackup, type Pair } from './hub-pair.rules.js';

const now = new Date('2026-11-24T12:00:00Z');
const minutesAgo = (minutes: number) => new Date(now.getTime() - minutes * 60_000);
const read = <T>(value: T): Read<T> => ({ is: 'READ', value });
const ABSENT = { is: 'ABSENT' } as const;
const FORBIDDEN = { is: 'FAILED', code: 'HUB_FORBIDDEN' } as const;

const backup = (type: string, of: Partial<OwnBackup> = {}): OwnBackup => ({ name: `acm-${type}`, type, phase: 'Completed', startedAt: minutesAgo(30), completedAt: minutesAgo(28), ...of });
const BACKUPS = ['credentials', 'resources', 'managedClusters', 'validation'].map((type) => backup(type));
const setup: HubSetup = { components: read(['cluster-backup', 'hive']), importStrategy: ABSENT, evictionGrace: read('24h'), observability: ABSENT, gitOps: read([]), hive: ABSENT };
const schedule = { name: 'schedule-acm', phase: 'Enabled', paused: false, veleroPaused: false };
const side = (name: string, of: Partial<HubSide> = {}): HubSide => ({ id: name, name, release: '2.15.0', setup, inspectedAt: minutesAgo(5), backups: name === 'east' ? BACKUPS : [], schedules: name === 'east' ? [schedule] : [], restores: [], ...of });
const restore = (of: Partial<HubSide['restores'][number]>): HubSide['restores'][number] => ({
  name: 'r', phase: 'Enabled', sync: true, managedClustersBackup: 'skip', credentialsBackup: 'latest', resourcesBackup: 'latest', credentialsRestore: null, managedClustersRestore: null, ...of,
});

test.each<{ because: string; hub?: Partial<HubSide>; codes: string[] }>([
  { because: 'nothing is wrong', codes: [] },
  { because: 'a backup runs as long as they do', hub: { backups: [...BACKUPS, backup('credentials', { phase: 'InProgress', startedAt: minutesAgo(59), completedAt: null })] }, codes: [] },
  { because: 'it should have been done long ago', hub: { backups: [...BACKUPS, backup('credentials', { phase: 'InProgress', startedAt: minutesAgo(61), completedAt: null })] }, codes: ['BACKUP_STUCK'] },
  { because: 'its kind always takes that long', hub: { backups: [...BACKUPS, backup('credentials', { startedAt: minutesAgo(300), completedAt: minutesAgo(280) }), backup('credentials', { phase: 'InProgress', startedAt: minutesAgo(61), completedAt: null })] }, codes: [] },
  { because: 'one part never succeeded', hub: { backups: BACKUPS.map((one) => (one.type === 'resources' ? { ...one, phase: 'Failed' } : one)) }, codes: ['BACKUP_PART_MISSING'] },
  { because: 'without any backup another finding says so', hub: { backups: [] }, codes: [] },
  { because: 'the schedule no longer runs', hub: { backups: BACKUPS.filter(({ type }) => type !== 'validation') }, codes: ['VALIDATION_BACKUP_MISSING'] },
  { because: 'a paused one does not mean to', hub: { backups: BACKUPS.filter(({ type }) => type !== 'validation'), schedules: [{ ...schedule, paused: true }] }, codes: [] },
  { because: 'a Restore went wrong', hub: { restores: [restore({ phase: 'Error' })] }, codes: ['RESTORE_IN_ERROR'] },
  { because: 'nobody acts on a Restore', hub: { restores: [restore({ phase: null })] }, codes: ['RESTORE_IN_ERROR'] },
])('$codes: $because', ({ hub, codes }) => {
  expect(backupHealth(side('east', hub), now).map(({ code }) => code)).toEqual(codes);
});

test.each<{ because: string; setup: HubSetup | null; codes: string[]; cause?: string }>([
  { because: 'nothing is wrong', setup, codes: [] },
  { because: 'no inspection has been made yet', setup: null, codes: [] },
  { because: 'what could not be read is not fine', setup: { ...setup, gitOps: FORBIDDEN, evictionGrace: FORBIDDEN }, codes: ['HUB_SETUP_UNREAD'], cause: 'the eviction grace period (HUB_FORBIDDEN), what Argo CD holds (HUB_FORBIDDEN)' },
  { because: 'Argo CD would undo a pause', setup: { ...setup, gitOps: read([{ kind: 'BackupSchedule', name: 's', application: 'acm' }]) }, codes: ['GITOPS_HOLDS_RHACM'], cause: 'BackupSchedule s (application acm)' },
])('$codes: $because', ({ setup: of, codes, cause = '' }) => {
  const told = setupHealth(side('east', { setup: of }));
  expect(told.map(({ code }) => code)).toEqual(codes);
  expect(told.map((one) => one.cause).join()).toContain(cause);
  expect(told.every(({ checkedAt }) => checkedAt?.getTime() === minutesAgo(5).getTime())).toBe(true);
});

const cluster = (name: string, of: Partial<Pair['sourceClusters'][number]> = {}) => ({ name, isLocal: false, restoredFromBackup: null, ...of });
const local = (name: string) => cluster(name, { isLocal: true });
const restored = cluster('x1', { restoredFromBackup: 'of-another' });
interface World { source?: Partial<HubSide>; target?: Partial<HubSide>; sourceClusters?: Pair['sourceClusters']; targetClusters?: Pair['targetClusters']; reservations?: Pair['reservations'] }

test.each<{ because: string; world: World; codes: string[]; cause?: string }>([
  { because: 'nothing is wrong', world: {}, codes: [] },
  { because: 'the target is older', world: { target: { release: '2.9.3' } }, codes: ['TARGET_RELEASE_OLDER'], cause: '2.9.3' },
  { because: 'a patch older', world: { source: { release: '2.15.1' } }, codes: ['TARGET_RELEASE_OLDER'] },
  { because: 'a newer target takes all', world: { target: { release: '2.16.0' } }, codes: [] },
  { because: 'the target’s release is not known', world: { target: { release: null } }, codes: ['TARGET_RELEASE_UNKNOWN'], cause: 'hub west is not known' },
  { because: 'nor is the source’s', world: { source: { release: null }, target: { release: null } }, codes: ['TARGET_RELEASE_UNKNOWN'], cause: 'hub east and hub west' },
  { because: 'the target lacks a component', world: { source: { setup: { ...setup, components: read(['cluster-backup', 'hive', 'search']) } } }, codes: ['COMPONENTS_MISSING_ON_TARGET'], cause: 'search' },
  { because: 'the source lacks one', world: { target: { setup: { ...setup, components: read(['cluster-backup', 'hive', 'search']) } } }, codes: [] },
  { because: 'the hubs call themselves otherwise', world: { targetClusters: [local('hub-west')] }, codes: ['LOCAL_CLUSTER_RENAMED'] },
  { because: 'the target took over another fleet', world: { targetClusters: [local('local-cluster'), restored] }, codes: ['EARLIER_TAKEOVER_ON_TARGET'], cause: 'x1' },
  { because: 'it came from this source', world: { targetClusters: [local('local-cluster'), cluster('x1', { restoredFromBackup: 'mc' })] }, codes: [] },
  { because: 'the standing Restore would detach them', world: { targetClusters: [local('local-cluster'), restored], target: { restores: [restore({ cleanupBeforeRestore: 'CleanupRestored' })] } }, codes: ['CLEANUP_WOULD_DETACH'], cause: 'CleanupRestored' },
  { because: 'the standing Restore deletes nothing', world: { targetClusters: [local('local-cluster'), restored], target: { restores: [restore({ cleanupBeforeRestore: 'None' })] } }, codes: ['EARLIER_TAKEOVER_ON_TARGET'] },
  { because: 'it takes back whatever leaves', world: { target: { setup: { ...setup, importStrategy: read('ImportAndSync') } } }, codes: ['TARGET_IMPORT_STRATEGY'], cause: 'ImportAndSync' },
  { because: 'a cluster that it knows stays pending', world: { targetClusters: [local('local-cluster'), cluster('c1', { restoredFromBackup: 'mc' })] }, codes: ['TARGET_IMPORT_STRATEGY'], cause: 'c1' },
  { because: 'an hour later works are evicted', world: { target: { setup: { ...setup, evictionGrace: ABSENT } } }, codes: ['EVICTION_GRACE_NOT_SET'] },
  { because: 'on the source it matters to nobody', world: { source: { setup: { ...setup, evictionGrace: ABSENT } } }, codes: [] },
  { because: 'two compact one store', world: { source: { setup: { ...setup, observability: read(['o']) } }, target: { setup: { ...setup, observability: read(['o']) } } }, codes: ['OBSERVABILITY_ON_BOTH'] },
  { because: 'one alone writes', world: { source: { setup: { ...setup, observability: read(['o']) } } }, codes: [] },
  { because: 'another failover runs there', world: { reservations: [{ by: 'FAILOVER', plan: 'p2' }] }, codes: ['TARGET_RESERVED'], cause: 'p2' },
  { because: 'another plan counts on it', world: { reservations: [{ by: 'PLAN', plan: 'p2' }] }, codes: ['TARGET_SHARED'] },
])('$codes: $because', ({ world, codes, cause = '' }) => {
  const told = pairHealth({
    source: side('east', world.source), target: side('west', world.target), sourceClusters: world.sourceClusters ?? [local('local-cluster'), cluster('c1')], targetClusters: world.targetClusters ?? [local('local-cluster')],
    reservations: world.reservations ?? [],
  }, new Set(['mc']));
  expect(told.map(({ code }) => code)).toEqual(codes);
  expect(told.map((one) => one.cause).join()).toContain(cause);
});
