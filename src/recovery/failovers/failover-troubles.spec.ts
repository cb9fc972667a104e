import { resources } from '../../kube/resources.js';
import { demoFleet, Fleet, type FleetGroup } from '../../simulator/scenarios/fleet.js';
import { acmRestore, eventually, phaseIn } from '../../simulator/scenarios/world-testing.js';
import { ann, BACKUPS, bob, Stage } from '../../../test/support/failover-stage.js';
import { MAX_CRASHES } from './failover-transitions.rules.js';

const acm = 'cluster.open-cluster-management.io';

/** A small fleet, without what needs the window to end unless it is asked for. */
function fleetOf(...groups: FleetGroup[]): Fleet {
  return new Fleet(demoFleet({ count: 9, seed: 3, source: 'east', target: 'west' }).clusters.filter(({ group }) => groups.includes(group)));
}

const raised: Stage[] = [];
afterEach(async () => {
  for (const stage of raised.splice(0)) await stage.strike();
});

async function stageOf(...[fleet, options, plan]: [...ConstructorParameters<typeof Stage>, Parameters<Stage['raise']>[0]?]): Promise<Stage> {
  const stage = new Stage(fleet ?? fleetOf('good'), options);
  raised.push(stage);
  await stage.raise(plan);
  return stage;
}

/** East is gone, so that nothing has to be fenced. */
async function withoutEast(stage: Stage): Promise<void> {
  await stage.world.world.cutOff('east');
}

