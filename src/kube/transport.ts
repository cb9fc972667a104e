import { EventEmitter } from 'node:events';
import { type Dispatcher, Pool } from 'undici';
import type { Clock } from '../common/clock.js';
import { MOST_CALLS } from './adaptive-limit.js';
import type { AddressRule } from './address.rules.js';
import { CallGate, WEIGHT_OF_LIST } from './call-gate.js';
import { ClockSkew } from './clock-skew.js';
import { failureOf, malformed, parseJson, proxiedAnswer, retryAfterMs } from './answer.js';
import { Deadline } from './deadline.js';
import { guardedConnector, type TlsSettings } from './guarded-connector.js';
import type { HubConnection } from './hub-client.types.js';
import { KubeError } from './kube-error.js';
import type { ProxiedAnswer } from './kube.types.js';
import { networkFailure, wasCut } from './transport-error.js';

/** On HTTP/1.1 each watch takes a connection of its own; calls share these. HTTP/2 needs one. */
const MAX_CALL_CONNECTIONS = 12;
/** As many as the gate lets through at once: a call that is sent waits nowhere else. */
const MAX_WRITE_CONNECTIONS = MOST_CALLS;
const MAX_ERROR_BYTES = 64 * 1024;

export const MAX_PAGE_BYTES = 32 * 1024 * 1024;
export const MAX_OBJECT_BYTES = 4 * 1024 * 1024;

export interface TransportOptions extends AddressRule {
  readonly userAgent: string;
  readonly http2: boolean;
  readonly http2PingMs: number;
  readonly clock: Pick<Clock, 'now'>;
  /** Calls at once are limited by what the hub stands */
  readonly limited: boolean;
}

export interface Request {
  /** What is asked, for messages: `get managedclusters c1` */
  readonly what: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query, below the server's own prefix */
  readonly path: string;
  readonly accept?: string;
  readonly body?: unknown;
  readonly contentType?: string;
  /** The hub's error words may quote what was sent: leave them out */
  readonly hideMessage?: boolean;
}

export interface CallRequest extends Request {
  readonly maxBytes: number;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** Of what the hub stands at once; default 1 */
  readonly weight?: number;
}

const tlsOf = ({ auth, caPem, tlsServerName }: HubConnection, http2: boolean): TlsSettings => ({
  ca: caPem,
  servername: tlsServerName,
  ...(auth.type === 'certificate' ? { cert: auth.certPem, key: auth.keyPem.reveal() } : {}),
  http2,
});

/** @throws KubeError HUB_ADDRESS_REFUSED for anything but `https://host[:port][/prefix]` */
function parseServer(server: string): { origin: string; prefix: string } {
  const url = URL.parse(server);
  if (url === null) throw new KubeError('HUB_ADDRESS_REFUSED', 'The hub\u2019s address is no URL');
  if (url.protocol !== 'https:') throw new KubeError('HUB_ADDRESS_REFUSED', 'The hub\u2019s address does not begin with https://');
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new KubeError('HUB_ADDRESS_REFUSED', 'The hub\u2019s address holds more than host, port and path');
  }
  return { origin: url.origin, prefix: url.pathname.replace(/\/+$/, '') };
}

/**
 * The connections to one hub: one pool for calls and one for watches, so that one stuck connection does not silence both. What has a body goes
 * over HTTP/1.1: with HTTP/2, Node (24.21) turns for ever and takes all memory when a body that waits for the hub's window is called off.
 */
export class Transport {
  private readonly origin: string;
  private readonly prefix: string;
  private readonly calls: Pool;
  private readonly writes: Pool;
  private readonly watches: Pool;
  private readonly authorization: string | undefined;
  private readonly retired = new EventEmitter();
  private lost = 0;
  private lostAtMs = -Infinity;
  private cut = 0;
  readonly gate: CallGate;
  readonly clockSkew: ClockSkew;

