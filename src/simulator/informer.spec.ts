import { SystemClock } from '../common/clock.js';
import { HubClient } from '../kube/hub-client.js';
import type { KubeObject } from '../kube/kube.types.js';
import { resources } from '../kube/resources.js';
import { Informer } from './informer.js';
import { SimulatedHub } from './simulated-hub.js';
import { eventually } from './scenarios/world-testing.js';

describe('the actors\u2019 informer', () => {
  let hub: SimulatedHub;
  let client: HubClient;
  let informer: Informer;
  const told: string[] = [];
  const secret = (name: string, namespace = 'n'): KubeObject => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, type: 'Opaque' });

  beforeEach(async () => {
    told.length = 0;
    hub = await SimulatedHub.start({ name: 'hub', clock: new SystemClock() });
    client = new HubClient(hub.connection(), { allowLoopback: true });
    hub.seed([secret('a'), secret('b')]);
    informer = new Informer(client, resources.secret);
    informer.onChange(({ type, object, previous }) => told.push(`${type} ${object.metadata.name}${previous ? ' again' : ''}`));
    informer.start();
    await informer.ready;
  });
  afterEach(async () => {
    await informer.stop();
    await client.close();
    await hub.stop();
  });

  test('lists, then follows', async () => {
    expect(told).toEqual(['UPSERT a', 'UPSERT b']);
    await client.create(resources.secret, secret('c'));
    await client.patch(resources.secret, { name: 'a', namespace: 'n' }, { metadata: { labels: { x: 'y' } } }, { patchType: 'merge' });
    await client.delete(resources.secret, { name: 'b', namespace: 'n' });
    await eventually('three events', () => told.length === 5);
    expect(told.slice(2)).toEqual(['UPSERT c', 'UPSERT a again', 'DELETE b again']);
    expect(informer.inNamespace('n').map(({ metadata }) => metadata.name).sort()).toEqual(['a', 'c']);
    expect(informer.get('a', 'n')?.metadata.labels).toEqual({ x: 'y' });
    expect(informer.size).toBe(2);
  });

  test('who comes late is told what is there', () => {
    const late: string[] = [];
    informer.onChange(({ object }) => late.push(object.metadata.name));
    expect(late).toEqual(['a', 'b']);
  });

  test('goes on after an outage, and finds what was changed and deleted meanwhile', async () => {
    await hub.cutOff();
    hub.seed([secret('c')]);
    hub.remove(resources.secret, { name: 'a', namespace: 'n' });
    await hub.reconnect();
    await eventually('the new and not the old', () => told.includes('UPSERT c') && told.includes('DELETE a again'));
    expect(told.filter((line) => line.includes(' b'))).toEqual(['UPSERT b']);
  });

  test('a kind that vanishes takes its objects with it, and brings them back', async () => {
    hub.serve(resources.secret, false);
    await eventually('gone', () => informer.size === 0);
    hub.serve(resources.secret, true);
    await eventually('back', () => informer.size === 2, 10_000);
  });

  test('stops without a trace', async () => {
    await informer.stop();
    await eventually('no watch is open', () => hub.ledger.watching === 0);
  });
});
