import { Logger } from '@nestjs/common';
import { ManualClock } from '../common/clock.js';
import { Secret } from '../common/secret.js';
import type { PlansService } from '../recovery/plans/plans.service.js';
import { ClusterRegistry, type ManagedClusterSim } from '../simulator/actors/clusters.js';
import { ClusterFront } from '../simulator/server/cluster-front.js';
import { SimulatedHub } from '../simulator/simulated-hub.js';
import { leaks } from '../../test/support/canaries.js';
import { Parts } from '../../test/support/parts.js';
import { until } from '../../test/support/until.js';
import { RecoveryParts } from '../../test/support/recovery-parts.js';
import { CheckTokensProcessor } from './check-tokens.processor.js';
import { DeepChecker, DeepCheckLimits } from './deep-checker.service.js';
import { DeepChecksReconciler } from './deep-checks.reconciler.js';
import { DeepChecksRepository } from './deep-checks.repository.js';
import { ProbesRepository } from './probes.repository.js';
import { ProbesService } from './probes.service.js';
import { toPathView } from './probes.models.js';
import type { TargetPath } from './probes.types.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const start = new Date('2026-11-24T12:00:00Z');
const by = { actor: 'ann', reason: 'because' };
const NS = 'open-cluster-management-agent-addon';
const ACCOUNT = 'auto-import-account';
const PAIR = 'auto-import-account-pair';
const names = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8'];

const clock = new ManualClock(start);
const clusters = new ClusterRegistry();
const canaries = new Map<string, string>();
/** The newest of each cluster */
const tokens = new Map<string, string>();
const logged: string[] = [];
const errors: string[] = [];
const answered: string[] = [];
let parts: Parts;
let recovery: RecoveryParts;
let plans: PlansService;
let east: SimulatedHub;
let west: SimulatedHub;
let front: ClusterFront;
let repository: DeepChecksRepository;
let reconciler: DeepChecksReconciler;
let processor: CheckTokensProcessor;
let service: ProbesService;
let hubs: [string, string];
let planId: string;

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const binding = (account: string) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'managedserviceaccount-import' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'klusterlet-bootstrap-kubeconfig' }, subjects: [{ kind: 'ServiceAccount', name: account, namespace: NS }],
});
const WORK = 'addon-managed-serviceaccount-import';
const bind = (cluster: ManagedClusterSim): void => cluster.applyWork(WORK, [binding(ACCOUNT)]);

const tokenSecret = (name: string, token: string, ca: string, account = ACCOUNT) => ({
  apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata: { name: account, namespace: name }, data: { token: base64(token), 'ca.crt': base64(ca) },
});

/** The agent reports a token, and the watchers tell of it. */
async function report(name: string, account = ACCOUNT): Promise<void> {
  const cluster = clusters.get(name);
  cluster.ensureAccount(NS, account);
  const { token, expiresAt } = cluster.requestToken(NS, account, 60 * DAY_MS, clock.now());
  canaries.set(`${account} of ${name} of ${clock.now().toISOString()}`, token);
  tokens.set(name, token);
  east.seed([tokenSecret(name, token, front.caPem, account)]);
  const [key, refreshedAt] = [{ hubId: hubs[0], cluster: name, account }, clock.now()];
  const row = { accountPresent: true, secretPresent: true, inBackupSelection: true, bindingPresent: true, expiresAt, refreshedAt, readAt: refreshedAt };
  await parts.prisma.autoImportToken.upsert({ where: { hubId_cluster_account: key }, create: { ...key, ...row }, update: row });
  await parts.prisma.tokenIncarnation.updateMany({ where: { ...key, endedAt: null }, data: { endedAt: refreshedAt } });
  await parts.prisma.tokenIncarnation.create({ data: { ...key, secretUid: 'uid', refreshedAt, expiresAt, seenAt: refreshedAt } });
}

