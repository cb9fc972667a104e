import type { Faults, FaultSubject } from '../faults/faults.js';
import { ApiStatusError, expired, notFound } from '../store/api-status.js';
import type { Collection } from '../store/collection.js';
import type { HubStore } from '../store/hub-store.js';
import { SeededRandom } from '../store/random.js';
import type { Registry } from '../store/registry.js';
import type { StoredObject } from '../store/stored-object.js';
import type { Ledger } from './ledger.js';
import { listBody } from './list-body.js';
import { Pager } from './pager.js';
import { listRequest, selectorsOf, tooLarge, watchRequest } from './request-options.js';
import type { ResourceCall } from './resource-call.js';
import { EventEncoder, WatchStream } from './watch-stream.js';

export interface ReadParts {
  readonly store: HubStore;
  readonly registry: Registry;
  readonly ledger: Ledger;
  readonly faults: Faults;
}

/** Behaviour that differs between API servers, each a switch at run time. */
export interface ServerSettings {
  /** How often a watch that asked for bookmarks gets one, in milliseconds; kube-apiserver: about a minute */
  bookmarkIntervalMs: number;
  /** Off: `sendInitialEvents` is refused with 422, as by servers without the WatchList feature */
  watchList: boolean;
  /** How a watch learns that its resourceVersion is too old: an ERROR event (watch cache) or HTTP 410 */
  expiredAs: 'event' | 'status';
}

/** Gets, lists and watches. */
export class ResourceReads {
  readonly settings: ServerSettings = { bookmarkIntervalMs: 60_000, watchList: true, expiredAs: 'event' };
  private readonly pager = new Pager();
  private readonly watches = new Set<WatchStream>();
  /** Not the store's: how long watches last must not change uids. */
  private readonly random = new SeededRandom(1);
  private readonly encoders = new Map<Collection, EventEncoder>();

  constructor(private readonly parts: ReadParts) {
    parts.store.onForgotten(() => this.pager.expireAll());
  }

  /** @throws ApiStatusError 404 */
  get({ collection, target, asOf }: ResourceCall): StoredObject {
    const [namespace, name] = [target.namespace ?? '', target.name ?? ''];
    if (asOf === null) return this.parts.registry.get(collection, namespace, name);
    const [found] = collection.selectAt(Math.max(asOf, collection.history.oldest), { namespace }).filter((object) => object.name === name);
    if (!found) throw notFound(collection.kind, name);
    return found;
  }

  list(call: ResourceCall): string {
    const { exchange, collection, target } = call;
    const { revision } = this.parts.store;
    const { limit, revision: wanted, exact, continueToken } = listRequest(exchange);
    const selectors = selectorsOf(exchange, collection, target);
    if (wanted > revision) throw tooLarge(wanted, revision);
    if (continueToken) return listBody(call, this.pager.next(continueToken, collection, selectors, limit, revision));
    if (exact && !collection.history.knows(wanted)) throw expired('The resourceVersion for the provided list is too old.');
    const stale = call.asOf === null ? null : Math.min(revision, Math.max(call.asOf, collection.history.oldest));
    const then = stale ?? (exact ? wanted : null);
    const objects = then === null ? collection.select(selectors) : collection.selectAt(then, selectors);
    return listBody(call, this.pager.open(collection, objects, selectors, limit, then ?? revision));
  }

  watch(call: ResourceCall, subject: FaultSubject): void {
    const { exchange, collection, target } = call;
    const { store, ledger } = this.parts;
    const selectors = selectorsOf(exchange, collection, target);
    const request = watchRequest(exchange, this.settings.watchList);
    const since = request.since ?? store.revision;
    // A version from the future (the hub's etcd was restored) is no error: the watch is silent until it is reached.
    if (this.settings.expiredAs === 'status') collection.history.after(since);
    const timeoutSeconds = request.timeoutSeconds ?? 1800 + this.random.next() * 1800;
    exchange.stream('application/json');
    const { response } = exchange;
    let closed: (() => void) | null = null;
    const stream: WatchStream = new WatchStream({
      collection,
      selectors,
      representation: call.representation,
      encoder: this.encoderOf(collection),
      bookmarkIntervalMs: request.bookmarks ? this.settings.bookmarkIntervalMs : null,
      timeoutMs: timeoutSeconds * 1000,
      revision: () => store.revision,
      onClose: () => {
        this.watches.delete(stream);
        ledger.watchClosed();
        closed?.();
      },
      sink: {
        write: (chunk) => void response.write(chunk),
        end: () => void response.end(),
        reset: () => exchange.reset(),
        get backlog() {
          return response.writableLength;
        },
      },
    });
    this.watches.add(stream);
    ledger.watchOpened();
    response.on('close', () => stream.close());
    closed = this.parts.faults.watchOpened(subject, stream);
    try {
      stream.start(request.initial ? collection.select(selectors) : [], request.initial ? store.revision : since, request.initial === 'marked');
    } catch (error) {
      if (!(error instanceof ApiStatusError)) throw error;
      stream.fail(error);
    }
  }

  /** Acts on every open watch. */
  eachWatch(act: (watch: WatchStream) => void): void {
    for (const watch of [...this.watches]) act(watch);
  }

  private encoderOf(collection: Collection): EventEncoder {
    let encoder = this.encoders.get(collection);
    if (!encoder) this.encoders.set(collection, (encoder = new EventEncoder()));
    return encoder;
  }
}
