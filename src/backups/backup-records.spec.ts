import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { ShiftableClock } from '../common/clock.js';
import { Secret } from '../common/secret.js';
import type { KubeObject } from '../kube/kube.types.js';
import { resources } from '../kube/resources.js';
import { Bucket } from '../simulator/bucket/bucket.js';
import { eastAndWest, fleetUp, goodFleet, type TestWorld } from '../simulator/scenarios/world-testing.js';
import { leaks } from '../../test/support/canaries.js';
import { Parts } from '../../test/support/parts.js';
import { until } from '../../test/support/until.js';
import type { BackupSet, BackupSetToken } from './backups.types.js';

const by = { actor: 'tester', reason: 'because' };
const namespace = 'open-cluster-management-backup';
const PARTS = { credentials: 'credentials', managedClusters: 'managed-clusters', resources: 'resources', resourcesGeneric: 'resources-generic' } as const;

let clock: ShiftableClock;
let test1: TestWorld;
let bucket: Bucket;
let parts: Parts;
let eastId: string;
let westId: string;
/** Every address that Velero has signed */
const signed: string[] = [];
/** Backups of which no Velero gives any */
const silent = new Set<string>();

const secret = (cluster: string): KubeObject => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'auto-import-account', namespace: cluster } });
const managedCluster = (name: string): KubeObject => ({ apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name } });
const items = { credentials: [secret('c1'), secret('c2')], managedClusters: [managedCluster('c1')], resources: [], resourcesGeneric: [] };

/** As Velero puts it behind a schedule's name. */
const stampOf = (at: Date): string => at.toISOString().replace(/\D/g, '').slice(0, 14);

/** Puts a finished set of a hub into the shared storage; both hubs show it when Velero has synced it. @returns its credentials backup */
function store(owner: string, at: Date, names: (keyof typeof PARTS)[] = ['credentials', 'managedClusters', 'resources', 'resourcesGeneric']): string {
  const stamp = stampOf(at);
  const time = (ms: number): string => `${new Date(at.getTime() + ms).toISOString().slice(0, 19)}Z`;
  for (const type of names) {
    const name = `acm-${PARTS[type]}-schedule-${stamp}`;
    const labels = {
      'cluster.open-cluster-management.io/backup-cluster': owner, 'cluster.open-cluster-management.io/backup-schedule-type': type,
      'cluster.open-cluster-management.io/backup-schedule-name': 'schedule-acm', 'velero.io/schedule-name': `acm-${PARTS[type]}-schedule`,
    };
    const status = { phase: 'Completed', startTimestamp: time(0), completionTimestamp: time(5_000), expiration: time(86_400_000) };
    bucket.put({ name, backup: { apiVersion: 'velero.io/v1', kind: 'Backup', metadata: { name, namespace, labels }, spec: { storageLocation: 'hub-backup-1' }, status }, items: items[type] });
  }
  return `acm-credentials-schedule-${stamp}`;
}

const setOf = async (credentials: string): Promise<BackupSet | undefined> => (await parts.backups.sets({}, { by: 'startedAt', direction: 'DESC' }, { limit: 100 })).items.find(({ credentialsBackup }) => credentialsBackup === credentials);
const recordsOf = async (credentials: string): Promise<string[]> => (await setOf(credentials))?.members.map(({ part, record, recordHubId, problemCode }) => [part, record, recordHubId === eastId ? 'east' : recordHubId === westId ? 'west' : '-', problemCode ?? ''].join(' ')) ?? [];
const tokensOf = async (credentials: string): Promise<BackupSetToken[]> => [...(await parts.backups.setTokens((await setOf(credentials))!.id, {}, { limit: 200 })).items];
const problemOf = async (credentials: string): Promise<string | null> => (await setOf(credentials))?.members[0]?.problemCode ?? null;
const isRead = async (credentials: string): Promise<boolean> => ((await setOf(credentials))?.members ?? []).some(({ part, record }) => part === 'CREDENTIALS' && record === 'READ');
let minutes = 0;
/** Each later than the one before, all in the past. */
const moment = (): Date => new Date(Math.floor(clock.now().getTime() / 1000) * 1000 - 3_600_000 + (minutes += 1) * 60_000);

beforeAll(async () => {
  clock = new ShiftableClock();
  bucket = await Bucket.start({ clock, tls: true });
  const sign = bucket.sign.bind(bucket);
  bucket.sign = (kind, name) => {
    if (silent.has(name)) throw new Error('Velero is asleep');
    const answer = sign(kind, name);
    signed.push(answer.url);
    return answer;
  };
  test1 = await eastAndWest({ clock, fleet: goodFleet('c1', 'c2', 'c3'), bucket, both: { tokens: 'off' } });
  await fleetUp(test1);
  // The sets of this file are of the past hour, and younger than the clusters.
  clock.advance(2 * 3_600_000);
  parts = await Parts.open(clock);
  await parts.work();
  [eastId, westId] = (await Promise.all([test1.east, test1.west].map((hub) => parts.hubs.register({ name: hub.name, kubeconfig: new Secret(hub.kubeconfig()) }, by)))).map(({ id }) => id) as [string, string];
  await until('the fleet is known', async () => (await parts.fleet.list({ hubId: eastId }, { by: 'name', direction: 'ASC' }, { limit: 10 })).items.length >= 3);
}, 300_000);