/** A whole set of every token as it is now, on both hubs. */
async function backUp(): Promise<void> {
  const at = clock.now();
  const [credentialsBackup, resourcesBackup, managedClustersBackup] = ['credentials', 'resources', 'clusters'].map((part) => `${part}-${at.getTime()}`) as [string, string, string];
  const { id } = await parts.prisma.backupSet.create({
    data: { ownerClusterId: 'id-of-east', credentialsBackup, resourcesBackup, managedClustersBackup, status: 'COMPLETE', startedAt: at, managedClustersStartedAt: at, completedAt: at, expiresAt: new Date(at.getTime() + 90 * DAY_MS), firstSeenAt: at },
  });
  await parts.sql.query(
    `INSERT INTO backup_set_token (set_id, cluster, account, belief, expires_at, refreshed_at, evidence, decided_at) SELECT $1, cluster, account, 'INFERRED_IN', expires_at, refreshed_at, 'labelled', $2 FROM auto_import_token`, [id, at]);
  await parts.prisma.backup.createMany({ data: hubs.flatMap((hubId) => [credentialsBackup, resourcesBackup, managedClustersBackup].map((name) => ({ hubId, name, ownerClusterId: 'id-of-east', phase: 'Completed', readAt: at }))) });
}

async function know(name: string, apiUrl = front.urlOf(name), caBundle: string | null = null): Promise<void> {
  east.seed([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    { apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name }, spec: { hubAcceptsClient: true, managedClusterClientConfigs: [{ url: apiUrl, ...(caBundle === null ? {} : { caBundle: base64(caBundle) }) }] } },
  ]);
  await parts.prisma.managedCluster.create({
    data: {
      hubId: hubs[0], name, origin: 'IMPORTED', apiUrl, labels: {}, accepted: 'TRUE', joined: 'TRUE', available: 'TRUE', importCondition: 'TRUE', addonPresent: true, addonAvailable: 'TRUE', deleting: false, problems: [],
      createdOnHubAt: new Date(start.getTime() - 9 * DAY_MS), readAt: start,
    },
  });
}

beforeAll(async () => {
  [east, west] = await Promise.all([SimulatedHub.start({ name: 'east', clusterId: 'id-of-east', seed: 1, clock }), SimulatedHub.start({ name: 'west', clusterId: 'id-of-west', seed: 2, clock })]);
  front = await ClusterFront.start(clusters, clock);
  parts = await Parts.open(clock);
  const noteIn = (...places: string[][]) => (...told: unknown[]): void => {
    const line = JSON.stringify(told, (_, value: unknown) => (value instanceof Error ? { ...value, message: value.message, stack: value.stack } : value));
    for (const place of places) place.push(line);
  };
  const [note, noteError] = [noteIn(logged), noteIn(logged, errors)];
  Logger.overrideLogger({ log: note, warn: note, debug: note, verbose: note, error: noteError, fatal: noteError });
  recovery = new RecoveryParts(parts);
  ({ plans } = recovery);
  await parts.jobs.onModuleInit();
  repository = new DeepChecksRepository(parts.sql);
  reconciler = new DeepChecksReconciler(repository, new DeepChecker(parts.connections, { ...new DeepCheckLimits(), perSecond: 500 }), parts.connections, parts.jobs, clock);
  processor = new CheckTokensProcessor(parts.jobs, repository, reconciler, clock, parts.config);
  service = new ProbesService(new ProbesRepository(parts.sql), repository, plans, parts.jobs, parts.audit, clock);
  hubs = (await Promise.all([east, west].map((hub) => parts.hubs.register({ name: hub.name, kubeconfig: new Secret(hub.kubeconfig()) }, by)))).map(({ id }) => id) as [string, string];
  await parts.sql.query('UPDATE hub SET storage = NULL');
  await parts.prisma.hubWatch.createMany({ data: hubs.flatMap((hubId) => ['MANAGED_CLUSTER', 'TOKEN_SECRET', 'VELERO_BACKUP'].map((kind) => ({ hubId, kind, phase: 'WATCHING', listedAt: start, heardAt: start, epoch: 1n }))) });
  planId = (await plans.create({ name: 'plan', sourceHubId: hubs[0], targetHubId: hubs[1] }, by)).id;
  for (const name of names) bind(clusters.add({ name, kind: 'openshift', hub: 'east' }));
  for (const name of names.slice(0, 6)) await know(name);
  await know('c7', front.urlOf('c7'), front.caPem);
  await know('c8', 'https://169.254.169.254/c8');
  for (const name of names) await report(name);
  await backUp();
}, 300_000);

