import type { Type } from '@nestjs/common';
import { ArgsType, Field, Float, ID, InputType, Int, ObjectType, registerEnumType, type ReturnTypeFuncValue } from '@nestjs/graphql';
import { z } from 'zod';
import { DateTimeScalar, JsonScalar } from './scalars.js';

// The zod schemas are the one source: REST validates by them, OpenAPI is printed from them, and the GraphQL types below
// are made of them. So the two doors cannot drift apart.
//
//   z.object({...}).meta({ id: 'Hub' })  ->  type Hub         z.enum([...]).meta({ id: 'HubPolicy' })  ->  enum HubPolicy
//   z.uuid() -> ID    z.int() -> Int    z.iso.datetime() -> DateTime    z.record(), z.unknown() -> JSON

type Decorate = 'object' | 'input';

interface FieldShape {
  readonly type: ReturnTypeFuncValue;
  readonly nullable: boolean;
  readonly defaultValue?: unknown;
}

const GRAPHQL_NAME = /^[_A-Za-z][_0-9A-Za-z]*$/;
const made = { object: new Map<string, Type<unknown>>(), input: new Map<string, Type<unknown>>() };
const enums = new Map<string, object>();

/** What zod's classes show of a schema at run time. */
interface Definition {
  readonly type: string;
  readonly format?: string;
  readonly entries?: Readonly<Record<string, string>>;
  readonly values?: readonly unknown[];
  readonly element?: z.ZodType;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly defaultValue?: unknown;
}

const definitionOf = (schema: z.ZodType): Definition => schema.def as unknown as Definition;

/** `.describe()` makes a copy without the id; what it was copied from still bears it. */
function namedIn(schema: z.ZodType): z.ZodType {
  const parent = schema._zod.parent as z.ZodType | undefined;
  return schema.meta()?.id === undefined && parent ? namedIn(parent) : schema;
}
const idOf = (schema: z.ZodType): string | undefined => namedIn(schema).meta()?.id;

function newClass(name: string): Type<unknown> {
  const named = { [name]: class {} };
  return named[name] as Type<unknown>;
}

function enumOf(schema: z.ZodType, entries: Readonly<Record<string, string>>): ReturnTypeFuncValue {
  const values = Object.values(entries);
  if (!values.every((value) => GRAPHQL_NAME.test(value))) return String;
  const id = idOf(schema);
  const description = namedIn(schema).meta()?.description;
  if (!id) throw new Error(`The enum ${values.join('|')} has no meta({ id })`);
  const known = enums.get(id);
  if (known) return known;
  const made = { ...entries };
  registerEnumType(made, { name: id, ...(description ? { description } : {}) });
  enums.set(id, made);
  return made;
}

function numberOf(schema: z.ZodType): ReturnTypeFuncValue {
  return schema instanceof z.ZodNumber && schema.format?.includes('int') ? Int : Float;
}

function stringOf({ format }: Definition): ReturnTypeFuncValue {
  if (format === 'uuid') return ID;
  return format === 'datetime' ? DateTimeScalar : String;
}

function fieldOf(schema: z.ZodType, kind: Decorate, where: string): FieldShape {
  const definition = definitionOf(schema);
  switch (definition.type) {
    case 'nullable':
    case 'optional':
      return { ...fieldOf(definition.innerType!, kind, where), nullable: true };
    case 'default': {
      const inner = fieldOf(definition.innerType!, kind, where);
      return { ...inner, nullable: true, ...(typeof definition.defaultValue === 'object' ? {} : { defaultValue: definition.defaultValue }) };
    }
    case 'readonly':
      return fieldOf(definition.innerType!, kind, where);
    case 'pipe':
      return fieldOf(definition.in!, kind, where);
    case 'array': {
      const { type, nullable } = fieldOf(definition.element!, kind, where);
      if (nullable) throw new Error(`${where}: a list of nullable items`);
      return { type: [type] as ReturnTypeFuncValue, nullable: false };
    }
    case 'object':
      return { type: classFor(schema as z.ZodObject, kind, where), nullable: false };
    case 'enum':
      return { type: enumOf(schema, definition.entries!), nullable: false };
    case 'number':
      return { type: numberOf(schema), nullable: false };
    case 'string':
      return { type: stringOf(definition), nullable: false };
    case 'boolean':
      return { type: Boolean, nullable: false };
    case 'literal':
      return { type: String, nullable: false };
    case 'record':
    case 'unknown':
    case 'any':
      return { type: JsonScalar as unknown as ReturnTypeFuncValue, nullable: false };
    default:
      throw new Error(`${where}: GraphQL has no type for zod's ${definition.type}`);
  }
}

