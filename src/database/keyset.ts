import type { ListRequest, Page } from '../common/paging.js';
import { sqlState } from './constraint.js';
import { type CursorValue, decodeCursor, encodeCursor, listFingerprint } from './cursor.js';
import { CursorInvalidError } from './paging.errors.js';
import type { SqlRunner } from './sql.js';

/** A column that a list is sorted by. */
interface SortKey<Row> {
  /** Field of the row; for SQL also the column's alias in the answer */
  readonly field: keyof Row & string;
  readonly direction: 'ASC' | 'DESC';
  /** The column may be null: nulls come last, in either direction */
  readonly nullable?: boolean;
  /** For SQL: the column's expression, where it is not the quoted field itself. From our code, never from a caller. */
  readonly column?: string;
}

/** The last keys together must be unique, or rows that tie could be skipped. */
export type SortKeys<Row> = readonly [SortKey<Row>, ...SortKey<Row>[]];

interface ListDescription<Row> {
  /** What the list is called; cursors of another one are refused */
  readonly list: string;
  /** As the caller gave it; a cursor made under another filter is refused */
  readonly filter: unknown;
  readonly sort: SortKeys<Row>;
  readonly page: ListRequest;
}

/** For Prisma's findMany. */
export interface Keyset<Where, OrderBy> {
  /** To be combined with the list's own: `where: { AND: [own, keyset.where] }` */
  readonly where: Where;
  readonly orderBy: OrderBy[];
  readonly take: number;
}

/**
 * One page of a list by Prisma: position by the values of the sort columns, so that a page costs the same wherever it is, and rows that
 * come or go meanwhile neither repeat nor hide others.
 * @throws CursorInvalidError
 */
export async function keysetPage<Row extends object, Where, OrderBy>(
  description: ListDescription<Row> & {
    /** Called once or twice */
    readonly find: (keyset: Keyset<Where, OrderBy>) => Promise<Row[]>;
    /** Of all that match the filter; called only where a total was asked for */
    readonly count: () => Promise<number>;
  },
): Promise<Page<Row>> {
  return pageOf(description, (part, take) => description.find({ where: prismaWhere(part) as Where, orderBy: part.keys.map(prismaOrder) as OrderBy[], take }));
}

/** For a statement in SQL. */
export interface SqlKeyset {
  /** A condition, `TRUE` on the first page */
  readonly where: string;
  /** Without the words ORDER BY */
  readonly orderBy: string;
  readonly limit: number;
  /** For the parameters of `where` */
  readonly values: readonly CursorValue[];
}

/**
 * The same for a statement in SQL. The answer's columns must bear the names of the sort keys' fields.
 * @param firstParameter number of the first parameter that `where` may use
 * @throws CursorInvalidError
 */
export async function sqlKeysetPage<Row extends object>(
  description: ListDescription<Row> & {
    readonly firstParameter: number;
    /** Called once or twice */
    readonly find: (keyset: SqlKeyset) => Promise<Row[]>;
    readonly count: () => Promise<number>;
  },
): Promise<Page<Row>> {
  return pageOf(description, (part, limit) => description.find({ ...sqlWhere(part, description.firstParameter), orderBy: part.keys.map(sqlOrder).join(', '), limit }));
}

/** A list that each of several owners has: the same filter and sort, read together. */
interface OwnedLists<Row> {
  readonly list: string;
  /** Ids */
  readonly owners: readonly string[];
  /** The filter of one owner's list, which names the owner: a cursor is tied to it */
  readonly filterOf: (owner: string) => unknown;
  readonly sort: SortKeys<Row>;
  readonly page: ListRequest;
  /** Selected of a row; from our code, never from a caller */
  readonly columns: string;
  /** What follows FROM, with a WHERE in which `owner.id` is the owner and $1 is taken */
  readonly from: string;
  /** For the parameters of `from`, from $2 on */
  readonly values: readonly unknown[];
}

