import type { ClusterReadinessFilter } from '../readiness/readiness.types.js';
import { OutlookService } from '../readiness/outlook.service.js';
import { ReadinessService } from '../readiness/readiness.service.js';
import type { Benchmark, BenchOptions, Figure } from './bench.types.js';
import { sleep } from './bench-help.js';
import { MeasuredService } from './measured-service.js';
import { explainSlowest } from './statements.js';
import { quantile, seedClusters, seedHubs, seedObjects, seedPlan, seedSets, StoredFleet, type StoredHub } from './stored-fleet.js';

const HUBS = 30;
/** Of the hub about which is asked what would be if; the others share the rest. */
const BIG_SHARE = 0.05;
const ASKED = 300;
const CHANGED = 150;
const IMAGINED = 15;
const RATE = 200;
const RATE_SECONDS = 30;

const FILTERS: readonly ClusterReadinessFilter[] = [{ verdict: 'NOT_READY' }, { code: 'CLUSTER_UNREACHABLE' }, { clusterSet: 'set-3' }, { vendor: 'EKS', verdict: 'NOT_READY' }, { label: 'env=prod', verdict: 'READY' }, { name: '99' }];
const byCluster = { by: 'cluster', direction: 'ASC' } as const;

interface Plans {
  readonly hubs: readonly StoredHub[];
  /** The first has the big hub as its source */
  readonly ids: readonly string[];
}

