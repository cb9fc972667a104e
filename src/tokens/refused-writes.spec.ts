import { ShiftableClock } from '../common/clock.js';
import { Secret } from '../common/secret.js';
import type { KubeObject } from '../kube/kube.types.js';
import { resources } from '../kube/resources.js';
import { downWebhook, exhaustedQuota, refusingWebhook } from '../simulator/faults/webhooks.js';
import { SimulatedHub } from '../simulator/simulated-hub.js';
import { HubCaller } from '../../test/support/hub-caller.js';
import { Parts } from '../../test/support/parts.js';
import { until } from '../../test/support/until.js';

const by = { actor: 'tester', reason: 'because' };
const ACCOUNT = 'auto-import-account';
const HOUR = 3_600_000;
const MANAGED = { 'authentication.open-cluster-management.io/is-managed-serviceaccount': 'true' };

const cluster = (name: string, change = 0): KubeObject => ({
  apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name, labels: { change: String(change) } }, spec: {},
  status: { conditions: [{ type: 'ManagedClusterConditionAvailable', status: 'True' }] },
});
const namespace = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
const hubAddOn: KubeObject = { apiVersion: 'addon.open-cluster-management.io/v1alpha1', kind: 'ClusterManagementAddOn', metadata: { name: 'managed-serviceaccount' }, spec: {} };
const account = (name: string, metadata: Partial<KubeObject['metadata']>): KubeObject => ({
  apiVersion: 'authentication.open-cluster-management.io/v1beta1', kind: 'ManagedServiceAccount', metadata: { namespace: name, name: ACCOUNT, ...metadata }, spec: { rotation: { enabled: true, validity: '1440h0m0s' } },
});

let clock: ShiftableClock;
let hub: SimulatedHub;
let caller: HubCaller;
let parts: Parts;
let hubId: string;

const token = async (name: string) => (await parts.tokens.ofClusters(hubId, [name])).find((one) => one.account === ACCOUNT);
const problemOf = async (name: string): Promise<string | null | undefined> => (await token(name))?.problemCode;
const tries = (name: string): number => hub.ledger.writes({ namespace: name, fieldManager: 'lifeboat' }).filter(({ code }) => code >= 400).length;
const isComplete = (name: string): boolean => hub.object(resources.manifestWork, { namespace: name, name: 'addon-managed-serviceaccount-import' }) !== null;
const settled = (): Promise<void> => until('nothing is due', async () => (await parts.prisma.tokenWork.count({ where: { hubId, dueAt: { lte: clock.now() } } })) === 0);

beforeEach(async () => {
  clock = new ShiftableClock();
  hub = await SimulatedHub.start({ name: 'east', clusterId: 'id-east', clock });
  hub.controllers.garbageCollector = false;
  caller = new HubCaller(hub);
  parts = await Parts.open(clock);
  hub.seed([hubAddOn, ...['c1', 'c2'].flatMap((name) => [cluster(name), namespace(name)])]);
});

afterEach(async () => {
  await parts.drop();
  await caller.close();
  await hub.stop();
  expect(parts.errors).toEqual([]);
});

async function protect(): Promise<void> {
  await parts.work();
  hubId = (await parts.hubs.register({ name: 'east', kubeconfig: new Secret(hub.kubeconfig()) }, by)).id;
  await parts.hubs.update(hubId, { policy: 'PROTECT' }, (await parts.hubs.get(hubId)).version, by);
}

const c1 = { namespace: 'c1', resource: 'managedserviceaccounts' };

test.each([
  { because: 'a webhook that says no', admission: refusingWebhook(c1, 'not on a Friday'), code: 'HUB_REJECTED_WRITE', says: 'not on a Friday' },
  { because: 'a webhook that is down', admission: downWebhook(c1), code: 'WEBHOOK_UNAVAILABLE', says: 'failed calling webhook "validate.policy.example.com"' },
  { because: 'a quota that is used up', admission: exhaustedQuota(c1, 'small'), code: 'QUOTA_EXCEEDED', says: 'exceeded quota: small' },
])('$because: told of that cluster in the hub\u2019s words, tried ever more seldom, others go on', async ({ admission, code, says }) => {
  const remove = hub.addAdmission(admission);
  await protect();
  await until('it is told', async () => (await problemOf('c1')) === code);
  expect((await token('c1'))?.problemDetail).toContain(says);
  await until('the other is complete', () => isComplete('c2'));
  expect(await problemOf('c2')).not.toBe(code);
  // What happens on the hub is no reason to try again.
  for (let change = 1; change <= 5; change++) {
    hub.seed([cluster('c1', change)]);
    await until('it is seen', async () => JSON.stringify((await parts.prisma.managedCluster.findFirst({ where: { name: 'c1' } }))?.labels).includes(`"${change}"`));
    await settled();
  }
  expect(tries('c1')).toBe(1);
  clock.advance(31_000);
  await until('it is tried again', () => tries('c1') === 2);
  await settled();
  clock.advance(31_000);
  await parts.tokenProcessor.sweep();
  await settled();
  expect(tries('c1')).toBe(2); // after half a minute, a minute, two …
  expect(await problemOf('c1')).toBe(code);
  remove();
  clock.advance(HOUR);
  await parts.tokenProcessor.sweep();
  await until('it is complete', () => isComplete('c1'));
  await until('nothing is told any more', async () => (await problemOf('c1')) !== code);
});

