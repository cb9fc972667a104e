import { ShiftableClock } from '../common/clock.js';
import { Secret } from '../common/secret.js';
import { resources } from '../kube/resources.js';
import { HubActors } from '../simulator/actors/hub-actors.js';
import { CALM } from '../simulator/actors/switches.js';
import { Fleet, type FleetCluster } from '../simulator/scenarios/fleet.js';
import { backupSchedule, phaseIn, QUICK } from '../simulator/scenarios/world-testing.js';
import { startWorld, type World } from '../simulator/scenarios/world.js';
import { SimulatedHub } from '../simulator/simulated-hub.js';
import type { LedgerEntry } from '../simulator/server/ledger.js';
import { SeededRandom } from '../simulator/store/random.js';
import { Parts } from '../../test/support/parts.js';
import { allWorlds, contentsOf, worldInWords, type TokenWorld } from '../../test/support/token-worlds.js';
import { until } from '../../test/support/until.js';

const MINUTE = 60_000;
const ACCOUNT = 'auto-import-account';
const PAIR = 'auto-import-account-pair';
const by = { actor: 'tester', reason: 'because' };
/** LIFEBOAT_WORLDS=200 LIFEBOAT_SEED=7: more of them, or others. */
const COUNT = Number(process.env['LIFEBOAT_WORLDS'] ?? 12);
const SEED = Number(process.env['LIFEBOAT_SEED'] ?? 1);

const TOKEN_KINDS: ReadonlySet<string> = new Set(['managedclusteraddons', 'managedserviceaccounts', 'manifestworks', 'secrets']);

let clock: ShiftableClock;
let hub: SimulatedHub;
let world: World;
let parts: Parts;
let hubId: string;
let worlds: ReadonlyMap<string, TokenWorld>;

/** Worlds that a hub's actors can begin with: the local cluster is the hub itself, and nobody ends a deletion here. */
function sample(): Map<string, TokenWorld> {
  const random = new SeededRandom(SEED);
  const candidates = allWorlds().filter(({ account, pair, label }) => account !== 'DELETING' && pair !== 'THERE' && label !== 'HIVE');
  const one = (origin: TokenWorld['origin']): TokenWorld => {
    const own = candidates.filter((world) => world.origin === origin);
    return own[Math.floor(random.next() * own.length)] ?? own[0]!;
  };
  return new Map(Array.from({ length: COUNT }, (_none, index) => [`c${index + 1}`, one(index === 0 ? 'HOSTED' : index === 1 ? 'HIVE' : 'IMPORTED')] as const));
}

const isHosted = (namespace: string): boolean => worlds.get(namespace)?.origin === 'HOSTED';
const told = (writes: readonly LedgerEntry[]): string[] => writes.map(({ verb, resource, namespace, name, code }) => `${verb} ${resource} ${namespace}/${name} ${code}`);
/** Every write of the service to what tokens are made of, whatever became of it. */
const ours = (): string[] => told(hub.ledger.writes({ userAgent: (agent) => agent.startsWith('lifeboat') }).filter(({ resource }) => TOKEN_KINDS.has(resource)));
const operators = (): LedgerEntry[] =>
  hub.ledger.writes({ userAgent: 'rhacm-actors' }).filter(({ resource, fieldManager, verb, namespace }) =>
    TOKEN_KINDS.has(resource) && (fieldManager === 'cluster-backup-operator' || verb === 'delete') && worlds.has(namespace));

async function begin(tokens: 'operator' | 'off', { schedule = true } = {}): Promise<void> {
  worlds = sample();
  const fleet = new Fleet([...worlds].map(([name, { origin, addOn }]): FleetCluster => ({
    name, kind: origin === 'HIVE' ? 'hive' : origin === 'HOSTED' ? 'hosted' : 'openshift', group: 'good', hub: 'east', labels: {},
    ...(addOn === 'CUSTOM_NAMESPACE' ? { addOnNamespace: 'my-addons' } : {}),
  })));
  hub.seed([...worlds].flatMap(([name, one]) => contentsOf(one, name, clock.now())));
  world = await startWorld({ clock, fleet, timings: QUICK, hubs: [{ hub, tokens }] });
  if (schedule) await world.hub('east').client.create(resources.backupSchedule, backupSchedule());
}

