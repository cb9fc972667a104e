import { randomBytes } from 'node:crypto';
import { ShiftableClock } from '../../src/common/clock.js';
import { neededRights } from '../../src/hubs/hub-rights.rules.js';
import { resources } from '../../src/kube/resources.js';
import { ACCOUNT, BACKUP_NAMESPACE, IMPORT_SECRET, LABEL } from '../../src/simulator/actors/words.js';
import { demoFleet, type FleetGroup } from '../../src/simulator/scenarios/fleet.js';
import { eventually } from '../../src/simulator/scenarios/world-testing.js';
import { startWorld, type World } from '../../src/simulator/scenarios/world.js';
import { SimulatedHub } from '../../src/simulator/simulated-hub.js';
import type { AdmissionHook } from '../../src/simulator/store/admission.js';
import { ApiStatusError } from '../../src/simulator/store/api-status.js';
import { leaks } from '../support/canaries.js';
import { EAST, ENDS, MainJob, WEST } from '../support/main-job.js';

// The main job as a user sees it, and by what the simulated hubs put on record. It is told once; each claim is looked at by itself.

const NEVER_READ = randomBytes(24).toString('hex');
const clock = new ShiftableClock();
const fleet = demoFleet({ count: 24, seed: 5, source: EAST, target: WEST });
const imported = fleet.clusters.filter(({ group }) => group !== 'hive' && group !== 'hosted').map(({ name }) => name).sort();
const withToken = imported.filter((name) => ![...fleet.names('asleep'), ...fleet.names('lateToken')].includes(name));

/** For these the target's operator fails to make the auto-import-secret: they come back by Lifeboat, or not at all */
const leftToLifeboat = fleet.names('good').filter((_, index) => index % 2 === 0).sort();

let [east, west]: SimulatedHub[] = [];
let world: World;
let job: MainJob;
/** By name of the secret */
const canaries = new Map<string, string>();
/** Writes on hub-east by the time that each stage had ended, one line each */
const written = { underObserve: [] as string[], toProtect: [] as string[], bySecondLook: [] as string[], untilItDied: [] as string[] };
let repaired = '';

/**
 * What Lifeboat wrote, refused and needless writes too. Questions about its own rights are no writes; a conflict means that what it had seen
 * was out of date, which its precondition is there to tell. Questions to Velero are told apart: they are taken away again.
 */
function byLifeboat(hub: SimulatedHub): string[] {
  return hub.ledger.writes({ user: 'lifeboat', group: (group) => group !== 'authorization.k8s.io', resource: (resource) => resource !== 'downloadrequests', code: (code) => code !== 409 }).map(({ verb, resource, namespace, name, changed, code }) =>
    `${verb} ${resource} ${namespace === '' ? '' : `${namespace}/`}${name}${changed ? '' : ` (${code}, nothing changed)`}`);
}

/** Lifeboat logs in with the least rights that deploy/ gives it, and the one to turn components on. */
function kubeconfigOf(hub: SimulatedHub): string {
  const token = `bearer-${randomBytes(24).toString('hex')}`;
  canaries.set(`the bearer token of ${hub.name}`, token);
  hub.addToken(token, {
    user: 'lifeboat',
    allow: [
      ...neededRights.map(({ verb, group, resource, namespace }) => ({ verbs: [verb], apiGroups: [group], resources: [resource], ...(namespace === undefined ? {} : { namespaces: [namespace] }) })),
      { verbs: ['patch'], apiGroups: ['multicluster.openshift.io', 'operator.open-cluster-management.io'], resources: ['multiclusterengines', 'multiclusterhubs'] },
    ],
  });
  return hub.kubeconfig(token);
}

function collectTokens(hub: SimulatedHub): void {
  for (const { metadata, data } of hub.objects(resources.secret)) {
    if (data?.['token']) canaries.set(`the token ${metadata.namespace}/${metadata.name} of ${hub.name}`, Buffer.from(data['token'], 'base64').toString());
  }
}

