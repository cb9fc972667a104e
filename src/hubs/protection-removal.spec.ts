import { jest } from '@jest/globals';
import { ShiftableClock } from '../common/clock.js';
import { Secret } from '../common/secret.js';
import { HubClient } from '../kube/hub-client.js';
import { resources } from '../kube/resources.js';
import { backupSchedule, eastAndWest, fleetUp, goodFleet, type TestWorld } from '../simulator/scenarios/world-testing.js';
import { KEY, Parts } from '../../test/support/parts.js';
import { WorkerProcess } from '../../test/support/worker-process.js';
import { until } from '../../test/support/until.js';

const by = { actor: 'tester', reason: 'this hub is kept by others' };
const NAMES = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8'];
const ACCOUNT = 'auto-import-account';
const WORK = 'addon-managed-serviceaccount-import';

let clock: ShiftableClock;
let test1: TestWorld;
let operator: HubClient;
let parts: Parts;
let hubId: string;

const hub = () => test1.east;
const list = async () => (await parts.removals.remove(hubId, { dryRun: true }, by)).plan;
const short = (targets: readonly { action: string; kind: string; namespace: string; name: string }[]): string[] => targets.map(({ action, kind, namespace, name }) => `${action} ${kind} ${namespace}/${name}`);
const whole = (name: string): string[] => [
  `FOLLOWS Secret ${name}/${ACCOUNT}`, `DELETE ManagedServiceAccount ${name}/${ACCOUNT}`, `DELETE ManifestWork ${name}/${WORK}`, `DELETE ManagedClusterAddOn ${name}/managed-serviceaccount`,
];
const kept = async (): Promise<number> => (await parts.tokens.list({ hubId }, { by: 'cluster', direction: 'ASC' }, { limit: 200 })).items.filter(({ problemCode }) => problemCode === null).length;
/** What we changed on the hub, but for questions to Velero about its backups. */
const ours = (): string[] =>
  hub().ledger.writes({ user: 'lifeboat' }).filter(({ resource, changed }) => changed && !resource.startsWith('selfsubject') && resource !== 'downloadrequests').map(({ verb, resource, namespace, name }) => `${verb} ${resource} ${namespace}/${name}`).sort();

async function protect(): Promise<void> {
  await parts.hubs.update(hubId, { policy: 'PROTECT' }, (await parts.hubs.get(hubId)).version, by);
  await until('every token is kept', async () => (await kept()) === NAMES.length, 180_000);
  await until('nothing is due', async () => (await parts.prisma.tokenWork.count({ where: { hubId, dueAt: { lte: clock.now() } } })) === 0);
}

beforeAll(async () => {
  clock = new ShiftableClock();
  test1 = await eastAndWest({ clock, fleet: goodFleet(...NAMES), both: { tokens: 'off' } });
  operator = new HubClient(hub().connection(), { allowLoopback: true, defaultFieldManager: 'cluster-backup-operator' });
  hub().addToken('ours', { user: 'lifeboat', groups: ['system:masters'] });
  await fleetUp(test1);
  parts = await Parts.open(clock);
  await parts.work({ removals: false });
  hubId = (await parts.hubs.register({ name: 'east', server: hub().url, caPem: hub().caPem, token: new Secret('ours') }, by)).id;
  await protect();
  await operator.create(resources.backupSchedule, backupSchedule());
  const setId = async () => (await parts.backups.sets({ hubId, status: 'COMPLETE' }, { by: 'startedAt', direction: 'DESC' }, { limit: 1 })).items[0]?.id;
  await until('a set is complete', async () => (await setId()) !== undefined, 180_000);
  await until('it is known to hold every token', async () => (await parts.backups.setTokens((await setId())!, {}, { limit: 200 })).items.filter(({ belief }) => belief.endsWith('_IN')).length === NAMES.length, 180_000);
  await until('the schedule runs', async () => (await parts.schedules.ofHub(hubId)).phase === 'Enabled', 180_000);
  await until('the new validity is written', async () => (await parts.prisma.tokenWork.count({ where: { hubId, dueAt: { lte: clock.now() } } })) === 0);
}, 360_000);

