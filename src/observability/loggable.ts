import { isNativeError } from 'node:util/types';
import { DomainError } from '../common/domain-error.js';

/** Names under which no value is ever logged, whatever it is. */
const SECRET_NAME = /token(?!_?(id|problem))|secret|password|passwd|kubeconfig|authorization|credential|cookie|api_?key$|private/i;
const MAX_TEXT = 2000;
const MAX_ITEMS = 50;
const MAX_CAUSES = 4;

type Plain = string | number | boolean | null;

/** Fields that pino or its serializers make, or that are handled there. */
const PASSED_ON = new Set(['err', 'error', 'req', 'res']);

function plain(value: unknown): Plain | Plain[] | undefined {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'string') return value.slice(0, MAX_TEXT);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map(plain).filter((item): item is Plain => item !== undefined && !Array.isArray(item));
  return undefined; // an object may hold anything: who wants a part of it in the log names that part
}

/** Of what a caller hands to the logger: facts, lists of facts and errors. Objects, and names that speak of secrets, are left out. */
export function loggableFields(fields: Record<string, unknown>): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (PASSED_ON.has(name)) kept[name] = value;
    else if (!SECRET_NAME.test(name)) {
      const fact = plain(value);
      if (fact !== undefined) kept[name] = fact;
    }
  }
  return kept;
}

/** What went wrong, with its causes. Properties that libraries put on errors (bodies, headers, rows) stay out. */
export function loggableError(error: unknown, depth = 0): Record<string, unknown> {
  // Of another realm too: what the network throws under a test runner
  if (!(error instanceof Error) && !isNativeError(error)) return { message: typeof error === 'string' ? error.slice(0, MAX_TEXT) : 'Something that is no error was thrown' };
  const code: unknown = (error as { code?: unknown }).code;
  return {
    type: error.name,
    // JSON.parse quotes what it could not read
    message: error instanceof SyntaxError ? 'Text could not be parsed' : error.message.slice(0, MAX_TEXT),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(error instanceof DomainError ? { kind: error.kind, details: loggableFields({ ...error.details }) } : {}),
    stack: error instanceof SyntaxError ? undefined : framesOf(error),
    ...(error.cause !== undefined && depth < MAX_CAUSES ? { cause: loggableError(error.cause, depth + 1) } : {}),
  };
}

/** Where, without the message again. */
function framesOf(error: Error): string {
  return (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)).slice(0, 12).join('\n');
}
