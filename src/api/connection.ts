import type { Type } from '@nestjs/common';
import { Field, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { z } from 'zod';
import type { ListRequest, Page, Sort } from '../common/paging.js';
import { argsType, inputType } from './graphql-from-zod.js';
import { toSort } from './schemas.js';

@ObjectType('PageInfo', { description: 'Where a page stands in its list (Relay)' })
class PageInfo {
  @Field(() => Boolean) hasNextPage!: boolean;
  @Field(() => Boolean) hasPreviousPage!: boolean;
  @Field(() => String, { nullable: true }) startCursor!: string | null;
  @Field(() => String, { nullable: true }) endCursor!: string | null;
}

/** A page as GraphQL shows it. The total is counted only where it is asked for. */
export interface Connection<T> {
  readonly edges: readonly { readonly cursor: string; readonly node: T }[];
  readonly nodes: readonly T[];
  readonly pageInfo: PageInfo;
  readonly totalCount: Promise<number>;
}

const connections = new Map<string, Type<Connection<unknown>>>();

/** The Relay connection type of a node type: `HubConnection` and `HubEdge` for `Hub`. */
export function connectionType<T>(node: Type<T>): Type<Connection<T>> {
  const known = connections.get(node.name);
  if (known) return known as Type<Connection<T>>;

  @ObjectType(`${node.name}Edge`)
  class Edge {
    @Field(() => String) cursor!: string;
    @Field(() => node) node!: T;
  }
  @ObjectType(`${node.name}Connection`)
  class NodeConnection {
    @Field(() => [Edge]) edges!: Edge[];
    @Field(() => [node]) nodes!: T[];
    @Field(() => PageInfo) pageInfo!: PageInfo;
    @Field(() => Int, { description: 'All that match the filter. Counted only when asked for.' }) totalCount!: number;
  }
  connections.set(node.name, NodeConnection as unknown as Type<Connection<unknown>>);
  return NodeConnection as unknown as Type<Connection<T>>;
}

/** Forward by `first` and `after`, or backward by `last` and `before`. */
interface PlaceArgs {
  readonly first?: number | undefined;
  readonly after?: string | undefined;
  readonly last?: number | undefined;
  readonly before?: string | undefined;
}

export interface ConnectionArgs<Filter, Field extends string> extends PlaceArgs {
  readonly filter: Filter;
  readonly sort: Sort<Field>;
}

/** Of a list whose order is fixed. */
export type OrderedConnectionArgs<Filter> = Omit<ConnectionArgs<Filter, never>, 'sort'>;

export interface ListArguments<Args> {
  readonly type: Type<unknown>;
  /** Parses what GraphQL took */
  readonly schema: z.ZodType<Args>;
}

const rows = z.int().min(1).max(100).optional();
const place = z.string().min(1).max(2000).optional();
const places = {
  first: rows.describe('Rows of a page, 1 to 100; forward'),
  after: place.describe('With `first`: `pageInfo.endCursor` of the page before, with the same filter and sort'),
  last: rows.describe('Instead of `first`: rows of a page, backward from `before` or from the end'),
  before: place.describe('With `last`: `pageInfo.startCursor` of the page after, likewise'),
};
const isOneWay = ({ first, after, last, before }: PlaceArgs): boolean => (first === undefined ? last !== undefined && after === undefined : last === undefined && before === undefined);
const ONE_WAY = { message: 'Give either first (and after), or last (and before)', path: ['first'] };

type FilterOf<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape>>;

interface Sorting<Field extends string> {
  readonly fields: readonly Field[];
  readonly fallback: Field | `-${Field}`;
}

/**
 * The arguments of a list: `first` and `after` or `last` and `before`, `filter` and `sort`.
 * @param name of the node type, e.g. `Hub`, which gives `HubFilter` and `HubSort`
 * @param filter the filter's fields, those of REST's query
 * @param sort absent: the order is fixed
 */
export function listArguments<const Shape extends z.ZodRawShape>(name: string, filter: Shape): ListArguments<OrderedConnectionArgs<FilterOf<Shape>>>;
export function listArguments<const Shape extends z.ZodRawShape, const Field extends string>(name: string, filter: Shape, sort: Sorting<Field>): ListArguments<ConnectionArgs<FilterOf<Shape>, Field>>;
export function listArguments(name: string, filter: z.ZodRawShape, sort?: Sorting<string>): ListArguments<unknown> {
  const filterSchema = z.strictObject(filter);
  const words = sort ? sortWords(name, sort.fields) : {};
  const hasFilter = Object.keys(filter).length > 0;
  const type = argsType(`${name}ListArguments`, z.object(places), {
    ...(hasFilter ? { filter: { type: inputType(`${name}Filter`, filterSchema), nullable: true } } : {}),
    ...(sort ? { sort: { type: words, nullable: true, defaultValue: sort.fallback } } : {}),
  });
  const schema = z.strictObject({
    ...places,
    filter: filterSchema.default({}),
    ...(sort ? { sort: z.enum(Object.values(words)).default(sort.fallback).transform(toSort) } : {}),
  }).refine(isOneWay, ONE_WAY);
  return { type, schema };
}

/** `NAME_ASC`, `NAME_DESC` for `name`: inside, the words of REST. */
function sortWords(name: string, fields: readonly string[]): Record<string, string> {
  const words = Object.fromEntries(
    fields.flatMap((field) => {
      const upper = field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
      return [[`${upper}_ASC`, field], [`${upper}_DESC`, `-${field}`]];
    }),
  ) as Record<string, string>;
  registerEnumType(words, { name: `${name}Sort` });
  return words;
}

/** Reads one page and shapes it as a connection. */
export async function connect<Row, View>(
  args: PlaceArgs,
  list: (request: ListRequest) => Promise<Page<Row>>,
  toView: (row: Row) => View,
): Promise<Connection<View>> {
  const { first, after, last = 1, before } = args;
  const request = first === undefined ? { limit: last, ...(before === undefined ? {} : { cursor: before }), backward: true } : { limit: first, ...(after === undefined ? {} : { cursor: after }) };
  const page = await list(request);
  const nodes = page.items.map(toView);
  const cursors = page.cursors ?? [];
  return {
    nodes,
    edges: nodes.map((node, index) => ({ node, cursor: cursors[index] ?? '' })),
    pageInfo: { hasNextPage: page.nextCursor !== null, hasPreviousPage: page.previousCursor === undefined ? after !== undefined : page.previousCursor !== null, startCursor: cursors[0] ?? null, endCursor: cursors.at(-1) ?? page.nextCursor },
    // Read only by who asks for the field
    get totalCount() {
      return list({ limit: 1, withTotal: true }).then(({ totalCount = 0 }) => totalCount);
    },
  };
}
