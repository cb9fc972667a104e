import { Injectable, StandardSchemaValidationPipe, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { ValidationFailedError, type InputIssue } from './api.errors.js';

const MAX_ISSUES = 50;

/** As zod tells an issue through the Standard Schema interface, which promises `message` and `path` alone. */
interface ZodLikeIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
  readonly code?: string;
  readonly keys?: readonly string[];
  readonly input?: unknown;
  readonly errors?: readonly (readonly ZodLikeIssue[])[];
}

const CODES: Readonly<Record<string, string>> = {
  invalid_type: 'WRONG_TYPE',
  too_small: 'TOO_SMALL',
  too_big: 'TOO_BIG',
  invalid_format: 'WRONG_FORMAT',
  invalid_value: 'NOT_ONE_OF',
  not_multiple_of: 'WRONG_VALUE',
  unrecognized_keys: 'UNKNOWN_FIELD',
  invalid_union: 'NO_FORM_MATCHES',
  invalid_key: 'WRONG_FIELD_NAME',
  invalid_element: 'WRONG_VALUE',
};

function pointerOf(path: ZodLikeIssue['path']): string {
  const parts = (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  return parts.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('').slice(0, 200);
}

function issuesOf(issue: ZodLikeIssue): InputIssue[] {
  const pointer = pointerOf(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return (issue.keys ?? []).slice(0, MAX_ISSUES).map((key) => ({ pointer: `${pointer}${pointerOf([key])}`, code: 'UNKNOWN_FIELD', detail: 'There is no such field' }));
  }
  const missing = issue.code === 'invalid_type' && /received undefined$/.test(issue.message);
  return [{ pointer, code: missing ? 'REQUIRED' : (CODES[issue.code ?? ''] ?? 'WRONG_VALUE'), detail: missing ? 'Required' : issue.message.slice(0, 300) }];
}

function validationFailed(issues: readonly ZodLikeIssue[]): ValidationFailedError {
  return new ValidationFailedError(issues.slice(0, MAX_ISSUES).flatMap(issuesOf).slice(0, MAX_ISSUES));
}

/** PostgreSQL's text holds no NUL, and a lone surrogate is no character: neither is ever meant. */
function unstorableAt(value: unknown, path: readonly PropertyKey[] = []): readonly PropertyKey[] | null {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed() ? path : null;
  if (typeof value !== 'object' || value === null || path.length > 20) return null;
  for (const [key, child] of Object.entries(value)) {
    const found = unstorableAt(key, path) ?? unstorableAt(child, [...path, key]);
    if (found) return found;
  }
  return null;
}

/** @throws ValidationFailedError where a text could not be stored */
function refuseUnstorable(value: unknown): void {
  const at = unstorableAt(value);
  if (at) throw new ValidationFailedError([{ pointer: pointerOf(at), code: 'UNSTORABLE_CHARACTER', detail: 'The text holds a NUL or half a character' }]);
}

/**
 * Validates what REST handlers take by the schema beside the parameter: `@Body({ schema })`. Installed for the whole
 * application: without it a schema documents and does not validate.
 */
@Injectable()
export class InputPipe extends StandardSchemaValidationPipe {
  constructor() {
    super({ exceptionFactory: (issues) => validationFailed(issues) });
  }

  override async transform<T>(value: T, metadata: ArgumentMetadata): Promise<T> {
    if (metadata.type !== 'custom') refuseUnstorable(value);
    return super.transform<T>(value, metadata);
  }
}

/** Whether the schema lets null in, which GraphQL's callers send for "not given". */
function takesNull(schema: z.ZodType): boolean {
  return schema.safeParse(null).success;
}

function withoutNulls(schema: z.ZodType, value: unknown): unknown {
  if (!(schema instanceof z.ZodObject) || typeof value !== 'object' || value === null) return value;
  const shape = schema.shape as Record<string, z.ZodType>;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, child]) => child !== null || (shape[key] !== undefined && takesNull(shape[key])))
      .map(([key, child]) => [key, shape[key] === undefined ? child : withoutNulls(unwrapped(shape[key]), child)]),
  );
}

function unwrapped(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault ? unwrapped(schema.unwrap() as z.ZodType) : schema;
}

/**
 * The same validation for a GraphQL argument: GraphQL's own types know neither lengths nor formats.
 * @example `@Args('input', { type: () => StartFailoverInput }, new ArgPipe(startFailoverInput))`
 */
export class ArgPipe<T> implements PipeTransform<unknown, T> {
  constructor(private readonly schema: z.ZodType<T>) {}

  transform(value: unknown): T {
    refuseUnstorable(value);
    const parsed = this.schema.safeParse(withoutNulls(unwrapped(this.schema), value ?? undefined));
    if (!parsed.success) throw validationFailed(parsed.error.issues);
    return parsed.data;
  }
}
