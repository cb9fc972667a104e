import { Injectable } from '@nestjs/common';
import { HubsService } from '../hubs/hubs.service.js';
import { HubOwnershipRepository } from './hub-ownership.repository.js';
import type { HubWatch, Worker } from './workers.types.js';

/** Which processes work, and which hubs each watches. */
@Injectable()
export class WorkersService {
  constructor(
    private readonly owners: HubOwnershipRepository,
    private readonly hubs: HubsService,
  ) {}

  /** Those that are there now, by id. */
  list(): Promise<Worker[]> {
    return this.owners.workers();
  }

  /** @throws HubNotFoundError */
  async watchOf(hubId: string): Promise<HubWatch> {
    await this.hubs.get(hubId);
    const [watch] = await this.watchesOf([hubId]);
    return watch ?? { hubId, worker: null, since: null };
  }

  /** Of those hubs that somebody watches. */
  watchesOf(hubIds: readonly string[]): Promise<HubWatch[]> {
    return this.owners.watches(hubIds);
  }
}
