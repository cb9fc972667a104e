import type { HealthReading } from './hub-health.rules.js';
import type { StorageFacts } from './hubs.types.js';
import { prerequisitesOf, type HubReading, type ScheduleSummary } from './prerequisites.rules.js';
import type { Read } from './reading.rules.js';

const read = <T>(value: T): Read<T> => ({ is: 'READ', value });
const ABSENT = { is: 'ABSENT' } as const;
const FORBIDDEN = { is: 'FAILED', code: 'HUB_FORBIDDEN' } as const;
const storage: StorageFacts = { name: 'dpa-1', provider: 'aws', bucket: 'b', prefix: null, s3Url: null, region: null, phase: 'Available', owned: true };
const schedule = (change: Partial<ScheduleSummary> = {}): ScheduleSummary => ({ name: 's', phase: 'Enabled', message: null, paused: false, useManagedServiceAccount: true, ...change });

const health: HealthReading = {
  release: '2.15.0', openshift: '4.20.4', subscriptions: read([{ namespace: 'open-cluster-management-backup', name: 'redhat-oadp-operator', channel: 'stable', installed: 'oadp-operator.v1.5.2' }]),
  deployments: read(['cluster-backup-chart-clusterbackup', 'openshift-adp-controller-manager', 'velero'].map((name) => ({ name, wanted: 1, available: 1 }))),
  veleroPods: read([{ name: 'velero-1', restarts: 0, outOfMemory: false, crashLooping: false }]), hive: read({ clusters: 1, notPreserved: [], kubeconfigNotInBackup: [] }),
};

const healthy: HubReading = {
  health,
  clusterId: read({ id: 'abc', substitute: false }),
  engine: read({ enabled: true }),
  hub: read({ enabled: true }),
  addOn: read(true as const),
  protection: read(['dpa']),
  storage: read([storage]),
  schedules: read([schedule()]),
  missingRights: read([]),
  clockSkewSeconds: 1,
};

test('a healthy hub meets them all, and nothing is to be done', () => {
  const verdicts = prerequisitesOf(healthy);
  expect(verdicts.map(({ state }) => state)).toEqual(verdicts.map(() => 'MET'));
  expect(verdicts.every(({ remedy }) => remedy === '')).toBe(true);
});

test.each([
  { seconds: 60, state: 'MET', cause: 'The hub\u2019s clock is within a minute of Lifeboat\u2019s' },
  { seconds: -60, state: 'MET', cause: 'The hub\u2019s clock is within a minute of Lifeboat\u2019s' },
  { seconds: 61, state: 'NOT_MET', cause: 'The hub\u2019s clock is about 1 minute ahead of Lifeboat\u2019s' },
  { seconds: -601, state: 'NOT_MET', cause: 'The hub\u2019s clock is about 10 minutes behind Lifeboat\u2019s' },
])('a clock that is off by $seconds s is $state', ({ seconds, state, cause }) => {
  expect(prerequisitesOf({ ...healthy, clockSkewSeconds: seconds }).find(({ code }) => code === 'CLOCK_IN_STEP')).toMatchObject({ state, cause });
});

test('of a clock that nobody has heard of nothing is said', () => {
  expect(prerequisitesOf({ ...healthy, clockSkewSeconds: null }).map(({ code }) => code)).not.toContain('CLOCK_IN_STEP');
});

const phase = (name: string | null, message: string | null = null): Partial<HubReading> => ({ schedules: read([schedule({ phase: name, message })]) });

