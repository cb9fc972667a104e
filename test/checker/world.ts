import { randomUUID } from 'node:crypto';
import { ManualClock } from '../../src/common/clock.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { randomOf } from '../support/random.js';
import type { CheckedHub, End } from './checked-hub.js';
import { CheckedWorker } from './checked-worker.js';
import { HubContents, kindsOnHub } from './hub-contents.js';
import type { Step } from './schedule.js';
import { Mismatch, Truth, type CheckedDatabase } from './truth.js';

const WORKERS = 2;
/** What a hub has said before it is cut off is heard, and written down, within this. */
const IN_FLIGHT_MS = 500;

/** A fault that lasts for some steps. */
interface Lasting {
  stepsLeft: number;
  readonly end: End;
}

/** One hub, a bad network before it, two workers on one database, and what makes all of them fail. */
export class World {
  private readonly contents: HubContents;
  private readonly lasting = new Set<Lasting>();
  private readonly workers: CheckedWorker[] = [];
  private readonly truth: Truth;
  private mostLists = 0;

  private constructor(
    private readonly hub: CheckedHub,
    private readonly proxy: FaultProxy,
    private readonly database: CheckedDatabase,
    private readonly hubId: string,
    private readonly clock: ManualClock,
  ) {
    this.truth = new Truth(database, hubId, hub);
    this.contents = new HubContents(hub);
  }

  /** @param openHub it is the world's, and closed with it */
  static async open(database: CheckedDatabase, openHub: (clock: ManualClock) => Promise<CheckedHub>): Promise<World> {
    const clock = new ManualClock(new Date('2026-11-24T12:00:00Z'));
    const hub = await openHub(clock);
    const { server } = hub.connection();
    const proxy = await FaultProxy.start(Number(new URL(server).port));
    const [clusterId, now] = [randomUUID(), clock.now()];
    const { id } = await database.prisma.hub.create({ data: { name: clusterId, apiUrl: server, clusterId, createdAt: now, createdBy: 'checker', updatedAt: now } });
    const world = new World(hub, proxy, database, id, clock);
    await world.contents.change(randomOf(1), 60);
    await hub.checkpoint();
    for (let i = 0; i < WORKERS; i += 1) world.workers.push(await world.startWorker());
    return world;
  }

  async close(): Promise<void> {
    for (const worker of this.workers) await worker.stop();
    await this.truth.close();
    await this.proxy.stop();
    await this.hub.close();
    await this.database.prisma.hub.delete({ where: { id: this.hubId } });
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      await this.take(step);
      for (const one of [...this.lasting]) if (--one.stepsLeft <= 0) await this.endLasting(one);
    }
    await this.calm();
    await this.truth.agrees('after the last fault');
    await this.contents.touchAll();
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
      case 'settle': return this.truth.settle(step.ms);
      case 'compact': return hub.compact();
      case 'checkpoint': return hub.checkpoint();
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
      default: {
        const end = await hub.befall(step);
        if ('for' in step) this.last(step.for, end);
      }
    }
  }

  private last(steps: number, end: End): void {
    this.lasting.add({ stepsLeft: steps + 1, end });
  }

  private async endLasting(one: Lasting): Promise<void> {
    if (this.lasting.delete(one)) await one.end();
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

  private async vanish({ kind, for: steps }: Extract<Step, { do: 'vanish' }>): Promise<void> {
    const type = kindsOnHub[kind];
    if (type === undefined) return;
    await this.hub.serve(type, false);
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
    await this.contents.change(randomOf(seed), 5);
    await pause(60);
    await this.truth.checkAges(lastWord);
    await this.hub.reconnect();
  }

  /** etcd is restored from a backup: the API server is away meanwhile, and others have gone on writing before we are back. */
  private async setBack({ downMs, times, seed }: Extract<Step, { do: 'set-back' }>): Promise<void> {
    await this.hub.cutOff('refuse');
    await this.hub.setBack();
    await this.contents.change(randomOf(seed), times);
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
    for (const one of [...this.lasting]) await this.endLasting(one);
    this.proxy.mode = 'pass';
    this.proxy.delayMs = 0;
    await this.hub.reconnect();
    await this.hub.calm();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
