import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import { Secret } from '../../src/common/secret.js';
import { DatabasePool } from '../../src/database/database-pool.js';
import { PrismaService } from '../../src/database/prisma.service.js';
import { cloneTestDatabase, connectTo } from '../support/database.js';
import { schedules, type Step } from './schedule.js';
import { World } from './world.js';

/** Sized by `npm run checker -- --schedules N --seed S`; as many worlds are checked beside each other as there is little to do in each. */
const SCHEDULES = Number(process.env['CHECKER_SCHEDULES'] ?? 24);
/** The suite plays the same schedules each time; the command plays others. */
const SEED = Number(process.env['CHECKER_SEED'] ?? 4000);
const PATH = process.env['CHECKER_PATH'];
const LANES = PATH === undefined ? Math.min(SCHEDULES, Number(process.env['CHECKER_LANES'] ?? 2)) : 1;

const told = (steps: readonly Step[]): string => steps.map((step) => `  ${JSON.stringify(step)}`).join('\n');
const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Checks one share of the schedules on a database of its own. @returns the words of its failure */
async function lane(seed: number, numRuns: number, onDone: () => void): Promise<string | null> {
  const { url, drop } = await cloneTestDatabase();
  const pool = new DatabasePool({ url: new Secret(url) });
  const prisma = new PrismaService(pool);
  await prisma.onModuleInit();
  const admin = await connectTo(url);
  const property = fc.asyncProperty(schedules, async (steps) => {
    const world = await World.open({ url, prisma, admin });
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
  const result = await fc.check(property, { seed, numRuns, path: PATH, endOnFailure: PATH !== undefined, interruptAfterTimeLimit: 3_600_000 });
  await admin.end();
  await prisma.$disconnect();
  await pool.close();
  await drop();
  if (!result.failed) return null;
  return `seed ${seed} path ${result.counterexamplePath ?? ''} after ${result.numRuns} runs, ${result.numShrinks} times made smaller:\n${told(result.counterexample?.[0] ?? [])}\n${String(result.errorInstance)}`;
}

test(`${SCHEDULES} schedules of changes and faults: the tables are what is on the hub`, async () => {
  Logger.overrideLogger(false); // leases that are lost are part of the game
  const startedAt = performance.now();
  say(`checker: seed ${SEED}, ${SCHEDULES} schedules in ${LANES} lanes`);
  let done = 0;
  const onDone = (): void => {
    done += 1;
    if (done % 25 === 0) say(`checker: ${done} schedules, ${Math.round((performance.now() - startedAt) / 1000)} s`);
  };
  const share = Array.from({ length: LANES }, (_, i) => Math.floor((SCHEDULES + i) / LANES));
  const failures = (await Promise.all(share.map((runs, i) => lane(SEED + i, runs, onDone)))).filter((failure) => failure !== null);
  say(`checker: ${done} schedules survived in ${Math.round((performance.now() - startedAt) / 1000)} s`);
  expect(failures.join('\n\n')).toBe('');
}, 7_200_000);
