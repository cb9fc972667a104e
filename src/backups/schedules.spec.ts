import { ShiftableClock } from '../common/clock.js';
import { Secret } from '../common/secret.js';
import { HubClient } from '../kube/hub-client.js';
import { resources } from '../kube/resources.js';
import { backupSchedule } from '../simulator/scenarios/world-testing.js';
import { SimulatedHub } from '../simulator/simulated-hub.js';
import { Parts } from '../../test/support/parts.js';
import { until } from '../../test/support/until.js';

const by = { actor: 'tester', reason: 'because' };
const REF = { name: 'schedule-acm', namespace: 'open-cluster-management-backup' };

let clock: ShiftableClock;
let hub: SimulatedHub;
let someone: HubClient;
let parts: Parts;
let hubId: string;

const onHub = () => hub.object(resources.backupSchedule, REF);
const writes = (): string[] => hub.ledger.writes({ resource: 'backupschedules', user: 'lifeboat' }).map(({ verb, code }) => `${verb} ${code}`);
/** One schedule after another on the same hub: each test begins with its own, as someone else made it. */
async function begin(spec: Record<string, unknown> = {}): Promise<number> {
  await someone.delete(resources.backupSchedule, REF);
  await someone.create(resources.backupSchedule, backupSchedule(spec));
  hub.ledger.clear();
  return onHub()?.metadata.generation ?? 0;
}
const told = async () => (await parts.schedules.schedules({ hubId }, { limit: 10 })).items[0];

beforeAll(async () => {
  clock = new ShiftableClock();
  hub = await SimulatedHub.start({ name: 'east', clusterId: 'id-east', clock });
  hub.seed([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: REF.namespace } }]);
  hub.addToken('ours', { user: 'lifeboat', groups: ['system:masters'] });
  someone = new HubClient(hub.connection(), { allowLoopback: true, defaultFieldManager: 'someone' });
  parts = await Parts.open(clock);
  await parts.work();
  hubId = (await parts.hubs.register({ name: 'east', server: hub.url, caPem: hub.caPem, token: new Secret('ours') }, by)).id;
});

afterAll(async () => {
  await parts.drop();
  await someone.close();
  await hub.stop();
  expect(parts.errors).toEqual([]);
});

test('a hub without a schedule: nothing to change, and a preview of a first one that asks nobody', async () => {
  await expect(parts.schedules.ofHub(hubId)).rejects.toMatchObject({ code: 'BACKUP_SCHEDULE_NOT_FOUND' });
  await expect(parts.schedules.pause(hubId, by)).rejects.toMatchObject({ code: 'BACKUP_SCHEDULE_NOT_FOUND' });
  await expect(parts.schedules.preview(hubId, {})).rejects.toMatchObject({ code: 'BACKUP_SCHEDULE_INVALID', details: { field: 'cron' } });
  await hub.cutOff();
  const preview = await parts.schedules.preview(hubId, { cron: '0 */4 * * *', veleroTtl: '120h' });
  expect(preview).toMatchObject({ name: null, veleroTtlSeconds: 432_000, tokensKeptBy: 'OPERATOR', clustersInNeed: 0, findings: [] });
  expect(preview.nextRuns).toHaveLength(5);
  expect(preview.nextRuns[0]!.getTime() - clock.now().getTime()).toBeLessThanOrEqual(60_000);
  await hub.reconnect();
});

