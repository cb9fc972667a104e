import { Injectable, RequestMethod, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { METHOD_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { RESOLVER_TYPE_METADATA } from '@nestjs/graphql/dist/graphql.constants.js';
import { ACTS } from '../api/acts.decorator.js';
import { PUBLIC, REQUIRES } from './requires.decorator.js';
import type { Permission } from './permissions.js';

/** One thing that a caller can ask for. */
export interface Operation {
  /** `HubsController.registerHub` */
  readonly name: string;
  readonly door: 'REST' | 'GraphQL';
  /** `POST`, `Mutation`… */
  readonly method: string;
  readonly permission: Permission | null;
  readonly isPublic: boolean;
  readonly acts: boolean;
  /** REST: parameters read from the request without a schema */
  readonly withoutSchema: readonly string[];
}

type Handler = (...args: unknown[]) => unknown;
interface RouteArgument {
  readonly schema?: unknown;
  readonly index: number;
}

/** Fails the start where an operation names no permission, reads input without a schema, or acts without being marked. */
@Injectable()
export class OperationsCheck implements OnModuleInit {
  constructor(private readonly discovery: DiscoveryService, private readonly scanner: MetadataScanner) {}

  onModuleInit(): void {
    const faults = this.operations().flatMap(faultsOf);
    if (faults.length > 0) throw new Error(`Operations are not guarded\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  }

  operations(): Operation[] {
    const controllers = this.discovery.getControllers().flatMap(({ metatype }) => this.of(metatype, restOperation));
    const resolvers = this.discovery.getProviders().flatMap(({ metatype }) => this.of(metatype, graphQLOperation));
    return [...controllers, ...resolvers];
  }

  private of(metatype: unknown, read: (type: Handler, name: string, handler: Handler) => Operation | null): Operation[] {
    if (typeof metatype !== 'function' || typeof metatype.prototype !== 'object' || metatype.prototype === null) return [];
    const prototype = metatype.prototype as Record<string, Handler>;
    return this.scanner.getAllMethodNames(prototype).flatMap((name) => read(metatype as Handler, name, prototype[name]!) ?? []);
  }
}

const common = (handler: Handler) => ({
  permission: (Reflect.getMetadata(REQUIRES, handler) as Permission | undefined) ?? null,
  isPublic: Reflect.getMetadata(PUBLIC, handler) === true,
  acts: Reflect.getMetadata(ACTS, handler) !== undefined,
});

function restOperation(type: Handler, name: string, handler: Handler): Operation | null {
  const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
  if (method === undefined) return null;
  const args = (Reflect.getMetadata(ROUTE_ARGS_METADATA, type, name) ?? {}) as Record<string, RouteArgument>;
  const withoutSchema = Object.entries(args)
    .map(([key, argument]) => ({ kind: Number(key.split(':')[0]) as RouteParamtypes, argument }))
    .filter(({ kind, argument }) => [RouteParamtypes.BODY, RouteParamtypes.QUERY, RouteParamtypes.PARAM].includes(kind) && !argument.schema)
    .map(({ kind }) => RouteParamtypes[kind]);
  return { name: `${type.name}.${name}`, door: 'REST', method: RequestMethod[method], ...common(handler), withoutSchema };
}

function graphQLOperation(type: Handler, name: string, handler: Handler): Operation | null {
  const kind = Reflect.getMetadata(RESOLVER_TYPE_METADATA, handler) as string | undefined;
  if (kind !== 'Query' && kind !== 'Mutation' && kind !== 'Subscription') return null;
  return { name: `${type.name}.${name}`, door: 'GraphQL', method: kind, ...common(handler), withoutSchema: [] };
}

function faultsOf(operation: Operation): string[] {
  const { name, permission, isPublic, acts, method, withoutSchema } = operation;
  return [
    ...(permission === null && !isPublic ? [`${name} names no permission: @Requires(…) or @Public()`] : []),
    ...(permission !== null && isPublic ? [`${name} is public and requires ${permission}`] : []),
    ...withoutSchema.map((what) => `${name} takes its ${what} without a schema: it would not be validated`),
    ...((method === 'POST' || method === 'Mutation') && !acts ? [`${name} acts, and takes no Idempotency-Key: @Acts()`] : []),
  ];
}
