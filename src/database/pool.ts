import { isNativeError } from 'node:util/types';
import pg from 'pg';
import { inTime } from '../common/in-time.js';
import type { Secret } from '../common/secret.js';

export interface PoolSettings {
  readonly url: Secret;
  /** Shown in pg_stat_activity */
  readonly name: string;
  /** Connections, at most */
  readonly max: number;
  /** A statement that runs longer is ended by the server. Milliseconds. */
  readonly statementTimeoutMs?: number;
  /** How long to wait for a connection, free or new. Milliseconds. */
  readonly connectTimeoutMs?: number;
  readonly searchPath?: string;
  /** int8 as text, as pg gives it by itself; else as bigint */
  readonly plainTypes?: boolean;
}

/** How much longer than the server we wait for a statement: past that, the server or the network is gone. Milliseconds. */
const SILENCE_MS = 1_000;
/** What is asked of the database at the end is short. Milliseconds. */
const END_MS = 5_000;
const INT8_OID = 20;
const TIMESTAMPTZ_OID = 1184;
const [ZERO, DOT] = [48, 46];

/** The open connections of each pool. */
const connections = new WeakMap<pg.Pool, Set<pg.Client>>();

const IN_UTC = /^[1-9]\d{3}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?\+00$/;

/** As a server whose time zone is UTC writes it, three times faster than by pg's own parser, which takes what looks otherwise (infinity, far years). */
export function instantFrom(text: string): Date {
  if (!IN_UTC.test(text)) return (pg.types.getTypeParser(TIMESTAMPTZ_OID, 'text') as (text: string) => Date)(text);
  const digits = (at: number): number => (text.charCodeAt(at) - ZERO) * 10 + text.charCodeAt(at + 1) - ZERO;
  const ms = text.charCodeAt(19) === DOT ? Math.trunc(Number(text.slice(19, -3)) * 1000) : 0;
  return new Date(Date.UTC(digits(0) * 100 + digits(2), digits(5) - 1, digits(8), digits(11), digits(14), digits(17), ms));
}

/** int8 as bigint: epochs and sequence numbers outgrow what a double can hold. */
const parsers: Readonly<Record<number, (text: string) => unknown>> = { [INT8_OID]: BigInt, [TIMESTAMPTZ_OID]: instantFrom };
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => (format !== 'binary' && parsers[oid]) || pg.types.getTypeParser(oid, format as 'text')) as pg.CustomTypesConfig['getTypeParser'],
};

/**
 * Mends two things of pg 8. A query without an answer in time is given up, but its client goes back to the pool, and whoever gets it next
 * waits behind that query (brianc/node-postgres#3399): here the connection is closed. And a connection that is lost while somebody has
 * the client, but no query on it, is an `error` event that nobody hears, which ends the process: here the next query tells it.
 */
class ImpatientClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }

  override query = ((...args: unknown[]): unknown => {
    const callback = args.at(-1);
    if (typeof callback === 'function') {
      args[args.length - 1] = (error: unknown, result: unknown) => {
        this.closeAfterTimeout(error);
        (callback as (error: unknown, result: unknown) => void)(error, result);
      };
      return this.send(args);
    }
    const answer = this.send(args);
    if (answer instanceof Promise) answer.catch((error: unknown) => this.closeAfterTimeout(error));
    return answer;
  }) as pg.Client['query'];

  private send(args: readonly unknown[]): unknown {
    return (pg.Client.prototype.query as (...args: unknown[]) => unknown).apply(this, [...args]);
  }

  private closeAfterTimeout(error: unknown): void {
    if (isNativeError(error) && error.message === 'Query read timeout') this.connection.stream.destroy();
  }
}

/** A pool of connections with every timeout set, so that nothing waits for ever on a lost server, a lock or a forgotten transaction. */
export function createPool(settings: PoolSettings): pg.Pool {
  const statementTimeoutMs = settings.statementTimeoutMs ?? 10_000;
  const pool = new pg.Pool({
    Client: ImpatientClient,
    connectionString: settings.url.reveal(),
    application_name: settings.name,
    max: settings.max,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: settings.connectTimeoutMs ?? 3_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + SILENCE_MS,
    lock_timeout: Math.min(5_000, statementTimeoutMs),
    idle_in_transaction_session_timeout: 10_000, // a process that stands still inside one keeps a lease's row, and others waiting
    options: `-c timezone=UTC${settings.searchPath === undefined ? '' : ` -c search_path=${settings.searchPath}`}`,
    types: settings.plainTypes === true ? pg.types : types,
  });
  const open = new Set<pg.Client>();
  connections.set(pool, open);
  pool.on('connect', (client) => open.add(client as pg.Client));
  pool.on('remove', (client) => open.delete(client as pg.Client));
  pool.on('error', () => undefined); // an idle connection was lost; the pool drops it and opens another when one is needed
  return pool;
}

/**
 * Ends the pool: what runs is let finish for a while, then its connections are cut. A server that is silent, or a client that nobody gave back,
 * keeps no process from its end.
 * @param limitMs how long to wait before that
 */
export async function endPool(pool: pg.Pool, limitMs = END_MS): Promise<void> {
  if (await inTime(pool.end(), limitMs)) return;
  for (const client of connections.get(pool) ?? []) client.connection.stream.destroy();
}