async function seed(fleet: StoredFleet, options: BenchOptions): Promise<Plans> {
  const big = Math.round(options.clusters * BIG_SHARE);
  const rest = Math.floor((options.clusters - big) / (HUBS - 1));
  const sizes = [options.clusters - rest * (HUBS - 1), ...Array.from({ length: HUBS - 1 }, () => rest)];
  let hubs: StoredHub[] = [];
  const ids: string[] = [];
  await fleet.seed(async (sql) => {
    hubs = await seedHubs(sql, sizes, 'OBSERVE');
  });
  for (const [index, hub] of hubs.entries()) {
    const target = hubs[(index + 1) % hubs.length]!;
    await fleet.seed(async (sql) => {
      await seedObjects(sql, hub, ['MANAGED_CLUSTER', 'ACCOUNT']);
      await seedClusters(sql, hub);
      await seedSets(sql, hub, target.id);
      ids.push(await seedPlan(sql, hub, target, index));
    });
  }
  return { hubs, ids };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function each(count: number, work: (index: number) => Promise<unknown>): Promise<number[]> {
  const told: number[] = [];
  for (let index = 0; index < count; index++) told.push(await timed(() => work(index)));
  return told;
}

const latency = (name: string, told: readonly number[]): Figure[] => [
  { name: `${name}, p50`, value: quantile(told, 0.5), unit: 'ms' },
  { name: `${name}, p99`, value: quantile(told, 0.99), unit: 'ms' },
];

const query = (filter: ClusterReadinessFilter): string => new URLSearchParams({ ...filter }).toString();

/** What portals ask, by share: verdicts first of all. */
function questions({ ids, hubs }: Plans): readonly { readonly share: number; readonly path: (index: number) => string }[] {
  const plan = (index: number): string => ids[index % ids.length]!;
  const hub = (index: number): string => hubs[index % hubs.length]!.id;
  return [
    { share: 0.4, path: (index) => `/plans/${plan(index)}/readiness` },
    { share: 0.25, path: (index) => `/plans/${plan(index)}/readiness/clusters?limit=50&${query(FILTERS[index % FILTERS.length]!)}` },
    { share: 0.05, path: (index) => `/plans/${plan(index)}/readiness/groups?by=CLUSTER_SET` },
    { share: 0.1, path: (index) => `/clusters?limit=50&hubId=${hub(index)}` },
    { share: 0.1, path: (index) => `/tokens?limit=50&hubId=${hub(index)}&problemCode=ROLE_BINDING_MISSING` },
    { share: 0.05, path: () => '/plans?limit=50' },
    { share: 0.05, path: () => '/hubs?limit=50' },
  ];
}

/** At a steady rate, whether or not earlier ones have been answered. Latency counts from when each was due; absent: it was refused. */
async function mixed(service: MeasuredService, plans: Plans): Promise<(number | undefined)[]> {
  const all = questions(plans);
  const wheel = all.flatMap(({ share, path }) => Array.from({ length: Math.round(share * 20) }, () => path));
  const startedAt = performance.now();
  const asked = Array.from({ length: RATE * RATE_SECONDS }, async (_, index) => {
    const dueAt = startedAt + (index * 1_000) / RATE;
    await sleep(Math.max(0, dueAt - performance.now()));
    const isAnswered = await service.api.get(wheel[(index * 7) % wheel.length]!(index)).then(() => true, () => false);
    return isAnswered ? performance.now() - dueAt : undefined;
  });
  return Promise.all(asked);
}

async function throughHttp(fleet: StoredFleet, plans: Plans, options: BenchOptions): Promise<Figure[]> {
  const service = await MeasuredService.start({ profileDir: options.profileDir, settings: { DATABASE_URL: fleet.url, LIFEBOAT_ROLES: 'api' } });
  try {
    const get = (path: string): Promise<unknown> => service.api.get(path);
    const plan = (index: number): string => plans.ids[index % plans.ids.length]!;
    await each(60, (index) => get(`/plans/${plan(index)}/readiness`)); // the first ones find nothing compiled
    options.say('questions one after another');
    const summary = await each(ASKED, (index) => get(`/plans/${plan(index)}/readiness`));
    const page = await each(ASKED, (index) => get(`/plans/${plan(index)}/readiness/clusters?limit=50&${query(FILTERS[index % FILTERS.length]!)}`));
    const whatIf = await each(IMAGINED, (index) => get(`/plans/${plans.ids[0]!}/what-if?sourceDiesAt=${new Date(Date.now() + (index + 2) * 3_600_000).toISOString()}`));
    options.say(`${RATE} questions a second`);
    await service.mark();
    const startedAt = performance.now();
    const asked = await mixed(service, plans);
    const elapsedMs = performance.now() - startedAt;
    const together = asked.filter((ms) => ms !== undefined);
    const { cpuMs } = await service.figures();
    return [
      ...latency('readiness of a plan, through HTTP', summary), ...latency('first page of its clusters by a filter, through HTTP', page),
      ...latency(`what-if over ${plans.hubs[0]!.clusters} clusters, through HTTP`, whatIf), ...latency(`${RATE} questions a second, mixed`, together),
      { name: 'of these refused', value: asked.length - together.length, unit: '' },
      { name: 'service: CPU time for each', value: cpuMs / asked.length, unit: 'ms' },
      { name: 'service: CPU of one core meanwhile', value: (cpuMs / elapsedMs) * 100, unit: '%' },
    ];
  } finally {
    await service.stop();
  }
}

async function run(options: BenchOptions): Promise<readonly Figure[]> {
  const fleet = await StoredFleet.start();
  try {
    options.say(`${options.clusters} clusters on ${HUBS} hubs are written down`);
    const plans = await seed(fleet, options);
    const readiness = fleet.part(ReadinessService);
    const outlook = fleet.part(OutlookService);
    const plan = (index: number): string => plans.ids[index % plans.ids.length]!;
    const explained = async (of: string, work: () => Promise<unknown>): Promise<void> => {
      const slowest = await explainSlowest(fleet.sql, of, await fleet.statements.during(work));
      if (slowest !== null) options.explain(slowest);
    };
    options.say('all verdicts are worked out');
    let [first, again] = [0, 0];
    await fleet.statements.during(async () => {
      first = await timed(() => each(plans.ids.length, (index) => readiness.compute(plan(index), { whole: true })));
    });
    await fleet.sql.execute('ANALYZE cluster_readiness');
    await explained('all verdicts anew', async () => {
      again = await timed(() => each(plans.ids.length, (index) => readiness.compute(plan(index), { whole: true })));
    });
    options.say('tokens change, one after another');
    const change = (index: number): Promise<number> => fleet.sql.execute(
      `UPDATE auto_import_token SET secret_present = NOT secret_present WHERE id = (SELECT id FROM auto_import_token WHERE hub_id = $1 ORDER BY id OFFSET $2 LIMIT 1)`, [plans.hubs[index % plans.hubs.length]!.id, index]);
    const one: number[] = [];
    await explained('one token changed', async () => {
      for (let index = 0; index < CHANGED; index++) {
        await change(index);
        one.push(await timed(() => readiness.compute(plan(index))));
      }
    });
    const none = await each(CHANGED, (index) => readiness.compute(plan(index)));
    const counts = await readiness.compute(plan(0));
    await explained('readiness of a plan', () => each(plans.ids.length, (index) => readiness.forPlan(plan(index))));
    await explained('first page of clusters by a filter', () => each(FILTERS.length, (index) => readiness.clustersOfPlan(plan(index), FILTERS[index]!, byCluster, { limit: 50 })));
    await explained('what-if', () => outlook.whatIf(plan(0), { sourceDiesAt: new Date(Date.now() + 7_200_000) }));
    return [
      { name: 'clusters', value: options.clusters, unit: '' },
      { name: 'of the big hub: READY', value: counts.counts.READY, unit: '' },
      { name: 'all verdicts for the first time', value: first / 1_000, unit: 's' },
      { name: 'all verdicts anew', value: again / 1_000, unit: 's' },
      ...latency('a plan anew after one token changed', one), ...latency('a plan anew after nothing changed', none),
      ...(await throughHttp(fleet, plans, options)),
    ];
  } finally {
    await fleet.stop();
  }
}

export const readinessBench: Benchmark = { name: 'readiness', kube: false, clusters: 100_000, title: `Verdicts on the clusters of ${HUBS} hubs`, run };
