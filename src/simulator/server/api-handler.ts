import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import type { Faults, FaultSubject, RequestFault } from '../faults/faults.js';
import { injectedError } from '../faults/injected-error.js';
import { ApiStatusError, badRequest, expired, forbidden, methodNotAllowed, noSuchResource, notFound } from '../store/api-status.js';
import type { Collection } from '../store/collection.js';
import type { HubStore } from '../store/hub-store.js';
import { apiVersionOf, type Kind } from '../store/kinds.js';
import type { Registry } from '../store/registry.js';
import type { Representation, StoredObject } from '../store/stored-object.js';
import { negotiate } from './content-negotiation.js';
import { discover } from './discovery.js';
import { HttpExchange } from './http-exchange.js';
import type { Identities, Identity } from './identities.js';
import type { Ledger, LedgerEntry } from './ledger.js';
import { Pager, type Page } from './pager.js';
import { patchTypeOf, readDeleteOptions, readObject, readPatch } from './request-body.js';
import { deleteRequest, listRequest, selectorsOf, tooLarge, watchRequest, writeContext } from './request-options.js';
import { parseTarget, type RequestTarget } from './request-target.js';
import { answerReview } from './reviews.js';
import { EventEncoder, WatchStream } from './watch-stream.js';

export interface ApiHandlerParts {
  readonly store: HubStore;
  readonly registry: Registry;
  readonly identities: Identities;
  readonly ledger: Ledger;
  readonly faults: Faults;
  readonly gitVersion: string;
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

type Verb = 'get' | 'list' | 'watch' | LedgerEntry['verb'];

interface ResourceCall {
  readonly exchange: HttpExchange;
  readonly identity: Identity;
  readonly target: RequestTarget;
  readonly verb: Verb;
  readonly collection: Collection;
  readonly representation: Representation;
  /** A fault makes reads answer as of this revision */
  readonly asOf: number | null;
  /** Filled in by writes, for the ledger */
  outcome: { name: string; changed: boolean; fieldManager: string };
}

const isWrite = (verb: Verb): verb is LedgerEntry['verb'] => verb !== 'get' && verb !== 'list' && verb !== 'watch';

/** Answers requests: who asks, may they, what do they mean, which fault strikes; the rules of writing are the Registry's. */
export class ApiHandler {
  readonly settings: ServerSettings = { bookmarkIntervalMs: 60_000, watchList: true, expiredAs: 'event' };
  private readonly pager = new Pager();
  readonly watches = new Set<WatchStream>();
  private readonly encoders = new Map<Collection, EventEncoder>();

  constructor(private readonly parts: ApiHandlerParts) {
    parts.store.onForgotten(() => this.pager.expireAll());
  }

  async handle(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    const { store, faults } = this.parts;
    const exchange = new HttpExchange(request, response, () => new Date(store.clock.now().getTime() + faults.dateSkewMs));
    try {
      await this.answer(exchange);
    } catch (error) {
      if (error instanceof ApiStatusError) exchange.error(error);
      else exchange.error(new ApiStatusError(500, 'InternalError', `Internal error occurred: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`));
    }
  }

  /** Ends every open watch: orderly, by reset, or with a last word. */
  endWatches(how: (watch: WatchStream) => void): void {
    for (const watch of [...this.watches]) how(watch);
  }

  private async answer(exchange: HttpExchange): Promise<void> {
    const { identities } = this.parts;
    const target = safely(() => parseTarget(exchange.path));
    const identity = identities.authenticate(exchange.header('authorization'), exchange.clientUser());
    const subject = subjectOf(exchange, target, identity);
    const after = await this.struck(exchange, subject);
    if (after === 'answered') return;
    if (!identity) throw new ApiStatusError(401, 'Unauthorized', 'Unauthorized');
    if (target) await this.answerResource(exchange, identity, target, subject, after);
    else this.answerPath(exchange, identity);
  }

  /** Lets the faults of this request act. Returns those that act on the answer. */
  private async struck(exchange: HttpExchange, subject: FaultSubject): Promise<readonly RequestFault[] | 'answered'> {
    const later: RequestFault[] = [];
    for (const fault of this.parts.faults.strike(subject)) {
      switch (fault.type) {
        case 'latency':
          await delay(this.parts.faults.latencyMs(fault), undefined, { ref: false });
          break;
        case 'error':
          throw injectedError(fault.code, fault.retryAfterSeconds);
        case 'hang':
          return 'answered';
        case 'reset':
          exchange.reset();
          return 'answered';
        case 'garbage':
          exchange.send(200, fault.contentType ?? 'application/json', fault.body ?? '{"kind":"SecretList","items":[{"metadata":');
          return 'answered';
        case 'redirect':
          exchange.send(fault.code ?? 307, 'text/plain', '', { location: fault.location });
          return 'answered';
        case 'oversize':
          await sendOversize(exchange, fault.bytes);
          return 'answered';
        default:
          later.push(fault);
      }
    }
    return later;
  }

