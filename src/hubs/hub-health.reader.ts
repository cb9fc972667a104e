import { annotations, importStrategyConfig, labels, namespaces } from '../common/rhacm-names.js';
import { at, countAt, flagAt, listAt, textAt } from '../common/untrusted.js';
import type { HubClient } from '../kube/hub-client.js';
import { isKubeError } from '../kube/kube-error.js';
import type { KubeObject, ListOptions, ResourceType } from '../kube/kube.types.js';
import { resources } from '../kube/resources.js';
import { enabledComponents } from './components.rules.js';
import { healthKinds } from './health-kinds.js';
import type { DeploymentFacts, HealthReading, OadpSubscription, PodFacts } from './hub-health.rules.js';
import type { GitOpsHold, HiveClusters, HubSetup } from './hub-setup.types.js';
import type { Read } from './reading.rules.js';

const OADP_PACKAGE = 'redhat-oadp-operator';
const VELERO_PODS = 'app.kubernetes.io/name=velero';
/** Where the MultiClusterEngine names no other. */
const ENGINE_NAMESPACE = 'multicluster-engine';
const GLOBAL_CONFIG = 'global';
/** Argo CD's kinds of hold on RHACM's resources that are told; more say nothing new. */
const HOLDS_KEPT = 50;

/** Kinds that a failover pauses, annotates or makes: who puts them back undoes it. */
const HELD_KINDS: ReadonlySet<string> = new Set([
  'BackupSchedule', 'Restore', 'ManagedCluster', 'ManagedClusterSet', 'KlusterletAddonConfig', 'KlusterletConfig', 'MultiClusterHub', 'MultiClusterEngine', 'DataProtectionApplication',
]);
const HELD_GROUPS = /(^|\.)open-cluster-management\.io$|^multicluster\.openshift\.io$|^oadp\.openshift\.io$/;

/** Absence is an answer; that something could not be read is one too. */
export async function read<T>(ask: () => Promise<T>): Promise<Read<T>> {
  try {
    return { is: 'READ', value: await ask() };
  } catch (error) {
    if (isKubeError(error, 'KUBE_NOT_FOUND')) return { is: 'ABSENT' };
    if (isKubeError(error)) return { is: 'FAILED', code: error.code };
    throw error;
  }
}

export const mapRead = <A, B>(from: Read<A>, change: (value: A) => B): Read<B> => (from.is === 'READ' ? { is: 'READ', value: change(from.value) } : from);

export async function listOf(client: HubClient, type: ResourceType, options: ListOptions = {}): Promise<KubeObject[]> {
  const found: KubeObject[] = [];
  for await (const page of client.listAll(type, { ...options, limit: 500 })) found.push(...page.items);
  return found;
}

/** What an inspection has in its hands already. */
export interface Operators {
  readonly engines: Read<readonly KubeObject[]>;
  readonly hubs: Read<readonly KubeObject[]>;
  readonly openshift: string | null;
  readonly release: string | null;
}

/** Looks at those who back up and restore on a hub, and at how it is set up. Reads alone. */
export async function readHealth(client: HubClient, operators: Operators): Promise<{ health: HealthReading; setup: HubSetup }> {
  const { engines, hubs, openshift, release } = operators;
  const [subscriptions, deployments, veleroPods, hive, importStrategy, evictionGrace, observability, gitOps] = await Promise.all([
    read(() => listOf(client, healthKinds.subscription)),
    read(() => listOf(client, healthKinds.deployment, { namespace: namespaces.backup })),
    read(() => listOf(client, healthKinds.pod, { namespace: namespaces.backup, labelSelector: VELERO_PODS })),
    readHive(client),
    readImportStrategy(client, engines),
    readEvictionGrace(client),
    read(() => listOf(client, healthKinds.observability, { metadataOnly: true })),
    readGitOps(client),
  ]);
  const setup: HubSetup = {
    components: componentsOf(engines, hubs), importStrategy, evictionGrace, observability: mapRead(observability, (found) => found.map(({ metadata }) => metadata.name).sort()), gitOps, hive,
  };
  const health: HealthReading = {
    release, openshift, hive,
    subscriptions: mapRead(subscriptions, (found) => found.filter(isOadp).map(subscriptionFacts)),
    deployments: mapRead(deployments, (found) => found.map(deploymentFacts)),
    veleroPods: mapRead(veleroPods, (found) => found.map(podFacts)),
  };
  return { health, setup };
}

function componentsOf(engines: Read<readonly KubeObject[]>, hubs: Read<readonly KubeObject[]>): Read<readonly string[]> {
  if (engines.is !== 'READ') return engines;
  if (hubs.is !== 'READ') return hubs;
  return { is: 'READ', value: [...new Set([...engines.value, ...hubs.value].flatMap(enabledComponents))].sort() };
}

const isOadp = ({ spec, metadata }: KubeObject): boolean => (textAt(spec, ['name'], 253) ?? metadata.name) === OADP_PACKAGE;

const subscriptionFacts = ({ metadata, spec, status }: KubeObject): OadpSubscription => ({
  namespace: metadata.namespace ?? '', name: metadata.name, channel: textAt(spec, ['channel'], 100), installed: textAt(status, ['installedCSV'], 253),
});

const deploymentFacts = ({ metadata, spec, status }: KubeObject): DeploymentFacts => ({
  name: metadata.name, wanted: countAt(spec, 'replicas') ?? 1, available: countAt(status, 'availableReplicas') ?? 0,
});

