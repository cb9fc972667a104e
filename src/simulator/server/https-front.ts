import { createSecureServer, type Http2SecureServer, type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Session } from 'node:http2';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { KeyAndCertificate } from './tls-authority.js';

/** `refuse`: connections are reset and the port is closed. `hang`: connections stay, new ones are accepted, nothing is ever answered. */
export type OutageMode = 'refuse' | 'hang';

export interface HttpsFrontOptions {
  readonly serving: KeyAndCertificate;
  readonly caPem: string;
  readonly port: number;
  readonly onRequest: (request: Http2ServerRequest, response: Http2ServerResponse) => void;
}

/** The raw handle of a socket: reading can be stopped below TLS, which no public call does. */
interface WithHandle {
  readonly _handle?: { readStop?: () => number } | null;
}

/** HTTPS on 127.0.0.1, HTTP/2 and HTTP/1.1, that can fall silent or vanish as a lost data centre does. */
export class HttpsFront {
  private readonly secure: Http2SecureServer;
  private listener: Server | null = null;
  private readonly sockets = new Set<Socket>();
  private readonly sessions = new Set<ServerHttp2Session>();
  private outage: OutageMode | null = null;
  private boundPort: number;

  constructor({ serving, caPem, port, onRequest }: HttpsFrontOptions) {
    this.boundPort = port;
    this.secure = createSecureServer({
      key: serving.keyPem, cert: serving.certPem, ca: caPem, requestCert: true, rejectUnauthorized: false, allowHTTP1: true, settings: { maxConcurrentStreams: 1000 },
      // Node's protections are for servers on the open net: thousands of watches that come and go are our daily bread.
      maxSessionMemory: 1024, streamResetBurst: 100_000, streamResetRate: 10_000,
    });
    this.secure.on('request', (request, response) => {
      if (this.outage === null) onRequest(request, response);
    });
    this.secure.on('session', (session) => {
      this.sessions.add(session);
      session.on('close', () => this.sessions.delete(session)).on('error', () => undefined);
    });
    // Failed handshakes (a client that does not trust us) and broken sessions concern the client alone.
    for (const event of ['tlsClientError', 'sessionError', 'clientError']) this.secure.on(event, () => undefined);
  }

  get port(): number {
    return this.boundPort;
  }

  get down(): OutageMode | null {
    return this.outage;
  }

  async open(): Promise<void> {
    const listener = createServer((socket) => this.accept(socket));
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(this.boundPort, '127.0.0.1', resolve);
    });
    this.listener = listener;
    this.boundPort = (listener.address() as AddressInfo).port;
  }

  async cutOff(mode: OutageMode): Promise<void> {
    this.outage = mode;
    if (mode === 'hang') {
      for (const socket of this.sockets) (socket as unknown as WithHandle)._handle?.readStop?.();
      return;
    }
    await this.close();
  }

  async reconnect(): Promise<void> {
    if (this.outage === null) return;
    this.dropConnections();
    this.outage = null;
    if (!this.listener) await this.open();
  }

  /** Resets every open connection; new ones are taken. */
  dropConnections(): void {
    // The sockets first: a session that is destroyed says goodbye, which a lost machine does not.
    for (const socket of this.sockets) socket.resetAndDestroy();
    this.sockets.clear();
    for (const session of this.sessions) session.destroy();
  }

  /** Tells every HTTP/2 client to open a new connection for what comes next. */
  goAway(): void {
    for (const session of this.sessions) if (!session.destroyed) session.goaway();
  }

  async close(): Promise<void> {
    const { listener } = this;
    this.listener = null;
    const closed = listener ? new Promise<void>((resolve) => listener.close(() => resolve())) : Promise.resolve();
    this.dropConnections();
    await closed;
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket)).on('error', () => undefined);
    socket.setNoDelay(true);
    if (this.outage === null) this.secure.emit('connection', socket);
  }
}