afterAll(async () => {
  await parts.jobs.beforeApplicationShutdown();
  await parts.jobs.onApplicationShutdown();
  await parts.drop();
  await Promise.all([east.stop(), west.stop(), front.stop()]);
});

const list = async (filter = {}): Promise<readonly TargetPath[]> => {
  const { items } = await service.list(planId, filter, { limit: 50 });
  answered.push(JSON.stringify(items.map(toPathView)));
  return items;
};
const short = async (): Promise<string[]> => (await list()).map(({ cluster, deepCheck }) => `${cluster} ${deepCheck?.state ?? '-'}${deepCheck?.lastAttempt && !deepCheck.lastAttempt.detail.startsWith(deepCheck.detail) ? ' kept' : ''}`);
async function pass(): Promise<void> {
  await repository.arrange(clock.now());
  while ((await reconciler.checkHub(hubs[0])) !== undefined);
}
async function verdicts(): Promise<Record<string, string>> {
  await recovery.readiness.compute(planId);
  const { items } = await recovery.readiness.clustersOfPlan(planId, {}, { by: 'cluster', direction: 'ASC' }, { limit: 50 });
  answered.push(JSON.stringify(items));
  return Object.fromEntries(items.map(({ cluster, verdict, code }) => [cluster, `${verdict} ${code ?? '-'}`]));
}
const askedOf = (name: string): number => front.reviews.filter(({ cluster }) => cluster === name).length;
const moved = (ms: number): void => clock.advance(ms);

test('unless the plan asks for it, no token is read', async () => {
  await pass();
  await processor.sweep();
  expect(await list()).toEqual([]);
  expect(front.reviews).toEqual([]);
  expect(await verdicts()).toEqual(Object.fromEntries(names.map((name) => [name, 'READY -'])));
});

test('turned on, which is audited, each cluster is asked what it makes of its token', async () => {
  clusters.get('c2').removeWork(WORK, clock.now());
  clusters.get('c3').removeAccount(NS, ACCOUNT);
  clusters.get('c3').ensureAccount(NS, ACCOUNT);
  clusters.get('c4').sleep();
  // Nobody knows by whom c6's certificate is signed; of c7 the ManagedCluster tells
  east.seed([tokenSecret('c5', 'two words\r\nX-Evil: 1', front.caPem), ...['c6', 'c7'].map((name) => tokenSecret(name, tokens.get(name)!, 'ca of somebody'))]);
  await plans.update(planId, { deepCheck: true }, 1, by);
  const [entry] = await parts.prisma.auditEntry.findMany({ where: { action: 'plan.update' } });
  expect(entry).toMatchObject({ actor: 'ann', details: { deepCheck: true } });

  expect(await verdicts()).toEqual(Object.fromEntries(names.map((name) => [name, 'READY TOKEN_NOT_CHECKED'])));
  await pass();
  expect(await short()).toEqual(['c1 PASSED', 'c2 DENIED', 'c3 REFUSED', 'c4 UNREACHABLE', 'c5 UNKNOWN', 'c6 UNKNOWN', 'c7 PASSED', 'c8 UNKNOWN']);
  expect(await verdicts()).toEqual({
    c1: 'READY -', c2: 'NOT_READY TOKEN_RIGHTS_MISSING', c3: 'NOT_READY TOKEN_REFUSED_BY_CLUSTER', c4: 'READY TOKEN_NOT_CHECKED', c5: 'READY TOKEN_NOT_CHECKED', c6: 'READY TOKEN_NOT_CHECKED', c7: 'READY -', c8: 'READY TOKEN_NOT_CHECKED',
  });
  expect(front.reviews.map(({ cluster, status, allowed }) => [cluster, status, allowed]).sort()).toEqual([['c1', 201, true], ['c2', 201, false], ['c3', 401, false], ['c7', 201, true]]);
  await pass(); // nothing is due
  expect(front.reviews).toHaveLength(4);
  expect(east.ledger.writes({ fieldManager: 'lifeboat' })).toEqual([]);
});

