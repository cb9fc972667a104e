import { ManualClock } from '../common/clock.js';
import { Parts, testConfig } from '../../test/support/parts.js';
import { ReadinessParts } from '../../test/support/readiness-parts.js';
import type { OutlookService } from './outlook.service.js';

const start = new Date('2026-11-24T12:00:00Z');
const clock = new ManualClock(start);
const hours = (count: number): Date => new Date(start.getTime() + count * 3_600_000);

let parts: Parts;
let outlook: OutlookService;
let planId: string;
const hubs = { east: '', west: '', south: '' };
const sets = { new: '', old: '', foreign: '' };

beforeAll(async () => {
  parts = await Parts.open(clock, testConfig());
  const { prisma } = parts;
  ({ outlook } = new ReadinessParts(parts));
  const storage = [{ name: 'dpa', provider: 'aws', bucket: 'b', prefix: 'p', s3Url: null, region: null, phase: 'Available', owned: true }];
  for (const name of ['east', 'west', 'south'] as const) {
    const hub = await prisma.hub.create({ data: { name, apiUrl: `https://${name}`, release: '2.15.0', clusterId: `id-${name}`, policy: 'PROTECT', reachability: 'REACHABLE', storage, createdAt: start, createdBy: 't', updatedAt: start } });
    hubs[name] = hub.id;
    await prisma.hubWatch.createMany({ data: ['MANAGED_CLUSTER', 'TOKEN_SECRET', 'VELERO_BACKUP'].map((kind) => ({ hubId: hub.id, kind, phase: 'WATCHING', listedAt: start, heardAt: start, epoch: 1n })) });
  }
  await prisma.backupSchedule.create({
    data: { hubId: hubs.east, name: 'schedule-acm', phase: 'Enabled', cron: '0 */6 * * *', veleroTtlSeconds: 10 * 86_400, useManagedServiceAccount: true, paused: false, veleroPaused: false, readAt: start },
  });
  sets.new = await addSet('new', -1, 'id-east', ['east', 'west']);
  sets.old = await addSet('old', -7, 'id-east', ['east', 'west']);
  sets.foreign = await addSet('foreign', -1, 'id-west', ['west']);
  // Its token was renewed between the two sets: the older one holds one that ends soon.
  await addCluster('steady', {}, { new: hours(99), old: hours(20) }, {});
  await addCluster('unlabelled', {}, { old: hours(60) }, { inBackupSelection: false, problemCode: 'TOKEN_NOT_LABELLED' });
  await addCluster('asleep', {}, { new: hours(30), old: hours(30) }, { expiresAt: hours(30), problemCode: 'ADDON_UNAVAILABLE' });
  await addCluster('no-url', { apiUrl: null }, { new: hours(99), old: hours(99) }, {});
  await addCluster('hive', { origin: 'HIVE' }, {}, {});
  const plan = await prisma.recoveryPlan.create({
    data: { name: 'p', sourceHubId: hubs.east, targetHubId: hubs.west, rpoSeconds: 6 * 3600, rtoSeconds: 3600, backupRule: 'NEWEST_COMPLETE', approvalRequired: true, importWindowSeconds: 60, createdAt: start, createdBy: 't', updatedAt: start },
  });
  planId = plan.id;
});

afterAll(() => parts.drop());

async function addSet(name: string, startedHours: number, owner: string, shownBy: readonly (keyof typeof hubs)[]): Promise<string> {
  const members = { credentialsBackup: `${name}-cred`, resourcesBackup: `${name}-res`, managedClustersBackup: `${name}-mc` };
  for (const hub of shownBy) await parts.prisma.backup.createMany({ data: Object.values(members).map((backup) => ({ hubId: hubs[hub], name: backup, ownerClusterId: owner, phase: 'Completed', readAt: start })) });
  const set = await parts.prisma.backupSet.create({
    data: { ownerClusterId: owner, ...members, status: 'COMPLETE', startedAt: hours(startedHours), managedClustersStartedAt: hours(startedHours), completedAt: hours(startedHours + 0.1), expiresAt: hours(startedHours + 240), firstSeenAt: start },
  });
  return set.id;
}

