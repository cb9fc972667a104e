import { ShiftableClock } from '../../common/clock.js';
import type { KubeObject } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { Fleet, type FleetCluster } from '../scenarios/fleet.js';
import { eastAndWest, eventually, fleetUp, QUICK, type TestWorld, type TestWorldOptions } from '../scenarios/world-testing.js';
import { conditionOf } from './conditions.js';
import { annotationOf, base64, text } from './json.js';

const HOUR = 3_600_000;
const NS = 'open-cluster-management-agent-addon';
const IMMEDIATE = 'import.open-cluster-management.io/immediate-import';
const KEEP = 'managedcluster-import-controller.open-cluster-management.io/keeping-auto-import-secret';

describe('the import controller', () => {
  let clock: ShiftableClock;
  let test: TestWorld | undefined;
  afterEach(async () => {
    await test?.stop();
    test = undefined;
  });

  const of = (count: number, rest: Partial<FleetCluster> = {}): Fleet =>
    new Fleet(Array.from({ length: count }, (_, index): FleetCluster => ({ name: `c${index + 1}`, kind: 'openshift', group: 'good', hub: 'east', labels: {}, ...rest })));

  /** A token of the cluster's account; with rights as a work would have delivered them, unless told otherwise. */
  const tokenOf = (world: TestWorld, name: string, { rights = true, lifeMs = 10 * HOUR } = {}): string => {
    const cluster = world.world.clusters.get(name);
    cluster.ensureAccount(NS, 'auto-import-account');
    const role = { kind: 'ClusterRoleBinding', metadata: { name: 'b' }, roleRef: { name: 'klusterlet-bootstrap-kubeconfig' }, subjects: [{ kind: 'ServiceAccount', name: 'auto-import-account', namespace: NS }] };
    if (rights) cluster.applyWork('binding', [role]);
    return cluster.requestToken(NS, 'auto-import-account', lifeMs, clock.now()).token;
  };
  const client = (world: TestWorld) => world.world.hub('west').client;
  const importSecret = (name: string, token: string, server = `https://api.${name}.example:6443`, annotations: Record<string, string> = { [KEEP]: '' }): KubeObject => ({
    apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata: { name: 'auto-import-secret', namespace: name, annotations }, data: { autoImportRetry: base64('5'), server: base64(server), token: base64(token) },
  });
  /** The cluster as a restore leaves it on west, and its import Secret. */
  const pending = async (world: TestWorld, name: string, token: string, annotations: Record<string, string> = { [IMMEDIATE]: '' }): Promise<void> => {
    await client(world).create(resources.namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await client(world).create(resources.managedCluster, { apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name, annotations }, spec: { hubAcceptsClient: true, managedClusterClientConfigs: [{ url: `https://api.${name}.example:6443` }] } });
    await client(world).create(resources.secret, importSecret(name, token));
  };
  const onWest = (world: TestWorld, name: string): KubeObject | undefined => world.west.object(resources.managedCluster, { name }) ?? undefined;
  const reason = (world: TestWorld, name: string): unknown => conditionOf(onWest(world, name), 'ManagedClusterImportSucceeded')?.['reason'];
  const available = (world: TestWorld, name: string, hub: 'east' | 'west' = 'west'): unknown => conditionOf(world[hub].object(resources.managedCluster, { name }) ?? undefined, 'ManagedClusterConditionAvailable')?.['status'];
  const imported = (world: TestWorld, name: string) => eventually(`${name} imported`, () => reason(world, name) === 'ManagedClusterImported' && available(world, name) === 'True');

  test_('a good token brings the cluster over; the old hub says Unknown, its import condition stays', async (world) => {
    await fleetUp(world);
    await pending(world, 'c1', tokenOf(world, 'c1'));
    await imported(world, 'c1');
    const cluster = onWest(world, 'c1');
    expect(cluster && annotationOf(cluster, IMMEDIATE)).toBe('Completed');
    expect(world.west.object(resources.secret, { name: 'auto-import-secret', namespace: 'c1' })).not.toBeNull();
    await eventually('unknown on east', () => available(world, 'c1', 'east') === 'Unknown');
    const onEast = world.east.object(resources.managedCluster, { name: 'c1' }) ?? undefined;
    expect(conditionOf(onEast, 'ManagedClusterConditionAvailable')?.['reason']).toBe('ManagedClusterLeaseUpdateStopped');
    expect(conditionOf(onEast, 'ManagedClusterImportSucceeded')?.['status']).toBe('True');
  });

  test_('without the keeping annotation the Secret goes once it was used', async (world) => {
    await fleetUp(world);
    const token = tokenOf(world, 'c1');
    await pending(world, 'c1', '');
    await client(world).delete(resources.secret, { name: 'auto-import-secret', namespace: 'c1' });
    await client(world).create(resources.secret, importSecret('c1', token, undefined, {}));
    await imported(world, 'c1');
    await eventually('gone', () => world.west.object(resources.secret, { name: 'auto-import-secret', namespace: 'c1' }) === null);
  });

  interface Bad { because: string; token: (world: TestWorld) => string; message: string }
  it.each<Bad>([
    { because: 'it has expired', token: (world) => { const token = tokenOf(world, 'c1', { lifeMs: HOUR }); clock.advance(HOUR); return token; }, message: 'Unauthorized' },
    { because: 'it is nonsense', token: () => 'nonsense', message: 'Unauthorized' },
    { because: 'it is empty', token: () => '', message: 'no token' },
    { because: 'no work gave it rights', token: (world) => tokenOf(world, 'c1', { rights: false }), message: 'forbidden' },
  ])('a token is refused where $because', async ({ token, message }) => {
    const world = await begin();
    await fleetUp(world);
    await pending(world, 'c1', token(world));
    await eventually('failed', () => reason(world, 'c1') === 'ManagedClusterImportFailed');
    const said = text(conditionOf(onWest(world, 'c1'), 'ManagedClusterImportSucceeded')?.['message']) ?? '';
    expect(said.startsWith('AutoImportSecretInvalid c1/auto-import-secret')).toBe(true);
    expect(said).toContain(message);
    expect(world.world.clusters.get('c1').bootstrapHub).toBe('east');
    await client(world).patch(resources.secret, { name: 'auto-import-secret', namespace: 'c1' }, { data: { token: base64(tokenOf(world, 'c1')) } }, { patchType: 'merge' });
    await imported(world, 'c1'); // a better token is tried at once
  });

  test_('a wrong API URL is as bad as no network', async (world) => {
    await fleetUp(world);
    await pending(world, 'c1', '');
    await client(world).patch(resources.secret, { name: 'auto-import-secret', namespace: 'c1' }, { data: { token: base64(tokenOf(world, 'c1')), server: base64('https://elsewhere.example:6443') } }, { patchType: 'merge' });
    await eventually('importing', () => reason(world, 'c1') === 'ManagedClusterImporting');
    expect(world.world.clusters.get('c1').bootstrapHub).toBe('east');
  });

  test_('unreachable clusters hold the ten workers, so that a reachable one waits; they come over once they are reached', async (world) => {
    await fleetUp(world);
    const names = world.world.fleet.clusters.map(({ name }) => name);
    for (const name of names.slice(0, 10)) world.world.clusters.get(name).setReachableFrom('west', false);
    for (const name of names) await pending(world, name, tokenOf(world, name));
    await eventually('all that an import of the last waits for', () => world.west.object(resources.secret, { name: 'c11-import', namespace: 'c11' }) && world.west.objects(resources.manifestWork, 'c11').length >= 2);
    await eventually('the klusterlets\u2019 side is idle', () => names.every((name) => conditionOf(onWest(world, name), 'HubAcceptedManagedCluster')?.['status'] === 'True'));
    expect(world.world.clusters.get('c11').bootstrapHub).toBe('east');
    const later = <T>(look: () => T) => () => { clock.advance(5_000); return look(); };
    await eventually('its turn', later(() => reason(world, 'c11') === 'ManagedClusterImported'));
    await eventually('ten are still importing', later(() => names.slice(0, 10).every((name) => reason(world, name) === 'ManagedClusterImporting')));
    for (const name of names) world.world.clusters.get(name).setReachableFrom('west', true);
    await eventually('all', later(() => names.every((name) => reason(world, name) === 'ManagedClusterImported')));
  }, { fleet: of(11), timings: { ...QUICK, importTimeoutMs: 90_000, importRetryMs: 100_000 } });

  test_('its own status writes do not hurry the retries of an unreachable cluster', async (world) => {
    await fleetUp(world);
    world.world.clusters.get('c1').setReachableFrom('west', false);
    await pending(world, 'c1', tokenOf(world, 'c1'));
    await eventually('importing', () => reason(world, 'c1') === 'ManagedClusterImporting');
    world.world.clusters.get('c1').setReachableFrom('west', true);
    clock.advance(500);
    const { actors } = world.world.hub('west');
    await eventually('idle', () => actors.isIdle);
    expect(world.world.clusters.get('c1').bootstrapHub).toBe('east');
    clock.advance(60_000);
    await imported(world, 'c1');
  }, { timings: { ...QUICK, importTimeoutMs: 50, importRetryMs: 30_000 } });

  test_('disable-auto-import fences a cluster, and hosted clusters are nobody\u2019s', async (world) => {
    await fleetUp(world);
    await pending(world, 'c1', tokenOf(world, 'c1'), { [IMMEDIATE]: '', 'import.open-cluster-management.io/disable-auto-import': '' });
    await pending(world, 'c2', tokenOf(world, 'c2'), { [IMMEDIATE]: '', 'import.open-cluster-management.io/klusterlet-deploy-mode': 'Hosted' });
    await pending(world, 'c3', tokenOf(world, 'c3'));
    await imported(world, 'c3');
    await eventually('idle', () => world.world.hub('west').actors.isIdle);
    expect([world.world.clusters.get('c1').bootstrapHub, world.world.clusters.get('c2').bootstrapHub]).toEqual(['east', 'east']);
    await client(world).patch(resources.managedCluster, { name: 'c1' }, { metadata: { annotations: { 'import.open-cluster-management.io/disable-auto-import': null } } }, { patchType: 'merge' });
    await imported(world, 'c1');
  }, { fleet: of(3) });

  test_('ImportOnly: a cluster that was imported here before comes back only with the annotation', async (world) => {
    await fleetUp(world);
    await pending(world, 'c1', tokenOf(world, 'c1'));
    await imported(world, 'c1');
    world.world.clusters.get('c1').pointTo('east', clock.now());
    await eventually('unknown on west', () => available(world, 'c1') === 'Unknown');
    await eventually('idle', () => world.world.hub('west').actors.isIdle);
    expect(world.world.clusters.get('c1').bootstrapHub).toBe('east');
    await client(world).patch(resources.managedCluster, { name: 'c1' }, { metadata: { annotations: { [IMMEDIATE]: '' } } }, { patchType: 'merge' });
    await eventually('back on west', () => available(world, 'c1') === 'True');
  });

  test_('a source that is alive and imports and syncs takes its clusters back when it sees them leave', async (world) => {
    await fleetUp(world);
    await pending(world, 'c1', tokenOf(world, 'c1'));
    await eventually('on west, then back', () => world.world.clusters.get('c1').history.map(({ hub }) => hub).join() === 'west,east');
    await eventually('available on east again', () => available(world, 'c1', 'east') === 'True');
  }, { eastHub: { importStrategy: 'ImportAndSync' } });

  test_('it does not, for a cluster that is fenced there', async (world) => {
    await fleetUp(world);
    await world.world.hub('east').client.patch(resources.managedCluster, { name: 'c1' }, { metadata: { annotations: { 'import.open-cluster-management.io/disable-auto-import': '' } } }, { patchType: 'merge' });
    await pending(world, 'c1', tokenOf(world, 'c1'));
    await imported(world, 'c1');
    await eventually('unknown on east', () => available(world, 'c1', 'east') === 'Unknown');
    await eventually('idle', () => world.world.hub('east').actors.isIdle);
    expect(world.world.clusters.get('c1').bootstrapHub).toBe('west');
  }, { eastHub: { importStrategy: 'ImportAndSync' } });

  test_('older engines import and sync by default', async (world) => {
    await fleetUp(world);
    await pending(world, 'c1', tokenOf(world, 'c1'));
    await eventually('on west, then back', () => world.world.clusters.get('c1').history.map(({ hub }) => hub).join() === 'west,east');
  }, { eastHub: { release: { hub: '2.13.3', engine: '2.8.2' } } });

  test_('deleting a cluster that is available detaches it; one that has left is only forgotten', async (world) => {
    await fleetUp(world);
    await pending(world, 'c1', tokenOf(world, 'c1'));
    await imported(world, 'c1');
    await eventually('unknown on east', () => available(world, 'c1', 'east') === 'Unknown');
    const gone = (name: string) => eventually(`${name} gone`, () => world.east.object(resources.managedCluster, { name }) === null);
    await world.world.hub('east').client.delete(resources.managedCluster, { name: 'c1' });
    await world.world.hub('east').client.delete(resources.managedCluster, { name: 'c2' });
    await Promise.all([gone('c1'), gone('c2')]);
    expect(world.world.clusters.get('c1').bootstrapHub).toBe('west');
    expect(available(world, 'c1')).toBe('True');
    expect(world.world.clusters.get('c2').bootstrapHub).toBeNull();
    expect(world.world.clusters.get('c2').appliedWorks).toEqual([]);
  }, { fleet: of(2) });

  async function begin(options: Partial<TestWorldOptions> = {}): Promise<TestWorld> {
    clock = new ShiftableClock();
    return (test = await eastAndWest({ clock, fleet: of(1), ...options }));
  }
  function test_(name: string, run: (world: TestWorld) => Promise<void>, options: Partial<TestWorldOptions> = {}): void {
    it(name, async () => run(await begin(options)));
  }
});
