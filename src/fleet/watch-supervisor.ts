import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { LeaseService } from '../database/lease.service.js';
import { HubConnections } from '../hubs/hub-connections.service.js';
import { HubCredentialsUnreadableError, HubNotFoundError } from '../hubs/hubs.errors.js';
import { HubsService } from '../hubs/hubs.service.js';
import { FleetChanges } from './fleet-changes.service.js';
import { HubFactsRepository } from './hub-facts.repository.js';
import { HubWatcher } from './hub-watcher.js';

/** How often hubs that nobody watches are looked for. Milliseconds, real time. */
const LOOK_EVERY_MS = 1_000;
/** How often the credentials of watched hubs are compared with the stored ones. */
const CONNECTIONS_EVERY_MS = 5_000;
/** The lists of one hub begin within this; of many hubs found at once, each hub within a third of a second more, half a minute at most. */
const KINDS_SPREAD_MS = 200;
const HUBS_SPREAD_MS = 300;
const MAX_SPREAD_MS = 30_000;
/** A hub whose credentials cannot be opened is tried again after this, or when it changes. */
const UNREADABLE_MS = 60_000;

/**
 * Sees to it that every registered hub is watched by exactly one worker: takes the leases that are free, follows credentials, lets go of
 * removed hubs. Works only where the role `worker` is on.
 */
@Injectable()
export class WatchSupervisor implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(WatchSupervisor.name);
  private readonly watchers = new Map<string, HubWatcher>();
  /** Monotonic milliseconds until which a hub is not tried */
  private readonly notBefore = new Map<string, number>();
  private readonly timers: NodeJS.Timeout[] = [];
  private unsubscribe: (() => void) | undefined;
  private looking: Promise<void> = Promise.resolve();
  private stopped = true;

  constructor(
    private readonly hubs: HubsService,
    private readonly connections: HubConnections,
    private readonly leases: LeaseService,
    private readonly repository: HubFactsRepository,
    private readonly changes: FleetChanges,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.roles.has('worker')) this.start();
  }

  start(): void {
    this.stopped = false;
    this.timers.push(setInterval(() => void this.look(), LOOK_EVERY_MS));
    this.timers.push(setInterval(() => void this.compareConnections(), CONNECTIONS_EVERY_MS));
    this.timers.push(setInterval(() => void this.tryTo('forget removed hubs', () => this.repository.forgetRemoved()), this.config.sweepMs));
    this.unsubscribe = this.changes.subscribe(({ topic, hubId }) => {
      // Not awaited: whoever told us waits for its listeners.
      if (topic !== 'HUB') return;
      this.notBefore.delete(hubId);
      void (this.watchers.has(hubId) ? this.compareConnections() : this.look());
    });
    void this.look();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    this.unsubscribe?.();
    for (const timer of this.timers) clearInterval(timer);
    await this.looking;
    await Promise.all([...this.watchers.keys()].map((hubId) => this.end(hubId)));
  }

  /** Ids of the hubs that this process watches. */
  get watching(): ReadonlySet<string> {
    return new Set(this.watchers.keys());
  }

  /** One look at a time; a call while one runs is served by the next. */
  private look(): Promise<void> {
    this.looking = this.looking.then(() => this.tryTo('look for hubs to watch', () => this.takeFree()));
    return this.looking;
  }

  private async takeFree(): Promise<void> {
    if (this.stopped) return;
    const free = (await this.repository.unwatched()).filter((hubId) => performance.now() >= (this.notBefore.get(hubId) ?? 0));
    const spreadMs = Math.min(MAX_SPREAD_MS, KINDS_SPREAD_MS + (free.length - 1) * HUBS_SPREAD_MS);
    for (const hubId of free) {
      if (!this.stopped && !this.watchers.has(hubId)) await this.take(hubId, spreadMs);
    }
  }

  private async take(hubId: string, spreadMs: number): Promise<void> {
    const lease = await this.leases.hold(`hub/${hubId}`, this.config.leaseMs, { onLost: () => void this.end(hubId) });
    if (lease === null) return;
    try {
      const client = await this.connections.clientFor(hubId);
      const watcher = new HubWatcher({
        hubId, lease, client, spreadMs,
        repository: this.repository,
        clock: this.clock,
        publish: (change) => this.changes.publish(change),
        onReached: async (told) => {
          if (told.is === 'REACHABLE') await this.hubs.noteReachable(hubId, told.at);
          if (told.is === 'UNREACHABLE') await this.hubs.noteUnreachable(hubId, told.errorCode);
        },
        onStorage: async () => {
          const locations = await this.repository.storage(hubId);
          await this.hubs.noteStorage(hubId, locations.map(({ name, facts: { createdAt: _made, deleting: _going, ...facts } }) => ({ name, ...facts })));
        },
        onError: (what, error) => this.logger.warn({ hub: hubId, err: error }, `Could not ${what}; tried again later`),
      });
      this.watchers.set(hubId, watcher);
      watcher.start();
    } catch (error) {
      await lease.release();
      if (error instanceof HubNotFoundError) return;
      this.notBefore.set(hubId, performance.now() + UNREADABLE_MS);
      if (!(error instanceof HubCredentialsUnreadableError)) throw error;
      await this.hubs.noteCredentialsUnreadable(hubId);
    }
  }

  /** New credentials mean new connections; a removed hub is watched no more. */
  private async compareConnections(): Promise<void> {
    for (const [hubId, watcher] of this.watchers) {
      const client = await this.connections.clientFor(hubId).catch((error: unknown) => (error instanceof HubNotFoundError || error instanceof HubCredentialsUnreadableError ? null : watcher.client));
      if (client === watcher.client) continue;
      await this.end(hubId);
      if (client !== null) void this.look();
    }
  }

  private async end(hubId: string): Promise<void> {
    const watcher = this.watchers.get(hubId);
    if (watcher === undefined) return;
    this.watchers.delete(hubId);
    await watcher.stop();
    await this.tryTo('give back the lease of a hub', () => watcher.lease.release());
  }

  private async tryTo(what: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (!this.stopped) this.logger.warn({ err: error }, `Could not ${what}; tried again soon`);
    }
  }
}