  private answerPath(exchange: HttpExchange, identity: Identity): void {
    const { path } = exchange;
    const { identities, ledger, store, gitVersion } = this.parts;
    ledger.countRead({ verb: 'discovery', resource: path, user: identity.user, userAgent: exchange.header('user-agent') ?? '' });
    if (!identities.mayGetPath(identity, path)) {
      throw new ApiStatusError(403, 'Forbidden', `forbidden: User "${identity.user}" cannot get path "${path}"`, {});
    }
    if (['/livez', '/readyz', '/healthz'].includes(path)) return exchange.send(200, 'text/plain; charset=utf-8', 'ok');
    const document = discover(path, store.kinds, gitVersion);
    if (!document) return exchange.send(404, 'text/plain; charset=utf-8', '404 page not found\n');
    exchange.json(200, JSON.stringify(document));
  }

  private async answerResource(exchange: HttpExchange, identity: Identity, target: RequestTarget, subject: FaultSubject, faults: readonly RequestFault[]): Promise<void> {
    const { ledger, store } = this.parts;
    const verb = subject.verb as Verb;
    if (!isWrite(verb)) ledger.countRead({ verb, resource: target.plural, user: identity.user, userAgent: exchange.header('user-agent') ?? '' });
    const outcome = { name: target.name ?? '', changed: false, fieldManager: '' };
    let code = 200;
    let text = '';
    let headers: Record<string, string> = {};
    try {
      this.authorize(identity, target, verb);
      const collection = store.collection(target);
      if (!collection || !servesPath(collection.kind, target)) {
        // The core of the API answers in its own words; where nothing is registered, Go's HTTP server does.
        if (collection?.kind.nature === 'builtin' || target.group === '') throw noSuchResource();
        if (collection && target.subresource !== null) throw notFound(collection.kind, target.name ?? '');
        if (isWrite(verb)) this.recordWrite(exchange, identity, target, verb, outcome, 404);
        return exchange.send(404, 'text/plain; charset=utf-8', '404 page not found\n');
      }
      checkMethod(exchange, collection.kind, target);
      const representation = negotiate(exchange.header('accept'));
      const asOf = faults.find((fault) => fault.type === 'stale')?.revision ?? null;
      const call: ResourceCall = { exchange, identity, target, verb, collection, representation, outcome, asOf };
      if (verb === 'watch') return this.watch(call, subject);
      [code, text] = await this.dispatch(call);
    } catch (error) {
      if (!(error instanceof ApiStatusError)) throw error;
      code = error.code;
      text = `${JSON.stringify(error.toStatus())}\n`;
      if (error.details?.retryAfterSeconds !== undefined) headers = { 'retry-after': String(error.details.retryAfterSeconds) };
    }
    const lost = faults.find(({ type }) => type === 'lose-answer' || type === 'swallow-answer' || type === 'truncate');
    if (isWrite(verb)) this.recordWrite(exchange, identity, target, verb, outcome, lost ? 0 : code);
    if (!lost) return exchange.json(code, text, headers);
    if (lost.type === 'lose-answer') exchange.reset();
    if (lost.type === 'truncate') {
      exchange.stream('application/json');
      exchange.response.write(text.slice(0, text.length >> 1), () => exchange.reset());
    }
  }

  private authorize(identity: Identity, { group, plural, namespace, name, subresource }: RequestTarget, verb: Verb): void {
    const access = verb === 'apply' ? 'patch' : verb;
    const ofNamespace = group === '' && plural === 'namespaces' ? (name ?? undefined) : (namespace ?? undefined);
    const question = { verb: access, group, resource: plural, namespace: ofNamespace, name: name ?? undefined, subresource: subresource ?? undefined };
    if (this.parts.identities.mayAccess(identity, question)) return;
    const resource = subresource ? `${plural}/${subresource}` : plural;
    const where = ofNamespace ? `in the namespace "${ofNamespace}"` : 'at the cluster scope';
    throw forbidden({ group, plural, kind: plural }, name ?? '', `User "${identity.user}" cannot ${access} resource "${resource}" in API group "${group}" ${where}`);
  }

  private async dispatch(call: ResourceCall): Promise<[code: number, body: string]> {
    const { collection: { kind }, verb, target } = call;
    if (kind.review) return [201, JSON.stringify(answerReview(kind, await readObject(call.exchange, kind), call.identity, this.parts.identities))];
    if (verb === 'list') return [200, this.list(call)];
    if (verb === 'get') return [200, this.get(call).json(call.representation)];
    if (verb === 'delete') return [200, await this.delete(call)];
    if (verb === 'deletecollection') return [200, await this.deleteCollection(call)];
    if (verb === 'watch') throw methodNotAllowed();
    return this.write(call, verb);
  }

