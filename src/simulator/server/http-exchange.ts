import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { ApiStatusError } from '../store/api-status.js';

/** kube-apiserver's limit for the body of a write, in bytes */
const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** One request and its answer, over HTTP/1.1 or HTTP/2 alike. */
export class HttpExchange {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  private answered = false;

  constructor(
    readonly request: Http2ServerRequest,
    readonly response: Http2ServerResponse,
    private readonly date: () => Date,
    /** True while the hub is cut off: then nothing is answered */
    private readonly isCutOff: () => boolean,
  ) {
    const target = request.url ?? '/';
    const mark = target.indexOf('?');
    this.method = request.method ?? 'GET';
    this.path = mark < 0 ? target : target.slice(0, mark);
    this.query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
    // A client that goes away in the middle is not an error of ours.
    response.on('error', () => undefined);
    request.on('error', () => undefined);
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** The common name of a client certificate that this hub's CA has signed; null without one. */
  clientUser(): string | null {
    const socket = this.request.socket as Partial<TLSSocket>;
    if (!socket.authorized) return null;
    const name: unknown = socket.getPeerCertificate?.().subject?.CN;
    return typeof name === 'string' ? name : null;
  }

  /** The first value of a query parameter; null where it is missing or empty. */
  parameter(name: string): string | null {
    return this.query.get(name) || null;
  }

  flag(name: string): boolean {
    const value = this.query.get(name);
    return value !== null && value !== 'false' && value !== '0';
  }

  /** @throws ApiStatusError 413 */
  async body(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of this.request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) throw new ApiStatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${MAX_BODY_BYTES}`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  json(code: number, text: string, headers: Readonly<Record<string, string>> = {}): void {
    this.send(code, 'application/json', text, headers);
  }

  send(code: number, contentType: string, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): void {
    if (this.answered || this.response.destroyed || this.isCutOff()) return;
    this.answered = true;
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    this.head(code, { 'content-type': contentType, 'content-length': String(bytes.length), ...headers });
    this.response.end(bytes);
  }

  error(error: ApiStatusError): void {
    const retryAfter = error.details?.retryAfterSeconds;
    this.json(error.code, `${JSON.stringify(error.toStatus())}\n`, retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) });
  }

  /** Starts an answer of unknown length. */
  stream(contentType: string): void {
    this.answered = true;
    this.head(200, { 'content-type': contentType });
    // The client must learn at once that the watch is open, not with the first event.
    if (this.request.httpVersionMajor < 2) (this.response as unknown as ServerResponse).flushHeaders();
  }

  /** Cuts the connection (HTTP/1.1) or the stream (HTTP/2) without an end. */
  reset(): void {
    this.answered = true;
    const stream = this.request.httpVersionMajor >= 2 ? this.response.stream : null;
    if (stream) stream.close(2); // INTERNAL_ERROR
    else this.request.socket.destroy();
  }

  private head(code: number, headers: Readonly<Record<string, string>>): void {
    this.response.writeHead(code, { 'cache-control': 'no-cache, private', date: this.date().toUTCString(), ...headers });
  }
}
