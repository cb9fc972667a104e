import { ManualClock } from '../common/clock.js';
import { Parts, testConfig } from '../../test/support/parts.js';
import { ReadinessParts } from '../../test/support/readiness-parts.js';
import type { ReadinessService } from './readiness.service.js';

const start = new Date('2026-11-24T12:00:00Z');
const clock = new ManualClock(start);
const MINUTE = 60_000;
const ago = (minutes: number) => new Date(start.getTime() - minutes * MINUTE);
const byCluster = { by: 'cluster', direction: 'ASC' } as const;

let parts: Parts;
let readinessParts: ReadinessParts;
let readiness: ReadinessService;
let planId: string;
let setId: string;
const hubs = { east: '', west: '' };

beforeAll(async () => {
  parts = await Parts.open(clock, testConfig());
  const { prisma } = parts;
  readinessParts = new ReadinessParts(parts);
  readiness = readinessParts.readiness;
  const storage = [{ name: 'dpa', provider: 'aws', bucket: 'b', prefix: 'p', s3Url: null, region: null, phase: 'Available', owned: true }];
  for (const name of ['east', 'west'] as const) {
    const hub = await prisma.hub.create({ data: { name, apiUrl: `https://${name}`, release: '2.15.0', clusterId: `id-${name}`, reachability: 'REACHABLE', storage, createdAt: start, createdBy: 't', updatedAt: start } });
    hubs[name] = hub.id;
    await prisma.hubWatch.createMany({ data: ['MANAGED_CLUSTER', 'TOKEN_SECRET', 'VELERO_BACKUP'].map((kind) => ({ hubId: hub.id, kind, phase: 'WATCHING', listedAt: start, heardAt: start, epoch: 1n })) });
    await prisma.backup.createMany({ data: ['cred', 'res', 'mc'].map((backup) => ({ hubId: hub.id, name: backup, ownerClusterId: 'id-east', phase: 'Completed', readAt: start })) });
  }
  await prisma.backupSchedule.create({ data: { hubId: hubs.east, name: 'schedule-acm', phase: 'Enabled', useManagedServiceAccount: true, paused: false, veleroPaused: false, readAt: start } });
  const set = await prisma.backupSet.create({
    data: { ownerClusterId: 'id-east', credentialsBackup: 'cred', resourcesBackup: 'res', managedClustersBackup: 'mc', status: 'COMPLETE', startedAt: ago(30), managedClustersStartedAt: ago(29), completedAt: ago(28), expiresAt: ago(-90_000), firstSeenAt: ago(28) },
  });
  setId = set.id;
  for (const [name, of] of [
    ['c1', { clusterSet: 'shops', vendor: 'OpenShift', labels: { env: 'prod' } }], ['c2', { apiUrl: null, clusterSet: 'shops', vendor: 'EKS', labels: { env: 'test' } }], ['c3', { origin: 'HIVE' }], ['local-cluster', { origin: 'LOCAL', labels: { 'velero.io/exclude-from-backup': 'true' } }]] as const) await addCluster(name, of);
  await prisma.recoveryPlan.create({
    data: { name: 'p', sourceHubId: hubs.east, targetHubId: hubs.west, rpoSeconds: 3600, rtoSeconds: 3600, backupRule: 'NEWEST_COMPLETE', approvalRequired: true, importWindowSeconds: 60, createdAt: start, createdBy: 't', updatedAt: start },
  }).then((plan) => (planId = plan.id));
});

afterAll(() => parts.drop());

async function addCluster(name: string, of: object): Promise<void> {
  await parts.prisma.managedCluster.create({
    data: {
      hubId: hubs.east, name, origin: 'IMPORTED', labels: {}, apiUrl: `https://${name}`, accepted: 'TRUE', joined: 'TRUE', available: 'TRUE', availableSince: ago(600), importCondition: 'TRUE', addonPresent: true, addonAvailable: 'TRUE',
      deleting: false, problems: [], createdOnHubAt: ago(600), readAt: start, ...of,
    },
  });
  await parts.prisma.autoImportToken.create({ data: { hubId: hubs.east, cluster: name, account: 'auto-import-account', accountPresent: true, secretPresent: true, inBackupSelection: true, bindingPresent: true, expiresAt: ago(-90_000), readAt: start } });
  await parts.prisma.backupSetToken.create({ data: { setId, cluster: name, account: 'auto-import-account', belief: 'INFERRED_IN', expiresAt: ago(-90_000), evidence: 'labelled before the start', decidedAt: start } });
}

