import { conditions } from '../common/rhacm-names.js';
import { rfc3339 } from '../common/untrusted.js';
import type { KubeObject } from '../kube/kube.types.js';
import type { Benchmark, BenchOptions, Figure } from './bench.types.js';
import { bareCluster, clusterNames, completeCluster } from './bench-fleet.js';
import { allRead, register, Since, sleep, until } from './bench-help.js';
import { startHub, type BenchHub } from './bench-hub.js';
import { MeasuredService } from './measured-service.js';

const HUBS = 10;
/** Over all hubs, each second. */
const RATE = 50;
/** Of so many changes one is a token that its agent has renewed: Secret and account change, and the service writes once. The others are of clusters. */
const RENEWAL_EVERY = 5;
const TICK_MS = 100;
const LOOK_EVERY_MS = 5_000;
const MEBIBYTE = 1024 * 1024;

/** The cluster comes and goes, as conditions tell. */
function moved(cluster: string, isAvailable: boolean, now: Date): KubeObject[] {
  return bareCluster(cluster, now).filter(({ kind }) => kind === 'ManagedCluster').map((object) => ({
    ...object,
    status: {
      conditions: [conditions.hubAccepted, conditions.joined, conditions.available].map((type) => ({
        type, status: type !== conditions.available || isAvailable ? 'True' : 'Unknown', reason: 'Bench', message: '', lastTransitionTime: rfc3339(now),
      })),
    },
  }));
}

/** A new life of the token; the Secret bears the marks of the one before. */
function renewed(cluster: string, before: Date, now: Date): KubeObject[] {
  const secret = completeCluster(cluster, before).filter(({ kind }) => kind === 'Secret');
  const account = completeCluster(cluster, now).filter(({ kind }) => kind === 'ManagedServiceAccount');
  return [...secret, ...account];
}

interface Fleet {
  readonly hub: BenchHub;
  readonly id: string;
}

/** Changes at a steady rate until the time is over. @returns how many there were, and how many of them were renewals */
async function change(fleets: readonly Fleet[], clusters: readonly string[], startedAt: Date, minutes: number): Promise<{ changes: number; renewals: number }> {
  const beganAt = performance.now();
  const endAt = beganAt + minutes * 60_000;
  let changes = 0;
  let renewals = 0;
  while (performance.now() < endAt) {
    const due = Math.floor(((performance.now() - beganAt) * RATE) / 1000);
    for (; changes < due; changes++) {
      const { hub } = fleets[changes % fleets.length]!;
      const round = Math.floor(changes / fleets.length);
      const cluster = clusters[round % clusters.length]!;
      const isRenewal = round % RENEWAL_EVERY === 0;
      if (isRenewal) renewals++;
      await hub.seed(isRenewal ? renewed(cluster, startedAt, new Date()) : moved(cluster, Math.floor(round / clusters.length) % 2 === 1, new Date()));
    }
    await sleep(TICK_MS);
  }
  return { changes, renewals };
}

/** Memory while it runs, in MiB. */
async function memories(service: MeasuredService, isOver: () => boolean): Promise<number[]> {
  const told: number[] = [];
  while (!isOver()) {
    told.push((await service.figures()).rssBytes / MEBIBYTE);
    await sleep(LOOK_EVERY_MS);
  }
  return told;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

async function run(options: BenchOptions): Promise<readonly Figure[]> {
  const clusters = clusterNames(options.clusters);
  const startedAt = new Date(Date.now() - 3_600_000);
  const service = await MeasuredService.start({ profileDir: options.profileDir });
  const fleets: Fleet[] = [];
  try {
    for (let index = 0; index < HUBS; index++) {
      const hub = await startHub('simulated', `hub-${index}`);
      for (const cluster of clusters) await hub.seed(completeCluster(cluster, startedAt));
      const id = await register(service, `hub-${index}`, hub);
      await service.api.patch(`/hubs/${id}`, { policy: 'PROTECT' });
      fleets.push({ hub, id });
      options.say(`hub ${index + 1} of ${HUBS} is registered`);
    }
    for (const { id } of fleets) await allRead(service, id, clusters.length);
    await service.idle();
    const since = await Promise.all(fleets.map(({ hub }) => Since.now(hub)));
    await service.mark();
    const before = await service.figures();
    options.say(`${RATE} changes a second for ${options.minutes} minutes`);
    const beganAt = performance.now();
    let isOver = false;
    const looking = memories(service, () => isOver);
    const { changes, renewals } = await change(fleets, clusters, startedAt, options.minutes).finally(() => (isOver = true));
    const elapsedMs = performance.now() - beganAt;
    const { cpuMs } = await service.figures();
    const told = await looking;
    const writes = async (): Promise<number> => (await Promise.all(since.map((one) => one.calls()))).reduce((sum, calls) => sum + calls.writes.length, 0);
    await until('the last renewed token to be marked', async () => (await writes()) >= renewals);
    await service.idle();
    await service.mark();
    const after = await service.figures();
    const third = Math.max(1, Math.floor(told.length / 3));
    const reads = (await Promise.all(since.map((one) => one.calls()))).reduce((sum, calls) => sum + calls.reads, 0);
    return [
      { name: 'changes', value: (changes * 1000) / elapsedMs, unit: '/s' },
      { name: 'renewed tokens', value: renewals, unit: '' },
      { name: 'writes for each renewed token', value: (await writes()) / renewals, unit: '' },
      { name: 'reads of all hubs', value: reads, unit: '' },
      { name: 'service: CPU of one core', value: (cpuMs / elapsedMs) * 100, unit: '%' },
      { name: 'service: memory, first third of the time', value: mean(told.slice(0, third)), unit: 'MiB' },
      { name: 'service: memory, last third', value: mean(told.slice(-third)), unit: 'MiB' },
      { name: 'service: heap in use after collection, before', value: before.heapUsedBytes / MEBIBYTE, unit: 'MiB' },
      { name: 'service: heap in use after collection, after', value: after.heapUsedBytes / MEBIBYTE, unit: 'MiB' },
    ];
  } finally {
    await service.stop();
    for (const { hub } of fleets) await hub.stop();
  }
}

export const steadyBench: Benchmark = { name: 'steady', kube: false, title: `${HUBS} hubs change steadily, ${RATE} changes a second in all`, run };
