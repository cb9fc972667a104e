import { SystemClock } from '../../common/clock.js';
import { accounts, labels, labelValues, secretKeys, secrets } from '../../common/rhacm-names.js';
import { HubClient } from '../../kube/hub-client.js';
import { resources } from '../../kube/resources.js';
import { SimulatedHub } from '../../simulator/simulated-hub.js';
import { HubViewService } from '../hub-view.service.js';
import { ImporterService } from './importer.service.js';

const cluster = 'c1';
const now = new Date('2026-11-24T10:00:00Z');
const signal = new AbortController().signal;
const open = { cluster, origin: 'IMPORTED', suppliedApiUrl: null, knownBefore: false, attempts: 0, nextAttemptAt: null, ended: null, windowEndsAt: new Date('2026-11-24T11:00:00Z') } as const;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('a try at one cluster', () => {
  let hub: SimulatedHub;
  let client: HubClient;
  const importer = new ImporterService(new HubViewService());

  beforeEach(async () => {
    hub = await SimulatedHub.start({ name: 'west', clock: new SystemClock() });
    client = new HubClient(hub.connection(), { allowLoopback: true });
    hub.seed([
      { apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name: cluster }, spec: { managedClusterClientConfigs: [{ url: 'https://api.c1.example:6443' }] } },
      {
        apiVersion: 'v1', kind: 'Secret', type: 'Opaque', data: { [secretKeys.token]: base64('a token') },
        metadata: { name: accounts.autoImport, namespace: cluster, labels: { [labels.isManagedServiceAccount]: labelValues.true }, annotations: { expirationTimestamp: '2026-11-25T10:00:00Z' } },
      },
    ]);
  });

  afterEach(async () => {
    await client.close();
    await hub.stop();
  });

  const secretInPlace = () => hub.object(resources.secret, { name: secrets.autoImport, namespace: cluster });

  async function attempt(meanwhile: () => Promise<unknown> = () => Promise.resolve()) {
    const seen = await importer.look(client, signal);
    await meanwhile();
    hub.ledger.clear();
    return importer.tryAll(client, importer.plan([open], seen, now), seen, now, () => undefined, signal);
  }

  test('costs one read and two writes', async () => {
    expect(await attempt()).toEqual([{ cluster, did: 'WROTE', account: accounts.autoImport }]);
    expect(hub.ledger.writes().map(({ verb, resource, code }) => [verb, resource, code])).toEqual([['patch', 'managedclusters', 200], ['create', 'secrets', 201]]);
    expect(hub.ledger.reads()).toBe(1);
    expect(secretInPlace()?.data?.[secretKeys.token]).toBe(base64('a token'));
  });

  test('an auto-import-secret that somebody made since the look is left as it is', async () => {
    const theirs = { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata: { name: secrets.autoImport, namespace: cluster }, data: { [secretKeys.token]: base64('theirs') } };
    expect(await attempt(() => client.create(resources.secret, theirs))).toEqual([{ cluster, did: 'KEPT', account: null }]);
    expect(secretInPlace()?.data).toEqual(theirs.data);
  });
});
