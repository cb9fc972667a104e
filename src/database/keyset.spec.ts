import fc from 'fast-check';
import pg from 'pg';
import { startDatabaseModule, type TestDatabaseModule } from '../../test/support/database-module.js';
import type { Page } from '../common/paging.js';
import type { Prisma } from './generated/client.js';
import { keysetPage, type SortKeys, sqlKeysetPage, sqlKeysetPages } from './keyset.js';
import { CursorInvalidError } from './paging.errors.js';
import { PrismaService } from './prisma.service.js';
import { Sql } from './sql.js';

interface KeyRow {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
}

let database: TestDatabaseModule;
let prisma: PrismaService;
let sql: Sql;

beforeAll(async () => {
  database = await startDatabaseModule();
  prisma = database.app.get(PrismaService);
  sql = database.app.get(Sql);
});

afterAll(() => database.close());

interface Request {
  readonly limit: number;
  readonly cursor?: string;
  readonly backward?: boolean;
  readonly withTotal?: boolean;
}

const byPrisma = (sort: SortKeys<KeyRow>, page: Request, filter: Prisma.ApiKeyWhereInput = {}): Promise<Page<KeyRow>> =>
  keysetPage<KeyRow, Prisma.ApiKeyWhereInput, Prisma.ApiKeyOrderByWithRelationInput>({
    list: 'keys', filter, sort, page,
    find: ({ where, orderBy, take }) => prisma.apiKey.findMany({ where: { AND: [filter, where] }, orderBy, take }),
    count: () => prisma.apiKey.count({ where: filter }),
  });

const COLUMNS = { id: 'id', name: 'name', createdAt: 'created_at', expiresAt: 'expires_at' } as const;

const bySql = (sort: SortKeys<KeyRow>, page: Request): Promise<Page<KeyRow>> =>
  sqlKeysetPage<KeyRow>({
    list: 'keys', filter: {}, page, firstParameter: 2,
    sort: sort.map((key) => ({ ...key, column: COLUMNS[key.field] })) as unknown as SortKeys<KeyRow>,
    find: ({ where, orderBy, limit, values }) =>
      sql.query<KeyRow>(
        `SELECT id, name, created_at AS "createdAt", expires_at AS "expiresAt" FROM api_key WHERE ${where} ORDER BY ${orderBy} LIMIT $1`,
        [limit, ...values],
      ),
    count: async () => (await sql.query<{ count: number }>('SELECT count(*)::int FROM api_key'))[0]?.count ?? 0,
  });

async function all(page: (request: Request) => Promise<Page<KeyRow>>, limit: number): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const { items, nextCursor, cursors } = await page(cursor === undefined ? { limit } : { limit, cursor });
    ids.push(...items.map(({ id }) => id));
    if (nextCursor !== null) expect(nextCursor).toBe(cursors?.at(-1));
    cursor = nextCursor;
  }
  return ids;
}

/** From the end to the start, page by page; each page in the list's order. */
async function allBackward(page: (request: Request) => Promise<Page<KeyRow>>, limit: number): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const { items, previousCursor, nextCursor, cursors } = await page({ limit, backward: true, ...(cursor === undefined ? {} : { cursor }) });
    ids.unshift(...items.map(({ id }) => id));
    expect(nextCursor).toBe(cursor === undefined ? null : (cursors?.at(-1) ?? null));
    if (nextCursor !== null && cursor !== undefined) expect((await page({ limit: 1, cursor: nextCursor })).items[0]?.id).toBe(ids[items.length]);
    cursor = previousCursor;
  }
  return ids;
}

const instants = fc.integer({ min: 0, max: 3 }).map((n) => new Date(Date.UTC(2026, 0, 1) + n));
const rows = fc.uniqueArray(
  fc.record({ id: fc.string({ minLength: 1, maxLength: 4, unit: 'grapheme-ascii' }), name: fc.constantFrom('a', 'B', 'ä', "o'clock"), createdAt: instants, expiresAt: fc.option(instants) }),
  { selector: ({ id }) => id, maxLength: 12 },
);
const sortKey = fc.record({ field: fc.constantFrom('name', 'createdAt', 'expiresAt'), direction: fc.constantFrom('ASC', 'DESC') } as const);
const sorts = fc.uniqueArray(sortKey, { selector: ({ field }) => field, maxLength: 3 });

async function fill(given: readonly KeyRow[]): Promise<void> {
  await prisma.apiKey.deleteMany();
  await prisma.apiKey.createMany({ data: given.map((row) => ({ ...row, revokedAt: row.createdAt, hash: Buffer.from('x'), roles: ['viewer'], createdBy: 'test' })) });
}

