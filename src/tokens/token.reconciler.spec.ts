import { ShiftableClock } from '../common/clock.js';
import { Secret } from '../common/secret.js';
import { HubClient, USER_AGENT } from '../kube/hub-client.js';
import type { KubeObject } from '../kube/kube.types.js';
import { resources } from '../kube/resources.js';
import { SimulatedHub } from '../simulator/simulated-hub.js';
import { Parts } from '../../test/support/parts.js';
import { until } from '../../test/support/until.js';

const by = { actor: 'tester', reason: 'because' };
const HOUR = 3_600_000;
const ACCOUNT = 'auto-import-account';

let clock: ShiftableClock;
let hub: SimulatedHub;
let agent: HubClient;
let parts: Parts;
let hubId: string;

const iso = (ms: number): string => `${new Date(clock.now().getTime() + ms).toISOString().slice(0, 19)}Z`;
const cluster = (name: string, change: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name, ...change }, spec: {},
  status: { conditions: [{ type: 'ManagedClusterConditionAvailable', status: 'True' }] },
});
const hubAddOn: KubeObject = { apiVersion: 'addon.open-cluster-management.io/v1alpha1', kind: 'ClusterManagementAddOn', metadata: { name: 'managed-serviceaccount' }, spec: {} };
/** What the agent of a cluster does: the Secret first, then the account's status. */
async function agentWrites(name: string, account = ACCOUNT, { refreshedMs = 0, expiresMs = 1440 * HOUR, isOwned = true } = {}): Promise<void> {
  const owner = hub.object(resources.managedServiceAccount, { namespace: name, name: account });
  const owners = [{ apiVersion: 'authentication.open-cluster-management.io/v1beta1', kind: 'ManagedServiceAccount', name: account, uid: owner?.metadata.uid ?? 'unknown' }];
  const secret: KubeObject = {
    apiVersion: 'v1', kind: 'Secret', type: 'Opaque', data: { token: Buffer.from(`token of ${iso(refreshedMs)}`).toString('base64') },
    metadata: { namespace: name, name: account, labels: { 'authentication.open-cluster-management.io/is-managed-serviceaccount': 'true' }, ...(isOwned ? { ownerReferences: owners } : {}) },
  };
  if (secretOf(name, account) === null) await agent.create(resources.secret, secret);
  else await agent.patch(resources.secret, { namespace: name, name: account }, { data: secret.data }, { patchType: 'merge' });
  const status = { expirationTimestamp: iso(expiresMs), tokenSecretRef: { name: account, lastRefreshTimestamp: iso(refreshedMs) } };
  if (owner !== null) await agent.patch(resources.managedServiceAccount, { namespace: name, name: account }, { status }, { patchType: 'merge', subresource: 'status' });
}
const writes = (): string[] =>
  hub.ledger.writes({ fieldManager: 'lifeboat' }).concat(hub.ledger.writes({ verb: 'delete', userAgent: USER_AGENT })).filter(({ resource }) => !resource.startsWith('selfsubject'))
    .map(({ verb, resource, namespace, name, code }) => `${verb} ${resource} ${namespace}/${name} ${code}`).sort();
const BARE = (name: string): string[] => [
  `apply managedclusteraddons ${name}/managed-serviceaccount 201`,
  `apply managedserviceaccounts ${name}/auto-import-account 201`,
  `apply manifestworks ${name}/addon-managed-serviceaccount-import 201`,
];
const secretOf = (name: string, account = ACCOUNT) => hub.object(resources.secret, { namespace: name, name: account });
const inventory = async (name: string, account = ACCOUNT) => (await parts.tokens.ofClusters(hubId, [name])).find((token) => token.account === account);
const problemOf = async (name: string): Promise<string | null | undefined> => (await inventory(name))?.problemCode;
/** Nothing is due, and no pass runs. */
const settled = async (): Promise<void> => {
  await until('nothing is due', async () => (await parts.prisma.tokenWork.count({ where: { hubId, dueAt: { lte: clock.now() } } })) === 0);
};
const policy = async (change: object): Promise<void> => {
  await parts.hubs.update(hubId, change, (await parts.hubs.get(hubId)).version, by);
};

