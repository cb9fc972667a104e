import { ManualClock } from '../../common/clock.js';
import { Parts, testConfig } from '../../../test/support/parts.js';
import { PlansRepository } from './plans.repository.js';
import { PlansService } from './plans.service.js';

const now = new Date('2026-11-24T12:00:00Z');
const clock = new ManualClock(now);
const by = { actor: 'ann', reason: 'because' };
const location = { name: 'dpa', provider: 'aws', bucket: 'b', prefix: 'p', s3Url: null, region: null, phase: 'Available', owned: true };

let parts: Parts;
let plans: PlansService;
const hubs: Record<string, string> = {};

beforeAll(async () => {
  parts = await Parts.open(clock, testConfig());
  plans = new PlansService(new PlansRepository(parts.prisma), parts.audit, clock);
  const storages: [string, object[] | undefined][] = [['east', [location]], ['west', [location]], ['elsewhere', [{ ...location, bucket: 'other' }]], ['unread', undefined]];
  for (const [name, storage] of storages) {
    hubs[name] = (await parts.prisma.hub.create({ data: { name, apiUrl: `https://${name}`, clusterId: `id-${name}`, ...(storage ? { storage } : {}), createdAt: now, createdBy: 't', updatedAt: now } })).id;
  }
});

afterAll(() => parts.drop());

const input = (name: string, source = 'east', target = 'west') => ({ name, sourceHubId: hubs[source] ?? source, targetHubId: hubs[target] ?? target });
const missing = '01990000-0000-7000-8000-000000000000';

test.each([
  { code: 'PLAN_SOURCE_IS_TARGET', because: 'a hub cannot save itself', of: () => input('x', 'east', 'east') },
  { code: 'PLAN_SOURCE_IS_TARGET', because: 'that is said before anything is looked up', of: () => input('x', missing, missing) },
  { code: 'HUB_NOT_FOUND', because: 'there is no such hub', of: () => input('x', 'east', missing) },
  { code: 'PLAN_HUBS_SHARE_NO_STORAGE', because: 'the target would never see a backup', of: () => input('x', 'east', 'elsewhere') },
  { code: 'PLAN_INVALID', because: 'objectives have bounds', of: () => ({ ...input('x'), rpoSeconds: 1 }) },
])('$code: $because', async ({ code, of }) => {
  const audited = await parts.prisma.auditEntry.count();
  await expect(plans.create(of(), by)).rejects.toMatchObject({ code });
  expect(await parts.prisma.recoveryPlan.count()).toBe(0);
  expect(await parts.prisma.auditEntry.count()).toBe(audited);
});

test('a plan lives: made, found, changed by whoever knows its version, archived with a reason', async () => {
  const plan = await plans.create(input('east to west'), by);
  expect(plan).toMatchObject({ name: 'east to west', approvalRequired: true, importWindowSeconds: 3600, version: 1, createdBy: 'ann', archivedAt: null });
  await expect(plans.create(input('east to west'), by)).rejects.toMatchObject({ code: 'PLAN_NAME_TAKEN' });
  const changed = await plans.update(plan.id, { rpoSeconds: 7200 }, 1, by);
  expect(changed).toMatchObject({ rpoSeconds: 7200, name: 'east to west', version: 2 });
  await expect(plans.update(plan.id, { rpoSeconds: 60 }, 1, by)).rejects.toMatchObject({ code: 'VERSION_CONFLICT' });
  await expect(plans.update(missing, { rpoSeconds: 60 }, 1, by)).rejects.toMatchObject({ code: 'PLAN_NOT_FOUND' });
  await expect(plans.archive(plan.id, { actor: 'ann' })).rejects.toMatchObject({ code: 'REASON_REQUIRED' });
  const failover = await parts.prisma.failover.create({ data: { planId: plan.id, kind: 'DISASTER', status: 'PREFLIGHT', requestedBy: 'ann', reason: 'r', createdAt: now } });
  await expect(plans.archive(plan.id, by)).rejects.toMatchObject({ code: 'PLAN_IN_USE' });
  await parts.prisma.failover.update({ where: { id: failover.id }, data: { status: 'CANCELLED', finishedAt: now } });
  await plans.archive(plan.id, by);
  expect((await plans.get(plan.id)).archivedAt).toEqual(now);
  const again = await plans.create(input('east to west'), by); // the name is free again
  const names = async (filter: object) => (await plans.list(filter, { by: 'name', direction: 'ASC' }, { limit: 10, withTotal: true })).totalCount;
  expect([await names({}), await names({ includeArchived: true }), await names({ hubId: hubs['west'] }), await names({ sourceHubId: hubs['west'] }), await names({ name: 'EAST' })]).toEqual([1, 2, 1, 0, 1]);
  expect((await parts.prisma.auditEntry.findMany({ orderBy: { id: 'asc' }, select: { action: true } })).map((entry) => entry.action)).toEqual(['plan.create', 'plan.update', 'plan.archive', 'plan.create']);
  await plans.archive(again.id, by);
});

test('what nobody has read yet is let through; backups seen on the target prove it', async () => {
  expect(await plans.create(input('unknown', 'east', 'unread'), by)).toMatchObject({ name: 'unknown' });
  await parts.prisma.backup.create({ data: { hubId: hubs['elsewhere'] ?? '', name: 'b', type: 'credentials', ownerClusterId: 'id-east', readAt: now } });
  expect(await plans.create(input('alias', 'east', 'elsewhere'), by)).toMatchObject({ name: 'alias' });
});