afterAll(async () => {
  await parts.drop();
  await test1.stop();
  await bucket.stop();
  expect(parts.errors).toEqual([]);
});

test('the hub that made the backups is asked for the list of each, and never for more', async () => {
  // The other one may show a part before: then that one is asked.
  test1.world.turn('west', { halfSync: 1 });
  const name = store('id-of-east', moment());
  await until('every record is read', async () => (await recordsOf(name)).filter((one) => one.includes(' READ ')).length === 4);
  test1.world.turn('west', { halfSync: 0 });
  expect(await recordsOf(name)).toEqual(['CREDENTIALS READ east ', 'MANAGED_CLUSTERS READ east ', 'RESOURCES READ east ', 'GENERIC READ east ']);
  const asked = test1.east.ledger.writes({ fieldManager: 'lifeboat' }).filter(({ verb }) => verb === 'create');
  expect(asked.map(({ resource }) => resource)).toEqual(asked.map(() => 'downloadrequests'));
  const tokens = await tokensOf(name);
  expect(tokens.map(({ cluster, belief, evidenceKind, evidenceHubId }) => [cluster, belief, evidenceKind, evidenceHubId])).toEqual(expect.arrayContaining([
    ['c1', 'VERIFIED_IN', 'RESOURCE_LIST', eastId], ['c2', 'VERIFIED_IN', 'RESOURCE_LIST', eastId],
  ]));
  await until('the ages of all are judged', async () => (await setOf(name))?.clusterCounts.VERIFIED_OUT === 2);
  const clusters = (await parts.backups.setClusters((await setOf(name))!.id, {}, { limit: 10 })).items;
  // By their age c2 and c3 should be inside: the record decides, and the contradiction is told.
  expect(clusters.map(({ cluster, belief, conflict }) => [cluster, belief, conflict !== null])).toEqual([['c1', 'VERIFIED_IN', false], ['c2', 'VERIFIED_OUT', true], ['c3', 'VERIFIED_OUT', true]]);
  expect(clusters.find(({ cluster }) => cluster === 'c1')).toMatchObject({ evidenceHubId: eastId, hasAccount: false, hasBinding: false });
});

test('every question is taken away again, and no signed address is kept anywhere', async () => {
  for (const hub of [test1.east, test1.west]) expect(hub.objects(resources.downloadRequest, namespace)).toEqual([]);
  expect(await parts.prisma.downloadRequest.findMany()).toEqual([]);
  expect(signed.length).toBeGreaterThanOrEqual(4);
  const tables = await parts.sql.query<{ name: string }>(`SELECT tablename AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`);
  const places = new Map<string, string>();
  for (const { name } of tables) {
    const rows = await parts.sql.query<{ text: string | null }>(`SELECT string_agg(t::text, ' ') AS text FROM (SELECT * FROM "${name}" LIMIT 100000) AS t`).catch(() => []);
    places.set(name, rows[0]?.text ?? '');
  }
  const canaries = new Map(signed.map((url, index): [string, string] => [`url ${index}`, new URL(url).searchParams.get('X-Amz-Signature') ?? '']));
  expect(places.size).toBeGreaterThan(20);
  expect(leaks(canaries, places)).toEqual([]);
});

const list = gzipSync(JSON.stringify({ 'v1/Secret': ['c1/auto-import-account'] }));
const send = (body: Buffer) => (response: ServerResponse) => void response.writeHead(200).end(body);

test.each([
  { because: 'a redirect to a private address', code: 'DOWNLOAD_REDIRECT_REFUSED', answer: (response: ServerResponse) => void response.writeHead(307, { location: 'http://10.0.0.1/latest/meta-data/' }).end() },
  { because: 'it is not there', code: 'DOWNLOAD_REFUSED', answer: (response: ServerResponse) => void response.writeHead(404).end() },
  { because: 'it is no gzip', code: 'DOWNLOAD_DAMAGED', answer: send(Buffer.from('{"v1/Secret": []}')) },
  { because: 'it is cut short', code: 'DOWNLOAD_DAMAGED', answer: send(list.subarray(0, 30)) },
  { because: 'it is no JSON', code: 'BACKUP_RECORD_MALFORMED', answer: send(gzipSync('<html>')) },
  { because: 'it is another JSON', code: 'BACKUP_RECORD_MALFORMED', answer: send(gzipSync('[1]')) },
  { because: 'its names are none', code: 'BACKUP_RECORD_MALFORMED', answer: send(gzipSync('{"v1/Secret": ["../../etc/passwd"]}')) },
  { because: 'it says that it is huge', code: 'DOWNLOAD_TOO_LARGE', answer: (response: ServerResponse) => void response.writeHead(200, { 'content-length': 100_000_000 }).write(list) },
  { because: 'it drips', code: 'DOWNLOAD_TIMEOUT', answer: (response: ServerResponse) => void response.writeHead(200).write(list.subarray(0, 10)) },
])('$code is told on the set, and nothing is believed of it: $because', async ({ code, answer }) => {
  const at = moment();
  bucket.misbehave(`acm-credentials-schedule-${stampOf(at)}`, answer);
  const name = store('id-of-east', at, ['credentials']);
  await until('it is told', async () => (await problemOf(name)) === code);
  const set = await setOf(name);
  expect(set?.members[0]).toMatchObject({ record: 'WAITING', recordReadAt: null });
  expect(set?.members[0]?.problemDetail).not.toContain('X-Amz');
  expect(set?.tokenCounts).toMatchObject({ VERIFIED_IN: 0, VERIFIED_OUT: 0 });
  for (const hub of [test1.east, test1.west]) expect(hub.objects(resources.downloadRequest, namespace)).toEqual([]);
});

