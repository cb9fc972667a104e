import { ShiftableClock } from '../../common/clock.js';
import type { KubeObject } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { acmRestore, backupSchedule, eastAndWest, eventually, goodFleet, phaseIn, protectedFleet, syncedTo, type TestWorld, type TestWorldOptions } from '../scenarios/world-testing.js';
import { annotationOf, labelOf, specOf, statusOf, text } from './json.js';
import { veleroLabelValue } from './selectors.js';
import { BACKUP_NAMESPACE as namespace } from './words.js';

describe('the backup operator\u2019s Restore', () => {
  let clock: ShiftableClock;
  let test: TestWorld | undefined;
  afterEach(async () => {
    await test?.stop();
    test = undefined;
  });

  const restore = (world: TestWorld, spec?: Record<string, unknown>, name?: string) => world.world.hub('west').client.create(resources.restore, acmRestore(spec, name));
  const phase = (world: TestWorld, name = 'restore-acm') => phaseIn(world.west, resources.restore, name);
  const status = (world: TestWorld, name = 'restore-acm') => statusOf(world.west.object(resources.restore, { name, namespace }));
  const messages = (world: TestWorld) => (status(world)['messages'] ?? []) as string[];
  const finished = (world: TestWorld) => eventually('finished', () => phase(world) === 'Finished');
  const failedOver = async (world: TestWorld, spec?: Record<string, unknown>): Promise<void> => {
    await protectedFleet(world);
    await world.world.cutOff('east');
    await restore(world, spec);
    await finished(world);
  };
  const veleroRestores = (world: TestWorld): KubeObject[] => world.west.objects(resources.veleroRestore, namespace);
  const parts = (restores: readonly KubeObject[]): string[] => restores.map(({ metadata }) => metadata.name.replace(/^restore-acm-acm-/, '').replace(/-schedule-\d{14}/, '')).sort();
  const suffixOf = (world: TestWorld): string => world.world.bucket.list()[0]?.name.slice(-14) ?? '';
  const sync = { syncRestoreWithNewBackups: true, restoreSyncInterval: '1h', veleroManagedClustersBackupName: 'skip' };
  const created = (world: TestWorld) => world.west.ledger.writes({ verb: 'create', code: 201 });

  test_('makes one Velero Restore for each part, passive data first and managed clusters last', async (world) => {
    await failedOver(world);
    expect(parts(veleroRestores(world))).toEqual(['credentials', 'credentials-active', 'managed-clusters', 'resources', 'resources-generic', 'resources-generic-active']);
    const order = created(world).filter(({ group, resource }) => group === 'velero.io' && resource === 'restores').map((entry) => entry.name.replace(/^restore-acm-acm-/, '').replace(/-schedule-\d{14}/, ''));
    expect(order).toEqual(['credentials', 'resources', 'resources-generic', 'resources-generic-active', 'credentials-active', 'managed-clusters']);
    expect(veleroRestores(world).every((one) => specOf(one)['existingResourcePolicy'] === 'update' && specOf(one)['restoreStatus'] === undefined)).toBe(true);
    expect(status(world)).toMatchObject({
      veleroCredentialsRestoreName: `restore-acm-acm-credentials-schedule-${suffixOf(world)}`, veleroManagedClustersRestoreName: `restore-acm-acm-managed-clusters-schedule-${suffixOf(world)}`,
      veleroResourcesRestoreName: `restore-acm-acm-resources-schedule-${suffixOf(world)}`, veleroGenericResourcesRestoreName: `restore-acm-acm-resources-generic-schedule-${suffixOf(world)}`,
      messages: ['Created auto-import-secret for (c1)', 'Created auto-import-secret for (c2)'],
    });
  });

  test_('what comes back has neither status nor owners, and Velero\u2019s labels are cut', async (world) => {
    await protectedFleet(world);
    const before = world.east.object(resources.secret, { name: 'auto-import-account', namespace: 'c1' });
    await world.world.cutOff('east');
    await world.world.hub('west').actors.stop();
    await world.world.hub('west').actors.start();
    world.world.clusters.get('c1').sleep();
    await restore(world);
    await finished(world);
    const token = world.west.object(resources.secret, { name: 'auto-import-account', namespace: 'c1' });
    expect(token?.metadata.ownerReferences).toBeUndefined();
    expect(token?.data).toEqual(before?.data);
    expect(token && annotationOf(token, 'expirationTimestamp')).toBe(before && annotationOf(before, 'expirationTimestamp'));
    const work = world.west.object(resources.manifestWork, { name: 'addon-managed-serviceaccount-import', namespace: 'c1' });
    const whole = `restore-acm-acm-resources-generic-schedule-${suffixOf(world)}-active`;
    expect(work && labelOf(work, 'velero.io/restore-name')).toBe(veleroLabelValue(whole));
    expect(veleroLabelValue(whole)).toHaveLength(63);
    expect(world.west.object(resources.managedServiceAccount, { name: 'auto-import-account', namespace: 'c1' })?.status).toBeUndefined();
    expect(world.west.object(resources.namespace, { name: 'c1' })?.metadata.labels ?? {}).not.toHaveProperty('cluster.open-cluster-management.io/managedCluster');
  });

  test_('a passive sync brings tokens and accounts, but no cluster, add-on or work', async (world) => {
    await protectedFleet(world);
    await restore(world, sync);
    await eventually('enabled', () => phase(world) === 'Enabled');
    await eventually('tokens', () => world.west.object(resources.secret, { name: 'auto-import-account', namespace: 'c2' }));
    await eventually('accounts', () => world.west.count(resources.managedServiceAccount) === 2);
    expect(world.west.objects(resources.managedCluster).map(({ metadata }) => metadata.name)).toEqual(['local-cluster']);
    expect(world.west.count(resources.managedClusterAddOn) + world.west.count(resources.manifestWork)).toBe(0);
    expect(world.west.objects(resources.veleroBackup).some(({ metadata }) => metadata.name.startsWith('acm-restore-clusters'))).toBe(false);
  });

  test_('at each interval only types with a newer backup are restored, and activation makes only the last three', async (world) => {
    await protectedFleet(world);
    await restore(world, sync);
    await eventually('enabled', () => phase(world) === 'Enabled' && veleroRestores(world).every((one) => text(statusOf(one)['phase']) === 'Completed'));
    expect(parts(veleroRestores(world))).toEqual(['credentials', 'resources', 'resources-generic']);
    clock.advance(2 * 3_600_000);
    await eventually('the second set is taken', () => world.world.bucket.list().filter(({ name }) => !name.includes('validation')).length === 8);
    await syncedTo(world.world, world.west);
    expect(veleroRestores(world)).toHaveLength(3);
    clock.advance(3_600_000);
    await eventually('the second set has been restored too', () => phase(world) === 'Enabled' && veleroRestores(world).length === 6 && veleroRestores(world).every((one) => text(statusOf(one)['phase']) === 'Completed'));
    await world.world.cutOff('east');
    const known = new Set(veleroRestores(world).map(({ metadata }) => metadata.name));
    await world.world.hub('west').client.patch(resources.restore, { name: 'restore-acm', namespace }, { spec: { veleroManagedClustersBackupName: 'latest' } }, { patchType: 'merge' });
    await finished(world);
    expect(parts(veleroRestores(world).filter(({ metadata }) => !known.has(metadata.name)))).toEqual(['credentials-active', 'managed-clusters', 'resources-generic-active']);
    await eventually('back', async () => (await world.world.availableOn('west')).length === 2);
  });

  test_('backups can be named; a set of which a part is gone is an error that is tried again', async (world) => {
    await protectedFleet(world);
    const suffix = suffixOf(world);
    const named = { veleroCredentialsBackupName: `acm-credentials-schedule-${suffix}`, veleroResourcesBackupName: `acm-resources-schedule-${suffix}`, veleroManagedClustersBackupName: 'acm-managed-clusters-schedule-20000101000000' };
    await restore(world, named);
    await eventually('an error', () => phase(world) === 'Error');
    expect(text(status(world)['lastMessage'])).toContain('acm-managed-clusters-schedule-20000101000000');
    await world.world.hub('west').client.patch(resources.restore, { name: 'restore-acm', namespace }, { spec: { veleroManagedClustersBackupName: `acm-managed-clusters-schedule-${suffix}` } }, { patchType: 'merge' });
    await finished(world);
  });

  test_('latest mixes sets where a set was synced by half', async (world) => {
    await protectedFleet(world);
    clock.advance(2 * 3_600_000);
    // Parts of one set may be named a second apart.
    const made = (part: string) => world.world.bucket.list().map(({ name }) => name).filter((name) => new RegExp(`^acm-${part}-schedule-\\d{14}$`).test(name)).sort();
    await eventually('the second set', () => ['credentials', 'resources', 'resources-generic', 'managed-clusters'].every((part) => made(part).length === 2));
    const [[, credentials], [older, newer], [generic]] = [made('credentials'), made('resources'), made('resources-generic')];
    await syncedTo(world.world, world.west);
    world.world.bucket.delete(newer!);
    await world.world.cutOff('east');
    // A sync that was under way may bring it once more.
    let looks = 0;
    await eventually('gone on west for good', () => {
      looks = world.west.object(resources.veleroBackup, { name: newer!, namespace }) === null ? looks + 1 : 0;
      return looks > 30;
    });
    await restore(world);
    await finished(world);
    expect(status(world)['veleroCredentialsRestoreName']).toBe(`restore-acm-${credentials}`);
    expect(status(world)['veleroResourcesRestoreName']).toBe(`restore-acm-${older}`);
    expect(status(world)['veleroGenericResourcesRestoreName']).toBe(`restore-acm-${generic}`);
  });

  test_('a second Restore, and one beside an active BackupSchedule, are ignored', async (world) => {
    await protectedFleet(world);
    await restore(world, sync);
    await eventually('enabled', () => phase(world) === 'Enabled');
    await restore(world, { veleroManagedClustersBackupName: 'skip' }, 'another');
    await eventually('ignored', () => phase(world, 'another') === 'FinishedWithErrors');
    expect(text(status(world, 'another')['lastMessage'])).toBe('This resource is ignored because Restore resource restore-acm is currently active, before creating another resource verify that any active resources are removed.');
    const { client } = world.world.hub('east');
    await client.create(resources.restore, acmRestore());
    await eventually('ignored', () => phaseIn(world.east, resources.restore, 'restore-acm') === 'FinishedWithErrors');
    expect(text(statusOf(world.east.object(resources.restore, { name: 'restore-acm', namespace }))['lastMessage'])).toBe('This resource is ignored because BackupSchedule resource schedule-acm is currently active, before creating another resource verify that any active resources are removed.');
    await world.world.hub('west').client.create(resources.backupSchedule, backupSchedule());
    await eventually('and a schedule beside a syncing Restore', () => phaseIn(world.west, resources.backupSchedule, 'schedule-acm') === 'FailedValidation');
  });

  test_('deleting a Restore deletes its Velero Restores; what was restored stays', async (world) => {
    await failedOver(world);
    await world.world.hub('west').client.delete(resources.restore, { name: 'restore-acm', namespace });
    await eventually('gone', () => world.west.object(resources.restore, { name: 'restore-acm', namespace }) === null && veleroRestores(world).length === 0);
    expect(world.west.objects(resources.managedCluster)).toHaveLength(3);
  });

  test_('the loop starts early: the record is there before the managed clusters, and comes twice', async (world) => {
    world.world.turn('west', { importLoopEarly: 1 });
    await failedOver(world);
    const order = created(world).map(({ name }) => (name.startsWith('acm-restore-clusters-') ? 'record' : name)).filter((name) => name === 'record' || name === 'auto-import-secret');
    expect(order[0]).toBe('record');
    await eventually('back', async () => (await world.world.availableOn('west')).length === 2);
  });

  test_('the loop runs twice: secrets are made anew and the first messages are lost', async (world) => {
    world.world.turn('west', { importLoopTwice: 1 });
    world.world.clusters.get('c1').setReachableFrom('west', false); // else it may be imported between the two
    await failedOver(world);
    expect(messages(world)).toContain('deleted auto-import-secret from namespace c1');
    world.world.clusters.get('c1').setReachableFrom('west', true);
    await eventually('back', async () => (await world.world.availableOn('west')).length === 2);
  });

  test_('a source that is alive is told of the restore by its record', async (world) => {
    await protectedFleet(world);
    clock.advance(2_000);
    await restore(world);
    await finished(world);
    await eventually('collision', () => phaseIn(world.east, resources.backupSchedule, 'schedule-acm') === 'BackupCollision');
    expect(text(statusOf(world.east.object(resources.backupSchedule, { name: 'schedule-acm', namespace }))['lastMessage'])).toMatch(/^Hub with id \[id-of-west\] had run a restore managed cluster operation, see \[acm-restore-clusters-\d{14}\]\./);
  });

  test_('a failed restore leaves a record too', async (world) => {
    await protectedFleet(world);
    await world.world.cutOff('east');
    await restore(world);
    await eventually('over', () => phase(world) === 'FinishedWithErrors');
    await eventually('a record', () => world.west.objects(resources.veleroBackup, namespace).some(({ metadata }) => metadata.name.startsWith('acm-restore-clusters-')));
    expect(world.west.objects(resources.managedCluster).map(({ metadata }) => metadata.name)).toEqual(['local-cluster']);
  }, { westHub: { withoutVeleroDeployment: true } });

  test_('a local cluster that is not excluded is written over the other hub\u2019s', async (world) => {
    await failedOver(world);
    const local = world.west.object(resources.managedCluster, { name: 'local-cluster' });
    expect(specOf(local ?? undefined)['managedClusterClientConfigs']).toEqual([{ url: 'https://api.east.example:6443' }]);
  }, { both: { localClusterExcluded: false } });

  test_('only the namespaces that are asked for', async (world) => {
    await protectedFleet(world);
    await restore(world, { includedNamespaces: ['c1'], veleroManagedClustersBackupName: 'skip' });
    await finished(world);
    expect(world.west.objects(resources.secret).filter(({ metadata }) => metadata.name === 'auto-import-account').map(({ metadata }) => metadata.namespace)).toEqual(['c1']);
  });

  test_('CleanupRestored removes what an earlier restore brought, and detaches those clusters', async (world) => {
    await failedOver(world);
    await eventually('on west', async () => (await world.world.availableOn('west')).length === 2);
    const items = world.world.bucket.list();
    const suffix = suffixOf(world);
    const later = '20991231235959';
    for (const { name, backup, items: content } of items.filter((stored) => stored.name.endsWith(suffix))) {
      const renamed = name.replace(suffix, later);
      const kept = content.filter(({ metadata }) => metadata.name !== 'c2' && metadata.namespace !== 'c2');
      world.world.bucket.put({ name: renamed, backup: { ...backup, metadata: { ...backup.metadata, name: renamed }, status: { ...statusOf(backup), startTimestamp: '2099-12-31T23:59:59Z' } }, items: kept });
    }
    await syncedTo(world.world, world.west);
    await restore(world, { cleanupBeforeRestore: 'CleanupRestored' }, 'second');
    await eventually('finished', () => phase(world, 'second') === 'Finished');
    await eventually('c2 is gone', () => world.west.object(resources.managedCluster, { name: 'c2' }) === null);
    expect(world.world.clusters.get('c2').bootstrapHub).toBeNull();
    expect(world.world.clusters.get('c1').bootstrapHub).toBe('west');
  });

  test_('what makes no sense is refused: by the webhook, and by the operator', async (world) => {
    await protectedFleet(world);
    await expect(restore(world, { ...sync, veleroManagedClustersBackupName: 'latest' })).rejects.toMatchObject({ code: 'HUB_FORBIDDEN' });
    await restore(world, { cleanupBeforeRestore: 'CleanupAll' });
    await eventually('an error', () => phase(world) === 'Error');
    expect(text(status(world)['lastMessage'])).toContain('restore-cleanup-all-confirmed');
  });

  function test_(name: string, run: (world: TestWorld) => Promise<void>, options: Partial<TestWorldOptions> = {}): void {
    it(name, async () => {
      clock = new ShiftableClock();
      test = await eastAndWest({ clock, fleet: goodFleet('c1', 'c2'), ...options });
      await run(test);
    });
  }
});
