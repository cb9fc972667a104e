import { ApiStatusError } from '../store/api-status.js';
import { selects, type Collection, type Selectors } from '../store/collection.js';
import type { StoreEvent } from '../store/history.js';
import { apiVersionOf } from '../store/kinds.js';
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
export function visibleType(event: StoreEvent, selectors: Selectors): WatchEventType | null {
  const before = event.previous !== null && selects(selectors, event.previous);
  const after = event.type !== 'DELETED' && selects(selectors, event.object);
  if (before && after) return 'MODIFIED';
  if (after) return 'ADDED';
  return before ? 'DELETED' : null;
}

/** Where a watch writes to: one HTTP answer. */
export interface WatchSink {
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

/** One open watch. */
export class WatchStream {
  private pending: Buffer[] = [];
  private scheduled: NodeJS.Immediate | null = null;
  private closed = false;
  private silent = false;
  private sendBookmarks = true;
  private repeating = false;
  private lastLine: Buffer | null = null;
  private unsubscribe: (() => void) | null = null;
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(private readonly options: WatchStreamOptions) {
    const { bookmarkIntervalMs, timeoutMs } = options;
    if (bookmarkIntervalMs !== null) this.timers.push(setInterval(() => this.bookmark(), bookmarkIntervalMs).unref());
    this.timers.push(setTimeout(() => this.end(), timeoutMs).unref());
  }

  get resource(): { readonly group: string; readonly plural: string } {
    return this.options.collection.kind;
  }

  /** @param initial objects shown as ADDED at first; `since`: events after this revision follow */
  start(initial: readonly StoredObject[], since: number, markEndOfInitial: boolean): void {
    const { collection, representation, selectors } = this.options;
    for (const object of initial) this.push(Buffer.from(`{"type":"ADDED","object":${object.json(representation)}}\n`));
    if (markEndOfInitial) this.bookmark({ 'k8s.io/initial-events-end': 'true' });
    const missed = collection.history.after(since);
    for (const event of missed) this.show(event);
    this.unsubscribe = collection.subscribe(selectors.namespace ?? null, (event) => this.show(event));
  }

  bookmark(annotations?: Readonly<Record<string, string>>): void {
    if (!this.sendBookmarks && !annotations) return;
    const { collection: { kind }, representation, revision } = this.options;
    const [apiVersion, name] = representation === 'metadata' ? ['meta.k8s.io/v1', 'PartialObjectMetadata'] : [apiVersionOf(kind), kind.kind];
    const metadata = { resourceVersion: String(revision()), ...(annotations ? { annotations } : {}) };
    this.push(Buffer.from(`${JSON.stringify({ type: 'BOOKMARK', object: { kind: name, apiVersion, metadata } })}\n`));
  }

  /** An ERROR event, then the end. */
  fail(error: ApiStatusError): void {
    this.push(Buffer.from(`${JSON.stringify({ type: 'ERROR', object: error.toStatus() })}\n`));
    this.end();
  }

  /** Any bytes, as they are. */
  raw(text: string): void {
    this.push(Buffer.from(text));
  }

  end(): void {
    if (this.closed) return;
    if (!this.silent) this.flush();
    this.close();
    if (!this.silent) this.options.sink.end();
  }

  reset(): void {
    if (this.closed) return;
    this.close();
    this.options.sink.reset();
  }

  /** Half-open from now on: the connection stays, nothing is ever sent again. */
  silence(): void {
    this.silent = true;
    this.pending = [];
  }

  setBookmarks(on: boolean): void {
    this.sendBookmarks = on;
  }

  /** Every event is sent twice. */
  setRepeating(on: boolean): void {
    this.repeating = on;
  }

  repeatLast(): void {
    if (this.lastLine) this.push(this.lastLine);
  }

  /** The client has gone. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.unsubscribe?.();
    for (const timer of this.timers) clearTimeout(timer);
    if (this.scheduled) clearImmediate(this.scheduled);
    this.options.onClose();
  }

  private show(event: StoreEvent): void {
    const type = visibleType(event, this.options.selectors);
    if (!type) return;
    const line = this.options.encoder.line(event, type, this.options.representation);
    this.lastLine = line;
    this.push(line);
    if (this.repeating) this.push(line);
  }

  private push(line: Buffer): void {
    if (this.closed || this.silent) return;
    this.pending.push(line);
    this.scheduled ??= setImmediate(() => this.flush());
  }

  private flush(): void {
    this.scheduled = null;
    if (this.closed || this.silent || this.pending.length === 0) return;
    const [only] = this.pending;
    const chunk = this.pending.length === 1 && only ? only : Buffer.concat(this.pending);
    this.pending = [];
    this.options.sink.write(chunk);
    if (this.options.sink.backlog > MAX_BACKLOG_BYTES) this.reset();
  }
}
