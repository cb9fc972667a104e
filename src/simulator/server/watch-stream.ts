import type { WatchConditions, WatchControl } from '../faults/faults.js';
import { expired, type ApiStatusError } from '../store/api-status.js';
import { selects, type Collection, type Selectors } from '../store/collection.js';
import type { StoreEvent } from '../store/history.js';
import { apiVersionOf, type Kind } from '../store/kinds.js';
import type { Representation, StoredObject } from '../store/stored-object.js';

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** Turns events into lines: each once per type and representation, however many watches there are. */
export class EventEncoder {
  private event: StoreEvent | null = null;
  private readonly lines = new Map<string, Buffer>();

  line(event: StoreEvent, type: WatchEventType, representation: Representation): Buffer {
    if (event !== this.event) {
      this.event = event;
      this.lines.clear();
    }
    const key = `${type}|${representation}`;
    let line = this.lines.get(key);
    if (!line) this.lines.set(key, (line = encode(event, type, representation)));
    return line;
  }
}

function encode(event: StoreEvent, type: WatchEventType, representation: Representation): Buffer {
  // Who leaves a selection, or the store, is shown as it was last seen, at the revision of the event.
  const object = type === 'DELETED' && event.previous ? event.previous : event.object;
  return Buffer.from(`{"type":"${type}","object":${object.jsonAt(event.revision, representation)}}\n`);
}

/** How an event looks to a watch with selectors; null: not at all. */
function visibleType(event: StoreEvent, selectors: Selectors): WatchEventType | null {
  const before = event.previous !== null && selects(selectors, event.previous);
  const after = event.type !== 'DELETED' && selects(selectors, event.object);
  if (before && after) return 'MODIFIED';
  if (after) return 'ADDED';
  return before ? 'DELETED' : null;
}

/** Where a watch writes to: one HTTP answer. */
interface WatchSink {
  write(chunk: Buffer): void;
  end(): void;
  /** Cuts the stream without an orderly end. */
  reset(): void;
  /** Bytes written that the client has not taken yet */
  readonly backlog: number;
}

export interface WatchStreamOptions {
  readonly collection: Collection;
  readonly selectors: Selectors;
  readonly representation: Representation;
  readonly sink: WatchSink;
  readonly encoder: EventEncoder;
  /** null: no bookmarks */
  readonly bookmarkIntervalMs: number | null;
  readonly timeoutMs: number;
  /** The store's counter, for bookmarks */
  readonly revision: () => number;
  readonly onClose: () => void;
}

/** A client that takes nothing for so long is cut off, as kube-apiserver does with slow watchers. */
const MAX_BACKLOG_BYTES = 256 * 1024 * 1024;

/** One more bookmark comes so long before a watch ends by its timeout, as the watch cache does it. */
const LAST_BOOKMARK_MS = 2000;

/** One open watch. */
export class WatchStream implements WatchControl {
  private pending: Buffer[] = [];
  private scheduled: NodeJS.Immediate | null = null;
  private closed = false;
  private conditions: WatchConditions = { silent: false, bookmarks: true, repeats: false, delayMs: 0, breaksAfter: null };
  private eventsLeft = Infinity;
  private readonly late: { readonly dueAt: number; readonly say: () => void }[] = [];
  private unsubscribe: (() => void) | null = null;
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(private readonly options: WatchStreamOptions) {
    const { bookmarkIntervalMs, timeoutMs } = options;
    if (bookmarkIntervalMs !== null) this.scheduleBookmarks(bookmarkIntervalMs, timeoutMs);
    this.timers.add(setTimeout(() => this.end(), timeoutMs).unref());
  }

  get kind(): Kind {
    return this.options.collection.kind;
  }

  /**
   * @param initial objects shown as ADDED at first
   * @param since events after this revision follow
   * @throws ApiStatusError 410 where history does not reach back so far
   */
  start(initial: readonly StoredObject[], since: number, markEndOfInitial: boolean): void {
    const { collection, representation, selectors } = this.options;
    for (const object of initial) this.push(Buffer.from(`{"type":"ADDED","object":${object.json(representation)}}\n`));
    if (markEndOfInitial) this.bookmark({ 'k8s.io/initial-events-end': 'true' });
    for (const event of collection.history.after(since)) this.show(event);
    this.unsubscribe = collection.subscribe(selectors.namespace ?? null, (event) => {
      if (event.revision > since) this.show(event);
    });
  }

