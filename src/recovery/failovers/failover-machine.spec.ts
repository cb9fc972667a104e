import { resources } from '../../kube/resources.js';
import { acmRestore, backupSchedule, eventually } from '../../simulator/scenarios/world-testing.js';
import { ann, BACKUPS, bob, Stage } from '../../../test/support/failover-stage.js';
import { recordFacts } from '../../../test/support/recovery-parts.js';

describe('a hub dies', () => {
  const stage = new Stage();
  afterEach(() => stage.strike());

  test('its fleet comes back as predicted, with one Restore, approved by another person', async () => {
    await stage.raise();
    const { recovery, fleet, world: { world, west } } = stage;
    for (const name of fleet.names('unreachable')) world.clusters.get(name).sleep();
    await eventually('those that went down are Unknown', async () => { stage.clock.advance(60_000); return (await world.availableOn('east')).every((name) => !fleet.names('unreachable').includes(name)); });
    await recordFacts(recovery, stage.source, stage.target, world.bucket);
    await world.cutOff('east');
    stage.clock.advance(2 * 3_600_000);

    const readiness = await recovery.readiness.forPlan(stage.plan.id);
    expect(readiness.clustersRecoverable).toBe(fleet.names('good').length);
    const id = await stage.start();
    await expect(stage.start()).rejects.toMatchObject({ code: 'HUB_BUSY' });
    const pending = await stage.until(id, 'PENDING_APPROVAL');
    expect(pending.pinned).toMatchObject({ mode: 'CREATED', clusters: 24, sourceAnswers: false });
    expect(pending.allowedOperations.filter((one) => one.allowed).map((one) => one.operation)).toEqual(['decide', 'abort']);
    await expect(recovery.failovers.decide(id, { decision: 'APPROVED' }, ann)).rejects.toMatchObject({ code: 'APPROVER_IS_REQUESTER' });
    await expect(recovery.failovers.decide(id, { decision: 'APPROVED', contentHash: 'other' }, bob)).rejects.toMatchObject({ code: 'CONTENT_CHANGED' });
    await expect(recovery.failovers.decide(id, { decision: 'APPROVED' }, { actor: 'bob' })).rejects.toMatchObject({ code: 'REASON_REQUIRED' });
    await recovery.failovers.decide(id, { decision: 'APPROVED', contentHash: pending.contentHash ?? '', evidence: { number: 'CHG1' } }, bob);

    await stage.until(id, 'IMPORTING');
    await eventually('the good ones', async () => { await recovery.machine.advance(id); return (await world.availableOn('west')).length >= fleet.names('good').length; });
    const done = await stage.until(id, 'ENDED', 2_000);

    expect(done.status).toBe('COMPLETED_WITH_EXCEPTIONS');
    expect(stage.restoresMade()).toBe(1);
    const outcomes = await stage.outcomes(id);
    for (const [group, code] of [
      ['good', 'RECONNECTED'], ['unreachable', 'CLUSTER_UNREACHABLE'], ['asleep', 'NO_TOKEN_RESTORED'], ['noUrl', 'API_URL_MISSING'], ['lateToken', 'NO_TOKEN_RESTORED'], ['shortToken', 'TOKEN_EXPIRED'],
      ['hive', 'NOT_NEEDED'], ['hosted', 'NOT_NEEDED'],
    ] as const) {
      expect({ group, codes: fleet.names(group).map((name) => outcomes.get(name)) }).toEqual({ group, codes: fleet.names(group).map(() => code) });
    }
    const surprises = await recovery.imports.list(id, { surprising: true }, { by: 'cluster', direction: 'ASC' }, { limit: 10, withTotal: true });
    expect(surprises.totalCount).toBe(0);

    const [restore] = (await recovery.restores.list({ failoverId: id }, { by: 'requestedAt', direction: 'ASC' }, { limit: 10 })).items;
    expect(restore).toMatchObject({ mode: 'CREATED', outcome: 'SUCCEEDED', phase: 'Finished', actor: 'ann', reason: 'hub-east burns' });
    expect(restore?.spec).toMatchObject({ cleanupBeforeRestore: 'None', veleroManagedClustersBackupName: done.pinned?.backups.managedClusters });
    expect(restore?.veleroRestores.every((one) => one.phase === 'Completed')).toBe(true);
    const events = await recovery.failovers.eventsAfter(id, 0);
    expect(events.map((event) => event.sequence)).toEqual(events.map((_, index) => index + 1));
    expect(events.map((event) => event.type)).toEqual(expect.arrayContaining(['failover.started', 'preflight.passed', 'approval.approved', 'source.fencing_not_possible', 'restore.begun', 'restore.done', 'imports.progress', 'verified', 'finding.recorded']));
    expect(events.find((event) => event.type === 'finding.recorded')?.data).toMatchObject({ code: 'NEW_HUB_HAS_NO_SCHEDULE' });
    expect(done.steps.find((step) => step.step === 'FENCING')?.result).toBe('NOT_POSSIBLE');
    expect((await recovery.parts.hubs.get(stage.source.id)).fencing).toBe('NOT_POSSIBLE');

    // The hubs are free again, and a supplied address brings a cluster back after the end
    const [eks] = fleet.names('noUrl');
    await recovery.imports.supplyApiUrl(id, eks ?? '', `https://api.${eks}.example:6443`, bob);
    await eventually('the late import', async () => { await recovery.machine.advance(id); return (await stage.outcomes(id)).get(eks ?? '') !== null; });
    expect((await stage.outcomes(id)).get(eks ?? '')).toBe('RECONNECTED');

    // The dead hub comes back: it is fenced at once
    await world.reconnect('east');
    await recovery.fencingWatch.look(new AbortController().signal);
    stage.clock.advance(31_000);
    await recovery.fencingWatch.look(new AbortController().signal);
    expect((await recovery.parts.hubs.get(stage.source.id)).fencing).toBe('FENCED');
    expect(stage.source.hub.object(resources.backupSchedule, { name: 'schedule-acm', namespace: BACKUPS })?.spec).toMatchObject({ paused: true });
    for (const name of fleet.names('good')) expect(stage.source.hub.object(resources.managedCluster, { name })?.metadata.annotations).toHaveProperty(['import.open-cluster-management.io/disable-auto-import']);
    expect(west.object(resources.restore, { name: restore?.name ?? '', namespace: BACKUPS })?.metadata.annotations).toMatchObject({ 'lifeboat/failover': id, 'lifeboat/actor': 'ann' });
  });
});

