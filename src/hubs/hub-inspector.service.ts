import { Injectable } from '@nestjs/common';
import { addOns, clusterVersionName, namespaces } from '../common/rhacm-names.js';
import { flagAt, listAt, textAt } from '../common/untrusted.js';
import type { HubClient } from '../kube/hub-client.js';
import type { KubeObject } from '../kube/kube.types.js';
import { resources } from '../kube/resources.js';
import { isComponentEnabled } from './components.rules.js';
import { everyRight, neededRights, rightInWords, type NeededRight } from './hub-rights.rules.js';
import type { HubIdentity } from './hubs.repository.js';
import type { StorageFacts } from './hubs.types.js';
import type { HubReading, ScheduleSummary } from './prerequisites.rules.js';
import { listOf, mapRead, read, readHealth } from './hub-health.reader.js';
import type { Read } from './reading.rules.js';

const RIGHTS_AT_ONCE = 8;

export interface Inspection {
  readonly identity: HubIdentity;
  readonly reading: HubReading;
}

/** Looks at a hub once, by plain reads and access reviews; changes nothing. */
@Injectable()
export class HubInspector {
  /**
   * What the hub is. Asked first, since it shows whether the hub can be reached and trusted at all.
   * @throws KubeError
   */
  async inspect(client: HubClient): Promise<Inspection> {
    const kubeVersion = await client.serverVersion();
    const missing = await this.missingRights(client);
    const [clusterId, engines, hubs, addOn, protections, locations, schedules] = await Promise.all([
      read(() => clusterIdOf(client)),
      read(() => listOf(client, resources.multiClusterEngine)),
      read(() => listOf(client, resources.multiClusterHub)),
      read(() => client.find(resources.clusterManagementAddOn, { name: addOns.managedServiceAccount })),
      read(() => listOf(client, resources.dataProtectionApplication, { namespace: namespaces.backup })),
      read(() => listOf(client, resources.backupStorageLocation, { namespace: namespaces.backup })),
      read(() => listOf(client, resources.backupSchedule, { namespace: namespaces.backup })),
    ]);
    const openshift = clusterId.is === 'READ' ? clusterId.value.release : null;
    const { health, setup } = await readHealth(client, { engines, hubs, openshift, release: release(hubs) });
    const storage = mapRead(locations, (found) => found.map(storageFacts));
    const id = clusterId.is === 'READ' ? clusterId.value.id : null;
    if (id === null) throw await failureOf(() => clusterIdOf(client));
    return {
      identity: { clusterId: id, release: release(hubs), kubeVersion: kubeVersion.slice(0, 100), storage: storage.is === 'READ' ? storage.value : null, setup },
      reading: {
        health,
        clusterId,
        engine: anyEnabled(engines, 'MANAGED_SERVICE_ACCOUNT'),
        hub: anyEnabled(hubs, 'CLUSTER_BACKUP'),
        addOn: addOn.is === 'READ' ? (addOn.value === null ? { is: 'ABSENT' } : { is: 'READ', value: true }) : addOn,
        protection: mapRead(protections, (found) => found.map(({ metadata }) => metadata.name)),
        storage,
        schedules: mapRead(schedules, (found) => found.map(summary)),
        missingRights: { is: 'READ', value: missing.filter(({ purpose }) => purpose !== 'CHECK').map(rightInWords) },
        clockSkewSeconds: client.clockSkewSeconds,
      },
    };
  }

  /** Those of the rights that we need and do not have. @throws KubeError */
  async missingRights(client: HubClient): Promise<NeededRight[]> {
    if (await client.mayI(everyRight)) return [];
    const waiting = [...neededRights];
    const missing: NeededRight[] = [];
    const ask = async (): Promise<void> => {
      for (let right = waiting.shift(); right !== undefined; right = waiting.shift()) {
        const { purpose: _purpose, ...question } = right;
        if (!(await client.mayI(question))) missing.push(right);
      }
    };
    await Promise.all(Array.from({ length: RIGHTS_AT_ONCE }, ask));
    return neededRights.filter((right) => missing.includes(right));
  }
}

async function failureOf(ask: () => Promise<unknown>): Promise<unknown> {
  try {
    await ask();
  } catch (error) {
    return error;
  }
  return new Error('The hub told its identity only when asked again');
}

/**
 * ClusterVersion's `spec.clusterID`. A hub without one (no OpenShift) is known by the uid of its kube-system namespace, which no other cluster has;
 * its backups say `unknown`, though.
 */
async function clusterIdOf(client: HubClient): Promise<{ id: string; substitute: boolean; release: string | null }> {
  const version = await client.find(resources.clusterVersion, { name: clusterVersionName });
  const id = version === null ? null : textAt(version.spec, ['clusterID'], 100);
  const told = version === null ? null : textAt(version.status, ['desired', 'version'], 100);
  if (id !== null) return { id, substitute: false, release: told };
  const system = await client.get(resources.namespace, { name: 'kube-system' }, { metadataOnly: true });
  return { id: `namespace:${system.metadata.uid ?? 'unknown'}`, substitute: true, release: told };
}

const anyEnabled = (hosts: Read<KubeObject[]>, component: 'MANAGED_SERVICE_ACCOUNT' | 'CLUSTER_BACKUP'): Read<{ enabled: boolean }> => {
  if (hosts.is !== 'READ') return hosts;
  return hosts.value.length === 0 ? { is: 'ABSENT' } : { is: 'READ', value: { enabled: hosts.value.some((host) => isComponentEnabled(host, component)) } };
};

const release = (hubs: Read<KubeObject[]>): string | null => (hubs.is === 'READ' ? (hubs.value.map(({ status }) => textAt(status, ['currentVersion'], 100)).find((one) => one !== null) ?? null) : null);

const storageFacts = ({ metadata, spec, status }: KubeObject): StorageFacts => ({
  name: metadata.name,
  provider: textAt(spec, ['provider'], 253),
  bucket: textAt(spec, ['objectStorage', 'bucket'], 253),
  prefix: textAt(spec, ['objectStorage', 'prefix'], 1000),
  s3Url: textAt(spec, ['config', 's3Url'], 2000),
  region: textAt(spec, ['config', 'region'], 253),
  phase: textAt(status, ['phase'], 100),
  owned: listAt(metadata, 'ownerReferences').length > 0,
});

const summary = ({ metadata, spec, status }: KubeObject): ScheduleSummary => ({
  name: metadata.name,
  phase: textAt(status, ['phase'], 100),
  message: textAt(status, ['lastMessage'], 1000),
  paused: flagAt(spec, 'paused'),
  useManagedServiceAccount: flagAt(spec, 'useManagedServiceAccount'),
});