/** In the backup, in a Secret that is watched, and inside a work: none of it is Lifeboat's business. */
function plantCanaries(hub: SimulatedHub): void {
  const [hive] = fleet.names('hive');
  canaries.set('a cloud credential', NEVER_READ);
  hub.seed([
    { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata: { name: 'aws', namespace: hive, labels: { [LABEL.credentialType]: 'aws' } }, data: { token: Buffer.from(NEVER_READ).toString('base64') } },
    { apiVersion: 'work.open-cluster-management.io/v1', kind: 'ManifestWork', metadata: { name: 'with-a-secret', namespace: hive }, spec: { workload: { manifests: [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'inner', namespace: 'default' }, stringData: { password: NEVER_READ } }] } } },
  ]);
}

/** As of an operator whose write meets somebody else's: it tells so in a message, and does not try again. */
const forgetfulOperator: AdmissionHook = {
  name: 'forgetful-operator',
  review: ({ operation, name, namespace, user }) =>
    operation === 'CREATE' && name === IMPORT_SECRET && user === 'admin' && leftToLifeboat.includes(namespace) ? new ApiStatusError(409, 'AlreadyExists', `secrets "${name}" already exists`) : null,
};

/** A process that knows nothing but the tables looks at a hub where all is well, but for one label that somebody took away: it is its sign that it has looked. */
async function lookAgain(): Promise<void> {
  await eventually('everything that protects', () =>
    withToken.every((namespace) => east!.object(resources.secret, { name: ACCOUNT, namespace })?.metadata.annotations?.['expirationTimestamp'] !== undefined));
  await eventually('seen by Lifeboat itself', async () => {
    const versions = await job.tokenVersions(EAST);
    return withToken.every((namespace) => versions.get(`${namespace}/${ACCOUNT}`) === east!.object(resources.secret, { name: ACCOUNT, namespace })?.metadata.resourceVersion);
  });
  written.toProtect = byLifeboat(east!).slice(written.underObserve.length);
  const before = byLifeboat(east!).length;
  await job.restart();
  const ref = { name: ACCOUNT, namespace: withToken[0] ?? '' };
  repaired = `${ref.namespace}/${ref.name}`;
  await world.hub(EAST).client.patch(resources.secret, ref, { metadata: { labels: { [LABEL.backup]: null } } }, { patchType: 'merge' });
  await eventually('the label is back', () => east!.object(resources.secret, ref)?.metadata.labels?.[LABEL.backup] === 'msa');
  written.bySecondLook = byLifeboat(east!).slice(before);
  await job.advance(2_000);
}

beforeAll(async () => {
  [east, west] = await Promise.all([EAST, WEST].map((name, index) => SimulatedHub.start({ name, clusterId: `id-of-${name}`, clock, seed: index + 1 })));
  world = await startWorld({
    clock, fleet, seed: 5,
    hubs: [
      { hub: east!, tokens: 'off', components: { managedServiceAccount: false }, switches: { suffixesDiffer: 0.2, queueWaits: 0.4 } },
      { hub: west!, tokens: 'off', components: { managedServiceAccount: false }, switches: { importLoopEarly: 1, importLoopTwice: 1 } },
    ],
  });
  plantCanaries(east!);
  const sign = world.bucket.sign.bind(world.bucket);
  world.bucket.sign = (kind, name) => {
    const answer = sign(kind, name);
    canaries.set(`the signed address of ${kind} ${name}`, new URL(answer.url).searchParams.get('X-Amz-Signature') ?? '');
    return answer;
  };
  west!.addAdmission(forgetfulOperator);
  job = await MainJob.open(clock);
  for (const [name, secret] of job.ownSecrets) canaries.set(name, secret);
  await job.play(job.stage(world, fleet, {
    kubeconfigs: { [EAST]: kubeconfigOf(east!), [WEST]: kubeconfigOf(west!) },
    letAMomentPass: lookAgain,
    loseEast: async () => {
      collectTokens(east!);
      written.untilItDied = byLifeboat(east!).slice(written.underObserve.length + written.toProtect.length + written.bySecondLook.length);
      await world.cutOff(EAST);
    },
  }), async () => {
    written.underObserve = byLifeboat(east!);
  });
  collectTokens(west!);
}, 540_000);

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