  bookmark(annotations?: Readonly<Record<string, string>>): void {
    if (!this.conditions.bookmarks && !annotations) return;
    const { collection: { kind }, representation, revision } = this.options;
    const [apiVersion, name] = representation === 'metadata' ? ['meta.k8s.io/v1', 'PartialObjectMetadata'] : [apiVersionOf(kind), kind.kind];
    const metadata = { resourceVersion: String(revision()), ...(annotations ? { annotations } : {}) };
    const line = Buffer.from(`${JSON.stringify({ type: 'BOOKMARK', object: { kind: name, apiVersion, metadata } })}\n`);
    // A bookmark promises that everything up to it was sent.
    this.inTime(() => this.push(line));
  }

  setConditions(conditions: WatchConditions): void {
    const spokeAgain = this.conditions.silent && !conditions.silent;
    this.conditions = conditions;
    this.eventsLeft = conditions.breaksAfter?.events ?? Infinity;
    if (conditions.silent) this.pending = [];
    // What was not sent is lost, so the stream cannot go on as if nothing had been.
    if (spokeAgain) this.reset();
    else if (this.eventsLeft <= 0) this.break();
  }

  fail(error: ApiStatusError): void {
    this.push(Buffer.from(`${JSON.stringify({ type: 'ERROR', object: error.toStatus() })}\n`));
    this.end();
  }

  inject(text: string): void {
    this.push(Buffer.from(text));
  }

  /** Nothing more is sent, and the stream is left hanging: the hub is cut off. */
  freeze(): void {
    this.setConditions({ ...this.conditions, silent: true });
  }

  end(): void {
    if (this.closed) return;
    this.flush();
    this.close();
    if (!this.conditions.silent) this.options.sink.end();
  }

  reset(): void {
    if (this.closed) return;
    this.close();
    this.options.sink.reset();
  }

  /** The client has gone, or nothing more is to be said. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.unsubscribe?.();
    for (const timer of this.timers) clearTimeout(timer);
    if (this.scheduled) clearImmediate(this.scheduled);
    this.options.onClose();
  }

  private scheduleBookmarks(intervalMs: number, timeoutMs: number): void {
    this.timers.add(setInterval(() => this.bookmark(), intervalMs).unref());
    if (timeoutMs > LAST_BOOKMARK_MS) this.timers.add(setTimeout(() => this.bookmark(), timeoutMs - LAST_BOOKMARK_MS).unref());
  }

  private show(event: StoreEvent): void {
    const type = visibleType(event, this.options.selectors);
    if (!type || this.closed) return;
    const line = this.options.encoder.line(event, type, this.options.representation);
    this.inTime(() => {
      this.push(line);
      if (this.conditions.repeats) this.push(line);
      if (--this.eventsLeft <= 0) this.break();
    });
  }

  /** At once, or late by the delay; never before what was to be said earlier. */
  private inTime(say: () => void): void {
    if (this.late.length === 0 && this.conditions.delayMs <= 0) return say();
    this.late.push({ dueAt: performance.now() + this.conditions.delayMs, say });
    if (this.late.length === 1) this.waitForLate();
  }

  private waitForLate(): void {
    const [next] = this.late;
    if (!next) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.late.shift();
      next.say();
      if (!this.closed) this.waitForLate();
    }, Math.max(0, next.dueAt - performance.now()));
    this.timers.add(timer.unref());
  }

  private break(): void {
    const how = this.conditions.breaksAfter?.how;
    if (how === 'expire') this.fail(expired('too old resource version: the watch was cut off by a fault'));
    else if (how === 'reset') {
      this.flush();
      this.reset();
    } else this.end();
  }

  private push(line: Buffer): void {
    if (this.closed || this.conditions.silent) return;
    this.pending.push(line);
    this.scheduled ??= setImmediate(() => this.flush());
  }

  private flush(): void {
    if (this.scheduled) clearImmediate(this.scheduled);
    this.scheduled = null;
    if (this.closed || this.conditions.silent || this.pending.length === 0) return;
    const [only] = this.pending;
    const chunk = this.pending.length === 1 && only ? only : Buffer.concat(this.pending);
    this.pending = [];
    this.options.sink.write(chunk);
    if (this.options.sink.backlog > MAX_BACKLOG_BYTES) this.reset();
  }
}
