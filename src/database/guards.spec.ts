import pg from 'pg';
import { startDatabaseModule, type TestDatabaseModule } from '../../test/support/database-module.js';
import { sqlState, violates } from './constraint.js';
import { PrismaService } from './prisma.service.js';

const at = new Date('2026-11-24T12:00:00Z');

let database: TestDatabaseModule;
let prisma: PrismaService;
let client: pg.Client;
let planId: string;

beforeAll(async () => {
  database = await startDatabaseModule();
  prisma = database.app.get(PrismaService);
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const [source, target] = await Promise.all([addHub('east'), addHub('west')]);
  planId = (await addPlan('east to west', source.id, target.id)).id;
});

afterAll(async () => {
  await client.end();
  await database.close();
});

const addHub = (name: string) => prisma.hub.create({ data: { name, apiUrl: `https://${name}`, createdAt: at, createdBy: 'test', updatedAt: at } });

const addPlan = (name: string, sourceHubId: string, targetHubId: string) =>
  prisma.recoveryPlan.create({
    data: {
      name, sourceHubId, targetHubId, rpoSeconds: 3600, rtoSeconds: 3600, backupRule: 'NEWEST_COMPLETE', approvalRequired: true,
      importWindowSeconds: 600, createdAt: at, createdBy: 'test', updatedAt: at,
    },
  });

const addFailover = () => prisma.failover.create({ data: { planId, kind: 'DISASTER', status: 'PREFLIGHT', requestedBy: 'ann', reason: 'fire', createdAt: at } });

const approve = (failoverId: string, decidedBy: string, decision = 'APPROVED', requestedBy = 'ann') =>
  prisma.failoverApproval.create({ data: { failoverId, decision, decidedBy, requestedBy, reason: 'ok', contentHash: 'x', decidedAt: at } });

async function refusal(write: Promise<unknown>): Promise<unknown> {
  return write.then(
    () => 'was not refused',
    (error: unknown) => error,
  );
}

describe('constraints are known by name, through Prisma and through pg', () => {
  test.each([
    { because: 'a partial unique index', name: 'one_hub_per_name', write: () => addHub('east') },
    { because: 'a CHECK', name: 'plan_hubs_differ', write: async () => { const { id } = await addHub('alone'); return addPlan('circle', id, id); } },
    { because: 'a foreign key', name: 'failover_plan_fkey', write: () => prisma.failover.create({ data: { planId: '01990000-0000-7000-8000-000000000000', kind: 'DISASTER', status: 'PREFLIGHT', requestedBy: 'a', reason: 'r', createdAt: at } }) },
    { because: 'the requester may not approve', name: 'approver_is_not_requester', write: async () => approve((await addFailover()).id, 'ann') },
    { because: 'nor hide behind another name', name: 'approval_names_requester', write: async () => approve((await addFailover()).id, 'ann', 'APPROVED', 'bob') },
    { because: 'a word that decides about writes', name: 'hub_policy_known', write: () => prisma.hub.updateMany({ data: { policy: 'protect' } }) },
    { because: 'a transaction', name: 'one_hub_per_name', write: () => prisma.$transaction((tx) => tx.hub.create({ data: { name: 'east', apiUrl: 'x', createdAt: at, createdBy: 't', updatedAt: at } })) },
    { because: 'raw SQL by Prisma', name: 'hub_policy_known', write: () => prisma.$executeRaw`UPDATE hub SET policy = 'protect'` },
    { because: 'pg itself', name: 'one_hub_per_name', write: () => client.query(`INSERT INTO hub (id, name, api_url, created_at, created_by, updated_at) VALUES (gen_random_uuid(), 'east', 'x', now(), 'a', now())`) },
  ])('$name: $because', async ({ name, write }) => {
    const error = await refusal(write());
    expect({ violates: violates(error, name), another: violates(error, 'one_plan_per_name'), state: sqlState(error)?.slice(0, 2) }).toEqual({ violates: true, another: false, state: '23' });
  });

  test('the requester may reject, and another may approve', async () => {
    const { id } = await addFailover();
    await approve(id, 'ann', 'REJECTED');
    await approve(id, 'bob');
  });

  test('what is no refusal violates nothing', async () => {
    expect(violates(new Error('one_hub_per_name'), 'one_hub_per_name')).toBe(false);
    expect(violates(null, 'one_hub_per_name')).toBe(false);
    expect(violates(await refusal(client.query('SELECT one_hub_per_name')), 'one_hub_per_name')).toBe(false);
  });
});

describe('the record is append-only', () => {
  let failoverId: string;
  beforeAll(async () => {
    failoverId = (await addFailover()).id;
    await approve(failoverId, 'bob');
    await prisma.failoverEvent.create({ data: { failoverId, sequence: 1, type: 'failover.started', summary: 's', data: {}, actor: 'ann', at } });
    await prisma.auditEntry.create({ data: { at, actor: 'ann', action: 'failover.start', subject: `failover/${failoverId}`, details: {} } });
    const { id: hubId } = await addHub('restored');
    await prisma.restore.create({ data: { failoverId, hubId, name: 'r', mode: 'CREATED', spec: {}, messages: [], veleroRestores: [], actor: 'ann', reason: 'fire', requestedAt: at } });
  });

  test.each([
    { sql: 'UPDATE failover_event SET summary = $$other$$', name: 'failover_event_is_append_only' },
    { sql: 'DELETE FROM failover_event', name: 'failover_event_is_append_only' },
    { sql: 'DELETE FROM failover_event WHERE false', name: 'failover_event_is_append_only' },
    { sql: 'TRUNCATE failover_event', name: 'failover_event_is_append_only' },
    { sql: 'TRUNCATE failover CASCADE', name: '' },
    { sql: 'DELETE FROM failover', name: '' },
    { sql: 'UPDATE failover_approval SET decided_by = $$eve$$', name: 'failover_approval_is_append_only' },
    { sql: 'DELETE FROM failover_approval', name: 'failover_approval_is_append_only' },
    { sql: 'UPDATE audit_entry SET actor = $$eve$$', name: 'audit_entry_is_append_only' },
    { sql: 'DELETE FROM audit_entry', name: 'audit_entry_is_append_only' },
    { sql: 'TRUNCATE audit_entry', name: 'audit_entry_is_append_only' },
    { sql: 'DELETE FROM restore', name: 'restore_is_kept' },
    { sql: 'TRUNCATE restore', name: 'restore_is_kept' },
  ])('$sql', async ({ sql, name }) => {
    const error = await refusal(client.query(sql));
    expect(sqlState(error)).toMatch(/^23/);
    if (name !== '') expect(violates(error, name)).toBe(true);
    expect((await client.query('SELECT 1 FROM failover_event')).rowCount).toBe(1);
  });

  test('Prisma is refused alike', async () => {
    expect(violates(await refusal(prisma.failoverEvent.deleteMany()), 'failover_event_is_append_only')).toBe(true);
    expect(violates(await refusal(prisma.auditEntry.updateMany({ data: { actor: 'eve' } })), 'audit_entry_is_append_only')).toBe(true);
  });

  test('a restore may still be followed', async () => {
    expect((await prisma.restore.updateMany({ data: { phase: 'Finished' } })).count).toBe(1);
  });
});