  private async write(call: ResourceCall, verb: LedgerEntry['verb']): Promise<[code: number, body: string]> {
    const { registry } = this.parts;
    const { collection, exchange, target, outcome } = call;
    const namespace = target.namespace ?? '';
    const name = target.name ?? '';
    const context = writeContext(exchange, call.identity, verb, target);
    outcome.fieldManager = context.fieldManager;
    const before = name ? collection.get(namespace, name) : undefined;
    let stored: StoredObject;
    if (verb === 'create') stored = registry.create(collection, namespace, await readObject(exchange, collection.kind), context);
    else if (verb === 'update') stored = registry.replace(collection, namespace, name, await readObject(exchange, collection.kind), context);
    else {
      const type = patchTypeOf(exchange, collection.kind);
      const patch = await readPatch(exchange);
      stored = type === 'apply'
        ? registry.apply(collection, namespace, name, patch, { ...context, force: exchange.flag('force') })
        : registry.patch(collection, namespace, name, type, patch, context);
    }
    outcome.name = stored.name;
    outcome.changed = stored !== before && !context.dryRun;
    const created = verb === 'create' || (verb === 'apply' && !before);
    return [created ? 201 : 200, context.dryRun && created ? withoutRevision(stored, call.representation) : stored.json(call.representation)];
  }

  private async delete(call: ResourceCall): Promise<string> {
    const { registry } = this.parts;
    const { collection, exchange, target, outcome } = call;
    const request = deleteRequest(exchange, await readDeleteOptions(exchange));
    const before = collection.get(target.namespace ?? '', target.name ?? '');
    const context = writeContext(exchange, call.identity, 'delete', target);
    const { object, gone } = registry.delete(collection, target.namespace ?? '', target.name ?? '', request, context);
    outcome.changed = !context.dryRun && (gone || object !== before);
    const { kind } = collection;
    if (!gone || kind.plural === 'namespaces') return object.json(call.representation);
    return JSON.stringify({
      kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: { name: object.name, ...(kind.group ? { group: kind.group } : {}), kind: kind.plural, uid: object.uid },
    });
  }

  private async deleteCollection(call: ResourceCall): Promise<string> {
    const { registry } = this.parts;
    const { collection, exchange, target, outcome } = call;
    const request = deleteRequest(exchange, await readDeleteOptions(exchange));
    const context = writeContext(exchange, call.identity, 'deletecollection', target);
    const objects = collection.select(selectorsOf(exchange, collection, target));
    for (const { namespace, name } of objects) if (collection.get(namespace, name)) registry.delete(collection, namespace, name, request, context);
    outcome.changed = objects.length > 0 && !context.dryRun;
    return this.listBody(call, objects, this.parts.store.revision, null, null);
  }

  private get({ collection, target, asOf }: ResourceCall): StoredObject {
    const [namespace, name] = [target.namespace ?? '', target.name ?? ''];
    if (asOf === null) return this.parts.registry.get(collection, namespace, name);
    const [found] = collection.selectAt(Math.max(asOf, collection.history.oldest), { namespace }).filter((object) => object.name === name);
    if (!found) throw notFound(collection.kind, name);
    return found;
  }

  private list(call: ResourceCall): string {
    const { exchange, collection, target } = call;
    const { revision } = this.parts.store;
    const { limit, revision: wanted, exact, continueToken } = listRequest(exchange);
    const selectors = selectorsOf(exchange, collection, target);
    if (wanted > revision) throw tooLarge(wanted, revision);
    if (call.asOf !== null && !continueToken) {
      const past = Math.min(revision, Math.max(call.asOf, collection.history.oldest));
      return this.listed(call, this.pager.open(collection, collection.selectAt(past, selectors), selectors, limit, past));
    }
    if (exact && !collection.history.knows(wanted)) throw expired('The resourceVersion for the provided list is too old.');
    if (exact && !continueToken) return this.listed(call, this.pager.open(collection, collection.selectAt(wanted, selectors), selectors, limit, wanted));
    const page = continueToken
      ? this.pager.next(continueToken, collection, selectors, limit, revision)
      : this.pager.open(collection, collection.select(selectors), selectors, limit, revision);
    return this.listed(call, page);
  }

  private listed(call: ResourceCall, { items, revision, continueToken, remaining }: Page): string {
    return this.listBody(call, items, revision, continueToken, remaining);
  }

