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
}, 60_000);

afterAll(async () => {
  await parts.drop();
  await test1.stop();
  expect(parts.errors).toEqual([]);
});

test('a schedule is refused where it breaks a rule, and nothing is written', async () => {
  const put = (change: object, who: object = by) => parts.backups.putSchedule(eastId, { ...schedule, ...change }, who as never);
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
  const put = await parts.backups.putSchedule(eastId, schedule, by);
  expect(put).toMatchObject({ hubId: eastId, name: 'schedule-acm', cron: '0 */2 * * *', veleroTtlSeconds: 432_000, useManagedServiceAccount: true, paused: false });
  await until('the schedule is enabled', async () => (await parts.backups.schedules({ hubId: eastId }, { limit: 10 })).items[0]?.phase === 'Enabled');
  await until('a set is complete', async () => (await newest())?.status === 'COMPLETE');
  const set = await newest();
  await until('it is decided', async () => (await tokensOf(set!.id)).length > 0 && (await tokensOf(set!.id)).every(({ belief }) => belief !== 'UNKNOWN'));
  const tokens = await tokensOf(set!.id);
  expect(tokens.filter(({ belief }) => belief === 'INFERRED_IN').map(({ cluster }) => cluster)).toEqual(withToken);
  expect(tokens.filter(({ belief }) => belief === 'INFERRED_OUT').map(({ cluster }) => cluster)).toEqual([...fleet.names('asleep'), ...fleet.names('lateToken')].sort());
  // What was believed is what Velero took.
  const captured = test1.world.bucket.list().find(({ name }) => name === set!.credentialsBackup)?.items.filter(({ metadata }) => metadata.name === 'auto-import-account').map(({ metadata }) => metadata.namespace);
  expect(captured?.filter((name) => !fleet.names('hosted').includes(name ?? '')).sort()).toEqual(withToken);
  for (const token of tokens.filter(({ belief }) => belief === 'INFERRED_IN')) expect(token.expiresAt).not.toBeNull();
}, 60_000);

test('the other hub shows the set once Velero has synced it, and its passive sync proves what is inside', async () => {
  await until('west shows it', async () => (await newest())?.shownByHubIds.includes(westId) === true);
  const set = await newest();
  await test1.world.hub('west').client.create(resources.restore, acmRestore({ veleroManagedClustersBackupName: 'skip', syncRestoreWithNewBackups: true, restoreSyncInterval: '30m' }, 'restore-sync'));
  const believed = (await tokensOf(set!.id)).filter(({ belief }) => belief === 'INFERRED_IN').map(({ cluster }) => cluster);
  await until('it is proved', async () => (await tokensOf(set!.id)).filter(({ belief }) => belief === 'VERIFIED_IN').length >= believed.length);
  const tokens = await tokensOf(set!.id);
  expect(tokens.filter(({ belief }) => belief === 'VERIFIED_IN').map(({ cluster }) => cluster)).toEqual(believed);
  expect(tokens.filter(({ belief, expiresAt }) => belief === 'VERIFIED_IN' && expiresAt === null)).toEqual([]);
}, 60_000);

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
}, 60_000);

test('a second schedule under another name is refused: the operator would ignore it', async () => {
  await parts.backups.putSchedule(westId, { ...schedule, name: 'mine', paused: true }, by);
  await expect(parts.backups.putSchedule(westId, { ...schedule, name: 'other' }, by)).rejects.toMatchObject({ code: 'BACKUP_SCHEDULE_EXISTS' });
  const changed = await parts.backups.putSchedule(westId, { ...schedule, cron: '@daily', tokenTtl: '300h' }, by);
  expect(changed).toMatchObject({ name: 'mine', cron: '@daily', tokenTtlSeconds: 1_080_000 });
  test1.west.serve(resources.backupSchedule, false);
  await expect(parts.backups.putSchedule(westId, schedule, by)).rejects.toMatchObject({ code: 'BACKUP_NOT_INSTALLED' });
});
