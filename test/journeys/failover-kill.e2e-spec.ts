import { randomBytes } from 'node:crypto';
import { ShiftableClock } from '../../src/common/clock.js';
import { Secret } from '../../src/common/secret.js';
import { resources } from '../../src/kube/resources.js';
import { crashPoints, happyPath, isTerminal, type CrashPoint } from '../../src/recovery/failovers/failover-transitions.rules.js';
import { demoFleet, Fleet } from '../../src/simulator/scenarios/fleet.js';
import { backupSchedule, eastAndWest, eventually, finishedSet, syncedTo, type TestWorld } from '../../src/simulator/scenarios/world-testing.js';
import { testConfig } from '../support/parts.js';
import { recordFacts, RecoveryParts } from '../support/recovery-parts.js';
import { WorkerProcess } from '../support/worker-process.js';

const SEALING_KEY = randomBytes(32);
const WITHIN_MS = 40_000;
/** Two cores: more worlds at once gain nothing. */
const AT_ONCE = 3;

/** Without those that go on until the import window is over: it is real time here. */
function quickFleet(): Fleet {
  return new Fleet(demoFleet({ count: 9, seed: 3, source: 'east', target: 'west' }).clusters.filter(({ group }) => group !== 'unreachable'));
}

interface EndState {
  readonly status: string;
  readonly outcomes: Record<string, string | null>;
  readonly results: Record<string, string | null>;
  readonly fencing: string;
  readonly restores: number;
  readonly restoreSpec: unknown;
  readonly importSecrets: string[];
  readonly transitions: unknown[];
}

interface Staged {
  readonly recovery: RecoveryParts;
  readonly west: TestWorld['west'];
  readonly source: { readonly id: string };
  readonly planId: string;
  /** Lets a worker begin, in a process of its own */
  employ(env?: Record<string, string>): WorkerProcess;
}

/** An agent was so slow that its token missed the only set: another world than the one that is compared with. */
class SlowStart extends Error {}

/** A protected fleet whose hub has died, and nobody yet to carry the failover out. */
async function staged<T>(what: string, play: (stage: Staged) => Promise<T>, tries = 3): Promise<T> {
  try {
    return await stagedOnce(what, play);
  } catch (error) {
    if (tries > 1 && error instanceof Error && error.cause instanceof SlowStart) return staged(what, play, tries - 1);
    throw error;
  }
}

async function stagedOnce<T>(what: string, play: (stage: Staged) => Promise<T>): Promise<T> {
  const clock = new ShiftableClock();
  const fleet = quickFleet();
  const { world, east, west, stop } = await eastAndWest({ clock, fleet, seed: 3 });
  const recovery = await RecoveryParts.open(clock, testConfig({ sealingKeys: new Map([['k1', new Secret(SEALING_KEY)]]), leaseMs: 1_500 }));
  const workers: WorkerProcess[] = [];
  const env = {
    DATABASE_URL: recovery.parts.database.url, LIFEBOAT_SEALING_KEYS: `k1:${SEALING_KEY.toString('base64')}`, LIFEBOAT_ALLOW_LOOPBACK_HUBS: 'true', LIFEBOAT_ROLES: 'worker',
    LIFEBOAT_LEASE_SECONDS: '1.5', LIFEBOAT_FAILOVER_POLL_SECONDS: '0.2', LIFEBOAT_IMPORT_RETRY_SECONDS: '0.2', LIFEBOAT_SWEEP_SECONDS: '1',
  };
  try {
    const awake = fleet.clusters.length - fleet.names('asleep').length;
    await eventually('the fleet on east', async () => (await world.availableOn('east')).length === awake);
    await world.hub('east').client.create(resources.backupSchedule, backupSchedule());
    await finishedSet(east);
    await syncedTo(world, west);
    const kept = new Set(world.bucket.list().filter(({ name }) => name.startsWith('acm-credentials-schedule-')).flatMap(({ items }) => items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)));
    const missing = fleet.names('good').filter((name) => !kept.has(`${name}/auto-import-account`));
    if (missing.length > 0) throw new SlowStart(missing.join());
    const [source, target] = [{ id: await recovery.register(east), hub: east }, { id: await recovery.register(west), hub: west }];
    await recordFacts(recovery, source, target, world.bucket);
    const plan = await recovery.plans.create({ name: 'east to west', sourceHubId: source.id, targetHubId: target.id, importWindowSeconds: 30 }, { actor: 'ann' });
    await world.cutOff('east');
    const employ = (more: Record<string, string> = {}): WorkerProcess => {
      const worker = WorkerProcess.start('failover-worker', { ...env, ...more });
      workers.push(worker);
      return worker;
    };
    return await play({ recovery, west, source, planId: plan.id, employ });
  } catch (error) {
    throw new Error(`${what}: ${workers.map((worker) => worker.said).join('\n')}`, { cause: error });
  } finally {
    await Promise.all(workers.map((worker) => worker.end('SIGKILL')));
    await recovery.parts.close();
    await recovery.parts.database.drop();
    await stop();
  }
}

