import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { LeaseService, type HeldLease } from '../database/lease.service.js';
import { HubConnections } from '../hubs/hub-connections.service.js';
import { HubCredentialsUnreadableError, HubNotFoundError } from '../hubs/hubs.errors.js';
import { HubsService } from '../hubs/hubs.service.js';
import { FleetChanges } from './fleet-changes.service.js';
import { HubFactsRepository } from './hub-facts.repository.js';
import { HubOwnershipRepository, presenceKey } from './hub-ownership.repository.js';
import { hubsToTake, hubToGive, isStillLeft, type LeftHub, type Ownership } from './hub-shares.rules.js';
import { HubWatcher } from './hub-watcher.js';

/** How often this worker looks who watches what. Milliseconds, real time. */
const LOOK_EVERY_MS = 1_000;
/** How often the credentials of watched hubs are compared with the stored ones. */
const CONNECTIONS_EVERY_MS = 5_000;
/** The lists of one hub begin within this; of many hubs found at once, each hub within a third of a second more, half a minute at most. */
const KINDS_SPREAD_MS = 200;
const HUBS_SPREAD_MS = 300;
const MAX_SPREAD_MS = 30_000;
/** A hub whose credentials cannot be opened is tried again after this, or when it changes. */
const UNREADABLE_MS = 60_000;
/** A free hub is left to the worker to whom it falls for so long. */
const LEAVE_MS = 3_000;
/** Hubs taken at one look. */
const TAKEN_AT_ONCE = 25;

/**
 * Sees to it that every registered hub is watched by exactly one worker, and that the workers share the hubs evenly. Works only where the
 * role `worker` is on.
 *
 *   free ──taken by the worker to whom it falls──▶ watched ──lease lost: killed, stopped, cut off──▶ free
 *                                                    ├─ the worker ends ──▶ free at once
 *                                                    └─ another has two hubs less, and has settled in: handed over ──▶ free at once
 *
 * Workers know of each other by leases of presence; the leases of hubs decide. No hub waits for another: each is taken, compared and ended
 * by itself.
 */
