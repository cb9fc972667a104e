import { ShiftableClock } from '../../common/clock.js';
import { resources } from '../../kube/resources.js';
import { Fleet, type FleetCluster } from '../scenarios/fleet.js';
import { acmRestore, eastAndWest, eventually, fleetUp, phaseIn, protectedFleet, type TestWorld, type TestWorldOptions } from '../scenarios/world-testing.js';
import { conditionOf } from './conditions.js';
import { at, statusOf, text, timeOf, unbase64 } from './json.js';

const HOUR = 3_600_000;
const ADD_ON = { apiVersion: 'addon.open-cluster-management.io/v1alpha1', kind: 'ManagedClusterAddOn', spec: {} };

describe('token agents', () => {
  let clock: ShiftableClock;
  let test: TestWorld | undefined;
  afterEach(async () => {
    await test?.stop();
    test = undefined;
  });

  const of = (...clusters: Partial<FleetCluster>[]): Fleet => new Fleet(clusters.map((cluster, index): FleetCluster => ({ name: `c${index + 1}`, kind: 'openshift', group: 'good', hub: 'east', labels: {}, ...cluster })));
  const account = (world: TestWorld, hub: 'east' | 'west' = 'east') => world[hub].object(resources.managedServiceAccount, { name: 'auto-import-account', namespace: 'c1' }) ?? undefined;
  const secret = (world: TestWorld) => world.east.object(resources.secret, { name: 'auto-import-account', namespace: 'c1' });
  const token = (world: TestWorld): string => unbase64(secret(world)?.data?.['token']);
  const expiryMs = (world: TestWorld): number => timeOf(statusOf(account(world))['expirationTimestamp']) ?? 0;
  const refreshed = (world: TestWorld): string => text(at(statusOf(account(world)), 'tokenSecretRef', 'lastRefreshTimestamp')) ?? '';

  /** What anyone would make for a cluster: no operator here. */
  const protect = async (world: TestWorld, validity = '100h0m0s'): Promise<void> => {
    await fleetUp(world);
    const { client } = world.world.hub('east');
    await client.create(resources.managedClusterAddOn, { ...ADD_ON, metadata: { name: 'managed-serviceaccount', namespace: 'c1' } });
    await client.create(resources.managedServiceAccount, { apiVersion: 'authentication.open-cluster-management.io/v1beta1', kind: 'ManagedServiceAccount', metadata: { name: 'auto-import-account', namespace: 'c1' }, spec: { rotation: { enabled: true, validity } } });
  };
  const issued = (world: TestWorld) => eventually('a token', () => refreshed(world) !== '' && token(world) !== '');

  test_('write Secret and status; the Secret belongs to the account and carries no backup label', async (world) => {
    await protect(world);
    await issued(world);
    expect(secret(world)).toMatchObject({
      type: 'Opaque',
      metadata: { labels: { 'authentication.open-cluster-management.io/is-managed-serviceaccount': 'true' }, ownerReferences: [{ kind: 'ManagedServiceAccount', name: 'auto-import-account', uid: account(world)?.metadata.uid }] },
    });
    expect(Object.keys(secret(world)?.data ?? {}).sort()).toEqual(['ca.crt', 'token']);
    expect(Object.keys(secret(world)?.metadata.labels ?? {})).toHaveLength(1);
    expect(statusOf(account(world))).toMatchObject({ tokenSecretRef: { name: 'auto-import-account' } });
    expect([conditionOf(account(world), 'SecretCreated')?.['status'], conditionOf(account(world), 'TokenReported')?.['status']]).toEqual(['True', 'True']);
    const claims = JSON.parse(Buffer.from(token(world).split('.')[1] ?? '', 'base64url').toString()) as { exp: number };
    expect(claims.exp * 1000).toBe(expiryMs(world));
    expect(Math.round((expiryMs(world) - clock.now().getTime()) / HOUR)).toBe(100);
  });

  test_('refresh after 80 % of the granted life, and not before', async (world) => {
    await protect(world);
    await issued(world);
    const first = token(world);
    clock.advance(79 * HOUR);
    await eventually('idle', () => world.world.hub('east').actors.isIdle);
    expect(token(world)).toBe(first);
    clock.advance(2 * HOUR);
    await eventually('a new one', () => token(world) !== first);
    await eventually('the account says so', () => expiryMs(world) > clock.now().getTime() + 99 * HOUR);
  });

  test_('take what is granted: a day on EKS, whatever was asked for', async (world) => {
    await protect(world, '1440h0m0s');
    await issued(world);
    expect(Math.round((expiryMs(world) - clock.now().getTime()) / HOUR)).toBe(24);
    const first = token(world);
    clock.advance(20 * HOUR);
    await eventually('refreshed within the day', () => token(world) !== first);
  }, { fleet: of({ kind: 'eks' }) });

  test_('old agents refresh every second where less is granted than asked for', async (world) => {
    await protect(world, '1440h0m0s');
    await issued(world);
    const seen = new Set<string>();
    await eventually('three refreshes, seconds apart', () => { seen.add(refreshed(world)); clock.advance(1_000); return seen.size >= 4; });
  }, { fleet: of({ kind: 'eks' }), eastHub: { switches: { agentsRefreshAlways: true } } });

  test_('say why they have no token, and get it once they may', async (world) => {
    world.world.clusters.get('c1').tokenRequestError = 'serviceaccounts "auto-import-account" is forbidden';
    await protect(world);
    await eventually('reported', () => conditionOf(account(world), 'TokenReported')?.['status'] === 'False');
    expect(conditionOf(account(world), 'TokenReported')).toMatchObject({ reason: 'TokenReportFailed', message: 'serviceaccounts "auto-import-account" is forbidden' });
    expect(secret(world)).toBeNull();
    world.world.clusters.get('c1').tokenRequestError = null;
    clock.advance(60_000);
    await issued(world);
  });

  test_('replace a token that the cluster no longer takes, and a Secret that was deleted', async (world) => {
    await protect(world);
    await issued(world);
    const first = token(world);
    world.world.clusters.get('c1').removeAccount('open-cluster-management-agent-addon', 'auto-import-account');
    clock.advance(60_000);
    await eventually('a new token', () => token(world) !== first && token(world) !== '');
    const second = token(world);
    await world.world.hub('east').client.delete(resources.secret, { name: 'auto-import-account', namespace: 'c1' });
    await eventually('a new Secret', () => token(world) !== second && token(world) !== '');
  });

  test_('have nothing for a cluster that sleeps, until it wakes', async (world) => {
    const { client } = world.world.hub('east');
    await client.create(resources.managedClusterAddOn, { ...ADD_ON, metadata: { name: 'managed-serviceaccount', namespace: 'c1' } });
    await client.create(resources.managedServiceAccount, { apiVersion: 'authentication.open-cluster-management.io/v1beta1', kind: 'ManagedServiceAccount', metadata: { name: 'auto-import-account', namespace: 'c1' }, spec: { rotation: { enabled: true, validity: '10h0m0s' } } });
    await eventually('idle', () => world.world.hub('east').actors.isIdle);
    expect(statusOf(account(world))).toEqual({});
    world.world.clusters.get('c1').wake();
    await issued(world);
  }, { fleet: of({ asleep: true }) });

  test_('do nothing while the hub\u2019s component is off', async (world) => {
    await protect(world);
    await eventually('idle', () => world.world.hub('east').actors.isIdle);
    expect(refreshed(world)).toBe('');
    await world.world.hub('east').client.patch(resources.multiClusterEngine, { name: 'multiclusterengine' }, { spec: { overrides: { components: [{ name: 'managedserviceaccount', enabled: true }] } } }, { patchType: 'merge' });
    await issued(world);
  }, { eastHub: { components: { managedServiceAccount: false } } });

  test_('account deleted: its Secret goes, and its ServiceAccount on the cluster with all tokens', async (world) => {
    await protect(world);
    await issued(world);
    const old = token(world);
    await world.world.hub('east').client.delete(resources.managedServiceAccount, { name: 'auto-import-account', namespace: 'c1' }, { propagationPolicy: 'Foreground' });
    await eventually('all gone', () => account(world) === undefined && secret(world) === null && !world.world.clusters.get('c1').reviewToken(old, clock.now()).ok);
  });

  test_('give a restored account a new token on the new hub, where the cluster is now', async (world) => {
    await protectedFleet(world);
    await world.world.cutOff('east');
    await world.world.hub('west').client.create(resources.restore, acmRestore());
    await eventually('finished', () => phaseIn(world.west, resources.restore, 'restore-acm') === 'Finished');
    await eventually('a status on west', () => at(statusOf(account(world, 'west')), 'tokenSecretRef'));
    const owned = await eventually('the Secret is owned again', () => { const found = world.west.object(resources.secret, { name: 'auto-import-account', namespace: 'c1' }); return found?.metadata.ownerReferences && found; });
    expect(owned.metadata.labels).toMatchObject({ 'cluster.open-cluster-management.io/backup': 'msa' });
  }, { both: { tokens: 'operator' } });

  test_('an hour after the move, works that the new hub lacks are evicted: with the label they are not', async (world) => {
    await fleetUp(world);
    const work = (name: string, labels: Record<string, string>) => world.world.hub('east').client.create(resources.manifestWork, {
      apiVersion: 'work.open-cluster-management.io/v1', kind: 'ManifestWork', metadata: { name, namespace: 'c1', labels }, spec: { workload: { manifests: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } }] } },
    });
    await work('app', {});
    await work('kept', { 'cluster.open-cluster-management.io/backup': 'cluster-activation' });
    await protectedFleet(world);
    await world.world.cutOff('east');
    await world.world.hub('west').client.create(resources.restore, acmRestore());
    await eventually('on west', async () => (await world.world.availableOn('west')).length === 1);
    const cluster = world.world.clusters.get('c1');
    await eventually('idle', () => world.world.hub('west').actors.isIdle);
    clock.advance(0.9 * HOUR);
    await eventually('idle', () => world.world.hub('west').actors.isIdle);
    expect(cluster.removedWorks).toEqual([]);
    clock.advance(0.2 * HOUR);
    await eventually('evicted', () => cluster.removedWorks.length > 0);
    expect(cluster.removedWorks.map((removed) => [removed.work, ...removed.resources])).toEqual([['app', 'ConfigMap/default/app']]);
    expect(cluster.appliedWorks).toContain('kept');
  }, { both: { tokens: 'operator' } });

  test_('a longer grace period on the new hub keeps them', async (world) => {
    await fleetUp(world);
    await world.world.hub('west').client.create(resources.klusterletConfig, { apiVersion: 'config.open-cluster-management.io/v1alpha1', kind: 'KlusterletConfig', metadata: { name: 'global' }, spec: { appliedManifestWorkEvictionGracePeriod: '24h' } });
    world.world.clusters.get('c1').applyWork('app', []);
    await world.world.hub('west').client.create(resources.managedCluster, { apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name: 'c1' }, spec: { hubAcceptsClient: true } });
    world.world.clusters.get('c1').pointTo('west', clock.now());
    await eventually('on west', async () => (await world.world.availableOn('west')).length === 1);
    clock.advance(2 * HOUR);
    await eventually('idle', () => world.world.hub('west').actors.isIdle);
    expect(world.world.clusters.get('c1').appliedWorks).toContain('app');
    clock.advance(25 * HOUR); // the missing work may have been noticed only after the first leap
    await eventually('evicted after all', () => world.world.clusters.get('c1').removedWorks.some(({ work }) => work === 'app'));
  });

  function test_(name: string, run: (world: TestWorld) => Promise<void>, options: Partial<TestWorldOptions> = {}): void {
    it(name, async () => {
      clock = new ShiftableClock();
      test = await eastAndWest({ clock, fleet: of({}), both: { tokens: 'off' }, ...options });
      await run(test);
    });
  }
});
