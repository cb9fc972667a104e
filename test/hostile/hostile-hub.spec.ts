import { randomBytes } from 'node:crypto';
import { ShiftableClock } from '../../src/common/clock.js';
import { Secret } from '../../src/common/secret.js';
import { resources } from '../../src/kube/resources.js';
import type { KubeObject } from '../../src/kube/kube.types.js';
import { SimulatedHub } from '../../src/simulator/simulated-hub.js';
import { Parts } from '../support/parts.js';
import { until } from '../support/until.js';

const by = { actor: 'tester', reason: 'because' };
const ACCOUNT = 'auto-import-account';
const MANAGED = { 'authentication.open-cluster-management.io/is-managed-serviceaccount': 'true' };
const MIB = 1024 * 1024;
/** A namespace, and so the cluster of its name, has no more. */
const LONGEST = `c${'x'.repeat(61)}z`;

type Part = Record<string, unknown> & { metadata?: Record<string, unknown> };
const object = (apiVersion: string, kind: string, part: Part): KubeObject => ({ apiVersion, kind, ...part }) as unknown as KubeObject;
const cluster = (name: string, part: Part = {}): KubeObject =>
  object('cluster.open-cluster-management.io/v1', 'ManagedCluster', {
    spec: {}, status: { conditions: [{ type: 'ManagedClusterConditionAvailable', status: 'True' }] }, ...part, metadata: { name, ...part.metadata },
  });
const namespace = (name: string): KubeObject => object('v1', 'Namespace', { metadata: { name } });
const account = (name: string, part: Part): KubeObject =>
  object('authentication.open-cluster-management.io/v1beta1', 'ManagedServiceAccount', { spec: { rotation: { validity: '1440h0m0s' } }, ...part, metadata: { namespace: name, name: ACCOUNT, ...part.metadata } });
const tokenSecret = (name: string, metadata: Record<string, unknown> = {}, token = 'dG9rZW4='): KubeObject =>
  object('v1', 'Secret', { type: 'Opaque', data: { token }, metadata: { namespace: name, name: ACCOUNT, labels: MANAGED, ...metadata } });
const hubAddOn = object('addon.open-cluster-management.io/v1alpha1', 'ClusterManagementAddOn', { spec: {}, metadata: { name: 'managed-serviceaccount' } });

let clock: ShiftableClock;
let hub: SimulatedHub;
let parts: Parts;
let hubId: string;

const row = (name: string) => parts.prisma.managedCluster.findFirst({ where: { hubId, name } });
const token = async (name: string) => (await parts.tokens.ofClusters(hubId, [name])).find((one) => one.account === ACCOUNT);
const isComplete = (name: string): boolean => hub.object(resources.manifestWork, { namespace: name, name: 'addon-managed-serviceaccount-import' }) !== null;

beforeAll(async () => {
  clock = new ShiftableClock();
  hub = await SimulatedHub.start({ name: 'east', clusterId: 'id-east', clock });
  hub.controllers.garbageCollector = false;
  parts = await Parts.open(clock);
  hub.seed([hubAddOn, cluster('good'), namespace('good')]);
  await parts.work();
  hubId = (await parts.hubs.register({ name: 'east', kubeconfig: new Secret(hub.kubeconfig()) }, by)).id;
  await parts.hubs.update(hubId, { policy: 'PROTECT' }, (await parts.hubs.get(hubId)).version, by);
  await until('the good one is complete', () => isComplete('good'));
});

let changes = 0;

/** The rest of the fleet goes on: a change of the good one arrives, and nothing was logged as an error. */
afterEach(async () => {
  const change = String(++changes);
  hub.seed([cluster('good', { metadata: { labels: { change } } })]);
  await until('the good one goes on', async () => (await row('good'))?.labels !== null && JSON.stringify((await row('good'))?.labels).includes(`"change":"${change}"`));
  expect(parts.errors).toEqual([]);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

afterAll(async () => {
  await parts.drop();
  await hub.stop();
});

describe('a cluster with what no cluster should have is read as far as it can be, and its row tells', () => {
  const evil = JSON.parse('{"__proto__":"x","constructor":"y","prototype":{"polluted":true}}') as Record<string, unknown>;

  test.each<{ because: string; part: Part; says: readonly string[]; labels: Readonly<Record<string, string>> }>([
    { because: 'labels that are names of JavaScript', part: { metadata: { labels: evil } }, says: [], labels: { constructor: 'y' } },
    { because: 'direction marks and line ends in a label', part: { metadata: { labels: { a: '\u202eevil\r\nSet-Cookie: x\0' } } }, says: [], labels: { a: '\u202eevil\r\nSet-Cookie: x' } },
    { because: 'labels of no shape', part: { metadata: { labels: ['x'], annotations: 7, finalizers: 'no', ownerReferences: {} } }, says: [], labels: {} },
    { because: 'an annotation of a megabyte', part: { metadata: { annotations: { big: 'x'.repeat(MIB) } } }, says: [], labels: {} },
    { because: 'ten thousand labels', part: { metadata: { labels: Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`l${index}`, 'x'])) } }, says: [], labels: { l0: 'x' } },
    { because: 'times that nobody can mean', part: { metadata: { creationTimestamp: '99999-01-01T00:00:00Z' }, status: { conditions: [{ type: 'ManagedClusterConditionAvailable', status: 'True', lastTransitionTime: '9999-99-99T99:99:99Z' }] } }, says: [], labels: {} },
    { because: 'no spec', part: { spec: 'none' }, says: ['no spec'], labels: {} },
    { because: 'an address that is a script', part: { spec: { managedClusterClientConfigs: [{ url: 'javascript:alert(1)' }] } }, says: ['spec.managedClusterClientConfigs[0].url is no https URL'], labels: {} },
    { because: 'a status that is text', part: { status: 'up' }, says: ['status is no object'], labels: {} },
    { because: 'conditions that are no list', part: { status: { conditions: { available: true } } }, says: ['status.conditions is no list'], labels: {} },
  ])('$because', async ({ part, says, labels }) => {
    const name = `odd-${changes}`;
    hub.seed([cluster(name, part)]);
    await until('it has a row', async () => (await row(name)) !== null);
    expect(await row(name)).toMatchObject({ problems: says, labels });
  });
});

