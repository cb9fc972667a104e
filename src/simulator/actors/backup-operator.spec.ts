import { ShiftableClock } from '../../common/clock.js';
import { resources } from '../../kube/resources.js';
import { Fleet, type FleetCluster } from '../scenarios/fleet.js';
import { backupSchedule, eastAndWest, eventually, finishedSet, fleetUp, goodFleet, phaseIn, protectedFleet, syncedTo, type TestWorld, type TestWorldOptions } from '../scenarios/world-testing.js';
import { annotationOf, at, labelOf, specOf, statusOf, text } from './json.js';
import { BACKUP_NAMESPACE as namespace } from './words.js';

const HOUR = 3_600_000;
const ACCOUNT_LABEL = 'authentication.open-cluster-management.io/is-managed-serviceaccount';
const BACKUP_LABEL = 'cluster.open-cluster-management.io/backup';

describe('the backup operator\u2019s BackupSchedule', () => {
  let clock: ShiftableClock;
  let test: TestWorld | undefined;
  afterEach(async () => {
    await test?.stop();
    test = undefined;
  });

  const of = (...clusters: Partial<FleetCluster>[]): Fleet => new Fleet(clusters.map((cluster, index): FleetCluster => ({ name: `c${index + 1}`, kind: 'openshift', group: 'good', hub: 'east', labels: {}, ...cluster })));
  const create = (world: TestWorld, spec?: Record<string, unknown>) => world.world.hub('east').client.create(resources.backupSchedule, backupSchedule(spec));
  const patch = (world: TestWorld, spec: unknown) => world.world.hub('east').client.patch(resources.backupSchedule, { name: 'schedule-acm', namespace }, { spec }, { patchType: 'merge' });
  const phase = (world: TestWorld) => phaseIn(world.east, resources.backupSchedule, 'schedule-acm');
  const message = (world: TestWorld) => text(statusOf(world.east.object(resources.backupSchedule, { name: 'schedule-acm', namespace }))['lastMessage']);
  const enabled = (world: TestWorld) => eventually('enabled', () => phase(world) === 'Enabled');
  const secret = (world: TestWorld, cluster: string, name = 'auto-import-account') => world.east.object(resources.secret, { name, namespace: cluster });
  const work = (world: TestWorld, cluster: string, tail = '') => world.east.object(resources.manifestWork, { name: `addon-managed-serviceaccount-import${tail}`, namespace: cluster });

  test_('makes add-on, account and work for imported clusters, and labels tokens before the first set', async (world) => {
    await protectedFleet(world);
    const addOn = world.east.object(resources.managedClusterAddOn, { name: 'managed-serviceaccount', namespace: 'c1' });
    expect(addOn && labelOf(addOn, ACCOUNT_LABEL)).toBe('auto-import-account');
    expect(text(statusOf(addOn)['namespace'])).toBe('open-cluster-management-agent-addon');
    const account = world.east.object(resources.managedServiceAccount, { name: 'auto-import-account', namespace: 'c1' });
    expect(account?.spec).toEqual({ rotation: { enabled: true, validity: '240h0m0s' } });
    const token = secret(world, 'c1');
    expect(token?.metadata.labels).toEqual({ [ACCOUNT_LABEL]: 'true', [BACKUP_LABEL]: 'msa' });
    expect([token && annotationOf(token, 'expirationTimestamp'), token && annotationOf(token, 'lastRefreshTimestamp')]).toEqual([statusOf(account)['expirationTimestamp'], at(statusOf(account), 'tokenSecretRef', 'lastRefreshTimestamp')]);
    expect(work(world, 'c1')?.metadata.labels).toEqual({ 'open-cluster-management.io/addon-name-work': 'managed-serviceaccount', [BACKUP_LABEL]: 'cluster-activation' });
    expect(at(specOf(work(world, 'c1')), 'workload')).toMatchObject({ manifests: [{ kind: 'ClusterRoleBinding', roleRef: { name: 'klusterlet-bootstrap-kubeconfig' }, subjects: [{ name: 'auto-import-account', namespace: 'open-cluster-management-agent-addon' }] }] });
    const bySchedule = Object.fromEntries(world.world.bucket.list().map(({ name, items }) => [name.replace(/^acm-|-schedule-\d+$/g, ''), items.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`).sort()]));
    expect(bySchedule).toEqual({
      credentials: ['Secret c1/auto-import-account', 'Secret c2/auto-import-account'],
      'managed-clusters': ['ManagedCluster /c1', 'ManagedCluster /c2', 'ManagedClusterAddOn c1/managed-serviceaccount', 'ManagedClusterAddOn c2/managed-serviceaccount'],
      resources: ['ManagedServiceAccount c1/auto-import-account', 'ManagedServiceAccount c2/auto-import-account'],
      'resources-generic': ['ManifestWork c1/addon-managed-serviceaccount-import', 'ManifestWork c2/addon-managed-serviceaccount-import'],
      'validation-policy': [],
    });
  });

  test_('leaves Hive and the local cluster alone, and treats hosted clusters like any other', async (world) => {
    await protectedFleet(world);
    const accounts = world.east.objects(resources.managedServiceAccount).map(({ metadata }) => metadata.namespace);
    expect(accounts).toEqual(['c2', 'c3']);
  }, { fleet: of({ kind: 'hive' }, { kind: 'hosted' }, {}) });

  test_('both works for a custom add-on namespace; the old custom one goes', async (world) => {
    await fleetUp(world);
    await world.world.hub('east').client.create(resources.manifestWork, { apiVersion: 'work.open-cluster-management.io/v1', kind: 'ManifestWork', metadata: { name: 'addon-managed-serviceaccount-import-custom', namespace: 'c1' }, spec: { workload: { manifests: [] } } });
    await create(world);
    await eventually('both works', () => work(world, 'c1') && work(world, 'c1', '-custom-2') && !work(world, 'c1', '-custom'));
    expect(at(specOf(work(world, 'c1', '-custom-2')), 'workload')).toMatchObject({ manifests: [{ metadata: { name: 'managedserviceaccount-import-custom-2' }, subjects: [{ namespace: 'elsewhere' }] }] });
  }, { fleet: of({ addOnNamespace: 'elsewhere' }) });

  test_('a token that comes between two passes waits for its label, and misses the set that starts meanwhile', async (world) => {
    await protectedFleet(world);
    const late = await eventually('a token without label', () => { world.world.clusters.get('c2').releaseAgent(); return secret(world, 'c2'); });
    expect(labelOf(late, BACKUP_LABEL)).toBeUndefined();
    await eventually('the label', () => { const token = secret(world, 'c2'); return token && labelOf(token, BACKUP_LABEL) === 'msa'; });
  }, { fleet: of({}, { agentHeld: true }) });

  test_('the pair comes in the window after half of the life, and not after it', async (world) => {
    await protectedFleet(world, { managedServiceAccountTTL: '100h0m0s' });
    clock.advance(50 * HOUR + 60_000);
    await eventually('the pair', () => world.east.object(resources.managedServiceAccount, { name: 'auto-import-account-pair', namespace: 'c1' }));
    await eventually('its work', () => work(world, 'c1', '-pair'));
  });

  test_('an operator that is down in the window misses the pair', async (world) => {
    await protectedFleet(world, { managedServiceAccountTTL: '100h0m0s' });
    await world.world.hub('east').actors.stop();
    clock.advance(51 * HOUR);
    await world.world.hub('east').actors.start();
    await world.world.hub('east').client.delete(resources.manifestWork, { name: 'addon-managed-serviceaccount-import', namespace: 'c2' });
    await eventually('a later pass, which makes the work again', () => work(world, 'c2'));
    expect(world.east.object(resources.managedServiceAccount, { name: 'auto-import-account-pair', namespace: 'c1' })).toBeNull();
  });

  test_('a changed validity is patched, an account without rotation is left', async (world) => {
    await protectedFleet(world);
    // No API server lets it in any more, but older ones did.
    const old = world.east.object(resources.managedServiceAccount, { name: 'auto-import-account', namespace: 'c2' });
    if (old) world.east.seed([{ ...old, spec: {} }]);
    await patch(world, { managedServiceAccountTTL: '50h0m0s' });
    await eventually('patched', () => at(specOf(world.east.object(resources.managedServiceAccount, { name: 'auto-import-account', namespace: 'c1' })), 'rotation', 'validity') === '50h0m0s');
    expect(specOf(world.east.object(resources.managedServiceAccount, { name: 'auto-import-account', namespace: 'c2' }))).toEqual({});
  });

  test_('a leftover Secret of the account\u2019s name goes before the account is made', async (world) => {
    await fleetUp(world);
    await world.world.hub('east').client.create(resources.secret, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'auto-import-account', namespace: 'c1', labels: { stale: 'yes' } }, type: 'Opaque', data: {} });
    await create(world);
    await eventually('a new Secret', () => { const token = secret(world, 'c1'); return token && labelOf(token, 'stale') === undefined && labelOf(token, BACKUP_LABEL) === 'msa'; });
  });

  test_('another backup label on the Secret stays, and the times are kept all the same', async (world) => {
    await fleetUp(world);
    await world.world.hub('east').client.create(resources.secret, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'auto-import-account-of-a-user', namespace: 'c1', labels: { [ACCOUNT_LABEL]: 'true', 'cluster.open-cluster-management.io/type': 'aws' } }, type: 'Opaque', data: {} });
    await create(world);
    await enabled(world);
    expect(secret(world, 'c1', 'auto-import-account-of-a-user')?.metadata.labels).toEqual({ [ACCOUNT_LABEL]: 'true', 'cluster.open-cluster-management.io/type': 'aws' });
  });

  test_('a component that is off is told, tried again, and works once it is on', async (world) => {
    await fleetUp(world);
    await create(world);
    await eventually('refused', () => phase(world) === 'FailedValidation');
    expect(message(world)).toBe('UseManagedServiceAccount option cannot be used, managedserviceaccount component is not enabled');
    expect(world.east.count(resources.clusterManagementAddOn)).toBe(0);
    await world.world.hub('east').client.patch(resources.multiClusterEngine, { name: 'multiclusterengine' }, { spec: { overrides: { components: [{ name: 'managedserviceaccount-preview', enabled: true }] } } }, { patchType: 'merge' });
    await enabled(world);
    expect(world.east.count(resources.clusterManagementAddOn)).toBe(1);
  }, { both: { components: { managedServiceAccount: false } } });

  test_('switching off deletes what carries its labels, whoever made it', async (world) => {
    await protectedFleet(world);
    const { client } = world.world.hub('east');
    await client.create(resources.managedServiceAccount, { apiVersion: 'authentication.open-cluster-management.io/v1beta1', kind: 'ManagedServiceAccount', metadata: { name: 'auto-import-account', namespace: 'local-cluster', labels: { [ACCOUNT_LABEL]: 'auto-import-account' } }, spec: { rotation: { enabled: true } } });
    await patch(world, { useManagedServiceAccount: false });
    await eventually('nothing is left', () => {
      const works = world.east.objects(resources.manifestWork).filter(({ metadata }) => metadata.name.includes('-import'));
      return world.east.count(resources.managedServiceAccount) + world.east.count(resources.managedClusterAddOn) + works.length === 0 && !secret(world, 'c1');
    });
  });

  test_('an operator that leaves tokens to others makes and deletes none', async (world) => {
    await fleetUp(world);
    const { client } = world.world.hub('east');
    await client.create(resources.managedServiceAccount, { apiVersion: 'authentication.open-cluster-management.io/v1beta1', kind: 'ManagedServiceAccount', metadata: { name: 'auto-import-account', namespace: 'c1', labels: { [ACCOUNT_LABEL]: 'auto-import-account' } }, spec: { rotation: { enabled: true } } });
    await create(world);
    await finishedSet(world.east);
    await patch(world, { useManagedServiceAccount: false });
    await enabled(world);
    expect(world.east.objects(resources.managedServiceAccount).map(({ metadata }) => metadata.namespace)).toEqual(['c1']);
    expect(world.east.count(resources.managedClusterAddOn)).toBe(0);
  }, { both: { tokens: 'off' } });

  test_('pausing keeps everything and stops backups; a paused Velero schedule still reads Enabled', async (world) => {
    await protectedFleet(world);
    await patch(world, { paused: true });
    await eventually('paused', () => phase(world) === 'Paused');
    expect(message(world)).toBe('BackupSchedule is paused.');
    const velero = world.east.objects(resources.veleroSchedule, namespace);
    expect(velero.map((schedule) => [specOf(schedule)['paused'], text(statusOf(schedule)['phase'])])).toEqual(Array.from({ length: 5 }, () => [true, 'Enabled']));
    clock.advance(3 * HOUR);
    await patch(world, { paused: false });
    await eventually('unpaused', () => world.east.objects(resources.veleroSchedule, namespace).every((schedule) => specOf(schedule)['paused'] === false) && phase(world) === 'Enabled');
  });

  test_('no backup on start, if told so; then by cron', async (world) => {
    await fleetUp(world);
    await create(world, { noBackupOnStart: true });
    await enabled(world);
    expect(world.east.count(resources.veleroBackup)).toBe(0);
    clock.advance(2 * HOUR);
    await finishedSet(world.east);
  });

  test_('cron and TTL follow the schedule', async (world) => {
    await protectedFleet(world);
    await patch(world, { veleroSchedule: '*/10 * * * *', veleroTtl: '48h0m0s' });
    await eventually('followed', () => world.east.objects(resources.veleroSchedule, namespace).every((schedule) => specOf(schedule)['schedule'] === '*/10 * * * *' && (at(specOf(schedule), 'template', 'ttl') === '48h0m0s' || schedule.metadata.name.includes('validation'))));
  });

  test_('a schedule that is deleted takes its Velero schedules with it; a bad cron is told', async (world) => {
    await protectedFleet(world);
    await world.world.hub('east').client.delete(resources.backupSchedule, { name: 'schedule-acm', namespace });
    await eventually('gone', () => world.east.count(resources.veleroSchedule) === 0);
    await create(world, { veleroSchedule: 'often' });
    await eventually('refused', () => phase(world) === 'FailedValidation');
  });

  test_('two hubs that write one storage: the one whose backup is older is told, and pauses', async (world) => {
    await protectedFleet(world);
    clock.advance(5_000); // names of backups tell seconds apart
    await world.world.hub('west').client.create(resources.backupSchedule, backupSchedule());
    await eventually('collision on east', () => phase(world) === 'BackupCollision');
    expect(message(world)).toMatch(/^Backup acm-[a-z-]+-schedule-\d{14}, from cluster with id \[id-of-west\] is using the same storage location\. This is a backup collision with current cluster \[id-of-east\] backup\. Review and resolve the collision then create a new BackupSchedule resource to {2}resume backups from this cluster\.$/);
    expect(world.east.objects(resources.veleroSchedule, namespace).every((schedule) => specOf(schedule)['paused'] === true)).toBe(true);
    expect(phaseIn(world.west, resources.backupSchedule, 'schedule-acm')).not.toBe('BackupCollision');
    await syncedTo(world.world, world.east);
  });

  function test_(name: string, run: (world: TestWorld) => Promise<void>, options: Partial<TestWorldOptions> = {}): void {
    it(name, async () => {
      clock = new ShiftableClock();
      test = await eastAndWest({ clock, fleet: goodFleet('c1', 'c2'), ...options });
      await run(test);
    });
  }
});
