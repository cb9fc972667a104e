import { isNativeError } from 'node:util/types';
import { driverError, sqlState } from './constraint.js';
import { DatabaseUnavailableError } from './database.errors.js';

/** Of sockets, by Node's codes */
const SOCKET_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/**
 * PostgreSQL's classes and codes for "not now": connection exceptions, too many connections, shutting down or starting up, ended by
 * a timeout or an administrator, lock not available, read-only after a fail-over.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const STATES = /^(08...|53...|57P0[1-5]|57014|55P03|25P0[34]|25006)$/;

/** pg and pg-pool give these no code. */
const MESSAGES = [
  'Connection terminated',
  'timeout exceeded when trying to connect',
  'Query read timeout',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
];

/** The driver adapter's words */
const KINDS = new Set<unknown>(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TooManyConnections']);

/** Prisma's own: no connection, timed out, closed, none free, transaction could not start or was ended, too many connections */
const PRISMA_CODES = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2037']);

/**
 * The typed error, if what pg or Prisma threw means that the database does not answer (now); null for anything else.
 * Whether a write among it has taken effect is not known.
 */
export function asUnavailable(error: unknown): DatabaseUnavailableError | null {
  if (error instanceof DatabaseUnavailableError) return error;
  const why = reason(error);
  return why === null ? null : new DatabaseUnavailableError(why, { cause: error });
}

function reason(error: unknown): string | null {
  if (!isNativeError(error)) return null;
  const state = sqlState(error);
  if (state !== null && STATES.test(state)) return `SQLSTATE ${state}`;
  const { kind } = driverError(error);
  if (KINDS.has(kind)) return String(kind);
  const { code, errors } = error as { code?: unknown; errors?: unknown };
  if (typeof code === 'string' && (SOCKET_CODES.has(code) || PRISMA_CODES.has(code))) return code;
  if (Array.isArray(errors)) return errors.map(reason).find((why) => why !== null) ?? null; // one for each address of a host
  const words = MESSAGES.find((known) => error.message.includes(known)); // Prisma puts its own words before them
  if (words !== undefined) return words;
  return error.cause === undefined ? null : reason(error.cause);
}

/** Rethrows, as DatabaseUnavailableError where it is one. */
export function rethrow(error: unknown): never {
  throw asUnavailable(error) ?? error;
}
