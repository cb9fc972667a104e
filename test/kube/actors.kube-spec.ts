import { ShiftableClock } from '../../src/common/clock.js';
import type { KubeObject, ResourceType } from '../../src/kube/kube.types.js';
import { resources } from '../../src/kube/resources.js';
import { conditionOf } from '../../src/simulator/actors/conditions.js';
import { at, statusOf } from '../../src/simulator/actors/json.js';
import { BACKUP_NAMESPACE } from '../../src/simulator/actors/words.js';
import { demoFleet } from '../../src/simulator/scenarios/fleet.js';
import { startWorld, type World, type WorldHub } from '../../src/simulator/scenarios/world.js';
import { acmRestore, backupSchedule, eventually } from '../../src/simulator/scenarios/world-testing.js';
import { RealKubeApiserver } from '../../src/simulator/real/kube-apiserver.js';

const LIMIT_MS = 120_000;

const asWorldHub = (name: string, server: RealKubeApiserver): WorldHub => ({ name, clusterId: `id-of-${name}`, connection: () => server.connection() });

async function objects(world: World, hub: string, type: ResourceType, namespace?: string): Promise<KubeObject[]> {
  const found: KubeObject[] = [];
  for await (const page of world.hub(hub).client.listAll(type, namespace === undefined ? {} : { namespace })) found.push(...page.items);
  return found;
}

const phaseIn = async (world: World, hub: string, type: ResourceType, name: string): Promise<unknown> =>
  at(statusOf(await world.hub(hub).client.find(type, { name, namespace: BACKUP_NAMESPACE })), 'phase');

test('the actors live the same life on two real kube-apiservers', async () => {
  const [east, west] = await Promise.all([RealKubeApiserver.start(), RealKubeApiserver.start()]);
  const clock = new ShiftableClock();
  const fleet = demoFleet({ count: 24, seed: 7, source: 'east', target: 'west' });
  const errors: string[] = [];
  const start = (): Promise<World> => startWorld({
    clock, fleet, hubs: [{ hub: asWorldHub('east', east), garbageCollector: true }, { hub: asWorldHub('west', west), garbageCollector: true }],
    onError: (hub, actor, key, error) => errors.push(`${hub} ${actor} ${key}: ${String(error)}`),
  });
  let world: World | undefined;
  try {
    const here = (world = await start());
    const awake = fleet.clusters.length - fleet.names('asleep').length;
    await eventually('the fleet on east', async () => (await here.availableOn('east')).length === awake, LIMIT_MS);
    await here.hub('east').client.create(resources.backupSchedule, backupSchedule());
    await eventually('a whole backup set', async () => {
      const backups = await objects(here, 'east', resources.veleroBackup, BACKUP_NAMESPACE);
      return backups.length === 5 && backups.every((backup) => statusOf(backup)['phase'] === 'Completed');
    }, LIMIT_MS);
    await eventually('the schedule is enabled', async () => (await phaseIn(here, 'east', resources.backupSchedule, 'schedule-acm')) === 'Enabled', LIMIT_MS);
    await eventually('the backups on west', async () => (await objects(here, 'west', resources.veleroBackup, BACKUP_NAMESPACE)).length === 5, LIMIT_MS);
    await here.cutOff('east');
    await east.stop();
    clock.advance(2 * 3_600_000);
    await here.hub('west').client.create(resources.restore, acmRestore());
    await eventually('the restore is finished', async () => (await phaseIn(here, 'west', resources.restore, 'restore-acm')) === 'Finished', LIMIT_MS);
    const back = [...fleet.names('good'), ...fleet.names('hive')].sort();
    await eventually('the good ones on west', async () => (await here.availableOn('west')).length >= back.length, LIMIT_MS);
    expect(await here.availableOn('west')).toEqual(back);
    await eventually('the others end as their group says', async () => {
      const reasons = new Map((await objects(here, 'west', resources.managedCluster)).map((cluster) => [cluster.metadata.name, conditionOf(cluster, 'ManagedClusterImportSucceeded')?.['reason']]));
      return fleet.names('shortToken').every((name) => reasons.get(name) === 'ManagedClusterImportFailed') &&
        fleet.names('unreachable').every((name) => reasons.get(name) === 'ManagedClusterImporting') &&
        [...fleet.names('asleep'), ...fleet.names('noUrl'), ...fleet.names('lateToken')].every((name) => reasons.get(name) === 'ManagedClusterWaitForImporting');
    }, LIMIT_MS);
    expect(errors.filter((error) => !error.includes('import-controller'))).toEqual([]);
  } finally {
    await world?.stop();
    await Promise.all([east.stop(), west.stop()]);
  }
}, 1_800_000);