test('a namespace that goes away, and one that is gone, are told; when it is there again, all is made', async () => {
  hub.controllers.namespaceController = false;
  await caller.call('DELETE', '/api/v1/namespaces/c1');
  await protect();
  await until('it is told', async () => (await problemOf('c1')) === 'NAMESPACE_TERMINATING');
  expect((await token('c1'))?.problemDetail).toContain('because it is being terminated');
  await until('the other is complete', () => isComplete('c2'));
  hub.remove(resources.namespace, { name: 'c1' });
  clock.advance(301_000);
  await parts.tokenProcessor.sweep();
  await until('it is told', async () => (await problemOf('c1')) === 'NAMESPACE_MISSING');
  expect((await token('c1'))?.problemDetail).toContain('namespaces "c1" not found');
  hub.seed([namespace('c1')]);
  clock.advance(301_000);
  await parts.tokenProcessor.sweep();
  await until('it is complete', () => isComplete('c1'));
});

test('a namespace that vanishes in the middle of a pass does no harm, and its cluster\u2019s rows go with it', async () => {
  let calls = 0;
  hub.addAdmission({
    name: 'vanish',
    review: ({ namespace: where, kind }) => {
      if (where === 'c1' && kind.plural === 'managedserviceaccounts' && calls++ === 0) {
        hub.remove(resources.namespace, { name: 'c1' });
        hub.remove(resources.managedClusterAddOn, { namespace: 'c1', name: 'managed-serviceaccount' });
      }
      return null;
    },
  });
  await protect();
  await until('the other is complete', () => isComplete('c2'));
  await until('it has happened', () => calls > 0);
  hub.remove(resources.managedCluster, { name: 'c1' });
  await until('it is forgotten', async () => (await token('c1')) === undefined);
  await settled();
});

test('an account that is deleted for ever is told with what holds it, and nothing is made over it', async () => {
  hub.seed([account('c1', { finalizers: ['example.com/never'], labels: MANAGED })]);
  await caller.call('DELETE', `/apis/authentication.open-cluster-management.io/v1beta1/namespaces/c1/managedserviceaccounts/${ACCOUNT}`);
  await protect();
  await until('the other is complete', () => isComplete('c2'));
  await until('it is seen', async () => (await token('c1'))?.accountPresent === true);
  await settled();
  expect(await problemOf('c1')).not.toBe('ACCOUNT_STUCK_DELETING'); // what is deleted may take a moment
  clock.advance(301_000);
  await parts.tokenProcessor.sweep();
  await until('it is told', async () => (await problemOf('c1')) === 'ACCOUNT_STUCK_DELETING');
  expect((await token('c1'))?.problemDetail).toContain('example.com/never');
  expect(hub.ledger.writes({ namespace: 'c1', resource: 'managedserviceaccounts', fieldManager: 'lifeboat' })).toEqual([]);
  hub.remove(resources.managedServiceAccount, { namespace: 'c1', name: ACCOUNT });
  await until('it is made anew', () => hub.object(resources.managedServiceAccount, { namespace: 'c1', name: ACCOUNT }) !== null);
});

test('a mark that a webhook refuses is told by the webhook\u2019s name alone: its words may quote the Secret', async () => {
  hub.seed([account('c1', {}), { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'c1', name: ACCOUNT, labels: MANAGED }, data: { token: 'Y2FuYXJ5' } }]);
  hub.addAdmission(refusingWebhook({ namespace: 'c1', resource: 'secrets' }, 'I saw Y2FuYXJ5'));
  await protect();
  await until('it is told', async () => (await problemOf('c1')) === 'HUB_REJECTED_WRITE');
  expect((await token('c1'))?.problemDetail).toBe(`patch secrets c1/${ACCOUNT}: HTTP 403 Forbidden: webhook "validate.policy.example.com" denied the request`);
});
