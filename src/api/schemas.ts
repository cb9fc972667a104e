import { z } from 'zod';
import type { Sort } from '../common/paging.js';

/** What both doors' schemas are made of. Requests are strict: an unknown field is refused, so that a typo is not an omission. */
export const id = z.uuid();
/** An instant that we tell, RFC 3339, UTC */
export const instant = z.iso.datetime();
/** An instant that a caller tells, with any offset */
export const instantIn = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

const reason = z.string().trim().min(1).max(2000).describe('Why; kept in the audit record');

const correlation = z
  .strictObject({
    system: z.string().trim().min(1).max(255).optional(),
    id: z.string().trim().min(1).max(255).optional(),
    number: z.string().trim().min(1).max(255).optional(),
    url: z.url({ protocol: /^https?$/ }).max(2048).optional(),
  })
  .meta({ id: 'CorrelationInput', description: 'Your own record of why, mostly a ticket. Kept, searchable and echoed in every event' });

export const correlationView = z
  .object({ system: z.string().nullable(), id: z.string().nullable(), number: z.string().nullable(), url: z.string().nullable() })
  .meta({ id: 'Correlation', description: 'The caller\u2019s own record of why, mostly a ticket' });

/** Every body of an acting call may carry these. */
export const acting = { reason: reason.optional(), correlation: correlation.optional() };
/** As `acting`, where nothing is done without a reason. */
export const actingWithReason = { reason, correlation: correlation.optional() };

/** The body of an acting call that needs nothing but why. */
export const actingBody = z.strictObject(acting).default({});
export const reasonBody = z.strictObject(actingWithReason);

export const idParam = z.strictObject({ id });

const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
/** A flag in a query string */
export const queryFlag = flag.optional();

/** `sort=name`, `sort=-startedAt`: a field of the list, `-` for descending */
function sortBy<const Field extends string>(fields: readonly Field[], fallback: Field | `-${Field}`) {
  const words = fields.flatMap((field) => [field, `-${field}`] as const);
  return z
    .enum(words as [Field | `-${Field}`, ...(Field | `-${Field}`)[]])
    .default(fallback as never)
    .transform((word): Sort<Field> => toSort(word as Field | `-${Field}`));
}

export function toSort<Field extends string>(word: Field | `-${Field}`): Sort<Field> {
  return word.startsWith('-') ? { by: word.slice(1) as Field, direction: 'DESC' } : { by: word as Field, direction: 'ASC' };
}

/** What every list of REST takes. */
const pageQuery = {
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('Rows of a page'),
  cursor: z.string().min(1).max(2000).optional().describe('`page.nextCursor` of the page before, with the same filter and sort'),
  before: z.string().min(1).max(2000).optional().describe('`page.previousCursor` of the page after, likewise: the rows before it'),
  count: queryFlag.describe('`true`: count all that match, as `page.totalCount`'),
};

const isOnePlace = (query: { readonly cursor?: unknown; readonly before?: unknown }): boolean => query.cursor === undefined || query.before === undefined;
const ONE_PLACE = { message: 'Give either cursor or before', path: ['before'] };

/** The query of a list: its filter, its sort, its page. Unknown parameters are refused. */
export function listQuery<Filter extends z.ZodRawShape, const Field extends string>(filter: Filter, sort: { readonly fields: readonly Field[]; readonly fallback: Field | `-${Field}` }) {
  return z.strictObject({ ...filter, ...pageQuery, sort: sortBy(sort.fields, sort.fallback) }).refine(isOnePlace, ONE_PLACE);
}

/** The query of a list whose order is fixed. */
export function orderedListQuery<Filter extends z.ZodRawShape>(filter: Filter) {
  return z.strictObject({ ...filter, ...pageQuery }).refine(isOnePlace, ONE_PLACE);
}