test('nobody gets a token whose certificate no authority of the cluster has signed', async () => {
  expect(front.shown.some((header) => header.includes(tokens.get('c6')!))).toBe(false);
  expect((await list({ cluster: 'c6' }))[0]?.deepCheck).toMatchObject({ state: 'UNKNOWN', account: ACCOUNT, detail: expect.stringContaining('was not sent') as string });
});

test('a binding that is broken on the cluster shows within the day, and the mended one within the hour', async () => {
  clusters.get('c1').removeWork(WORK, clock.now());
  moved(1.5 * DAY_MS);
  await pass();
  expect((await verdicts())['c1']).toBe('NOT_READY TOKEN_RIGHTS_MISSING');
  const { items: [row] } = await recovery.readiness.clustersOfPlan(planId, { code: 'TOKEN_RIGHTS_MISSING', name: 'c1' }, { by: 'cluster', direction: 'ASC' }, { limit: 1 });
  expect(row).toMatchObject({ predictedOutcome: 'TOKEN_REJECTED', findings: [{ checkedAt: clock.now(), since: clock.now(), cause: expect.stringContaining('may not update the Secret bootstrap-hub-kubeconfig') as string }] });
  bind(clusters.get('c1'));
  moved(HOUR_MS);
  await pass();
  expect((await verdicts())['c1']).toBe('READY -');
});

test('a token that was refreshed is tried at once, and only that one; somebody may ask, too', async () => {
  const before = front.reviews.length;
  moved(60_000);
  await report('c3');
  await pass();
  expect(front.reviews.slice(before).map(({ cluster, status }) => [cluster, status])).toEqual([['c3', 201]]);
  // What passed is newer than what the backup holds, of which nothing more is said
  expect(await short()).toContain('c3 PASSED');
  await pass();
  expect(front.reviews).toHaveLength(before + 1);
  expect(await service.probeNow(planId, 'c3', by)).toBe(1);
  await pass();
  expect(front.reviews).toHaveLength(before + 2);
});

test('a refused token counts against the set that holds it, not against one with a newer', async () => {
  clusters.get('c3').removeAccount(NS, ACCOUNT);
  moved(1.5 * DAY_MS);
  await pass();
  expect((await verdicts())['c3']).toBe('NOT_READY TOKEN_REFUSED_BY_CLUSTER');
  // The next set holds the next token, of which the cluster has said nothing yet
  moved(60_000);
  await report('c3');
  await backUp();
  expect((await verdicts())['c3']).toBe('READY TOKEN_NOT_CHECKED');
  await pass();
  expect((await verdicts())['c3']).toBe('READY -');
});

test('what was learned stays while Lifeboat meets nobody, and does not turn into good news when it is too old', async () => {
  moved(HOUR_MS);
  await pass();
  expect((await verdicts())['c2']).toBe('NOT_READY TOKEN_RIGHTS_MISSING');
  clusters.get('c2').sleep();
  moved(HOUR_MS);
  await pass();
  expect(await short()).toContain('c2 DENIED kept');
  expect((await verdicts())['c2']).toBe('NOT_READY TOKEN_RIGHTS_MISSING');
  moved(3 * DAY_MS);
  await pass();
  expect((await verdicts())['c2']).toBe('UNKNOWN TOKEN_NOT_CHECKED');
});

test('a source hub that is away, or gives no Secret, is asked once for all; what was learned stays', async () => {
  const before = await short();
  await east.cutOff();
  moved(1.5 * DAY_MS);
  await pass();
  expect((await short()).filter((one) => one.includes('PASSED'))).toEqual(before.filter((one) => one.includes('PASSED')).map((one) => `${one} kept`));
  await east.reconnect();
  const stop = east.faults.add({ verb: 'list', resource: 'secrets' }, { type: 'error', code: 403 });
  const asked = front.reviews.length;
  moved(HOUR_MS);
  await pass();
  stop();
  expect(front.reviews).toHaveLength(asked);
  expect((await list({ cluster: 'c1' }))[0]?.deepCheck).toMatchObject({ state: 'PASSED', lastAttempt: { detail: expect.stringContaining('HUB_FORBIDDEN') as string } });
  moved(HOUR_MS);
  await pass();
  expect(await short()).toContain('c1 PASSED');
});

