import type { BulkJobOptions, JobsOptions } from 'bullmq';
import type { z } from 'zod';

/** What one kind of job is. Its data are ids and nothing else: they are stored in clear, and are old by the time that they are read. */
export interface JobKind<Data extends object> {
  /** Name of the queue, one for each kind; no colon */
  readonly queue: string;
  readonly data: z.ZodType<Data>;
  /** Jobs that agree in this are the same work: one waits at most, and one runs at a time */
  readonly sameWorkIf: (data: Data) => string;
}

export const defineJob = <Data extends object>(kind: JobKind<Data>): JobKind<Data> => kind;

/** Low: what fails for longer than this is found again by a sweep. */
const ATTEMPTS = 3;
const BACKOFF_MS = 1_000;
/** Failures are kept for those who look; successes are not. */
const KEEP_FAILED = { count: 100, age: 7 * 86_400 };

/**
 * Work that already waits is not added twice; work that is running is run once more, afterwards, with the latest data; work that was
 * put off (a recheck, or a pause before the next try) is brought forward.
 */
export function optionsFor<Data extends object>(kind: JobKind<Data>, data: Data): JobsOptions & BulkJobOptions {
  return {
    deduplication: { id: kind.sameWorkIf(data), keepLastIfActive: true, replace: true },
    attempts: ATTEMPTS,
    backoff: { type: 'exponential', delay: BACKOFF_MS },
    removeOnComplete: true,
    removeOnFail: KEEP_FAILED,
    stackTraceLimit: 1,
  };
}

/**
 * For work that is not due yet. It is dropped where the same work waits, or runs: a run decides by itself when the next is due, and a
 * job stored for after the run would take the place of a wake-up that came meanwhile.
 * @param sooner whether it is due before the one that is put off already, and shall take its place
 */
export function delayedOptionsFor<Data extends object>(kind: JobKind<Data>, data: Data, delayMs: number, sooner: boolean): JobsOptions {
  return { ...optionsFor(kind, data), delay: delayMs, deduplication: { id: kind.sameWorkIf(data), replace: sooner } };
}
