import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

interface Pair {
  readonly client: Socket;
  readonly target: Socket;
}

/**
 * A TCP proxy on 127.0.0.1 that can behave as bad networks do.
 *
 * - `pass`: bytes go through, after `delayMs`
 * - `blackhole`: connections stay open and are accepted, and every byte is swallowed. Connections that it befell stay dead, as behind a
 *   firewall that has forgotten them, until they are closed
 * - `refuse`: new connections are reset
 */
export class FaultProxy {
  mode: 'pass' | 'blackhole' | 'refuse' = 'pass';
  delayMs = 0;
  /** How many connections were ever accepted */
  connections = 0;
  private readonly pairs = new Set<Pair>();
  private readonly dead = new WeakSet<Pair>();

  private constructor(
    private readonly server: Server,
    private readonly targetPort: number,
  ) {
    server.on('connection', (client) => this.accept(client));
  }

  static async start(targetPort: number): Promise<FaultProxy> {
    const server = createServer({ allowHalfOpen: false });
    const proxy = new FaultProxy(server, targetPort);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get openConnections(): number {
    return this.pairs.size;
  }

  /** Cuts every connection with a RST. */
  reset(): void {
    for (const { client, target } of this.pairs) {
      client.resetAndDestroy();
      target.destroy();
    }
  }

  /** From now on every byte of the open connections is swallowed, and new ones are treated by `mode`. */
  forgetConnections(): void {
    for (const pair of this.pairs) this.dead.add(pair);
  }

  async stop(): Promise<void> {
    this.reset();
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(client: Socket): void {
    this.connections += 1;
    client.on('error', () => undefined);
    if (this.mode === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const target = connect(this.targetPort, '127.0.0.1');
    target.on('error', () => client.resetAndDestroy());
    const pair = { client, target };
    this.pairs.add(pair);
    this.pump(pair, client, target);
    this.pump(pair, target, client);
    for (const socket of [client, target]) {
      socket.on('close', () => {
        this.pairs.delete(pair);
        client.destroy();
        target.destroy();
      });
    }
  }

  private pump(pair: Pair, from: Socket, to: Socket): void {
    from.on('data', (chunk: Buffer) => {
      if (this.mode === 'blackhole') this.dead.add(pair);
      if (this.dead.has(pair)) return;
      if (this.delayMs === 0) to.write(chunk);
      else setTimeout(() => to.write(chunk), this.delayMs);
    });
  }
}
