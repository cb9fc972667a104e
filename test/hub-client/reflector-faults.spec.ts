import { ManualClock } from '../../src/common/clock.js';
import { SimulatedHub } from '../../src/simulator/simulated-hub.js';
import { HubClient } from '../../src/kube/hub-client.js';
import { Reflector } from '../../src/kube/reflector.js';
import { resources } from '../../src/kube/resources.js';
import { CacheSink, reflectorUnderFaults } from '../conformance/reflector-faults.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { until } from '../support/until.js';

reflectorUnderFaults('the simulator', async () => {
  const hub = await SimulatedHub.start({ name: 'hub-east', clock: new ManualClock(new Date('2026-11-24T12:00:00Z')) });
  const once = { times: 1 };
  return {
    connection: (token) => hub.connection(token),
    weakToken: '',
    forgetHistory: () => Promise.resolve(hub.compact()),
    stop: () => hub.stop(),
    faults: [
      () => void hub.faults.resetWatches(),
      () => void hub.faults.endWatches(),
      () => hub.goAway(),
      () => void hub.faults.failWatches({}, 410),
      () => void hub.faults.injectIntoWatches({}, 'no JSON\n'),
      () => void hub.faults.add({ verb: 'watch' }, { type: 'error', code: 410 }, once),
      () => void hub.faults.add({ verb: 'watch' }, { type: 'error', code: 429, retryAfterSeconds: 1 }, once),
      () => void hub.faults.add({ verb: 'watch' }, { type: 'error', code: 500 }, once),
      () => void hub.faults.add({ verb: 'list', continued: true }, { type: 'error', code: 410 }, once),
      () => void hub.faults.add({ verb: 'list', user: 'admin' }, { type: 'truncate' }, once),
    ],
  };
}, 1000);

test('a watch leaves a connection that the hub wants to end, without a word missed or a failure told', async () => {
  const hub = await SimulatedHub.start({ name: 'hub-east', clock: new ManualClock(new Date('2026-11-24T12:00:00Z')) });
  const proxy = await FaultProxy.start(Number(new URL(hub.connection().server).port));
  const client = new HubClient({ ...hub.connection(), server: `https://127.0.0.1:${proxy.port}` }, { allowLoopback: true });
  const direct = new HubClient(hub.connection(), { allowLoopback: true });
  const create = (name: string) => direct.create(resources.managedCluster, { apiVersion: '', kind: '', metadata: { name } });
  const sink = new CacheSink();
  const reflector = new Reflector(client, resources.managedCluster, {}, sink, { coalesceMs: 5 });
  await create('c0');
  reflector.start();
  await until('it watches', () => sink.current?.phase === 'WATCHING');
  for (let i = 1; i <= 3; i += 1) {
    const before = proxy.connections;
    hub.goAway();
    await create(`c${i}`);
    await until('the watch is on a new connection', () => proxy.connections > before);
    await create(`d${i}`);
    await until('all news came', () => sink.cache.size === 1 + 2 * i);
    expect(reflector.state).toMatchObject({ phase: 'WATCHING', errorCode: null });
  }
  expect(sink.lists).toBe(1);
  expect(sink.broken).toEqual([]);
  await reflector.stop();
  await Promise.all([client.close(), direct.close()]);
  await proxy.stop();
  await hub.stop();
});

test('a hub whose store was set back is noticed, though it accepts the old watch and says nothing', async () => {
  const hub = await SimulatedHub.start({ name: 'hub-east', clock: new ManualClock(new Date('2026-11-24T12:00:00Z')) });
  const client = new HubClient(hub.connection(), { allowLoopback: true });
  const create = (name: string) => client.create(resources.managedCluster, { apiVersion: '', kind: '', metadata: { name } });
  const sink = new CacheSink();
  const reflector = new Reflector(client, resources.managedCluster, {}, sink, { silenceMs: 1_500, coalesceMs: 5 });
  await create('before');
  const checkpoint = hub.checkpoint();
  await create('lost');
  for (let i = 0; i < 20; i += 1) await create(`lost-${i}`);
  reflector.start();
  await until('all are there', () => sink.cache.size === 22);
  await until('it watches', () => sink.current?.phase === 'WATCHING');
  hub.rollBack(checkpoint);
  await create('after');
  await until('it is seen as it is now', () => [...sink.cache.keys()].sort().join() === 'after,before');
  await reflector.stop();
  await client.close();
  await hub.stop();
});