const rowsOf = async () => (await readiness.clustersOfPlan(planId, {}, byCluster, { limit: 100 })).items;

test('a plan tells what a failover would bring, by cluster and by code', async () => {
  const view = await readiness.forPlan(planId);
  expect(view).toMatchObject({
    verdict: 'AT_RISK', clustersRecoverable: 1, clustersTotal: 2, counts: { READY: 1, AT_RISK: 0, NOT_READY: 1, UNKNOWN: 0, NOT_NEEDED: 2 }, byCode: [{ code: 'API_URL_MISSING', verdict: 'NOT_READY', count: 1 }], findings: [{ code: 'TARGET_PATH_ASSUMED', verdict: 'READY' }],
    backupSet: { id: setId, credentialsBackup: 'cred' }, rpoTargetSeconds: 3600, rpoCurrentSeconds: 1800, factsAgeSeconds: 0,
  });
  const rows = await rowsOf();
  expect(rows.map((row) => [row.cluster, row.verdict, row.code, row.predictedOutcome])).toEqual([
    ['c1', 'READY', null, 'RECONNECTED'], ['c2', 'NOT_READY', 'API_URL_MISSING', 'API_URL_MISSING'], ['c3', 'NOT_NEEDED', null, 'NOT_NEEDED'], ['local-cluster', 'NOT_NEEDED', null, 'NOT_NEEDED'],
  ]);
  await expect(readiness.forPlan('01990000-0000-7000-8000-000000000000')).rejects.toMatchObject({ code: 'PLAN_NOT_FOUND' });
});

test.each([
  { filter: { verdict: 'NOT_READY' }, names: ['c2'] },
  { filter: { code: 'API_URL_MISSING' }, names: ['c2'] },
  { filter: { code: 'TOKEN_EXPIRED' }, names: [] },
  { filter: { origin: 'HIVE' }, names: ['c3'] },
  { filter: { name: 'LOCAL' }, names: ['local-cluster'] },
  { filter: { name: '%' }, names: [] },
  { filter: { clusterSet: 'shops' }, names: ['c1', 'c2'] },
  { filter: { vendor: 'EKS' }, names: ['c2'] },
  { filter: { label: 'env' }, names: ['c1', 'c2'] },
  { filter: { label: 'env=prod' }, names: ['c1'] },
  { filter: { label: 'env=prod', verdict: 'NOT_READY' }, names: [] },
] as const)('filtered in the database: $filter', async ({ filter, names }) => {
  const page = await readiness.clustersOfPlan(planId, filter, byCluster, { limit: 100, withTotal: true });
  expect(page.items.map((row) => row.cluster)).toEqual(names);
  expect(page.totalCount).toBe(names.length);
});

test.each([
  { by: 'VERDICT', label: null, filter: {}, groups: [['NOT_NEEDED', 2], ['NOT_READY', 1], ['READY', 1]] },
  { by: 'CODE', label: null, filter: {}, groups: [[null, 3], ['API_URL_MISSING', 1]] },
  { by: 'ORIGIN', label: null, filter: { origin: 'IMPORTED' }, groups: [['IMPORTED', 2]] },
  { by: 'CLUSTER_SET', label: null, filter: { verdict: 'NOT_READY' }, groups: [['shops', 1]] },
  { by: 'VENDOR', label: null, filter: { clusterSet: 'shops' }, groups: [['EKS', 1], ['OpenShift', 1]] },
  { by: 'LABEL', label: 'env', filter: {}, groups: [[null, 2], ['prod', 1], ['test', 1]] },
] as const)('counted by $by', async ({ by, label, filter, groups }) => {
  const found = await readiness.groups(planId, by, label, filter);
  expect(found.map(({ value, clusters }) => [value, clusters])).toEqual(groups);
  for (const { counts, clusters } of found) expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(clusters);
});

test('pages go on where they ended', async () => {
  const first = await readiness.clustersOfPlan(planId, {}, byCluster, { limit: 3 });
  const second = await readiness.clustersOfPlan(planId, {}, byCluster, { limit: 3, cursor: first.nextCursor ?? '' });
  expect([...first.items, ...second.items].map((row) => row.cluster)).toEqual(['c1', 'c2', 'c3', 'local-cluster']);
  expect(second.nextCursor).toBeNull();
});

