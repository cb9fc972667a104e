import { jest } from '@jest/globals';
import { FleetChanges } from '../fleet/fleet-changes.service.js';
import type { Jobs } from '../jobs/jobs.js';
import { ComputeReadinessProcessor } from './compute-readiness.processor.js';
import type { ReadinessService } from './readiness.service.js';

describe('changes of a hub wake its plans', () => {
  let added: string[];
  let changes: FleetChanges;
  let processor: ComputeReadinessProcessor;

  beforeEach(() => {
    jest.useFakeTimers();
    added = [];
    changes = new FleetChanges();
    const jobs: Pick<Jobs, 'handle' | 'sweepEvery' | 'enqueueMany'> = {
      handle: () => undefined,
      sweepEvery: () => undefined,
      enqueueMany: (_kind, datas) => {
        added.push(...datas.map((data) => (data as unknown as { planId: string }).planId));
        return Promise.resolve();
      },
    };
    const readiness: Pick<ReadinessService, 'plansOf'> = { plansOf: (hubId) => Promise.resolve([`plan of ${hubId}`]) };
    processor = new ComputeReadinessProcessor(jobs as Jobs, changes, readiness as ReadinessService);
    processor.onModuleInit();
  });

  afterEach(() => {
    processor.onModuleDestroy();
    jest.useRealTimers();
  });

  const tell = (hubId: string) => changes.publish({ hubId, topic: 'TOKENS', clusters: new Set(['c1']) });

  test.each([
    { because: 'one computation serves a burst', at: [0, 10, 999], untilMs: 1_000, plans: ['plan of east'] },
    { because: 'what comes after its start needs another', at: [0, 1_001], untilMs: 2_500, plans: ['plan of east', 'plan of east'] },
    { because: 'a change is never left out, however close to the start', at: [0, 950, 1_000, 1_500], untilMs: 3_000, plans: ['plan of east', 'plan of east'] },
    { because: 'nothing is computed before the burst has settled', at: [0], untilMs: 900, plans: [] },
  ])('$because', async ({ at, untilMs, plans }) => {
    let now = 0;
    for (const ms of at) {
      await jest.advanceTimersByTimeAsync(ms - now);
      now = ms;
      await tell('east');
    }
    await jest.advanceTimersByTimeAsync(untilMs - now);
    expect(added).toEqual(plans);
  });

  test('hubs do not wait for each other', async () => {
    await tell('east');
    await tell('west');
    await jest.advanceTimersByTimeAsync(1_000);
    expect(added).toEqual(['plan of east', 'plan of west']);
  });
});