test('another API URL makes all void, and is tried at once', async () => {
  clusters.add({ name: 'c1-moved', kind: 'openshift', hub: 'east' });
  await parts.prisma.managedCluster.updateMany({ where: { name: 'c1' }, data: { apiUrl: front.urlOf('c1-moved') } });
  await repository.arrange(clock.now());
  expect(await short()).toContain('c1 -');
  await pass();
  // Another cluster stands there, which does not know the token
  expect((await verdicts())['c1']).toBe('NOT_READY TOKEN_REFUSED_BY_CLUSTER');
  await parts.prisma.managedCluster.updateMany({ where: { name: 'c1' }, data: { apiUrl: front.urlOf('c1') } });
  await pass();
  expect((await verdicts())['c1']).toBe('READY -');
});

test.each<{ because: string; code: number; body: (token: string) => string; headers: Record<string, string>; state: string }>([
  { because: 'it sends the token back in its words', code: 401, body: (token: string) => JSON.stringify({ kind: 'Status', message: token }), headers: {}, state: 'REFUSED' },
  { because: 'it sends the token back in a 500', code: 500, body: (token: string) => JSON.stringify({ kind: 'Status', message: token, reason: token }), headers: {}, state: 'UNKNOWN' },
  { because: 'it sends us elsewhere', code: 307, body: () => '', headers: { location: 'https://169.254.169.254/' }, state: 'UNKNOWN' },
  { because: 'it says more than anybody asked for', code: 201, body: () => `"${'x'.repeat(20_000_000)}"`, headers: {}, state: 'UNKNOWN' },
  { because: 'it says yes to nothing', code: 201, body: (token: string) => JSON.stringify({ status: { allowed: token } }), headers: {}, state: 'UNKNOWN' },
])('a cluster that means ill learns nothing new: $because', async ({ code, body, headers, state }) => {
  await parts.sql.query(`UPDATE target_path SET deep_state = NULL, deep_detail = NULL, deep_at = NULL WHERE cluster = 'c1'`);
  front.instead = (name, exchange) => {
    if (name !== 'c1') return false;
    exchange.json(code, body(exchange.header('authorization')?.slice('Bearer '.length) ?? ''), headers);
    return true;
  };
  await service.probeNow(planId, 'c1', by);
  await pass();
  front.instead = null;
  expect((await list({ cluster: 'c1' }))[0]?.deepCheck?.state).toBe(state);
});

test('a worker that ends gives back what it has not tried', async () => {
  await service.probeNow(planId, null, by);
  const before = front.reviews.length;
  expect(await reconciler.checkHub(hubs[0], AbortSignal.abort())).toBeUndefined();
  expect(front.reviews).toHaveLength(before);
  expect(await repository.hubsWithDueChecks(clock.now())).toEqual([hubs[0]]);
  await pass();
  expect(await repository.hubsWithDueChecks(clock.now())).toEqual([]);
});

test('two plans of one hub ask once', async () => {
  const other = await plans.create({ name: 'other', sourceHubId: hubs[0], targetHubId: hubs[1], deepCheck: true }, by);
  moved(1.5 * DAY_MS);
  const before = askedOf('c7');
  await pass();
  expect(askedOf('c7')).toBe(before + 1);
  const rows = await parts.prisma.targetPath.findMany({ where: { cluster: 'c7' }, select: { deepState: true, deepAt: true } });
  expect(rows).toEqual([{ deepState: 'PASSED', deepAt: clock.now() }, { deepState: 'PASSED', deepAt: clock.now() }]);
  await plans.archive(other.id, by);
  await repository.arrange(clock.now());
  expect(await parts.prisma.targetPath.count({ where: { planId: other.id } })).toBe(0);
});