test('each imported cluster is protected by three resources, written once, and its token is labelled at once; Hive, hosted and local clusters by none', () => {
  const [labels, others] = [written.toProtect.filter((line) => line.startsWith('patch secrets')), written.toProtect.filter((line) => !line.startsWith('patch secrets'))];
  expect(others.sort()).toEqual([
    ...imported.map((name) => `apply managedclusteraddons ${name}/managed-serviceaccount`),
    ...imported.map((name) => `apply managedserviceaccounts ${name}/${ACCOUNT}`),
    ...imported.map((name) => `apply manifestworks ${name}/addon-managed-serviceaccount-import`),
  ].sort());
  expect([...new Set(labels)].sort()).toEqual(withToken.map((name) => `patch secrets ${name}/${ACCOUNT}`));
  // The label comes first, the annotations when the account tells the expiry
  expect(labels.length).toBeLessThanOrEqual(2 * withToken.length);
});

test('a second look writes nothing but what is missing', () => {
  expect(written.bySecondLook).toEqual([`patch secrets ${repaired}`]);
});

test('then the schedule is made, the accounts get its validity, and late tokens their label', () => {
  const late = fleet.names('lateToken').map((name) => `patch secrets ${name}/${ACCOUNT}`);
  expect([...new Set(written.untilItDied)].sort()).toEqual([
    `apply backupschedules ${BACKUP_NAMESPACE}/schedule-acm`, ...imported.map((name) => `patch managedserviceaccounts ${name}/${ACCOUNT}`), ...late,
  ].sort());
  expect(written.untilItDied.length).toBeLessThanOrEqual(1 + imported.length + 2 * late.length);
});

test('the target, under OBSERVE, is told to restore once; beyond that only imports are asked for that its operator did not ask for', () => {
  const [asked, restored, ...imports] = byLifeboat(west!);
  expect(asked).toBe('patch multiclusterengines multiclusterengine');
  expect(restored).toMatch(new RegExp(`^create restores ${BACKUP_NAMESPACE}/lifeboat-[0-9a-f]+$`));
  expect(imports.filter((line) => line.startsWith('create')).sort()).toEqual(leftToLifeboat.map((name) => `create secrets ${name}/${IMPORT_SECRET}`));
  const due = new Set([...fleet.names('good'), ...fleet.names('unreachable')]);
  const others = imports.filter((line) => !line.startsWith('create')).map((line) => /^(?:patch managedclusters (\S+)|patch secrets (\S+)\/auto-import-secret)$/.exec(line) ?? [line]);
  expect(others.filter(([, cluster, namespace]) => !due.has(cluster ?? namespace ?? ''))).toEqual([]);
});

test('Velero is asked what each backup holds, and every question is taken away again', async () => {
  const questions = (hub: SimulatedHub, verb: 'create' | 'delete'): string[] => hub.ledger.writes({ user: 'lifeboat', resource: 'downloadrequests', verb }).map(({ name }) => name).sort();
  expect(questions(east!, 'create').length).toBeGreaterThanOrEqual(4);
  // The new source's own backups may be asked for just now.
  for (const hub of [east!, west!]) await eventually('every question is gone', () => questions(hub, 'create').every((name) => questions(hub, 'delete').includes(name)));
  expect([...canaries.keys()].filter((name) => name.startsWith('the signed address of')).every((name) => name.includes(' BackupResourceList '))).toBe(true);
});

test('a token is read where an import needs it, and nowhere else', () => {
  const reads = (hub: SimulatedHub): number => hub.ledger.reads({ verb: 'get', resource: 'secrets', user: 'lifeboat' });
  expect(reads(east!)).toBe(0);
  expect(reads(west!)).toBeGreaterThanOrEqual(leftToLifeboat.length);
});

