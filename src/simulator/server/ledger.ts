/** One write request as the hub saw it, whatever became of it. */
export interface LedgerEntry {
  /** By the hub's clock, UTC */
  readonly at: Date;
  readonly user: string;
  readonly userAgent: string;
  /** Empty where the request named none */
  readonly fieldManager: string;
  readonly verb: 'create' | 'update' | 'patch' | 'apply' | 'delete' | 'deletecollection';
  readonly group: string;
  readonly resource: string;
  readonly subresource: string | null;
  readonly namespace: string;
  /** With generateName: the name that was given */
  readonly name: string;
  /** HTTP status of the answer; 0 where the request was never answered */
  readonly code: number;
  readonly dryRun: boolean;
  /** false: refused, or it left the object as it was */
  readonly changed: boolean;
}

export type LedgerFilter = { readonly [K in keyof LedgerEntry]?: LedgerEntry[K] | readonly LedgerEntry[K][] | ((value: LedgerEntry[K]) => boolean) };

export interface ReadCount {
  readonly verb: 'get' | 'list' | 'watch' | 'discovery';
  readonly resource: string;
  readonly user: string;
  readonly userAgent: string;
}

type Matcher = (entry: LedgerEntry) => boolean;

function matcherOf(filter: LedgerFilter): Matcher {
  const tests = (Object.entries(filter) as [keyof LedgerEntry, unknown][]).filter(([, wanted]) => wanted !== undefined).map(([key, wanted]): Matcher => {
    if (typeof wanted === 'function') return (entry) => (wanted as (value: unknown) => boolean)(entry[key]);
    if (Array.isArray(wanted)) return (entry) => wanted.includes(entry[key]);
    return (entry) => entry[key] === wanted;
  });
  return (entry) => tests.every((test) => test(entry));
}

/** The hub's audit record: every write one by one, reads counted. */
export class Ledger {
  private entries: LedgerEntry[] = [];
  /** The oldest writes beyond so many are forgotten, so that a hub can run for days. */
  limit = 1_000_000;
  private counts = new Map<string, { read: ReadCount; times: number }>();
  private openWatches = 0;
  private seen = 0;

  record(entry: LedgerEntry): void {
    this.seen++;
    this.entries.push(entry);
    if (this.entries.length > this.limit * 1.25) this.entries = this.entries.slice(-this.limit);
  }

  countRead(read: ReadCount): void {
    this.seen++;
    const key = `${read.verb}|${read.resource}|${read.user}|${read.userAgent}`;
    const count = this.counts.get(key);
    if (count) count.times++;
    else this.counts.set(key, { read, times: 1 });
  }

  watchOpened(): void {
    this.openWatches++;
  }

  watchClosed(): void {
    this.openWatches--;
  }

  /** Reads and writes since the hub began, also those that were forgotten. */
  get requests(): number {
    return this.seen;
  }

  /** Watches that are open now. */
  get watching(): number {
    return this.openWatches;
  }

  /** In order. A filter's member is a value, a list of values, or a test. */
  writes(filter: LedgerFilter = {}): LedgerEntry[] {
    return this.entries.filter(matcherOf(filter));
  }

  /** How many reads there were; of a watch, how often one was opened. */
  reads(filter: Partial<ReadCount> = {}): number {
    let total = 0;
    for (const { read, times } of this.counts.values()) {
      if (Object.entries(filter).every(([key, value]) => read[key as keyof ReadCount] === value)) total += times;
    }
    return total;
  }

  clear(): void {
    this.entries = [];
    this.counts = new Map();
  }
}