function classFor(schema: z.ZodObject, kind: Decorate, where: string): Type<unknown> {
  const id = idOf(schema);
  if (!id) throw new Error(`${where}: a nested object without meta({ id })`);
  const original = namedIn(schema) as z.ZodObject;
  return kind === 'object' ? objectType(original) : inputType(id, original);
}

/** What was said of this field; what is said of its type stands with the type. */
function descriptionOf(schema: z.ZodType): string | undefined {
  const { id, description } = schema.meta() ?? {};
  if (description !== undefined || id !== undefined) return id === undefined ? description : undefined;
  const { type, innerType, in: input } = definitionOf(schema);
  const inner = ['nullable', 'optional', 'default', 'pipe', 'readonly'].includes(type) ? (innerType ?? input) : undefined;
  return inner && descriptionOf(inner);
}

function addFields(target: Type<unknown>, schema: z.ZodObject, kind: Decorate, omit: readonly string[] = []): void {
  for (const [name, field] of Object.entries(schema.shape as Record<string, z.ZodType>)) {
    if (omit.includes(name)) continue;
    const shape = fieldOf(field, kind, `${target.name}.${name}`);
    addField(target, name, shape, descriptionOf(field));
  }
}

function addField(target: Type<unknown>, name: string, shape: FieldShape, description?: string): void {
  Field(() => shape.type as ReturnTypeFuncValue, { nullable: shape.nullable, ...(description ? { description } : {}), ...(shape.defaultValue === undefined ? {} : { defaultValue: shape.defaultValue as never }) })(target.prototype as object, name);
}

/**
 * The GraphQL object type of a view, named by its `meta({ id })`.
 * @param omit fields that only REST shows, such as links
 * @throws Error at start for what GraphQL cannot say: nested objects and enums without an id, unions
 */
export function objectType<S extends z.ZodObject>(schema: S, omit: readonly string[] = []): Type<z.infer<S>> {
  const { id, description } = schema.meta() ?? {};
  if (!id) throw new Error('A view needs meta({ id })');
  const known = made.object.get(id);
  if (known) return known as Type<z.infer<S>>;
  const target = newClass(id);
  made.object.set(id, target);
  ObjectType(id, description ? { description } : {})(target);
  addFields(target, schema, 'object', omit);
  return target as Type<z.infer<S>>;
}

/** The GraphQL input type of a request schema. */
export function inputType<S extends z.ZodObject>(name: string, schema: S): Type<z.input<S>> {
  const known = made.input.get(name);
  if (known) return known as Type<z.input<S>>;
  const target = newClass(name);
  made.input.set(name, target);
  const description = schema.meta()?.description;
  InputType(name, description ? { description } : {})(target);
  addFields(target, schema, 'input');
  return target as Type<z.input<S>>;
}

/** The arguments of a field, made of a schema. */
export function argsType(name: string, schema: z.ZodObject, more: Readonly<Record<string, FieldShape & { readonly description?: string }>> = {}): Type<unknown> {
  const target = newClass(name);
  ArgsType()(target);
  addFields(target, schema, 'input');
  for (const [field, shape] of Object.entries(more)) addField(target, field, shape, shape.description);
  return target;
}

/** What a mutation answers: the changed things by name, and the caller's own id of the mutation. */
export function payloadType(name: string, fields: Readonly<Record<string, { readonly type: ReturnTypeFuncValue; readonly nullable?: boolean; readonly description?: string }>>): Type<Record<string, unknown>> {
  const target = newClass(name);
  ObjectType(name)(target);
  for (const [field, shape] of Object.entries(fields)) addField(target, field, { type: shape.type, nullable: shape.nullable ?? false }, shape.description);
  addField(target, 'clientMutationId', { type: String, nullable: true }, 'As the input gave it');
  return target as Type<Record<string, unknown>>;
}

/** Every mutation's input may name its idempotency key here instead of in the header. */
export const mutationInput = {
  clientMutationId: z.string().regex(/^[\x20-\x7e]{1,255}$/).optional().describe('Idempotency key of this mutation, instead of the header Idempotency-Key'),
};
