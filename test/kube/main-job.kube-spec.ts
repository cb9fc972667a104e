import { ShiftableClock } from '../../src/common/clock.js';
import { USER_AGENT } from '../../src/kube/hub-client.js';
import { exportKubeconfig } from '../../src/kube/kubeconfig-export.js';
import { resources } from '../../src/kube/resources.js';
import { ACCOUNT, BACKUP_NAMESPACE, IMPORT_SECRET, LABEL } from '../../src/simulator/actors/words.js';
import { RealKubeApiserver, type AuditEvent } from '../../src/simulator/real/kube-apiserver.js';
import { demoFleet, type FleetGroup } from '../../src/simulator/scenarios/fleet.js';
import { eventually } from '../../src/simulator/scenarios/world-testing.js';
import { startWorld, type World, type WorldHub } from '../../src/simulator/scenarios/world.js';
import { leaks } from '../support/canaries.js';
import { grantLifeboat, LIFEBOAT_USER } from '../support/hub-account.js';
import { EAST, ENDS, MainJob, WEST } from '../support/main-job.js';

// The main job between two real kube-apiservers, by their own audit logs. Lifeboat has the rights of deploy/hub-rbac.yaml there, and no
// others; the hubs' own operator keeps tokens as well. It is told once; each claim is looked at by itself.

const clock = new ShiftableClock();
const fleet = demoFleet({ count: 16, seed: 5, source: EAST, target: WEST });
const imported = fleet.clusters.filter(({ group }) => group !== 'hive' && group !== 'hosted').map(({ name }) => name).sort();
const withToken = imported.filter((name) => ![...fleet.names('asleep'), ...fleet.names('lateToken')].includes(name));

let [east, west]: RealKubeApiserver[] = [];
let world: World;
let job: MainJob;
const canaries = new Map<string, string>();
/** Lifeboat's writes on hub-east, one line each */
const written = { underObserve: [] as string[], bySecondLook: [] as string[] };
let repaired = '';
let onEast: AuditEvent[] = [];

const asWorldHub = (name: string, server: RealKubeApiserver): WorldHub => ({ name, clusterId: `id-of-${name}`, connection: () => server.connection() });
const READS = ['get', 'list', 'watch'];

/** By user, not by user agent: whatever it calls itself. */
const byLifeboat = async (server: RealKubeApiserver): Promise<AuditEvent[]> => (await server.auditEvents()).filter(({ user }) => user.username === LIFEBOAT_USER);
/** Questions about its own rights are none; a conflict means that what it had seen was out of date, which its precondition is there to tell. */
const isWrite = ({ verb, objectRef, responseStatus }: AuditEvent): boolean => !READS.includes(verb) && objectRef?.apiGroup !== 'authorization.k8s.io' && responseStatus?.code !== 409;

const line = ({ verb, objectRef, responseStatus }: AuditEvent): string => {
  const { resource, namespace, name } = objectRef ?? {};
  const code = responseStatus?.code ?? 0;
  return `${verb} ${resource} ${namespace === undefined || namespace === '' ? '' : `${namespace}/`}${name ?? ''}${code < 300 ? '' : ` (${code})`}`;
};
const writesOn = async (server: RealKubeApiserver): Promise<string[]> => (await byLifeboat(server)).filter(isWrite).map(line);

async function kubeconfigOf(name: string, server: RealKubeApiserver): Promise<string> {
  const token = await grantLifeboat(server);
  canaries.set(`the bearer token on ${name}`, token);
  return exportKubeconfig(server.connection(token), name);
}

async function collectTokens(hub: string): Promise<void> {
  for await (const { items } of world.hub(hub).client.listAll(resources.secret)) {
    for (const { metadata, data } of items) if (data?.['token']) canaries.set(`the token ${metadata.namespace}/${metadata.name} of ${hub}`, Buffer.from(data['token'], 'base64').toString());
  }
}

