import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { ShiftableClock } from '../../src/common/clock.js';
import { HubClient } from '../../src/kube/hub-client.js';
import { resources } from '../../src/kube/resources.js';
import { PathProber, ProbeLimits } from '../../src/probes/path-prober.service.js';
import { RealKubeApiserver } from '../../src/simulator/real/kube-apiserver.js';
import { TlsAuthority } from '../../src/simulator/server/tls-authority.js';
import { testConfig } from '../support/parts.js';

const namespace = 'lifeboat';

/** A kube-apiserver calls no loopback address: this machine's own does as well. */
function ownAddress(): string {
  const found = Object.values(networkInterfaces()).flat().find((one) => one !== undefined && one.family === 'IPv4' && !one.internal && !one.address.startsWith('169.254.'));
  if (found === undefined) throw new Error('This machine has no address but loopback: the probe cannot be tried on a real kube-apiserver');
  return found.address;
}

const clock = new ShiftableClock();
const address = ownAddress();
const seen: Record<string, string | string[] | undefined>[] = [];
const sockets = new Set<Socket>();
let hub: RealKubeApiserver;
let client: HubClient;
let weak: HubClient;
let cluster: Server;
let plain: TcpServer;
let status = 200;
const prober = new PathProber(clock, testConfig(), { ...new ProbeLimits(), proxyMs: 20_000 });

const portOf = (server: Server | TcpServer): number => (server.address() as AddressInfo).port;
const left = async (): Promise<string[]> => (await client.list(resources.pod, { namespace })).items.map(({ metadata }) => metadata.name);

beforeAll(async () => {
  const { certPem, keyPem } = await (await TlsAuthority.create('cluster-ca')).issueServing();
  cluster = createServer({ cert: certPem, key: keyPem }, (request, response) => {
    seen.push(request.headers);
    const body = JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message: 'forbidden: User "system:anonymous" cannot get path "/version"', reason: 'Forbidden', code: status });
    response.writeHead(status, { 'content-type': 'application/json', ...(status === 302 ? { location: 'https://elsewhere.example/' } : {}), ...(status === 429 ? { 'retry-after': '3600' } : {}) }).end(body);
  }).listen(0, address);
  plain = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n'));
  }).listen(0, address);
  await Promise.all([cluster, plain].map((server) => once(server, 'listening')));
  hub = await RealKubeApiserver.start();
  client = new HubClient(hub.connection(), { allowLoopback: true });
  weak = new HubClient(hub.connection(hub.weakToken), { allowLoopback: true });
  await client.create(resources.namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
}, 360_000);

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  cluster.closeAllConnections();
  await Promise.all([client.close(), weak.close(), once(cluster.close(), 'close'), once(plain.close(), 'close')]);
  await hub.stop();
});

test.each([
  { status: 200, state: 'PROVEN', code: 'ANSWERED', because: 'it answers' },
  { status: 302, state: 'PROVEN', code: 'ANSWERED', because: 'a redirect is an answer, and nobody follows it' },
  { status: 401, state: 'PROVEN', code: 'ANSWERED', because: 'it wants credentials' },
  { status: 403, state: 'PROVEN', code: 'ANSWERED', because: 'it tells nobody its version' },
  { status: 404, state: 'PROVEN', code: 'ANSWERED', because: 'it is something else, and it is there' },
  { status: 429, state: 'UNKNOWN', code: 'UNCLEAR', because: 'the hub itself might say that' },
  { status: 503, state: 'UNKNOWN', code: 'UNCLEAR', because: 'the hub itself might say that' },
])('HTTP $status: $state $code, because $because', async (row) => {
  ({ status } = row);
  const before = seen.length;
  expect(await prober.fromHub(client, `https://${address}:${portOf(cluster)}`)).toMatchObject({ state: row.state, code: row.code });
  expect(seen.length).toBe(before + 1);
  expect(seen.at(-1)).not.toHaveProperty('authorization');
  // Whatever stands behind, the hub is not silenced by it.
  expect(client.load).toMatchObject({ throttled: 0, running: 0, waiting: 0 });
  expect(await left()).toEqual([]);
});

test('nothing listens there; no HTTPS is spoken there; a loopback address is not even tried', async () => {
  const free = createTcpServer().listen(0, address);
  await once(free, 'listening');
  const port = portOf(free);
  await once(free.close(), 'close');
  expect(await prober.fromHub(client, `https://${address}:${port}`)).toMatchObject({ state: 'REFUSED', code: 'CONNECTION_REFUSED', detail: expect.stringContaining('connect: connection refused') as string });
  expect(await prober.fromHub(client, `https://${address}:${portOf(plain)}`)).toMatchObject({ state: 'REFUSED', code: 'NOT_HTTPS' });
  // The API server calls no such address, whatever our own rule lets through.
  expect(await prober.fromHub(client, `https://127.0.0.1:${portOf(cluster)}`)).toMatchObject({ state: 'UNKNOWN', code: 'ADDRESS_REFUSED' });
  expect(await prober.fromHub(client, 'https://169.254.169.254/')).toMatchObject({ state: 'UNKNOWN', code: 'ADDRESS_REFUSED' });
  expect(await left()).toEqual([]);
});

test('without the right to probe nothing is learned', async () => {
  expect(await prober.fromHub(weak, `https://${address}:${portOf(cluster)}`)).toMatchObject({ state: 'UNKNOWN', code: 'RIGHT_MISSING' });
});

test('with the right to make the objects and not to ask through them, it says so', async () => {
  const rbac = (plural: string, kind: string) => ({ group: 'rbac.authorization.k8s.io', version: 'v1', plural, kind, namespaced: true });
  const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['create', 'delete', 'list'] }, { apiGroups: [''], resources: ['pods/status'], verbs: ['patch'] }];
  await client.create(rbac('roles', 'Role'), { apiVersion: '', kind: '', metadata: { name: 'half', namespace }, rules } as never);
  await client.create(rbac('rolebindings', 'RoleBinding'), { apiVersion: '', kind: '', metadata: { name: 'half', namespace }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'half' }, subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'weak' }] } as never);
  expect(await prober.fromHub(weak, `https://${address}:${portOf(cluster)}`)).toMatchObject({ state: 'UNKNOWN', code: 'RIGHT_MISSING', detail: expect.stringContaining('pods/proxy') as string });
  expect(await left()).toEqual([]);
});

test('what a dead process left behind is taken away when it is old, and nothing else', async () => {
  const labels = { 'app.kubernetes.io/managed-by': 'lifeboat', 'app.kubernetes.io/component': 'path-probe' };
  const spec = { containers: [{ name: 'none', image: 'none' }], automountServiceAccountToken: false };
  const made = (name: string, agoMs: number, own = labels as Record<string, string>) =>
    client.create(resources.pod, { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels: own, annotations: { 'lifeboat/made-at': new Date(clock.now().getTime() - agoMs).toISOString() } }, spec });
  await made('old', 600_000);
  await made('young', 1_000);
  await made('foreign', 600_000, { app: 'theirs' });
  expect(await prober.removeLeftovers(client)).toBe(1);
  expect((await left()).sort()).toEqual(['foreign', 'young']);
});