async function start({ recovery, planId }: Staged): Promise<string> {
  return (await recovery.failovers.start({ planId, kind: 'DISASTER' }, { actor: 'ann', reason: 'fire' })).id;
}

async function approve({ recovery }: Staged, id: string): Promise<void> {
  await eventually('waiting for approval', async () => (await recovery.failovers.get(id)).status === 'PENDING_APPROVAL', WITHIN_MS);
  await recovery.failovers.decide(id, { decision: 'APPROVED' }, { actor: 'bob', reason: 'yes' });
}

const ended = ({ recovery }: Staged, id: string) =>
  eventually('the end', async () => { const now = await recovery.failovers.get(id); return isTerminal(now.status) || now.needsAttention ? now : null; }, WITHIN_MS);

/** What the hub and the tables say at the end. */
async function endState({ recovery, west, source }: Staged, id: string): Promise<EndState> {
  const failover = await recovery.failovers.get(id);
  const imports = await recovery.imports.list(id, {}, { by: 'cluster', direction: 'ASC' }, { limit: 100 });
  const events = await recovery.failovers.eventsAfter(id, 0);
  expect(events.map((event) => event.sequence)).toEqual(events.map((_, index) => index + 1));
  const [restore] = (await recovery.restores.list({ failoverId: id }, { by: 'requestedAt', direction: 'ASC' }, { limit: 10 })).items;
  return {
    status: failover.status,
    outcomes: Object.fromEntries(imports.items.map((one) => [one.cluster, one.outcomeCode])),
    results: Object.fromEntries(failover.steps.map((step) => [step.step, step.result])),
    fencing: (await recovery.parts.hubs.get(source.id)).fencing,
    restores: west.ledger.writes({ verb: 'create', group: 'cluster.open-cluster-management.io', resource: 'restores', changed: true }).length,
    restoreSpec: { ...restore?.spec, outcome: restore?.outcome },
    importSecrets: west.objects(resources.secret).filter(({ metadata }) => metadata.name === 'auto-import-secret').map(({ metadata }) => metadata.namespace ?? '').sort(),
    transitions: events.filter((event) => event.type === 'status.changed').map((event) => event.data),
  };
}

/** A whole failover, whose first worker ends at `crashAt`; a second one finishes it. */
const failover = (crashAt: CrashPoint | null): Promise<EndState> =>
  staged(crashAt ?? 'undisturbed', async (stage) => {
    const first = stage.employ(crashAt === null ? {} : { LIFEBOAT_CRASH_AT: crashAt });
    const id = await start(stage);
    void first.exited.then(() => stage.employ());
    await approve(stage, id);
    await ended(stage, id);
    if (crashAt !== null) expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });
    return endState(stage, id);
  });

/** Names of backups hold the time of their making; the rest must not differ. */
const timeless = (state: EndState): unknown => JSON.parse(JSON.stringify(state).replaceAll(/-\d{14}/g, '-TIME'));

describe('a worker is killed at any instruction that counts', () => {
  const points = crashPoints.filter((point) => happyPath.some((step) => point.startsWith(`${step}:`)));
  let undisturbed: EndState;
  beforeAll(async () => {
    undisturbed = await failover(null);
    expect(undisturbed).toMatchObject({ status: 'COMPLETED_WITH_EXCEPTIONS', restores: 1, fencing: 'NOT_POSSIBLE' });
  }, 360_000);

  test.each(inGroups(points, AT_ONCE))('%s, %s, %s: the end is that of the undisturbed run, with exactly one Restore', async (...group) => {
    await Promise.all(group.map(async (point) => expect(timeless(await failover(point))).toEqual(timeless(undisturbed))));
  }, 720_000);
});

test('a worker that stood still past its lease, and goes on when another has finished, does no harm', async () => {
  await staged('stopped', async (stage) => {
    const first = stage.employ();
    const id = await start(stage);
    await approve(stage, id);
    await eventually('the Restore', () => stage.west.ledger.writes({ verb: 'create', group: 'cluster.open-cluster-management.io', resource: 'restores' }).length === 1, WITHIN_MS);
    first.signal('SIGSTOP');
    const second = stage.employ();
    await ended(stage, id);
    await second.end();
    const before = { end: await endState(stage, id), writes: stage.west.ledger.writes({ user: 'lifeboat', resource: (resource) => resource !== 'downloadrequests' }).length };
    first.signal('SIGCONT');
    first.signal('SIGTERM'); // it can end in an orderly way only after it has gone on with what it was doing
    expect(await first.exited).toEqual({ code: 0, signal: null });
    expect({ end: await endState(stage, id), writes: stage.west.ledger.writes({ user: 'lifeboat', resource: (resource) => resource !== 'downloadrequests' }).length }).toEqual(before);
    expect(before.end).toMatchObject({ status: 'COMPLETED_WITH_EXCEPTIONS', restores: 1 });
  });
}, 360_000);

function inGroups<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}
