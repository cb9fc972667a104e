import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { type Queue, UnrecoverableError, type Worker } from 'bullmq';
import { DomainError } from '../common/domain-error.js';
import { inTime } from '../common/in-time.js';
import { LeaseService } from '../database/lease.service.js';
import { ALARM, alarmId, alarmOptionsFor, type JobKind, optionsFor } from './job.js';
import { JobMistakeError } from './jobs.errors.js';
import type { Process, QueueBackend } from './queue-backend.js';
import { storedError } from './stored-error.js';
import { Sweeps } from './sweeps.js';

export interface JobsSettings {
  readonly backend: QueueBackend;
  /** Whether this process runs jobs and sweeps; adding jobs is possible in any */
  readonly work: boolean;
  /** Life of a sweep's lease without renewal, milliseconds */
  readonly leaseMs: number;
}

/** @returns when to do the same work again, unless something wakes it earlier */
export type JobHandler<Data> = (data: Data, signal: AbortSignal) => Promise<void | { readonly againInMs: number }>;

export interface HandlerOptions {
  /** How many of these run at once in one process; 1 unless said otherwise */
  readonly concurrency?: number;
  /** When a run is told by its signal to end; 5 minutes unless said otherwise */
  readonly timeoutMs?: number;
}

interface Handler {
  readonly process: Process;
  readonly concurrency: number;
  readonly finished: (data: unknown, result: unknown) => void;
}

/** Data are ids: more than this is a mistake. Characters of JSON. */
const MAX_DATA = 1_024;
/** A batch takes one lock for each job in it, of which PostgreSQL has some thousands for everybody. */
const BATCH = 500;
const CLOSE_MS = 10_000;

/**
 * Jobs wake work, they do not hold it: the tables say what is to be done, and a sweep finds it there when every job is lost. So adding
 * a job never fails for lack of a queue, and a job that was lost delays its work until the next sweep at most.
 */
