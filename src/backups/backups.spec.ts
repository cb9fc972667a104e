import { ShiftableClock } from '../common/clock.js';
import { Secret } from '../common/secret.js';
import { resources } from '../kube/resources.js';
import { demoFleet } from '../simulator/scenarios/fleet.js';
import { acmRestore, eastAndWest, type TestWorld } from '../simulator/scenarios/world-testing.js';
import { Parts } from '../../test/support/parts.js';
import { until } from '../../test/support/until.js';
import type { BackupSetToken } from './backups.types.js';

const by = { actor: 'tester', reason: 'because' };
const newestFirst = { by: 'startedAt', direction: 'DESC' } as const;
const schedule = { cron: '0 */2 * * *', veleroTtl: '120h', useManagedServiceAccount: true };

let clock: ShiftableClock;
let test1: TestWorld;
let parts: Parts;
let eastId: string;
let westId: string;
const fleet = demoFleet({ count: 24, seed: 3, source: 'east', target: 'west' });

const tokensOf = async (setId: string): Promise<BackupSetToken[]> => [...(await parts.backups.setTokens(setId, {}, { limit: 200 })).items];
const newest = async () => (await parts.backups.sets({ hubId: eastId }, newestFirst, { limit: 1 })).items[0];

beforeAll(async () => {
  clock = new ShiftableClock();
  test1 = await eastAndWest({ clock, fleet, seed: 3, both: { tokens: 'off' } });
  parts = await Parts.open(clock);
  await parts.work();
  [eastId, westId] = (await Promise.all([test1.east, test1.west].map((hub) => parts.hubs.register({ name: hub.name, kubeconfig: new Secret(hub.kubeconfig()) }, by)))).map(({ id }) => id) as [string, string];
}, 300_000);

afterAll(async () => {
  await parts.drop();
  await test1.stop();
  expect(parts.errors).toEqual([]);
});

test('a schedule is refused where it breaks a rule, and nothing is written', async () => {
  const put = (change: object, who: object = by) => parts.schedules.putSchedule(eastId, { ...schedule, ...change }, who as never);
  await expect(put({}, { actor: 'tester' })).rejects.toMatchObject({ code: 'REASON_REQUIRED' });
  await expect(put({ cron: 'often' })).rejects.toMatchObject({ code: 'BACKUP_SCHEDULE_INVALID', details: { field: 'cron' } });
  await expect(put({ veleroTtl: '3 days' })).rejects.toMatchObject({ code: 'BACKUP_SCHEDULE_INVALID', details: { field: 'veleroTtl' } });
  await expect(put({ tokenTtl: '1m' })).rejects.toMatchObject({ code: 'BACKUP_SCHEDULE_INVALID', details: { field: 'tokenTtl' } });
  await expect(put({ name: 'A B' })).rejects.toMatchObject({ code: 'BACKUP_SCHEDULE_INVALID', details: { field: 'name' } });
  expect(test1.east.ledger.writes({ fieldManager: 'lifeboat' })).toEqual([]);
});