@Injectable()
export class WatchSupervisor implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  private readonly logger = new Logger(WatchSupervisor.name);
  private readonly watchers = new Map<string, HubWatcher>();
  /** Hubs being taken or ended here: nothing else is begun with them meanwhile */
  private readonly busy = new Map<string, Promise<void>>();
  /** Monotonic milliseconds until which a hub is not tried */
  private readonly notBefore = new Map<string, number>();
  /** Hubs handed over, and left to the others for a while */
  private readonly leftHubs = new Map<string, LeftHub>();
  /** Monotonic milliseconds since when a hub was seen free */
  private readonly freeSince = new Map<string, number>();
  private readonly timers: NodeJS.Timeout[] = [];
  private presence: HeldLease | null = null;
  private unsubscribe: (() => void) | undefined;
  private looking: Promise<void> | null = null;
  private lookAgain = false;
  private stopped = true;

  constructor(
    private readonly hubs: HubsService,
    private readonly connections: HubConnections,
    private readonly leases: LeaseService,
    private readonly repository: HubFactsRepository,
    private readonly owners: HubOwnershipRepository,
    private readonly changes: FleetChanges,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.roles.has('worker')) this.start();
  }

  start(): void {
    this.stopped = false;
    this.timers.push(setInterval(() => this.look(), LOOK_EVERY_MS));
    this.timers.push(setInterval(() => this.compareConnections(), CONNECTIONS_EVERY_MS));
    this.timers.push(setInterval(() => void this.tryTo('forget what is gone', () => this.forgetGone()), this.config.sweepMs));
    this.unsubscribe = this.changes.subscribe(({ topic, hubId }) => {
      // Not awaited: whoever told us waits for its listeners.
      if (topic !== 'HUB') return;
      this.notBefore.delete(hubId);
      this.leftHubs.delete(hubId);
      if (this.watchers.has(hubId)) void this.compareConnection(hubId);
      else this.look();
    });
    this.look();
  }

  /** As early in the shutdown as can be: others wait for these hubs. */
  onModuleDestroy(): Promise<void> {
    return this.stop();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.stop();
  }

  /** Ids of the hubs that this process watches. */
  get watching(): ReadonlySet<string> {
    return new Set(this.watchers.keys());
  }

  private async stop(): Promise<void> {
    this.stopped = true;
    this.unsubscribe?.();
    for (const timer of this.timers.splice(0)) clearInterval(timer);
    const { presence } = this;
    this.presence = null;
    // First the presence, so that others share the hubs among themselves alone
    if (presence !== null) await this.tryTo('say that this worker ends', () => presence.release());
    await this.looking;
    await Promise.all(this.busy.values());
    await Promise.all([...this.watchers.keys()].map((hubId) => this.end(hubId)));
  }

  /** One look at a time; a call while one runs is served by one more. */
  private look(): void {
    if (this.stopped) return;
    this.lookAgain = true;
    this.looking ??= this.lookOn().finally(() => (this.looking = null));
  }

  private async lookOn(): Promise<void> {
    while (this.lookAgain && !this.stopped) {
      this.lookAgain = false;
      await this.tryTo('look who watches what', () => this.share());
    }
  }

  private async share(): Promise<void> {
    if (this.presence === null || this.presence.signal.aborted) this.presence = await this.leases.hold(presenceKey(this.leases.worker), this.config.leaseMs);
    const ownership = await this.owners.ownership();
    if (this.stopped) return;
    this.noteFree(ownership);
    this.forgetLeft(ownership);
    const patience = { steadyMs: this.config.leaseMs, leaveMs: LEAVE_MS };
    const freeForMs = (hubId: string): number => performance.now() - (this.freeSince.get(hubId) ?? performance.now());
    const due = hubsToTake(ownership, this.leases.worker, freeForMs, patience).filter((hubId) => this.mayTry(hubId)).slice(0, TAKEN_AT_ONCE);
    const spreadMs = Math.min(MAX_SPREAD_MS, KINDS_SPREAD_MS + (due.length - 1) * HUBS_SPREAD_MS);
    for (const hubId of due) this.alone(hubId, () => this.take(hubId, spreadMs));
    const movable = [...this.watchers].filter(([hubId, watcher]) => watcher.isMovable && !this.busy.has(hubId)).map(([hubId]) => hubId).sort();
    const given = hubToGive(ownership, this.leases.worker, movable, freeForMs, patience);
    if (given !== null) this.handOver(given, ownership);
  }

  private noteFree({ hubs }: Ownership): void {
    const free = new Set(hubs.filter(({ worker }) => worker === null).map(({ id }) => id));
    for (const hubId of this.freeSince.keys()) if (!free.has(hubId)) this.freeSince.delete(hubId);
    for (const hubId of free) if (!this.freeSince.has(hubId)) this.freeSince.set(hubId, performance.now());
  }

  private forgetLeft(ownership: Ownership): void {
    for (const [hubId, left] of this.leftHubs) if (!isStillLeft(left, ownership, performance.now())) this.leftHubs.delete(hubId);
  }

  private mayTry(hubId: string): boolean {
    return !this.watchers.has(hubId) && !this.busy.has(hubId) && !this.leftHubs.has(hubId) && performance.now() >= (this.notBefore.get(hubId) ?? 0);
  }

  private handOver(hubId: string, { workers }: Ownership): void {
    this.logger.log({ hub: hubId }, 'Another worker has fewer hubs: this one is handed over');
    const others = workers.map(({ id }) => id).filter((id) => id !== this.leases.worker);
    this.leftHubs.set(hubId, { untilMs: performance.now() + 2 * LEAVE_MS, others });
    void this.end(hubId);
  }

  /** Does one thing at a time with a hub. Never throws. */
  private alone(hubId: string, action: () => Promise<void>): void {
    const running = (this.busy.get(hubId) ?? Promise.resolve()).then(() => this.tryTo('watch a hub', action, hubId));
    const settled = running.finally(() => {
      if (this.busy.get(hubId) === settled) this.busy.delete(hubId);
    });
    this.busy.set(hubId, settled);
  }

  private async take(hubId: string, spreadMs: number): Promise<void> {
    if (this.stopped || this.watchers.has(hubId)) return;
    const lease = await this.leases.hold(`hub/${hubId}`, this.config.leaseMs, { onLost: () => void this.end(hubId) });
    if (lease === null) return;
    try {
      const client = await this.connections.clientFor(hubId);
      lease.assertHeld();
      const watcher = new HubWatcher({
        hubId, lease, client, spreadMs,
        repository: this.repository,
        clock: this.clock,
        publish: (change) => this.changes.publish(change),
        onReached: async (told) => {
          if (told.is === 'REACHABLE') await this.hubs.noteReachable(hubId, told.at);
          if (told.is === 'UNREACHABLE') await this.hubs.noteUnreachable(hubId, told.errorCode);
        },
        onStorage: () => this.hubs.noteStorage(hubId),
        onError: (what, error) => this.logger.warn({ hub: hubId, err: error }, `Could not ${what}; tried again later`),
      });
      this.watchers.set(hubId, watcher);
      watcher.start();
    } catch (error) {
      await lease.release();
      if (error instanceof HubNotFoundError) return;
      if (!(error instanceof HubCredentialsUnreadableError)) throw error;
      this.notBefore.set(hubId, performance.now() + UNREADABLE_MS);
      await this.hubs.noteCredentialsUnreadable(hubId);
    }
  }

  private compareConnections(): void {
    for (const hubId of this.watchers.keys()) void this.compareConnection(hubId);
  }

  /** New credentials mean new connections; a removed hub is watched no more. */
  private async compareConnection(hubId: string): Promise<void> {
    const watcher = this.watchers.get(hubId);
    if (watcher === undefined) return;
    const client = await this.connections.clientFor(hubId).catch((error: unknown) => (error instanceof HubNotFoundError || error instanceof HubCredentialsUnreadableError ? null : watcher.client));
    if (client === watcher.client || this.watchers.get(hubId) !== watcher) return;
    await this.end(hubId);
    if (client !== null) this.look();
  }

  /** Never throws. */
  private async end(hubId: string): Promise<void> {
    const watcher = this.watchers.get(hubId);
    if (watcher === undefined) return;
    this.watchers.delete(hubId);
    this.alone(hubId, async () => {
      await watcher.stop();
      await watcher.lease.release();
    });
    await this.busy.get(hubId);
  }

  private async forgetGone(): Promise<void> {
    await this.repository.forgetRemoved();
    await this.owners.forgetWorkers();
  }

  private async tryTo(what: string, action: () => Promise<void>, hubId?: string): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (!this.stopped) this.logger.warn({ hub: hubId, err: error }, `Could not ${what}; tried again soon`);
    }
  }
}
