import { Injectable } from '@nestjs/common';
import type pg from 'pg';
import { DatabasePool } from './database-pool.js';
import { rethrow } from './unavailable.js';

/** Values for $1, $2 …: arrays become PostgreSQL arrays, so json goes in as text (`JSON.stringify`) with a cast (`$1::jsonb`). */
export type SqlValues = readonly unknown[];

/**
 * Statements in SQL. Rows come as PostgreSQL names them: timestamptz as Date, int8 (count(*) too) as bigint, numeric as string,
 * json parsed. All throw DatabaseUnavailableError where the database does not answer.
 */
export interface SqlRunner {
  query<Row extends object>(text: string, values?: SqlValues): Promise<Row[]>;
  /** @returns how many rows were written */
  execute(text: string, values?: SqlValues): Promise<number>;
}

class Runner implements SqlRunner {
  constructor(private readonly target: pg.Pool | pg.PoolClient) {}

  async query<Row extends object>(text: string, values: SqlValues = []): Promise<Row[]> {
    const { rows } = await this.target.query<Row>(text, [...values]).catch(rethrow);
    return rows;
  }

  async execute(text: string, values: SqlValues = []): Promise<number> {
    const { rowCount } = await this.target.query(text, [...values]).catch(rethrow);
    return rowCount ?? 0;
  }
}

/** For set-based statements, on the same connections as Prisma. */
@Injectable()
export class Sql implements SqlRunner {
  private readonly runner: SqlRunner;

  constructor(private readonly pool: DatabasePool) {
    this.runner = new Runner(pool.main);
  }

  query<Row extends object>(text: string, values?: SqlValues): Promise<Row[]> {
    return this.runner.query(text, values);
  }

  execute(text: string, values?: SqlValues): Promise<number> {
    return this.runner.execute(text, values);
  }

  /**
   * One transaction (READ COMMITTED) on one connection. `work` must use the runner that it is given.
   * @throws what `work` throws, after rolling back
   */
  async transaction<T>(work: (sql: SqlRunner) => Promise<T>): Promise<T> {
    const client = await this.pool.main.connect().catch(rethrow);
    try {
      await client.query('BEGIN').catch(rethrow);
      const result = await work(new Runner(client));
      await client.query('COMMIT').catch(rethrow);
      client.release();
      return result;
    } catch (error) {
      const undone = await client.query('ROLLBACK').then(
        () => true,
        () => false,
      );
      client.release(!undone); // a connection of unknown state is closed
      throw error;
    }
  }
}
