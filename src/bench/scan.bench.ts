import { TokenReconciler } from '../tokens/token.reconciler.js';
import { TokenWorkRepository } from '../tokens/token-work.repository.js';
import { inParallel } from '../common/in-parallel.js';
import type { Benchmark, BenchOptions, Figure } from './bench.types.js';
import { explainSlowest } from './statements.js';
import { seedHubs, seedObjects, StoredFleet, type StoredHub } from './stored-fleet.js';

const HUBS = 20;
/** As many as the service works on at once. */
const HUBS_AT_ONCE = 8;

async function run(options: BenchOptions): Promise<readonly Figure[]> {
  const fleet = await StoredFleet.start();
  try {
    const sizes = Array.from({ length: HUBS }, () => Math.round(options.clusters / HUBS));
    options.say(`${options.clusters} clusters on ${HUBS} hubs are written down`);
    let hubs: StoredHub[] = [];
    await fleet.seed(async (sql) => {
      hubs = await seedHubs(sql, sizes, 'PROTECT');
      for (const hub of hubs) await seedObjects(sql, hub, ['MANAGED_CLUSTER', 'ADDON', 'ACCOUNT', 'WORK', 'TOKEN_SECRET']);
    });
    const work = fleet.part(TokenWorkRepository);
    const reconciler = fleet.part(TokenReconciler);
    const scan = async (): Promise<number> => {
      const startedAt = performance.now();
      await inParallel(hubs, HUBS_AT_ONCE, async ({ id }) => {
        await work.wakeAll(id, new Date());
        await reconciler.reconcileHub(id, new AbortController().signal);
      });
      return performance.now() - startedAt;
    };
    options.say('all are looked at for the first time');
    const first = await scan();
    await fleet.sql.execute('ANALYZE');
    const [before] = await fleet.sql.query<{ problems: number; tokens: number }>(`SELECT count(problem_code)::int AS problems, count(*)::int AS tokens FROM auto_import_token`);
    options.say('and once more');
    const cpu = process.cpuUsage();
    let again = 0;
    const statements = await fleet.statements.during(async () => {
      again = await scan();
    });
    const { user, system } = process.cpuUsage(cpu);
    const [left] = await fleet.sql.query<{ due: number }>(`SELECT count(*)::int AS due FROM token_work WHERE due_at <= $1`, [new Date()]);
    const startedAt = performance.now();
    const sweep = await fleet.statements.during(() => work.wakeMissed(new Date()));
    const sweepMs = performance.now() - startedAt;
    for (const slowest of [await explainSlowest(fleet.sql, 'a scan that finds nothing to do', statements), await explainSlowest(fleet.sql, 'the sweep for what was missed', sweep)]) if (slowest !== null) options.explain(slowest);
    return [
      { name: 'clusters', value: hubs.reduce((sum, { clusters }) => sum + clusters, 0), unit: '' },
      { name: 'tokens found', value: before?.tokens ?? 0, unit: '' },
      { name: 'of these with a problem', value: before?.problems ?? 0, unit: '' },
      { name: 'first scan: every token is written down', value: first / 1_000, unit: 's' },
      { name: 'scan that finds nothing to do', value: again / 1_000, unit: 's' },
      { name: 'its CPU time in this process', value: (user + system) / 1_000_000, unit: 's' },
      { name: 'its statements', value: statements.length, unit: '' },
      { name: 'left due', value: left?.due ?? 0, unit: '' },
      { name: 'sweep for what was missed', value: sweepMs / 1_000, unit: 's' },
    ];
  } finally {
    await fleet.stop();
  }
}

export const scanBench: Benchmark = { name: 'scan', kube: false, clusters: 70_000, title: `A scan of the tokens of ${HUBS} hubs`, run };
