import { setTimeout as pause } from 'node:timers/promises';
import { type BackendFactory, type ConnectionOptions, createPostgresBackend, Queue, type RedisQueueBackend, runMigrations, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import type { Secret } from '../common/secret.js';
import { createPool, endPool } from '../database/pool.js';

/** What one worker asks of its job, as BullMQ calls it: three parameters, or the signal is not passed. */
export type Process = (job: { readonly name: string; readonly data: unknown }, token: string | undefined, signal: AbortSignal | undefined) => Promise<unknown>;

/** Where the queues live. */
export interface QueueBackend {
  /** Makes sure that it can be used; called before anything else. */
  start(): Promise<void>;
  queue(name: string): Promise<Queue>;
  worker(name: string, process: Process, concurrency: number): Worker;
  /** How often a worker could not be woken since the start, and looked by itself */
  readonly timesDeaf: number;
  /** After the queues and workers. */
  close(): Promise<void>;
}

const SCHEMA = 'bullmq';
/** For enqueueing and for the workers' own questions; each worker holds one more, to listen. */
const BASE_CONNECTIONS = 5;
/** Enough for whoever reads along; nothing of ours does. */
const KEEP_EVENTS = 100;
/** How late a job may start where the wake-up was lost on the way (a connection that went silent). Seconds. */
const LOOK_AGAIN_S = 10;
/** A listening connection that does not answer within this is deaf. Milliseconds. */
const DEAF_MS = 3_000;
/** No statement of a queue takes longer while all is well; past that, a worker that waits for LISTEN looks by itself. Milliseconds. */
const STATEMENT_MS = 5_000;
/** Pause before the next try where there is no database. Milliseconds. */
const RETRY_MS = 1_000;

/** What BullMQ's backends answer when there may be a job. */
const LOOK_NOW = { member: '', score: 0 };

const queueOptions = { streams: { events: { maxLen: KEEP_EVENTS } } } as const;

const workerOptions = {
  // A worker that died holds its job until the lock ends and the next look for such jobs. Locks are judged by the workers' own
  // clocks, so they keep order only; leases protect.
  lockDuration: 10_000,
  stalledInterval: 5_000,
  // Whether work is given up is decided from the tables, not by how often a worker died over it.
  maxStalledCount: 1_000_000,
  drainDelay: LOOK_AGAIN_S,
  // Unless told so, a worker that meets no database once stands still for 15 s, however soon it is back.
  runRetryDelay: RETRY_MS,
} as const;

/** BullMQ's PostgreSQL backend, in a schema of its own, with one pool for all queues. */
export class PostgresQueues implements QueueBackend {
  timesDeaf = 0;
  private closed = false;
  private readonly pool: pg.Pool;

  constructor(url: Secret) {
    // Left to itself, each queue and worker opens a pool and a connection to listen; of a pool that is given it does not set the search path.
    this.pool = createPool({ url, name: 'lifeboat-jobs', max: BASE_CONNECTIONS, statementTimeoutMs: STATEMENT_MS, searchPath: SCHEMA, plainTypes: true });
    this.pool.setMaxListeners(0); // each queue and worker hears its errors
  }

  async start(): Promise<void> {
    const client = await this.pool.connect();
    try {
      if (await this.ledgerLost(client)) await client.query(`DROP SCHEMA ${SCHEMA} CASCADE`);
      await runMigrations(client, SCHEMA);
    } finally {
      client.release();
    }
  }

  async queue(name: string): Promise<Queue> {
    // A queue whose first question meets no database remembers that for good (6.7): ask before there is one.
    await this.pool.query('SELECT 1');
    const queue = new Queue(name, { ...queueOptions, connection: this.connection }, createPostgresBackend as unknown as BackendFactory<RedisQueueBackend>);
    await queue.waitUntilReady();
    return queue;
  }

  worker(name: string, process: Process, concurrency: number): Worker {
    this.pool.options.max += 1;
    return new Worker(name, process, { ...workerOptions, concurrency, autorun: false, connection: this.connection }, this.suspiciousBackend as unknown as BackendFactory<RedisQueueBackend>);
  }

  async close(): Promise<void> {
    this.closed = true;
    await endPool(this.pool);
  }

  /** BullMQ's classes are typed for Redis unless their backend's type goes through everything that holds one. */
  private get connection(): ConnectionOptions {
    return this.pool as unknown as ConnectionOptions;
  }

  /**
   * As shipped (6.7), a worker trusts its listening connection for up to an hour while the next job is put off, never asks whether it still
   * hears, and while it cannot listen at all, does not look for jobs either.
   */
  private readonly suspiciousBackend: typeof createPostgresBackend = (...settings) => {
    const backend = createPostgresBackend(...settings);
    Object.defineProperty(backend, 'maximumBlockTimeout', { value: LOOK_AGAIN_S });
    const { connection } = backend as unknown as { readonly connection: { getListenClient(): Promise<pg.Client> } };
    const wait = backend.waitForJob.bind(backend);
    backend.waitForJob = async (seconds) => {
      const endsAtMs = performance.now() + seconds * 1_000;
      try {
        const woken = await wait(seconds);
        if (woken === null && performance.now() >= endsAtMs && !this.closed) void this.checkHearing(connection);
        return woken;
      } catch {
        if (this.closed) return null;
        this.timesDeaf += 1;
        await pause(RETRY_MS);
        return LOOK_NOW;
      }
    };
    return backend;
  };

  /** A connection that does not answer is closed by its client; the worker opens another. */
  private async checkHearing(connection: { getListenClient(): Promise<pg.Client> }): Promise<void> {
    try {
      const client = await connection.getListenClient();
      await client.query({ text: 'SELECT 1', query_timeout: DEAF_MS } as pg.QueryConfig);
    } catch {
      if (!this.closed) this.timesDeaf += 1;
    }
  }

  /** Somebody emptied every table, that of the migrations too: nothing of worth is left, and to migrate again would fail. */
  private async ledgerLost(client: pg.PoolClient): Promise<boolean> {
    const { rows } = await client.query<{ job: string | null; migration: string | null }>(
      `SELECT to_regclass('${SCHEMA}.job')::text AS job, to_regclass('${SCHEMA}.migration')::text AS migration`,
    );
    const [found] = rows;
    if (!found?.job) return false;
    return found.migration === null || (await client.query(`SELECT 1 FROM ${SCHEMA}.migration LIMIT 1`)).rowCount === 0;
  }
}

/** BullMQ on Redis, for those who outgrow PostgreSQL. */
export class RedisQueues implements QueueBackend {
  /** Redis tells its clients when it is gone */
  readonly timesDeaf = 0;
  private producers?: Redis;
  private consumers?: Redis;

  constructor(private readonly url: Secret) {}

  async start(): Promise<void> {
    const { Redis } = await import('ioredis');
    // Whoever adds a job is told at once when Redis is away; workers wait for it.
    this.producers = new Redis(this.url.reveal(), { maxRetriesPerRequest: 1, connectTimeout: 3_000, commandTimeout: 5_000 });
    this.consumers = new Redis(this.url.reveal(), { maxRetriesPerRequest: null });
    for (const redis of [this.producers, this.consumers]) redis.on('error', () => undefined); // told by the command that meets it
    await this.producers.ping();
  }

  queue(name: string): Promise<Queue> {
    return Promise.resolve(new Queue(name, { ...queueOptions, connection: this.producers as ConnectionOptions }));
  }

  worker(name: string, process: Process, concurrency: number): Worker {
    return new Worker(name, process, { ...workerOptions, concurrency, autorun: false, connection: this.consumers as ConnectionOptions });
  }

  async close(): Promise<void> {
    await Promise.all([this.producers?.quit(), this.consumers?.quit()]);
  }
}
