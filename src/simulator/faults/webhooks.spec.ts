import { HubCaller } from '../../../test/support/hub-caller.js';
import { ManualClock } from '../../common/clock.js';
import { SimulatedHub } from '../simulated-hub.js';
import { refusingWebhook, restoreWebhook } from './webhooks.js';

const RESTORES = '/apis/cluster.open-cluster-management.io/v1beta1/namespaces/default/restores';
const restore = (spec: Record<string, unknown>, status?: Record<string, unknown>) => ({
  apiVersion: 'cluster.open-cluster-management.io/v1beta1', kind: 'Restore', metadata: { name: 'r', namespace: 'default' }, status,
  spec: { cleanupBeforeRestore: 'None', veleroManagedClustersBackupName: 'skip', veleroCredentialsBackupName: 'latest', veleroResourcesBackupName: 'latest', ...spec },
});

let hub: SimulatedHub;
let caller: HubCaller;

beforeEach(async () => {
  hub = await SimulatedHub.start({ name: 'hub-west', clock: new ManualClock(new Date('2026-11-24T08:00:00Z')) });
  caller = new HubCaller(hub);
});

afterEach(async () => {
  await caller.close();
  await hub.stop();
});

test.each([
  { because: 'it does not sync', spec: { veleroManagedClustersBackupName: 'latest' }, code: 201, says: null },
  { because: 'a passive one begins so', spec: { syncRestoreWithNewBackups: true }, code: 201, says: null },
  { because: 'an activation cannot be the beginning', spec: { syncRestoreWithNewBackups: true, veleroManagedClustersBackupName: 'latest' }, code: 403, says: 'must initially be set to \'skip\'' },
  { because: 'names cannot be pinned', spec: { syncRestoreWithNewBackups: true, veleroManagedClustersBackupName: 'acm-x' }, code: 403, says: 'to be \'skip\' or \'latest\', got: acm-x' },
  { because: 'credentials must follow', spec: { syncRestoreWithNewBackups: true, veleroCredentialsBackupName: 'skip' }, code: 403, says: 'veleroCredentialsBackupName to be \'latest\'' },
  { because: 'resources must follow', spec: { syncRestoreWithNewBackups: true, veleroResourcesBackupName: 'skip' }, code: 403, says: 'veleroResourcesBackupName to be \'latest\'' },
])('a Restore is answered $code: $because', async ({ spec, code, says }) => {
  hub.addAdmission(restoreWebhook);
  const answer = await caller.call('POST', RESTORES, restore(spec));
  expect(answer.code).toBe(code);
  if (says) {
    expect(answer.body).toMatchObject({ reason: 'Forbidden', message: expect.stringContaining('admission webhook "vrestore.kb.io" denied the request: ') });
    expect(answer.body['message']).toContain(says);
  }
});

test.each([
  { phase: 'Enabled', code: 200, because: 'it stands by' },
  { phase: 'Running', code: 403, because: 'only Enabled counts' },
])('a standing Restore is activated in phase $phase: $code, $because', async ({ phase, code }) => {
  hub.addAdmission(restoreWebhook);
  hub.seed([restore({ syncRestoreWithNewBackups: true }, { phase })]);
  expect((await caller.patch(`${RESTORES}/r`, { spec: { veleroManagedClustersBackupName: 'latest' } })).code).toBe(code);
});

test('a webhook that does not like our writes is switched on and off', async () => {
  hub.addToken('lifeboat', { user: 'lifeboat' });
  const remove = hub.addAdmission(refusingWebhook({ resource: 'restores', operation: 'CREATE', user: 'lifeboat' }, 'not on a Tuesday'));
  const refused = await caller.call('POST', RESTORES, restore({}), { token: 'lifeboat' });
  expect(refused).toMatchObject({ code: 403, body: { message: 'admission webhook "validate.policy.example.com" denied the request: not on a Tuesday' } });
  expect((await caller.call('POST', RESTORES, restore({}))).code).toBe(201);
  await caller.call('DELETE', `${RESTORES}/r`);
  remove();
  expect((await caller.call('POST', RESTORES, restore({}), { token: 'lifeboat' })).code).toBe(201);
});
