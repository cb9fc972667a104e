import { ShiftableClock } from '../../common/clock.js';
import { resources } from '../../kube/resources.js';
import { conditionOf, isTrue } from '../actors/conditions.js';
import { labelOf, statusOf } from '../actors/json.js';
import { BACKUP_NAMESPACE } from '../actors/words.js';
import { demoFleet } from './fleet.js';
import { acmRestore, backupSchedule, eastAndWest, eventually, finishedSet, phaseIn, syncedTo } from './world-testing.js';

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
});
