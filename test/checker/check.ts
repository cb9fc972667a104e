import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import { Secret } from '../../src/common/secret.js';
import type { ManualClock } from '../../src/common/clock.js';
import { DatabasePool } from '../../src/database/database-pool.js';
import { PrismaService } from '../../src/database/prisma.service.js';
import { Sql } from '../../src/database/sql.js';
import { cloneTestDatabase, connectTo } from '../support/database.js';
import type { CheckedHub } from './checked-hub.js';
import type { Step } from './schedule.js';
import { World } from './world.js';

export interface Check {
  readonly schedules: fc.Arbitrary<Step[]>;
  /** Played before those of chance, and counted */
  readonly examples?: readonly (readonly Step[])[];
  readonly count: number;
  readonly seed: number;
  /** As many worlds are checked beside each other as there is little to do in each */
  readonly lanes: number;
  /** Only that counterexample, as printed */
  readonly path?: string;
  /** Default true: what fails is made smaller, which takes as many runs again */
  readonly shrinks?: boolean;
  readonly openHub: (clock: ManualClock) => Promise<CheckedHub>;
}

const told = (steps: readonly Step[]): string => steps.map((step) => `  ${JSON.stringify(step)}`).join('\n');
const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Checks one share of the schedules on a database of its own. @returns the words of its failure */
async function lane({ schedules, examples = [], path, shrinks = true, openHub }: Check, seed: number, numRuns: number, onDone: () => void): Promise<string | null> {
  const { url, drop } = await cloneTestDatabase();
  const pool = new DatabasePool({ url: new Secret(url) });
  const prisma = new PrismaService(pool);
  await prisma.onModuleInit();
  const admin = await connectTo(url);
  const property = fc.asyncProperty(schedules, async (steps) => {
    const world = await World.open({ url, prisma, sql: new Sql(pool), admin }, openHub);
    try {
      await world.run(steps);
    } catch (error) {
      say(`checker: lane ${seed} fails with ${steps.length} steps: ${String(error).slice(0, 3_000)}\n${told(steps)}`);
      throw error;
    } finally {
      await world.close();
    }
    onDone();
  });
  const result = await fc.check(property, { seed, numRuns, path, examples: examples.map((steps) => [[...steps]]), endOnFailure: path !== undefined || !shrinks, interruptAfterTimeLimit: 3_600_000 });
  await admin.end();
  await prisma.$disconnect();
  await pool.close();
  await drop();
  if (!result.failed) return null;
  return `seed ${seed} path ${result.counterexamplePath ?? ''} after ${result.numRuns} runs, ${result.numShrinks} times made smaller:\n${told(result.counterexample?.[0] ?? [])}\n${String(result.errorInstance)}`;
}

/** Plays the schedules, and tells of it on the way. @returns the words of every failure; empty: all survived */
export async function failuresOf(check: Check): Promise<string> {
  Logger.overrideLogger(false); // leases that are lost are part of the game
  const startedAt = performance.now();
  const seconds = (): number => Math.round((performance.now() - startedAt) / 1000);
  const lanes = check.path === undefined ? Math.min(check.count, check.lanes) : 1;
  say(`checker: seed ${check.seed}, ${check.count} schedules in ${lanes} lanes`);
  let done = 0;
  const onDone = (): void => {
    done += 1;
    if (done % 25 === 0) say(`checker: ${done} schedules, ${seconds()} s`);
  };
  const share = Array.from({ length: lanes }, (_, i) => Math.floor((check.count + i) / lanes));
  const failures = (await Promise.all(share.map((runs, i) => lane(check, check.seed + i, runs, onDone)))).filter((failure) => failure !== null);
  say(`checker: ${done} schedules survived in ${seconds()} s`);
  return failures.join('\n\n');
}
