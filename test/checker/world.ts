import { ManualClock } from '../../src/common/clock.js';
import { HubClient } from '../../src/kube/hub-client.js';
import { SimulatedHub } from '../../src/simulator/simulated-hub.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { randomOf } from '../support/random.js';
import { CheckedWorker } from './checked-worker.js';
import { HubContents, kindsOnHub } from './hub-contents.js';
import type { RequestFailure, Step } from './schedule.js';
import { Mismatch, Truth, type CheckedDatabase } from './truth.js';

const WORKERS = 2;
/** What a hub has said before it is cut off is heard, and written down, within this. */
const IN_FLIGHT_MS = 500;

/** A fault that lasts for some steps. */
interface Lasting {
  stepsLeft: number;
  readonly end: () => void;
}

/** One hub, a bad network before it, two workers on one database, and what makes all of them fail. */
export class World {
  private readonly contents: HubContents;
  private readonly lasting = new Set<Lasting>();
  private readonly workers: CheckedWorker[] = [];
  private readonly truth: Truth;
  private mostLists = 0;
  private checkpoint: ReturnType<SimulatedHub['checkpoint']>;

  private constructor(
    private readonly hub: SimulatedHub,
    private readonly proxy: FaultProxy,
    private readonly direct: HubClient,
    private readonly database: CheckedDatabase,
    private readonly hubId: string,
    private readonly clock: ManualClock,
  ) {
    this.truth = new Truth(database, hubId, direct);
    this.contents = new HubContents(hub);
    this.contents.change(randomOf(1), 60);
    this.checkpoint = hub.checkpoint();
  }

  static async open(database: CheckedDatabase): Promise<World> {
    const clock = new ManualClock(new Date('2026-11-24T12:00:00Z'));
    const hub = await SimulatedHub.start({ name: 'hub-east', clock });
    hub.settings.bookmarkIntervalMs = 300;
    const proxy = await FaultProxy.start(Number(new URL(hub.url).port));
    const now = clock.now();
    const { id } = await database.prisma.hub.create({ data: { name: hub.clusterId, apiUrl: hub.url, clusterId: hub.clusterId, createdAt: now, createdBy: 'checker', updatedAt: now } });
    const world = new World(hub, proxy, new HubClient(hub.connection(), { allowLoopback: true }), database, id, clock);
    for (let i = 0; i < WORKERS; i += 1) world.workers.push(await world.startWorker());
    return world;
  }

