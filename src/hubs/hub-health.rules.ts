import type { HiveClusters } from './hub-setup.types.js';
import type { PrerequisiteCode } from './hubs.types.js';
import { unread, verdict, type PrerequisiteVerdict, type Read } from './reading.rules.js';

/** A Subscription of OADP's operator. */
export interface OadpSubscription {
  readonly namespace: string;
  readonly name: string;
  readonly channel: string | null;
  /** `status.installedCSV`; null: nothing is installed yet */
  readonly installed: string | null;
}

export interface DeploymentFacts {
  readonly name: string;
  readonly wanted: number;
  readonly available: number;
}

export interface PodFacts {
  readonly name: string;
  readonly restarts: number;
  /** The container's last end was for want of memory */
  readonly outOfMemory: boolean;
  /** It waits to be started again, since it ends again and again */
  readonly crashLooping: boolean;
}

/** What an inspection has found of those that back up and restore on a hub. */
export interface HealthReading {
  /** Release of RHACM, as MultiClusterHub tells */
  readonly release: string | null;
  /** Release of OpenShift, as ClusterVersion tells */
  readonly openshift: string | null;
  /** OADP's, in every namespace */
  readonly subscriptions: Read<readonly OadpSubscription[]>;
  /** In the backup namespace */
  readonly deployments: Read<readonly DeploymentFacts[]>;
  readonly veleroPods: Read<readonly PodFacts[]>;
  readonly hive: Read<HiveClusters>;
}

const BACKUP_NAMESPACE = 'open-cluster-management-backup';
const NAMES_SHOWN = 5;
/** Beyond this a pod that runs now is not steady. */
const MOST_RESTARTS = 4;

type Version = readonly [major: number, minor: number];

/** `1.5` in `stable-1.5`, `oadp-operator.v1.5.2` or `2.15.0`. */
function versionIn(text: string | null): Version | null {
  const found = /(?:^|[^\d.])v?(\d{1,4})\.(\d{1,4})/.exec(text ?? '');
  return found === null ? null : [Number(found[1]), Number(found[2])];
}

const isBelow = (a: Version, b: Version): boolean => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
const inWords = ([major, minor]: Version): string => `${major}.${minor}`;

/** The oldest OADP that its makers support on an OpenShift of this minor or a later one. @see openshift/oadp-operator, PARTNERS.md */
const OADP_OF_OPENSHIFT: readonly (readonly [openshiftMinor: number, oadp: Version])[] = [[21, [1, 6]], [19, [1, 5]], [16, [1, 4]], [14, [1, 3]]];
/** The channel that the chart of RHACM's backup operator subscribes to, at least. */
const OADP_OF_RHACM: readonly (readonly [rhacmMinor: number, oadp: Version])[] = [[11, [1, 4]], [10, [1, 3]]];

function leastOadp(release: string | null, openshift: string | null): { version: Version; because: string } | null {
  const asked = [
    { name: 'RHACM', major: 2, told: release, table: OADP_OF_RHACM },
    { name: 'OpenShift', major: 4, told: openshift, table: OADP_OF_OPENSHIFT },
  ].flatMap(({ name, major, told, table }) => {
    const known = versionIn(told);
    const row = known?.[0] === major ? table.find(([minor]) => known[1] >= minor) : undefined;
    return row === undefined || known === null ? [] : [{ version: row[1], because: `${name} ${inWords(known)}` }];
  });
  return asked.reduce<{ version: Version; because: string } | null>((most, one) => (most === null || isBelow(most.version, one.version) ? one : most), null);
}

const versionOf = ({ installed, channel }: OadpSubscription): Version | null => versionIn(installed) ?? versionIn(channel);
const toldOf = ({ installed, channel }: OadpSubscription): string => `channel ${channel ?? 'not set'}, installed ${installed ?? 'nothing'}`;

