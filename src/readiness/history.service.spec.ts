import { ManualClock } from '../common/clock.js';
import { Parts, testConfig } from '../../test/support/parts.js';
import { HistoryRepository } from './history.repository.js';
import { HistoryService } from './history.service.js';
import { HubWorldsRepository } from './hub-worlds.repository.js';
import { PlanWorlds } from './plan-worlds.service.js';
import { ReadinessRepository, type SavedClusterReadiness } from './readiness.repository.js';
import type { ClusterVerdict, Finding, Verdict } from './readiness.types.js';
import { tallyOf } from './summary.rules.js';

const start = new Date('2026-11-24T09:00:00Z');
const clock = new ManualClock(new Date('2026-11-24T18:00:00Z'));
const at = (hours: number): Date => new Date(start.getTime() + hours * 3_600_000);

let parts: Parts;
let history: HistoryService;
let repository: ReadinessRepository;
let planId: string;

const finding = (code: string): Finding => ({ code, severity: 'CRITICAL', verdict: 'NOT_READY', cause: `because of ${code}`, remedy: 'r', remedyBy: 'HUB_ADMIN', checkedAt: null, since: start, predicts: null, hubId: null });

const row = (cluster: string, verdict: ClusterVerdict, code: string | null = null): SavedClusterReadiness => ({ cluster, origin: 'IMPORTED', verdict, code, findings: code === null ? [] : [finding(code)], setId: null, since: start, recheckAt: null });

/** The plan's clusters as they are now. */
const clusters = new Map<string, SavedClusterReadiness>();

/** As the computation writes: only what changed. */
async function computed(hours: number, verdict: Verdict, changed: readonly SavedClusterReadiness[], gone: readonly string[] = [], code: string | null = null): Promise<void> {
  for (const one of changed) clusters.set(one.cluster, one);
  for (const name of gone) clusters.delete(name);
  const plan = {
    verdict, findings: code === null ? [] : [finding(code)], setId: null, factsAt: at(hours), since: at(hours), computedAt: at(hours), basis: null, wholeAt: at(hours), ...tallyOf([...clusters.values()]),
  };
  await repository.alone(planId, ({ write }) => write(plan, changed, gone));
}

beforeAll(async () => {
  parts = await Parts.open(clock, testConfig());
  const { prisma, sql } = parts;
  repository = new ReadinessRepository(prisma, sql);
  history = new HistoryService(new PlanWorlds(repository, new HubWorldsRepository(sql)), new HistoryRepository(sql), clock);
  const hub = (name: string) => prisma.hub.create({ data: { name, apiUrl: `https://${name}`, release: '2.15.0', createdAt: start, createdBy: 't', updatedAt: start } });
  const [east, west] = [await hub('east'), await hub('west')];
  planId = (await prisma.recoveryPlan.create({
    data: { name: 'p', sourceHubId: east.id, targetHubId: west.id, rpoSeconds: 3600, rtoSeconds: 3600, backupRule: 'NEWEST_COMPLETE', approvalRequired: true, importWindowSeconds: 60, createdAt: start, createdBy: 't', updatedAt: start },
  })).id;
  await computed(0, 'READY', [row('a', 'READY'), row('b', 'READY'), row('c', 'READY'), row('d', 'NOT_NEEDED')]);
  await computed(1, 'AT_RISK', [row('a', 'NOT_READY', 'TOKEN_EXPIRED'), row('b', 'NOT_READY', 'TOKEN_EXPIRED')], [], 'RPO_EXCEEDED');
  await computed(1.5, 'READY', [row('a', 'READY'), row('c', 'AT_RISK', 'TOKEN_EXPIRES_SOON')]);
  await computed(2, 'READY', [], ['d']);
});

afterAll(() => parts.drop());

test('one point an hour: the last of it, and the worst', async () => {
  expect(await history.hours(planId, start, at(3))).toMatchObject([
    { hour: at(0), verdict: 'READY', worstVerdict: 'READY', clustersRecoverable: 3, clustersTotal: 3, fewestRecoverable: 3 },
    { hour: at(1), verdict: 'READY', worstVerdict: 'AT_RISK', counts: { READY: 1, AT_RISK: 1, NOT_READY: 1, UNKNOWN: 0, NOT_NEEDED: 1 }, clustersRecoverable: 2, fewestRecoverable: 1 },
    { hour: at(2), verdict: 'READY', counts: { NOT_NEEDED: 0 }, clustersRecoverable: 2 },
  ]);
  expect(await history.hours(planId)).toHaveLength(3);
  expect(await history.hours(planId, at(1.7), at(1.8))).toHaveLength(1);
});

