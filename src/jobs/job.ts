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

/** Name of the jobs that wait for a time and then wake the work itself. */
export const ALARM = 'alarm';

/** Alarms are told apart from the work, so that neither takes the other's place. */
export const alarmId = <Data extends object>(kind: JobKind<Data>, data: Data) => `${kind.sameWorkIf(data)}@later`;

/**
 * Work that already waits is not added twice; work that is running is run once more, afterwards, with the latest data; work that pauses
 * before its next try is brought forward.
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
 * For an alarm. The work itself is not put off: stored for after a run, it would take the place of a wake-up that came meanwhile, or be
 * dropped for lack of that place.
 * @param sooner whether it is due before the alarm that is set already, and shall take its place
 */
export function alarmOptionsFor<Data extends object>(kind: JobKind<Data>, data: Data, delayMs: number, sooner: boolean): JobsOptions {
  return { ...optionsFor(kind, data), delay: delayMs, deduplication: { id: alarmId(kind, data), keepLastIfActive: true, replace: sooner } };
}
