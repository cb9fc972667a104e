import { failuresOf } from './check.js';
import { simulatedSchedules } from './schedule.js';
import { SimulatedCheckedHub } from './simulated-checked-hub.js';

/** Sized by `npm run checker -- --schedules N --seed S`. */
const SCHEDULES = Number(process.env['CHECKER_SCHEDULES'] ?? 24);
/** The suite plays the same schedules each time; the command plays others. */
const SEED = Number(process.env['CHECKER_SEED'] ?? 4000);

test(`${SCHEDULES} schedules of changes and faults: the tables are what is on the hub`, async () => {
  const failures = await failuresOf({
    schedules: simulatedSchedules, count: SCHEDULES, seed: SEED, lanes: Number(process.env['CHECKER_LANES'] ?? 2), path: process.env['CHECKER_PATH'],
    openHub: (clock) => SimulatedCheckedHub.open(clock),
  });
  expect(failures).toBe('');
}, 7_200_000);
