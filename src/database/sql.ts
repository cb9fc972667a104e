import { Injectable } from '@nestjs/common';
import DataLoader from 'dataloader';
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

  /** For questions that are put to many at once, in step: what they read by the same statement, one statement reads for all. Not for writing. */
  joined(): Sql {
    return new JoinedSql(this.pool);
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

/** How many statements one is made of at most. */
const MAX_JOINED = 200;

class JoinedSql extends Sql {
  private readonly asked = new Map<string, DataLoader<SqlValues, object[], string>>();

  override joined(): Sql {
    return this;
  }

  override query<Row extends object>(text: string, values: SqlValues = []): Promise<Row[]> {
    const known = this.asked.get(text) ?? this.begin(text);
    return known.load(values) as Promise<Row[]>;
  }

  private begin(text: string): DataLoader<SqlValues, object[], string> {
    const loader = new DataLoader<SqlValues, object[], string>((all) => {
      loader.clearAll(); // what is asked alike at once is read once, and nothing is kept
      return this.ask(text, all);
    }, { maxBatchSize: MAX_JOINED, cacheKeyFn: (values) => JSON.stringify(values) });
    this.asked.set(text, loader);
    return loader;
  }

  /** @returns the rows of each, in the order of the values */
  private async ask(text: string, all: readonly SqlValues[]): Promise<object[][]> {
    const [only] = all;
    if (only !== undefined && all.length === 1) return [await super.query(text, only)];
    const found = all.map((): object[] => []);
    for (const { asker, ...row } of await super.query<{ asker: number }>(joinedText(text, all), all.flatMap((values) => values))) found[asker]?.push(row);
    return found;
  }
}

/** Each part with parameters of its own, so that PostgreSQL types and plans it as if it stood alone. */
function joinedText(text: string, all: readonly SqlValues[]): string {
  let before = 0;
  return all.map((values, asker) => {
    const part = text.replace(/\$(\d+)/g, (_all, number: string) => `$${Number(number) + before}`);
    before += values.length;
    return `SELECT ${asker} AS asker, part.* FROM (${part}) AS part`;
  }).join(' UNION ALL ');
}