async function start(objects: KubeObject[], token?: string): Promise<void> {
  hub.seed([hubAddOn, ...objects]);
  hub.seed(objects.filter(({ kind }) => kind === 'ManagedCluster').map(({ metadata }) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: metadata.name } })));
  await parts.work();
  const connection = token === undefined ? { kubeconfig: new Secret(hub.kubeconfig()) } : { server: hub.url, caPem: hub.caPem, token: new Secret(token) };
  hubId = (await parts.hubs.register({ name: 'east', ...connection }, by)).id;
}

beforeEach(async () => {
  clock = new ShiftableClock();
  hub = await SimulatedHub.start({ name: 'east', clusterId: 'id-east', clock });
  hub.controllers.garbageCollector = false;
  agent = new HubClient(hub.connection(), { allowLoopback: true, defaultFieldManager: 'agent' });
  parts = await Parts.open(clock);
});

afterEach(async () => {
  await parts.drop();
  await agent.close();
  await hub.stop();
  expect(parts.errors).toEqual([]);
});

test('OBSERVE tells, and writes nothing', async () => {
  await start([cluster('c1')]);
  await until('it is told', async () => (await problemOf('c1')) === 'ADDON_MISSING');
  await settled();
  expect(writes()).toEqual([]);
});

test('PROTECT makes a bare cluster complete with three writes, marks its token with one, and then writes no more', async () => {
  await start([cluster('c1'), cluster('here', { labels: { 'local-cluster': 'true' } }), cluster('hosted', { annotations: { 'import.open-cluster-management.io/klusterlet-deploy-mode': 'Hosted' } })]);
  await policy({ policy: 'PROTECT' });
  await until('it is complete', () => writes().length >= 3);
  await until('the echo has come', async () => (await inventory('c1'))?.bindingPresent === true);
  expect(writes()).toEqual(BARE('c1'));
  expect(hub.object(resources.managedServiceAccount, { namespace: 'c1', name: ACCOUNT })).toMatchObject({ metadata: { labels: { 'authentication.open-cluster-management.io/is-managed-serviceaccount': ACCOUNT } }, spec: { rotation: { enabled: true, validity: '1440h0m0s' } } });
  hub.ledger.clear();
  await agentWrites('c1');
  await until('the token is kept', async () => (await inventory('c1'))?.expiresAt !== null && (await problemOf('c1')) === null);
  await settled();
  // One where Secret and status come together; else the label goes first, since a backup may start.
  expect([...new Set(writes())]).toEqual(['patch secrets c1/auto-import-account 200']);
  expect(writes().length).toBeLessThanOrEqual(2);
  const secret = secretOf('c1');
  const told = hub.object(resources.managedServiceAccount, { namespace: 'c1', name: ACCOUNT })?.status as { expirationTimestamp: string; tokenSecretRef: { lastRefreshTimestamp: string } };
  expect(secret?.metadata).toMatchObject({
    labels: { 'cluster.open-cluster-management.io/backup': 'msa' },
    annotations: { expirationTimestamp: told.expirationTimestamp, lastRefreshTimestamp: told.tokenSecretRef.lastRefreshTimestamp },
  });
  expect(secret?.metadata.managedFields?.some(({ manager }) => manager === 'lifeboat')).toBe(true);
  expect(Object.keys(secret?.data ?? {})).toEqual(['token']);
  hub.ledger.clear();
  await parts.tokenWork.wakeAll(hubId, clock.now());
  await parts.tokenProcessor.sweep();
  await settled();
  expect(writes()).toEqual([]);
  expect(hub.ledger.reads({ verb: 'get' })).toBe(0); // lists are the watches' own, when a connection was lost
});

test('a token that is refreshed begins a new life; the pair is made at half of it', async () => {
  await start([cluster('c1')]);
  await policy({ policy: 'PROTECT' });
  await until('it is complete', () => writes().length === 3);
  await agentWrites('c1', ACCOUNT, { expiresMs: 24 * HOUR });
  await until('the token is kept', async () => (await problemOf('c1')) === null && (await inventory('c1'))?.expiresAt !== null);
  await settled();
  hub.ledger.clear();
  clock.advance(12 * HOUR + 1000);
  await until('the pair is made', () => writes().length >= 2);
  await until('its binding is told', async () => (await inventory('c1', 'auto-import-account-pair'))?.bindingPresent === true);
  expect(writes()).toEqual(['apply managedserviceaccounts c1/auto-import-account-pair 201', 'apply manifestworks c1/addon-managed-serviceaccount-import-pair 201']);
  await agentWrites('c1', ACCOUNT, { refreshedMs: 0, expiresMs: 24 * HOUR });
  await until('the new life is told', async () => (await parts.tokens.incarnations((await inventory('c1'))?.id ?? '')).length === 2);
  const [second, first] = await parts.tokens.incarnations((await inventory('c1'))?.id ?? '');
  expect(first?.endedAt).toEqual(second?.refreshedAt);
  expect(second?.endedAt).toBeNull();
  expect(second?.labelledAt).not.toBeNull();
});

