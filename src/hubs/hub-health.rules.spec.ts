import { healthVerdicts, type DeploymentFacts, type HealthReading, type OadpSubscription, type PodFacts } from './hub-health.rules.js';
import type { Read } from './reading.rules.js';

const read = <T>(value: T): Read<T> => ({ is: 'READ', value });
const ABSENT = { is: 'ABSENT' } as const;
const FORBIDDEN = { is: 'FAILED', code: 'HUB_FORBIDDEN' } as const;
const NAMESPACE = 'open-cluster-management-backup';
const own: OadpSubscription = { namespace: NAMESPACE, name: 'redhat-oadp-operator', channel: 'stable-1.5', installed: 'oadp-operator.v1.5.2' };
const oadp = (change: Partial<OadpSubscription>, ...others: OadpSubscription[]): Partial<HealthReading> => ({ subscriptions: read([{ ...own, ...change }, ...others]) });
const elsewhere = (channel: string): OadpSubscription => ({ ...own, namespace: 'apps', channel });
const running = (name: string): DeploymentFacts => ({ name, wanted: 1, available: 1 });
const ALL = ['cluster-backup-chart-clusterbackup', 'openshift-adp-controller-manager', 'velero'];
const without = (name: string): Partial<HealthReading> => ({ deployments: read(ALL.filter((one) => one !== name).map(running)) });
const pod = (change: Partial<PodFacts>): Partial<HealthReading> => ({ veleroPods: read([{ name: 'velero-1', restarts: 0, outOfMemory: false, crashLooping: false, ...change }]) });

const healthy: HealthReading = {
  release: '2.15.0', openshift: '4.20.4', subscriptions: read([own]), deployments: read(ALL.map(running)), veleroPods: read([{ name: 'velero-1', restarts: 1, outOfMemory: false, crashLooping: false }]),
  hive: read({ clusters: 2, notPreserved: [], kubeconfigNotInBackup: [] }),
};

test('all is well, and nothing is to be done', () => {
  const verdicts = healthVerdicts(healthy);
  expect(verdicts.map(({ state, remedy, remedyBy }) => [state, remedy, remedyBy])).toEqual(verdicts.map(() => ['MET', '', 'NOBODY']));
});

