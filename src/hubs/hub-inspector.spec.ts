import { SystemClock } from '../common/clock.js';
import { HubClient } from '../kube/hub-client.js';
import { demoFleet, Fleet } from '../simulator/scenarios/fleet.js';
import { startWorld, type World } from '../simulator/scenarios/world.js';
import { SimulatedHub } from '../simulator/simulated-hub.js';
import { healthKinds } from './health-kinds.js';
import { HubInspector, type Inspection } from './hub-inspector.service.js';
import { prerequisitesOf } from './prerequisites.rules.js';

const clock = new SystemClock();
const inspector = new HubInspector();
const hubs: SimulatedHub[] = [];
let world: World;

beforeAll(async () => {
  for (const [index, name] of ['sound', 'ailing'].entries()) hubs.push(await SimulatedHub.start({ name, clusterId: `id-${name}`, clock, seed: index + 1 }));
  const hive = demoFleet({ count: 40, seed: 1, source: 'sound', target: 'ailing' }).clusters.filter(({ group }) => group === 'hive');
  world = await startWorld({
    clock, fleet: new Fleet([...hive, ...hive.map((cluster) => ({ ...cluster, name: `${cluster.name}-b`, hub: 'ailing', unsafe: true }))]),
    hubs: [
      { hub: hubs[0]!, upkeep: { evictionGrace: '24h' } },
      {
        hub: hubs[1]!, importStrategy: 'ImportAndSync',
        upkeep: {
          oadp: '1.4', secondOadp: '1.3', down: ['backupOperator', 'oadpOperator'], veleroKilled: 3, observability: true, gitOps: [{ group: 'cluster.open-cluster-management.io', kind: 'BackupSchedule', name: 'schedule-acm' }, { group: 'apps', kind: 'Deployment', name: 'shop' }],
        },
      },
    ],
  });
});

afterAll(async () => {
  await world.stop();
  await Promise.all(hubs.map((hub) => hub.stop()));
});

async function inspect(hub: SimulatedHub, token?: string): Promise<Inspection> {
  const client = new HubClient(hub.connection(token), { allowLoopback: true });
  try {
    return await inspector.inspect(client);
  } finally {
    await client.close();
  }
}

const HEALTH = ['OADP_SUBSCRIBED', 'OADP_CHANNEL_SUITS', 'OADP_CHANNELS_AGREE', 'BACKUP_OPERATOR_RUNNING', 'OADP_OPERATOR_RUNNING', 'VELERO_RUNNING', 'VELERO_STEADY', 'HIVE_CLUSTERS_SAFE'];
const statesOf = ({ reading }: Inspection) => Object.fromEntries(prerequisitesOf(reading).filter(({ code }) => HEALTH.includes(code)).map(({ code, state }) => [code, state]));

test('a sound hub is seen as it is', async () => {
  const found = await inspect(hubs[0]!);
  expect(statesOf(found)).toEqual(Object.fromEntries(HEALTH.map((code) => [code, 'MET'])));
  expect(found.identity.setup).toEqual({
    components: { is: 'READ', value: ['cluster-backup', 'hive', 'managedserviceaccount', 'search', 'server-foundation'] }, importStrategy: { is: 'ABSENT' }, evictionGrace: { is: 'READ', value: '24h' },
    observability: { is: 'READ', value: [] }, gitOps: { is: 'READ', value: [] }, hive: { is: 'READ', value: { clusters: 1, notPreserved: [], kubeconfigNotInBackup: [] } },
  });
});

test('an ailing one too, each ill by itself', async () => {
  const found = await inspect(hubs[1]!);
  expect(statesOf(found)).toEqual({
    OADP_SUBSCRIBED: 'MET', OADP_CHANNEL_SUITS: 'NOT_MET', OADP_CHANNELS_AGREE: 'NOT_MET', BACKUP_OPERATOR_RUNNING: 'NOT_MET', OADP_OPERATOR_RUNNING: 'NOT_MET', VELERO_RUNNING: 'MET', VELERO_STEADY: 'NOT_MET',
    HIVE_CLUSTERS_SAFE: 'NOT_MET',
  });
  const { setup } = found.identity;
  expect(setup).toMatchObject({
    importStrategy: { is: 'READ', value: 'ImportAndSync' }, evictionGrace: { is: 'ABSENT' }, observability: { is: 'READ', value: ['observability'] },
    gitOps: { is: 'READ', value: [{ kind: 'BackupSchedule', name: 'schedule-acm', application: 'acm-config' }] },
  });
  const [name] = world.fleet.clusters.filter(({ hub }) => hub === 'ailing').map((cluster) => cluster.name);
  expect(setup.hive).toEqual({ is: 'READ', value: { clusters: 1, notPreserved: [name], kubeconfigNotInBackup: [name] } });
});

test('Argo CD\u2019s marks tell what it holds, also where it runs elsewhere', async () => {
  const [hub] = hubs;
  hub!.seed([{
    apiVersion: 'cluster.open-cluster-management.io/v1beta1', kind: 'Restore', spec: {},
    metadata: { name: 'by-git', namespace: 'open-cluster-management-backup', annotations: { 'argocd.argoproj.io/tracking-id': 'acm-remote:cluster.open-cluster-management.io/Restore:open-cluster-management-backup/by-git' } },
  }]);
  hub!.serve(healthKinds.application, false);
  expect((await inspect(hub!)).identity.setup.gitOps).toEqual({ is: 'READ', value: [{ kind: 'Restore', name: 'by-git', application: 'acm-remote' }] });
});

test('what we may not read is unknown, never fine; our rights of the day are told apart', async () => {
  const groups = ['cluster.open-cluster-management.io', 'addon.open-cluster-management.io', 'authentication.open-cluster-management.io', 'work.open-cluster-management.io', 'velero.io', 'config.openshift.io', 'multicluster.openshift.io', 'operator.open-cluster-management.io', 'oadp.openshift.io'];
  hubs[0]!.addToken('narrow', { user: 'narrow', allow: [{ verbs: ['*'], apiGroups: groups, resources: ['*'] }, { verbs: ['*'], apiGroups: [''], resources: ['secrets', 'namespaces'] }] });
  const found = await inspect(hubs[0]!, 'narrow');
  expect(statesOf(found)).toEqual({ ...Object.fromEntries(HEALTH.map((code) => [code, 'UNKNOWN'])) });
  const { setup } = found.identity;
  const refused = { is: 'FAILED', code: 'HUB_FORBIDDEN' };
  expect(setup).toMatchObject({ importStrategy: refused, evictionGrace: refused, observability: refused, hive: refused });
  expect(prerequisitesOf(found.reading).find(({ code }) => code === 'RIGHTS_SUFFICIENT')).toMatchObject({ state: 'MET' });
});