const accountSecret = (namespace: string) => world.hub(EAST).client.find(resources.secret, { name: ACCOUNT, namespace });

/** A process that knows nothing but the tables looks at a hub where all is well, but for one label that somebody took away: it is its sign that it has looked. */
async function lookAgain(): Promise<void> {
  await eventually('everything that protects, seen by Lifeboat itself', async () => {
    const [versions, secrets] = [await job.tokenVersions(EAST), await Promise.all(withToken.map(accountSecret))];
    return secrets.every((secret) => secret?.metadata.annotations?.['expirationTimestamp'] !== undefined && versions.get(`${secret.metadata.namespace}/${ACCOUNT}`) === secret.metadata.resourceVersion);
  });
  const before = (await writesOn(east!)).length;
  await job.restart();
  const ref = { name: ACCOUNT, namespace: withToken[0] ?? '' };
  repaired = `${ref.namespace}/${ref.name}`;
  await world.hub(EAST).client.patch(resources.secret, ref, { metadata: { labels: { [LABEL.backup]: null } } }, { patchType: 'merge' });
  await eventually('the label is back', async () => (await accountSecret(ref.namespace))?.metadata.labels?.[LABEL.backup] === 'msa');
  written.bySecondLook = (await writesOn(east!)).slice(before);
  // Kubernetes writes its times in whole seconds, and a real API server's clock cannot be moved: nobody's may be, until the backup is taken
  const from = performance.now();
  await eventually('two seconds', () => performance.now() - from > 2_000);
}

beforeAll(async () => {
  [east, west] = await Promise.all([RealKubeApiserver.start(), RealKubeApiserver.start()]);
  world = await startWorld({
    clock, fleet, seed: 5,
    hubs: [
      { hub: asWorldHub(EAST, east!), components: { managedServiceAccount: false }, garbageCollector: true },
      { hub: asWorldHub(WEST, west!), components: { managedServiceAccount: false }, garbageCollector: true },
    ],
  });
  const kubeconfigs = { [EAST]: await kubeconfigOf(EAST, east!), [WEST]: await kubeconfigOf(WEST, west!) };
  job = await MainJob.open(clock);
  await job.play(job.stage(world, fleet, {
    kubeconfigs, letAMomentPass: lookAgain,
    loseEast: async () => {
      await collectTokens(EAST);
      await world.cutOff(EAST);
      onEast = await byLifeboat(east!);
      await east!.freeze();
    },
  }), async () => {
    written.underObserve = await writesOn(east!);
  });
  await collectTokens(WEST);
}, 1_200_000);

afterAll(async () => {
  await job?.close();
  await world?.stop();
  await Promise.all([east?.stop(), west?.stop()]);
});

test('every group of the fleet ends as it was predicted to', async () => {
  const { id, status } = await job.failover();
  const groups = Object.keys(fleet.counts) as FleetGroup[];
  expect(status).toBe('COMPLETED_WITH_EXCEPTIONS');
  expect(await job.endsByGroup(id, fleet)).toEqual(Object.fromEntries(groups.map((group) => [group, [ENDS[group]]])));
  expect(await world.availableOn(WEST)).toEqual([...fleet.names('good'), ...fleet.names('hive')].sort());
});

test('under OBSERVE nothing is written but what was asked for', () => {
  expect(written.underObserve).toEqual(['patch multiclusterengines multiclusterengine']);
});

test('a second look writes nothing but what is missing', () => {
  expect(written.bySecondLook).toEqual([`patch secrets ${repaired}`]);
});