describe('checks and orders', () => {
  const stage = new Stage();
  beforeAll(() => stage.raise());
  afterAll(() => stage.strike());

  async function refusedWith(code: string): Promise<void> {
    const failed = await stage.until(await stage.start(), 'FAILED');
    expect(failed.problem?.code).toBe(code);
    expect(failed.problem?.remedy).not.toBe('');
    expect(stage.restoresMade()).toBe(0);
  }

  test('an active BackupSchedule on the target', async () => {
    const { client } = stage.world.world.hub('west');
    await client.create(resources.backupSchedule, backupSchedule({}, 'in-the-way'));
    await refusedWith('TARGET_SCHEDULE_ACTIVE');
    await client.delete(resources.backupSchedule, { name: 'in-the-way', namespace: BACKUPS });
    await eventually('it is gone', () => stage.target.hub.object(resources.backupSchedule, { name: 'in-the-way', namespace: BACKUPS }) === null);
  });

  test('a Restore on the target that has not ended', async () => {
    stage.target.hub.seed([{ ...acmRestore({}, 'in-the-way'), status: { phase: 'Running' } }]);
    await refusedWith('TARGET_RESTORE_IN_THE_WAY');
    stage.target.hub.remove(resources.restore, { name: 'in-the-way', namespace: BACKUPS });
  });

  test('a target that manages another cluster of that name', async () => {
    const [name] = stage.fleet.names('good');
    stage.target.hub.seed([{ apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name: name ?? '' }, spec: {} }]);
    await refusedWith('CLUSTER_NAME_COLLISION');
    stage.target.hub.remove(resources.managedCluster, { name: name ?? '' });
  });

  test('a failover without a reason, of a plan that is not there', async () => {
    await expect(stage.recovery.failovers.start({ planId: stage.plan.id, kind: 'DISASTER' }, { actor: 'ann' })).rejects.toMatchObject({ code: 'REASON_REQUIRED' });
    await expect(stage.recovery.failovers.start({ planId: '01990000-0000-7000-8000-000000000000', kind: 'DISASTER' }, ann)).rejects.toMatchObject({ code: 'PLAN_NOT_FOUND' });
  });

  test('of a hundred starts one wins', async () => {
    const starts = await Promise.allSettled(Array.from({ length: 100 }, () => stage.start()));
    const won = starts.filter((one) => one.status === 'fulfilled');
    expect(won).toHaveLength(1);
    for (const one of starts) if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'HUB_BUSY' });
    const [{ value: id }] = won as [PromiseFulfilledResult<string>];
    const aborted = await stage.recovery.failovers.abort(id, { actor: 'ann', reason: 'a drill' });
    expect(aborted.status).toBe('CANCELLED');
    expect(aborted.allowedOperations.every((one) => !one.allowed)).toBe(true);
  });

  test('a changed plan voids the approval: it is checked and approved anew', async () => {
    const id = await stage.start();
    const first = await stage.until(id, 'PENDING_APPROVAL');
    await stage.recovery.failovers.decide(id, { decision: 'APPROVED' }, bob);
    const plan = await stage.recovery.plans.get(stage.plan.id);
    await stage.recovery.plans.update(plan.id, { rtoSeconds: 7200 }, plan.version, ann);
    const second = await eventually('the checks again', async () => {
      await stage.recovery.machine.advance(id);
      const now = await stage.recovery.failovers.get(id);
      return now.status === 'PENDING_APPROVAL' && now.contentHash !== first.contentHash ? now : null;
    });
    expect(second.approvals).toMatchObject([{ decidedBy: 'bob', valid: false }]);
    await stage.recovery.machine.advance(id);
    expect((await stage.recovery.failovers.get(id)).status).toBe('PENDING_APPROVAL');
    const rejected = await stage.recovery.failovers.decide(id, { decision: 'REJECTED' }, bob);
    expect(rejected.status).toBe('CANCELLED');
    await expect(stage.recovery.failovers.decide(id, { decision: 'APPROVED' }, bob)).rejects.toMatchObject({ code: 'APPROVAL_NOT_PENDING' });
  });

  test('a set that is gone by the time of the restore: nothing is restored, and the fencing of a living source is taken back', async () => {
    const id = await stage.start();
    const pending = await stage.until(id, 'PENDING_APPROVAL');
    expect(pending.pinned?.sourceAnswers).toBe(true);
    const gone = pending.pinned?.backups.managedClusters ?? '';
    stage.world.world.turn('west', { storageDown: true }); // else Velero brings it back within its minute
    await stage.recovery.failovers.decide(id, { decision: 'APPROVED' }, bob);
    stage.target.hub.remove(resources.veleroBackup, { name: gone, namespace: BACKUPS });
    const failed = await stage.until(id, 'FAILED');
    expect(failed.problem?.code).toBe('BACKUP_SET_GONE');
    expect(stage.restoresMade()).toBe(0);
    const types = await stage.eventTypes(id);
    expect(types).toEqual(expect.arrayContaining(['finding.recorded', 'source.fenced', 'source.unfenced']));
    expect(stage.source.hub.object(resources.backupSchedule, { name: 'schedule-acm', namespace: BACKUPS })?.spec).toMatchObject({ paused: false });
    for (const { metadata } of stage.source.hub.objects(resources.managedCluster)) expect(Object.keys(metadata.annotations ?? {}).filter((key) => key.startsWith('lifeboat/') || key.endsWith('disable-auto-import'))).toEqual([]);
    expect((await stage.recovery.parts.hubs.get(stage.source.id)).fencing).toBe('NONE');
  });
});
