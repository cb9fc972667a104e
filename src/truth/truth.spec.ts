import { Logger } from '@nestjs/common';
import { cloneTestDatabase, type TestDatabase } from '../../test/support/database.js';
import { COUNTEREXAMPLES } from './counterexamples.js';
import { missesOf, missInWords } from './tally.js';
import { playWorld, type TruthRun } from './truth-run.js';
import { TruthService } from './truth-service.js';
import { plannedCluster, randomWorld, worldPlan } from './world-plan.js';

const WORLDS = Number(process.env['LIFEBOAT_TRUTH_WORLDS'] ?? 4);
const SEED = Number(process.env['LIFEBOAT_TRUTH_SEED'] ?? 7);

let database: TestDatabase;
let service: TruthService;
beforeAll(async () => {
  database = await cloneTestDatabase();
  service = await TruthService.start(database.url);
});
afterAll(async () => {
  await service.close();
  await database.drop();
  Logger.overrideLogger(false);
});

const inShort = (run: TruthRun): Record<string, string> =>
  Object.fromEntries(run.cases.map((one) => [one.cluster, `${[one.verdict, one.code].filter((part) => part !== null).join(' ')} → ${one.outcome ?? run.problem}`]));

test(`what is foretold of ${WORLDS} random worlds comes true (seed ${SEED})`, async () => {
  const broken: string[] = [];
  for (let number = 1; number <= WORLDS; number++) {
    const misses = missesOf(await playWorld(service, randomWorld(SEED, number)));
    // Rates say nothing of so few worlds: what may happen now and then is no failure here.
    broken.push(...misses.filter(({ fault }) => fault !== 'FALSE_NOT_READY' && fault !== 'WRONG_REASON').map(missInWords));
  }
  expect(broken).toEqual([]);
}, 360_000);

test('a world in which each cluster has its own trouble ends as foretold, cluster by cluster', async () => {
  const run = await playWorld(service, worldPlan('one of each', [
    plannedCluster('good'), plannedCluster('asleep', { asleep: true }), plannedCluster('no-url', { kind: 'eks', capHours: 24 }), plannedCluster('short', { capHours: 1 }),
    plannedCluster('closed', { closedToTarget: true }), plannedCluster('unprobed', { probe: 'NEVER' }), plannedCluster('excluded', { excluded: true }), plannedCluster('hive', { kind: 'hive' }),
  ], { reachability: 'PROBED', hoursUntilFailover: 3 }));
  expect(missesOf(run)).toEqual([]);
  expect(inShort(run)).toEqual({
    good: 'READY → RECONNECTED', asleep: 'NOT_READY TOKEN_MISSING → NO_TOKEN_RESTORED', 'no-url': 'NOT_READY API_URL_MISSING → API_URL_MISSING', short: 'NOT_READY TOKEN_EXPIRED → TOKEN_EXPIRED',
    closed: 'NOT_READY TARGET_PATH_REFUSED → CLUSTER_UNREACHABLE', unprobed: 'UNKNOWN TARGET_PATH_UNPROVEN → RECONNECTED', excluded: 'NOT_READY CLUSTER_NOT_IN_BACKUP → CLUSTER_NOT_RESTORED',
    hive: 'NOT_NEEDED → NOT_NEEDED',
  });
}, 360_000);

test.each(COUNTEREXAMPLES)('once foretold wrongly: $because', async ({ plan, ends }) => {
  const run = await playWorld(service, plan);
  expect(missesOf(run)).toEqual([]);
  expect(inShort(run)).toEqual(ends);
}, 360_000);

test('a promise that is broken is seen: the tally is no rubber stamp', async () => {
  const run = await playWorld(service, worldPlan('a lie', [plannedCluster('closed', { closedToTarget: true, probe: 'NEVER' })]));
  expect(missesOf(run).map(({ fault, cluster }) => [fault, cluster])).toEqual([['FALSE_READY', 'closed']]);
}, 360_000);