test('asked again with the key that started it, it is the same failover; the key does not do for another', async () => {
  const { id, planId, requestedBy, correlation } = await job.failover();
  const request = { kind: 'DISASTER', reason: 'hub-east lost its storage at 03:00', correlation };
  expect(await job.api.post(`/plans/${planId}/failovers`, request, correlation?.number)).toMatchObject({ id, requestedBy });
  expect(await job.refusal((api) => api.post(`/plans/${planId}/failovers`, { ...request, reason: 'Another' }, correlation?.number))).toBe('IDEMPOTENCY_KEY_REUSED');
  expect(await job.api.all(`/failovers?correlationNumber=${correlation?.number}`)).toMatchObject([{ id }]);
});

test('who asked for it was refused as its approver', () => {
  expect(job.story).toContain('its requester may not approve it: APPROVER_IS_REQUESTER');
});

test('the restore stays in the history, by the names of its backups, when the hub has lost it', async () => {
  const { id, requestedBy } = await job.failover();
  const kept = { failoverId: id, mode: 'CREATED', outcome: 'SUCCEEDED', actor: requestedBy, reason: 'hub-east lost its storage at 03:00', spec: { veleroCredentialsBackupName: expect.stringMatching(/^acm-credentials-schedule-\d{14}$/) } };
  const restores = await job.restores();
  expect(restores).toMatchObject([kept]);
  await world.hub(WEST).client.delete(resources.restore, { name: restores[0]?.name ?? '', namespace: BACKUP_NAMESPACE });
  await eventually('the Restore is gone', () => west!.object(resources.restore, { name: restores[0]?.name ?? '', namespace: BACKUP_NAMESPACE }) === null);
  expect(await job.restores()).toEqual(restores);
});

test('the source, once it is back, is fenced; clusters that moved are left alone there', async () => {
  const before = byLifeboat(east!).length;
  await world.reconnect(EAST);
  await job.untilFenced();
  const lines = byLifeboat(east!).slice(before);
  const fencing = [`patch backupschedules ${BACKUP_NAMESPACE}/schedule-acm`, ...fleet.clusters.map(({ name }) => `patch managedclusters ${name}`)];
  expect(lines.filter((line) => /^patch (backupschedules|managedclusters) /.test(line)).sort()).toEqual(fencing.sort());
  // Those that did not come back to hub-west are hub-east's still: their tokens have aged
  const moved = [...fleet.names('good'), ...fleet.names('hive')];
  expect(lines.filter((line) => !fencing.includes(line)).filter((line) => moved.some((name) => line.includes(` ${name}/`)))).toEqual([]);
}, 300_000);

test('no secret in any answer, log line or row, not even for a moment', async () => {
  expect(await job.askForEverything()).toBeGreaterThan(150);
  collectTokens(east!);
  const places = await job.places();
  // Signs that each place was looked at in earnest
  const signs = { 'bullmq.job': 'reconcile-tokens', 'public.hub_object': withToken[0]!, 'the answers of the API': 'lifeboat_build_info', 'the log': '"path":"/api/v1/hubs","status":201' };
  for (const [place, sign] of Object.entries(signs)) expect({ place, holdsSign: places.get(place)?.includes(sign) }).toEqual({ place, holdsSign: true });
  expect((places.get('the log') ?? '').split('\n').filter((line) => line.includes('"level":"error"'))).toEqual([]);
  // A new key is shown to whoever asked for it, once
  const [key, ...more] = (places.get('the answers of the API') ?? '').match(/lfb_duty-manager-\w+_[\w-]{49}/g) ?? [];
  expect({ shown: key !== undefined, again: more.length }).toEqual({ shown: true, again: 0 });
  expect(leaks(new Map([['the approver’s key', key!]]), new Map([...places].filter(([place]) => place !== 'the answers of the API')))).toEqual([]);
  expect([...canaries.keys()].filter((name) => name.startsWith('the token')).length).toBeGreaterThan(2 * fleet.names('good').length);
  expect(leaks(canaries, places)).toEqual([]);
});