async function protect(): Promise<void> {
  await parts.work();
  hubId = (await parts.hubs.register({ name: 'east', kubeconfig: new Secret(hub.kubeconfig()) }, by)).id;
  await parts.hubs.update(hubId, { policy: 'PROTECT' }, (await parts.hubs.get(hubId)).version, by);
}

interface Told {
  readonly expirationTimestamp?: string;
  readonly tokenSecretRef?: { readonly lastRefreshTimestamp?: string };
}

const inNeed = (): string[] => [...worlds].filter(([, { origin }]) => origin === 'IMPORTED').map(([name]) => name);
const isMarked = (name: string, account: string): boolean => {
  const status = hub.object(resources.managedServiceAccount, { namespace: name, name: account })?.status as Told | undefined;
  const secret = hub.object(resources.secret, { namespace: name, name: account });
  const { labels = {}, annotations = {} } = secret?.metadata ?? {};
  const inBackup = ['cluster.open-cluster-management.io/backup', 'cluster.open-cluster-management.io/type'].some((key) => labels[key] !== undefined);
  return inBackup && status?.expirationTimestamp !== undefined && annotations['expirationTimestamp'] === status.expirationTimestamp
    && annotations['lastRefreshTimestamp'] === status.tokenSecretRef?.lastRefreshTimestamp;
};
const missing = (account: string): string[] => inNeed().filter((name) => !isMarked(name, account));

/** When the first token has passed half of its life. */
function halfLifeOf(name: string): number {
  const { expirationTimestamp, tokenSecretRef } = hub.object(resources.managedServiceAccount, { namespace: name, name: ACCOUNT })?.status as Told;
  return (Date.parse(expirationTimestamp ?? '') + Date.parse(tokenSecretRef?.lastRefreshTimestamp ?? '')) / 2;
}

/** From one half-life to the next, a little further each time, until there is every pair. A validity that was changed late left a shorter first life. */
async function passHalfLives(): Promise<void> {
  for (let without = missing(PAIR); without.length > 0; without = missing(PAIR)) {
    const first = Math.min(...without.map(halfLifeOf));
    clock.advance(Math.max(0, first + 2 * MINUTE - clock.now().getTime()));
    const due = without.filter((name) => halfLifeOf(name) <= clock.now().getTime());
    await until(`the pairs of ${due.join(', ')}`, () => due.every((name) => isMarked(name, PAIR)));
  }
  await until('every first token is marked', () => missing(ACCOUNT).length === 0);
}

/** Facts have come in, and nothing is due. */
async function settled(): Promise<void> {
  await until('all is read', async () => (await parts.prisma.autoImportToken.count({ where: { hubId, inBackupSelection: true } })) === inNeed().length * 2);
  await until('nothing is due', async () => (await parts.prisma.tokenWork.count({ where: { hubId, dueAt: { lte: clock.now() } } })) === 0);
}

beforeEach(async () => {
  clock = new ShiftableClock();
  hub = await SimulatedHub.start({ name: 'east', clusterId: 'id-east', clock });
  parts = await Parts.open(clock);
});

afterEach(async () => {
  await world.stop();
  await parts.drop();
  await hub.stop();
  expect(parts.errors).toEqual([]);
});

const which = (): string => `seed ${SEED}: ${[...worlds].map(([name, one]) => `${name} (${worldInWords(one)})`).join('; ')}`;

test('what the operator has completed, Lifeboat takes over without one write', async () => {
  await begin('operator');
  await until('every token is there and marked', () => missing(ACCOUNT).length === 0);
  await passHalfLives();
  await protect();
  await settled();
  expect({ writes: ours(), of: which() }).toEqual({ writes: [], of: which() });
});