describe('the Restore', () => {
  test('whose answer was lost is looked for, not made again', async () => {
    const stage = await stageOf();
    await withoutEast(stage);
    const fault = stage.target.hub.faults.add({ verb: 'create', resource: 'restores', group: acm }, { type: 'lose-answer' }, { times: 1 });
    const id = await stage.approved('COMPLETED');
    expect(stage.restoresMade()).toBe(1);
    expect(fault).toBeDefined();
    expect(await stage.eventTypes(id)).toContain('restore.begun');
  });

  test('that was refused has had no effect: it waits for a person, who may abort', async () => {
    const stage = await stageOf();
    const readmit = stage.target.hub.addAdmission({ name: 'no', review: ({ operation, kind }) => (operation === 'CREATE' && kind.kind === 'Restore' && kind.group === acm ? 'not today' : null) });
    const id = await stage.start();
    await stage.until(id, 'PENDING_APPROVAL');
    await stage.recovery.failovers.decide(id, { decision: 'APPROVED' }, bob);
    const stuck = await stage.until(id, 'ATTENTION');
    expect(stuck).toMatchObject({ status: 'RESTORING', problem: { code: 'RESTORE_REFUSED' } });
    expect(stuck.problem?.message).toContain('not today');
    expect(stuck.allowedOperations.filter((one) => one.allowed).map((one) => one.operation)).toEqual(['abort', 'retry']);
    readmit();
    const aborted = await stage.recovery.failovers.abort(id, { actor: 'ann', reason: 'never mind' });
    expect(aborted.status).toBe('UNDOING');
    const cancelled = await stage.until(id, 'CANCELLED');
    expect(cancelled.steps.find((step) => step.step === 'UNDOING')?.result).toBe('DONE');
    expect(stage.restoresMade()).toBe(0);
    expect((await stage.recovery.parts.hubs.get(stage.source.id)).fencing).toBe('NONE');
  });

  test('that was refused goes on after a retry', async () => {
    const stage = await stageOf();
    await withoutEast(stage);
    const readmit = stage.target.hub.addAdmission({ name: 'no', review: ({ operation, kind }) => (operation === 'CREATE' && kind.kind === 'Restore' && kind.group === acm ? 'not today' : null) });
    const id = await stage.start();
    await stage.until(id, 'PENDING_APPROVAL');
    await stage.recovery.failovers.decide(id, { decision: 'APPROVED' }, bob);
    await stage.until(id, 'ATTENTION');
    readmit();
    await expect(stage.recovery.failovers.retry(id, { actor: 'ann' })).rejects.toMatchObject({ code: 'REASON_REQUIRED' });
    await stage.recovery.failovers.retry(id, ann);
    await expect(stage.recovery.failovers.retry(id, ann)).rejects.toMatchObject({ code: 'RETRY_NOT_NEEDED' });
    await stage.until(id, 'COMPLETED');
    expect(stage.restoresMade()).toBe(1);
  });

  test('that a person deleted is never made again', async () => {
    const stage = await stageOf();
    await withoutEast(stage);
    const hold = stage.target.hub.faults.add({ verb: 'create', resource: 'restores', group: 'velero.io' }, { type: 'error', code: 500 });
    const id = await stage.approved('RESTORING');
    await eventually('the Restore', async () => { await stage.recovery.machine.advance(id); return stage.restoresMade() === 1; });
    await expect(stage.recovery.failovers.abort(id, ann)).rejects.toMatchObject({ code: 'ABORT_NOT_POSSIBLE' });
    const { pinned } = await stage.recovery.failovers.get(id);
    stage.target.hub.remove(resources.restore, { name: pinned?.restoreName ?? '', namespace: BACKUPS });
    const failed = await stage.until(id, 'FAILED');
    expect(failed.problem?.code).toBe('RESTORE_DELETED');
    expect(stage.restoresMade()).toBe(1);
    const [record] = (await stage.recovery.restores.list({ failoverId: id }, { by: 'requestedAt', direction: 'ASC' }, { limit: 1 })).items;
    expect(record).toMatchObject({ outcome: 'FAILED', name: pinned?.restoreName });
    hold();
  });

  test('of a passive hub is activated, once, and no other is made', async () => {
    const stage = await stageOf();
    const { world, west } = stage.world;
    const passive = acmRestore({ veleroManagedClustersBackupName: 'skip', syncRestoreWithNewBackups: true, restoreSyncInterval: '5m' }, 'passive');
    await world.hub('west').client.create(resources.restore, passive);
    await eventually('the passive data', () => phaseIn(west, resources.restore, 'passive') === 'Enabled');
    await withoutEast(stage);
    const id = await stage.start();
    const pending = await stage.until(id, 'PENDING_APPROVAL');
    expect(pending.pinned).toMatchObject({ mode: 'ACTIVATED', restoreName: 'passive' });
    await stage.recovery.failovers.decide(id, { decision: 'APPROVED' }, bob);
    await stage.until(id, 'COMPLETED');
    expect(west.ledger.writes({ verb: 'create', group: acm, resource: 'restores', user: 'lifeboat' })).toHaveLength(0);
    expect(west.ledger.writes({ verb: 'patch', group: acm, resource: 'restores', user: 'lifeboat', changed: true })).toHaveLength(1);
    expect(west.object(resources.restore, { name: 'passive', namespace: BACKUPS })?.spec).toMatchObject({ veleroManagedClustersBackupName: 'latest' });
    const [record] = (await stage.recovery.restores.list({ failoverId: id }, { by: 'requestedAt', direction: 'ASC' }, { limit: 1 })).items;
    expect(record).toMatchObject({ mode: 'ACTIVATED', name: 'passive', outcome: 'SUCCEEDED' });
    expect(record?.veleroRestores.map((one) => one.backup)).toContain(pending.pinned?.backups.managedClusters);
    expect(record?.veleroRestores.map((one) => one.name).every((name) => /managed-clusters|-active$/.test(name))).toBe(true);
  });
});

describe('a passive hub whose newest backup of managed clusters belongs to no complete set', () => {
  test('is activated all the same, and what it will take is what is approved', async () => {
    const stage = await stageOf();
    const { world, east, west } = stage.world;
    await world.hub('west').client.create(resources.restore, acmRestore({ veleroManagedClustersBackupName: 'skip', syncRestoreWithNewBackups: true, restoreSyncInterval: '5m' }, 'passive'));
    await eventually('the passive data', () => phaseIn(west, resources.restore, 'passive') === 'Enabled');
    const [whole] = east.objects(resources.veleroBackup).filter(({ metadata }) => metadata.name.startsWith('acm-managed-clusters-schedule-'));
    const { apiVersion, kind, metadata: { labels = {} } = { labels: {} }, spec } = whole ?? { apiVersion: '', kind: '', spec: {} };
    const name = 'acm-managed-clusters-schedule-20991231000000';
    await world.hub('east').client.create(resources.veleroBackup, { apiVersion, kind, metadata: { name, namespace: BACKUPS, labels }, spec });
    await eventually('the lone backup on the target', () => phaseIn(west, resources.veleroBackup, name) === 'Completed');
    await withoutEast(stage);
    const id = await stage.start();
    const pending = await stage.until(id, 'PENDING_APPROVAL');
    expect(pending.pinned).toMatchObject({ mode: 'ACTIVATED', backups: { managedClusters: name } });
    await stage.recovery.failovers.decide(id, { decision: 'APPROVED' }, bob);
    await stage.until(id, 'COMPLETED');
    const [record] = (await stage.recovery.restores.list({ failoverId: id }, { by: 'requestedAt', direction: 'ASC' }, { limit: 1 })).items;
    expect(record?.veleroRestores.map((one) => one.backup)).toContain(name);
  });
});

