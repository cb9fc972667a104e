import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Faults, FaultSubject, RequestFault } from '../faults/faults.js';
import { injectedError } from '../faults/injected-error.js';
import { ApiStatusError, badRequest, forbidden, methodNotAllowed, noSuchResource, notFound, tooManyRequests } from '../store/api-status.js';
import type { HubStore } from '../store/hub-store.js';
import type { Kind } from '../store/kinds.js';
import type { Registry } from '../store/registry.js';
import { negotiate } from './content-negotiation.js';
import { discover } from './discovery.js';
import { HttpExchange } from './http-exchange.js';
import type { Identities, Identity } from './identities.js';
import type { Ledger } from './ledger.js';
import { parseTarget, type RequestTarget } from './request-target.js';
import { isWrite, type Answer, type ResourceCall, type Verb, type WriteOutcome, type WriteVerb } from './resource-call.js';
import { ResourceReads } from './resource-reads.js';
import { ResourceWrites } from './resource-writes.js';
import { answerThroughPod, isPodProxy, refuseUnless, type NetworkRule } from './pod-proxy.js';

export interface ApiHandlerParts {
  readonly store: HubStore;
  readonly registry: Registry;
  readonly identities: Identities;
  readonly ledger: Ledger;
  readonly faults: Faults;
  readonly gitVersion: string;
  readonly isCutOff: () => boolean;
  /** Whom the hub's control plane reaches */
  readonly network: NetworkRule;
}

/** Answers requests: who asks, may they, what do they mean, which fault strikes; the rules of writing are the Registry's. */
export class ApiHandler {
  readonly reads: ResourceReads;
  private readonly writes: ResourceWrites;
  private inFlight = 0;

  constructor(private readonly parts: ApiHandlerParts) {
    this.reads = new ResourceReads(parts);
    this.writes = new ResourceWrites(parts);
  }

  async handle(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    const { store, faults } = this.parts;
    const exchange = new HttpExchange(request, response, () => new Date(store.clock.now().getTime() + faults.dateSkewMs), this.parts.isCutOff);
    try {
      await this.answer(exchange);
    } catch (error) {
      if (error instanceof ApiStatusError) exchange.error(error);
      else exchange.error(new ApiStatusError(500, 'InternalError', `Internal error occurred: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`));
    }
  }

  private async answer(exchange: HttpExchange): Promise<void> {
    const { identities } = this.parts;
    const target = safely(() => parseTarget(exchange.path));
    const identity = identities.authenticate(exchange.header('authorization'), exchange.clientUser());
    const subject = subjectOf(exchange, target, identity);
    if (subject.verb === 'watch') return this.answerAs(exchange, target, identity, subject);
    if (this.inFlight >= this.parts.faults.maxInFlight) throw tooManyRequests(1);
    this.inFlight++;
    try {
      await this.answerAs(exchange, target, identity, subject);
    } finally {
      this.inFlight--;
    }
  }

  private async answerAs(exchange: HttpExchange, target: RequestTarget | null, identity: Identity | null, subject: FaultSubject): Promise<void> {
    const after = await this.struck(exchange, subject);
    if (after === 'answered') return;
    if (!identity) throw new ApiStatusError(401, 'Unauthorized', 'Unauthorized');
    if (target && isPodProxy(target)) await this.answerProxy(exchange, identity, target);
    else if (target) await this.answerResource(exchange, identity, target, subject, after);
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

  private async answerProxy(exchange: HttpExchange, identity: Identity, target: RequestTarget): Promise<void> {
    const { identities, ledger, store, network } = this.parts;
    ledger.countRead({ verb: 'get', resource: 'pods/proxy', user: identity.user, userAgent: exchange.header('user-agent') ?? '' });
    const question = { verb: 'get', group: '', resource: 'pods', subresource: 'proxy', namespace: target.namespace ?? '', name: target.name ?? '' };
    refuseUnless(identities.mayAccess(identity, question), identity.user, target);
    await answerThroughPod(exchange, target, store, network);
  }

  private async answerResource(exchange: HttpExchange, identity: Identity, target: RequestTarget, subject: FaultSubject, faults: readonly RequestFault[]): Promise<void> {
    const { ledger, store } = this.parts;
    const verb = subject.verb as Verb;
    if (!isWrite(verb)) ledger.countRead({ verb, resource: target.plural, user: identity.user, userAgent: exchange.header('user-agent') ?? '' });
    const outcome: WriteOutcome = { name: target.name ?? '', changed: false, fieldManager: '' };
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
      const call: ResourceCall = { exchange, identity, target, collection, representation, outcome, asOf };
      if (verb === 'watch') return this.reads.watch(call, subject);
      [code, text] = await this.dispatch(call, verb);
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

  private async dispatch(call: ResourceCall, verb: Exclude<Verb, 'watch'>): Promise<Answer> {
    if (isWrite(verb)) return this.writes.answer(call, verb);
    return [200, verb === 'list' ? this.reads.list(call) : this.reads.get(call).json(call.representation)];
  }

  private recordWrite(exchange: HttpExchange, identity: Identity, target: RequestTarget, verb: WriteVerb, outcome: WriteOutcome, code: number): void {
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

/** Sends JSON that begins well and does not stop before `bytes`. */
async function sendOversize(exchange: HttpExchange, bytes: number): Promise<void> {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  function* body(): Generator<Buffer> {
    yield Buffer.from('{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"');
    for (let sent = 0; sent < bytes; sent += chunk.length) yield chunk;
    yield Buffer.from('"}}]}');
  }
  exchange.stream('application/json');
  // A client that has had enough hangs up: that is what the fault is for.
  await pipeline(body, exchange.response).catch(() => undefined);
}
