import { jest } from '@jest/globals';
import { SystemClock } from '../../src/common/clock.js';
import { ApiClient } from '../../src/demo/api-client.js';
import { Jobs } from '../../src/jobs/jobs.js';
import { SimulatedHub } from '../../src/simulator/simulated-hub.js';
import { startTestService, type TestService } from '../support/service.js';

/** All that the application has registered; the test calls them. */
const sweeps = new Map<string, Parameters<Jobs['sweepEvery']>[2]>();
const hubs: SimulatedHub[] = [];
let service: TestService;
let api: ApiClient;

beforeAll(async () => {
  jest.spyOn(Jobs.prototype, 'sweepEvery').mockImplementation((name, _intervalMs, run) => void sweeps.set(name, run));
  service = await startTestService({ LIFEBOAT_ROLES: 'api', LIFEBOAT_ALLOW_LOOPBACK_HUBS: 'true' });
  api = new ApiClient(`${service.url}/api/v1`, service.key);
});

afterAll(async () => {
  await service.close();
  await Promise.all(hubs.map((hub) => hub.stop()));
  jest.restoreAllMocks();
});

const runAll = async (): Promise<unknown[]> => {
  const failures: unknown[] = [];
  for (const [name, run] of sweeps) await run(new AbortController().signal).catch((error: unknown) => failures.push([name, error]));
  return failures;
};

test('every sweep does its work, with nothing there and with hubs and a plan whose ways are probed', async () => {
  expect(sweeps.size).toBeGreaterThan(10);
  expect(await runAll()).toEqual([]);
  const ids: string[] = [];
  for (const name of ['east', 'west']) {
    const hub = await SimulatedHub.start({ name, clusterId: `id-of-${name}`, clock: new SystemClock() });
    hubs.push(hub);
    const { id } = await api.post<{ id: string }>('/hubs', { name, kubeconfig: hub.kubeconfig(), reason: 'a test' });
    ids.push(id);
  }
  await service.sql('UPDATE hub SET storage = NULL'); // that they share one is not known otherwise
  await api.post('/plans', { name: 'p', sourceHubId: ids[0], targetHubId: ids[1], reachability: 'PROBED', deepCheck: true, reason: 'a test' });
  expect(await runAll()).toEqual([]);
  expect(await runAll()).toEqual([]);
});
