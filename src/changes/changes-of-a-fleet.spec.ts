import { ShiftableClock } from '../common/clock.js';
import { Secret } from '../common/secret.js';
import { HubClient } from '../kube/hub-client.js';
import type { KubeObject } from '../kube/kube.types.js';
import { resources } from '../kube/resources.js';
import { SimulatedHub } from '../simulator/simulated-hub.js';
import { Parts } from '../../test/support/parts.js';
import { until } from '../../test/support/until.js';
import { ChangeFeed } from './change-feed.service.js';
import { ChangesRepository } from './changes.repository.js';
import { ChangesService } from './changes.service.js';
import type { Change } from './changes.types.js';

const by = { actor: 'tester', reason: 'because' };
const CLUSTERS = ['shop-1', 'shop-2', 'shop-3'];
const TOKEN = 'the token itself';

let clock: ShiftableClock;
let hub: SimulatedHub;
let agent: HubClient;
let parts: Parts;
let changes: ChangesService;
let hubId: string;

const object = (kind: string, apiVersion: string, metadata: KubeObject['metadata'], rest: object = {}): KubeObject => ({ apiVersion, kind, metadata, ...rest });

beforeAll(async () => {
  clock = new ShiftableClock();
  hub = await SimulatedHub.start({ name: 'east', clusterId: 'id-east', clock });
  agent = new HubClient(hub.connection(), { allowLoopback: true, defaultFieldManager: 'agent' });
  hub.seed([
    object('ClusterManagementAddOn', 'addon.open-cluster-management.io/v1alpha1', { name: 'managed-serviceaccount' }, { spec: {} }),
    ...CLUSTERS.flatMap((name) => [
      object('ManagedCluster', 'cluster.open-cluster-management.io/v1', { name }, { spec: {}, status: { conditions: [{ type: 'ManagedClusterConditionAvailable', status: 'True' }] } }),
      object('Namespace', 'v1', { name }),
    ]),
  ]);
  parts = await Parts.open(clock);
  const repository = new ChangesRepository(parts.sql);
  changes = new ChangesService(repository, new ChangeFeed(repository, parts.changes));
  await parts.work();
});
afterAll(async () => {
  await parts.drop();
  await agent.close();
  await hub.stop();
});

const allAfter = async (after: number): Promise<readonly Change[]> => (await changes.page(after, {}, 500)).items;
const typesOf = (told: readonly Change[]): string[] => told.map(({ type, cluster }) => (cluster === null ? type : `${type} ${cluster}`));

/** As an agent does: the Secret first, then the account's status. */
async function issue(name: string): Promise<void> {
  const iso = (ms: number): string => `${new Date(clock.now().getTime() + ms).toISOString().slice(0, 19)}Z`;
  await agent.create(resources.secret, object('Secret', 'v1', { namespace: name, name: 'auto-import-account', labels: { 'authentication.open-cluster-management.io/is-managed-serviceaccount': 'true' } }, { type: 'Opaque', data: { token: Buffer.from(TOKEN).toString('base64') } }));
  const status = { expirationTimestamp: iso(1440 * 3_600_000), tokenSecretRef: { name: 'auto-import-account', lastRefreshTimestamp: iso(0) } };
  await agent.patch(resources.managedServiceAccount, { namespace: name, name: 'auto-import-account' }, { status }, { patchType: 'merge', subresource: 'status' });
}

test('a hub and its tokens tell their story, and nothing more while nothing changes', async () => {
  hubId = (await parts.hubs.register({ name: 'east', kubeconfig: new Secret(hub.kubeconfig()) }, by)).id;
  await until('each cluster has a row', async () => (await parts.tokens.ofClusters(hubId, CLUSTERS)).length === 3);
  const first = await allAfter(0);
  expect(typesOf(first)[0]).toBe('HUB_REGISTERED');
  expect(typesOf(first)).toEqual(expect.arrayContaining(['HUB_REACHABILITY_CHANGED', 'HUB_PREREQUISITE_CHANGED', ...CLUSTERS.map((name) => `TOKEN_ADDED ${name}`)]));

  await parts.hubs.update(hubId, { policy: 'PROTECT' }, (await parts.hubs.get(hubId)).version, by);
  await until('there is an account for each', () => CLUSTERS.every((name) => hub.object(resources.managedServiceAccount, { namespace: name, name: 'auto-import-account' }) !== null));
  for (const name of CLUSTERS) await issue(name);
  await until('each token is labelled', async () => (await parts.tokens.ofClusters(hubId, CLUSTERS)).every(({ inBackupSelection, expiresAt }) => inBackupSelection && expiresAt !== null));
  const second = await allAfter(first.at(-1)?.id ?? 0);
  expect(typesOf(second)[0]).toBe('HUB_POLICY_CHANGED');
  for (const name of CLUSTERS) {
    const own = second.filter(({ cluster }) => cluster === name);
    const selected = own.map(({ data }) => data['inBackupSelection']).filter((step) => step !== undefined);
    expect(selected.at(-1)).toEqual({ from: false, to: true });
    expect(own.map(({ subjectId }) => subjectId)).toEqual(own.map(() => own[0]?.subjectId));
    expect(own.some(({ type, data }) => type === 'TOKEN_PROBLEM_CHANGED' && typeof data['problemCode'] === 'object')).toBe(true);
  }
  expect(JSON.stringify([first, second])).not.toMatch(new RegExp(`${TOKEN}|${Buffer.from(TOKEN).toString('base64')}`));

  const quiet = async (): Promise<void> => until('nothing is due', async () => (await parts.prisma.tokenWork.count({ where: { hubId, dueAt: { lte: clock.now() } } })) === 0);
  await quiet();
  const { upToId } = await changes.page(undefined, {}, 1);
  for (let rounds = 0; rounds < 3; rounds += 1) {
    await parts.tokenWork.wakeAll(hubId, clock.now());
    await parts.changes.publish({ hubId, topic: 'HUB' });
    await parts.hubs.inspectNow(hubId);
    await quiet();
    clock.advance(60_000);
  }
  expect(typesOf(await allAfter(upToId))).toEqual([]);

  await agent.delete(resources.managedCluster, { name: 'shop-3' });
  await until('its row is gone', async () => (await parts.tokens.ofClusters(hubId, CLUSTERS)).length === 2);
  expect(typesOf(await allAfter(upToId)).at(-1)).toBe('TOKEN_REMOVED shop-3');
});
