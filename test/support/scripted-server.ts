import { once } from 'node:events';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { Secret } from '../../src/common/secret.js';
import type { HubConnection } from '../../src/kube/hub-client.js';
import { TlsAuthority, type ServingOptions } from '../../src/simulator/server/tls-authority.js';

export type Handler = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** An HTTPS server on 127.0.0.1 that answers whatever a test wants, well-behaved or not. HTTP/2 and HTTP/1.1. */
export class ScriptedServer {
  readonly token = 'canary-token-0123456789';
  readonly requests: SeenRequest[] = [];
  /** How many TCP connections were ever made */
  connections = 0;
  readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: ReturnType<typeof createSecureServer>,
    readonly caPem: string,
    public handler: Handler,
  ) {
    server.on('connection', (socket: Socket) => {
      this.connections += 1;
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket)).on('error', () => undefined);
    });
    server.on('session', (session: ServerHttp2Session) => session.on('error', () => undefined));
    for (const event of ['tlsClientError', 'sessionError', 'clientError']) server.on(event, () => undefined);
    server.on('request', (request, response) => void this.answer(request, response));
  }

  static async start(handler: Handler, serving: ServingOptions = {}): Promise<ScriptedServer> {
    const authority = await TlsAuthority.create('scripted-ca');
    const { certPem, keyPem } = await authority.issueServing(serving);
    const server = createSecureServer({ cert: certPem, key: keyPem, allowHTTP1: true });
    const scripted = new ScriptedServer(server, authority.certPem, handler);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return scripted;
  }

  private async answer(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(request, 'end').catch(() => undefined);
    this.requests.push({ method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() });
    this.handler(request, response);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  connection(more: Partial<HubConnection> = {}): HubConnection {
    return { server: `https://127.0.0.1:${this.port}`, caPem: this.caPem, auth: { type: 'token', token: new Secret(this.token) }, ...more };
  }

  /** Resets every connection. */
  cut(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** Answers with JSON. */
export const json = (value: unknown, status = 200, headers: Record<string, string> = {}): Handler => (_request, response) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
};
