import type { Prerequisite, StorageFacts } from '../hubs/hubs.types.js';
import { basisOfPlan, collidingClusters, hubFindings, overallVerdict, planFindings, SILENT_AFTER_MS, type HubFacts, type KnownCluster, type PlanFacts } from './plan-verdict.rules.js';
import type { Reservation } from './hub-pair.rules.js';
import type { VerdictCounts } from './readiness.types.js';

const now = new Date('2026-11-24T12:00:00Z');
const ago = (ms: number) => new Date(now.getTime() - ms);
const MINUTE = 60_000;

const storage: StorageFacts = { name: 'dpa', provider: 'aws', bucket: 'b', prefix: 'p', s3Url: null, region: null, phase: 'Available', owned: true };
const schedule = { name: 'schedule-acm', phase: 'Enabled', lastMessage: null, paused: false, veleroPaused: false };
const allShown = new Map(['cred', 'res', 'gen', 'mc'].map((name) => [name, 'Completed']));
const hub = (name: string, of: Partial<HubFacts> = {}): HubFacts => ({
  id: name, name, clusterId: `id-${name}`, reachability: 'REACHABLE', unreachableSince: null, lastErrorCode: null, fencing: 'NONE', fencingChangedAt: null, storage: [storage], prerequisites: [], release: '2.15.0', setup: null, inspectedAt: ago(MINUTE), backups: [],
  schedules: name === 'east' ? [schedule] : [], restores: [], shown: allShown, heardAt: now, tookOver: false, ...of,
});
const set = {
  id: 's', credentialsBackup: 'cred', resourcesBackup: 'res', genericBackup: 'gen', managedClustersBackup: 'mc', status: 'COMPLETE', startedAt: ago(30 * MINUTE), completedAt: ago(28 * MINUTE), managedClustersStartedAt: ago(29 * MINUTE),
  expiresAt: new Date(now.getTime() + 30 * 86_400_000),
};
const cluster = (name: string, of: Partial<KnownCluster> = {}): KnownCluster => ({ name, openshiftId: `id-${name}`, isLocal: false, excludedFromBackup: false, restoredFromBackup: null, ...of });

interface World { source?: Partial<HubFacts>; target?: Partial<HubFacts>; sets?: typeof set[]; rpoSeconds?: number; reachability?: string; sourceClusters?: KnownCluster[]; targetClusters?: KnownCluster[]; reservations?: Reservation[] }
function draftsOf(world: World): ReturnType<typeof planFindings> {
  const facts: PlanFacts & { sets: typeof set[] } = {
    source: hub('east', world.source), target: hub('west', world.target), rpoSeconds: world.rpoSeconds ?? 3600, plan: { reachability: world.reachability ?? 'PROBED' }, sets: world.sets ?? [set],
    reservations: world.reservations ?? [],
    sourceClusters: world.sourceClusters ?? [cluster('c1'), cluster('local-cluster', { isLocal: true, excludedFromBackup: true })], targetClusters: world.targetClusters ?? [cluster('local-cluster', { isLocal: true, openshiftId: 'other' })],
  };
  const { basis, set: chosen } = basisOfPlan(facts.source, facts.target, facts.sets, now);
  return planFindings(facts, basis, chosen, new Set(['mc']), now);
}
const findingsOf = (world: World): string[] => draftsOf(world).map((one) => `${one.code} ${one.verdict}`);

const unmet = (code: Prerequisite['code'], state: Prerequisite['state'] = 'NOT_MET'): Prerequisite => ({ hubId: 'x', code, state, cause: 'it is off', remedy: 'turn it on', remedyBy: 'HUB_ADMIN', since: now, checkedAt: now });
const nothingShown = new Map<string, string>();
const dead: Partial<HubFacts> = { reachability: 'UNREACHABLE', unreachableSince: ago(5 * MINUTE), lastErrorCode: 'HUB_UNREACHABLE', heardAt: ago(5 * MINUTE) };