function podFacts({ metadata, status }: KubeObject): PodFacts {
  const containers = listAt(status, 'containerStatuses');
  return {
    name: metadata.name,
    restarts: containers.reduce<number>((sum, one) => sum + (countAt(one, 'restartCount') ?? 0), 0),
    outOfMemory: containers.some((one) => at(one, 'lastState', 'terminated', 'reason') === 'OOMKilled' || at(one, 'state', 'terminated', 'reason') === 'OOMKilled'),
    crashLooping: containers.some((one) => at(one, 'state', 'waiting', 'reason') === 'CrashLoopBackOff'),
  };
}

/** Hive reconnects its clusters by their kubeconfigs, which are in the backup by their label. */
async function readHive(client: HubClient): Promise<Read<HiveClusters>> {
  const deployments = await read(() => listOf(client, resources.clusterDeployment));
  if (deployments.is !== 'READ') return deployments;
  const secrets: Read<KubeObject[]> = deployments.value.length === 0
    ? { is: 'READ', value: [] }
    : await read(() => listOf(client, resources.secret, { metadataOnly: true, labelSelector: labels.hiveSecretType }));
  return mapRead(secrets, (found) => {
    const kept = new Set(found.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
    const isKept = ({ metadata, spec }: KubeObject): boolean => kept.has(`${metadata.namespace}/${textAt(spec, ['clusterMetadata', 'adminKubeconfigSecretRef', 'name'], 253) ?? ''}`);
    const namesOf = (some: readonly KubeObject[]): string[] => some.map(({ metadata }) => metadata.namespace ?? metadata.name).sort();
    return {
      clusters: deployments.value.length,
      notPreserved: namesOf(deployments.value.filter(({ spec }) => !flagAt(spec, 'preserveOnDelete'))),
      kubeconfigNotInBackup: namesOf(deployments.value.filter((one) => !isKept(one))),
    };
  });
}

async function readImportStrategy(client: HubClient, engines: Read<readonly KubeObject[]>): Promise<Read<string>> {
  if (engines.is !== 'READ') return engines;
  const namespace = engines.value.map(({ spec }) => textAt(spec, ['targetNamespace'], 253)).find((one) => one !== null) ?? ENGINE_NAMESPACE;
  const config = await read(() => client.get(resources.configMap, { name: importStrategyConfig.name, namespace }));
  if (config.is !== 'READ') return config;
  const told = textAt(config.value, ['data', importStrategyConfig.key], 100);
  return told === null ? { is: 'ABSENT' } : { is: 'READ', value: told };
}

async function readEvictionGrace(client: HubClient): Promise<Read<string>> {
  const config = await read(() => client.get(resources.klusterletConfig, { name: GLOBAL_CONFIG }));
  if (config.is !== 'READ') return config;
  const told = textAt(config.value.spec, ['appliedManifestWorkEvictionGracePeriod'], 100);
  return told === null ? { is: 'ABSENT' } : { is: 'READ', value: told };
}

/** By what Argo CD writes on the objects that it holds, and by what its applications say where they are on the hub itself. */
async function readGitOps(client: HubClient): Promise<Read<readonly GitOpsHold[]>> {
  const marked = await read(async () => {
    const lists = await Promise.all([
      holdsOn(client, resources.backupSchedule, { namespace: namespaces.backup }), holdsOn(client, resources.restore, { namespace: namespaces.backup }), holdsOn(client, resources.managedCluster, {}),
    ]);
    return lists.flat();
  });
  if (marked.is === 'FAILED') return marked;
  const applications = await read(() => listOf(client, healthKinds.application));
  if (applications.is === 'FAILED') return applications;
  const told = [...(marked.is === 'READ' ? marked.value : []), ...(applications.is === 'READ' ? applications.value.flatMap(holdsOf) : [])];
  const unique = [...new Map(told.map((hold) => [`${hold.kind}/${hold.name}`, hold])).values()];
  return { is: 'READ', value: unique.sort((a, b) => (`${a.kind}/${a.name}` < `${b.kind}/${b.name}` ? -1 : 1)).slice(0, HOLDS_KEPT) };
}

/** A kind that the hub does not serve is held by nobody; whatever else goes wrong must not pass for that. @throws KubeError */
async function holdsOn(client: HubClient, type: ResourceType, options: ListOptions): Promise<GitOpsHold[]> {
  const found = await listOf(client, type, { ...options, metadataOnly: true }).catch((error: unknown) => {
    if (isKubeError(error, 'KUBE_NOT_FOUND')) return [];
    throw error;
  });
  return found.flatMap(({ metadata }) => {
    const tracking = textAt(metadata.annotations, [annotations.argoTracking], 1000);
    const application = textAt(metadata.labels, [labels.argoInstance], 253) ?? tracking?.split(':')[0] ?? null;
    return application === null ? [] : [{ kind: type.kind, name: metadata.name, application }];
  });
}

function holdsOf(application: KubeObject): GitOpsHold[] {
  return listAt(application.status, 'resources').flatMap((one) => {
    const [group, kind, name] = [textAt(one, ['group'], 253), textAt(one, ['kind'], 100), textAt(one, ['name'], 253)];
    if (group === null || kind === null || name === null || !HELD_KINDS.has(kind) || !HELD_GROUPS.test(group)) return [];
    return [{ kind, name, application: application.metadata.name }];
  });
}
