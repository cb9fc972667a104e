import { accounts } from '../common/rhacm-names.js';
import { resources } from '../kube/resources.js';
import type { Benchmark, BenchOptions, Figure } from './bench.types.js';
import { bareCluster, clusterNames, reportedToken, tokenSecretOf, upkeepOf } from './bench-fleet.js';
import { allRead, memory, register, Since, sleep, until } from './bench-help.js';
import { startHub, type BenchHub } from './bench-hub.js';
import { MeasuredService } from './measured-service.js';

/** Agents that answer, each second. */
const RATE = 50;

/** The agents of all clusters answer, one after another at a steady rate: the Secret first, then the account's status. */
async function answers(hub: BenchHub, clusters: readonly string[], perSecond: number): Promise<void> {
  const startedAt = performance.now();
  const answering = clusters.map(async (cluster, index) => {
    await sleep(Math.max(0, startedAt + (index * 1000) / perSecond - performance.now()));
    await hub.client.create(resources.secret, tokenSecretOf(cluster, new Date()), { fieldManager: 'managed-serviceaccount-agent' });
    const ref = { name: accounts.autoImport, namespace: cluster };
    await hub.client.patch(resources.managedServiceAccount, ref, { status: reportedToken(new Date()) }, { patchType: 'merge', subresource: 'status', fieldManager: 'managed-serviceaccount-agent' });
  });
  await Promise.all(answering);
}

/** Milliseconds from each Secret's creation to its label, by the hub's record of both. */
async function latencies(hub: BenchHub, since: Since): Promise<number[]> {
  const own = (await hub.calls('bench')).writes;
  const createdAtMs = new Map(own.filter(({ verb, resource, name, succeeded }) => succeeded && verb === 'create' && resource === 'secrets' && name === accounts.autoImport).map((write) => [write.namespace, write.atMs]));
  const labelledAtMs = new Map<string, number>();
  for (const { resource, verb, namespace, atMs, succeeded } of (await since.calls()).writes) {
    if (succeeded && verb === 'patch' && resource === 'secrets') labelledAtMs.set(namespace, Math.min(atMs, labelledAtMs.get(namespace) ?? Infinity));
  }
  return [...labelledAtMs].map(([namespace, atMs]) => atMs - (createdAtMs.get(namespace) ?? NaN)).sort((a, b) => a - b);
}

const quantile = (sorted: readonly number[], share: number): number => sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? NaN;

async function run(options: BenchOptions): Promise<readonly Figure[]> {
  const clusters = clusterNames(options.clusters);
  const hub = await startHub('simulated', 'hub-bench');
  const service = await MeasuredService.start({ profileDir: options.profileDir });
  try {
    await hub.seed(clusters.flatMap((cluster) => [...bareCluster(cluster, new Date()), ...upkeepOf(cluster, new Date())]));
    const id = await register(service, 'hub-bench', hub);
    await service.api.patch(`/hubs/${id}`, { policy: 'PROTECT' });
    await allRead(service, id, clusters.length);
    await service.idle();
    await service.mark();
    const since = await Since.now(hub);
    options.say(`agents answer, ${RATE} a second`);
    await answers(hub, clusters, RATE);
    await until('every Secret to be labelled', async () => (await latencies(hub, since)).length >= clusters.length, 1_000);
    await service.idle();
    const told = await latencies(hub, since);
    const { writes, reads } = await since.calls();
    return [
      { name: 'Secret created → labelled, p50', value: quantile(told, 0.5), unit: 'ms' },
      { name: 'Secret created → labelled, p99', value: quantile(told, 0.99), unit: 'ms' },
      { name: 'Secret created → labelled, max', value: told.at(-1) ?? NaN, unit: 'ms' },
      { name: 'writes for each Secret', value: writes.length / clusters.length, unit: '' },
      { name: 'reads for each Secret', value: reads / clusters.length, unit: '' },
      ...(await memory(service)),
    ];
  } finally {
    await service.stop();
    await hub.stop();
  }
}

export const labelBench: Benchmark = { name: 'label', kube: false, title: `Token Secrets are labelled as they appear, ${RATE} a second`, run };