type Owned<Row> = Row & { readonly owner: string };

/**
 * A page of each owner's list, in the order of the owners; as many statements for many owners as for one.
 * A cursor belongs to one owner's list: the others get the error.
 */
export async function sqlKeysetPages<Row extends object>(sql: SqlRunner, lists: OwnedLists<Row>): Promise<(Page<Row> | CursorInvalidError)[]> {
  const each = lists.owners.map((owner) => placeOf({ ...lists, owner, filter: lists.filterOf(owner) }));
  const able = each.flatMap(({ list, after }) => (after instanceof CursorInvalidError ? [] : [{ owner: list.owner, after }]));
  const [first] = able;
  if (first === undefined) return each.flatMap(({ after }) => (after instanceof CursorInvalidError ? [after] : []));
  const owners = able.map(({ owner }) => owner);
  const [rows, totals] = await Promise.all([
    rowsOf(sql, lists, owners, first.after).catch((error: unknown) => blameCursor(error, first.after)), lists.page.withTotal === true ? totalsOf(sql, lists, owners) : null,
  ]);
  return each.map(({ list, after }) => (after instanceof CursorInvalidError ? after : toPage(list, rows.get(list.owner) ?? [], totals === null ? undefined : (totals.get(list.owner) ?? 0))));
}

function placeOf<Row>(list: ListDescription<Row> & { readonly owner: string }): { list: typeof list; after: readonly CursorValue[] | null | CursorInvalidError } {
  try {
    return { list, after: position(list) };
  } catch (error) {
    if (error instanceof CursorInvalidError) return { list, after: error };
    throw error;
  }
}

const FROM_OWNERS = 'FROM unnest($1::uuid[]) AS owner (id)';

async function rowsOf<Row extends object>(sql: SqlRunner, lists: OwnedLists<Row>, owners: readonly string[], after: readonly CursorValue[] | null): Promise<Map<string, Row[]>> {
  const { sort, page, columns, from, values } = lists;
  const keys = sort.map((key) => asRead(key, page.backward === true));
  const found = new Map<string, Row[]>(owners.map((owner) => [owner, []]));
  for (const part of partsOf(keys, after)) {
    const short = owners.filter((owner) => (found.get(owner)?.length ?? 0) <= page.limit);
    if (short.length === 0) break;
    const { where, values: places } = sqlWhere(part, values.length + 2);
    // LATERAL is a nested loop: each owner's rows come in their order
    const rows = await sql.query<Owned<Row>>(
      `SELECT owner.id AS owner, page.* ${FROM_OWNERS}, LATERAL (SELECT ${columns} FROM ${from} AND ${where} ORDER BY ${part.keys.map(sqlOrder).join(', ')} LIMIT ${page.limit + 1}) AS page`,
      [short, ...values, ...places]);
    for (const { owner, ...row } of rows) {
      const own = found.get(owner);
      if (own !== undefined && own.length <= page.limit) own.push(row as unknown as Row);
    }
  }
  return found;
}

async function totalsOf<Row>(sql: SqlRunner, { from, values }: OwnedLists<Row>, owners: readonly string[]): Promise<Map<string, number>> {
  const rows = await sql.query<{ owner: string; count: bigint }>(`SELECT owner.id AS owner, (SELECT count(*) FROM ${from}) AS count ${FROM_OWNERS}`, [owners, ...values]);
  return new Map(rows.map(({ owner, count }) => [owner, Number(count)]));
}

/** A sort key as it is read: backward its direction is the other one, and its nulls come first. */
interface Key<Row> extends SortKey<Row> {
  readonly nulls: 'NONE' | 'FIRST' | 'LAST';
}

/**
 * Rows that an index on the sort columns gives in order: those where the first column holds a value, or those where it holds none.
 * Together in one statement they would be sorted anew on each page.
 */
interface Part<Row> {
  /** The first column, where it may be null: whether it is here */
  readonly null?: { readonly key: Key<Row>; readonly is: boolean };
  readonly keys: readonly Key<Row>[];
  readonly after: readonly CursorValue[] | null;
}

