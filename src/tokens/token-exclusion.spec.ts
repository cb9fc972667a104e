import { ShiftableClock } from '../common/clock.js';
import { Secret } from '../common/secret.js';
import { HubClient } from '../kube/hub-client.js';
import type { KubeObject } from '../kube/kube.types.js';
import { resources } from '../kube/resources.js';
import { SimulatedHub } from '../simulator/simulated-hub.js';
import type { Parts } from '../../test/support/parts.js';
import { testConfig } from '../../test/support/parts.js';
import { RecoveryParts } from '../../test/support/recovery-parts.js';
import { until } from '../../test/support/until.js';

const by = { actor: 'tester', reason: 'because' };
const hubAddOn: KubeObject = { apiVersion: 'addon.open-cluster-management.io/v1alpha1', kind: 'ClusterManagementAddOn', metadata: { name: 'managed-serviceaccount' }, spec: {} };
const cluster = (name: string, labels: Record<string, string>): KubeObject[] => [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
  {
    apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name, labels }, spec: { managedClusterClientConfigs: [{ url: 'https://api.example.com:6443' }] },
    status: { conditions: [{ type: 'ManagedClusterConditionAvailable', status: 'True' }] },
  },
];

let clock: ShiftableClock;
let hub: SimulatedHub;
let someone: HubClient;
let recovery: RecoveryParts;
let parts: Parts;
let hubId: string;

beforeAll(async () => {
  clock = new ShiftableClock();
  hub = await SimulatedHub.start({ name: 'east', clusterId: 'id-east', clock });
  hub.seed([hubAddOn, ...cluster('dev-1', { env: 'dev' }), ...cluster('prod-1', { env: 'prod' })]);
  someone = new HubClient(hub.connection(), { allowLoopback: true, defaultFieldManager: 'someone' });
  recovery = await RecoveryParts.open(clock, testConfig());
  parts = recovery.parts;
  await parts.work();
  hubId = (await parts.hubs.register({ name: 'east', kubeconfig: new Secret(hub.kubeconfig()) }, by)).id;
  await parts.hubs.update(hubId, { policy: 'PROTECT', tokenExclusions: [{ selector: 'env in (dev,test)' }] }, 1, by);
});

afterAll(async () => {
  await parts.drop();
  await someone.close();
  await hub.stop();
  expect(parts.errors).toEqual([]);
});

const tokenOf = async (name: string) => (await parts.tokens.ofClusters(hubId, [name]))[0];
const written = (): string[] => [...new Set(hub.ledger.writes({ fieldManager: 'lifeboat' }).filter(({ resource }) => !resource.startsWith('selfsubject')).map(({ namespace }) => namespace))].sort();

test('an excluded cluster is told as one, and nothing is written to it', async () => {
  await until('the others are kept', async () => (await tokenOf('prod-1'))?.bindingPresent === true);
  await until('it is told', async () => (await tokenOf('dev-1'))?.problemCode === 'EXCLUDED');
  expect((await tokenOf('dev-1'))?.problemDetail).toContain('env in (dev,test)');
  expect(written()).toEqual(['prod-1']);
});

test('readiness tells the truth about it: it needs a token, and has none', async () => {
  const { id } = await parts.prisma.managedCluster.findFirstOrThrow({ where: { hubId, name: 'dev-1' } });
  const told = await recovery.readiness.forCluster(id);
  expect(told.verdict).not.toBe('NOT_NEEDED');
  expect(told.findings.map(({ code }) => code)).toContain('TOKEN_MISSING');
  expect((await recovery.readiness.forHub(hubId)).counts).toMatchObject({ NOT_NEEDED: 0 });
});

test('labels decide: one that changes hands is kept from then on, and left alone from then on', async () => {
  hub.ledger.clear();
  await someone.patch(resources.managedCluster, { name: 'dev-1' }, { metadata: { labels: { env: 'prod' } } }, { patchType: 'merge' });
  await until('it is kept', async () => (await tokenOf('dev-1'))?.bindingPresent === true);
  await someone.patch(resources.managedCluster, { name: 'prod-1' }, { metadata: { labels: { env: 'test' } } }, { patchType: 'merge' });
  await until('the other is excluded', async () => (await tokenOf('prod-1'))?.problemCode === 'EXCLUDED');
  hub.ledger.clear();
  await someone.delete(resources.managedServiceAccount, { namespace: 'prod-1', name: 'auto-import-account' });
  await until('it is seen', async () => (await tokenOf('prod-1'))?.problemDetail?.includes('ACCOUNT_MISSING') === true);
  expect(written()).toEqual([]);
});
