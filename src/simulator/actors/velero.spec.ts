import { gunzipSync } from 'node:zlib';
import { ShiftableClock } from '../../common/clock.js';
import type { KubeObject } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { acmRestore, backupSchedule, eastAndWest, eventually, finishedSet, fleetUp, goodFleet, phaseIn, protectedFleet, syncedTo, type TestWorld, type TestWorldOptions } from '../scenarios/world-testing.js';
import { labelOf, statusOf, text } from './json.js';
import { REALISTIC } from './timings.js';
import { BACKUP_NAMESPACE as namespace } from './words.js';

const HOUR = 3_600_000;

describe('Velero on a hub', () => {
  let clock: ShiftableClock;
  let test: TestWorld | undefined;
  const begin = async (options: Partial<TestWorldOptions> = {}): Promise<TestWorld> => {
    clock = new ShiftableClock();
    return (test = await eastAndWest({ clock, fleet: goodFleet('c1', 'c2'), ...options }));
  };
  afterEach(async () => {
    await test?.stop();
    test = undefined;
  });

  const suffixes = (backups: readonly KubeObject[]): Set<string> => new Set(backups.map(({ metadata }) => metadata.name.slice(-14)));
  const startsMs = (backups: readonly KubeObject[]): number[] => backups.map((backup) => Date.parse(text(statusOf(backup)['startTimestamp']) ?? '')).sort((a, b) => a - b);
  /** The first validation backup expires as the second set is made, so the members of the first are not counted on. */
  const secondSet = async (world: TestWorld): Promise<KubeObject[]> => {
    const first = new Set((await finishedSet(world.east)).map(({ metadata }) => metadata.name));
    clock.advance(2 * HOUR);
    return eventually('a second set', () => {
      const second = world.east.objects(resources.veleroBackup, namespace).filter(({ metadata }) => !first.has(metadata.name));
      return second.length === 5 && second.every((backup) => statusOf(backup)['phase'] === 'Completed') && second;
    });
  };

  test_('the operator\u2019s first set shares one suffix, and its members start one after another', async (world) => {
    await protectedFleet(world);
    const set = await finishedSet(world.east);
    expect(suffixes(set).size).toBe(1);
    expect(new Set(set.map((backup) => labelOf(backup, 'cluster.open-cluster-management.io/backup-schedule-type')))).toEqual(new Set(['credentials', 'resources', 'resourcesGeneric', 'managedClusters', 'validation']));
    expect(set.every((backup) => labelOf(backup, 'cluster.open-cluster-management.io/backup-cluster') === 'id-of-east')).toBe(true);
  });

  test_('a scheduled set has a suffix for each member where the switch is on', async (world) => {
    world.world.turn('east', { suffixesDiffer: 1 });
    await protectedFleet(world);
    expect(suffixes(await secondSet(world)).size).toBe(5);
  });

  test_('members start a queue look apart where the switch is on', async (world) => {
    world.world.turn('east', { queueWaits: 1 });
    await fleetUp(world);
    await world.world.hub('east').client.create(resources.backupSchedule, backupSchedule());
    const starts = await eventually('five have begun', () => {
      clock.advance(5_000);
      const begun = startsMs(world.east.objects(resources.veleroBackup, namespace)).filter((ms) => !Number.isNaN(ms));
      return begun.length === 5 && begun;
    });
    expect(Math.max(...starts) - Math.min(...starts)).toBeGreaterThanOrEqual(120_000);
  }, { timings: { ...REALISTIC, lookEveryMs: 10, addOnRolloutMs: 0, joinMs: 0, passPerClusterMs: 0, firstPassSleepMs: 0 } });

  test_('a passive hub shows a set half', async (world) => {
    world.world.turn('west', { halfSync: 0.5 });
    await fleetUp(world);
    await world.world.hub('east').client.create(resources.backupSchedule, backupSchedule());
    await finishedSet(world.east);
    await eventually('some but not all', () => {
      const seen = world.west.count(resources.veleroBackup);
      return seen > 0 && seen < 5;
    });
    await syncedTo(world.world, world.west);
  });

  test_('synced backups keep labels, spec and status', async (world) => {
    await protectedFleet(world);
    for (const original of world.east.objects(resources.veleroBackup, namespace)) {
      const copy = world.west.object(resources.veleroBackup, { name: original.metadata.name, namespace });
      expect(copy?.metadata.labels).toMatchObject(original.metadata.labels ?? {});
      expect([copy?.spec, copy?.status]).toEqual([original.spec, original.status]);
    }
  });

  test_('a part that fails is PartiallyFailed and can still be had, or Failed and cannot', async (world) => {
    world.world.turn('east', { backupPhase: { resources: 'PartiallyFailed', resourcesGeneric: 'Failed' } });
    await fleetUp(world);
    await world.world.hub('east').client.create(resources.backupSchedule, backupSchedule());
    const phases = await eventually('all are over', () => {
      const backups = world.east.objects(resources.veleroBackup, namespace);
      const found = Object.fromEntries(backups.map((backup) => [labelOf(backup, 'cluster.open-cluster-management.io/backup-schedule-type') ?? '', text(statusOf(backup)['phase']) ?? '']));
      return backups.length === 5 && Object.values(found).every((phase) => ['Completed', 'PartiallyFailed', 'Failed'].includes(phase)) && found;
    });
    expect(phases).toEqual({ credentials: 'Completed', resources: 'PartiallyFailed', resourcesGeneric: 'Failed', managedClusters: 'Completed', validation: 'Completed' });
    expect(world.world.bucket.list().map(({ name }) => name.replace(/-\d+$/, ''))).toEqual(['acm-credentials-schedule', 'acm-managed-clusters-schedule', 'acm-resources-schedule', 'acm-validation-policy-schedule']);
  });

  test_('what a backup holds can be read on the passive hub while the source is dead; a wrong name is never answered', async (world) => {
    await protectedFleet(world);
    await world.world.cutOff('east');
    const name = world.world.bucket.list().find((backup) => backup.name.startsWith('acm-credentials'))?.name ?? '';
    const request = (as: string, of: string): KubeObject => ({ apiVersion: 'velero.io/v1', kind: 'DownloadRequest', metadata: { name: as, namespace }, spec: { target: { kind: 'BackupResourceList', name: of } } });
    const { client } = world.world.hub('west');
    await client.create(resources.downloadRequest, request('wrong', 'acm-credentials-schedule-20000101000000'));
    await client.create(resources.downloadRequest, request('right', name));
    await eventually('an answer', () => phaseIn(world.west, resources.downloadRequest, 'right') === 'Processed');
    const url = text(statusOf(world.west.object(resources.downloadRequest, { name: 'right', namespace }))['downloadURL']) ?? '';
    const list = JSON.parse(gunzipSync(Buffer.from(await (await fetch(url)).arrayBuffer())).toString()) as Record<string, string[]>;
    expect(list['v1/Secret']).toEqual(['c1/auto-import-account', 'c2/auto-import-account']);
    expect(phaseIn(world.west, resources.downloadRequest, 'wrong')).toBe('');
  });

  test_('expired backups leave the shared store and both hubs', async (world) => {
    await protectedFleet(world, { veleroTtl: '24h0m0s', veleroSchedule: '0 0 1 1 *' });
    clock.advance(25 * HOUR);
    await eventually('only the validation backup is left, whose life is the cron\u2019s interval', () => [world.east, world.west].every((hub) => hub.objects(resources.veleroBackup, namespace).every(({ metadata }) => metadata.name.includes('validation'))));
    expect(world.world.bucket.list()).toHaveLength(1);
  });

  test_('a deleted backup is gone for all hubs, with the restores made from it', async (world) => {
    await protectedFleet(world);
    const name = world.world.bucket.list().find((backup) => backup.name.startsWith('acm-credentials'))?.name ?? '';
    await world.world.hub('west').client.create(resources.deleteBackupRequest, { apiVersion: 'velero.io/v1', kind: 'DeleteBackupRequest', metadata: { name: 'away', namespace }, spec: { backupName: name } });
    await eventually('gone', () => [world.east, world.west].every((hub) => hub.object(resources.veleroBackup, { name, namespace }) === null));
    expect(world.world.bucket.get(name)).toBeUndefined();
  });

  test_('storage that does not answer makes the location Unavailable and the schedule FailedValidation', async (world) => {
    world.world.turn('east', { storageDown: true });
    await eventually('unavailable', () => phaseIn(world.east, resources.backupStorageLocation, 'hub-backup-1') === 'Unavailable');
    await world.world.hub('east').client.create(resources.backupSchedule, backupSchedule());
    await eventually('refused', () => phaseIn(world.east, resources.backupSchedule, 'schedule-acm') === 'FailedValidation');
    world.world.turn('east', { storageDown: false });
    await eventually('enabled by itself', () => phaseIn(world.east, resources.backupSchedule, 'schedule-acm') === 'Enabled');
  });

  test_('without a Deployment velero nothing is restored while backups work, and a passive Restore still reads Enabled', async (world) => {
    await protectedFleet(world);
    await world.world.hub('west').client.create(resources.restore, acmRestore({ syncRestoreWithNewBackups: true, restoreSyncInterval: '10m', veleroManagedClustersBackupName: 'skip' }));
    await eventually('enabled', () => phaseIn(world.west, resources.restore, 'restore-acm') === 'Enabled');
    await eventually('all three have failed', () => world.west.objects(resources.veleroRestore, namespace).filter((restore) => text(statusOf(restore)['phase']) === 'PartiallyFailed').length === 3);
    expect(phaseIn(world.west, resources.restore, 'restore-acm')).toBe('Enabled');
    expect(world.west.objects(resources.secret).filter(({ metadata }) => metadata.name === 'auto-import-account')).toEqual([]);
  }, { westHub: { withoutVeleroDeployment: true } });

  function test_(name: string, run: (world: TestWorld) => Promise<void>, options: Partial<TestWorldOptions> = {}): void {
    it(name, async () => run(await begin(options)));
  }
});