async function addCluster(name: string, of: object, inSets: { new?: Date; old?: Date }, token: object): Promise<void> {
  await parts.prisma.managedCluster.create({
    data: {
      hubId: hubs.east, name, origin: 'IMPORTED', labels: {}, apiUrl: `https://${name}`, accepted: 'TRUE', joined: 'TRUE', available: 'TRUE', availableSince: hours(-600), importCondition: 'TRUE', addonPresent: true, addonAvailable: 'TRUE',
      deleting: false, problems: [], createdOnHubAt: hours(-600), readAt: start, ...of,
    },
  });
  const account = { cluster: name, account: 'auto-import-account' };
  await parts.prisma.autoImportToken.create({
    data: { hubId: hubs.east, ...account, accountPresent: true, secretPresent: true, inBackupSelection: true, bindingPresent: true, refreshedAt: hours(-1), expiresAt: hours(99), validitySeconds: 360_000, readAt: start, ...token },
  });
  for (const [which, expiresAt] of Object.entries(inSets)) {
    await parts.prisma.backupSetToken.create({ data: { setId: sets[which as 'new' | 'old'], ...account, belief: 'VERIFIED_IN', expiresAt, evidence: 'seen', decidedAt: start } });
  }
}

test('the sets side by side: what each would bring, against the newest', async () => {
  const points = await outlook.recoveryPoints(planId, 10);
  expect(points).toMatchObject([
    { backupSet: { id: sets.new }, ageSeconds: 3600, clustersRecoverable: 2, clustersTotal: 4, setCoverage: 3, recommended: true, bringsBackMore: 0, leavesBehind: 0, comparison: 'The newest usable set' },
    { backupSet: { id: sets.old }, ageSeconds: 25_200, clustersRecoverable: 3, setCoverage: 4, recommended: false, bringsBackMore: 1, leavesBehind: 0, comparison: '6 hours older brings back 1 cluster more' },
  ]);
  expect(await outlook.recoveryPoints(planId, 1)).toHaveLength(1);
});

test('when which clusters drop out, if nothing follows and if all goes on', async () => {
  expect(await outlook.forecast(planId, 'NO_MORE_BACKUPS', 30, 100)).toMatchObject({
    clustersRecoverable: 2, clustersTotal: 4, within24Hours: 0, within7Days: 2, within30Days: 2, byCode: [{ code: 'TOKEN_EXPIRED', count: 2 }],
    dropOuts: [{ cluster: 'asleep', at: hours(30), code: 'TOKEN_EXPIRED' }, { cluster: 'steady', at: hours(99) }],
  });
  expect(await outlook.forecast(planId, 'BACKUPS_GO_ON', 30, 100)).toMatchObject({ within7Days: 1, dropOuts: [{ cluster: 'asleep', at: hours(30) }] });
  expect(await outlook.forecast(planId, 'NO_MORE_BACKUPS', 1, 100)).toMatchObject({ within7Days: 2, dropOuts: [], byCode: [] });
  expect((await outlook.forecast(planId, 'NO_MORE_BACKUPS', 30, 1)).dropOuts).toHaveLength(1);
});

test('how the plan stands against what it promises', async () => {
  expect(await outlook.objectives(planId)).toMatchObject({
    rpoTargetSeconds: 21_600, rpoCurrentSeconds: 3600, rpoMet: true, rtoTargetSeconds: 3600, rtoMet: true, rtoEstimate: { basis: 'PUBLISHED_TIMES' },
    clustersRecoverable: 2, clustersTotal: 4, setCoverage: 3, tokenHorizon: hours(30), lastDrillAgeSeconds: null, factsAgeSeconds: 0,
  });
});