test('beside the hub’s own operator, each imported cluster gets what protects it once', () => {
  // Velero is asked what each backup holds, and the questions are taken away again.
  const made = onEast.filter(isWrite).map(line).filter((one) => !one.startsWith('patch secrets') && !/^(create|delete) downloadrequests /.test(one));
  expect([...new Set(made)].sort()).toEqual([
    'patch multiclusterengines multiclusterengine', `patch backupschedules ${BACKUP_NAMESPACE}/schedule-acm`,
    ...imported.flatMap((name) => [`patch managedclusteraddons ${name}/managed-serviceaccount`, `patch managedserviceaccounts ${name}/${ACCOUNT}`, `patch manifestworks ${name}/addon-managed-serviceaccount-import`]),
  ].sort());
  // Once, and the account once more: the schedule changes its validity, if the operator was not faster
  expect(made.length).toBeLessThanOrEqual(2 + 4 * imported.length);
});

test('the target gets exactly one Restore, and no delete', async () => {
  const onWest = await byLifeboat(west!);
  const restores = onWest.filter(({ verb, objectRef }) => verb === 'create' && objectRef?.resource === 'restores');
  expect(restores.map(({ responseStatus, objectRef, userAgent }) => [responseStatus?.code, objectRef?.apiGroup, userAgent])).toEqual([[201, 'cluster.open-cluster-management.io', USER_AGENT]]);
  const others = onWest.filter(isWrite).map(line).filter((one) => !one.startsWith('create restores ') && one !== 'patch multiclusterengines multiclusterengine');
  expect(others.filter((one) => !/^patch managedclusters \S+$/.test(one) && !new RegExp(`^(create|patch) secrets \\S+/${IMPORT_SECRET}$`).test(one))).toEqual([]);
});

test('no token is read before the Restore is there, on the source never, and only where an import needs one', async () => {
  const onWest = await byLifeboat(west!);
  const reads = (events: readonly AuditEvent[]) => events.filter(({ verb, objectRef }) => verb === 'get' && objectRef?.resource === 'secrets');
  const restoredAt = onWest.find(({ verb, objectRef }) => verb === 'create' && objectRef?.resource === 'restores')?.requestReceivedTimestamp ?? '';
  expect(restoredAt).not.toBe('');
  expect(reads(onEast)).toEqual([]);
  expect(reads(onWest).filter(({ requestReceivedTimestamp }) => requestReceivedTimestamp < restoredAt)).toEqual([]);
  const needless = new Set([...fleet.names('hive'), ...fleet.names('hosted'), ...fleet.names('noUrl'), ...fleet.names('asleep')]);
  expect(reads(onWest).map(({ objectRef }) => objectRef?.namespace ?? '').filter((namespace) => needless.has(namespace))).toEqual([]);
});

test('Lifeboat asks for nothing that the roles of deploy/ do not give', async () => {
  const refused = [...(await byLifeboat(west!)), ...onEast].filter(({ responseStatus }) => responseStatus?.code === 403 || responseStatus?.code === 401);
  expect(refused.map(line)).toEqual([]);
});

test('the source, once it stirs again, is fenced; clusters that moved are left alone there', async () => {
  const before = (await byLifeboat(east!)).length;
  await east!.thaw();
  await job.untilFenced();
  const lines = (await byLifeboat(east!)).slice(before).filter(isWrite).map(line);
  const fencing = [`patch backupschedules ${BACKUP_NAMESPACE}/schedule-acm`, ...fleet.clusters.map(({ name }) => `patch managedclusters ${name}`)];
  expect(lines.filter((one) => fencing.includes(one)).sort()).toEqual(fencing.sort());
  const moved = [...fleet.names('good'), ...fleet.names('hive')];
  expect(lines.filter((one) => !fencing.includes(one)).filter((one) => moved.some((name) => one.includes(` ${name}/`)))).toEqual([]);
}, 360_000);

test('no secret in any answer, log line or row, not even for a moment', async () => {
  expect(await job.askForEverything()).toBeGreaterThan(100);
  expect([...canaries.keys()].filter((name) => name.startsWith('the token')).length).toBeGreaterThan(2 * fleet.names('good').length);
  expect(leaks(canaries, await job.places())).toEqual([]);
});
