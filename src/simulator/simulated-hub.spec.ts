import { Agent, request } from 'undici';
import { ManualClock } from '../common/clock.js';
import { SimulatedHub } from './simulated-hub.js';

const START = new Date('2026-11-24T08:00:00Z');

interface Answer {
  readonly code: number;
  readonly body: Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- answers of every shape
  readonly text: string;
  readonly headers: Record<string, string | string[] | undefined>;
}

let hub: SimulatedHub;
let clock: ManualClock;
let agent: Agent;

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const answer = await request(`${hub.url}${path}`, {
    method: method as 'GET',
    dispatcher: agent,
    headers: { authorization: `Bearer ${hub.adminToken}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await answer.body.text();
  let parsed = {};
  try {
    parsed = JSON.parse(text) as object;
  } catch {
    // plain text answers are read by `text`
  }
  return { code: answer.statusCode, body: parsed, text, headers: answer.headers };
}

const cluster = (name: string, labels: Record<string, string> = {}) => ({
  apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name, labels }, spec: { hubAcceptsClient: true },
});
const CLUSTERS = '/apis/cluster.open-cluster-management.io/v1/managedclusters';

beforeEach(async () => {
  clock = new ManualClock(START);
  hub = await SimulatedHub.start({ name: 'east', clusterId: '11111111-2222-4333-8444-555555555555', clock });
  agent = new Agent({ connect: { ca: hub.caPem } });
});

afterEach(async () => {
  await hub.stop();
  await agent.close();
});

test('a cluster is created, read, listed and deleted', async () => {
  const created = await call('POST', CLUSTERS, cluster('c1', { a: 'b' }));
  expect(created.code).toBe(201);
  expect(created.body['metadata']).toMatchObject({ name: 'c1', generation: 1, creationTimestamp: '2026-11-24T08:00:00Z', labels: { a: 'b' } });
  expect((await call('GET', `${CLUSTERS}/c1`)).body).toEqual(created.body);
  const list = await call('GET', `${CLUSTERS}?labelSelector=${encodeURIComponent('a in (b,c)')}`);
  expect(list.body['kind']).toBe('ManagedClusterList');
  expect(list.body['items']).toHaveLength(1);
  expect((await call('DELETE', `${CLUSTERS}/c1`)).body).toMatchObject({ kind: 'Status', status: 'Success', details: { name: 'c1' } });
  expect((await call('GET', `${CLUSTERS}/c1`)).body).toMatchObject({ code: 404, reason: 'NotFound', message: 'managedclusters.cluster.open-cluster-management.io "c1" not found' });
});

test('a watch shows what comes after its resourceVersion', async () => {
  const { body: { metadata } } = await call('GET', CLUSTERS);
  await call('POST', CLUSTERS, cluster('c1'));
  const answer = await request(`${hub.url}${CLUSTERS}?watch=true&resourceVersion=${metadata.resourceVersion}`, { dispatcher: agent, headers: { authorization: `Bearer ${hub.adminToken}` } });
  const lines = answer.body[Symbol.asyncIterator]();
  expect(JSON.parse(String((await lines.next()).value))).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'c1' } } });
  await call('PATCH', `${CLUSTERS}/c1/status`, { status: { conditions: [] } }, { 'content-type': 'application/merge-patch+json' });
  expect(JSON.parse(String((await lines.next()).value))).toMatchObject({ type: 'MODIFIED', object: { status: { conditions: [] } } });
  answer.body.destroy();
});