test('what Lifeboat has completed, the operator takes over without one write', async () => {
  await begin('off');
  await protect();
  await until('every token is there and marked', () => missing(ACCOUNT).length === 0);
  await passHalfLives();
  await settled();
  await until('the schedule runs', () => phaseIn(hub, resources.backupSchedule, 'schedule-acm') === 'Enabled');
  await world.hub('east').actors.stop();
  hub.ledger.clear();
  const { client, clusterId } = world.hub('east');
  const successor = new HubActors({
    name: 'east', clusterId, client, clock, clusters: world.clusters, bucket: world.bucket, timings: QUICK, switches: CALM, seed: SEED, tokens: 'operator',
    release: { hub: '2.15.0', engine: '2.10.0' }, withoutVeleroDeployment: false, garbageCollector: false,
  });
  await successor.start();
  const hosted = [...worlds.keys()].filter(isHosted);
  // What it gives hosted clusters, which we do not, shows that its passes have run, marks included.
  await until('it has looked at every cluster', () => hosted.every((name) => hub.object(resources.secret, { namespace: name, name: ACCOUNT })?.metadata.annotations?.['expirationTimestamp'] !== undefined));
  await successor.stop();
  expect({ writes: told(operators().filter(({ namespace }) => !isHosted(namespace))), of: which() }).toEqual({ writes: [], of: which() });
  expect(hosted.length).toBeGreaterThan(0);
});

test('labels wait for no schedule: a new one\u2019s first set holds every token, also where nobody else labels', async () => {
  await begin('off', { schedule: false });
  await protect();
  await until('every token is there and marked', () => missing(ACCOUNT).length === 0);
  await world.hub('east').client.create(resources.backupSchedule, backupSchedule());
  const first = () => world.bucket.list().find(({ name }) => name.startsWith('acm-credentials-schedule'));
  await until('the first set is taken', () => first() !== undefined);
  const held = new Set(first()?.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
  expect(inNeed().filter((name) => !held.has(`${name}/${ACCOUNT}`))).toEqual([]);
});

test('an operator whose switch is off is told of and never fought: in an hour it finds nothing of ours twice', async () => {
  await begin('operator');
  await protect();
  await until('every token is there and marked', () => missing(ACCOUNT).length === 0);
  await until('all is read', async () => (await parts.prisma.autoImportToken.count({ where: { hubId, inBackupSelection: true } })) >= inNeed().length);
  hub.ledger.clear();
  const { client } = world.hub('east');
  await client.patch(resources.backupSchedule, { name: 'schedule-acm', namespace: 'open-cluster-management-backup' }, { spec: { useManagedServiceAccount: false } }, { patchType: 'merge' });
  const canary = { namespace: 'c1', name: 'canary' };
  for (let minutes = 0; minutes < 60; minutes += 5) {
    await client.create(resources.managedServiceAccount, {
      apiVersion: 'authentication.open-cluster-management.io/v1beta1', kind: 'ManagedServiceAccount', spec: { rotation: { enabled: true, validity: '1h0m0s' } },
      metadata: { ...canary, labels: { 'authentication.open-cluster-management.io/is-managed-serviceaccount': ACCOUNT } },
    });
    clock.advance(5 * MINUTE);
    await until('the operator has looked', () => hub.object(resources.managedServiceAccount, canary) === null);
  }
  await until('it is told on the tokens', async () => (await parts.prisma.autoImportToken.count({ where: { hubId, problemCode: 'OPERATOR_SWITCHED_OFF' } })) === inNeed().length);
  await until('it is told on the hub', async () => (await parts.hubs.prerequisites(hubId)).some(({ code, state }) => code === 'MANAGED_SERVICE_ACCOUNT_IN_SCHEDULE' && state === 'NOT_MET'));
  const made = hub.ledger.writes({ verb: 'apply', changed: true, userAgent: (agent) => agent.startsWith('lifeboat') });
  // Deletions may be heard before the switch is: what is made anew then is made once.
  expect(Math.max(0, ...inNeed().map((name) => made.filter(({ namespace }) => namespace === name).length))).toBeLessThanOrEqual(5);
  expect(inNeed().filter((name) => hub.object(resources.managedServiceAccount, { namespace: name, name: ACCOUNT }) !== null)).toEqual([]);
});