  private listBody({ collection: { kind }, representation }: ResourceCall, items: readonly StoredObject[], revision: number, token: string | null, remaining: number | null): string {
    const [listKind, apiVersion] = representation === 'metadata' ? ['PartialObjectMetadataList', 'meta.k8s.io/v1'] : [`${kind.kind}List`, apiVersionOf(kind)];
    // Lists of custom kinds carry an empty continue on their last page.
    const next = token ?? (kind.nature === 'custom' && representation === 'full' ? '' : null);
    const metadata = { ...(next === null ? {} : { continue: next }), ...(remaining === null ? {} : { remainingItemCount: remaining }), resourceVersion: String(revision) };
    return `{"kind":"${listKind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[${items.map((item) => item.listItem(representation)).join(',')}]}\n`;
  }

  private watch(call: ResourceCall, subject: FaultSubject): void {
    const { exchange, collection, target } = call;
    const { store, ledger } = this.parts;
    const selectors = selectorsOf(exchange, collection, target);
    const request = watchRequest(exchange, this.settings.watchList);
    const since = request.since ?? store.revision;
    // A version from the future (the hub's etcd was restored) is no error: the watch is silent until it is reached.
    if (this.settings.expiredAs === 'status') collection.history.after(since);
    const timeoutSeconds = request.timeoutSeconds ?? 1800 + store.random.next() * 1800;
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

  private encoderOf(collection: Collection): EventEncoder {
    let encoder = this.encoders.get(collection);
    if (!encoder) this.encoders.set(collection, (encoder = new EventEncoder()));
    return encoder;
  }

  private recordWrite(exchange: HttpExchange, identity: Identity, target: RequestTarget, verb: LedgerEntry['verb'], outcome: ResourceCall['outcome'], code: number): void {
    this.parts.ledger.record({
      at: this.parts.store.clock.now(),
      user: identity.user,
      userAgent: exchange.header('user-agent') ?? '',
      fieldManager: outcome.fieldManager,
      verb,
      group: target.group,
      resource: target.plural,
      subresource: target.subresource,
      namespace: target.namespace ?? '',
      name: outcome.name,
      code,
      dryRun: exchange.query.has('dryRun'),
      changed: outcome.changed,
    });
  }
}

function safely<T>(read: () => T | null): T | null {
  try {
    return read();
  } catch {
    return null; // a path with broken percent-encoding names nothing
  }
}

function verbOf(exchange: HttpExchange, target: RequestTarget): Verb | null {
  switch (exchange.method) {
    case 'GET':
      if (target.name !== null) return 'get';
      return exchange.flag('watch') ? 'watch' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return exchange.header('content-type')?.startsWith('application/apply-patch') ? 'apply' : 'patch';
    case 'DELETE':
      return target.name === null ? 'deletecollection' : 'delete';
    default:
      return null;
  }
}

function subjectOf(exchange: HttpExchange, target: RequestTarget | null, identity: Identity | null): FaultSubject {
  const user = identity?.user ?? 'system:anonymous';
  if (!target) {
    const health = ['/livez', '/readyz', '/healthz'].includes(exchange.path);
    return { verb: health ? 'health' : 'discovery', group: '', resource: '', namespace: '', name: '', user, continued: false };
  }
  const verb = verbOf(exchange, target);
  if (verb === null) throw methodNotAllowed();
  return { verb, group: target.group, resource: target.plural, namespace: target.namespace ?? '', name: target.name ?? '', user, continued: exchange.query.has('continue') };
}

/** A name is needed where an object is meant; subresources are `status` alone, where the kind has it. */
function servesPath(kind: Kind, { subresource, namespace }: RequestTarget): boolean {
  if (namespace !== null && !kind.namespaced) return false;
  return subresource === null || (subresource === 'status' && kind.statusSubresource);
}

/** @throws ApiStatusError 400, 405 */
function checkMethod({ method }: HttpExchange, kind: Kind, { name, namespace }: RequestTarget): void {
  if (kind.review) {
    if (method !== 'POST') throw methodNotAllowed();
    return;
  }
  if (name === null && method === 'PATCH' && kind.nature === 'custom') throw badRequest('name must be provided');
  if (name === null ? method === 'PUT' || method === 'PATCH' : method === 'POST') throw methodNotAllowed();
  if (kind.namespaced && namespace === null && method !== 'GET') throw methodNotAllowed();
}

/** What would have been made has no version. */
function withoutRevision(stored: StoredObject, representation: Representation): string {
  const object = JSON.parse(stored.json(representation)) as { metadata: { resourceVersion?: string } };
  delete object.metadata.resourceVersion;
  return JSON.stringify(object);
}

/** Sends JSON that begins well and does not stop before `bytes`. */
async function sendOversize(exchange: HttpExchange, bytes: number): Promise<void> {
  exchange.stream('application/json');
  const { response } = exchange;
  response.write('{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"');
  const chunk = Buffer.alloc(64 * 1024, 'x');
  for (let sent = 0; sent < bytes && !response.destroyed; sent += chunk.length) {
    if (!response.write(chunk)) await new Promise<void>((resolve) => void response.once('drain', resolve).once('close', resolve));
  }
  response.end('"}}]}');
}

