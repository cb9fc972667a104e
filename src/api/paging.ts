import { z } from 'zod';
import type { ListRequest, Page } from '../common/paging.js';

/** A page as REST shows it. */
export interface PageView<T> {
  readonly items: readonly T[];
  readonly page: { readonly nextCursor: string | null; readonly previousCursor: string | null; readonly hasMore: boolean; readonly totalCount?: number };
}

const pageInfo = z
  .object({
    nextCursor: z.string().nullable().describe('Opaque; `cursor` of the next page. null: this is the last'),
    previousCursor: z.string().nullable().describe('Opaque; `before` of the previous page. null: this is the first'),
    hasMore: z.boolean().describe('There is a next page'),
    totalCount: z.int().optional().describe('With `count=true`'),
  })
  .meta({ id: 'Page' });

/** The schema of a page of views, named after them: `HubPage` for `Hub`. */
export function pageOf<S extends z.ZodObject>(view: S) {
  const viewId = view.meta()?.id;
  if (!viewId) throw new Error('A view needs meta({ id })');
  return z.object({ items: z.array(view), page: pageInfo }).meta({ id: `${viewId}Page` });
}

interface PageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly before?: string | undefined;
  readonly count?: boolean | undefined;
}

/** Parts a list's query into filter, sort and page. */
export function partsOf<Q extends PageQuery & { readonly sort?: unknown }>(query: Q): { filter: Omit<Q, 'limit' | 'cursor' | 'before' | 'count' | 'sort'>; sort: Q['sort']; request: ListRequest } {
  const { limit, cursor, before, count, sort, ...filter } = query;
  const place = before === undefined ? (cursor === undefined ? {} : { cursor }) : { cursor: before, backward: true };
  return { filter, sort, request: { limit, ...place, ...(count ? { withTotal: true } : {}) } };
}

export function toPageView<Row, View>(page: Page<Row>, toView: (row: Row) => View): PageView<View> {
  return {
    items: page.items.map(toView),
    page: { nextCursor: page.nextCursor, previousCursor: page.previousCursor ?? null, hasMore: page.nextCursor !== null, ...(page.totalCount === undefined ? {} : { totalCount: page.totalCount }) },
  };
}
