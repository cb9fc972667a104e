import { randomUUID } from 'node:crypto';
import { startDatabaseModule, type TestDatabaseModule } from '../../test/support/database-module.js';
import { ManualClock } from '../common/clock.js';
import { PrismaService } from '../database/prisma.service.js';
import { Sql } from '../database/sql.js';
import { TokensRepository } from './tokens.repository.js';
import { TokensService } from './tokens.service.js';
import type { TokenFilter, TokenProblemCode, TokenSortField } from './tokens.types.js';

const now = new Date('2026-11-24T08:00:00.000Z');
const hours = (count: number): Date => new Date(now.getTime() + count * 3_600_000);
const [east, west] = ['01990000-0000-7000-8000-00000000000a', '01990000-0000-7000-8000-00000000000b'] as const;

let database: TestDatabaseModule;
let sql: Sql;
let tokens: TokensService;

interface Given {
  readonly hub: string;
  readonly cluster: string;
  readonly pair?: boolean;
  readonly expiresAt?: Date | null;
  readonly problem?: TokenProblemCode;
  readonly since?: Date;
  readonly selected?: boolean;
}

const given: readonly Given[] = [
  { hub: east, cluster: 'shop-1', expiresAt: hours(2), selected: true },
  { hub: east, cluster: 'shop-2', expiresAt: hours(-1), problem: 'TOKEN_EXPIRED', since: hours(-1), selected: true },
  { hub: east, cluster: 'shop_3', expiresAt: null, problem: 'TOKEN_MISSING', since: hours(-5) },
  { hub: east, cluster: 'shop_3', pair: true, expiresAt: null, problem: 'TOKEN_MISSING', since: hours(-5) },
  { hub: east, cluster: 'bank-1', expiresAt: hours(72), problem: 'TOKEN_REFRESH_OVERDUE', since: hours(-2), selected: true },
  { hub: west, cluster: 'shop-1', expiresAt: hours(400), selected: true },
  { hub: west, cluster: 'bank-9', expiresAt: null, problem: 'TOKEN_MISSING', since: hours(-9) },
];

beforeAll(async () => {
  database = await startDatabaseModule();
  sql = database.app.get(Sql);
  tokens = new TokensService(new TokensRepository(database.app.get(PrismaService), sql), new ManualClock(now));
  for (const { hub, cluster, pair = false, expiresAt = null, problem = null, since = null, selected = false } of given) {
    await sql.execute(
      `INSERT INTO auto_import_token (id, hub_id, cluster, account, account_present, secret_present, in_backup_selection, binding_present, expires_at, problem_code, problem_since, read_at)
       VALUES ($1, $2, $3, $4, true, true, $5, true, $6, $7, $8, $9)`,
      [randomUUID(), hub, cluster, pair ? 'auto-import-account-pair' : 'auto-import-account', selected, expiresAt, problem, since, now],
    );
  }
  await sql.execute(
    `INSERT INTO managed_cluster (id, hub_id, name, origin, cluster_set, labels, accepted, joined, available, import_condition, addon_present, addon_available, deleting, problems, read_at)
     SELECT gen_random_uuid(), hub_id, name, 'IMPORTED', cluster_set, '{}', 'TRUE', 'TRUE', 'TRUE', 'TRUE', true, 'TRUE', false, '[]', now()
     FROM (VALUES ($1::uuid, 'shop-1', 'stores'), ($1, 'bank-1', 'banks'), ($2::uuid, 'shop-1', 'banks')) AS told (hub_id, name, cluster_set)`,
    [east, west],
  );
});
afterAll(() => database.close());

const nameOf = ({ hubId, cluster }: { hubId: string; cluster: string }): string => `${hubId === east ? 'east' : 'west'}/${cluster}`;
const listed = async (filter: TokenFilter, by: TokenSortField = 'cluster', direction: 'ASC' | 'DESC' = 'ASC'): Promise<string[]> =>
  (await tokens.list(filter, { by, direction }, { limit: 100 })).items.map(nameOf);