test('a leftover Secret goes before the account comes', async () => {
  await start([cluster('c1')]);
  await agentWrites('c1', ACCOUNT, { isOwned: false });
  await until('it is seen', async () => (await inventory('c1'))?.secretPresent === true);
  await policy({ policy: 'PROTECT' });
  await until('all is made', () => writes().length >= 4);
  await settled();
  expect(writes()).toEqual([...BARE('c1'), 'delete secrets c1/auto-import-account 200'].sort());
  expect(secretOf('c1')).toBeNull();
});

test('missing rights are told with what is missing, and tried again when the hub is changed', async () => {
  const readOnly = [{ verbs: ['get', 'list', 'watch'], apiGroups: ['*'], resources: ['*'] }];
  hub.addToken('reader', { user: 'reader', allow: readOnly });
  await start([cluster('c1'), cluster('c2')], 'reader');
  await policy({ policy: 'PROTECT' });
  await until('it is told', async () => (await problemOf('c1')) === 'RIGHTS_MISSING' && (await problemOf('c2')) === 'RIGHTS_MISSING');
  expect((await inventory('c1'))?.problemDetail).toContain('create managedclusteraddons');
  await settled();
  expect(hub.ledger.writes({ user: 'reader', code: 403 })).toHaveLength(2);
  hub.addToken('reader', { user: 'reader' });
  await policy({ name: 'east-2' });
  await until('they are complete', () => hub.count(resources.manifestWork) === 2);
});

test('a webhook\u2019s refusal is told in its own words', async () => {
  const remove = hub.addAdmission({ name: 'calendar', review: ({ kind }) => (kind.plural === 'managedserviceaccounts' ? 'not on a Friday' : null) });
  await start([cluster('c1')]);
  await policy({ policy: 'PROTECT' });
  await until('it is told', async () => (await problemOf('c1')) === 'HUB_REJECTED_WRITE');
  expect((await inventory('c1'))?.problemDetail).toContain('not on a Friday');
  remove();
});

test('an operator whose switch is off is not fought', async () => {
  const schedule = (on: boolean): KubeObject => ({
    apiVersion: 'cluster.open-cluster-management.io/v1beta1', kind: 'BackupSchedule', metadata: { namespace: 'open-cluster-management-backup', name: 's' },
    spec: { veleroSchedule: '0 * * * *', veleroTtl: '24h', useManagedServiceAccount: on }, status: { phase: 'Enabled' },
  });
  await start([cluster('c1'), schedule(false)]);
  await policy({ policy: 'PROTECT' });
  await until('it is told', async () => (await problemOf('c1')) === 'OPERATOR_SWITCHED_OFF');
  await settled();
  expect(writes()).toEqual([]);
  hub.seed([schedule(true)]);
  await until('it is complete', () => writes().length >= 3);
  await until('the echo has come', async () => (await inventory('c1'))?.accountPresent === true);
  expect(hub.object(resources.managedServiceAccount, { namespace: 'c1', name: ACCOUNT })).toMatchObject({ spec: { rotation: { validity: '48h0m0s' } } });
});

test('a hub that fails is tried again, with nothing doubled', async () => {
  await start([cluster('c1'), cluster('c2'), cluster('c3')]);
  await until('it is told', async () => (await problemOf('c3')) === 'ADDON_MISSING');
  await hub.cutOff();
  await policy({ policy: 'PROTECT' });
  await until('it is gone', async () => (await parts.hubs.get(hubId)).reachability === 'UNREACHABLE');
  await hub.reconnect();
  await until('all are complete', () => hub.count(resources.manifestWork) === 3);
  await settled();
  expect(writes().filter((line) => line.endsWith('201'))).toEqual([...BARE('c1'), ...BARE('c2'), ...BARE('c3')].sort());
});