describe('imports', () => {
  test('that the operator never made are made as it would have made them', async () => {
    const stage = await stageOf();
    await withoutEast(stage);
    stage.target.hub.addAdmission({ name: 'no', review: ({ kind, name, user }) => (kind.kind === 'Secret' && name === 'auto-import-secret' && user === 'admin' ? 'the operator is out' : null) });
    const id = await stage.approved('COMPLETED', 2_000);
    for (const name of stage.fleet.names('good')) expect((await stage.outcomes(id)).get(name)).toBe('RECONNECTED');
    const made = stage.target.hub.ledger.writes({ verb: 'create', resource: 'secrets', user: 'lifeboat', changed: true });
    expect(made.map((one) => one.namespace).sort()).toEqual(stage.fleet.names('good').sort());
    const [name] = stage.fleet.names('good');
    const secret = stage.target.hub.object(resources.secret, { name: 'auto-import-secret', namespace: name ?? '' });
    expect(secret).toMatchObject({
      type: 'Opaque',
      metadata: { labels: { 'cluster.open-cluster-management.io/restore-auto-import-secret': 'true' }, annotations: { 'managedcluster-import-controller.open-cluster-management.io/keeping-auto-import-secret': '' } },
    });
    expect(Object.keys(secret?.data ?? {}).sort()).toEqual(['autoImportRetry', 'server', 'token']);
    const row = await stage.recovery.imports.get(id, name ?? '');
    expect(row).toMatchObject({ account: 'auto-import-account', attempts: 1 });
    // No token has come near our tables
    const token = Buffer.from(secret?.data?.['token'] ?? '', 'base64').toString();
    const dump = await stage.recovery.parts.sql.query<{ row: string }>(
      'SELECT e::text AS row FROM failover_event e UNION ALL SELECT i::text FROM import i UNION ALL SELECT s::text FROM failover_step s UNION ALL SELECT r::text FROM restore r UNION ALL SELECT a::text FROM audit_entry a');
    expect(token.length).toBeGreaterThan(50);
    expect(dump.filter(({ row: text }) => text.includes(token) || text.includes(secret?.data?.['token'] ?? '-'))).toEqual([]);
  });

  test('go to the address that a person supplied, in place of the one that the operator wrote', async () => {
    const stage = await stageOf(fleetOf('good', 'unreachable'), {}, { importWindowSeconds: 600 });
    await withoutEast(stage);
    const id = await stage.approved('IMPORTING');
    const [name] = stage.fleet.names('unreachable');
    await eventually('the operator’s Secret', async () => { await stage.recovery.machine.advance(id); return stage.target.hub.object(resources.secret, { name: 'auto-import-secret', namespace: name ?? '' }); });
    await expect(stage.recovery.imports.supplyApiUrl(id, name ?? '', 'https://localhost', bob)).rejects.toMatchObject({ code: 'API_URL_INVALID' });
    await expect(stage.recovery.imports.supplyApiUrl(id, 'nobody', 'https://gw.example', bob)).rejects.toMatchObject({ code: 'IMPORT_NOT_FOUND' });
    await stage.recovery.imports.supplyApiUrl(id, name ?? '', 'https://gw.example:6443', bob);
    await eventually('the address', async () => {
      await stage.recovery.machine.advance(id);
      const secret = stage.target.hub.object(resources.secret, { name: 'auto-import-secret', namespace: name ?? '' });
      return Buffer.from(secret?.data?.['server'] ?? '', 'base64').toString() === 'https://gw.example:6443';
    });
    const [back] = stage.fleet.names('good');
    await eventually('a cluster that is back', async () => { await stage.recovery.machine.advance(id); return (await stage.outcomes(id)).get(back ?? '') === 'RECONNECTED'; });
    await expect(stage.recovery.imports.supplyApiUrl(id, back ?? '', 'https://gw.example:6443', bob)).rejects.toMatchObject({ code: 'IMPORT_NOT_OPEN' });
    await eventually('the controller’s word', () => JSON.stringify(stage.target.hub.object(resources.managedCluster, { name: name ?? '' })?.status).includes('i/o timeout'));
    stage.clock.advance(601_000);
    const done = await stage.until(id, 'COMPLETED_WITH_EXCEPTIONS');
    expect(done.imports.byOutcome).toEqual({ RECONNECTED: stage.fleet.names('good').length, CLUSTER_UNREACHABLE: 1 });
  });

  test('wait while the target is silent, and go on when it is back', async () => {
    const stage = await stageOf(fleetOf('good', 'unreachable'), {}, { importWindowSeconds: 600 });
    await withoutEast(stage);
    const id = await stage.approved('IMPORTING');
    await stage.world.world.cutOff('west');
    await stage.recovery.machine.advance(id);
    const waiting = await stage.recovery.failovers.get(id);
    expect(waiting).toMatchObject({ status: 'IMPORTING', needsAttention: false, problem: { code: 'HUB_CALL_FAILED' } });
    await stage.world.world.reconnect('west');
    stage.clock.advance(601_000);
    const done = await stage.until(id, 'COMPLETED_WITH_EXCEPTIONS');
    expect(done.problem).toBeNull();
  });
});