test.each([
  { because: 'no RHACM', change: { engine: ABSENT }, code: 'MANAGED_SERVICE_ACCOUNT_ENABLED', state: 'NOT_MET' },
  { because: 'the component is off', change: { engine: read({ enabled: false }) }, code: 'MANAGED_SERVICE_ACCOUNT_ENABLED', state: 'NOT_MET' },
  { because: 'what could not be read is unknown, not absent', change: { engine: FORBIDDEN }, code: 'MANAGED_SERVICE_ACCOUNT_ENABLED', state: 'UNKNOWN' },
  { because: 'enabled, but not rolled out', change: { addOn: ABSENT }, code: 'MANAGED_SERVICE_ACCOUNT_ADDON_PRESENT', state: 'NOT_MET' },
  { because: 'backups are off', change: { hub: read({ enabled: false }) }, code: 'CLUSTER_BACKUP_ENABLED', state: 'NOT_MET' },
  { because: 'OADP is not installed', change: { protection: ABSENT }, code: 'DATA_PROTECTION_APPLICATION_PRESENT', state: 'NOT_MET' },
  { because: 'OADP has nothing to do', change: { protection: read([]) }, code: 'DATA_PROTECTION_APPLICATION_PRESENT', state: 'NOT_MET' },
  { because: 'the store does not answer', change: { storage: read([{ ...storage, phase: 'Unavailable' }]) }, code: 'BACKUP_STORAGE_AVAILABLE', state: 'NOT_MET' },
  { because: 'the operator uses no location without an owner', change: { storage: read([{ ...storage, owned: false }]) }, code: 'BACKUP_STORAGE_AVAILABLE', state: 'NOT_MET' },
  { because: 'one that works is enough', change: { storage: read([{ ...storage, phase: null }, storage]) }, code: 'BACKUP_STORAGE_AVAILABLE', state: 'MET' },
  { because: 'no schedule', change: { schedules: read([]) }, code: 'BACKUP_SCHEDULE_ENABLED', state: 'NOT_MET' },
  { because: 'no CRD', change: { schedules: ABSENT }, code: 'BACKUP_SCHEDULE_ENABLED', state: 'NOT_MET' },
  { because: 'the operator has not looked yet', change: phase('New'), code: 'BACKUP_SCHEDULE_ENABLED', state: 'UNKNOWN' },
  { because: 'its settings are wrong', change: phase('FailedValidation', 'not enabled'), code: 'BACKUP_SCHEDULE_ENABLED', state: 'NOT_MET' },
  { because: 'another hub writes there', change: phase('BackupCollision'), code: 'BACKUP_SCHEDULE_ENABLED', state: 'NOT_MET' },
  { because: 'someone paused it', change: phase('Paused'), code: 'BACKUP_SCHEDULE_ENABLED', state: 'NOT_MET' },
  { because: 'no phase tells nothing', change: phase(null), code: 'BACKUP_SCHEDULE_ENABLED', state: 'UNKNOWN' },
  { because: 'a phase of a release to come tells nothing', change: phase('Humming'), code: 'BACKUP_SCHEDULE_ENABLED', state: 'UNKNOWN' },
  { because: 'of two, the enabled one counts', change: { schedules: read([schedule({ name: 'a', phase: 'FailedValidation' }), schedule({ name: 'b' })]) }, code: 'BACKUP_SCHEDULE_ENABLED', state: 'MET' },
  { because: 'the operator would delete accounts', change: { schedules: read([schedule({ useManagedServiceAccount: false })]) }, code: 'MANAGED_SERVICE_ACCOUNT_IN_SCHEDULE', state: 'NOT_MET' },
  { because: 'also beside one that has it on', change: { schedules: read([schedule({ name: 'a' }), schedule({ name: 'b', useManagedServiceAccount: false, phase: 'Failed' })]) }, code: 'MANAGED_SERVICE_ACCOUNT_IN_SCHEDULE', state: 'NOT_MET' },
  { because: 'unless that one rests', change: { schedules: read([schedule({ name: 'a' }), schedule({ name: 'b', useManagedServiceAccount: false, paused: true })]) }, code: 'MANAGED_SERVICE_ACCOUNT_IN_SCHEDULE', state: 'MET' },
  { because: 'a right is missing', change: { missingRights: read(['patch secrets']) }, code: 'RIGHTS_SUFFICIENT', state: 'NOT_MET' },
  { because: 'reviews are refused', change: { missingRights: FORBIDDEN }, code: 'RIGHTS_SUFFICIENT', state: 'UNKNOWN' },
  { because: 'a hub without ClusterVersion', change: { clusterId: read({ id: 'namespace:1', substitute: true }) }, code: 'CLUSTER_ID_KNOWN', state: 'NOT_MET' },
] as { because: string; change: Partial<HubReading>; code: string; state: string }[])('$code $state: $because', ({ change, code, state }) => {
  const verdict = prerequisitesOf({ ...healthy, ...change }).find((one) => one.code === code);
  expect(verdict?.state).toBe(state);
  expect(verdict?.cause).not.toBe('');
  if (state !== 'MET') expect(verdict?.remedy).not.toBe('');
});