  async close(): Promise<void> {
    for (const worker of this.workers) await worker.stop();
    await this.truth.settled();
    await this.direct.close();
    await this.proxy.stop();
    await this.hub.stop();
    await this.database.prisma.hub.delete({ where: { id: this.hubId } });
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      await this.take(step);
      for (const one of [...this.lasting]) if (--one.stepsLeft <= 0) this.endLasting(one);
    }
    await this.calm();
    await this.truth.agrees('after the last fault');
    this.contents.touchAll();
    await this.truth.agrees('after one more change of every kind');
    await this.truth.isWatched();
    await this.truth.isCalled('REACHABLE');
    this.mostLists = Math.max(this.mostLists, ...this.workers.map(({ client }) => client.mostLists));
    if (this.mostLists > 2) throw new Mismatch(`${this.mostLists} lists at once`);
  }

  private async take(step: Step): Promise<void> {
    const { hub, proxy, contents } = this;
    switch (step.do) {
      case 'change': return contents.change(randomOf(step.seed), step.times);
      case 'big': return contents.putBig();
      case 'pause': return pause(step.ms);
      case 'compact': return hub.compact();
      case 'go-away': return hub.goAway();
      case 'checkpoint': return void (this.checkpoint = hub.checkpoint());
      case 'break-watches':
        if (step.how === 'reset') hub.faults.resetWatches();
        else if (step.how === 'end') hub.faults.endWatches();
        else hub.faults.failWatches({}, Number(step.how) as 410);
        return;
      case 'inject': return void hub.faults.injectIntoWatches({}, step.bytes);
      case 'fail': return this.last(step.for, hub.faults.add({ verb: step.verb }, requestFault(step.how), { rate: step.rate }));
      case 'fail-page': return this.last(step.for, hub.faults.add({ verb: 'list', continued: true }, { type: 'error', code: step.code }));
      case 'odd-watches': return this.last(step.for, hub.faults.add({ verb: 'watch', ...(step.kind === null ? {} : { resource: kindsOnHub[step.kind]?.plural }) }, watchFault(step)));
      case 'cut': return proxy.reset();
      case 'half-open': return proxy.forgetConnections();
      case 'network': return this.spoilNetwork(step);
      case 'outage': return this.outage(step);
      case 'set-back': return this.setBack(step);
      case 'vanish': return this.vanish(step);
      case 'lose-lease': return this.loseLease();
      case 'stop': case 'kill': return this.replaceWorker(step.worker, step.do);
      case 'terminate-queries':
        await this.database.admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'lifeboat%'`);
        return;
      case 'database-away': return this.workers[step.worker]?.loseDatabase(step.ms);
    }
  }

  private last(steps: number, end: () => void): void {
    this.lasting.add({ stepsLeft: steps + 1, end });
  }

  private endLasting(one: Lasting): void {
    if (this.lasting.delete(one)) one.end();
  }

  private spoilNetwork({ mode, for: steps }: Extract<Step, { do: 'network' }>): void {
    const { proxy } = this;
    if (mode === 'slow') proxy.delayMs = 15;
    else proxy.mode = mode;
    if (mode === 'refuse') proxy.reset();
    this.last(steps, () => {
      if (mode === 'slow') proxy.delayMs = 0;
      else proxy.mode = 'pass';
    });
  }

  private vanish({ kind, for: steps }: Extract<Step, { do: 'vanish' }>): void {
    const type = kindsOnHub[kind];
    if (type === undefined) return;
    this.hub.serve(type, false);
    this.last(steps, () => this.hub.serve(type, true));
  }

  /** The hub is away, for days by its clock; nothing that is known of it may look younger than that, and it must be told. */
  private async outage({ mode, hours, seed }: Extract<Step, { do: 'outage' }>): Promise<void> {
    const lastWord = this.clock.now();
    await this.hub.cutOff(mode);
    await pause(IN_FLIGHT_MS);
    await this.truth.isCalled('UNREACHABLE');
    await this.truth.isSilent();
    this.clock.advance(hours * 3_600_000 + 1);
    this.contents.change(randomOf(seed), 5);
    await pause(60);
    await this.truth.checkAges(lastWord);
    await this.hub.reconnect();
  }

  /** etcd is restored from a backup: the API server is away meanwhile, and others have gone on writing before we are back. */
  private async setBack({ downMs, times, seed }: Extract<Step, { do: 'set-back' }>): Promise<void> {
    await this.hub.cutOff();
    this.hub.rollBack(this.checkpoint);
    this.contents.change(randomOf(seed), times);
    await pause(downMs);
    await this.hub.reconnect();
  }

  /** As if the owner had stood still for too long: another may take over, while the owner still believes that it holds the lease. */
  private async loseLease(): Promise<void> {
    await this.database.admin.query(`UPDATE lease SET expires_at = now() - interval '1 second' WHERE key = $1`, [`hub/${this.hubId}`]);
  }

  private async replaceWorker(at: number, how: 'kill' | 'stop'): Promise<void> {
    const worker = this.workers[at];
    if (worker === undefined) return;
    this.mostLists = Math.max(this.mostLists, worker.client.mostLists);
    await worker[how]();
    if (how === 'kill') await this.loseLease();
    this.workers[at] = await this.startWorker();
  }

  private startWorker(): Promise<CheckedWorker> {
    const connection = { ...this.hub.connection(), server: `https://127.0.0.1:${this.proxy.port}` };
    return CheckedWorker.start({ hubId: this.hubId, databaseUrl: this.database.url, connection, clock: this.clock, tell: (change) => this.truth.listen(change) });
  }

  /** Nothing goes wrong any more. */
  private async calm(): Promise<void> {
    for (const one of [...this.lasting]) this.endLasting(one);
    this.hub.faults.clear();
    this.proxy.mode = 'pass';
    this.proxy.delayMs = 0;
    await this.hub.reconnect();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function requestFault(how: RequestFailure): Parameters<SimulatedHub['faults']['add']>[1] {
  switch (how) {
    case 'slow': return { type: 'latency', ms: [0, 40] };
    case 'redirect': return { type: 'redirect', location: 'https://192.0.2.1/' };
    case 'reset': case 'hang': case 'truncate': case 'garbage': case 'lose-answer': return { type: how };
    default: return { type: 'error', code: Number(how) as 500, retryAfterSeconds: 1 };
  }
}

function watchFault({ how, events }: Extract<Step, { do: 'odd-watches' }>): Parameters<SimulatedHub['faults']['add']>[1] {
  switch (how) {
    case 'silent': case 'without-bookmarks': case 'repeats': return { type: `watch-${how}` };
    case 'delayed': return { type: 'watch-delayed', ms: 30 };
    default: return { type: `watch-${how}`, events };
  }
}
