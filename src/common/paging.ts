/** What a list call asks for. `limit` is 1 to 200; `cursor` is opaque and tied to the filter and sort that made it. */
export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string;
  /** The rows before the cursor, or without one the last rows; told in the list's order all the same */
  readonly backward?: boolean;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Opaque; null on the last page. */
  readonly nextCursor: string | null;
  /** For reading backward from here; null on the first page. Absent where a list is read forward only. */
  readonly previousCursor?: string | null;
  /** All rows that match the filter; present only when asked for. */
  readonly totalCount?: number;
  /** Where each item stands, in the order of `items`: reading on after any of them (GraphQL's edges). Absent where a list cannot tell. */
  readonly cursors?: readonly string[];
}

/** One column decides the order; ties are broken by id. */
export interface Sort<Field extends string> {
  readonly by: Field;
  readonly direction: 'ASC' | 'DESC';
}

/** What a list service takes beside filter and sort. Without `withTotal` nothing is counted. */
export interface ListRequest extends PageRequest {
  readonly withTotal?: boolean;
}

/** The page of the one list that was asked for. */
export function onlyPage<T>([page]: readonly (Page<T> | Error)[]): Page<T> {
  if (page === undefined || page instanceof Error) throw page ?? new Error('No list was asked for');
  return page;
}

/** Pages with their rows shaped; an error stays in its place. */
export function shapedPages<Row, T>(pages: readonly (Page<Row> | Error)[], shape: (row: Row) => T): (Page<T> | Error)[] {
  return pages.map((page) => (page instanceof Error ? page : { ...page, items: page.items.map(shape) }));
}