test('what does not change keeps its since and is not written again; what changes says since when', async () => {
  await readiness.compute(planId);
  const [before] = await rowsOf();
  const written = () => parts.prisma.clusterReadiness.findMany({ orderBy: { cluster: 'asc' }, select: { cluster: true, computedAt: true } });
  const writtenBefore = await written();
  clock.set(new Date(start.getTime() + 2 * MINUTE));
  await parts.prisma.managedCluster.updateMany({ where: { name: 'c1' }, data: { available: 'UNKNOWN', availableSince: ago(-1) } });
  await readiness.compute(planId);
  const changed = (await written()).filter((row, index) => row.computedAt.getTime() !== writtenBefore[index]?.computedAt.getTime());
  expect(changed.map((row) => row.cluster)).toEqual(['c1']);
  const [c1, c2] = await rowsOf();
  expect(c1).toMatchObject({ verdict: 'NOT_READY', code: 'CLUSTER_UNREACHABLE', since: clock.now() });
  expect(c1?.findings[0]?.since).toEqual(ago(-1));
  expect(c2?.since).toEqual(before?.since);
  const sinceThen = clock.now();
  clock.set(new Date(start.getTime() + 2.5 * MINUTE));
  await readiness.compute(planId);
  const [again] = await rowsOf();
  expect(again).toMatchObject({ since: sinceThen, computedAt: clock.now() });
  expect((await readiness.forPlan(planId)).since).toEqual(sinceThen);
});

test('a cluster that is gone leaves no verdict behind', async () => {
  await parts.prisma.managedCluster.deleteMany({ where: { name: 'c3' } });
  await readiness.compute(planId);
  expect((await rowsOf()).map((row) => row.cluster)).toEqual(['c1', 'c2', 'local-cluster']);
});

test('a dead source makes verdicts over its sets neither better nor worse, and tells how old the facts are', async () => {
  await parts.prisma.managedCluster.updateMany({ where: { name: 'c1' }, data: { available: 'TRUE' } });
  await readiness.compute(planId);
  const before = await rowsOf();
  const days = new Date(start.getTime() + 2 * 86_400_000);
  clock.set(days);
  await parts.prisma.hub.update({ where: { id: hubs.east }, data: { reachability: 'UNREACHABLE', unreachableSince: ago(-3), lastErrorCode: 'HUB_TIMEOUT' } });
  await parts.prisma.hubWatch.updateMany({ where: { hubId: hubs.west }, data: { heardAt: days } });
  await readiness.compute(planId);
  expect((await rowsOf()).map((row) => [row.cluster, row.verdict, row.findings])).toEqual(before.map((row) => [row.cluster, row.verdict, row.findings]));
  const view = await readiness.forPlan(planId);
  expect(view.findings.map((one) => one.code)).toEqual(['RPO_EXCEEDED', 'SOURCE_UNREACHABLE', 'TARGET_PATH_ASSUMED']);
  expect(view.factsAgeSeconds).toBe(2 * 86_400);
});

test('a cluster shows the worst of its plans; a hub what its death would cost', async () => {
  const c2 = await parts.prisma.managedCluster.findFirstOrThrow({ where: { name: 'c2' } });
  expect(await readiness.forCluster(c2.id)).toMatchObject({ cluster: 'c2', verdict: 'NOT_READY', byPlan: [{ planId, code: 'API_URL_MISSING' }] });
  expect(await readiness.forHub(hubs.east)).toMatchObject({ clustersRecoverable: 1, clustersTotal: 2, backupSet: { id: setId } });
  expect(await readiness.forHub(hubs.west)).toMatchObject({ clustersTotal: 0, backupSet: null });
  await expect(readiness.forHub('01990000-0000-7000-8000-000000000000')).rejects.toMatchObject({ code: 'HUB_NOT_FOUND' });
  await expect(readiness.forCluster('01990000-0000-7000-8000-000000000000')).rejects.toMatchObject({ code: 'CLUSTER_NOT_FOUND' });
});

