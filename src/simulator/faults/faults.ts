import type { ApiStatusError } from '../store/api-status.js';
import type { SeededRandom } from '../store/random.js';
import { injectedError, type InjectedCode } from './injected-error.js';

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
  /** A page after the first of a list */
  readonly continued: boolean;
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
  readonly continued?: boolean;
}

export type RequestFault =
  /** Waits before anything is done; a pair is a range */
  | { readonly type: 'latency'; readonly ms: number | readonly [number, number] }
  /** Refused before anything is done. 410 is an expired version or page */
  | { readonly type: 'error'; readonly code: InjectedCode; readonly retryAfterSeconds?: number }
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
  /** 200 and bytes that are no JSON, or whatever is given */
  | { readonly type: 'garbage'; readonly body?: string; readonly contentType?: string }
  /** 200 and JSON without end, at least so many bytes */
  | { readonly type: 'oversize'; readonly bytes: number }
  | { readonly type: 'redirect'; readonly location: string; readonly code?: 301 | 302 | 307 | 308 }
  /** Lists and gets answer with the state of that resourceVersion, as an API server that lags behind its etcd */
  | { readonly type: 'stale'; readonly revision: number };

/** What befalls watches while it is on: those that are open, and those that are opened. */
type WatchFault =
  /** The connection stays, nothing is ever sent: half-open. Watches that it befell are reset when it ends */
  | { readonly type: 'watch-silent' }
  | { readonly type: 'watch-without-bookmarks' }
  /** Every event is sent twice */
  | { readonly type: 'watch-repeats' }
  /** Events come so much later: out of order against other kinds */
  | { readonly type: 'watch-delayed'; readonly ms: number }
  /** Ends orderly (EOF) after so many events */
  | { readonly type: 'watch-ends-after'; readonly events: number }
  /** Is reset after so many events */
  | { readonly type: 'watch-resets-after'; readonly events: number }
  /** Says 410 in the stream after so many events */
  | { readonly type: 'watch-expires-after'; readonly events: number };

export type Fault = RequestFault | WatchFault;

export interface FaultOptions {
  /** Share of the matching requests, by the seed; default 1 */
  readonly rate?: number;
  /** Only the first so many matching requests */
  readonly times?: number;
}

/** How a watch behaves now. */
export interface WatchConditions {
  readonly silent: boolean;
  readonly bookmarks: boolean;
  readonly repeats: boolean;
  readonly delayMs: number;
  /** What happens after so many events from now; null: nothing */
  readonly breaksAfter: { readonly events: number; readonly how: 'end' | 'reset' | 'expire' } | null;
}

/** The handle of an open watch. */
export interface WatchControl {
  setConditions(conditions: WatchConditions): void;
  end(): void;
  reset(): void;
  /** An ERROR event, then the end */
  fail(error: ApiStatusError): void;
  /** Any bytes, as they are, between the events */
  inject(text: string): void;
}

interface ActiveFault {
  readonly match: FaultMatcher;
  readonly fault: Fault;
  readonly rate: number;
  left: number;
}

const CALM: WatchConditions = { silent: false, bookmarks: true, repeats: false, delayMs: 0, breaksAfter: null };

const isWatchFault = (fault: Fault): fault is WatchFault => fault.type.startsWith('watch-');

const fits = (wanted: OneOrMany | boolean | undefined, actual: string | boolean): boolean =>
  wanted === undefined || (Array.isArray(wanted) ? wanted.includes(actual) : wanted === actual);

const matchesFault = (match: FaultMatcher, subject: FaultSubject): boolean =>
  (Object.keys(match) as (keyof FaultMatcher)[]).every((key) => fits(match[key] as OneOrMany | boolean | undefined, subject[key]));

function conditionsAfter(conditions: WatchConditions, fault: WatchFault): WatchConditions {
  switch (fault.type) {
    case 'watch-silent':
      return { ...conditions, silent: true };
    case 'watch-without-bookmarks':
      return { ...conditions, bookmarks: false };
    case 'watch-repeats':
      return { ...conditions, repeats: true };
    case 'watch-delayed':
      return { ...conditions, delayMs: Math.max(conditions.delayMs, fault.ms) };
    case 'watch-ends-after':
      return { ...conditions, breaksAfter: { events: fault.events, how: 'end' } };
    case 'watch-resets-after':
      return { ...conditions, breaksAfter: { events: fault.events, how: 'reset' } };
    case 'watch-expires-after':
      return { ...conditions, breaksAfter: { events: fault.events, how: 'expire' } };
  }
}

