import { RealKubeApiserver } from '../../src/simulator/real/kube-apiserver.js';
import { failuresOf } from '../checker/check.js';
import { RealCheckedHub } from '../checker/real-checked-hub.js';
import { realExamples, realSchedules } from '../checker/schedule.js';

/** Sized by `npm run checker -- --real --schedules N --seed S`. */
const SCHEDULES = Number(process.env['CHECKER_SCHEDULES'] ?? 8);
const SEED = Number(process.env['CHECKER_SEED'] ?? 4000);

let server: RealKubeApiserver;

beforeAll(async () => {
  // As many connections are told to go elsewhere as a server can be made to tell
  server = await RealKubeApiserver.start({ flags: ['--goaway-chance=0.02'] });
}, 300_000);

afterAll(async () => {
  await server?.stop();
});

test(`${SCHEDULES} schedules of changes and faults on a real kube-apiserver: the tables are what is on the hub`, async () => {
  const failures = await failuresOf({
    schedules: realSchedules, examples: realExamples, count: SCHEDULES, seed: SEED, lanes: 1, path: process.env['CHECKER_PATH'], shrinks: false,
    openHub: () => RealCheckedHub.open(server),
  });
  expect(failures).toBe('');
}, 7_200_000);
