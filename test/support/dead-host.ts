import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** What stands at the address of a hub that never answers. */
export type Death = 'refuse' | 'swallow' | 'garbage';

/** `refuse`: nobody listens. `swallow`: connections are accepted, and nothing is ever said. `garbage`: whoever connects is sent what is no TLS. */
export class DeadHost {
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((socket) => this.accept(socket));
  /** Connections ever, and the most at one time */
  connections = 0;
  most = 0;

  private constructor(readonly death: Death) {}

  static async at(port: number, death: Death): Promise<DeadHost> {
    const host = new DeadHost(death);
    if (death !== 'refuse') await once(host.server.listen(port, '127.0.0.1'), 'listening');
    return host;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (this.server.listening) await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    this.connections++;
    this.most = Math.max(this.most, this.sockets.size);
    socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
    // Read, so that its end is noticed.
    socket.resume();
    if (this.death === 'garbage') socket.write('SSH-2.0-garbage\r\n\0\u0001\u0002 no TLS at all\r\n');
  }
}
