import { ManualClock } from '../../src/common/clock.js';
import { Secret } from '../../src/common/secret.js';
import { SimulatedHub } from '../../src/simulator/simulated-hub.js';
import { Parts } from '../support/parts.js';
import { ReadinessParts } from '../support/readiness-parts.js';
import { until } from '../support/until.js';

const start = new Date('2026-11-24T12:00:00Z');
const MINUTE = 60_000;
const ago = (minutes: number) => new Date(start.getTime() - minutes * MINUTE);
const by = { actor: 'tester', reason: 'because' };

const cluster = (name: string, clientConfigs: object[]) => ({
  apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name }, spec: { managedClusterClientConfigs: clientConfigs },
  status: { conditions: ['HubAcceptedManagedCluster', 'ManagedClusterJoined', 'ManagedClusterConditionAvailable'].map((type) => ({ type, status: 'True', reason: 'Fine', message: '', lastTransitionTime: ago(600).toISOString() })) },
});
const location = {
  apiVersion: 'velero.io/v1', kind: 'BackupStorageLocation', metadata: { namespace: 'open-cluster-management-backup', name: 'dpa', ownerReferences: [{ apiVersion: 'oadp.openshift.io/v1alpha1', kind: 'DataProtectionApplication', name: 'dpa', uid: 'u' }] },
  spec: { provider: 'aws', objectStorage: { bucket: 'b' } }, status: { phase: 'Available' },
};

let clock: ManualClock;
let east: SimulatedHub;
let west: SimulatedHub;
let parts: Parts;
let readiness: ReadinessParts['readiness'];
const ids = { east: '', west: '', forth: '', back: '' };

/** Two hubs that are watched, a plan each way, and a backup set of the first alone: one cluster would come back, the other would not. */
beforeEach(async () => {
  clock = new ManualClock(ago(600));
  [east, west] = await Promise.all([SimulatedHub.start({ name: 'east', clusterId: 'id-east', clock, seed: 1 }), SimulatedHub.start({ name: 'west', clusterId: 'id-west', clock, seed: 2 })]);
  for (const hub of [east, west]) {
    hub.settings.bookmarkIntervalMs = 200;
    hub.seed([location]);
  }
  east.seed([cluster('c1', [{ url: 'https://c1' }]), cluster('c2', [])]);
  clock.set(start);
  parts = await Parts.open(clock);
  const { prisma } = parts;
  readiness = new ReadinessParts(parts).readiness;
  for (const [name, hub] of [['east', east], ['west', west]] as const) {
    ids[name] = (await parts.hubs.register({ name, kubeconfig: new Secret(hub.kubeconfig()) }, by)).id;
    await prisma.backup.createMany({ data: ['cred', 'res', 'mc'].map((backup) => ({ hubId: ids[name], name: backup, ownerClusterId: 'id-east', phase: 'Completed', readAt: start })) });
  }
  const { id: setId } = await prisma.backupSet.create({
    data: { ownerClusterId: 'id-east', credentialsBackup: 'cred', resourcesBackup: 'res', managedClustersBackup: 'mc', status: 'COMPLETE', startedAt: ago(30), managedClustersStartedAt: ago(29), completedAt: ago(28), expiresAt: ago(-90_000), firstSeenAt: ago(28) },
  });
  for (const name of ['c1', 'c2']) {
    await prisma.autoImportToken.create({ data: { hubId: ids.east, cluster: name, account: 'auto-import-account', accountPresent: true, secretPresent: true, inBackupSelection: true, bindingPresent: true, expiresAt: ago(-90_000), readAt: start } });
    await prisma.backupSetToken.create({ data: { setId, cluster: name, account: 'auto-import-account', belief: 'INFERRED_IN', expiresAt: ago(-90_000), evidence: 'labelled before the start', decidedAt: start } });
  }
  for (const [name, source, target] of [['forth', 'east', 'west'], ['back', 'west', 'east']] as const) {
    ids[name] = (await prisma.recoveryPlan.create({
      data: { name, sourceHubId: ids[source], targetHubId: ids[target], rpoSeconds: 200_000, rtoSeconds: 3600, backupRule: 'NEWEST_COMPLETE', approvalRequired: true, importWindowSeconds: 60, createdAt: start, createdBy: 't', updatedAt: start },
    })).id;
  }
  parts.supervisor.start();
  await until('both hubs are watched', async () => (await prisma.hubWatch.count({ where: { listedAt: { not: null }, phase: { in: ['WATCHING', 'ABSENT'] } } })) === 26);
  await until('both fleets are known', async () => (await prisma.managedCluster.count()) === 2 && (await prisma.hub.count({ where: { reachability: 'REACHABLE' } })) === 2);
});

