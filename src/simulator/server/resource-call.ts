import type { Collection } from '../store/collection.js';
import type { Representation } from '../store/stored-object.js';
import type { HttpExchange } from './http-exchange.js';
import type { Identity } from './identities.js';
import type { LedgerEntry } from './ledger.js';
import type { RequestTarget } from './request-target.js';

export type WriteVerb = LedgerEntry['verb'];
export type Verb = 'get' | 'list' | 'watch' | WriteVerb;

export const isWrite = (verb: Verb): verb is WriteVerb => verb !== 'get' && verb !== 'list' && verb !== 'watch';

/** What a write came to, for the ledger. */
export interface WriteOutcome {
  name: string;
  changed: boolean;
  fieldManager: string;
}

/** An authorised request for a kind that is served. */
export interface ResourceCall {
  readonly exchange: HttpExchange;
  readonly identity: Identity;
  readonly target: RequestTarget;
  readonly collection: Collection;
  readonly representation: Representation;
  /** A fault makes reads answer as of this revision; null: as it is */
  readonly asOf: number | null;
  readonly outcome: WriteOutcome;
}

export type Answer = readonly [code: number, body: string];