describe('workers', () => {
  test('a step that took three of them down waits for a person', async () => {
    const stage = await stageOf();
    await withoutEast(stage);
    const id = await stage.start();
    for (let crash = 0; crash < MAX_CRASHES; crash++) {
      const lease = await stage.recovery.parts.leases.hold(`failover/${id}`, 5_000);
      if (lease === null) throw new Error('the lease is taken');
      await stage.recovery.repository.enter(lease, id, 'PREFLIGHT'); // and dies
      await lease.release();
    }
    const stuck = await stage.until(id, 'ATTENTION');
    expect(stuck).toMatchObject({ status: 'PREFLIGHT', problem: { code: 'STEP_CRASHED_WORKERS' } });
    await stage.recovery.failovers.retry(id, ann);
    await stage.until(id, 'PENDING_APPROVAL');
  });

  test('one that was overtaken writes nothing', async () => {
    const stage = await stageOf();
    const id = await stage.start();
    const { leases } = stage.recovery.parts;
    const old = await leases.hold(`failover/${id}`, 5_000);
    if (old === null) throw new Error('the lease is taken');
    expect(await stage.recovery.machine.advance(id)).toEqual({ againInMs: expect.any(Number) as number }); // not ours: nothing happens
    expect((await stage.recovery.failovers.get(id)).status).toBe('PREFLIGHT');
    await stage.recovery.parts.sql.execute('UPDATE lease SET epoch = epoch + 1, owner = $2 WHERE key = $1', [`failover/${id}`, 'another']);
    const before = await stage.recovery.failovers.eventsAfter(id, 0);
    const late = stage.recovery.repository.write(old, id, 'PREFLIGHT', { to: 'FAILED', notes: [{ type: 'x', summary: 'late' }] }, stage.clock.now());
    await expect(late).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await stage.recovery.failovers.eventsAfter(id, 0)).toEqual(before);
    expect((await stage.recovery.failovers.get(id)).status).toBe('PREFLIGHT');
    await old.release();
  });

  test('two at once do one failover', async () => {
    const stage = await stageOf();
    await withoutEast(stage);
    const id = await stage.start();
    await stage.until(id, 'PENDING_APPROVAL');
    await stage.recovery.failovers.decide(id, { decision: 'APPROVED' }, bob);
    await eventually('the end', async () => {
      await Promise.all([1, 2, 3].map(() => stage.recovery.machine.advance(id)));
      return (await stage.recovery.failovers.get(id)).status === 'COMPLETED';
    });
    expect(stage.restoresMade()).toBe(1);
  });

  test('events come as they are written, from where the reader left off, and end with the failover', async () => {
    const stage = await stageOf();
    await withoutEast(stage);
    const id = await stage.start();
    const heard: number[] = [];
    const reading = (async () => { for await (const event of stage.recovery.failovers.changes(id, 1, new AbortController().signal)) heard.push(event.sequence); })();
    await stage.until(id, 'PENDING_APPROVAL');
    await stage.recovery.failovers.decide(id, { decision: 'APPROVED' }, bob);
    await stage.until(id, 'COMPLETED');
    await reading;
    const all = (await stage.recovery.failovers.eventsAfter(id, 1)).map((event) => event.sequence);
    expect(heard).toEqual(all);
    expect(heard.length).toBeGreaterThan(10);
  });
});