test('a cluster that is gone leaves no row; its history stays', async () => {
  await start([cluster('c1')]);
  await agentWrites('c1');
  await until('it is seen', async () => (await inventory('c1'))?.secretPresent === true);
  hub.remove(resources.managedCluster, { name: 'c1' });
  await until('it is gone', async () => (await inventory('c1')) === undefined);
  await settled();
  const lives = await parts.prisma.tokenIncarnation.findMany({ where: { hubId } });
  expect(lives.map(({ endedAt }) => endedAt)).not.toContain(null);
});

test('emptied queues and lost wake-ups are found by the sweep', async () => {
  await start([cluster('c1')]);
  await until('it is told', async () => (await problemOf('c1')) === 'ADDON_MISSING');
  await settled();
  parts.tokenProcessor.onModuleDestroy();
  await agentWrites('c1');
  await until('the facts are there', async () => (await parts.prisma.hubObject.count({ where: { kind: 'TOKEN_SECRET' } })) === 1);
  await parts.tokenProcessor.sweep();
  await until('the sweep has found it', async () => (await inventory('c1'))?.secretPresent === true);
});

test('a token that its agent does not renew is told when its time has come, without any event', async () => {
  await start([cluster('c1')]);
  await policy({ policy: 'PROTECT' });
  await until('it is complete', () => writes().length === 3);
  await agentWrites('c1', ACCOUNT, { expiresMs: 24 * HOUR });
  await agentWrites('c1', 'auto-import-account-pair', { expiresMs: 240 * HOUR, isOwned: false });
  await until('the token is kept', async () => (await inventory('c1'))?.expiresAt !== null && (await problemOf('c1')) === null);
  await settled();
  clock.advance(19.2 * HOUR + 16 * 60_000);
  await until('it is told', async () => (await problemOf('c1')) === 'TOKEN_REFRESH_OVERDUE');
  expect((await inventory('c1'))?.problemSince?.getTime()).toBeLessThanOrEqual(clock.now().getTime());
});

test('what short lives leave the backup sets is told, and what a plan makes of it', async () => {
  const daily: KubeObject = {
    apiVersion: 'cluster.open-cluster-management.io/v1beta1', kind: 'BackupSchedule', metadata: { namespace: 'open-cluster-management-backup', name: 's' },
    spec: { veleroSchedule: '0 2 * * *', veleroTtl: '720h', useManagedServiceAccount: true }, status: { phase: 'Enabled' },
  };
  await start([cluster('c1'), daily]);
  await policy({ policy: 'PROTECT' });
  await until('it is complete', () => writes().length === 3);
  await agentWrites('c1', ACCOUNT, { expiresMs: 24 * HOUR });
  await until('it is told', async () => (await problemOf('c1')) === 'TOKEN_LIFE_SHORTER_THAN_BACKUP_INTERVAL');
  const token = await inventory('c1');
  expect(token).toMatchObject({ uncoveredSecondsPerDay: 12 * 3600, setRestorableSeconds: 12 * 3600, oldForRpoAt: null });
  await settled(); // a pass that begins after this moment, and before the plan is there, would count as made with it
  const now = clock.now();
  const west = await parts.prisma.hub.create({ data: { name: 'west', apiUrl: 'https://west.example', createdAt: now, createdBy: 'tester', updatedAt: now, removedAt: now } });
  await parts.prisma.recoveryPlan.create({
    data: {
      name: 'p', sourceHubId: hubId, targetHubId: west.id, rpoSeconds: 4 * 3600, rtoSeconds: 3600, backupRule: 'NEWEST_COMPLETE', approvalRequired: true, importWindowSeconds: 3600,
      createdAt: now, createdBy: 'tester', updatedAt: now,
    },
  });
  await until('the plan is told', async () => (await inventory('c1'))?.oldForRpoAt?.getTime() === (token?.expiresAt?.getTime() ?? NaN) - 4 * HOUR);
});

test('what somebody takes away again and again is made anew, each time later, and told', async () => {
  await start([cluster('c1')]);
  await policy({ policy: 'PROTECT' });
  await until('it is complete', async () => (await inventory('c1'))?.bindingPresent === true);
  const takeAway = () => agent.delete(resources.managedServiceAccount, { namespace: 'c1', name: ACCOUNT });
  const isThere = () => hub.object(resources.managedServiceAccount, { namespace: 'c1', name: ACCOUNT }) !== null;
  await takeAway();
  await until('a mistake is mended at once', isThere);
  await until('that is heard', async () => (await inventory('c1'))?.accountPresent === true);
  await settled();
  await takeAway();
  await until('it is told', async () => (await problemOf('c1')) === 'TOKEN_OBJECTS_REMOVED');
  await settled();
  expect(writes().filter((line) => line.startsWith('apply managedserviceaccounts'))).toHaveLength(2);
  // What else there is to do is done meanwhile: its token would miss a backup.
  await agentWrites('c1', ACCOUNT, { isOwned: true });
  await until('the label does not wait', () => secretOf('c1')?.metadata.labels?.['cluster.open-cluster-management.io/backup'] === 'msa');
  clock.advance(5 * 60_000 + 1000);
  await until('it is tried again', isThere);
});