test.each<{ because: string; filter: TokenFilter; names: string[] }>([
  { because: 'all', filter: {}, names: given.map(({ hub, cluster }) => nameOf({ hubId: hub, cluster })) },
  { because: 'of a hub', filter: { hubId: west }, names: ['west/bank-9', 'west/shop-1'] },
  { because: 'a part of the name, whatever its case', filter: { cluster: 'BANK' }, names: ['east/bank-1', 'west/bank-9'] },
  { because: 'a wildcard is a character', filter: { cluster: 'p_' }, names: ['east/shop_3', 'east/shop_3'] },
  { because: 'a cluster set, on each hub its own', filter: { clusterSet: 'banks' }, names: ['east/bank-1', 'west/shop-1'] },
  { because: 'a problem', filter: { problemCode: 'TOKEN_MISSING' }, names: ['west/bank-9', 'east/shop_3', 'east/shop_3'] },
  { because: 'any problem', filter: { hasProblem: true, hubId: east }, names: ['east/bank-1', 'east/shop-2', 'east/shop_3', 'east/shop_3'] },
  { because: 'no problem', filter: { hasProblem: false }, names: ['east/shop-1', 'west/shop-1'] },
  { because: 'expires before; one that never was does not', filter: { expiresBefore: hours(3) }, names: ['east/shop-1', 'east/shop-2'] },
  { because: 'in the backup', filter: { inBackupSelection: true }, names: ['east/bank-1', 'east/shop-1', 'east/shop-2', 'west/shop-1'] },
  { because: 'not in the backup', filter: { inBackupSelection: false, hubId: west }, names: ['west/bank-9'] },
  { because: 'all at once', filter: { hubId: east, cluster: 'shop', hasProblem: true, expiresBefore: now, inBackupSelection: true }, names: ['east/shop-2'] },
])('$because', async ({ filter, names }) => {
  expect((await listed(filter)).sort()).toEqual([...names].sort());
  expect((await tokens.totals(filter)).total).toBe(names.length);
  expect((await tokens.list(filter, { by: 'cluster', direction: 'ASC' }, { limit: 1, withTotal: true })).totalCount).toBe(names.length);
});

test('the order; what has no value comes last, either way', async () => {
  expect((await listed({}, 'expiresAt')).slice(0, 4)).toEqual(['east/shop-2', 'east/shop-1', 'east/bank-1', 'west/shop-1']);
  expect((await listed({}, 'expiresAt', 'DESC')).slice(0, 4)).toEqual(['west/shop-1', 'east/bank-1', 'east/shop-1', 'east/shop-2']);
  expect((await listed({}, 'problemSince')).slice(0, 5)).toEqual(['west/bank-9', 'east/shop_3', 'east/shop_3', 'east/bank-1', 'east/shop-2']);
  expect((await listed({}, 'cluster'))[0]).toBe('east/bank-1');
});

test('forward and backward the same rows', async () => {
  const sort = { by: 'expiresAt', direction: 'ASC' } as const;
  const first = await tokens.list({}, sort, { limit: 5 });
  const second = await tokens.list({}, sort, { limit: 5, cursor: first.nextCursor ?? '' });
  expect([first.items.length, second.items.length, second.nextCursor, first.previousCursor]).toEqual([5, 2, null, null]);
  expect((await tokens.list({}, sort, { limit: 5, cursor: second.previousCursor ?? '', backward: true })).items).toEqual(first.items);
  expect((await tokens.list({}, sort, { limit: 2, backward: true })).items).toEqual(second.items);
});

test('totals', async () => {
  expect(await tokens.totals({})).toEqual({
    total: 7, withProblem: 5, byProblemCode: { TOKEN_EXPIRED: 1, TOKEN_MISSING: 3, TOKEN_REFRESH_OVERDUE: 1 }, expired: 1, expiringWithin24Hours: 1, expiringWithin7Days: 2, inBackupSelection: 4,
  });
  expect(await tokens.totals({ cluster: 'nothing' })).toEqual({ total: 0, withProblem: 0, byProblemCode: {}, expired: 0, expiringWithin24Hours: 0, expiringWithin7Days: 0, inBackupSelection: 0 });
});

test('problems by code and hub, the gravest first', async () => {
  expect(await tokens.problems({})).toEqual([
    { hubId: east, code: 'TOKEN_EXPIRED', severity: 'CRITICAL', tokens: 1, clusters: 1, oldestSince: hours(-1), exampleClusters: ['shop-2'] },
    { hubId: east, code: 'TOKEN_MISSING', severity: 'CRITICAL', tokens: 2, clusters: 1, oldestSince: hours(-5), exampleClusters: ['shop_3'] },
    { hubId: west, code: 'TOKEN_MISSING', severity: 'CRITICAL', tokens: 1, clusters: 1, oldestSince: hours(-9), exampleClusters: ['bank-9'] },
    { hubId: east, code: 'TOKEN_REFRESH_OVERDUE', severity: 'WARNING', tokens: 1, clusters: 1, oldestSince: hours(-2), exampleClusters: ['bank-1'] },
  ]);
  expect(await tokens.problems({ clusterSet: 'banks' })).toMatchObject([{ code: 'TOKEN_REFRESH_OVERDUE' }]);
  expect(await tokens.problems({ code: 'TOKEN_MISSING', hubId: west })).toMatchObject([{ hubId: west, tokens: 1 }]);
});
