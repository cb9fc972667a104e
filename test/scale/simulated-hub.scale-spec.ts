import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { SystemClock } from '../../src/common/clock.js';
import type { KubeObject } from '../../src/kube/kube.types.js';
import { SimulatedHub } from '../../src/simulator/simulated-hub.js';
import { HubCaller } from '../support/hub-caller.js';

const CLUSTERS = 10_000;
const ACCOUNT_LABEL = 'authentication.open-cluster-management.io/is-managed-serviceaccount';

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

function* objectsOf(index: number): Generator<KubeObject> {
  const name = `cluster-${String(index).padStart(5, '0')}`;
  const condition = (type: string) => ({ type, status: 'True', reason: 'Reason', message: 'Managed cluster is available', lastTransitionTime: '2026-11-24T08:00:00Z' });
  yield {
    apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name, labels: { name, cloud: 'Amazon', vendor: 'OpenShift' } },
    spec: { hubAcceptsClient: true, managedClusterClientConfigs: [{ url: `https://api.${name}.example.com:6443`, caBundle: 'x'.repeat(300) }] },
    status: { conditions: ['HubAcceptedManagedCluster', 'ManagedClusterJoined', 'ManagedClusterConditionAvailable'].map(condition) },
  };
  yield { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  yield { apiVersion: 'addon.open-cluster-management.io/v1alpha1', kind: 'ManagedClusterAddOn', metadata: { name: 'managed-serviceaccount', namespace: name }, spec: {}, status: { conditions: [condition('Available')] } };
  yield { apiVersion: 'authentication.open-cluster-management.io/v1beta1', kind: 'ManagedServiceAccount', metadata: { name: 'auto-import-account', namespace: name }, spec: { rotation: { validity: '24h' } } };
  yield { apiVersion: 'work.open-cluster-management.io/v1', kind: 'ManifestWork', metadata: { name: `${name}-klusterlet`, namespace: name }, spec: { workload: { manifests: [] } } };
  for (const account of ['auto-import-account', 'auto-import-account-pair']) {
    yield { apiVersion: 'v1', kind: 'Secret', metadata: { name: account, namespace: name, labels: { [ACCOUNT_LABEL]: 'true' } }, data: { token: 'YWFh'.repeat(300), 'ca.crt': 'YWFh'.repeat(300) } };
  }
}

test('10,000 managed clusters with all that belongs to them fit in 300 MB and are listed by selector, page and metadata', async () => {
  const hub = await SimulatedHub.start({ name: 'hub-east', clock: new SystemClock() });
  const caller = new HubCaller(hub);
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < CLUSTERS; i++) hub.seed([...objectsOf(i)]);
  collectGarbage();
  expect((process.memoryUsage().heapUsed - before) / 1024 ** 2).toBeLessThan(300);

  const clusters = await caller.call('GET', '/apis/cluster.open-cluster-management.io/v1/managedclusters?labelSelector=vendor%3DOpenShift');
  expect(clusters.body['items']).toHaveLength(CLUSTERS);
  const secrets = await caller.call('GET', `/api/v1/secrets?labelSelector=${encodeURIComponent(ACCOUNT_LABEL)}`, undefined, {
    headers: { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' },
  });
  expect(secrets.body['items']).toHaveLength(2 * CLUSTERS);
  let [token, pages, seen] = ['', 0, 0];
  do {
    const page = await caller.call('GET', `/api/v1/secrets?limit=500&continue=${token}`);
    token = (page.body['metadata'] as { continue?: string }).continue ?? '';
    seen += (page.body['items'] as unknown[]).length;
    pages++;
  } while (token);
  expect([pages, seen]).toEqual([40, 2 * CLUSTERS]);
  await caller.close();
  await hub.stop();
});