  constructor(
    private readonly connection: HubConnection,
    private readonly options: TransportOptions,
  ) {
    ({ origin: this.origin, prefix: this.prefix } = parseServer(connection.server));
    this.authorization = connection.auth.type === 'token' ? `Bearer ${connection.auth.token.reveal()}` : undefined;
    this.gate = new CallGate(options.limited);
    this.clockSkew = new ClockSkew(options.clock);
    this.calls = this.pool(MAX_CALL_CONNECTIONS, options.http2);
    this.writes = this.pool(MAX_WRITE_CONNECTIONS, false);
    this.calls.on('disconnect', () => (this.cut += 1));
    let isShared = false;
    this.watches = this.pool(undefined, options.http2, (protocol) => (isShared = protocol === 'h2'));
    this.watches.on('disconnect', () => {
      this.lost += 1;
      this.lostAtMs = performance.now();
      // Also when a connection dies: its watches have failed by then. On HTTP/1.1 each watch has its own, and hears of its end by itself.
      if (isShared) this.retired.emit('watches');
    });
    this.retired.setMaxListeners(0);
  }

  /** How many connections of watches were lost or retired so far. */
  get disruptions(): number {
    return this.lost;
  }

  /** How many connections of calls have ended so far, for whatever reason. */
  get cuts(): number {
    return this.cut;
  }

  /** How long ago the last disruption was, milliseconds. */
  get calmForMs(): number {
    return performance.now() - this.lostAtMs;
  }

  /** Calls back when a connection of watches is to end; returns what takes that back. */
  onWatchesRetired(listener: () => void): () => void {
    this.retired.on('watches', listener);
    return () => void this.retired.off('watches', listener);
  }

  /** @param onConnected is told which protocol a new connection speaks */
  private pool(connections: number | undefined, http2: boolean, onConnected?: (protocol: string | false | null) => void): Pool {
    return new Pool(this.origin, {
      ...(connections === undefined ? {} : { connections }),
      connect: guardedConnector(tlsOf(this.connection, http2), this.options, onConnected),
      allowH2: http2,
      h2Options: { pingInterval: this.options.http2PingMs, maxConcurrentStreams: 100 },
      // Deadlines are ours, for each call.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: 15_000,
    });
  }

  /** One call and its JSON answer, when the hub can take it. */
  async call(request: CallRequest): Promise<unknown> {
    const deadline = new Deadline(request.deadlineMs, request.signal);
    try {
      return await this.gate.run(request.what, request.weight ?? 1, deadline, () => this.callTwice(request, deadline));
    } finally {
      deadline.dispose();
    }
  }

  /** A read that met a dying connection is tried once more. */
  private async callTwice(request: CallRequest, deadline: Deadline): Promise<unknown> {
    try {
      return await this.callOnce(request, deadline);
    } catch (error) {
      if (request.method !== 'GET' || !(error instanceof KubeError) || !wasCut(error) || deadline.signal.aborted) throw error;
      return await this.callOnce(request, deadline);
    }
  }

  private async callOnce(request: CallRequest, deadline: Deadline): Promise<unknown> {
    // After a pause of the process the deadline has passed before its timer has run.
    if (deadline.remainingMs === 0 || deadline.calledOff) throw new KubeError('HUB_TIMEOUT', `${request.what}: not sent in time`);
    const answer = await this.send(request.body === undefined ? this.calls : this.writes, request, deadline);
    const text = await this.readText(request, answer, request.maxBytes, deadline);
    return parseJson(request.what, text);
  }

  /**
   * A GET whose answer may come from behind the hub, so that nothing in it is obeyed: no status is an error, no redirect is followed, and a
   * Retry-After silences nobody. It takes as long as what is behind takes, so it says nothing of how the hub stands.
   * @throws KubeError where there was no answer
   */
  async askThrough(request: CallRequest): Promise<ProxiedAnswer> {
    const deadline = new Deadline(request.deadlineMs, request.signal);
    try {
      return await this.gate.run(request.what, WEIGHT_OF_LIST, deadline, async () => {
        const answer = await this.exchange(this.calls, request, deadline);
        const isJson = /^application\/json(;|$)/i.test(String(answer.headers['content-type'] ?? ''));
        const parsed = isJson && answer.statusCode >= 400 ? await this.readRefusal(request, answer, deadline) : undefined;
        answer.body.destroy();
        return proxiedAnswer(answer.statusCode, parsed, (text) => this.mask(text));
      });
    } finally {
      deadline.dispose();
    }
  }

  /** Opens a stream, which counts as no call; the caller reads the body and must destroy it. @param opening runs until the hub has answered */
  async open(request: Request, opening: Deadline, whole: Deadline): Promise<Dispatcher.ResponseData['body']> {
    await this.gate.pauseOver(request.what, opening);
    try {
      return (await this.send(this.watches, request, whole)).body;
    } catch (error) {
      this.gate.heed(error);
      throw error;
    }
  }

