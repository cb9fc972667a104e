import { ShiftableClock } from '../../common/clock.js';
import { resources } from '../../kube/resources.js';
import { conditionOf, isTrue } from '../actors/conditions.js';
import { at, labelOf, list, sameJson, statusOf } from '../actors/json.js';
import { AS_SEEN } from '../actors/switches.js';
import { BACKUP_NAMESPACE } from '../actors/words.js';
import { SimulatedHub } from '../simulated-hub.js';
import { demoFleet } from './fleet.js';
import { startWorld } from './world.js';
import { acmRestore, backupSchedule, eastAndWest, eventually, finishedSet, goodFleet, phaseIn, protectedFleet, QUICK, syncedTo } from './world-testing.js';

const HOUR = 3_600_000;

describe('the whole life of a fleet, by the hub\u2019s own operator', () => {
  test('protected on east, east dies, restored on west: every cluster ends as its group says', async () => {
    const clock = new ShiftableClock();
    const fleet = demoFleet({ count: 40, seed: 7, source: 'east', target: 'west' });
    const errors: unknown[] = [];
    const { world, east, west, stop } = await eastAndWest({ clock, fleet, seed: 7, onError: (...error) => errors.push(error) });
    try {
      const awake = fleet.clusters.length - fleet.names('asleep').length;
      await eventually('the fleet on east', async () => (await world.availableOn('east')).length === awake);
      await world.hub('east').client.create(resources.backupSchedule, backupSchedule());
      await finishedSet(east);
      await eventually('the schedule is enabled', () => phaseIn(east, resources.backupSchedule, 'schedule-acm') === 'Enabled');
      const credentials = world.bucket.list().find(({ name }) => name.startsWith('acm-credentials-schedule'));
      const tokens = credentials?.items.filter(({ metadata }) => metadata.name === 'auto-import-account').map(({ metadata }) => metadata.namespace);
      expect(tokens?.sort()).toEqual([...fleet.names('good'), ...fleet.names('unreachable'), ...fleet.names('noUrl'), ...fleet.names('hosted'), ...fleet.names('shortToken')].sort());
      await syncedTo(world, west);
      await world.cutOff('east');
      clock.advance(2 * HOUR);
      await world.hub('west').client.create(resources.restore, acmRestore());
      await eventually('the restore is finished', () => phaseIn(west, resources.restore, 'restore-acm') === 'Finished');
      const back = [...fleet.names('good'), ...fleet.names('hive')].sort();
      await eventually('the good ones on west', async () => (await world.availableOn('west')).length >= back.length);
      expect(await world.availableOn('west')).toEqual(back);
      const messages = statusOf(west.object(resources.restore, { name: 'restore-acm', namespace: BACKUP_NAMESPACE }))['messages'] as string[];
      for (const name of fleet.names('good')) expect(messages).toContain(`Created auto-import-secret for (${name})`);
      for (const name of fleet.names('noUrl')) expect(messages).toContain(`Cannot reimport cluster ${name}, no serverUrl property`);
      for (const name of [...fleet.names('asleep'), ...fleet.names('lateToken'), ...fleet.names('hive')]) {
        expect(messages.filter((message) => message.includes(name)).every((message) => message === `No suitable MSA secret found for cluster (${name})` || message === `managed cluster ${name} already available`)).toBe(true);
      }
      await eventually('short tokens are refused', () => fleet.names('shortToken').every((name) => {
        const condition = conditionOf(west.object(resources.managedCluster, { name }) ?? undefined, 'ManagedClusterImportSucceeded');
        return condition?.['reason'] === 'ManagedClusterImportFailed' && String(condition['message']).startsWith('AutoImportSecretInvalid');
      }));
      await eventually('unreachable ones are still importing', () => fleet.names('unreachable').every((name) =>
        conditionOf(west.object(resources.managedCluster, { name }) ?? undefined, 'ManagedClusterImportSucceeded')?.['reason'] === 'ManagedClusterImporting'));
      for (const name of fleet.names('hosted')) expect(isTrue(west.object(resources.managedCluster, { name }) ?? undefined, 'ManagedClusterConditionAvailable')).toBe(false);
      const record = west.objects(resources.veleroBackup, BACKUP_NAMESPACE).filter(({ metadata }) => metadata.name.startsWith('acm-restore-clusters-'));
      expect(record.map((backup) => labelOf(backup, 'cluster.open-cluster-management.io/restore-cluster'))).toEqual(['id-of-west']);
      expect(errors.filter((error) => !JSON.stringify(error).includes('import-controller'))).toEqual([]);
    } finally {
      await stop();
    }
  });

  test.each([1, 2, 3])('on hubs as awkward as real ones, seed %i: the good ones come back all the same', async (seed) => {
    const clock = new ShiftableClock();
    const fleet = demoFleet({ count: 12, seed, source: 'east', target: 'west' });
    const { world, east, west, stop } = await eastAndWest({ clock, fleet, seed, both: { switches: AS_SEEN } });
    try {
      await world.hub('east').client.create(resources.backupSchedule, backupSchedule());
      await finishedSet(east);
      await syncedTo(world, west);
      await world.cutOff('east');
      clock.advance(2 * HOUR);
      await world.hub('west').client.create(resources.restore, acmRestore());
      await eventually('the restore is finished', () => phaseIn(west, resources.restore, 'restore-acm') === 'Finished');
      const back = [...fleet.names('good'), ...fleet.names('hive')].sort();
      await eventually('the good ones on west', async () => (await world.availableOn('west')).join() === back.join());
    } finally {
      await stop();
    }
  });

  test('the dead hub returns: it says Unknown of what has moved, is told of the collision, and takes nothing back by itself', async () => {
    const clock = new ShiftableClock();
    const test = await eastAndWest({ clock, fleet: goodFleet('c1', 'c2') });
    const { world, east, west, stop } = test;
    try {
      await protectedFleet(test);
      await world.cutOff('east');
      clock.advance(60_000);
      await world.hub('west').client.create(resources.restore, acmRestore());
      await eventually('both on west', async () => (await world.availableOn('west')).length === 2);
      expect(isTrue(east.object(resources.managedCluster, { name: 'c1' }) ?? undefined, 'ManagedClusterConditionAvailable')).toBe(true);
      await world.reconnect('east');
      await eventually('unknown on east', () => ['c1', 'c2'].every((name) => conditionOf(east.object(resources.managedCluster, { name }) ?? undefined, 'ManagedClusterConditionAvailable')?.['status'] === 'Unknown'));
      await eventually('collision on east', () => phaseIn(east, resources.backupSchedule, 'schedule-acm') === 'BackupCollision');
      expect(await world.availableOn('west')).toEqual(['c1', 'c2']);
      expect(west.objects(resources.restore, BACKUP_NAMESPACE)).toHaveLength(1);
    } finally {
      await stop();
    }
  });
});