test.each<{ because: string; world: World; codes: string[] }>([
  { because: 'nothing is wrong', world: {}, codes: [] },
  { because: 'the source is dead: that is what plans are for', world: { source: dead }, codes: ['SOURCE_UNREACHABLE READY'] },
  { because: 'the target is dead', world: { target: dead }, codes: ['TARGET_UNREACHABLE NOT_READY'] },
  { because: 'the source is silent, though nobody knows why', world: { source: { heardAt: ago(SILENT_AFTER_MS + 1) } }, codes: ['FACTS_STALE UNKNOWN'] },
  { because: 'the source was never read', world: { source: { heardAt: null } }, codes: ['FACTS_STALE UNKNOWN'] },
  { because: 'that the target reaches the clusters is assumed: that is said, and costs nothing', world: { reachability: 'ASSUMED' }, codes: ['TARGET_PATH_ASSUMED READY'] },
  { because: 'every set has expired: the target’s word is enough, though the source is dead', world: { source: dead, sets: [{ ...set, expiresAt: ago(1) }] }, codes: ['NO_BACKUP_SET NOT_READY', 'SOURCE_UNREACHABLE READY'] },
  { because: 'the dead source had begun one; the target will never show it', world: { source: dead, sets: [{ ...set, status: 'IN_PROGRESS' }], target: { shown: nothingShown } }, codes: ['NO_BACKUP_SET NOT_READY', 'SOURCE_UNREACHABLE READY'] },
  { because: 'the dead source alone shows it', world: { source: dead, target: { shown: nothingShown } }, codes: ['BACKUP_NOT_ON_TARGET NOT_READY', 'SOURCE_UNREACHABLE READY'] },
  { because: 'there is no set', world: { sets: [] }, codes: ['NO_BACKUP_SET NOT_READY'] },
  { because: 'the target does not show the set', world: { target: { shown: nothingShown } }, codes: ['BACKUP_NOT_ON_TARGET NOT_READY'] },
  { because: 'half a set is none', world: { target: { shown: new Map([...allShown].filter(([name]) => name !== 'mc')) } }, codes: ['BACKUP_NOT_ON_TARGET NOT_READY'] },
  { because: 'no set is known, and the target is silent: it may have synced one', world: { sets: [], target: { shown: nothingShown, heardAt: ago(SILENT_AFTER_MS + 1) } }, codes: ['FACTS_STALE UNKNOWN', 'FACTS_STALE UNKNOWN'] },
  { because: 'the newest usable set is older than the plan allows', world: { rpoSeconds: 60 }, codes: ['RPO_EXCEEDED AT_RISK'] },
  { because: 'a part failed in part', world: { target: { shown: new Map([...allShown, ['res', 'PartiallyFailed']]) } }, codes: ['BACKUP_PARTIALLY_FAILED AT_RISK'] },
  { because: 'the set will be gone tomorrow', world: { sets: [{ ...set, expiresAt: new Date(now.getTime() + MINUTE) }] }, codes: ['BACKUP_SET_EXPIRES_SOON AT_RISK'] },
  {
    because: 'a newer set should have been there for long', world: { sets: [{ ...set, id: 't', credentialsBackup: 'cred2', startedAt: ago(10 * MINUTE), completedAt: ago(9 * MINUTE) }, set], source: { shown: new Map([...allShown, ['cred2', 'Completed']]) } },
    codes: ['NEWEST_SET_NOT_ON_TARGET AT_RISK'],
  },
  { because: 'an unmet prerequisite of the source endangers the next set', world: { source: { prerequisites: [unmet('MANAGED_SERVICE_ACCOUNT_ENABLED')] } }, codes: ['MANAGED_SERVICE_ACCOUNT_ENABLED AT_RISK'] },
  { because: 'an unmet prerequisite of the target stops the failover', world: { target: { prerequisites: [unmet('CLUSTER_BACKUP_ENABLED')] } }, codes: ['CLUSTER_BACKUP_ENABLED NOT_READY'] },
  { because: 'a passive hub makes no backups', world: { target: { prerequisites: [unmet('BACKUP_SCHEDULE_ENABLED')] } }, codes: [] },
  { because: 'what was not inspected is unknown', world: { target: { prerequisites: [unmet('RIGHTS_SUFFICIENT', 'UNKNOWN')] } }, codes: ['RIGHTS_SUFFICIENT UNKNOWN'] },
  { because: 'the schedule is paused', world: { source: { schedules: [{ ...schedule, phase: 'Paused', paused: true }] } }, codes: ['SCHEDULE_NOT_RUNNING AT_RISK'] },
  { because: 'the phase is Enabled, the Velero schedules are not', world: { source: { schedules: [{ ...schedule, veleroPaused: true }] } }, codes: ['SCHEDULE_NOT_RUNNING AT_RISK'] },
  { because: 'two hubs write to one bucket', world: { source: { schedules: [{ ...schedule, phase: 'BackupCollision' }] } }, codes: ['BACKUP_COLLISION AT_RISK'] },
  { because: 'it took the fleet over and nobody made a schedule', world: { source: { schedules: [], tookOver: true } }, codes: ['NEW_HUB_HAS_NO_SCHEDULE AT_RISK'] },
  { because: 'two schedules write the same backups', world: { source: { schedules: [schedule, { ...schedule, name: 'other' }] } }, codes: ['TWO_SCHEDULES_ENABLED AT_RISK'] },
  { because: 'nobody would act on a Restore', world: { target: { prerequisites: [unmet('BACKUP_OPERATOR_RUNNING')] } }, codes: ['BACKUP_OPERATOR_RUNNING NOT_READY'] },
  { because: 'Velero on the target starves', world: { target: { prerequisites: [unmet('VELERO_STEADY')] } }, codes: ['VELERO_STEADY AT_RISK'] },
  { because: 'Hive’s clusters of the target stay where they are', world: { target: { prerequisites: [unmet('HIVE_CLUSTERS_SAFE')] } }, codes: [] },
  { because: 'another failover has the target', world: { reservations: [{ by: 'FAILOVER', plan: 'p2' }] }, codes: ['TARGET_RESERVED NOT_READY'] },
  { because: 'the target backs up too', world: { target: { schedules: [schedule] } }, codes: ['TARGET_SCHEDULE_ACTIVE NOT_READY'] },
  { because: 'a collision makes no backups and is in nobody’s way', world: { target: { schedules: [{ ...schedule, phase: 'BackupCollision' }] } }, codes: [] },
  {
    because: 'a Restore has not ended', world: { target: { restores: [{ name: 'r', phase: 'Running', sync: false, managedClustersBackup: 'x', credentialsBackup: 'x', resourcesBackup: 'x', credentialsRestore: null, managedClustersRestore: null }] } },
    codes: ['TARGET_RESTORE_IN_THE_WAY NOT_READY'],
  },
  { because: 'another cluster bears the name', world: { targetClusters: [cluster('c1', { openshiftId: 'other' })] }, codes: ['CLUSTER_NAME_COLLISION NOT_READY'] },
  { because: 'the hub’s own cluster would be written over the other’s', world: { sourceClusters: [cluster('c1'), cluster('local-cluster', { isLocal: true })] }, codes: ['LOCAL_CLUSTER_IN_BACKUP AT_RISK'] },
  { because: 'another bucket, and no backup was ever seen there', world: { target: { storage: [{ ...storage, bucket: 'x' }], shown: nothingShown } }, codes: ['BACKUP_NOT_ON_TARGET NOT_READY', 'STORAGE_NOT_SHARED NOT_READY'] },
  { because: 'nobody read the locations', world: { source: { storage: null }, sets: [] }, codes: ['NO_BACKUP_SET NOT_READY', 'STORAGE_UNKNOWN UNKNOWN'] },
  { because: 'a returned hub is no target', world: { target: { fencing: 'RETURNED_UNFENCED' } }, codes: ['TARGET_UNFENCED NOT_READY'] },
  { because: 'a hub without clusters protects nothing', world: { sourceClusters: [] }, codes: ['NO_CLUSTERS UNKNOWN'] },
])('$codes: $because', ({ world, codes }) => {
  expect(findingsOf(world)).toEqual(codes);
});