/**
 * The faults of one hub. Each is a switch: adding one returns the way to take it back. All chance comes from the hub's seed.
 * An outage of the whole hub is SimulatedHub.cutOff(); a store that goes back in time SimulatedHub.rollBack().
 */
export class Faults {
  private readonly active = new Set<ActiveFault>();
  private readonly watches = new Map<WatchControl, FaultSubject>();
  /** Added to the hub's clock in the Date header, in milliseconds */
  dateSkewMs = 0;
  /** Requests answered at once, watches apart; what comes beyond is refused with 429, as with kube-apiserver's --max-requests-inflight */
  maxInFlight = Infinity;

  constructor(private readonly random: SeededRandom) {}

  /** @returns ends this fault */
  add(match: FaultMatcher, fault: Fault, { rate = 1, times = Infinity }: FaultOptions = {}): () => void {
    const entry: ActiveFault = { match, fault, rate, left: times };
    this.active.add(entry);
    if (isWatchFault(fault)) this.refreshWatches(match);
    return () => {
      if (this.active.delete(entry) && isWatchFault(fault)) this.refreshWatches(match);
    };
  }

  /** Ends every fault. */
  clear(): void {
    this.active.clear();
    this.dateSkewMs = 0;
    this.maxInFlight = Infinity;
    this.refreshWatches({});
  }

  /** Ends open watches as a server does that shuts down: EOF. @returns how many */
  endWatches(match: FaultMatcher = {}): number {
    return this.eachWatch(match, (watch) => watch.end());
  }

  /** Cuts open watches without an end. */
  resetWatches(match: FaultMatcher = {}): number {
    return this.eachWatch(match, (watch) => watch.reset());
  }

  /** Open watches get an ERROR event (default 410 Expired), then end. */
  failWatches(match: FaultMatcher = {}, code: InjectedCode = 410): number {
    return this.eachWatch(match, (watch) => watch.fail(injectedError(code)));
  }

  /** Puts bytes between the events of open watches: garbage, or a line without end. */
  injectIntoWatches(match: FaultMatcher, text: string): number {
    return this.eachWatch(match, (watch) => watch.inject(text));
  }

  /** For the server: a watch is open. @returns tell when it is closed */
  watchOpened(subject: FaultSubject, watch: WatchControl): () => void {
    this.watches.set(watch, subject);
    const conditions = this.conditionsFor(subject);
    if (conditions !== CALM) watch.setConditions(conditions);
    return () => void this.watches.delete(watch);
  }

  /** For the server: the faults that strike this request, in the order in which they were added. */
  strike(subject: FaultSubject): RequestFault[] {
    const struck: RequestFault[] = [];
    for (const entry of this.active) {
      if (isWatchFault(entry.fault) || !this.hits(entry, subject)) continue;
      struck.push(entry.fault);
    }
    return struck;
  }

  latencyMs({ ms }: Extract<RequestFault, { type: 'latency' }>): number {
    return typeof ms === 'number' ? ms : ms[0] + this.random.next() * (ms[1] - ms[0]);
  }

  private conditionsFor(subject: FaultSubject): WatchConditions {
    let conditions = CALM;
    for (const entry of this.active) if (isWatchFault(entry.fault) && this.hits(entry, subject)) conditions = conditionsAfter(conditions, entry.fault);
    return conditions;
  }

  private hits(entry: ActiveFault, subject: FaultSubject): boolean {
    if (entry.left <= 0 || !matchesFault(entry.match, subject) || !(entry.rate >= 1 || this.random.chance(entry.rate))) return false;
    entry.left--;
    return true;
  }

  private refreshWatches(match: FaultMatcher): void {
    for (const [watch, subject] of [...this.watches]) if (matchesFault(match, subject)) watch.setConditions(this.conditionsFor(subject));
  }

  private eachWatch(match: FaultMatcher, act: (watch: WatchControl) => void): number {
    const struck = [...this.watches].filter(([, subject]) => matchesFault(match, subject));
    for (const [watch] of struck) act(watch);
    return struck.length;
  }
}