test('what changed, newest first, page by page', async () => {
  const told: unknown[] = [];
  let cursor: string | null = null;
  do {
    const page = await history.changes(planId, { since: at(0.5) }, { limit: 2, withTotal: true, ...(cursor === null ? {} : { cursor }) });
    expect(page.totalCount).toBe(7);
    told.push(...page.items.map(({ cluster, from, to, toCode }) => [cluster, from, to, toCode]));
    cursor = page.nextCursor;
  } while (cursor !== null);
  expect(told).toHaveLength(7);
  expect(told[0]).toEqual(['d', 'NOT_NEEDED', null, null]);
  expect(told).toEqual(expect.arrayContaining([['a', 'READY', 'NOT_READY', 'TOKEN_EXPIRED'], ['b', 'READY', 'NOT_READY', 'TOKEN_EXPIRED'], ['c', 'READY', 'AT_RISK', 'TOKEN_EXPIRES_SOON'], [null, 'READY', 'AT_RISK', 'RPO_EXCEEDED'], [null, 'AT_RISK', 'READY', null]]));
  expect((await history.changes(planId, { cluster: 'a' }, { limit: 10 })).items.map(({ to }) => to)).toEqual(['READY', 'NOT_READY', 'READY']);
  expect((await history.changes(planId, { to: 'NOT_READY', code: 'TOKEN_EXPIRED' }, { limit: 10 })).items.map(({ cluster }) => cluster).sort()).toEqual(['a', 'b']);
});

test('what became of how many since a moment; who is as before is not among them', async () => {
  expect(await history.groups(planId, at(0.5))).toEqual([
    { from: 'READY', to: 'AT_RISK', code: 'TOKEN_EXPIRES_SOON', count: 1, firstAt: at(1.5), lastAt: at(1.5), clusters: ['c'], cause: 'because of TOKEN_EXPIRES_SOON' },
    { from: 'READY', to: 'NOT_READY', code: 'TOKEN_EXPIRED', count: 1, firstAt: at(1), lastAt: at(1), clusters: ['b'], cause: 'because of TOKEN_EXPIRED' },
  ]);
  expect(await history.groups(planId, at(5))).toEqual([]);
});

test('were we ready then?', async () => {
  expect(await history.asOf(planId, at(1.2))).toMatchObject({
    verdict: 'AT_RISK', since: at(1), code: 'RPO_EXCEEDED', cause: 'because of RPO_EXCEEDED', counts: { READY: 1, NOT_READY: 2, NOT_NEEDED: 1 }, clustersRecoverable: 1, clustersTotal: 3,
    byCode: [{ verdict: 'NOT_READY', code: 'TOKEN_EXPIRED', count: 2 }],
  });
  expect(await history.asOf(planId, at(1.6))).toMatchObject({ verdict: 'READY', since: at(1.5) });
  expect(await history.asOf(planId, at(-1))).toMatchObject({ verdict: null, since: null, clustersTotal: 0, byCode: [] });
});

test('the change log tells of verdicts that changed, not of first ones', async () => {
  await parts.sql.query('SELECT number_changes(1000)');
  const told = await parts.prisma.change.findMany({ where: { subjectId: planId }, orderBy: { id: 'asc' }, select: { type: true, cluster: true, data: true } });
  expect(told.map(({ type, cluster }) => `${type} ${cluster ?? ''}`)).toEqual([
    'CLUSTER_VERDICT_CHANGED a', 'CLUSTER_VERDICT_CHANGED b', 'PLAN_VERDICT_CHANGED ', 'CLUSTER_VERDICT_CHANGED a', 'CLUSTER_VERDICT_CHANGED c', 'PLAN_VERDICT_CHANGED ',
  ]);
  expect(told[1]?.data).toEqual({ verdict: { from: 'READY', to: 'NOT_READY' }, code: { from: null, to: 'TOKEN_EXPIRED' } });
});

test.each<[string, () => Promise<unknown>, string]>([
  ['a moment to come', () => history.asOf(planId, new Date('9999-01-01T00:00:00Z')), 'HISTORY_RANGE_INVALID'],
  ['a year at once', () => history.hours(planId, new Date('2025-01-01T00:00:00Z'), start), 'HISTORY_RANGE_INVALID'],
  ['backwards', () => history.hours(planId, at(2), at(1)), 'HISTORY_RANGE_INVALID'],
  ['a plan that is not there', () => history.groups('01990000-0000-7000-8000-000000000000', start), 'PLAN_NOT_FOUND'],
])('%s is refused with a code', async (_what, ask, code) => {
  await expect(ask()).rejects.toMatchObject({ code });
});
