import type { SeededRandom } from '../store/random.js';

/** What a request is, as far as faults choose by it. */
export interface FaultSubject {
  /** get, list, watch, create, update, patch, apply, delete, deletecollection, discovery, health */
  readonly verb: string;
  readonly group: string;
  /** Plural; empty for discovery and health */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly user: string;
}

type OneOrMany = string | readonly string[];

/** All that is given must hold; nothing given matches everything. */
export interface FaultMatcher {
  readonly verb?: OneOrMany;
  readonly group?: OneOrMany;
  readonly resource?: OneOrMany;
  readonly namespace?: OneOrMany;
  readonly name?: OneOrMany;
  readonly user?: OneOrMany;
}

export type RequestFault =
  /** Waits before anything is done; a pair is a range */
  | { readonly type: 'latency'; readonly ms: number | readonly [number, number] }
  /** Refused before anything is done */
  | { readonly type: 'error'; readonly code: 401 | 403 | 429 | 500 | 502 | 503 | 504; readonly retryAfterSeconds?: number }
  /** Nothing is done, and no answer ever comes */
  | { readonly type: 'hang' }
  /** The connection is reset, and nothing was done */
  | { readonly type: 'reset' }
  /** It is done, but the connection is reset instead of an answer: the outcome is unknown to the caller */
  | { readonly type: 'lose-answer' }
  /** It is done, but the answer never comes */
  | { readonly type: 'swallow-answer' }
  /** It is done, but only half of the answer comes, then a reset */
  | { readonly type: 'truncate' }
  /** 200 and bytes that are no JSON */
  | { readonly type: 'garbage'; readonly body?: string; readonly contentType?: string }
  /** 200 and JSON without end */
  | { readonly type: 'oversize'; readonly bytes: number }
  | { readonly type: 'redirect'; readonly location: string; readonly code?: 301 | 302 | 307 | 308 };

export interface FaultOptions {
  /** Share of the matching requests, by the seed; default 1 */
  readonly rate?: number;
  /** Only the first so many matching requests */
  readonly times?: number;
}

interface ActiveFault {
  readonly match: FaultMatcher;
  readonly fault: RequestFault;
  readonly rate: number;
  left: number;
}

const fits = (wanted: OneOrMany | undefined, actual: string): boolean => wanted === undefined || (typeof wanted === 'string' ? wanted === actual : wanted.includes(actual));

export const matchesFault = (match: FaultMatcher, subject: FaultSubject): boolean =>
  (Object.keys(match) as (keyof FaultMatcher)[]).every((key) => fits(match[key], subject[key]));

/** The faults of one hub. Each is a switch: adding one returns the way to take it back. */
export class Faults {
  private readonly active = new Set<ActiveFault>();
  /** Added to the hub's clock in the Date header */
  dateSkewMs = 0;

  constructor(private readonly random: SeededRandom) {}

  /** @returns ends this fault */
  add(match: FaultMatcher, fault: RequestFault, { rate = 1, times = Infinity }: FaultOptions = {}): () => void {
    const entry: ActiveFault = { match, fault, rate, left: times };
    this.active.add(entry);
    return () => void this.active.delete(entry);
  }

  /** Ends every fault. */
  clear(): void {
    this.active.clear();
    this.dateSkewMs = 0;
  }

  /** The faults that strike this request, in the order in which they were added. */
  strike(subject: FaultSubject): RequestFault[] {
    if (this.active.size === 0) return [];
    const struck: RequestFault[] = [];
    for (const entry of this.active) {
      if (entry.left <= 0 || !matchesFault(entry.match, subject) || !(entry.rate >= 1 || this.random.chance(entry.rate))) continue;
      entry.left--;
      struck.push(entry.fault);
    }
    return struck;
  }

  latencyMs({ ms }: Extract<RequestFault, { type: 'latency' }>): number {
    return typeof ms === 'number' ? ms : ms[0] + this.random.next() * (ms[1] - ms[0]);
  }
}
