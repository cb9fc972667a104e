/** What the specs of worlds share. */
import { setTimeout as pause } from 'node:timers/promises';
import type { KubeObject, ResourceType } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { isTrue } from '../actors/conditions.js';
import { at, statusOf } from '../actors/json.js';
import { FAST, type Timings } from '../actors/timings.js';
import { BACKUP_NAMESPACE } from '../actors/words.js';
import { SimulatedHub } from '../simulated-hub.js';
import type { ShiftableClock } from '../../common/clock.js';
import { Fleet, type FleetCluster } from './fleet.js';
import { startWorld, type World, type WorldHubOptions, type WorldOptions } from './world.js';

/** Looks every few milliseconds until the answer is there. @throws Error with the last answer after `withinMs` */
export async function eventually<T>(what: string, look: () => Promise<T | null | undefined | false> | T | null | undefined | false, withinMs = 90_000): Promise<T> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    const answer = await look();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (performance.now() > endMs) throw new Error(`Not within ${withinMs} ms: ${what}`);
    await pause(15);
  }
}

export interface TestWorld {
  readonly world: World;
  readonly east: SimulatedHub;
  readonly west: SimulatedHub;
  stop(): Promise<void>;
}

export type TestWorldOptions = Omit<WorldOptions, 'hubs' | 'clock'> & {
  readonly clock: ShiftableClock;
  readonly both?: Omit<WorldHubOptions, 'hub'>;
  readonly eastHub?: Omit<WorldHubOptions, 'hub'>;
  readonly westHub?: Omit<WorldHubOptions, 'hub'>;
};

/** Even faster than the demo. */
export const QUICK: Timings = { ...FAST, joinMs: 50, addOnRolloutMs: 50, leaseGraceMs: 700, importLookMs: 30, importRetryMs: 150, passMs: 400, failedRetryMs: 300, firstPassSleepMs: 1_000, scheduleAgeMs: 100, scheduleLookMs: 150, queueLookMs: 150, backupMs: 30, finalizingMs: 20, restoreMs: 30, bucketSyncMs: 150, expiryLookMs: 300, componentMs: 100, storageCheckMs: 300 };

/** Two simulated hubs, `east` and `west`, and what is told in the options. */
export async function eastAndWest({ both, eastHub, westHub, ...options }: TestWorldOptions): Promise<TestWorld> {
  const [east, west] = await Promise.all(['east', 'west'].map((name, index) => SimulatedHub.start({ name, clusterId: `id-of-${name}`, clock: options.clock, seed: index + 1 })));
  if (!east || !west) throw new Error('unreachable');
  const world = await startWorld({ timings: QUICK, ...options, hubs: [{ hub: east, ...both, ...eastHub }, { hub: west, ...both, ...westHub }] });
  return { world, east, west, stop: async () => { await world.stop(); await Promise.all([east.stop(), west.stop()]); } };
}

/** A fleet of good clusters by name, all joined to `east`. */
export function goodFleet(...names: string[]): Fleet {
  return new Fleet(names.map((name): FleetCluster => ({ name, kind: 'openshift', group: 'good', hub: 'east', labels: { name } })));
}

/** The fleet is joined to east, available there and imported, as east itself says. */
export async function fleetUp({ world, east }: TestWorld): Promise<void> {
  const awake = world.fleet.clusters.filter(({ asleep }) => asleep !== true);
  const isUp = (name: string): boolean => {
    const cluster = east.object(resources.managedCluster, { name }) ?? undefined;
    return isTrue(cluster, 'ManagedClusterConditionAvailable') && isTrue(cluster, 'ManagedClusterImportSucceeded');
  };
  await eventually('the fleet on east', () => awake.every(({ name }) => isUp(name)));
}

/** Protected by east’s operator, one whole backup set taken and seen on west. */
export async function protectedFleet(test: TestWorld, schedule: Record<string, unknown> = {}): Promise<void> {
  await fleetUp(test);
  await test.world.hub('east').client.create(resources.backupSchedule, backupSchedule(schedule));
  await finishedSet(test.east);
  await eventually('the schedule is enabled', () => phaseIn(test.east, resources.backupSchedule, 'schedule-acm') === 'Enabled');
  await syncedTo(test.world, test.west);
}

const backupRef = (name: string) => ({ name, namespace: BACKUP_NAMESPACE });

export function backupSchedule(spec: Record<string, unknown> = {}, name = 'schedule-acm'): KubeObject {
  return {
    apiVersion: 'cluster.open-cluster-management.io/v1beta1', kind: 'BackupSchedule', metadata: backupRef(name),
    spec: { veleroSchedule: '0 */2 * * *', veleroTtl: '120h0m0s', useManagedServiceAccount: true, ...spec },
  };
}

export function acmRestore(spec: Record<string, unknown> = {}, name = 'restore-acm'): KubeObject {
  return {
    apiVersion: 'cluster.open-cluster-management.io/v1beta1', kind: 'Restore', metadata: backupRef(name),
    spec: { cleanupBeforeRestore: 'None', veleroManagedClustersBackupName: 'latest', veleroResourcesBackupName: 'latest', veleroCredentialsBackupName: 'latest', ...spec },
  };
}

export const phaseIn = (hub: SimulatedHub, type: ResourceType, name: string): string => String(at(statusOf(hub.object(type, backupRef(name))), 'phase') ?? '');

/** Waits until all five backups of the hub's only set are completed. @returns them by name */
export function finishedSet(hub: SimulatedHub, members = 5): Promise<KubeObject[]> {
  return eventually('a whole backup set', () => {
    const backups = hub.objects(resources.veleroBackup, BACKUP_NAMESPACE);
    return backups.length >= members && backups.every((backup) => statusOf(backup)['phase'] === 'Completed') ? backups : null;
  });
}

/** Waits until a hub shows as many backups as the bucket holds. */
export const syncedTo = (world: World, hub: SimulatedHub): Promise<true> =>
  eventually('every backup on the other hub', () => world.bucket.list().every(({ name }) => hub.object(resources.veleroBackup, backupRef(name)) !== null) || null);
