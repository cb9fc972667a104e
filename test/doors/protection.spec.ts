import { SystemClock } from '../../src/common/clock.js';
import { resources } from '../../src/kube/resources.js';
import { SimulatedHub } from '../../src/simulator/simulated-hub.js';
import { startTestService, type TestService } from '../support/service.js';
import { until } from '../support/until.js';

// As docs/runbooks/protection-on-and-off.md has it: on, off and left, off and removed, through both doors of the whole service.

type Body = Record<string, unknown>;
const hubAddOn = { apiVersion: 'addon.open-cluster-management.io/v1alpha1', kind: 'ClusterManagementAddOn', metadata: { name: 'managed-serviceaccount' }, spec: {} };
const cluster = (name: string, env: string) => [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
  { apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name, labels: { env } }, spec: {}, status: { conditions: [{ type: 'ManagedClusterConditionAvailable', status: 'True' }] } },
];

let service: TestService;
let hub: SimulatedHub;
let hubId: string;

async function call(method: string, path: string, body?: Body, headers: Record<string, string> = {}): Promise<{ status: number; etag: string | null; body: Body }> {
  const answer = await fetch(`${service.url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${service.key}`, 'content-type': 'application/json', ...headers }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { status: answer.status, etag: answer.headers.get('etag'), body: (await answer.json()) as Body };
}
async function graphql(query: string): Promise<Body> {
  const answer = await fetch(`${service.url}/graphql`, { method: 'POST', headers: { authorization: `Bearer ${service.key}`, 'content-type': 'application/json' }, body: JSON.stringify({ query }) });
  return (await answer.json()) as Body;
}
const change = async (body: Body): Promise<Body> => (await call('PATCH', `/hubs/${hubId}`, body, { 'if-match': (await call('GET', `/hubs/${hubId}`)).etag ?? '' })).body;
const onHub = () => ['c1', 'c2'].filter((namespace) => hub.object(resources.managedServiceAccount, { namespace, name: 'auto-import-account' }) !== null);

beforeAll(async () => {
  hub = await SimulatedHub.start({ name: 'east', clusterId: 'id-east', clock: new SystemClock() });
  hub.seed([hubAddOn, ...cluster('c1', 'prod'), ...cluster('c2', 'dev')]);
  service = await startTestService({ LIFEBOAT_ALLOW_LOOPBACK_HUBS: 'true', LIFEBOAT_SWEEP_SECONDS: '1' });
  hubId = String((await call('POST', '/hubs', { name: 'east', kubeconfig: hub.kubeconfig() }, { 'idempotency-key': 'register' })).body['id']);
}, 300_000);

afterAll(async () => {
  await service.close();
  await hub.stop();
});

test('on: tried out, then done; what is excluded is told and left alone', async () => {
  await until('both clusters are known', async () => ((await call('GET', `/clusters?hubId=${hubId}`)).body['items'] as unknown[]).length === 2, 180_000);
  const wanted = { policy: 'PROTECT', tokenExclusions: [{ matchExpressions: [{ key: 'env', operator: 'In', values: ['dev', 'test'] }] }] };
  const tried = await change({ ...wanted, dryRun: true });
  expect(tried).toMatchObject({ policy: 'PROTECT', version: 1, preview: { clustersInNeed: 2, clustersExcluded: 1, clustersProtected: 1, exclusions: [{ selector: 'env in (dev,test)', clusters: 1, examples: ['c2'] }] } });
  expect((await call('GET', `/hubs/${hubId}`)).body).toMatchObject({ policy: 'OBSERVE', tokenExclusions: [] });
  expect(await change(wanted)).toMatchObject({ policy: 'PROTECT', version: 2, tokenExclusions: ['env in (dev,test)'] });
  await until('c1 is kept, c2 is told', async () => {
    const items = (await call('GET', `/tokens?hubId=${hubId}`)).body['items'] as { cluster: string; bindingPresent: boolean; problemCode: string | null }[];
    return items.some((one) => one.cluster === 'c1' && one.bindingPresent) && items.some((one) => one.cluster === 'c2' && one.problemCode === 'EXCLUDED');
  }, 300_000);
  expect(onHub()).toEqual(['c1']);
});

