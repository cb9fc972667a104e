import type { Benchmark, BenchOptions, Figure } from './bench.types.js';
import { clusterNames, completeCluster, otherSecrets } from './bench-fleet.js';
import { allRead, countOf, register, until } from './bench-help.js';
import { startHub } from './bench-hub.js';
import { MeasuredService } from './measured-service.js';

const CLUSTERS = 3_500;
const OTHER_SECRETS = 20;
const MEBIBYTE = 1024 * 1024;

/** From the request that registers the hub until every cluster and token of it is in the inventory. */
async function sync(options: BenchOptions, others: number): Promise<readonly Figure[]> {
  const clusters = clusterNames(CLUSTERS);
  const hub = await startHub('simulated', 'hub-bench');
  const service = await MeasuredService.start({ profileDir: options.profileDir });
  try {
    for (const cluster of clusters) await hub.seed([...completeCluster(cluster, new Date()), ...otherSecrets(cluster, others)]);
    await service.idle();
    await service.mark();
    const before = await service.figures();
    options.say(`the service reads ${CLUSTERS} clusters with ${others} other Secrets each`);
    const startedAt = performance.now();
    const id = await register(service, 'hub-bench', hub);
    await allRead(service, id, CLUSTERS);
    await until('every cluster', async () => (await countOf(service, `/clusters?hubId=${id}`)) > CLUSTERS);
    const seconds = (performance.now() - startedAt) / 1000;
    await service.idle();
    const after = await service.figures();
    const what = `${others} other Secrets in each namespace`;
    return [
      { name: `${what}: first sync`, value: seconds, unit: 's' },
      { name: `${what}: peak memory`, value: after.peakRssBytes / MEBIBYTE, unit: 'MiB' },
      { name: `${what}: growth to the peak`, value: (after.peakRssBytes - before.rssBytes) / MEBIBYTE, unit: 'MiB' },
      { name: `${what}: CPU time of the service`, value: after.cpuMs / 1000, unit: 's' },
    ];
  } finally {
    await service.stop();
    await hub.stop();
  }
}

async function run(options: BenchOptions): Promise<readonly Figure[]> {
  return [...(await sync(options, 0)), ...(await sync(options, OTHER_SECRETS))];
}

export const firstSyncBench: Benchmark = { name: 'first-sync', kube: false, title: `A hub with ${CLUSTERS.toLocaleString('en')} clusters is read for the first time`, run };
