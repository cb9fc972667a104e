import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { DomainError } from '../common/domain-error.js';
import { Config } from '../config/config.js';
import { HubClient } from '../kube/hub-client.js';
import type { HubConnection } from '../kube/hub-client.types.js';
import { HubLoads } from '../kube/hub-loads.js';
import { connectionFromText } from './connection-text.rules.js';
import { CredentialSealer } from './credential-sealer.service.js';
import { HubNotFoundError } from './hubs.errors.js';
import { HubsRepository } from './hubs.repository.js';

/** How long a client is used before it is asked whether its credentials are still the stored ones. Milliseconds, real time. */
const RECHECK_MS = 5_000;

interface Open {
  readonly client: HubClient;
  readonly version: string;
  checkedAtMs: number;
}

/** One client for each hub, made from its sealed credentials. */
@Injectable()
export class HubConnections implements OnModuleDestroy {
  private readonly open = new Map<string, Open>();
  private readonly opening = new Map<string, Promise<HubClient>>();

  constructor(
    private readonly repository: HubsRepository,
    private readonly sealer: CredentialSealer,
    private readonly config: Config,
    private readonly clock: Clock,
    private readonly loads: HubLoads,
  ) {}

  /**
   * The hub's client, shared by all callers: never close it. It is closed when the hub gets new credentials or is removed; calls that
   * are under way then fail, and the next `clientFor` gives the new one.
   * @throws HubNotFoundError (also for a removed hub), HubCredentialsUnreadableError
   */
  async clientFor(hubId: string): Promise<HubClient> {
    const found = this.open.get(hubId);
    if (found !== undefined && performance.now() - found.checkedAtMs < RECHECK_MS) return found.client;
    const running = this.opening.get(hubId);
    if (running !== undefined) return running;
    const opening = this.refresh(hubId).finally(() => this.opening.delete(hubId));
    this.opening.set(hubId, opening);
    return opening;
  }

  /** As `clientFor`, where its refusal is an answer like others. */
  async clientOrRefusal(hubId: string): Promise<HubClient | DomainError> {
    try {
      return await this.clientFor(hubId);
    } catch (error) {
      if (error instanceof DomainError) return error;
      throw error;
    }
  }

  /** How far the hub's clock is ahead of ours, as far as this process has heard; null: it has not. */
  clockSkewSeconds(hubId: string): number | null {
    return this.open.get(hubId)?.client.clockSkewSeconds ?? null;
  }

  /** A client for a connection that is not stored (yet); the caller closes it. @throws KubeError HUB_ADDRESS_REFUSED */
  clientOf(connection: HubConnection): HubClient {
    return new HubClient(connection, { allowLoopback: this.config.allowLoopbackHubs, clock: this.clock });
  }

  /** After new credentials or a removal: this process uses the old ones no more. Others notice within seconds. */
  async forget(hubId: string): Promise<void> {
    const found = this.open.get(hubId);
    this.open.delete(hubId);
    this.loads.forget(hubId);
    await found?.client.close();
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.open.keys()].map((hubId) => this.forget(hubId)));
  }

  private async refresh(hubId: string): Promise<HubClient> {
    const found = this.open.get(hubId);
    if (found !== undefined && (await this.repository.credentialVersion(hubId)) === found.version) {
      found.checkedAtMs = performance.now();
      return found.client;
    }
    await this.forget(hubId);
    const credential = await this.repository.credential(hubId);
    if (credential === null) throw new HubNotFoundError(hubId);
    const client = this.clientOf(connectionFromText(this.sealer.open(hubId, credential)));
    this.loads.follow(hubId, () => client.load);
    this.open.set(hubId, { client, version: credential.sealedAt.toISOString(), checkedAtMs: performance.now() });
    return client;
  }
}