describe('a world on any API server', () => {
  test('a fleet made by create calls comes to stand as one that is put into a simulated hub', async () => {
    const clock = new ShiftableClock();
    const fleet = demoFleet({ count: 10, seed: 5, source: 'east', target: 'west' });
    const hubs = await Promise.all(['east', 'lived'].map((name) => SimulatedHub.start({ name: 'east', clusterId: `id-of-${name}`, clock })));
    const [put, lived] = hubs as [SimulatedHub, SimulatedHub];
    const worlds = await Promise.all([
      startWorld({ clock, fleet, timings: QUICK, hubs: [{ hub: put }] }),
      startWorld({ clock, fleet, timings: QUICK, hubs: [{ hub: { name: 'east', clusterId: lived.clusterId, connection: () => lived.connection() } }] }),
    ]);
    const views = [resources.namespace, resources.managedCluster, resources.manifestWork, resources.secret, resources.clusterDeployment];
    const standing = (hub: SimulatedHub) => views.flatMap((type) => hub.objects(type)).map(({ kind, metadata, spec, data, status }) => ({
      kind, name: metadata.name, namespace: metadata.namespace, labels: metadata.labels, finalizers: metadata.finalizers, spec, data, claims: at(status, 'clusterClaims'),
      conditions: kind === 'Namespace' ? [] : list(at(status, 'conditions')).map((condition) => [at(condition, 'type'), at(condition, 'status'), at(condition, 'reason')].join(' ')).sort(),
    }));
    try {
      const awake = new Set(fleet.clusters.filter(({ asleep }) => asleep !== true).map(({ name }) => name));
      const ofAwake = (hub: SimulatedHub) => standing(hub).filter(({ name, namespace }) => awake.has(namespace ?? name));
      await eventually('alike', () => sameJson(ofAwake(lived), ofAwake(put)));
      expect(ofAwake(put).length).toBeGreaterThan(40);
    } finally {
      await Promise.all(worlds.map((world) => world.stop()));
      await Promise.all(hubs.map((hub) => hub.stop()));
    }
  });
});