test('who knows of a finding is told with it, and it counts as before', async () => {
  const { acknowledgements } = readinessParts;
  const by = { actor: 'k1', reason: 'The customer sets it next week' };
  const until = new Date(clock.now().getTime() + 86_400_000);
  const before = await readiness.forPlan(planId);
  const everywhere = await acknowledgements.acknowledge(planId, { code: 'API_URL_MISSING', until }, by);
  const own = await acknowledgements.acknowledge(planId, { code: 'API_URL_MISSING', cluster: 'c2', until }, { ...by, actor: 'k2' });
  const found = async () => (await rowsOf()).flatMap((row) => row.findings.map(({ code, acknowledgement }) => [row.cluster, code, acknowledgement?.acknowledgedBy]));
  expect(await found()).toContainEqual(['c2', 'API_URL_MISSING', 'k2']);
  expect((await readiness.forPlan(planId)).counts).toEqual(before.counts);
  await acknowledgements.withdraw(own.id, by);
  expect(await found()).toContainEqual(['c2', 'API_URL_MISSING', 'k1']);
  expect((await acknowledgements.list(planId, {}, { limit: 10 })).items.map(({ id }) => id)).toEqual([everywhere.id]);
  expect((await acknowledgements.list(planId, { inForce: false }, { limit: 10 })).items.map(({ id, withdrawnBy }) => [id, withdrawnBy])).toEqual([[own.id, 'k1'], [everywhere.id, null]]);
  clock.set(until);
  expect(await found()).toContainEqual(['c2', 'API_URL_MISSING', undefined]);
  expect((await parts.prisma.auditEntry.findMany({ where: { action: { startsWith: 'finding.' } }, orderBy: { id: 'asc' } })).map(({ action, actor }) => [action, actor])).toEqual([
    ['finding.acknowledge', 'k1'], ['finding.acknowledge', 'k2'], ['finding.withdraw-acknowledgement', 'k1'],
  ]);
});

test.each([
  [{ code: 'TOKEN_EXPIRED', untilMinutes: 600 }, { actor: 'k', reason: 'r' }, 'FINDING_NOT_FOUND'],
  [{ code: 'API_URL_MISSING', cluster: 'c1', untilMinutes: 600 }, { actor: 'k', reason: 'r' }, 'FINDING_NOT_FOUND'],
  [{ code: 'API_URL_MISSING', untilMinutes: -1 }, { actor: 'k', reason: 'r' }, 'ACKNOWLEDGEMENT_INVALID'],
  [{ code: 'API_URL_MISSING', untilMinutes: 4e9 }, { actor: 'k', reason: 'r' }, 'ACKNOWLEDGEMENT_INVALID'],
  [{ code: 'API_URL_MISSING', untilMinutes: 600 }, { actor: 'k' }, 'REASON_REQUIRED'],
])('an acknowledgement that cannot be is refused: %#', async ({ untilMinutes, ...input }, by, code) => {
  const until = new Date(clock.now().getTime() + untilMinutes * MINUTE);
  await expect(readinessParts.acknowledgements.acknowledge(planId, { ...input, until }, by)).rejects.toMatchObject({ code });
  await expect(readinessParts.acknowledgements.withdraw(planId, by)).rejects.toMatchObject({ code: 'ACKNOWLEDGEMENT_NOT_FOUND' });
});

test('3,500 clusters, asked for by many at once and worked out by several processes', async () => {
  const many = Array.from({ length: 3_500 }, (_, index) => `big-${String(index).padStart(4, '0')}`);
  const values = { origin: 'IMPORTED', labels: {}, accepted: 'TRUE', joined: 'TRUE', available: 'TRUE', importCondition: 'TRUE', addonPresent: true, addonAvailable: 'TRUE', deleting: false, problems: [], createdOnHubAt: ago(600), readAt: start };
  await parts.prisma.managedCluster.createMany({ data: many.map((name) => ({ hubId: hubs.east, name, apiUrl: `https://${name}`, ...values })) });
  await parts.prisma.backupSetToken.createMany({ data: many.map((cluster) => ({ setId, cluster, account: 'auto-import-account', belief: 'VERIFIED_IN', expiresAt: ago(-90_000), evidence: 'e', decidedAt: start })) });
  clock.set(new Date(clock.now().getTime() + MINUTE));
  await Promise.all(Array.from({ length: 3 }, () => readiness.compute(planId)));
  clock.set(new Date(clock.now().getTime() + MINUTE));
  const answers = await Promise.all(Array.from({ length: 50 }, () => readiness.forPlan(planId)));
  expect(new Set(answers.map((answer) => answer.computedAt.getTime()))).toEqual(new Set([clock.now().getTime()]));
  const sizes: number[] = [];
  const names: string[] = [];
  for await (const some of await readiness.exportClusters(planId, { name: 'big-' })) {
    sizes.push(some.length);
    names.push(...some.map(({ cluster }) => cluster));
  }
  expect(names).toEqual(many);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1_000);
  expect(await readiness.forPlan(planId)).toMatchObject({ clustersRecoverable: 3_501, clustersTotal: 3_502 });
});