test('protected, backed up, paired: the set knows of each token whether it is inside', async () => {
  await parts.hubs.update(eastId, { policy: 'PROTECT' }, 1, by);
  const withToken = [...fleet.names('good'), ...fleet.names('unreachable'), ...fleet.names('noUrl'), ...fleet.names('shortToken')].sort();
  await until('tokens are kept', async () => (await parts.tokens.list({ hubId: eastId }, { by: 'cluster', direction: 'ASC' }, { limit: 200 })).items.filter(({ problemCode }) => problemCode === null).length === withToken.length);
  // Labels and starts are told in whole seconds.
  clock.advance(2_000);
  const put = await parts.schedules.putSchedule(eastId, schedule, by);
  expect(put).toMatchObject({ hubId: eastId, name: 'schedule-acm', cron: '0 */2 * * *', veleroTtlSeconds: 432_000, useManagedServiceAccount: true, paused: false });
  await until('the schedule is enabled', async () => (await parts.schedules.schedules({ hubId: eastId }, { limit: 10 })).items[0]?.phase === 'Enabled');
  await until('a set is complete', async () => (await newest())?.status === 'COMPLETE');
  const set = await newest();
  await until('it is decided', async () => (await tokensOf(set!.id)).length > 0 && (await tokensOf(set!.id)).every(({ belief }) => belief !== 'UNKNOWN'));
  const sourcesOf = async () => (await parts.prisma.backupSetToken.findMany({ where: { setId: set!.id } })).map(({ belief, sources }) => ({ belief, sources: sources as { inferred?: { belief: string; evidence: string } } }));
  // Of a token that came late what we saw may stay open: seconds are all that is told, and it may have come in that of the start.
  const isOpen = (inferred: { evidence: string }): boolean => inferred.evidence.endsWith('in the very second in which the backup started');
  await until('what we saw is decided', async () => (await sourcesOf()).every(({ sources: { inferred } }) => inferred !== undefined && (inferred.belief !== 'UNKNOWN' || isOpen(inferred))));
  await until('Velero was asked', async () => (await newest())?.members.every(({ record }) => record === 'READ') === true);
  const tokens = await tokensOf(set!.id);
  expect(tokens.filter(({ belief }) => belief === 'VERIFIED_IN').map(({ cluster }) => cluster)).toEqual(withToken);
  expect(tokens.filter(({ belief }) => belief === 'VERIFIED_OUT').map(({ cluster }) => cluster)).toEqual([...fleet.names('asleep'), ...fleet.names('lateToken')].sort());
  expect(tokens.map(({ evidenceKind, evidenceHubId, conflict }) => [evidenceKind, evidenceHubId, conflict])).toEqual(tokens.map(() => ['RESOURCE_LIST', eastId, null]));
  // The schedule's TTL has changed the validity that the accounts ask for since their tokens began.
  const doubt = "The validity was changed from 5184000 s to 864000 s during this token's life";
  expect(tokens.map(({ belief, expiryDoubt }) => [belief, expiryDoubt])).toEqual(tokens.map(({ belief }) => [belief, belief === 'VERIFIED_IN' ? doubt : null]));
  // What we saw ourselves is kept beside the proof, and agrees with it.
  const saw = (await sourcesOf()).map(({ belief, sources: { inferred } }) => ({ belief, inferred }));
  for (const { belief, inferred } of saw) if (inferred === undefined || !isOpen(inferred)) expect(inferred?.belief).toBe(belief.replace('VERIFIED', 'INFERRED'));
  expect(saw.filter(({ inferred }) => inferred !== undefined && isOpen(inferred)).length).toBeLessThanOrEqual(fleet.names('lateToken').length);
  // What was believed is what Velero took.
  const captured = test1.world.bucket.list().find(({ name }) => name === set!.credentialsBackup)?.items.filter(({ metadata }) => metadata.name === 'auto-import-account').map(({ metadata }) => metadata.namespace);
  expect(captured?.filter((name) => !fleet.names('hosted').includes(name ?? '')).sort()).toEqual(withToken);
  for (const token of tokens.filter(({ belief }) => belief === 'VERIFIED_IN')) expect(token.expiresAt).not.toBeNull();
  // Every question to Velero was taken away again.
  expect(test1.east.objects(resources.downloadRequest, 'open-cluster-management-backup')).toEqual([]);
  expect(await parts.prisma.downloadRequest.findMany()).toEqual([]);
}, 300_000);

test('the set knows of each ManagedCluster, its API URL, account and role binding as they stood', async () => {
  const set = await newest();
  await until('what we saw is decided', async () => {
    const rows = await parts.prisma.backupSetCluster.findMany({ where: { setId: set!.id } });
    return rows.length > 0 && rows.every(({ sources }) => 'inferred' in (sources as object));
  });
  const { items } = await parts.backups.setClusters(set!.id, {}, { limit: 200 });
  const names = fleet.clusters.map(({ name }) => name).sort();
  expect(items.map(({ cluster, belief, evidenceKind }) => [cluster, belief, evidenceKind])).toEqual(names.map((name) => [name, 'VERIFIED_IN', 'RESOURCE_LIST']));
  const withoutUrl = items.filter(({ apiUrlKnown, apiUrl }) => apiUrlKnown && apiUrl === null).map(({ cluster }) => cluster);
  expect(withoutUrl).toEqual(expect.arrayContaining([...fleet.names('noUrl')]));
  expect(items.filter(({ cluster, apiUrlKnown, apiUrl }) => fleet.names('good').includes(cluster) && !(apiUrlKnown && apiUrl?.startsWith('https://')))).toEqual([]);
  expect(items.filter(({ cluster }) => fleet.names('good').includes(cluster)).every(({ hasAccount, hasBinding }) => hasAccount === true && hasBinding === true)).toBe(true);
  expect((await newest())?.clusterCounts).toEqual({ VERIFIED_IN: names.length, VERIFIED_OUT: 0, INFERRED_IN: 0, INFERRED_OUT: 0, UNKNOWN: 0 });
});