function subscriptionVerdicts({ subscriptions, release, openshift }: HealthReading): PrerequisiteVerdict[] {
  const codes = ['OADP_SUBSCRIBED', 'OADP_CHANNEL_SUITS', 'OADP_CHANNELS_AGREE'] as const;
  if (subscriptions.is === 'FAILED') return codes.map((code) => unread(code, 'The Subscriptions of OADP', subscriptions.code));
  if (subscriptions.is === 'ABSENT') return codes.map((code) => unread(code, 'The Subscriptions of OADP', 'the hub does not serve Subscriptions'));
  const own = subscriptions.value.find(({ namespace }) => namespace === BACKUP_NAMESPACE);
  if (own === undefined) {
    const cause = `There is no Subscription of redhat-oadp-operator in ${BACKUP_NAMESPACE}`;
    return codes.map((code) => verdict(code, 'NOT_MET', cause, 'Enable the component cluster-backup: it subscribes to OADP; or subscribe by hand.'));
  }
  return [verdict(codes[0], 'MET', `Subscription ${own.name} stands in ${BACKUP_NAMESPACE}`), channelVerdict(own, release, openshift), agreementVerdict(own, subscriptions.value)];
}

function channelVerdict(own: OadpSubscription, release: string | null, openshift: string | null): PrerequisiteVerdict {
  const code = 'OADP_CHANNEL_SUITS';
  const [least, version] = [leastOadp(release, openshift), versionOf(own)];
  if (least === null) return verdict(code, 'UNKNOWN', `Which OADP the hub wants is not known: RHACM ${release ?? 'unknown'}, OpenShift ${openshift ?? 'unknown'}`, 'Compare the Subscription with RHACM\u2019s support matrix.');
  if (version === null) return verdict(code, 'UNKNOWN', `The version of OADP cannot be told: ${toldOf(own)}`, 'Wait until OADP is installed, then inspect again.', 'NOBODY');
  if (!isBelow(version, least.version)) return verdict(code, 'MET', `OADP ${inWords(version)} suits ${least.because}`);
  return verdict(code, 'NOT_MET', `OADP ${inWords(version)} is older than ${inWords(least.version)}, which ${least.because} wants`, `Set the channel of the Subscription to one of ${inWords(least.version)} or newer.`);
}

/** OADP's CRDs are of the whole cluster: two versions write each other's objects. */
function agreementVerdict(own: OadpSubscription, all: readonly OadpSubscription[]): PrerequisiteVerdict {
  const code = 'OADP_CHANNELS_AGREE';
  const others = all.filter((one) => one !== own && (one.channel !== own.channel || one.namespace === own.namespace));
  if (others.length === 0) return verdict(code, 'MET', 'No other OADP on the hub follows another channel');
  const told = others.map((one) => `${one.namespace}/${one.name} (${toldOf(one)})`).sort();
  return verdict(code, 'NOT_MET', `OADP in ${BACKUP_NAMESPACE} has channel ${own.channel ?? 'not set'}; beside it ${named(told)}`, 'Let every OADP on the hub follow the same channel: its CRDs are cluster-wide.');
}

const ROLES: readonly { readonly code: PrerequisiteCode; readonly what: string; readonly isIt: (name: string) => boolean; readonly remedy: string }[] = [
  { code: 'BACKUP_OPERATOR_RUNNING', what: 'the backup operator', isIt: (name) => name.startsWith('cluster-backup-chart'), remedy: 'Look at its Deployment and events: without it no BackupSchedule and no Restore is acted on.' },
  { code: 'OADP_OPERATOR_RUNNING', what: 'the OADP operator', isIt: (name) => name === 'openshift-adp-controller-manager', remedy: 'Look at its Deployment and Subscription: without it changes of storage are not taken up.' },
  { code: 'VELERO_RUNNING', what: 'Velero', isIt: (name) => name === 'velero', remedy: 'Look at the DataProtectionApplication\u2019s conditions and at Velero\u2019s pod: without it nothing is backed up or restored.' },
];