test('a change touches the fields that are given, in the state that was read', async () => {
  await begin({ noBackupOnStart: true, managedServiceAccountTTL: '300h' });
  await until('it is told', async () => (await told())?.generation === 1);
  const change = (fields: object, version: number) => parts.schedules.changeSchedule(hubId, fields, version, by);
  await expect(parts.schedules.changeSchedule(hubId, { cron: '@daily' }, 1, { actor: 'tester' })).rejects.toMatchObject({ code: 'REASON_REQUIRED' });
  await expect(change({ cron: '0 0 31 2 *' }, 1)).rejects.toMatchObject({ code: 'BACKUP_SCHEDULE_INVALID', details: { field: 'cron' } });
  await expect(change({ cron: '@daily' }, 2)).rejects.toMatchObject({ code: 'VERSION_CONFLICT', details: { expected: 2, found: 1 } });
  expect(writes()).toEqual([]);
  expect(await change({ cron: '@daily' }, 1)).toMatchObject({ cron: '@daily', veleroTtlSeconds: 432_000, tokenTtlSeconds: 1_080_000, generation: 2 });
  expect(await change({ tokenTtl: null, veleroTtl: '240h' }, 2)).toMatchObject({ cron: '@daily', veleroTtlSeconds: 864_000, tokenTtlSeconds: null, generation: 3 });
  expect(onHub()?.spec).toEqual({ veleroSchedule: '@daily', veleroTtl: '240h', useManagedServiceAccount: true, noBackupOnStart: true });
  expect(writes()).toEqual(['patch 200', 'patch 200']);
  await until('the watch tells it', async () => (await told())?.generation === 3);
  const entries = await parts.prisma.auditEntry.findMany({ where: { action: 'hub.changeBackupSchedule' }, orderBy: { id: 'asc' } });
  expect(entries.map(({ reason, details }) => ({ reason, details }))).toEqual([
    { reason: 'because', details: { cron: '@daily', name: 'schedule-acm' } }, { reason: 'because', details: { tokenTtl: null, veleroTtl: '240h', name: 'schedule-acm' } },
  ]);
});

test('a status that moves meanwhile is no conflict; a spec that does is', async () => {
  await begin();
  await until('it is told', async () => (await told())?.generation === 1);
  const revision = Number(onHub()?.metadata.resourceVersion);
  await someone.patch(resources.backupSchedule, REF, { status: { phase: 'Enabled' } }, { patchType: 'merge', subresource: 'status' });
  hub.faults.add({ verb: 'list', resource: 'backupschedules', user: 'lifeboat' }, { type: 'stale', revision }, { times: 1 });
  expect(await parts.schedules.changeSchedule(hubId, { cron: '@daily' }, 1, by)).toMatchObject({ cron: '@daily' });
  expect(writes()).toEqual(['patch 409', 'patch 200']);
  await someone.patch(resources.backupSchedule, REF, { spec: { veleroTtl: '24h' } }, { patchType: 'merge' });
  await expect(parts.schedules.changeSchedule(hubId, { cron: '@weekly' }, 2, by)).rejects.toMatchObject({ code: 'VERSION_CONFLICT', details: { expected: 2, found: 3 } });
});

test('a release that drops spec.paused is found out', async () => {
  await begin();
  hub.faults.add({ verb: 'patch', resource: 'backupschedules' }, { type: 'garbage', body: JSON.stringify(onHub()), contentType: 'application/json' }, { times: 1 });
  await expect(parts.schedules.pause(hubId, by)).rejects.toMatchObject({ code: 'PAUSE_NOT_SUPPORTED' });
  expect(await parts.prisma.auditEntry.count({ where: { action: 'hub.pauseBackupSchedule' } })).toBe(0);
});

test('paused and resumed, with a reason, and put back as it was', async () => {
  await begin();
  await until('it is told', async () => (await told())?.generation === 1);
  expect(await parts.schedules.pause(hubId, by)).toMatchObject({ paused: true });
  expect(onHub()?.spec).toMatchObject({ paused: true, veleroSchedule: '0 */2 * * *' });
  // What is told may still be of the schedule that was there before this test, and go first.
  const findings = (): Promise<readonly { code: string }[]> => parts.schedules.preview(hubId, {}).then((preview) => preview.findings, () => []);
  await until('the preview knows', async () => (await findings()).some(({ code }) => code === 'SCHEDULE_PAUSED'));
  expect(await parts.schedules.resume(hubId, by)).toMatchObject({ paused: false });
  expect((await parts.prisma.auditEntry.findMany({ where: { action: { in: ['hub.pauseBackupSchedule', 'hub.resumeBackupSchedule'] } }, orderBy: { id: 'asc' } })).map(({ action }) => action)).toEqual(['hub.pauseBackupSchedule', 'hub.resumeBackupSchedule']);
});

test('a hub whose fleet has moved is not resumed, and what has collided does not go on by resuming', async () => {
  await begin({ paused: true });
  await someone.patch(resources.backupSchedule, REF, { status: { phase: 'BackupCollision' } }, { patchType: 'merge', subresource: 'status' });
  await expect(parts.schedules.resume(hubId, by)).rejects.toMatchObject({ code: 'BACKUP_COLLISION' });
  await parts.prisma.hub.update({ where: { id: hubId }, data: { fencing: 'FENCED' } });
  await expect(parts.schedules.resume(hubId, by)).rejects.toMatchObject({ code: 'HUB_FENCED' });
  await expect(parts.schedules.changeSchedule(hubId, { paused: false }, 1, by)).rejects.toMatchObject({ code: 'HUB_FENCED' });
  expect(writes()).toEqual([]);
});

