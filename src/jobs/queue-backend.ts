import { type BackendFactory, type ConnectionOptions, createPostgresBackend, Queue, type RedisQueueBackend, runMigrations, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import type { Secret } from '../common/secret.js';
import { createPool } from '../database/pool.js';

/** What one worker asks of its job, as BullMQ calls it: three parameters, or the signal is not passed. */
export type Process = (job: { readonly name: string; readonly data: unknown }, token: string | undefined, signal: AbortSignal | undefined) => Promise<unknown>;

/** Where the queues live. */
export interface QueueBackend {
  /** Makes sure that it can be used; called before anything else. */
  start(): Promise<void>;
  queue(name: string): Promise<Queue>;
  worker(name: string, process: Process, concurrency: number): Worker;
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

const queueOptions = { streams: { events: { maxLen: KEEP_EVENTS } } } as const;

const workerOptions = {
  // A worker that died holds its job until the lock ends and the next look for such jobs. Locks are judged by the workers' own
  // clocks, so they keep order only; leases protect.
  lockDuration: 10_000,
  stalledInterval: 5_000,
  // Whether work is given up is decided from the tables, not by how often a worker died over it.
  maxStalledCount: 1_000_000,
  drainDelay: LOOK_AGAIN_S,
} as const;

/** BullMQ's PostgreSQL backend, in a schema of its own, with one pool for all queues. */
export class PostgresQueues implements QueueBackend {
  private readonly pool: pg.Pool;

  constructor(url: Secret) {
    // Left to itself, each queue and worker opens a pool and a connection to listen; of a pool that is given it does not set the search path.
    this.pool = createPool({ url, name: 'lifeboat-jobs', max: BASE_CONNECTIONS, searchPath: SCHEMA, plainTypes: true });
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
    return new Worker(name, process, { ...workerOptions, concurrency, autorun: false, connection: this.connection }, suspiciousBackend as unknown as BackendFactory<RedisQueueBackend>);
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  /** BullMQ's classes are typed for Redis unless their backend's type goes through everything that holds one. */
  private get connection(): ConnectionOptions {
    return this.pool as unknown as ConnectionOptions;
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

/** As shipped, a worker trusts its listening connection for up to an hour while the next job is put off. */
const suspiciousBackend: typeof createPostgresBackend = (...settings) => {
  const backend = createPostgresBackend(...settings);
  Object.defineProperty(backend, 'maximumBlockTimeout', { value: LOOK_AGAIN_S });
  return backend;
};

/** BullMQ on Redis, for those who outgrow PostgreSQL. */
export class RedisQueues implements QueueBackend {
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