test('a failover of our own is what an estimate rests on from then on', async () => {
  const { prisma } = parts;
  const failover = await prisma.failover.create({ data: { planId, kind: 'DISASTER', status: 'COMPLETED', requestedBy: 't', reason: 'r', createdAt: hours(-50), finishedAt: hours(-49) } });
  await prisma.failoverHub.create({ data: { failoverId: failover.id, hubId: hubs.west, role: 'TARGET', open: false } });
  await prisma.failoverStep.createMany({
    data: [{ step: 'RESTORING', intentAt: hours(-50), outcomeAt: hours(-49.9) }, { step: 'IMPORTING', intentAt: hours(-49.9), outcomeAt: hours(-49.8) }].map((step, position) => ({ failoverId: failover.id, position, epoch: 1n, ...step })),
  });
  await prisma.import.createMany({ data: ['a', 'b'].map((cluster) => ({ failoverId: failover.id, cluster, origin: 'IMPORTED', predictedVerdict: 'READY', state: 'RECONNECTED' })) });
  const { rtoEstimate } = await outlook.objectives(planId);
  expect(rtoEstimate).toMatchObject({ basis: 'OWN_FAILOVERS', seconds: 30 + (720 - 30) * 2 });
});

describe('what if', () => {
  test('nothing were otherwise: as things are', async () => {
    expect(await outlook.whatIf(planId, {})).toMatchObject({ clustersRecoverable: 2, gained: 0, lost: 0, differences: [], assumptions: [], backupSet: { id: sets.new }, rpoSeconds: 3600 });
  });

  test('another set were restored', async () => {
    expect(await outlook.whatIf(planId, { backupSetId: sets.old })).toMatchObject({
      clustersRecoverable: 3, gained: 1, lost: 0, differences: expect.arrayContaining([{ cluster: 'unlabelled', before: 'NOT_READY', after: 'READY', code: null }]), findings: expect.arrayContaining([expect.objectContaining({ code: 'RPO_EXCEEDED' })]),
    });
  });

  test('the source died in two days, and the restore came a day later', async () => {
    const answer = await outlook.whatIf(planId, { sourceDiesAt: hours(48), at: hours(72) });
    // The hub protects: the missing label is mended. The sleeping cluster's token has ended by then.
    expect(answer).toMatchObject({ backupSet: null, setStartedAt: new Date('2026-11-26T06:00:00Z'), rpoSeconds: 6 * 3600, clustersRecoverable: 2, gained: 1, lost: 1, verdict: 'AT_RISK' });
    expect(answer.differences).toEqual(expect.arrayContaining([expect.objectContaining({ cluster: 'asleep', after: 'NOT_READY', code: 'TOKEN_EXPIRED' })]));
    expect(answer.assumptions.length).toBeGreaterThan(1);
  });

  test('tokens lived for an hour only, and the restore came two hours after the set', async () => {
    const answer = await outlook.whatIf(planId, { sourceDiesAt: hours(90), at: hours(92), tokenValiditySeconds: 3600 });
    expect(answer).toMatchObject({ clustersRecoverable: 0, lost: 2, verdict: 'NOT_READY' });
  });

  test('backups ran once a week', async () => {
    expect(await outlook.whatIf(planId, { sourceDiesAt: hours(90), cron: '0 0 * * 1' })).toMatchObject({ setStartedAt: hours(-1), rpoSeconds: 91 * 3600, findings: expect.arrayContaining([expect.objectContaining({ code: 'RPO_EXCEEDED' })]) });
  });

  test('the source had died three hours ago', async () => {
    expect(await outlook.whatIf(planId, { sourceDiesAt: hours(-3) })).toMatchObject({ backupSet: { id: sets.old }, at: start, rpoSeconds: 4 * 3600 });
  });

  test('another hub were the target: it shows no backup', async () => {
    expect(await outlook.whatIf(planId, { targetHubId: hubs.south })).toMatchObject({ targetHubId: hubs.south, clustersRecoverable: 0, lost: 2, backupSet: null, verdict: 'NOT_READY' });
  });

  test.each<[string, () => Parameters<OutlookService['whatIf']>[1], string]>([
    ['a set of another hub', () => ({ backupSetId: sets.foreign }), 'BACKUP_SET_OF_ANOTHER_HUB'],
    ['a set that is not there', () => ({ backupSetId: hubs.east }), 'BACKUP_SET_NOT_FOUND'],
    ['a target that is not there', () => ({ targetHubId: sets.new }), 'HUB_NOT_FOUND'],
    ['the year 9999', () => ({ at: new Date('9999-01-01T00:00:00Z') }), 'WHAT_IF_INVALID'],
    ['a restore before the end', () => ({ at: hours(1), sourceDiesAt: hours(2) }), 'WHAT_IF_INVALID'],
    ['a schedule that is none', () => ({ cron: 'at noon' }), 'WHAT_IF_INVALID'],
  ])('%s is refused with a code', async (_what, question, code) => {
    await expect(outlook.whatIf(planId, question())).rejects.toMatchObject({ code });
  });

  test('a plan that is not there', async () => {
    for (const ask of [() => outlook.whatIf(hubs.east, {}), () => outlook.objectives(hubs.east), () => outlook.recoveryPoints(hubs.east, 1), () => outlook.forecast(hubs.east, 'NO_MORE_BACKUPS', 1, 1)]) {
      await expect(ask()).rejects.toMatchObject({ code: 'PLAN_NOT_FOUND' });
    }
  });
});

