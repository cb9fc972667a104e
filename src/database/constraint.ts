/** What pg and Prisma (7, with a driver adapter) put on errors, as far as we read it. */
interface DatabaseErrorShape {
  readonly code?: unknown;
  readonly constraint?: unknown;
  readonly message?: unknown;
  readonly meta?: { readonly driverAdapterError?: { readonly cause?: unknown } };
  readonly cause?: unknown;
  /** The adapter's word for what happened */
  readonly kind?: unknown;
  readonly originalCode?: unknown;
  readonly originalMessage?: unknown;
}

const shape = (error: unknown): DatabaseErrorShape => (typeof error === 'object' && error !== null ? error : {});

/** Below Prisma's wrapping: pg's own error, or what the adapter made of it. */
export function driverError(error: unknown): DatabaseErrorShape {
  const outer = shape(error);
  const adapterError = shape(outer.meta?.driverAdapterError);
  if (adapterError.cause !== undefined) return shape(adapterError.cause);
  // A DriverAdapterError itself, which raw queries and transactions throw
  const inner = shape(outer.cause);
  return 'kind' in inner ? inner : outer;
}

/** PostgreSQL's five-letter code (SQLSTATE) of an error from pg or Prisma; null if PostgreSQL did not make it. */
export function sqlState(error: unknown): string | null {
  const { originalCode, code } = driverError(error);
  const state = originalCode ?? code;
  return typeof state === 'string' && /^[0-9A-Z]{5}$/.test(state) ? state : null;
}

/**
 * Whether a write was refused by the constraint, index or trigger of that name.
 * @param error from Prisma or from pg
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html class 23
 */
export function violates(error: unknown, constraintName: string): boolean {
  if (!sqlState(error)?.startsWith('23')) return false;
  const { constraint, originalMessage } = driverError(error);
  if (constraint === constraintName || shape(constraint)['index' as keyof DatabaseErrorShape] === constraintName) return true;
  // For CHECKs and triggers the adapter keeps the server's message alone, where the name stands in quotes or last.
  return typeof originalMessage === 'string' && new RegExp(`(^|[^\\w])${constraintName}([^\\w]|$)`).test(originalMessage);
}
