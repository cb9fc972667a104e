import { DomainError } from '../common/domain-error.js';

/**
 * What may be stored of an error in the queue's tables, where it stays for days, in clear: our own code and message, which hold no
 * secrets by rule; of any other error its class alone.
 */
export function storedError(error: unknown): Error {
  const known = error instanceof DomainError;
  const stored = new Error(known ? `${error.code}: ${error.message}` : `INTERNAL: ${error instanceof Error ? error.constructor.name : typeof error}`);
  stored.name = known ? error.name : 'Error';
  stored.stack = `${stored.name}: ${stored.message}`;
  return stored;
}