afterEach(async () => {
  await parts.drop();
  await Promise.all([east.stop(), west.stop()]);
});

const clustersOf = async (planId: string) => {
  await readiness.compute(planId);
  const { items } = await readiness.clustersOfPlan(planId, {}, { by: 'cluster', direction: 'ASC' }, { limit: 100 });
  return items.map(({ cluster: name, verdict, code }) => [name, verdict, code]);
};
const told = async (planId: string, ...codes: string[]) => {
  await readiness.compute(planId);
  const { verdict, factsAgeSeconds, findings } = await readiness.forPlan(planId);
  const some = findings.filter(({ code }) => codes.includes(code)).map(({ code, verdict: of, hubId, since }) => ({ code, verdict: of, hubId, since }));
  return { verdict, factsAgeSeconds, findings: some };
};
const SILENCE = ['FACTS_STALE', 'SOURCE_UNREACHABLE', 'TARGET_UNREACHABLE'];
const expected = [['c1', 'READY', null], ['c2', 'NOT_READY', 'API_URL_MISSING']];

test('nobody watches: after three minutes the plan says which facts are old, and since when; clusters are judged by the set as before', async () => {
  expect(await clustersOf(ids.forth)).toEqual(expected);
  expect(await told(ids.forth, ...SILENCE)).toMatchObject({ factsAgeSeconds: 0, findings: [] });
  await parts.supervisor.beforeApplicationShutdown();
  clock.advance(3 * MINUTE);
  expect(await told(ids.forth, ...SILENCE)).toMatchObject({ factsAgeSeconds: 180, findings: [] });
  clock.advance(1_000);
  const stale = (...hubs: string[]) => hubs.map((hubId) => ({ code: 'FACTS_STALE', verdict: 'UNKNOWN', hubId, since: start }));
  const silent = await told(ids.forth, ...SILENCE);
  expect(silent.findings).toHaveLength(2);
  expect(silent.findings).toEqual(expect.arrayContaining(stale(ids.east, ids.west)));
  expect(silent.factsAgeSeconds).toBe(181);
  expect(silent.verdict).not.toMatch(/^(READY|AT_RISK)$/);
  expect(await clustersOf(ids.forth)).toEqual(expected);
});

test('a source that is cut off is said to be gone, with the age of what it told; nothing that rests on its set gets better or worse', async () => {
  const before = await told(ids.forth, ...SILENCE);
  await east.cutOff('refuse');
  await until('it is called unreachable', async () => (await parts.prisma.hub.count({ where: { id: ids.east, reachability: 'UNREACHABLE' } })) === 1);
  clock.advance(48 * 60 * MINUTE);
  await until('the target is heard again', async () => ((await parts.prisma.hubWatch.findMany({ where: { hubId: ids.west, phase: 'WATCHING' } })).every(({ heardAt }) => heardAt?.getTime() === clock.now().getTime())));
  expect(await told(ids.forth, ...SILENCE)).toEqual({ verdict: before.verdict, factsAgeSeconds: 48 * 3_600, findings: [{ code: 'SOURCE_UNREACHABLE', verdict: 'READY', hubId: ids.east, since: start }] });
  expect(await clustersOf(ids.forth)).toEqual(expected);
});

test('a target that is cut off makes the plan fail; where no set is known, what it might show is unknown from then on', async () => {
  expect((await told(ids.back, 'NO_BACKUP_SET')).findings).toMatchObject([{ code: 'NO_BACKUP_SET', verdict: 'NOT_READY' }]);
  await east.cutOff('refuse');
  await until('it is called unreachable', async () => (await parts.prisma.hub.count({ where: { id: ids.east, reachability: 'UNREACHABLE' } })) === 1);
  clock.advance(3 * MINUTE + 1_000);
  const back = await told(ids.back, ...SILENCE, 'NO_BACKUP_SET');
  expect(back).toMatchObject({ verdict: 'NOT_READY', factsAgeSeconds: 181 });
  expect(back.findings).toEqual(expect.arrayContaining([
    { code: 'TARGET_UNREACHABLE', verdict: 'NOT_READY', hubId: ids.east, since: start }, { code: 'FACTS_STALE', verdict: 'UNKNOWN', hubId: null, since: start },
  ]));
});