afterAll(async () => {
  await parts.drop();
  await operator.close();
  await test1.stop();
  expect(parts.errors).toEqual([]);
});

test('the list is what we made, object by object; what others own or manage as well stays', async () => {
  const before = await list();
  expect(short(before.targets)).toEqual(NAMES.flatMap(whole));
  expect(before.targets.every(({ uid, why }) => uid !== '' && why !== '')).toBe(true);
  expect(before.kept).toEqual([]);
  const { dropOutFrom, lastRestorableAt, lastSet, ...counts } = before.consequences;
  expect(counts).toEqual({ clustersLosingTokens: NAMES.length, recoverableNow: NAMES.length, clustersDroppingOut: NAMES.length });
  // The schedule runs at every second hour, and the set ends before the tokens in it do.
  expect(dropOutFrom!.getTime() % 7_200_000).toBe(0);
  expect(lastRestorableAt).toEqual(lastSet!.expiresAt);
  expect(before.warnings.map(({ code }) => code)).toEqual(['REMOVAL_CLUSTERS_DROP_OUT', 'REMOVAL_OPERATOR_REMAKES']);
  expect(before.warnings[0]?.cause).toContain(lastSet!.credentialsBackup);
});

test('stop and leave: under OBSERVE nothing is touched, and the list is still to be had', async () => {
  const { confirm } = await list();
  hub().ledger.clear();
  await parts.hubs.update(hubId, { policy: 'OBSERVE' }, (await parts.hubs.get(hubId)).version, by);
  expect((await list()).confirm).toBe(confirm);
  expect(ours()).toEqual([]);
});

test('what others own or manage as well stays', async () => {
  const before = await list();
  await operator.patch(resources.managedServiceAccount, { namespace: 'c2', name: ACCOUNT }, { spec: { rotation: { validity: '999h0m0s' } } }, { patchType: 'merge' });
  await operator.patch(resources.managedClusterAddOn, { namespace: 'c3', name: 'managed-serviceaccount' }, { spec: { installNamespace: 'mine' } }, { patchType: 'merge' });
  const { metadata: _, ...work } = hub().object(resources.manifestWork, { namespace: 'c4', name: WORK })!;
  await operator.delete(resources.manifestWork, { namespace: 'c4', name: WORK });
  await until('it is gone', () => hub().object(resources.manifestWork, { namespace: 'c4', name: WORK }) === null);
  const labels = { 'open-cluster-management.io/addon-name-work': 'managed-serviceaccount', 'cluster.open-cluster-management.io/backup': 'cluster-activation' };
  await operator.create(resources.manifestWork, { ...work, metadata: { namespace: 'c4', name: WORK, labels } });
  const after = await list();
  const stays = [`DELETE ManagedServiceAccount c2/${ACCOUNT}`, `FOLLOWS Secret c2/${ACCOUNT}`, 'DELETE ManagedClusterAddOn c3/managed-serviceaccount', `DELETE ManifestWork c4/${WORK}`];
  expect(short(after.targets).sort()).toEqual([...NAMES.flatMap(whole).filter((one) => !stays.includes(one)), `UNLABEL Secret c2/${ACCOUNT}`].sort());
  expect(after.kept.map(({ kind, namespace, why }) => [kind, namespace, why])).toEqual([
    ['ManagedServiceAccount', 'c2', 'Also managed by cluster-backup-operator'], ['ManagedClusterAddOn', 'c3', 'Also managed by cluster-backup-operator'],
  ]);
  expect(after.confirm).not.toBe(before.confirm);
  await expect(parts.removals.remove(hubId, { dryRun: false, confirm: before.confirm }, by)).rejects.toMatchObject({ code: 'REMOVAL_LIST_CHANGED' });
});

test('nothing is removed without a reason, a confirmation, and the very list that was confirmed', async () => {
  const { confirm } = await list();
  await expect(parts.removals.remove(hubId, { dryRun: false, confirm }, { actor: 'tester' })).rejects.toMatchObject({ code: 'REASON_REQUIRED' });
  await expect(parts.removals.remove(hubId, { dryRun: false }, by)).rejects.toMatchObject({ code: 'REMOVAL_CONFIRMATION_REQUIRED' });
  await expect(parts.removals.remove(hubId, { dryRun: false, confirm: '0'.repeat(64) }, by)).rejects.toMatchObject({ code: 'REMOVAL_LIST_CHANGED', details: { found: confirm } });
  expect(await parts.prisma.protectionRemoval.count()).toBe(0);
});

