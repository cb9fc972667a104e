import type { Clock } from '../../src/common/clock.js';
import { Secret } from '../../src/common/secret.js';
import { DatabasePool } from '../../src/database/database-pool.js';
import { LeaseService } from '../../src/database/lease.service.js';
import { PrismaService } from '../../src/database/prisma.service.js';
import { Sql } from '../../src/database/sql.js';
import type { FleetChange } from '../../src/fleet/fleet.types.js';
import { HubFactsRepository } from '../../src/fleet/hub-facts.repository.js';
import { HubWatcher } from '../../src/fleet/hub-watcher.js';
import { HubsRepository } from '../../src/hubs/hubs.repository.js';
import { HubClient, type HubConnection } from '../../src/kube/hub-client.js';
import type { ListOptions, ListPage, ResourceType } from '../../src/kube/kube.types.js';
import type { ReflectorOptions } from '../../src/kube/reflector.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** Hours of waiting in minutes: every time of a reflector and its hub is a fortieth of the real one, or so. */
const HASTE = 40;
/** Long enough for a busy machine; where a lease is to run out, the world makes it. */
const LEASE_MS = 10_000;
const LOOK_EVERY_MS = 30;

const reflector: ReflectorOptions = {
  monotonicMs: () => performance.now() * HASTE,
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms / HASTE);
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
    }),
  pageSize: 5, coalesceMs: 5, heartbeatMs: 1_000, pageDeadlineMs: 5_000, openMs: 5_000, silenceMs: 4_000, proofMs: 1_500, watchTimeoutSeconds: 3,
};

/** Notes how many lists one hub is asked for at once. */
class CountedClient extends HubClient {
  mostLists = 0;
  private lists = 0;

  override async list(type: ResourceType, options?: ListOptions): Promise<ListPage> {
    this.mostLists = Math.max(this.mostLists, ++this.lists);
    try {
      return await super.list(type, options);
    } finally {
      this.lists -= 1;
    }
  }
}

export interface WorkerParts {
  readonly hubId: string;
  readonly databaseUrl: string;
  readonly connection: HubConnection;
  readonly clock: Clock;
  readonly tell: (change: Pick<FleetChange, 'topic'> & Partial<FleetChange>) => Promise<void>;
}

/** One worker's watching of one hub, with connections of its own to database and hub. */
export class CheckedWorker {
  readonly client: CountedClient;
  private readonly pool: DatabasePool;
  private readonly leases: LeaseService;
  private readonly facts: HubFactsRepository;
  private readonly hubs: HubsRepository;
  private watcher: HubWatcher | null = null;
  private timer: NodeJS.Timeout | undefined;
  private busy: Promise<void> = Promise.resolve();
  private isBusy = false;
  private stopped = false;
  private isDead = false;

  private constructor(
    private readonly parts: WorkerParts,
    private readonly proxy: TcpProxy,
  ) {
    this.client = new CountedClient(parts.connection, { allowLoopback: true, http2PingMs: 1_500 });
    this.pool = new DatabasePool({ url: new Secret(proxy.through(parts.databaseUrl)), poolSize: 4, statementTimeoutMs: 3_000 });
    const sql = new Sql(this.pool);
    this.leases = new LeaseService(this.pool);
    this.facts = new HubFactsRepository(sql);
    this.hubs = new HubsRepository(new PrismaService(this.pool), sql);
  }

  static async start(parts: WorkerParts): Promise<CheckedWorker> {
    const worker = new CheckedWorker(parts, await TcpProxy.before(parts.databaseUrl));
    worker.timer = setInterval(() => worker.look(), LOOK_EVERY_MS);
    return worker;
  }

  /** Its database does not answer for a moment; then every connection is found dead. */
  async loseDatabase(ms: number): Promise<void> {
    this.proxy.blackhole(true);
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.proxy.blackhole(false);
    this.proxy.cut();
  }

  /** Ends in good order: the lease is free at once. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.busy;
    await this.end();
    await this.close();
  }

  /** Ends as a killed process does: nothing more is written, the lease runs out. */
  async kill(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    this.isDead = true;
    await this.proxy.close();
    await this.client.close();
    await this.busy;
    await this.end();
    await this.close();
  }

  private async close(): Promise<void> {
    await this.client.close();
    await this.leases.releaseAll();
    await this.pool.close();
    if (!this.isDead) await this.proxy.close();
  }

  private look(): void {
    if (this.isBusy || this.stopped || this.watcher !== null) return;
    this.isBusy = true;
    // The database may be away: the next look tries again.
    this.busy = this.take().catch(() => undefined).finally(() => (this.isBusy = false));
  }

  private async take(): Promise<void> {
    const { hubId, clock, tell } = this.parts;
    const lease = await this.leases.hold(`hub/${hubId}`, LEASE_MS, { onLost: () => void this.end() });
    if (lease === null) return;
    if (lease.signal.aborted) return lease.release();
    this.watcher = new HubWatcher({
      hubId, lease, client: this.client, clock, reflector, repository: this.facts, spreadMs: 10, statesEveryMs: 100,
      publish: tell,
      onReached: async (told) => {
        if (told.is === 'REACHABLE') await this.hubs.noteReachable(hubId, told.at);
        if (told.is === 'UNREACHABLE') await this.hubs.noteUnreachable(hubId, told.errorCode, clock.now());
      },
      onStorage: () => this.hubs.noteStorage(hubId),
      onError: () => undefined, // the faults are ours
    });
    this.watcher.start();
  }

  private async end(): Promise<void> {
    const { watcher } = this;
    this.watcher = null;
    if (watcher === null) return;
    await watcher.stop();
    await watcher.lease.release().catch(() => undefined); // it runs out
  }
}