test('a label does not wait for something else that the hub refuses', async () => {
  const remove = hub.addAdmission({ name: 'calendar', review: ({ kind }) => (kind.plural === 'managedclusteraddons' ? 'not on a Friday' : null) });
  await start([cluster('c1')]);
  await policy({ policy: 'PROTECT' });
  await until('it is told', async () => (await problemOf('c1')) === 'HUB_REJECTED_WRITE');
  await settled();
  await agentWrites('c1', 'auto-import-account-mine', { isOwned: false });
  await until('it has its label', () => secretOf('c1', 'auto-import-account-mine')?.metadata.labels?.['cluster.open-cluster-management.io/backup'] === 'msa');
  expect(hub.ledger.writes({ resource: 'managedclusteraddons' }).filter(({ fieldManager }) => fieldManager === 'lifeboat')).toHaveLength(1);
  remove();
});

test('whose token a backup would leave out comes first', async () => {
  hubId = '01990000-0000-7000-8000-00000000000a';
  await parts.tokenWork.wake(hubId, ['c1', 'c2', 'c3'], clock.now());
  const secret = (namespace: string, backupLabel: string | null) => ({
    hubId, kind: 'TOKEN_SECRET', namespace, name: ACCOUNT, uid: 'u', resourceVersion: '1', readAt: clock.now(), epoch: 1n,
    facts: { deleting: false, backupLabel, hiveLabel: null, typeLabel: null },
  });
  await parts.prisma.hubObject.createMany({ data: [secret('c1', 'msa'), secret('c2', null)] });
  expect((await parts.tokenWork.due(hubId, clock.now(), 2, [])).map((due) => due.cluster)).toEqual(['c2', 'c1']);
});

test('two Lifeboats on one hub: each label is written once, and one of them tells', async () => {
  const names = Array.from({ length: 12 }, (_none, index) => `c${index + 1}`);
  hub.addToken('ours', { user: 'lifeboat', groups: ['system:masters'] });
  await start(names.map((name) => cluster(name)), 'ours');
  const other = await Parts.open(clock);
  try {
    await other.work();
    const { id, version } = await other.hubs.register({ name: 'east', server: hub.url, caPem: hub.caPem, token: new Secret('ours') }, by);
    await other.hubs.update(id, { policy: 'PROTECT' }, version, by);
    await policy({ policy: 'PROTECT' });
    const complete = (lifeboat: Parts, hubOf: string) => async () => (await lifeboat.prisma.autoImportToken.count({ where: { hubId: hubOf, bindingPresent: true, accountPresent: true } })) === names.length;
    await until('all is made, and both know', complete(parts, hubId));
    await until('all is made, and both know', complete(other, id));
    // Both are about to write the same label.
    hub.faults.add({ verb: 'patch', resource: 'secrets', user: 'lifeboat' }, { type: 'latency', ms: 400 });
    await Promise.all(names.map((name) => agentWrites(name)));
    const tells = async (lifeboat: Parts) => (await lifeboat.prisma.autoImportToken.count({ where: { problemCode: 'ANOTHER_LIFEBOAT' } })) > 0;
    const allLabelled = () => names.every((name) => secretOf(name)?.metadata.labels?.['cluster.open-cluster-management.io/backup'] === 'msa');
    await until('it is told', async () => {
      await until('every token is labelled', allLabelled);
      if ((await tells(parts)) || (await tells(other))) return true;
      // Whether they meet is chance: another round.
      for (const name of names) await agent.patch(resources.secret, { namespace: name, name: ACCOUNT }, { metadata: { labels: { 'cluster.open-cluster-management.io/backup': null } } }, { patchType: 'merge' });
      return false;
    });
    expect(allLabelled()).toBe(true);
  } finally {
    await other.drop();
  }
});