test('rights that are missing are told first, and refuse the removal', async () => {
  hub().addToken('poor', { user: 'poor', allow: [{ verbs: ['get', 'list', 'watch'], apiGroups: ['*'], resources: ['*'] }] });
  const poor = new HubClient({ ...hub().connection(), auth: { type: 'token', token: new Secret('poor') } }, { allowLoopback: true });
  const clientFor = jest.spyOn(parts.connections, 'clientFor').mockResolvedValue(poor);
  const plan = await list();
  expect(plan.warnings.find(({ code }) => code === 'REMOVAL_RIGHTS_MISSING')?.cause).toBe('The account may not delete managedclusteraddons, delete managedserviceaccounts, delete manifestworks, patch secrets');
  await expect(parts.removals.remove(hubId, { dryRun: false, confirm: plan.confirm }, by)).rejects.toMatchObject({ code: 'REMOVAL_RIGHTS_MISSING' });
  clientFor.mockRestore();
  await poor.close();
});

test('carried out to the last object, by a second worker after the first was killed in the middle', async () => {
  const env = {
    DATABASE_URL: parts.database.url, LIFEBOAT_SEALING_KEYS: `k1:${KEY.reveal().toString('base64')}`, LIFEBOAT_ALLOW_LOOPBACK_HUBS: 'true', LIFEBOAT_SWEEP_SECONDS: '1', LIFEBOAT_LEASE_SECONDS: '3', LOG_LEVEL: 'silent',
  };
  const first = WorkerProcess.start('removal-worker', env);
  await until('it works', () => first.said.includes('READY'), 180_000);
  const plan = await list();
  hub().ledger.clear();
  hub().faults.add({ verb: 'delete', user: 'lifeboat' }, { type: 'latency', ms: [50, 400] });
  // One is done, and the answer is lost.
  hub().faults.add({ verb: 'delete', user: 'lifeboat', namespace: 'c1', resource: 'managedserviceaccounts' }, { type: 'swallow-answer' }, { times: 1 });
  const { removal } = await parts.removals.remove(hubId, { dryRun: false, confirm: plan.confirm }, by);
  const id = removal!.id;
  await expect(parts.removals.remove(hubId, { dryRun: false, confirm: plan.confirm }, by)).rejects.toMatchObject({ code: 'REMOVAL_IN_PROGRESS' });
  await until('some are removed', () => ours().filter((write) => write.startsWith('delete')).length >= 6, 180_000);
  await first.end('SIGKILL');
  expect((await parts.removals.get(id)).progress.open).toBeGreaterThan(0);
  expect(await parts.removals.get(id)).toMatchObject({ status: 'RUNNING', finishedAt: null });
  hub().faults.clear();
  // The dead worker's job goes with every other: the tables know what is left.
  const tables = await parts.sql.query<{ name: string }>(`SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'bullmq'`);
  expect(tables.length).toBeGreaterThan(0);
  await parts.sql.execute(`TRUNCATE ${tables.map(({ name }) => name).join(', ')}`);
  const second = WorkerProcess.start('removal-worker', env);
  await until('it is done', async () => (await parts.removals.get(id)).status === 'DONE', 180_000);
  await second.end('SIGKILL');
  const done = await parts.removals.get(id);
  expect(done).toMatchObject({ remaining: 0, lastErrorCode: null, reason: by.reason, progress: { total: plan.targets.length, open: 0, byOutcome: { DELETED: plan.targets.filter(({ action }) => action === 'DELETE').length, UNLABELLED: 1, FOLLOWED: 7 } } });
  // Each once, and nothing else.
  const resourceOf = { ManagedServiceAccount: 'managedserviceaccounts', ManifestWork: 'manifestworks', ManagedClusterAddOn: 'managedclusteraddons', Secret: 'secrets' } as const;
  const expected = plan.targets.flatMap(({ action, kind, namespace, name }) => (action === 'DELETE' ? [`delete ${resourceOf[kind]} ${namespace}/${name}`] : action === 'UNLABEL' ? [`patch ${resourceOf[kind]} ${namespace}/${name}`] : []));
  expect(ours()).toEqual(expected.sort());
  expect(hub().object(resources.managedServiceAccount, { namespace: 'c2', name: ACCOUNT })).not.toBeNull();
  expect(hub().object(resources.secret, { namespace: 'c2', name: ACCOUNT })?.metadata.labels).not.toHaveProperty('cluster.open-cluster-management.io/backup');
  expect(hub().object(resources.managedClusterAddOn, { namespace: 'c3', name: 'managed-serviceaccount' })).not.toBeNull();
  expect(hub().object(resources.manifestWork, { namespace: 'c4', name: WORK })).not.toBeNull();
  const entry = await parts.prisma.auditEntry.findFirstOrThrow({ where: { action: 'hub.removeProtection' } });
  expect(entry).toMatchObject({ actor: 'tester', reason: by.reason, details: { removalId: id, confirm: plan.confirm, objects: plan.targets.length } });
  expect((await parts.removals.items(id, { outcome: 'UNLABELLED' }, { limit: 10 })).items.map(({ namespace, kind }) => [namespace, kind])).toEqual([['c2', 'Secret']]);
}, 360_000);

