import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

const LOOK_EVERY_MS = 50;
/** What requests in flight have to be answered; then their connections are cut. Repeated with their idempotency key they do no harm. */
const GRACE_MS = 15_000;

/**
 * While the server closes, connections without a request in flight are closed, also those that become so: Node closes the
 * ones that are idle when it is told to, waits more than a minute for keep-alive to run out on the others, and does not
 * count as idle what was opened and never asked.
 */
@Injectable()
export class OpenConnections implements OnModuleInit, BeforeApplicationShutdown {
  private readonly sockets = new Set<Socket>();
  private readonly busy = new Set<Socket>();

  constructor(private readonly host: HttpAdapterHost) {}

  onModuleInit(): void {
    this.server?.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    this.server?.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      this.busy.add(socket);
      response.once('close', () => this.busy.delete(socket));
    });
  }

  beforeApplicationShutdown(): void {
    const { server } = this;
    if (!server?.listening) return;
    const timer = setInterval(() => this.closeIdle(), LOOK_EVERY_MS);
    const cut = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    server.once('close', () => {
      clearInterval(timer);
      clearTimeout(cut);
    });
  }

  private closeIdle(): void {
    for (const socket of this.sockets) if (!this.busy.has(socket)) socket.destroySoon();
  }

  private get server(): Server | undefined {
    return this.host.httpAdapter?.getHttpServer() as Server | undefined;
  }
}
