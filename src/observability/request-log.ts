import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { callerOf } from '../api/caller.js';

/** Asked for every few seconds by those who watch over us, of no interest while all is well. */
const PROBES = new Set(['/livez', '/readyz', '/metrics']);

/** One line for each request: what, by whom, how it ended. No query, no header, no body. Its id comes with every line of an operation. */
@Injectable()
export class RequestLog implements OnModuleInit {
  private readonly logger = new Logger('Request');

  constructor(private readonly host: HttpAdapterHost) {}

  onModuleInit(): void {
    const fastify = this.host.httpAdapter?.getInstance() as FastifyInstance | undefined;
    fastify?.addHook('onResponse', (request, reply, done) => {
      this.note(request, reply);
      done();
    });
  }

  private note(request: FastifyRequest, reply: FastifyReply): void {
    const path = request.url.split('?', 1)[0] ?? '/';
    const { statusCode: status } = reply;
    if (PROBES.has(path) && status < 400) return;
    const line = { method: request.method, path: path.slice(0, 300), status, durationMs: Math.round(reply.elapsedTime), caller: callerOf(request)?.id ?? null };
    // What heals by itself, such as a database that was away, wakes nobody; INTERNAL is logged as an error where it arises
    if (status >= 500) this.logger.warn(line, 'answered');
    else this.logger.log(line, 'answered');
  }
}