test('a later change of the API URL changes nothing about the set', async () => {
  const set = await newest();
  const [name] = fleet.names('noUrl') as [string];
  const held = async () => (await parts.backups.setClusters(set!.id, { cluster: name }, { limit: 1 })).items[0];
  const before = await held();
  await test1.world.hub('east').client.patch(resources.managedCluster, { name }, { spec: { managedClusterClientConfigs: [{ url: 'https://api.late:6443' }] } }, { patchType: 'merge' });
  await until('it is known', async () => (await parts.prisma.clusterApiUrl.findMany({ where: { hubId: eastId, cluster: name } })).length === 2);
  await parts.backupsProcessor.sweep();
  expect(await held()).toEqual(before);
  expect(before).toMatchObject({ apiUrlKnown: true, apiUrl: null });
});

test('a set tells its whole chain', async () => {
  const set = await newest();
  expect(set).toMatchObject({ scheduleName: 'schedule-acm', tainted: null });
  expect(set?.members.map(({ part, veleroSchedule, phase, storageLocation }) => [part, veleroSchedule, phase, storageLocation])).toEqual([
    ['CREDENTIALS', 'acm-credentials-schedule', 'Completed', 'hub-backup-1'],
    ['MANAGED_CLUSTERS', 'acm-managed-clusters-schedule', 'Completed', 'hub-backup-1'],
    ['RESOURCES', 'acm-resources-schedule', 'Completed', 'hub-backup-1'],
    ['GENERIC', 'acm-resources-generic-schedule', 'Completed', 'hub-backup-1'],
  ]);
  expect(set?.shownBy.find(({ hubId }) => hubId === eastId)).toMatchObject({ afterSeconds: 0, since: set?.completedAt });
});

test('the other hub shows the set once Velero has synced it, and its passive sync proves what is inside', async () => {
  await until('west shows it', async () => (await newest())?.shownByHubIds.includes(westId) === true);
  const set = await newest();
  await test1.world.hub('west').client.create(resources.restore, acmRestore({ veleroManagedClustersBackupName: 'skip', syncRestoreWithNewBackups: true, restoreSyncInterval: '30m' }, 'restore-sync'));
  expect(set?.shownBy.find(({ hubId }) => hubId === westId)?.afterSeconds).toBeGreaterThanOrEqual(0);
  const before = await tokensOf(set!.id);
  const believed = before.filter(({ belief }) => belief === 'VERIFIED_IN').map(({ cluster }) => cluster);
  const synced = async () => (await parts.prisma.backupSetToken.findMany({ where: { setId: set!.id } })).filter(({ sources }) => 'synced' in (sources as object)).map(({ cluster }) => cluster);
  await until('it is proved', async () => (await synced()).length >= believed.length);
  expect((await synced()).sort()).toEqual(believed);
  // The restored Secrets say what the record and our own eyes had said.
  expect(await tokensOf(set!.id)).toEqual(before);
}, 300_000);

test('a dead hub changes nothing about what its sets hold', async () => {
  const set = await newest();
  const before = await tokensOf(set!.id);
  await test1.world.cutOff('east');
  await until('it is gone', async () => (await parts.hubs.get(eastId)).reachability === 'UNREACHABLE');
  clock.advance(6 * 3_600_000);
  await parts.backupsProcessor.sweep();
  await parts.tokenProcessor.sweep();
  await until('tokens are told as expired', async () => (await parts.tokens.list({ hubId: eastId, problemCode: 'TOKEN_EXPIRED' }, { by: 'cluster', direction: 'ASC' }, { limit: 10 })).items.length > 0);
  expect(await tokensOf(set!.id)).toEqual(before);
  expect(await newest()).toMatchObject({ id: set!.id, status: 'COMPLETE' });
}, 300_000);

test('a second schedule under another name is refused: the operator would ignore it', async () => {
  await parts.schedules.putSchedule(westId, { ...schedule, name: 'mine', paused: true }, by);
  await expect(parts.schedules.putSchedule(westId, { ...schedule, name: 'other' }, by)).rejects.toMatchObject({ code: 'BACKUP_SCHEDULE_EXISTS' });
  const changed = await parts.schedules.putSchedule(westId, { ...schedule, cron: '@daily', tokenTtl: '300h' }, by);
  expect(changed).toMatchObject({ name: 'mine', cron: '@daily', tokenTtlSeconds: 1_080_000 });
  test1.west.serve(resources.backupSchedule, false);
  await expect(parts.schedules.putSchedule(westId, schedule, by)).rejects.toMatchObject({ code: 'BACKUP_NOT_INSTALLED' });
});
