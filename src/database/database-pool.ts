import type pg from 'pg';
import type { Secret } from '../common/secret.js';
import { createPool, endPool } from './pool.js';

export interface DatabaseOptions {
  /** PostgreSQL connection string; the database must have been migrated */
  readonly url: Secret;
  /** Connections for all but leases and queues; 15 unless said otherwise */
  readonly poolSize?: number;
  /** The server ends statements that run longer; 10 s unless said otherwise */
  readonly statementTimeoutMs?: number;
  /** How long a connection may take to come about; 3 s unless said otherwise */
  readonly connectTimeoutMs?: number;
}

/** The connections that Prisma and Sql share, and the few that leases keep for themselves. Closed by DatabaseModule. */
export class DatabasePool {
  readonly main: pg.Pool;
  /** Renewals must not wait for anybody's query, nor for long. */
  readonly leases: pg.Pool;

  constructor(options: DatabaseOptions) {
    this.main = createPool({ url: options.url, name: 'lifeboat', max: options.poolSize ?? 15, statementTimeoutMs: options.statementTimeoutMs, connectTimeoutMs: options.connectTimeoutMs });
    this.leases = createPool({ url: options.url, name: 'lifeboat-leases', max: 2, statementTimeoutMs: 2_000, connectTimeoutMs: options.connectTimeoutMs ?? 2_000 });
  }

  async close(): Promise<void> {
    await Promise.all([endPool(this.main), endPool(this.leases)]);
  }
}
