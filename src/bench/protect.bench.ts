import type { Benchmark, BenchOptions, Figure } from './bench.types.js';
import { bareCluster, clusterNames } from './bench-fleet.js';
import { allRead, bareRun, comparison, finished, lastAtMs, memory, register, Since } from './bench-help.js';
import { startHub, type BenchHub } from './bench-hub.js';
import { MeasuredService } from './measured-service.js';

type HubKind = 'simulated' | 'real';

async function bareHub(kind: HubKind, clusters: readonly string[]): Promise<BenchHub> {
  const hub = await startHub(kind, 'hub-bench');
  await hub.seed(clusters.flatMap((cluster) => bareCluster(cluster, new Date())));
  return hub;
}

async function bare(kind: HubKind, clusters: readonly string[]): Promise<number> {
  const hub = await bareHub(kind, clusters);
  try {
    return await bareRun(hub, 'protect', clusters);
  } finally {
    await hub.stop();
  }
}

/** From the request that turns protection on to the last write, by the hub's record; then a pass that finds nothing to do. */
async function protect(kind: HubKind, clusters: readonly string[], options: BenchOptions): Promise<{ ms: number; figures: readonly Figure[] }> {
  const hub = await bareHub(kind, clusters);
  const service = await MeasuredService.start({ profileDir: options.profileDir });
  try {
    const id = await register(service, 'hub-bench', hub);
    await allRead(service, id, clusters.length);
    await service.idle();
    await service.mark();
    const since = await Since.now(hub);
    const startedAtMs = Date.now();
    await service.api.patch(`/hubs/${id}`, { policy: 'PROTECT' });
    const ms = lastAtMs(await finished(since, 'protect', clusters.length)) - startedAtMs;
    await service.idle();
    const { writes, reads } = await since.calls();
    const used = await memory(service);
    const idle = await nothingToDo(service, hub, id);
    return {
      ms,
      figures: [
        { name: 'writes for each bare cluster', value: writes.length / clusters.length, unit: '' },
        { name: 'reads for each bare cluster', value: reads / clusters.length, unit: '' },
        ...idle, ...used,
      ],
    };
  } finally {
    await service.stop();
    await hub.stop();
  }
}

/** A change of the hub makes the service look at every cluster once more. */
async function nothingToDo(service: MeasuredService, hub: BenchHub, id: string): Promise<readonly Figure[]> {
  await service.mark();
  const since = await Since.now(hub);
  await service.api.patch(`/hubs/${id}`, { name: 'hub-bench-2' });
  await service.idle();
  const { writes, reads } = await since.calls();
  const { cpuMs } = await service.figures();
  return [
    { name: 'requests when nothing is to do, all clusters together', value: writes.length + reads, unit: '' },
    { name: 'service: CPU time of a pass that finds nothing to do', value: cpuMs / 1000, unit: 's' },
  ];
}

function protectOn(kind: HubKind): Benchmark['run'] {
  return async (options) => {
    const clusters = clusterNames(options.clusters);
    options.say('the bare client');
    const before = await bare(kind, clusters);
    options.say('the service');
    const { ms, figures } = await protect(kind, clusters, options);
    options.say('the bare client once more');
    const after = await bare(kind, clusters);
    return [...comparison(clusters.length, ms, [before, after]), ...figures];
  };
}

export const protectBench: Benchmark = { name: 'protect', kube: false, title: 'Imported clusters without anything are made complete; simulated hub', run: protectOn('simulated') };
export const protectKubeBench: Benchmark = { name: 'protect-kube', kube: true, title: 'Imported clusters without anything are made complete; real kube-apiserver', run: protectOn('real') };