test('what an inspection found of the hubs is told with its age: of Hive’s clusters, and of what the two hubs are to each other', async () => {
  const { prisma } = parts;
  const read = <T>(value: T) => ({ is: 'READ', value });
  await addCluster('hive-1', { origin: 'HIVE' });
  const setup = { components: read([]), importStrategy: { is: 'ABSENT' }, evictionGrace: { is: 'ABSENT' }, observability: { is: 'ABSENT' }, gitOps: { is: 'FAILED', code: 'HUB_FORBIDDEN' }, hive: read({ clusters: 1, notPreserved: ['hive-1'], kubeconfigNotInBackup: [] }) };
  const inspectedAt = clock.now();
  await prisma.hub.updateMany({ where: { id: { in: Object.values(hubs) } }, data: { setup, inspectedAt } });
  await prisma.recoveryPlan.create({
    data: { name: 'other', sourceHubId: hubs.east, targetHubId: hubs.west, rpoSeconds: 3600, rtoSeconds: 3600, backupRule: 'NEWEST_COMPLETE', approvalRequired: true, importWindowSeconds: 60, createdAt: start, createdBy: 't', updatedAt: start },
  });
  const { findings } = await readiness.compute(planId, { whole: true });
  const told = (code: string) => findings.filter((one) => one.code === code).map(({ hubId, verdict, remedyBy, checkedAt }) => ({ hubId, verdict, remedyBy, checkedAt }));
  expect(told('EVICTION_GRACE_NOT_SET')).toEqual([{ hubId: hubs.west, verdict: 'AT_RISK', remedyBy: 'HUB_ADMIN', checkedAt: inspectedAt }]);
  expect(told('HUB_SETUP_UNREAD').map(({ hubId, verdict }) => [hubId, verdict]).sort()).toEqual([[hubs.east, 'UNKNOWN'], [hubs.west, 'UNKNOWN']].sort());
  expect(told('TARGET_SHARED')).toEqual([{ hubId: hubs.west, verdict: 'READY', remedyBy: 'LIFEBOAT_OPERATOR', checkedAt: null }]);
  const [row] = (await readiness.clustersOfPlan(planId, { name: 'hive-1' }, byCluster, { limit: 1 })).items;
  expect(row).toMatchObject({ verdict: 'NOT_NEEDED', code: 'HIVE_NOT_PRESERVED', predictedOutcome: 'NOT_NEEDED', findings: [{ code: 'HIVE_NOT_PRESERVED', severity: 'WARNING', checkedAt: inspectedAt }] });
});

test('a token that an earlier restore has left on the target counts, unless a Restore there would take it away', async () => {
  const { prisma } = parts;
  const accounts = ['auto-import-account', 'auto-import-account-pair'];
  await prisma.backupSetToken.updateMany({ where: { setId, cluster: 'c1' }, data: { belief: 'INFERRED_OUT', reason: 'SECRET_UNLABELLED', expiresAt: null, evidence: 'not inside' } });
  const facts = { deleting: false, restoredFrom: 'cred', refreshedAt: ago(600).toISOString(), expiresAt: ago(-90_000).toISOString() };
  const onWest = { hubId: hubs.west, namespace: 'c1', uid: 'u', resourceVersion: '1', readAt: start, epoch: 1n };
  const judged = async () => {
    await readiness.compute(planId, { whole: true });
    const [row] = (await readiness.clustersOfPlan(planId, { name: 'c1' }, byCluster, { limit: 1 })).items;
    return `${row?.verdict} ${row?.code}`;
  };
  expect(await judged()).toBe('NOT_READY TOKEN_NOT_IN_BACKUP');
  await prisma.hubObject.createMany({ data: accounts.map((name) => ({ ...onWest, kind: 'TOKEN_SECRET', name, facts: { ...facts, restoredFrom: name === accounts[0] ? 'cred' : null } })) });
  expect(await judged()).toBe('AT_RISK TOKEN_NOT_IN_BACKUP');
  await prisma.hubObject.create({ data: { ...onWest, kind: 'ACM_RESTORE', namespace: 'open-cluster-management-backup', name: 'r', facts: { phase: 'Finished', cleanupBeforeRestore: 'CleanupRestored' } } });
  expect(await judged()).toBe('NOT_READY TOKEN_NOT_IN_BACKUP');
  await prisma.hubObject.updateMany({ where: { kind: 'ACM_RESTORE' }, data: { facts: { phase: 'Finished', cleanupBeforeRestore: 'None' } } });
  await prisma.hubObject.updateMany({ where: { kind: 'TOKEN_SECRET' }, data: { facts: { ...facts, deleting: true } } });
  expect(await judged()).toBe('NOT_READY TOKEN_NOT_IN_BACKUP');
});
