/** What is asked of PostgreSQL: counted, timed, and explained. */
import type pg from 'pg';
import type { Sql } from '../database/sql.js';

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly ms: number;
}

/** With the plan that PostgreSQL made and followed. */
export interface ExplainedStatement extends Statement {
  /** What asked for it */
  readonly of: string;
  readonly plan: string;
}

type Query = (...args: unknown[]) => unknown;

/** Hears every statement on a pool's connections, whoever makes it. */
export class Statements {
  private readonly heard: Statement[] = [];
  private readonly known = new WeakSet<object>();

  constructor(pool: pg.Pool) {
    pool.on('acquire', (client) => {
      if (this.known.has(client)) return;
      this.known.add(client);
      const query = client.query.bind(client) as Query;
      client.query = ((...args: unknown[]) => this.hear(query, args)) as typeof client.query;
    });
  }

  /** What is heard while `work` runs. */
  async during(work: () => Promise<unknown>): Promise<readonly Statement[]> {
    const from = this.heard.length;
    await work();
    return this.heard.splice(from);
  }

  private hear(query: Query, args: unknown[]): unknown {
    const [first, second] = args;
    const told = typeof first === 'string' ? { text: first, values: second } : (first as { text?: string; values?: unknown });
    const startedAt = performance.now();
    const ended = (): void => {
      if (told.text !== undefined) this.heard.push({ text: told.text, values: Array.isArray(told.values) ? told.values : [], ms: performance.now() - startedAt });
    };
    const callback = args.at(-1);
    if (typeof callback === 'function') {
      return query(...args.slice(0, -1), (...answer: unknown[]) => {
        ended();
        (callback as (...answer: unknown[]) => void)(...answer);
      });
    }
    const answer = query(...args);
    if (answer instanceof Promise) answer.then(ended, ended);
    return answer;
  }
}

const EXPLAINABLE = /^\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b/i;

/** The slowest of them once more, with its plan; what it writes is undone. @returns null: none of them can be explained */
export async function explainSlowest(sql: Sql, of: string, statements: readonly Statement[]): Promise<ExplainedStatement | null> {
  const [slowest] = statements.filter(({ text }) => EXPLAINABLE.test(text)).sort((a, b) => b.ms - a.ms);
  if (slowest === undefined) return null;
  let lines: readonly string[] = [];
  const undone = new Error('undone');
  await sql.transaction(async (run) => {
    lines = (await run.query<{ 'QUERY PLAN': string }>(`EXPLAIN (ANALYZE, BUFFERS) ${slowest.text}`, slowest.values)).map((row) => row['QUERY PLAN']);
    throw undone;
  }).catch((error: unknown) => {
    if (error !== undone) throw error;
  });
  return { ...slowest, of, plan: lines.join('\n') };
}