test.each([
  { door: 'Prisma', page: byPrisma },
  { door: 'SQL', page: bySql },
])('pages by $door, of any size, give every row once and in order, forward and backward', async ({ page }) => {
  await fc.assert(
    fc.asyncProperty(rows, sorts, fc.integer({ min: 1, max: 5 }), fc.constantFrom('ASC', 'DESC' as const), async (given, chosen, limit, direction) => {
      await fill(given);
      const keys = [...chosen.map((key) => ({ ...key, nullable: key.field === 'expiresAt' })), { field: 'id', direction }] as unknown as SortKeys<KeyRow>;
      const order = keys.map(({ field, direction: way, nullable }) => `${COLUMNS[field]} ${way}${nullable ? ' NULLS LAST' : ''}`).join(', ');
      const expected = await sql.query<{ id: string }>(`SELECT id FROM api_key ORDER BY ${order}`);
      expect(await all((request) => page(keys, request), limit)).toEqual(expected.map(({ id }) => id));
      expect(await allBackward((request) => page(keys, request), limit)).toEqual(expected.map(({ id }) => id));
    }),
    { numRuns: 60 },
  );
});

describe('lists of several owners', () => {
  const owners = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b', '00000000-0000-4000-8000-00000000000c'] as const;
  const ofOwners = (sort: SortKeys<KeyRow>, page: Request, asked: readonly string[] = owners): Promise<(Page<KeyRow> | CursorInvalidError)[]> =>
    sqlKeysetPages<KeyRow>(sql, {
      list: 'keys', owners: asked, filterOf: (owner) => ({ owner }), page,
      sort: sort.map((key) => ({ ...key, column: COLUMNS[key.field] })) as unknown as SortKeys<KeyRow>,
      columns: 'id, name, created_at AS "createdAt", expires_at AS "expiresAt"', from: 'api_key WHERE created_by = owner.id::text AND ($2::text IS NULL OR name = $2)', values: [null],
    });
  const ofOne = (owner: string, sort: SortKeys<KeyRow>) => async (page: Request): Promise<Page<KeyRow>> => {
    const [found] = await ofOwners(sort, page, [owner]);
    if (found === undefined || found instanceof Error) throw found ?? new Error('none');
    return found;
  };

  test('are each what it would be alone, page by page, forward and backward; a cursor is good for its own', async () => {
    const owned = fc.uniqueArray(fc.tuple(fc.record({ id: fc.string({ minLength: 1, maxLength: 4, unit: 'grapheme-ascii' }), name: fc.constantFrom('a', 'B'), createdAt: instants, expiresAt: fc.option(instants) }), fc.constantFrom(...owners)), { selector: ([{ id }]) => id, maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(owned, sorts, fc.integer({ min: 1, max: 4 }), fc.boolean(), async (given, chosen, limit, backward) => {
        await fill(given.map(([row]) => row));
        for (const [{ id }, owner] of given) await prisma.apiKey.update({ where: { id }, data: { createdBy: owner } });
        const keys = [...chosen.map((key) => ({ ...key, nullable: key.field === 'expiresAt' })), { field: 'id', direction: 'ASC' }] as unknown as SortKeys<KeyRow>;
        const order = keys.map(({ field, direction: way, nullable }) => `${COLUMNS[field]} ${way}${nullable ? ' NULLS LAST' : ''}`).join(', ');
        const together = await ofOwners(keys, { limit, backward, withTotal: true });
        for (const [index, owner] of owners.entries()) {
          const expected = (await sql.query<{ id: string }>(`SELECT id FROM api_key WHERE created_by = $1 ORDER BY ${order}`, [owner])).map(({ id }) => id);
          expect(together[index]).toEqual(await ofOne(owner, keys)({ limit, backward, withTotal: true }));
          expect(together[index]).toMatchObject({ totalCount: expected.length });
          expect(await all(ofOne(owner, keys), limit)).toEqual(expected);
          expect(await allBackward(ofOne(owner, keys), limit)).toEqual(expected);
          const { nextCursor } = await ofOne(owner, keys)({ limit });
          if (nextCursor === null) continue;
          const next = await ofOwners(keys, { limit, cursor: nextCursor });
          expect(next.map((page) => page instanceof CursorInvalidError)).toEqual(owners.map((other) => other !== owner));
          expect(next[index]).toMatchObject({ items: expected.slice(limit, 2 * limit).map((id) => ({ id })) });
        }
      }),
      { numRuns: 25 },
    );
  });

  test('none asked for, none told', async () => {
    expect(await ofOwners([{ field: 'id', direction: 'ASC' }], { limit: 1 }, [])).toEqual([]);
  });
});

describe('a cursor', () => {
  const at = new Date('2026-01-01T00:00:00Z');
  const sort: SortKeys<KeyRow> = [{ field: 'name', direction: 'ASC' }, { field: 'id', direction: 'ASC' }];
  let cursor: string;

  beforeAll(async () => {
    await fill(['1', '2', '3', '4'].map((id) => ({ id, name: 'same', createdAt: at, expiresAt: null })));
    cursor = (await byPrisma(sort, { limit: 2 })).nextCursor ?? '';
  });

  test('goes on after the row, though rows come and go', async () => {
    await prisma.apiKey.delete({ where: { id: '2' } });
    expect((await byPrisma(sort, { limit: 9, cursor })).items.map(({ id }) => id)).toEqual(['3', '4']);
  });

  test('is the same however the filter is written', async () => {
    const made = (await byPrisma(sort, { limit: 1 }, { name: 'same', createdBy: 'test' })).nextCursor ?? '';
    const { items } = await byPrisma(sort, { limit: 9, cursor: made }, { createdBy: 'test', name: 'same', id: undefined });
    expect(items.length).toBeGreaterThan(0);
  });

  const forged = (change: (parts: unknown[]) => unknown) =>
    Buffer.from(JSON.stringify(change(JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]))).toString('base64url');

  test.each([
    { because: 'another filter', use: () => byPrisma(sort, { limit: 2, cursor }, { name: 'same' }) },
    { because: 'another sort', use: () => byPrisma([{ field: 'name', direction: 'DESC' }, { field: 'id', direction: 'ASC' }], { limit: 2, cursor }) },
    { because: 'no base64', use: () => byPrisma(sort, { limit: 2, cursor: '%%%' }) },
    { because: 'empty', use: () => byPrisma(sort, { limit: 2, cursor: '' }) },
    { because: 'no JSON', use: () => byPrisma(sort, { limit: 2, cursor: Buffer.from('{').toString('base64url') }) },
    { because: 'no list', use: () => byPrisma(sort, { limit: 2, cursor: Buffer.from('{}').toString('base64url') }) },
    { because: 'endless', use: () => byPrisma(sort, { limit: 2, cursor: 'A'.repeat(10_000) }) },
    { because: 'a value too few', use: () => byPrisma(sort, { limit: 2, cursor: forged((parts) => parts.slice(0, -1)) }) },
    { because: 'a type that is not', use: () => byPrisma(sort, { limit: 2, cursor: forged(([list]) => [list, ['x', 1], ['s', '1']]) }) },
    { because: 'a type that the column has not', use: () => byPrisma(sort, { limit: 2, cursor: forged(([list]) => [list, ['n', 1], ['s', '1']]) }) },
    { because: 'a NUL, which text cannot hold', use: () => byPrisma(sort, { limit: 2, cursor: forged(([list]) => [list, ['s', '\0'], ['s', '1']]) }) },
    { because: 'no date', use: () => byPrisma(sort, { limit: 2, cursor: forged(([list]) => [list, ['d', 'x'], ['s', '1']]) }) },
  ])('is refused: $because', async ({ use }) => {
    await expect(use()).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
  });

  test('forged for SQL with a value that the column cannot hold is refused', async () => {
    const byTime: SortKeys<KeyRow> = [{ field: 'createdAt', direction: 'ASC' }, { field: 'id', direction: 'ASC' }];
    const made = (await bySql(byTime, { limit: 1 })).nextCursor ?? '';
    const [list] = JSON.parse(Buffer.from(made, 'base64url').toString()) as unknown[];
    const bad = Buffer.from(JSON.stringify([list, ['s', 'yesteryear'], ['s', '1']])).toString('base64url');
    await expect(bySql(byTime, { limit: 1, cursor: bad })).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
  });

  test('a total is counted only when asked for', async () => {
    expect(await byPrisma(sort, { limit: 1 })).not.toHaveProperty('totalCount');
    expect((await byPrisma(sort, { limit: 1, withTotal: true })).totalCount).toBe(await prisma.apiKey.count());
    expect((await bySql(sort, { limit: 1, withTotal: true })).totalCount).toBe(await prisma.apiKey.count());
  });
});

test('an error of the database that no cursor caused is not blamed on one', async () => {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const page = keysetPage<KeyRow, object, object>({
    list: 'x', filter: {}, sort: [{ field: 'id', direction: 'ASC' }], page: { limit: 1 },
    find: async () => (await client.query<KeyRow>(`SELECT 'x'::int`)).rows,
    count: () => Promise.resolve(0),
  });
  await expect(page).rejects.toMatchObject({ code: '22P02' });
  await client.end();
});
