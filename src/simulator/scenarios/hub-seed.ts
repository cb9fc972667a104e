/** What stands on a hub before anything happens there: operators with their switches, backup storage, identity, and the hub as its own cluster. */
import type { HubClient } from '../../kube/hub-client.js';
import { isKubeError } from '../../kube/kube-error.js';
import type { KubeObject, ObjectRef, ResourceType } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { withConditions } from '../actors/conditions.js';
import { eachAtOnce } from '../actors/hub-env.js';
import type { Release } from '../actors/hub-env.js';
import { imported, klusterletWork, klusterletWorks, manifestsSecret } from '../actors/import-keeper.actor.js';
import { accepted, available, clusterFacts, joined, leaseStopped, workApplied } from '../actors/klusterlet.actor.js';
import { rfc3339, type Json } from '../actors/json.js';
import { ADDON_NAMESPACE, BACKUP_NAMESPACE, ENGINE_NAMESPACE, FINALIZER, HUB_NAMESPACE, LABEL, STRATEGY_CONFIG } from '../actors/words.js';
import type { Bucket } from '../bucket/bucket.js';
import { objectsOf, type FleetCluster } from './fleet.js';
import { SOUND_UPKEEP, upkeepObjects, type HubUpkeep } from './hub-upkeep.js';

export interface HubSeed {
  readonly name: string;
  readonly clusterId: string;
  readonly release: Release;
  readonly components: { readonly managedServiceAccount: boolean; readonly clusterBackup: boolean };
  /** null: no storage location */
  readonly storage: Bucket | null;
  readonly importStrategy: 'ImportOnly' | 'ImportAndSync' | null;
  readonly localClusterName: string;
  /** Hubs label it so; without, it is in the backup and a restore writes it over another hub's */
  readonly localClusterExcluded: boolean;
  /** Default: all is well */
  readonly upkeep?: Partial<HubUpkeep>;
}

const MANAGER = 'installer';

interface Seeded {
  readonly type: ResourceType;
  readonly object: KubeObject;
  /** Written through the status subresource afterwards */
  readonly status?: Json;
}

const namespace = (name: string): Seeded => ({ type: resources.namespace, object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } });

/** Creates what is missing; what is there stays as it is. */
export async function seedHub(client: HubClient, seed: HubSeed, now: Date): Promise<void> {
  const names = [HUB_NAMESPACE, ENGINE_NAMESPACE, 'open-cluster-management-hub', ADDON_NAMESPACE, BACKUP_NAMESPACE, seed.localClusterName];
  await eachAtOnce(4, names.map(namespace), async (one) => {
    await put(client, one);
  });
  for (const one of hubObjects(seed, now)) await put(client, one);
  if (seed.storage) await seedStorage(client, seed.storage);
  for (const one of upkeepObjects({ ...SOUND_UPKEEP, ...seed.upkeep }, now)) await putIfServed(client, one);
}

/** @param writers creates in parallel */
export async function seedClusters(client: HubClient, clusters: readonly FleetCluster[], now: Date, writers: number): Promise<void> {
  await eachAtOnce(writers, clusters, async (cluster) => {
    for (const { type, object } of objectsOf(cluster)) {
      const status = type === resources.managedCluster && cluster.asleep === true ? asleepStatus(now) : undefined;
      await put(client, { type, object, ...(status ? { status } : {}) });
    }
  });
}

/** A cluster as it stands long after its import, everything at once: for hubs that take objects as they are. */
export function settledObjects(cluster: FleetCluster, clusterId: string, now: Date): KubeObject[] {
  const { name } = cluster;
  const asleep = cluster.asleep === true;
  const conditions = withConditions([], [accepted, joined, asleep ? leaseStopped : available, imported], now);
  return [
    ...objectsOf(cluster).map(({ type, object }): KubeObject => (type !== resources.managedCluster ? object : {
      ...object, metadata: { ...object.metadata, finalizers: [FINALIZER.importCleanup] }, status: { ...clusterFacts({ kind: cluster.kind, clusterId }), conditions },
    })),
    manifestsSecret(name),
    ...(cluster.kind === 'hosted' ? [] : klusterletWorks(name)).map((work) => ({ ...klusterletWork(name, work), status: { conditions: withConditions([], workApplied, now) } })),
  ];
}

/** A bare API server serves less than a hub does. */
async function putIfServed(client: HubClient, seeded: Seeded): Promise<void> {
  const { namespace } = seeded.object.metadata;
  try {
    if (namespace !== undefined && namespace !== BACKUP_NAMESPACE) await put(client, { type: resources.namespace, object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } } });
    await put(client, seeded);
  } catch (error) {
    if (!isKubeError(error, 'KUBE_NOT_FOUND')) throw error;
  }
}