test('PUT without tokenTtl leaves it to the operator, whoever had set it', async () => {
  await begin({ managedServiceAccountTTL: '300h' });
  expect(await parts.schedules.putSchedule(hubId, { cron: '@daily', veleroTtl: '120h', useManagedServiceAccount: true }, by)).toMatchObject({ tokenTtlSeconds: null });
  expect(onHub()?.spec).toEqual({ veleroSchedule: '@daily', veleroTtl: '120h', useManagedServiceAccount: true });
});

test('the preview rests on what clusters were granted, on plans, and on the sets that are there', async () => {
  const quiet = await Parts.open(clock);
  const { prisma } = quiet;
  const at = clock.now();
  const unwatched = (id: string, name: string) =>
    quiet.hubsRepository.create({ id, name, apiUrl: 'https://127.0.0.1:1', clusterId: `id-of-${name}`, release: null, kubeVersion: 'v1', storage: null, createdBy: 't', createdAt: at }, { keyId: 'k1', sealed: Buffer.from(''), sealedAt: at });
  const hubId = (await unwatched('01990000-0000-7000-8000-0000000000aa', 'north')).id;
  const other = (await unwatched('01990000-0000-7000-8000-0000000000bb', 'west')).id;
  await prisma.backupSchedule.create({ data: { hubId, name: 's', phase: 'Enabled', cron: '0 */4 * * *', veleroTtlSeconds: 432_000, useManagedServiceAccount: true, paused: false, veleroPaused: false, readAt: at } });
  const facts = { origin: 'IMPORTED', accepted: 'TRUE', joined: 'TRUE', available: 'TRUE', importCondition: 'TRUE', addonPresent: true, addonAvailable: 'TRUE', deleting: false, problems: [], labels: {}, readAt: at };
  await prisma.managedCluster.createMany({ data: [{ name: 'eks' }, { name: 'good' }, { name: 'bare' }, { name: 'hive', origin: 'HIVE' }].map((one) => ({ hubId, ...facts, ...one })) });
  const token = (cluster: string, hours: number) => ({
    hubId, cluster, account: 'auto-import-account', accountPresent: true, validitySeconds: 864_000, refreshedAt: at, expiresAt: new Date(at.getTime() + hours * 3_600_000), secretPresent: true, inBackupSelection: true,
    bindingPresent: true, readAt: at,
  });
  await prisma.autoImportToken.createMany({ data: [token('eks', 24), token('good', 240)] });
  const expiresAt = new Date(at.getTime() + 86_400_000);
  await prisma.backupSet.create({ data: { ownerClusterId: 'id-of-north', credentialsBackup: 'c', status: 'COMPLETE', startedAt: at, expiresAt, firstSeenAt: at } });
  await prisma.recoveryPlan.create({ data: { name: 'p', sourceHubId: hubId, targetHubId: other, rpoSeconds: 86_400, rtoSeconds: 1, backupRule: 'NEWEST_COMPLETE', approvalRequired: true, importWindowSeconds: 1, createdAt: at, createdBy: 't', updatedAt: at } });
  const now = await quiet.schedules.preview(hubId, {});
  expect(now).toMatchObject({ clustersInNeed: 3, clustersKnown: 2, clustersShort: 1, clustersWithoutCover: 0, shortClusters: [{ cluster: 'eks', lifeSeconds: 86_400, lastsSeconds: 43_200 }], plans: [{ name: 'p', met: true }] });
  expect(now.findings.map(({ code }) => code)).toEqual(['SCHEDULE_CLUSTERS_GRANT_LESS']);
  const weekly = await quiet.schedules.preview(hubId, { cron: '@weekly', paused: false });
  expect(weekly.findings.map(({ code }) => code)).toEqual(['SCHEDULE_RPO_NOT_MET', 'SCHEDULE_TTL_LEAVES_GAPS', 'SCHEDULE_TOKENS_END_BEFORE_NEXT_SET', 'SCHEDULE_CLUSTERS_GRANT_LESS']);
  expect((await quiet.schedules.preview(hubId, { paused: true })).findings[1]?.cause ?? '').toContain(expiresAt.toISOString());
  await quiet.drop();
});
