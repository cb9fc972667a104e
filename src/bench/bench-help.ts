import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { USER_AGENT } from '../kube/hub-client.js';
import type { Figure } from './bench.types.js';
import { lastOf, PLACES, type BareWork } from './bare-writes.js';
import type { BareAnswer, BareOrder } from './bare-client.process.js';
import type { BenchHub, RecordedCalls, RecordedWrite } from './bench-hub.js';
import { answerOf, type MeasuredService } from './measured-service.js';

const LOOK_EVERY_MS = 100;
const PATIENCE_MS = 300_000;

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** @throws Error that names what did not come true */
export async function until(what: string, holds: () => Promise<boolean>, everyMs = LOOK_EVERY_MS): Promise<void> {
  const endAt = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > endAt) throw new Error(`Waited ${PATIENCE_MS / 1000} s in vain for ${what}`);
    await sleep(everyMs);
  }
}

interface HubAnswer {
  readonly id: string;
}

/** Registers the hub with the service. @returns its id */
export async function register(service: MeasuredService, name: string, hub: BenchHub): Promise<string> {
  const { server, caPem, auth } = hub.connection;
  if (auth.type !== 'token') throw new Error('A hub of a benchmark is called with a token');
  return (await service.api.post<HubAnswer>('/hubs', { name, server, caPem, token: auth.token.reveal() })).id;
}

/** How many rows a list has, as the API tells. */
export async function countOf(service: MeasuredService, path: string): Promise<number> {
  const { page } = await service.api.get<{ page: { totalCount?: number } }>(`${path}${path.includes('?') ? '&' : '?'}limit=1&count=true`);
  return page.totalCount ?? 0;
}

/** Waits until the service knows so many tokens of the hub: then every kind has been read and every cluster been looked at. */
export async function allRead(service: MeasuredService, hubId: string, tokens: number): Promise<void> {
  await until('the service to read the hub', async () => (await countOf(service, `/tokens?hubId=${hubId}`)) >= tokens);
}

/** Runs the bare client in a process of its own. @returns milliseconds from its first request to its last answer */
export async function bareRun(hub: BenchHub, work: BareWork, clusters: readonly string[]): Promise<number> {
  const { server, caPem = '', auth } = hub.connection;
  const child = fork(fileURLToPath(new URL('./bare-client.process.js', import.meta.url)), [], { execArgv: ['--enable-source-maps'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  await answerOf(child);
  const answer = answerOf<BareAnswer>(child);
  child.send({ server, caPem, token: auth.type === 'token' ? auth.token.reveal() : '', work, clusters } satisfies BareOrder);
  return (await answer).ms;
}

/** The service's writes from now on, by the hub's record. */
export class Since {
  private constructor(private readonly hub: BenchHub, private readonly before: RecordedCalls) {}

  static async now(hub: BenchHub): Promise<Since> {
    return new Since(hub, await hub.calls(USER_AGENT));
  }

  async calls(): Promise<RecordedCalls> {
    const { writes, reads } = await this.hub.calls(USER_AGENT);
    return { writes: writes.slice(this.before.writes.length), reads: reads - this.before.reads };
  }
}

/** The writes that ended a cluster's work, once there are so many. */
export async function finished(since: Since, work: BareWork, clusters: number): Promise<readonly RecordedWrite[]> {
  const { resource, name } = lastOf[work];
  let last: readonly RecordedWrite[] = [];
  await until(`${clusters} clusters to be done`, async () => {
    const { writes } = await since.calls();
    last = writes.filter((write) => write.succeeded && write.resource === resource && write.name === name);
    return new Set(last.map(({ namespace }) => namespace)).size >= clusters;
  });
  return last;
}

export const lastAtMs = (writes: readonly RecordedWrite[]): number => writes.reduce((last, { atMs }) => Math.max(last, atMs), 0);
export const firstAtMs = (writes: readonly RecordedWrite[]): number => writes.reduce((first, { atMs }) => Math.min(first, atMs), Infinity);

const MEBIBYTE = 1024 * 1024;

export async function memory(service: MeasuredService): Promise<readonly Figure[]> {
  const { highestRssBytes, cpuMs } = await service.figures();
  return [
    { name: 'service: peak memory', value: highestRssBytes / MEBIBYTE, unit: 'MiB' },
    { name: 'service: CPU time', value: cpuMs / 1000, unit: 's' },
  ];
}

/** Against what a bare client needs for the same writes: before and after, as machines do not stay the same. */
export function comparison(clusters: number, serviceMs: number, bareMs: readonly number[]): readonly Figure[] {
  const bare = bareMs.reduce((sum, ms) => sum + ms, 0) / bareMs.length;
  return [
    { name: 'service', value: serviceMs / 1000, unit: 's' },
    { name: 'service', value: (clusters * 1000) / serviceMs, unit: 'clusters/s' },
    ...bareMs.map((ms, index) => ({ name: `bare client, ${PLACES} at once, run ${index + 1}`, value: ms / 1000, unit: 's' })),
    { name: 'service / bare client, time', value: serviceMs / bare, unit: '×' },
    { name: 'of the bare client\u2019s rate', value: (bare / serviceMs) * 100, unit: '%' },
  ];
}