test('a schedule is previewed alike through both doors', async () => {
  const preview = (await call('GET', `/hubs/${hubId}/backup-schedule/preview?cron=%40weekly&veleroTtl=24h`)).body;
  expect(preview).toMatchObject({ tokensKeptBy: 'BOTH', clustersInNeed: 2, uncoveredSeconds: 518_400, findings: [{ code: 'SCHEDULE_TTL_LEAVES_GAPS', docsUrl: expect.stringContaining('/problems/SCHEDULE_TTL_LEAVES_GAPS') as string }, { code: 'SCHEDULE_TOKENS_END_BEFORE_NEXT_SET' }] });
  const told = await graphql(`{ backupSchedulePreview(input: { hubId: "${hubId}", cron: "@weekly", veleroTtl: "24h" }) { uncoveredSeconds findings { code } } }`);
  expect(told).toEqual({ data: { backupSchedulePreview: { uncoveredSeconds: 518_400, findings: [{ code: 'SCHEDULE_TTL_LEAVES_GAPS' }, { code: 'SCHEDULE_TOKENS_END_BEFORE_NEXT_SET' }] } } });
  expect((await call('GET', `/hubs/${hubId}/backup-schedule/preview?cron=never`)).body).toMatchObject({ code: 'BACKUP_SCHEDULE_INVALID' });
  expect((await call('GET', `/hubs/${hubId}/backup-schedule`)).body).toMatchObject({ code: 'BACKUP_SCHEDULE_NOT_FOUND' });
});

test('off: left first, then looked at, confirmed, and removed by the worker', async () => {
  expect(await change({ policy: 'OBSERVE', reason: 'given back' })).toMatchObject({ policy: 'OBSERVE' });
  expect(onHub()).toEqual(['c1']);
  const path = `/hubs/${hubId}/protection-removals`;
  const { plan, removal: none } = (await call('POST', path, { dryRun: true, limit: 2 })).body as { plan: { confirm: string; total: number; targets: Body[] }; removal: null };
  expect({ total: plan.total, shown: plan.targets.length, none }).toEqual({ total: 3, shown: 2, none: null });
  expect(await call('POST', path, { confirm: plan.confirm })).toMatchObject({ status: 422, body: { code: 'REASON_REQUIRED' } });
  expect(await call('POST', path, { reason: 'given back' })).toMatchObject({ status: 422, body: { code: 'REMOVAL_CONFIRMATION_REQUIRED' } });
  expect(await call('POST', path, { reason: 'given back', confirm: 'f'.repeat(64) })).toMatchObject({ status: 409, body: { code: 'REMOVAL_LIST_CHANGED' } });
  const body = { reason: 'given back', confirm: plan.confirm, correlation: { number: 'CHG0040002' } };
  const begun = await call('POST', path, body, { 'idempotency-key': 'CHG0040002' });
  const id = (begun.body as { removal: { id: string } }).removal.id;
  expect((await call('POST', path, body, { 'idempotency-key': 'CHG0040002' })).body).toEqual(begun.body);
  await until('it is done', async () => (await call('GET', `/protection-removals/${id}`)).body['status'] === 'DONE', 180_000);
  expect((await call('GET', `/protection-removals/${id}`)).body).toMatchObject({ total: 3, open: 0, remaining: 0, outcomes: [{ outcome: 'DELETED', count: 3 }], correlation: { number: 'CHG0040002' }, reason: 'given back' });
  expect(await graphql(`{ protectionRemoval(id: "${id}") { status items(first: 5) { totalCount nodes { kind outcome } } } }`)).toEqual({
    data: { protectionRemoval: { status: 'DONE', items: { totalCount: 3, nodes: ['ManagedServiceAccount', 'ManifestWork', 'ManagedClusterAddOn'].map((kind) => ({ kind, outcome: 'DELETED' })) } } },
  });
  expect(onHub()).toEqual([]);
});