function deploymentVerdicts({ deployments }: HealthReading): PrerequisiteVerdict[] {
  return ROLES.map(({ code, what, isIt, remedy }) => {
    if (deployments.is === 'FAILED') return unread(code, `The Deployments in ${BACKUP_NAMESPACE}`, deployments.code);
    const found = (deployments.is === 'READ' ? deployments.value : []).filter(({ name }) => isIt(name));
    const [first] = found;
    if (first === undefined) return verdict(code, 'NOT_MET', `There is no Deployment of ${what} in ${BACKUP_NAMESPACE}`, remedy);
    const running = found.find(({ available }) => available > 0);
    if (running !== undefined) return verdict(code, 'MET', `Deployment ${running.name} is available`);
    return verdict(code, 'NOT_MET', `Deployment ${first.name} has no available pod${first.wanted === 0 ? ': it is scaled to 0' : ''}`, remedy);
  });
}

function steadyVerdict({ veleroPods }: HealthReading): PrerequisiteVerdict {
  const code = 'VELERO_STEADY';
  if (veleroPods.is === 'FAILED') return unread(code, 'Velero\u2019s pods', veleroPods.code);
  const pods = veleroPods.is === 'READ' ? veleroPods.value : [];
  const [killed, looping, restless] = [pods.find((pod) => pod.outOfMemory), pods.find((pod) => pod.crashLooping), pods.find((pod) => pod.restarts > MOST_RESTARTS)];
  if (killed !== undefined) {
    const remedy = 'Give Velero more memory in the DataProtectionApplication: 2,000 clusters need 1 Gi, 3,500 ran with 8 Gi; 256 Mi is the default.';
    return verdict(code, 'NOT_MET', `Pod ${killed.name} was ended for want of memory; ${restartsOf(killed)}`, remedy);
  }
  const bad = looping ?? restless;
  if (bad !== undefined) return verdict(code, 'NOT_MET', `Pod ${bad.name} ends again and again; ${restartsOf(bad)}`, 'Read the log of Velero\u2019s last run: kubectl logs --previous.');
  if (pods.length === 0) return verdict(code, 'UNKNOWN', 'There is no pod of Velero to look at', 'See that Velero\u2019s Deployment is available.');
  return verdict(code, 'MET', 'Velero\u2019s pod runs steadily');
}

const restartsOf = ({ restarts }: PodFacts): string => `${restarts} ${restarts === 1 ? 'restart' : 'restarts'}`;

function hiveVerdict({ hive }: HealthReading): PrerequisiteVerdict {
  const code = 'HIVE_CLUSTERS_SAFE';
  if (hive.is === 'FAILED') return unread(code, 'The ClusterDeployments', hive.code);
  if (hive.is === 'ABSENT') return verdict(code, 'MET', 'The hub serves no ClusterDeployments: Hive made no cluster here');
  const { clusters, notPreserved, kubeconfigNotInBackup } = hive.value;
  const told = [
    ...(notPreserved.length === 0 ? [] : [`without spec.preserveOnDelete: ${named(notPreserved)}`]),
    ...(kubeconfigNotInBackup.length === 0 ? [] : [`kubeconfig not in the backup: ${named(kubeconfigNotInBackup)}`]),
  ];
  if (clusters === 0) return verdict(code, 'MET', 'There is no ClusterDeployment: Hive made no cluster here');
  if (told.length === 0) return verdict(code, 'MET', `Every ClusterDeployment (${clusters}) is preserved, and its kubeconfig is in the backup`);
  return verdict(code, 'NOT_MET', `ClusterDeployments ${told.join('; ')}`, 'Set spec.preserveOnDelete: true on each before anything is deleted, and label its kubeconfig Secret hive.openshift.io/secret-type: kubeconfig.');
}

function named(names: readonly string[]): string {
  const sorted = [...names].sort();
  const shown = sorted.slice(0, NAMES_SHOWN).join(', ');
  return sorted.length > NAMES_SHOWN ? `${shown} and ${sorted.length - NAMES_SHOWN} more` : shown;
}

/** Whether those who back up and restore on a hub are there and run. */
export function healthVerdicts(reading: HealthReading): PrerequisiteVerdict[] {
  return [...subscriptionVerdicts(reading), ...deploymentVerdicts(reading), steadyVerdict(reading), hiveVerdict(reading)];
}