test.each<{ because: string; change: Partial<HealthReading>; code: string; state: string; cause?: string }>([
  { because: 'nobody subscribed', change: { subscriptions: read([]) }, code: 'OADP_SUBSCRIBED', state: 'NOT_MET' },
  { because: 'one elsewhere does not count', change: { subscriptions: read([elsewhere('stable')]) }, code: 'OADP_SUBSCRIBED', state: 'NOT_MET' },
  { because: 'we may not look', change: { subscriptions: FORBIDDEN }, code: 'OADP_SUBSCRIBED', state: 'UNKNOWN', cause: 'HUB_FORBIDDEN' },
  { because: 'a hub without OLM', change: { subscriptions: ABSENT }, code: 'OADP_CHANNEL_SUITS', state: 'UNKNOWN' },
  { because: 'older than this OpenShift wants', change: oadp({ channel: 'stable-1.4', installed: 'oadp-operator.v1.4.6' }), code: 'OADP_CHANNEL_SUITS', state: 'NOT_MET', cause: 'OADP 1.4 is older than 1.5, which OpenShift 4.20 wants' },
  { because: 'the same one suits an older OpenShift', change: { ...oadp({ channel: 'stable-1.4', installed: null }), openshift: '4.18.3' }, code: 'OADP_CHANNEL_SUITS', state: 'MET' },
  { because: 'older than this RHACM wants', change: { ...oadp({ channel: 'stable-1.3', installed: null }), openshift: '4.15.1', release: '2.12.1' }, code: 'OADP_CHANNEL_SUITS', state: 'NOT_MET', cause: 'RHACM 2.12 wants' },
  { because: 'no release is known', change: { release: null, openshift: null }, code: 'OADP_CHANNEL_SUITS', state: 'UNKNOWN' },
  { because: 'the channel says no version, and nothing is installed', change: oadp({ channel: 'stable', installed: null }), code: 'OADP_CHANNEL_SUITS', state: 'UNKNOWN' },
  { because: 'what is installed says it', change: oadp({ channel: 'stable', installed: 'oadp-operator.v1.10.0' }), code: 'OADP_CHANNEL_SUITS', state: 'MET' },
  { because: 'another OADP follows another channel', change: oadp({}, elsewhere('stable-1.4')), code: 'OADP_CHANNELS_AGREE', state: 'NOT_MET', cause: 'apps/redhat-oadp-operator' },
  { because: 'another OADP follows the same', change: oadp({}, elsewhere('stable-1.5')), code: 'OADP_CHANNELS_AGREE', state: 'MET' },
  { because: 'nobody acts on schedules', change: without(ALL[0]!), code: 'BACKUP_OPERATOR_RUNNING', state: 'NOT_MET' },
  { because: 'nobody sets up storage', change: without(ALL[1]!), code: 'OADP_OPERATOR_RUNNING', state: 'NOT_MET' },
  { because: 'nobody backs up', change: without('velero'), code: 'VELERO_RUNNING', state: 'NOT_MET' },
  { because: 'somebody scaled it down', change: { deployments: read([{ name: 'velero', wanted: 0, available: 0 }]) }, code: 'VELERO_RUNNING', state: 'NOT_MET', cause: 'scaled to 0' },
  { because: 'its pod does not come up', change: { deployments: read([{ name: 'velero', wanted: 1, available: 0 }]) }, code: 'VELERO_RUNNING', state: 'NOT_MET' },
  { because: 'we may not look', change: { deployments: FORBIDDEN }, code: 'VELERO_RUNNING', state: 'UNKNOWN', cause: 'HUB_FORBIDDEN' },
  { because: 'big hubs starve it', change: pod({ outOfMemory: true, restarts: 1 }), code: 'VELERO_STEADY', state: 'NOT_MET', cause: 'want of memory; 1 restart' },
  { because: 'it crashes', change: pod({ crashLooping: true }), code: 'VELERO_STEADY', state: 'NOT_MET' },
  { because: 'it has restarted often', change: pod({ restarts: 5 }), code: 'VELERO_STEADY', state: 'NOT_MET', cause: '5 restarts' },
  { because: 'a restart or two are none', change: pod({ restarts: 4 }), code: 'VELERO_STEADY', state: 'MET' },
  { because: 'there is none to look at', change: { veleroPods: read([]) }, code: 'VELERO_STEADY', state: 'UNKNOWN' },
  { because: 'we may not look', change: { veleroPods: FORBIDDEN }, code: 'VELERO_STEADY', state: 'UNKNOWN' },
  { because: 'a deletion would destroy them', change: { hive: read({ clusters: 3, notPreserved: ['h2', 'h1'], kubeconfigNotInBackup: [] }) }, code: 'HIVE_CLUSTERS_SAFE', state: 'NOT_MET', cause: 'without spec.preserveOnDelete: h1, h2' },
  { because: 'they would not come back', change: { hive: read({ clusters: 3, notPreserved: [], kubeconfigNotInBackup: ['h1'] }) }, code: 'HIVE_CLUSTERS_SAFE', state: 'NOT_MET', cause: 'kubeconfig not in the backup: h1' },
  { because: 'Hive is not there', change: { hive: ABSENT }, code: 'HIVE_CLUSTERS_SAFE', state: 'MET' },
  { because: 'we may not look', change: { hive: FORBIDDEN }, code: 'HIVE_CLUSTERS_SAFE', state: 'UNKNOWN' },
])('$code $state: $because', ({ change, code, state, cause = '' }) => {
  const found = healthVerdicts({ ...healthy, ...change }).find((one) => one.code === code);
  expect(found?.state).toBe(state);
  expect(found?.cause).toContain(cause);
  expect(found?.remedy === '').toBe(state === 'MET');
});