async function put(client: HubClient, { type, object, status }: Seeded): Promise<KubeObject | null> {
  const ref: ObjectRef = object.metadata.namespace === undefined ? { name: object.metadata.name } : { name: object.metadata.name, namespace: object.metadata.namespace };
  let made: KubeObject | null;
  try {
    made = await client.create(type, object, { fieldManager: MANAGER });
  } catch (error) {
    if (!isKubeError(error, 'KUBE_ALREADY_EXISTS')) throw error;
    made = await client.find(type, ref);
  }
  if (status) await client.patch(type, ref, { status }, { patchType: 'merge', subresource: 'status', fieldManager: MANAGER });
  return made;
}

function hubObjects(seed: HubSeed, now: Date): Seeded[] {
  const { release, components, clusterId } = seed;
  return [
    {
      type: resources.clusterVersion,
      object: { apiVersion: 'config.openshift.io/v1', kind: 'ClusterVersion', metadata: { name: 'version' }, spec: { clusterID: clusterId, channel: 'stable-4.20' } },
      status: { desired: { version: '4.20.4' }, availableUpdates: [], observedGeneration: 1, versionHash: 'x' },
    },
    {
      type: resources.multiClusterEngine,
      object: {
        apiVersion: 'multicluster.openshift.io/v1', kind: 'MultiClusterEngine', metadata: { name: 'multiclusterengine' },
        spec: {
          targetNamespace: ENGINE_NAMESPACE, localClusterName: seed.localClusterName,
          overrides: { components: [{ name: 'managedserviceaccount', enabled: components.managedServiceAccount }, { name: 'hive', enabled: true }, { name: 'server-foundation', enabled: true }] },
        },
      },
      status: { phase: 'Available', currentVersion: release.engine, desiredVersion: release.engine },
    },
    {
      type: resources.multiClusterHub,
      object: {
        apiVersion: 'operator.open-cluster-management.io/v1', kind: 'MultiClusterHub', metadata: { name: 'multiclusterhub', namespace: HUB_NAMESPACE },
        spec: { overrides: { components: [{ name: 'cluster-backup', enabled: components.clusterBackup }, { name: 'search', enabled: true }] } },
      },
      status: { phase: 'Running', currentVersion: release.hub, desiredVersion: release.hub },
    },
    {
      type: resources.managedCluster,
      object: {
        apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster',
        metadata: { name: seed.localClusterName, labels: { [LABEL.localCluster]: 'true', name: seed.localClusterName, vendor: 'OpenShift', ...(seed.localClusterExcluded ? { [LABEL.veleroExclude]: 'true' } : {}) } },
        spec: { hubAcceptsClient: true, leaseDurationSeconds: 60, managedClusterClientConfigs: [{ url: `https://api.${seed.name}.example:6443` }] },
      },
    },
    ...(seed.importStrategy === null ? [] : [strategy(seed.importStrategy)]),
  ].map((one) => (one.type === resources.managedCluster ? { ...one, status: localStatus(now) } : one));
}

const strategy = (autoImportStrategy: string): Seeded => ({
  type: resources.configMap, object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: STRATEGY_CONFIG, namespace: ENGINE_NAMESPACE }, data: { autoImportStrategy } },
});

async function seedStorage(client: HubClient, bucket: Bucket): Promise<void> {
  const objectStorage = { bucket: bucket.name, prefix: bucket.prefix, ...(bucket.caPem === null ? {} : { caCert: Buffer.from(bucket.caPem).toString('base64') }) };
  const config = { profile: 'default', region: 'us-east-1', s3ForcePathStyle: 'true', s3Url: bucket.url };
  const application = await put(client, {
    type: resources.dataProtectionApplication,
    object: {
      apiVersion: 'oadp.openshift.io/v1alpha1', kind: 'DataProtectionApplication', metadata: { name: 'hub-backup', namespace: BACKUP_NAMESPACE },
      spec: { configuration: { velero: { defaultPlugins: ['openshift', 'aws'] } }, backupLocations: [{ velero: { provider: 'aws', default: true, objectStorage, config } }] },
    },
    status: { conditions: [{ type: 'Reconciled', status: 'True', reason: 'Complete', message: 'Reconcile complete', lastTransitionTime: rfc3339(0) }] },
  });
  const owner = { apiVersion: 'oadp.openshift.io/v1alpha1', kind: 'DataProtectionApplication', name: 'hub-backup', uid: application?.metadata.uid ?? '', controller: true, blockOwnerDeletion: true };
  await put(client, {
    type: resources.backupStorageLocation,
    object: {
      apiVersion: 'velero.io/v1', kind: 'BackupStorageLocation', metadata: { name: 'hub-backup-1', namespace: BACKUP_NAMESPACE, ownerReferences: [owner] },
      spec: { provider: 'aws', default: true, objectStorage, config },
    },
  });
}

const localStatus = (now: Date): Json => ({ conditions: withConditions([], [accepted, joined, available, imported], now) });

/** It was here once and fell silent. */
const asleepStatus = (now: Date): Json => ({ conditions: withConditions([], [accepted, joined, leaseStopped, imported], now) });
