import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between a client and a server, to make the network fail as networks do. */
export class TcpProxy {
  private silent = false;
  private deafTo: string | null = null;
  private readonly deaf = new WeakSet<Socket>();
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: { host: string; port: number },
  ) {}

  /** @param url of the server behind, e.g. a PostgreSQL connection string */
  static async before(url: string): Promise<TcpProxy> {
    const { hostname, port } = new URL(url);
    const server = createServer();
    const proxy = new TcpProxy(server, { host: hostname, port: Number(port) });
    server.on('connection', (near) => proxy.join(near));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  /** The URL of the server behind, reached through here. */
  through(url: string): string {
    const changed = new URL(url);
    changed.hostname = '127.0.0.1';
    changed.port = String((this.server.address() as AddressInfo).port);
    return changed.href;
  }

  /** Swallows every byte of old and new connections, or lets them pass again. */
  blackhole(on: boolean): void {
    this.silent = on;
  }

  /**
   * Swallows every byte of the connections that have said `word` or say it later, and of no other; null: of none that says it from now on.
   * What was deaf stays so until it is closed.
   */
  deafen(word: string | null): void {
    this.deafTo = word;
  }

  /** Resets all connections. */
  cut(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.server.close();
    this.cut();
    await once(this.server, 'close');
  }

  private join(near: Socket): void {
    const far = connect(this.target);
    let said = '';
    const swallows = (bytes: Buffer, isRequest: boolean): boolean => {
      if (isRequest && bytes.length < 1_000) said = (said + bytes.toString('latin1')).slice(-4_000);
      if (this.deafTo !== null && said.includes(this.deafTo)) this.deaf.add(near);
      return this.silent || this.deaf.has(near);
    };
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(from);
      from.on('data', (bytes) => swallows(bytes, from === near) || to.write(bytes));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
  }
}