describe('where the way from the target must be proved', () => {
  const way = (cluster: string, state: string, hoursAgo: number) =>
    parts.prisma.targetPath.create({ data: { planId, cluster, state, detail: `told ${state}`, checkedAt: hours(-hoursAgo), since: hours(-hoursAgo) } });

  beforeAll(async () => {
    await parts.prisma.recoveryPlan.update({ where: { id: planId }, data: { reachability: 'PROBED', probeIntervalSeconds: 3600 } });
    await way('steady', 'PROVEN', 1);
    await way('asleep', 'REFUSED', 1);
    await way('unlabelled', 'PROVEN', 3);
    clock.advance(6_000); // what readiness has answered before is no answer any more
  });

  test('recovery points, forecast and objectives count as readiness does', async () => {
    expect(await outlook.recoveryPoints(planId, 10)).toMatchObject([
      { backupSet: { id: sets.new }, clustersRecoverable: 1, counts: { UNKNOWN: 0, NOT_READY: 3 } },
      // The proof of this one is too old.
      { backupSet: { id: sets.old }, clustersRecoverable: 1, counts: { UNKNOWN: 1, NOT_READY: 2 } },
    ]);
    expect(await outlook.forecast(planId, 'NO_MORE_BACKUPS', 30, 100)).toMatchObject({ clustersRecoverable: 1, within7Days: 1, dropOuts: [{ cluster: 'steady', at: hours(99), code: 'TOKEN_EXPIRED' }] });
    expect(await outlook.objectives(planId)).toMatchObject({ clustersRecoverable: 1, tokenHorizon: hours(99) });
  });

  test('a moment to come makes no proof older, and an old one no younger', async () => {
    expect(await outlook.whatIf(planId, {})).toMatchObject({ clustersRecoverable: 1, gained: 0, lost: 0 });
    expect(await outlook.whatIf(planId, { at: hours(50) })).toMatchObject({ clustersRecoverable: 1, lost: 0, counts: { UNKNOWN: 0 } });
    expect(await outlook.whatIf(planId, { backupSetId: sets.old, at: hours(-4) })).toMatchObject({ counts: { UNKNOWN: 1 } });
  });

  test('of the ways from another hub nothing is known', async () => {
    const rows = await parts.prisma.backup.findMany({ where: { hubId: hubs.west, ownerClusterId: 'id-east' } });
    await parts.prisma.backup.createMany({ data: rows.map((row) => ({ ...row, hubId: hubs.south })) });
    expect(await outlook.whatIf(planId, { targetHubId: hubs.south })).toMatchObject({ clustersRecoverable: 0, lost: 1, differences: [{ cluster: 'asleep', after: 'UNKNOWN' }, { cluster: 'steady', before: 'READY', after: 'UNKNOWN', code: 'TARGET_PATH_UNPROVEN' }] });
  });
});
