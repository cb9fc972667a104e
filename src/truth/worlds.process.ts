import 'reflect-metadata';
import { TruthService } from './truth-service.js';
import { playWorld, type TruthRun } from './truth-run.js';
import { randomWorld } from './world-plan.js';

/** What a process is asked to play: some worlds of a seed. */
export interface WorldsQuestion {
  readonly databaseUrl: string;
  readonly seed: number;
  readonly numbers: readonly number[];
}

/** One world's end. */
export type WorldsAnswer = { readonly number: number; readonly run: TruthRun } | { readonly number: number; readonly broken: string };

/** Worlds that are played side by side: while one waits for the database, another goes on. */
const AT_ONCE = 4;

process.once('message', (question: WorldsQuestion) => void play(question));
// Whoever asked has died.
process.once('disconnect', () => process.exit());

async function play({ databaseUrl, seed, numbers }: WorldsQuestion): Promise<void> {
  const service = await TruthService.start(databaseUrl);
  const left = [...numbers];
  const lane = async (): Promise<void> => {
    for (let number = left.shift(); number !== undefined; number = left.shift()) process.send?.(await playOne(service, seed, number));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  await service.close();
  process.disconnect();
  process.exit();
}

async function playOne(service: TruthService, seed: number, number: number): Promise<WorldsAnswer> {
  try {
    return { number, run: await playWorld(service, randomWorld(seed, number)) };
  } catch (error) {
    return { number, broken: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