@Injectable()
export class Jobs implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly logger = new Logger(Jobs.name);
  private readonly queues = new Map<string, Promise<Queue>>();
  private readonly handlers = new Map<string, Handler>();
  private readonly workers: Worker[] = [];
  private readonly sweepList: { name: string; intervalMs: number; run: (signal: AbortSignal) => Promise<void> }[] = [];
  private readonly sweeps: Sweeps;
  private readonly stopping = new AbortController();
  private started?: Promise<void>;

  constructor(
    private readonly settings: JobsSettings,
    leases: LeaseService,
  ) {
    this.sweeps = new Sweeps(leases, settings.leaseMs);
  }

  /**
   * Wakes the work that `data` names. What waits already is not added twice; what runs is run once more afterwards.
   * @param delayMs wakes it when so many milliseconds have passed; the earliest of several counts
   */
  async enqueue<Data extends object>(kind: JobKind<Data>, data: Data, { delayMs = 0 }: { delayMs?: number } = {}): Promise<void> {
    checkSize(kind, data);
    await this.tolerating(kind, async (queue) => {
      if (delayMs > 0) await setAlarm(queue, kind, data, delayMs);
      else await queue.add(kind.queue, data, optionsFor(kind, data));
    });
  }

  /** The same for many, in few statements. */
  async enqueueMany<Data extends object>(kind: JobKind<Data>, datas: readonly Data[]): Promise<void> {
    const different = [...new Map(datas.map((data) => [kind.sameWorkIf(data), data])).values()];
    for (const data of different) checkSize(kind, data);
    for (let from = 0; from < different.length; from += BATCH) {
      const batch = different.slice(from, from + BATCH).map((data) => ({ name: kind.queue, data, opts: optionsFor(kind, data) }));
      await this.tolerating(kind, (queue) => queue.addBulk(batch));
    }
  }

  /**
   * Says who does this kind of work; call it in `onModuleInit`. Runs begin when the application has started, in processes that work.
   * The handler may be repeated, run at the same time in another process for a moment, or be cut off anywhere.
   * @throws JobMistakeError if somebody does it already
   */
  handle<Data extends object>(kind: JobKind<Data>, handler: JobHandler<Data>, { concurrency = 1, timeoutMs = 300_000 }: HandlerOptions = {}): void {
    if (this.handlers.has(kind.queue)) throw new JobMistakeError(kind.queue, 'has two handlers');
    const process: Process = async ({ name, data }, _token, lockLost) => {
      const parsed = kind.data.safeParse(data);
      if (!parsed.success) throw new UnrecoverableError('INVALID: these data are of another version');
      if (name === ALARM) return void (await (await this.queue(kind.queue)).add(kind.queue, parsed.data, optionsFor(kind, parsed.data)));
      const signals = [this.stopping.signal, AbortSignal.timeout(timeoutMs), ...(lockLost ? [lockLost] : [])];
      try {
        return await handler(parsed.data, AbortSignal.any(signals));
      } catch (error) {
        this.tell(kind, parsed.data, error);
        throw storedError(error);
      }
    };
    const finished = (data: unknown, result: unknown) => {
      const againInMs = (result as { againInMs?: number } | null | undefined)?.againInMs;
      const parsed = kind.data.safeParse(data);
      if (againInMs !== undefined && parsed.success) void this.enqueue(kind, parsed.data, { delayMs: Math.max(1, againInMs) });
    };
    this.handlers.set(kind.queue, { process, concurrency, finished });
  }

  /**
   * Calls `run` every `intervalMs` (a tenth more or less), in one process of all that work, one run at a time; call it in `onModuleInit`.
   * @param run is told by its signal to stop; what it throws is logged
   */
  sweepEvery(name: string, intervalMs: number, run: (signal: AbortSignal) => Promise<void>): void {
    if (this.sweepList.some((sweep) => sweep.name === name)) throw new JobMistakeError(name, 'two sweeps have this name');
    this.sweepList.push({ name, intervalMs, run });
  }

  /** How often a worker of this process could not be woken since the start, and looked by itself. */
  get timesDeaf(): number {
    return this.settings.backend.timesDeaf;
  }

  /** How many jobs there are, by queue and state, of the kinds that this process has handled or added. */
  async counts(): Promise<Readonly<Record<string, Readonly<Record<string, number>>>>> {
    await this.start();
    const names = new Set([...this.queues.keys(), ...this.handlers.keys()]);
    const counted = [...names].map(async (name) => [name, await (await this.queue(name)).getJobCounts('waiting', 'active', 'delayed', 'failed')] as const);
    return Object.fromEntries(await Promise.all(counted));
  }

  async onModuleInit(): Promise<void> {
    await this.start();
  }

  async onApplicationBootstrap(): Promise<void> {
    if (!this.settings.work) return;
    for (const [name, handler] of this.handlers) this.workers.push(this.startWorker(name, handler));
    await Promise.all(this.workers.map((worker) => worker.waitUntilReady()));
    this.sweeps.start(this.sweepList);
  }

  /** Runs are told to end, and given ten seconds; what they leave is found by others. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.sweeps.stop();
    await Promise.all(this.workers.map((worker) => closeInTime(worker)));
  }

  async onApplicationShutdown(): Promise<void> {
    const closed = [...this.queues.values()].map((queue) => queue.then((made) => made.close()).catch(() => undefined)); // those that were never made too
    await inTime(Promise.all(closed), CLOSE_MS);
    await this.settings.backend.close();
  }

  private start(): Promise<void> {
    return (this.started ??= this.settings.backend.start());
  }

  private startWorker(name: string, { process, concurrency, finished }: Handler): Worker {
    const worker = this.settings.backend.worker(name, process, concurrency);
    worker.on('error', (error) => {
      // Its listening connection ends after it: with the embedded database, by that one's end
      if (!this.stopping.signal.aborted) this.logger.warn(`The worker of ${name} met an error, and goes on: ${error.message}`);
    });
    worker.on('completed', (job, result) => finished(job.data, result));
    worker.run().catch((error: unknown) => this.logger.error(`The worker of ${name} has ended: ${String(error)}`));
    return worker;
  }

  private queue(name: string): Promise<Queue> {
    const known = this.queues.get(name);
    if (known) return known;
    const made = this.settings.backend.queue(name).then((queue) => queue.on('error', () => undefined)); // told by the call that meets it
    this.queues.set(name, made);
    made.catch(() => this.queues.delete(name));
    return made;
  }

  private async tolerating({ queue }: { readonly queue: string }, add: (queue: Queue) => Promise<unknown>): Promise<void> {
    try {
      await this.start();
      await add(await this.queue(queue));
    } catch (error) {
      this.logger.warn(`A job of ${queue} could not be added; a sweep will find its work: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private tell<Data extends object>(kind: JobKind<Data>, data: Data, error: unknown): void {
    const what = `Job ${kind.queue} ${kind.sameWorkIf(data)}`;
    if (error instanceof DomainError) this.logger.warn(`${what}: ${error.code}: ${error.message}`);
    else this.logger.error(`${what} failed`, error instanceof Error ? error.stack : String(error));
  }
}

function checkSize<Data extends object>(kind: JobKind<Data>, data: Data): void {
  if (JSON.stringify(data).length > MAX_DATA) throw new JobMistakeError(kind.queue, 'its data are more than ids');
}

async function setAlarm<Data extends object>(queue: Queue, kind: JobKind<Data>, data: Data, delayMs: number): Promise<void> {
  const id = await queue.getDeduplicationJobId(alarmId(kind, data));
  const set = id === null ? undefined : await queue.getJob(id);
  // Times of the queue, as it reckons them: each client's own clock
  const sooner = set !== undefined && set.timestamp + set.delay > Date.now() + delayMs;
  await queue.add(ALARM, data, alarmOptionsFor(kind, data, delayMs, sooner));
}

/** A worker that does not close is left behind: its connections end with the backend's, and what it did is found by others. */
async function closeInTime(worker: Worker): Promise<void> {
  await inTime(worker.close().catch(() => undefined), CLOSE_MS);
}