async function pageOf<Row extends object>(
  description: ListDescription<Row> & { readonly count: () => Promise<number> },
  find: (part: Part<Row>, take: number) => Promise<Row[]>,
): Promise<Page<Row>> {
  const after = position(description);
  const keys = description.sort.map((key) => asRead(key, description.page.backward === true));
  const read = async (): Promise<Row[]> => {
    const rows: Row[] = [];
    for (const part of partsOf(keys, after)) {
      const missing = description.page.limit + 1 - rows.length;
      if (missing > 0) rows.push(...(await find(part, missing)));
    }
    return rows;
  };
  const [rows, totalCount] = await Promise.all([read().catch((error: unknown) => blameCursor(error, after)), description.page.withTotal === true ? description.count() : undefined]);
  return toPage(description, rows, totalCount);
}

function asRead<Row>(key: SortKey<Row>, backward: boolean): Key<Row> {
  const nulls = key.nullable ? (backward ? 'FIRST' : 'LAST') : 'NONE';
  return { ...key, nulls, direction: backward === (key.direction === 'ASC') ? 'DESC' : 'ASC' };
}

function partsOf<Row>(keys: readonly Key<Row>[], after: readonly CursorValue[] | null): Part<Row>[] {
  const [first, ...rest] = keys;
  if (first === undefined || first.nulls === 'NONE') return [{ keys, after }];
  const [place, ...further] = after ?? [];
  const values = { null: { key: first, is: false }, keys: [{ ...first, nulls: 'NONE' as const }, ...rest] };
  const nulls = { null: { key: first, is: true }, keys: rest };
  const all = first.nulls === 'LAST' ? [{ ...values, after }, { ...nulls, after: null }] : [{ ...nulls, after: null }, { ...values, after }];
  if (after === null) return all;
  const isAtNull = place === null;
  if (first.nulls === 'LAST') return isAtNull ? [{ ...nulls, after: further }] : all;
  return isAtNull ? [{ ...nulls, after: further }, { ...values, after: null }] : [{ ...values, after }];
}

function fingerprint<Row>({ list, filter, sort }: ListDescription<Row>): string {
  return listFingerprint(list, filter, sort.map(({ field, direction }) => [field, direction]));
}

function position<Row>(description: ListDescription<Row>): readonly CursorValue[] | null {
  const { cursor } = description.page;
  return cursor === undefined ? null : decodeCursor(fingerprint(description), description.sort.length, cursor);
}

function toPage<Row extends object>(description: ListDescription<Row>, rows: readonly Row[], totalCount: number | undefined): Page<Row> {
  const list = fingerprint(description);
  const { limit, cursor, backward = false } = description.page;
  const items = backward ? rows.slice(0, limit).reverse() : rows.slice(0, limit);
  const cursors = items.map((row) => encodeCursor(list, description.sort.map(({ field }) => row[field] as CursorValue)));
  const hasMore = rows.length > items.length;
  const [isMoreBefore, isMoreAfter] = backward ? [hasMore, cursor !== undefined] : [cursor !== undefined, hasMore];
  return {
    items,
    cursors,
    nextCursor: isMoreAfter ? (cursors.at(-1) ?? null) : null,
    previousCursor: isMoreBefore ? (cursors[0] ?? null) : null,
    ...(totalCount === undefined ? {} : { totalCount }),
  };
}

/** A cursor that a caller made up can hold values that the database cannot compare with the column: class 22, or Prisma's own check. */
function blameCursor(error: unknown, after: readonly CursorValue[] | null): never {
  const impossible = sqlState(error)?.startsWith('22') || (error instanceof Error && error.name === 'PrismaClientValidationError');
  if (after !== null && impossible) throw new CursorInvalidError({ cause: error });
  throw error;
}

