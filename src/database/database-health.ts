import { Injectable } from '@nestjs/common';
import { Sql } from './sql.js';

@Injectable()
export class DatabaseHealth {
  constructor(private readonly sql: Sql) {}

  /** @throws DatabaseUnavailableError within about three seconds, if the database does not answer */
  async ping(): Promise<void> {
    await this.sql.query('SELECT 1');
  }
}