describe('a token with what no token should have is told as what it is', () => {
  test.each([
    { because: 'an expiry that is no time', status: { expirationTimestamp: 'soon\u202e' }, metadata: {}, code: 'TOKEN_EXPIRY_UNREADABLE' },
    { because: 'an expiry beyond all calendars', status: { expirationTimestamp: '999999-01-01T00:00:00Z' }, metadata: {}, code: 'TOKEN_EXPIRY_UNREADABLE' },
    { because: 'an expiry of the Middle Ages', status: { expirationTimestamp: '1970-01-01T00:00:01Z' }, metadata: {}, code: 'TOKEN_EXPIRED' },
    { because: 'an expiry that is an object', status: { expirationTimestamp: { seconds: 1 } }, metadata: {}, code: 'TOKEN_EXPIRY_UNREADABLE' },
    { because: 'a status that is text', status: 'fine', metadata: { annotations: { expirationTimestamp: 'never' } }, code: 'TOKEN_EXPIRY_UNREADABLE' },
  ])('$because: $code', async ({ status, metadata, code }) => {
    const name = `token-${changes}`;
    hub.seed([cluster(name), namespace(name), account(name, { status }), tokenSecret(name, { creationTimestamp: '2020-01-01T00:00:00Z', ...metadata })]);
    await until('it is told', async () => (await token(name))?.problemCode === code);
  });

  test('a Secret of a megabyte and a validity that is no duration', async () => {
    hub.seed([cluster('heavy'), namespace('heavy'), account('heavy', { spec: { rotation: { validity: '\u202e-1e999h' } } }), tokenSecret('heavy', {}, 'A'.repeat(MIB))]);
    await until('it is read, and its validity mended', async () => (await token('heavy'))?.secretPresent === true && (await token('heavy'))?.validitySeconds === 1440 * 3600);
  });
});

describe('names', () => {
  test('the longest that a namespace can have is protected like any other', async () => {
    expect(LONGEST).toHaveLength(63);
    hub.seed([cluster(LONGEST), namespace(LONGEST)]);
    await until('it is complete', () => isComplete(LONGEST));
    await until('its row is there', async () => (await token(LONGEST))?.bindingPresent === true);
  });

  test('a ManagedCluster whose name no namespace can have is told, and tried ever more seldom', async () => {
    const name = `${'long.'.repeat(50)}end`;
    expect(name).toHaveLength(253);
    hub.seed([cluster(name)]);
    await until('it is known', async () => (await row(name)) !== null);
    // The namespace of a new cluster may come a moment later: told from the second time on.
    await until('it is tried', () => hub.ledger.writes({ namespace: name }).length > 0);
    clock.advance(2_000);
    await until('it is told', async () => (await token(name))?.problemCode === 'NAMESPACE_MISSING');
  });
});

describe('answers that are none', () => {
  const watchOf = async (kind: string) => (await parts.fleet.watches(hubId)).find((one) => one.kind === kind);

  test('random bytes for one kind stop that kind alone, with its code, until the hub makes sense again', async () => {
    const end = hub.faults.add({ resource: 'manifestworks', verb: ['list', 'watch'] }, { type: 'garbage', body: randomBytes(4_096).toString('latin1') });
    hub.faults.endWatches({ resource: 'manifestworks' });
    await until('it is told', async () => (await watchOf('WORK'))?.errorCode === 'HUB_ANSWER_MALFORMED');
    hub.seed([cluster('meanwhile'), namespace('meanwhile')]);
    await until('others are read', async () => (await row('meanwhile')) !== null);
    end();
    await until('it is well again', async () => (await watchOf('WORK'))?.phase === 'WATCHING');
  });

  test.each([
    { because: 'random bytes', text: `${randomBytes(1_024).toString('latin1').replaceAll('\n', ' ')}\n` },
    { because: 'an object without a name', text: '{"type":"ADDED","object":{"kind":"ManagedCluster","metadata":{}}}\n' },
    { because: 'a line over every limit', text: `{"type":"ADDED","object":{"metadata":{"name":"${'x'.repeat(5 * MIB)}"}}}\n` },
  ])('$because between the events of a watch: what comes after is not missed', async ({ text }) => {
    await until('it watches', async () => (await watchOf('MANAGED_CLUSTER'))?.phase === 'WATCHING');
    expect(hub.faults.injectIntoWatches({ resource: 'managedclusters' }, text)).toBeGreaterThan(0);
  });
});