test('what went wrong is tried again later', async () => {
  const at = moment();
  const name = `acm-credentials-schedule-${stampOf(at)}`;
  bucket.misbehave(name, (response) => void response.writeHead(503).end());
  store('id-of-east', at, ['credentials']);
  await until('it is told', async () => (await problemOf(name)) === 'DOWNLOAD_REFUSED');
  bucket.misbehave(name, null);
  clock.advance(61_000);
  await parts.recordsProcessor.sweep();
  await until('it is read', () => isRead(name));
  expect((await setOf(name))?.members[0]).toMatchObject({ problemCode: null, problemDetail: null });
});

test('a set that another hub\u2019s doings cast doubt on says so, for good', async () => {
  const [first, foreign, last] = [store('id-of-east', moment(), ['credentials']), store('id-of-west', moment(), ['credentials']), store('id-of-east', moment(), ['credentials'])];
  await until('it is told', async () => (await setOf(last))?.tainted?.includes('id-of-west') === true);
  for (const clean of [first, foreign]) {
    await until('it is known', async () => (await setOf(clean)) !== undefined);
    expect((await setOf(clean))?.tainted).toBeNull();
  }
  bucket.delete(foreign);
  await until('its trace is gone', async () => !test1.east.objects(resources.veleroBackup, namespace).some(({ metadata }) => metadata.name === foreign));
  await parts.backupsProcessor.sweep();
  expect((await setOf(last))?.tainted).toContain('id-of-west');
});

test('a process that died leaves its question to the sweep', async () => {
  const name = 'lifeboat-of-a-process-that-died';
  await parts.prisma.downloadRequest.create({ data: { name, hubId: eastId, createdAt: clock.now() } });
  await test1.world.hub('east').client.create(resources.downloadRequest, { apiVersion: 'velero.io/v1', kind: 'DownloadRequest', metadata: { name, namespace }, spec: { target: { kind: 'BackupResourceList', name: 'no-such-backup' } } });
  await parts.recordsProcessor.sweep();
  expect(test1.east.object(resources.downloadRequest, { name, namespace })).not.toBeNull();
  clock.advance(6 * 60_000);
  await parts.recordsProcessor.sweep();
  expect(test1.east.object(resources.downloadRequest, { name, namespace })).toBeNull();
  expect(await parts.prisma.downloadRequest.findMany({ where: { name } })).toEqual([]);
});

test('a Velero that never answers is not waited for, and that is told', async () => {
  const at = moment();
  silent.add(`acm-credentials-schedule-${stampOf(at)}`);
  const name = store('id-of-east', at, ['credentials']);
  await until('it is told', async () => (await problemOf(name)) === 'BACKUP_RECORD_NOT_ANSWERED');
  expect(test1.east.objects(resources.downloadRequest, namespace)).toEqual([]);
});

test('where the hub that made the backup cannot be asked, another one that shows it is', async () => {
  test1.east.serve(resources.downloadRequest, false);
  const at = moment();
  const name = `acm-credentials-schedule-${stampOf(at)}`;
  bucket.misbehave(name, (response) => void response.writeHead(503).end());
  store('id-of-east', at, ['credentials']);
  await until('both hubs show it', async () => (await setOf(name))?.shownByHubIds.length === 2);
  bucket.misbehave(name, null);
  clock.advance(3_700_000);
  await parts.recordsProcessor.sweep();
  await until('it is read', () => isRead(name));
  expect(await recordsOf(name)).toEqual(['CREDENTIALS READ west ']);
  test1.east.serve(resources.downloadRequest, true);
});

test('with the hub that made it dead, the other one tells what is inside', async () => {
  await test1.world.cutOff('east');
  await until('it is gone', async () => (await parts.hubs.get(eastId)).reachability === 'UNREACHABLE');
  const name = store('id-of-east', moment());
  await until('every record is read', async () => (await recordsOf(name)).filter((one) => one.includes(' READ west ')).length === 4);
  expect((await tokensOf(name)).map(({ cluster, belief, evidenceHubId }) => [cluster, belief, evidenceHubId])).toEqual(expect.arrayContaining([['c1', 'VERIFIED_IN', westId], ['c2', 'VERIFIED_IN', westId]]));
});