test('what changes hands after the confirmation is kept; a hub that is away is waited for; PROTECT stops what is left', async () => {
  await parts.hubs.update(hubId, { policy: 'PROTECT' }, (await parts.hubs.get(hubId)).version, by);
  await until('c8 has its account again', async () => (await list()).targets.some(({ kind, namespace }) => kind === 'ManagedServiceAccount' && namespace === 'c8'), 180_000);
  await until('c8 has its work again', async () => (await list()).targets.some(({ kind, namespace }) => kind === 'ManifestWork' && namespace === 'c8'), 180_000);
  await parts.hubs.update(hubId, { policy: 'OBSERVE' }, (await parts.hubs.get(hubId)).version, by);
  await until('nothing is due', async () => (await parts.prisma.tokenWork.count({ where: { hubId, dueAt: { lte: clock.now() } } })) === 0);
  await until('the list stands', async () => (await list()).confirm === (await list()).confirm);
  const { removal } = await parts.removals.remove(hubId, { dryRun: false, confirm: (await list()).confirm }, by);
  const id = removal!.id;
  const { signal } = new AbortController();
  await hub().cutOff();
  expect(await parts.removals.carryOut(id, signal)).toMatchObject({ againInMs: expect.any(Number) as number });
  expect((await parts.removals.get(id)).lastErrorCode).toMatch(/^HUB_/);
  await hub().reconnect();
  await operator.patch(resources.managedServiceAccount, { namespace: 'c8', name: ACCOUNT }, { spec: { rotation: { validity: '999h0m0s' } } }, { patchType: 'merge' });
  hub().faults.add({ verb: 'delete', user: 'lifeboat', namespace: 'c7' }, { type: 'error', code: 500 });
  await until('all but c7 is settled', async () => {
    await parts.removals.carryOut(id, signal);
    return (await parts.removals.items(id, { open: true }, { limit: 200 })).items.every(({ namespace, action }) => namespace === 'c7' || action === 'FOLLOWS');
  }, 300_000);
  const outcome = async (namespace: string, kind: string) => (await parts.removals.items(id, {}, { limit: 200 })).items.find((item) => item.namespace === namespace && item.kind === kind);
  expect(await outcome('c8', 'ManagedServiceAccount')).toMatchObject({ outcome: 'KEPT', detail: 'Also managed by cluster-backup-operator' });
  await parts.hubs.update(hubId, { policy: 'PROTECT' }, (await parts.hubs.get(hubId)).version, by);
  expect(await parts.removals.get(id)).toMatchObject({ status: 'STOPPED' });
  hub().faults.clear();
  hub().ledger.clear();
  expect(await parts.removals.carryOut(id, signal)).toBeUndefined();
  expect(ours().filter((write) => write.startsWith('delete'))).toEqual([]);
}, 300_000);