test('the dead source changes no other verdict, however long it is dead', () => {
  const later = new Date(now.getTime() + 9 * 86_400_000);
  const [source, target] = [hub('east', dead), hub('west', { heardAt: later })];
  expect(basisOfPlan(source, target, [set], later)).toEqual(basisOfPlan(source, target, [set], now));
});

test.each([
  { because: 'the same cluster is no other one', target: cluster('c1'), collides: false },
  { because: 'it came there from a backup of this source', target: cluster('c1', { openshiftId: null, restoredFromBackup: 'mc' }), collides: false },
  { because: 'it came there from somebody else’s backup', target: cluster('c1', { openshiftId: null, restoredFromBackup: 'foreign' }), collides: true },
  { because: 'nobody knows whether it is the same', target: cluster('c1', { openshiftId: null }), collides: true },
])('collides $collides: $because', ({ target, collides }) => {
  expect(collidingClusters([cluster('c1')], [target], new Set(['mc']))).toEqual(collides ? ['c1'] : []);
});

const counts = (of: Partial<VerdictCounts>): VerdictCounts => ({ READY: 0, AT_RISK: 0, NOT_READY: 0, UNKNOWN: 0, NOT_NEEDED: 0, ...of });
test.each([
  { because: 'all come back', counts: counts({ READY: 3, NOT_NEEDED: 2 }), says: [], verdict: 'READY' },
  { because: 'one stays behind', counts: counts({ READY: 3, NOT_READY: 1 }), says: [], verdict: 'AT_RISK' },
  { because: 'nobody comes back', counts: counts({ NOT_READY: 3 }), says: [], verdict: 'NOT_READY' },
  { because: 'it cannot run at all', counts: counts({ READY: 3 }), says: ['NOT_READY'], verdict: 'NOT_READY' },
  { because: 'never green while anything is unknown', counts: counts({ READY: 3, UNKNOWN: 1 }), says: [], verdict: 'UNKNOWN' },
  { because: 'an unknown of the hubs counts too', counts: counts({ READY: 3 }), says: ['UNKNOWN'], verdict: 'UNKNOWN' },
  { because: 'nobody is known to come back, some may', counts: counts({ NOT_READY: 1, UNKNOWN: 1 }), says: [], verdict: 'UNKNOWN' },
  { because: 'a piece of news is no risk', counts: counts({ READY: 3 }), says: ['READY'], verdict: 'READY' },
] as const)('$verdict: $because', ({ counts: one, says, verdict }) => {
  expect(overallVerdict(one, says.map((effect) => ({ verdict: effect })))).toBe(verdict);
});

test.each([
  { because: 'it has told until then', heardAt: ago(5 * MINUTE), age: `known as of ${ago(5 * MINUTE).toISOString()}, and a hub notices within 5 minutes` },
  { because: 'it has never told', heardAt: null, age: null },
])('a source that is dead is told with the age of what it knew of its clusters: $because', ({ heardAt, age }) => {
  const cause = draftsOf({ source: { ...dead, heardAt } }).find(({ code }) => code === 'SOURCE_UNREACHABLE')?.cause ?? '';
  expect(cause).toContain('Hub east does not answer (HUB_UNREACHABLE)');
  expect(age === null ? !cause.includes('known as of') : cause.includes(age)).toBe(true);
});

test('a hub by itself tells what the next death would cost', () => {
  const codes = hubFindings(hub('east', { schedules: [], shown: nothingShown }), { kind: 'NO_SET' }, null, now).map((one) => one.code);
  expect(codes).toEqual(['NO_BACKUP_SET', 'SCHEDULE_NOT_RUNNING']);
});