  /** Maps what reading a body threw. */
  bodyFailure(what: string, error: unknown, deadline: Deadline): KubeError {
    return error instanceof KubeError ? error : (deadline.failure(what) ?? networkFailure(what, error));
  }

  private headers(request: Request): Record<string, string> {
    return {
      accept: request.accept ?? 'application/json',
      'user-agent': this.options.userAgent,
      ...(this.authorization === undefined ? {} : { authorization: this.authorization }),
      ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
    };
  }

  private async send(pool: Pool, request: Request, deadline: Deadline): Promise<Dispatcher.ResponseData> {
    const sentAtMs = performance.now();
    const answer = await this.exchange(pool, request, deadline);
    this.clockSkew.heard(oneHeader(answer.headers['date']), performance.now() - sentAtMs);
    try {
      await this.checkAnswer(request, answer, deadline);
    } catch (error) {
      answer.body.destroy();
      throw error;
    }
    return answer;
  }

  private async exchange(pool: Pool, request: Request, deadline: Deadline): Promise<Dispatcher.ResponseData> {
    let answer: Dispatcher.ResponseData;
    try {
      answer = await pool.request({
        origin: this.origin,
        path: this.prefix + request.path,
        method: request.method,
        headers: this.headers(request),
        body: request.body === undefined ? null : JSON.stringify(request.body),
        signal: deadline.signal,
      });
    } catch (error) {
      throw this.bodyFailure(request.what, error, deadline);
    }
    // A body that is destroyed before it was read reports that as an error, which nobody waits for.
    answer.body.on('error', () => undefined);
    return answer;
  }

  private async checkAnswer(request: Request, answer: Dispatcher.ResponseData, deadline: Deadline): Promise<void> {
    const { statusCode, headers } = answer;
    if (statusCode >= 300 && statusCode < 400) throw new KubeError('HUB_REDIRECT_REFUSED', `${request.what}: HTTP ${statusCode}`, { status: statusCode });
    const isJson = /^application\/json(;|$)/i.test(String(headers['content-type'] ?? ''));
    const isPlain = headers['content-encoding'] === undefined || headers['content-encoding'] === 'identity';
    if (statusCode >= 200 && statusCode < 300) {
      if (!isJson || !isPlain) throw malformed(request.what, 'the answer is not application/json');
      return;
    }
    const retryAfter = retryAfterMs(oneHeader(headers['retry-after']), oneHeader(headers['date']));
    const parsed = isJson && isPlain ? await this.readRefusal(request, answer, deadline) : undefined;
    throw failureOf({
      what: request.what, status: statusCode, answer: parsed, retryAfterMs: retryAfter, hideMessage: request.hideMessage === true, mask: (text) => this.mask(text),
    });
  }

  /** The body of a refusal only adds words: whatever is wrong with it, the status stands. */
  private async readRefusal(request: Request, answer: Dispatcher.ResponseData, deadline: Deadline): Promise<unknown> {
    try {
      return parseJson(request.what, await this.readText(request, answer, MAX_ERROR_BYTES, deadline));
    } catch {
      return undefined;
    }
  }

  private async readText(request: Request, answer: Dispatcher.ResponseData, maxBytes: number, deadline: Deadline): Promise<string> {
    const tooLarge = (): KubeError => new KubeError('HUB_ANSWER_TOO_LARGE', `${request.what}: the answer is over ${maxBytes} bytes`, { maxBytes });
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      if (Number(answer.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > maxBytes) throw tooLarge();
        chunks.push(chunk);
      }
    } catch (error) {
      answer.body.destroy();
      throw this.bodyFailure(request.what, error, deadline);
    }
    return Buffer.concat(chunks, bytes).toString('utf8');
  }

  /** A hostile hub may send our credential back in its words. */
  mask(text: string): string {
    const { auth } = this.connection;
    const value = auth.type === 'token' ? auth.token.reveal() : auth.keyPem.reveal();
    return value === '' ? text : text.replaceAll(value, '[secret]').replaceAll(Buffer.from(value).toString('base64').replace(/=+$/, ''), '[secret]');
  }

  /** Cuts every connection; calls and watches that are under way fail. */
  async close(): Promise<void> {
    this.gate.close();
    await Promise.all([this.calls.destroy(), this.writes.destroy(), this.watches.destroy()]);
  }
}

function oneHeader(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
