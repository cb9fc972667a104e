import { Injectable } from '@nestjs/common';
import { DatabaseHealth } from '../database/database-health.js';

@Injectable()
export class HealthService {
  constructor(private readonly database: DatabaseHealth) {}

  /**
   * Whether requests can be served: the database answers; it was migrated before we listened. Not whether hubs do.
   * @throws DatabaseUnavailableError
   */
  async ready(): Promise<void> {
    await this.database.ping();
  }
}
