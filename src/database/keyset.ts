import type { ListRequest, Page } from '../common/paging.js';
import { sqlState } from './constraint.js';
import { type CursorValue, decodeCursor, encodeCursor, listFingerprint } from './cursor.js';
import { CursorInvalidError } from './paging.errors.js';

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
    readonly find: (keyset: Keyset<Where, OrderBy>) => Promise<Row[]>;
    /** Of all that match the filter; called only where a total was asked for */
    readonly count: () => Promise<number>;
  },
): Promise<Page<Row>> {
  const { sort, page } = description;
  const after = position(description);
  const keyset = { where: prismaWhere(sort, after) as Where, orderBy: sort.map(prismaOrder) as OrderBy[], take: page.limit + 1 };
  const [rows, totalCount] = await Promise.all([
    description.find(keyset).catch((error: unknown) => blameCursor(error, after)),
    page.withTotal === true ? description.count() : undefined,
  ]);
  return toPage(description, rows, totalCount);
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
    readonly find: (keyset: SqlKeyset) => Promise<Row[]>;
    readonly count: () => Promise<number>;
  },
): Promise<Page<Row>> {
  const { sort, page, firstParameter } = description;
  const after = position(description);
  const keyset = { ...sqlWhere(sort, after, firstParameter), orderBy: sort.map(sqlOrder).join(', '), limit: page.limit + 1 };
  const [rows, totalCount] = await Promise.all([
    description.find(keyset).catch((error: unknown) => blameCursor(error, after)),
    page.withTotal === true ? description.count() : undefined,
  ]);
  return toPage(description, rows, totalCount);
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
  const items = rows.slice(0, description.page.limit);
  const cursors = items.map((row) => encodeCursor(list, description.sort.map(({ field }) => row[field] as CursorValue)));
  const hasMore = rows.length > items.length;
  return { items, cursors, nextCursor: hasMore ? (cursors.at(-1) ?? null) : null, ...(totalCount === undefined ? {} : { totalCount }) };
}

/** A cursor that a caller made up can hold values that the database cannot compare with the column: class 22, or Prisma's own check. */
function blameCursor(error: unknown, after: readonly CursorValue[] | null): never {
  const impossible = sqlState(error)?.startsWith('22') || (error instanceof Error && error.name === 'PrismaClientValidationError');
  if (after !== null && impossible) throw new CursorInvalidError({ cause: error });
  throw error;
}

/**
 * Rows after the position are those that equal it in the first n columns and come later in the next one, for some n.
 * The cases, as columns with the value that decides; a column at null has nothing after it, for nulls come last.
 */
function cases<Row>(sort: SortKeys<Row>, after: readonly CursorValue[]): { equal: number; later: SortKey<Row>; value: CursorValue }[] {
  return sort.map((later, equal) => ({ equal, later, value: after[equal] ?? null })).filter(({ value }) => value !== null);
}

function prismaWhere<Row>(sort: SortKeys<Row>, after: readonly CursorValue[] | null): object {
  if (after === null) return {};
  return {
    OR: cases(sort, after).map(({ equal, later, value }) => {
      const beyond = { [later.field]: { [later.direction === 'ASC' ? 'gt' : 'lt']: value } };
      const equals = sort.slice(0, equal).map(({ field }, index) => ({ [field]: after[index] ?? null }));
      return { AND: [...equals, later.nullable ? { OR: [beyond, { [later.field]: null }] } : beyond] };
    }),
  };
}

function prismaOrder<Row>({ field, direction, nullable }: SortKey<Row>): object {
  const sort = direction === 'ASC' ? 'asc' : 'desc';
  return { [field]: nullable ? { sort, nulls: 'last' } : sort };
}

const columnOf = <Row>({ column, field }: SortKey<Row>) => column ?? `"${field}"`;

function sqlWhere<Row>(sort: SortKeys<Row>, after: readonly CursorValue[] | null, firstParameter: number): { where: string; values: readonly CursorValue[] } {
  if (after === null) return { where: 'TRUE', values: [] };
  const values: CursorValue[] = [];
  const parameter = (value: CursorValue) => `$${firstParameter + values.push(value) - 1}`;
  const alternatives = cases(sort, after).map(({ equal, later, value }) => {
    const equals = sort.slice(0, equal).map((key, index) => {
      const held = after[index] ?? null;
      return held === null ? `${columnOf(key)} IS NULL` : `${columnOf(key)} = ${parameter(held)}`;
    });
    const column = columnOf(later);
    const beyond = `${column} ${later.direction === 'ASC' ? '>' : '<'} ${parameter(value)}`;
    return [...equals, later.nullable ? `(${beyond} OR ${column} IS NULL)` : beyond].join(' AND ');
  });
  return { where: alternatives.length === 0 ? 'FALSE' : `(${alternatives.map((one) => `(${one})`).join(' OR ')})`, values };
}

function sqlOrder<Row>(key: SortKey<Row>): string {
  return `${columnOf(key)} ${key.direction}${key.nullable ? ' NULLS LAST' : ''}`;
}
