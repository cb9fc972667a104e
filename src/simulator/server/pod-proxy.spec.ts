import { SystemClock } from '../../common/clock.js';
import { HubClient } from '../../kube/hub-client.js';
import { resources } from '../../kube/resources.js';
import { SimulatedHub } from '../simulated-hub.js';
import type { DialFault } from './pod-proxy.js';

const namespace = 'default';
let hub: SimulatedHub;
let behind: SimulatedHub;
let client: HubClient;

beforeAll(async () => {
  const clock = new SystemClock();
  [hub, behind] = await Promise.all([SimulatedHub.start({ name: 'front', clock }), SimulatedHub.start({ name: 'behind', clock })]);
  client = new HubClient(hub.connection(), { allowLoopback: true });
  await client.create(resources.pod, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'way', namespace } });
  await client.create(resources.pod, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'bare', namespace } });
  await client.patch(resources.pod, { name: 'way', namespace }, { status: { podIPs: [{ ip: '127.0.0.1' }] } }, { patchType: 'merge', subresource: 'status' });
});

afterAll(async () => {
  await client.close();
  await Promise.all([hub.stop(), behind.stop()]);
});

const ask = (path: string, name = 'way', port = Number(new URL(behind.url).port)) => client.askPod({ name, namespace }, port, path);

test('what stands behind answers, to nobody in particular', async () => {
  expect(await ask('/version')).toMatchObject({ status: 200 });
  expect(await ask('/api/v1/secrets')).toMatchObject({ status: 403, message: expect.stringContaining('system:anonymous') as string });
  expect(behind.ledger.reads({ user: 'system:anonymous' })).toBe(behind.ledger.reads());
});

test.each<{ fault: DialFault; words: string }>([
  { fault: 'refused', words: 'connection refused' }, { fault: 'no-route', words: 'no route to host' }, { fault: 'timeout', words: 'i/o timeout' },
])('$fault is told in the words of a kube-apiserver', async ({ fault, words }) => {
  hub.network = () => fault;
  const answer = await ask('/version');
  hub.network = () => null;
  expect(answer).toMatchObject({ status: 503, reason: 'ServiceUnavailable', message: expect.stringMatching(`^error trying to reach service: dial tcp 127.0.0.1:\\d+: .*${words}$`) as string });
});

test('no Pod, no address, no right', async () => {
  expect(await ask('/version', 'none')).toMatchObject({ status: 404, kind: 'pods', name: 'none' });
  expect(await ask('/version', 'bare')).toMatchObject({ status: 400, message: 'address not allowed' });
  hub.addToken('weak', { user: 'weak', allow: [{ verbs: ['get'], resources: ['pods'] }] });
  const weak = new HubClient(hub.connection('weak'), { allowLoopback: true });
  expect(await weak.askPod({ name: 'way', namespace }, 6443, '/version')).toMatchObject({ status: 403, kind: 'pods', name: 'https:way:6443' });
  await weak.close();
});
