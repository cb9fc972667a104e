import { Injectable } from '@nestjs/common';
import { DatabasePool } from './database-pool.js';
import { rethrow } from './unavailable.js';

@Injectable()
export class DatabaseHealth {
  constructor(private readonly pool: DatabasePool) {}

  /**
   * On the connections of the leases, so that a busy pool does not look like a dead database.
   * @throws DatabaseUnavailableError within about three seconds, if the database does not answer
   */
  async ping(): Promise<void> {
    await this.pool.leases.query('SELECT 1').catch(rethrow);
  }
}