/**
 * Rows after the position are those that equal it in the first n columns and come later in the next one, for some n.
 * The cases, as columns with the value that decides; after a null come all values where nulls are first, and else nothing.
 */
function cases<Row>(keys: readonly Key<Row>[], after: readonly CursorValue[]): { equal: number; later: Key<Row>; value: CursorValue }[] {
  return keys.map((later, equal) => ({ equal, later, value: after[equal] ?? null })).filter(({ later, value }) => value !== null || later.nulls === 'FIRST');
}

/** Where the first column must be at least: says nothing new, yet lets an index begin there. */
function bound<Row>({ keys, after }: Part<Row>): { key: Key<Row>; value: CursorValue } | null {
  const [key] = keys;
  const value = after?.[0] ?? null;
  return key === undefined || key.nulls !== 'NONE' || value === null ? null : { key, value };
}

function prismaWhere<Row>(part: Part<Row>): object {
  const { keys, after } = part;
  const known = part.null === undefined ? [] : [{ [part.null.key.field]: part.null.is ? null : { not: null } }];
  if (after === null) return { AND: known };
  const from = bound(part);
  const bounded = from === null ? [] : [{ [from.key.field]: { [from.key.direction === 'ASC' ? 'gte' : 'lte']: from.value } }];
  const alternatives = cases(keys, after).map(({ equal, later, value }) => {
    const beyond = value === null ? { [later.field]: { not: null } } : { [later.field]: { [later.direction === 'ASC' ? 'gt' : 'lt']: value } };
    const equals = keys.slice(0, equal).map(({ field }, index) => ({ [field]: after[index] ?? null }));
    return { AND: [...equals, later.nulls === 'LAST' ? { OR: [beyond, { [later.field]: null }] } : beyond] };
  });
  return { AND: [...known, ...bounded, { OR: alternatives }] };
}

function prismaOrder<Row>({ field, direction, nulls }: Key<Row>): object {
  const sort = direction === 'ASC' ? 'asc' : 'desc';
  return { [field]: nulls === 'NONE' ? sort : { sort, nulls: nulls === 'LAST' ? 'last' : 'first' } };
}

const columnOf = <Row>({ column, field }: SortKey<Row>) => column ?? `"${field}"`;

function sqlWhere<Row>(part: Part<Row>, firstParameter: number): { where: string; values: readonly CursorValue[] } {
  const { keys, after } = part;
  const known = part.null === undefined ? [] : [`${columnOf(part.null.key)} IS ${part.null.is ? '' : 'NOT '}NULL`];
  if (after === null) return { where: known[0] ?? 'TRUE', values: [] };
  const values: CursorValue[] = [];
  const parameter = (value: CursorValue) => `$${firstParameter + values.push(value) - 1}`;
  const from = bound(part);
  const bounded = from === null ? [] : [`${columnOf(from.key)} ${from.key.direction === 'ASC' ? '>=' : '<='} ${parameter(from.value)}`];
  const alternatives = cases(keys, after).map(({ equal, later, value }) => {
    const equals = keys.slice(0, equal).map((key, index) => {
      const held = after[index] ?? null;
      return held === null ? `${columnOf(key)} IS NULL` : `${columnOf(key)} = ${parameter(held)}`;
    });
    const column = columnOf(later);
    const beyond = value === null ? `${column} IS NOT NULL` : `${column} ${later.direction === 'ASC' ? '>' : '<'} ${parameter(value)}`;
    return [...equals, later.nulls === 'LAST' ? `(${beyond} OR ${column} IS NULL)` : beyond].join(' AND ');
  });
  const later = alternatives.length === 0 ? 'FALSE' : `(${alternatives.map((one) => `(${one})`).join(' OR ')})`;
  return { where: [...known, ...bounded, later].join(' AND '), values };
}

function sqlOrder<Row>(key: Key<Row>): string {
  return `${columnOf(key)} ${key.direction}${key.nulls === 'NONE' ? '' : ` NULLS ${key.nulls}`}`;
}