test('where the first token is no good, the other account’s is tried too, and that decides', async () => {
  moved(60_000);
  await report('c7', PAIR);
  clusters.get('c7').applyWork(`${WORK}-pair`, [binding(PAIR)]);
  await backUp();
  await pass();
  const before = askedOf('c7');
  clusters.get('c7').removeAccount(NS, ACCOUNT);
  await service.probeNow(planId, 'c7', by);
  await pass();
  expect(askedOf('c7')).toBe(before + 2);
  expect((await list({ cluster: 'c7' }))[0]?.deepCheck).toMatchObject({ state: 'REFUSED', account: ACCOUNT, detail: expect.stringContaining(`takes the token of ${PAIR}`) as string });
  expect((await verdicts())['c7']).toBe('AT_RISK TOKEN_REFUSED_BY_CLUSTER');
  clusters.get('c7').removeWork(`${WORK}-pair`, clock.now());
  moved(HOUR_MS);
  await pass();
  expect((await verdicts())['c7']).toBe('NOT_READY TOKEN_REFUSED_BY_CLUSTER');
  await report('c7');
  await backUp();
});

test('a Secret without a token is known without asking anybody', async () => {
  const before = askedOf('c1');
  east.seed([{ ...tokenSecret('c1', '', front.caPem), data: { 'ca.crt': base64(front.caPem) } }]);
  await service.probeNow(planId, 'c1', by);
  await pass();
  expect(askedOf('c1')).toBe(before);
  expect((await list({ cluster: 'c1' }))[0]?.deepCheck).toMatchObject({ state: 'EMPTY', account: ACCOUNT });
  // It was whole when the last set was made, as far as anybody knows
  expect((await verdicts())['c1']).toBe('UNKNOWN TOKEN_EMPTY');
  moved(HOUR_MS);
  await backUp();
  expect((await verdicts())['c1']).toBe('NOT_READY TOKEN_EMPTY');
  moved(60_000);
  await report('c1');
  await backUp();
  await pass();
  expect((await verdicts())['c1']).toBe('READY -');
});

test('turned off, all is forgotten and counts no more', async () => {
  await plans.update(planId, { deepCheck: false }, 2, by);
  expect((await verdicts())['c2']).toBe('READY -');
  const before = front.reviews.length;
  moved(2 * DAY_MS);
  await pass();
  expect(front.reviews).toHaveLength(before);
  expect((await list()).map(({ deepCheck }) => deepCheck).filter((one) => one !== null)).toEqual([]);
  expect(await parts.prisma.targetPath.count({ where: { deepDueAt: { not: null } } })).toBe(0);
});

test('a worker does all that by itself: turned on again, and by its sweep the verdict follows', async () => {
  clusters.get('c7').removeWork(WORK, clock.now());
  await plans.update(planId, { deepCheck: true }, 3, by);
  processor.onModuleInit();
  await parts.jobs.onApplicationBootstrap();
  await until('the cluster was asked', async () => (await list({ cluster: 'c7' }))[0]?.deepCheck?.state === 'DENIED', 60_000);
  expect((await verdicts())['c7']).toBe('NOT_READY TOKEN_RIGHTS_MISSING');
}, 90_000);

test('no token in any row, job, log line or answer', async () => {
  const tables = await parts.sql.query<{ name: string; schema: string }>(`SELECT tablename AS name, schemaname AS schema FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`);
  const places = new Map<string, string>([['the log', logged.join('\n')], ['the answers', answered.join('\n')]]);
  for (const { name, schema } of tables) {
    const [rows] = await parts.sql.query<{ text: string | null }>(`SELECT string_agg(t::text, ' ') AS text FROM (SELECT * FROM "${schema}"."${name}" LIMIT 100000) AS t`);
    places.set(`${schema}.${name}`, rows?.text ?? '');
  }
  // Each place was looked at in earnest, and the tokens were really used
  expect(places.get('public.target_path')?.includes('auto-import-account')).toBe(true);
  expect(places.get('the answers')?.includes('TOKEN_REFUSED_BY_CLUSTER')).toBe(true);
  expect([...places.keys()].some((name) => name.startsWith('bullmq.'))).toBe(true);
  const shown = front.shown.map((header) => header.slice('Bearer '.length));
  expect([...canaries.values()].filter((token) => shown.includes(token)).length).toBeGreaterThan(5);
  expect(leaks(canaries, places)).toEqual([]);
  expect(errors).toEqual([]);
});
