import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DynamicModule } from '@nestjs/common';
import { LoggerModule, type Params } from 'nestjs-pino';
import { Config } from '../config/config.js';
import { loggableError, loggableFields } from './loggable.js';

/** Asked for every few seconds by those who watch over us, of no interest while all is well. */
const PROBES = ['/livez', '/readyz', '/metrics'];

/** One line of JSON for each event. What is not named here, or is no plain fact, does not get in. */
export function loggingModule(): DynamicModule {
  return LoggerModule.forRootAsync({
    inject: [Config],
    useFactory: ({ logLevel }: Config): Params => ({
      pinoHttp: {
        level: logLevel,
        base: { service: 'lifeboat' },
        formatters: { level: (label: string) => ({ level: label }), log: loggableFields },
        timestamp: () => `,"time":"${new Date().toISOString()}"`,
        genReqId: (request: IncomingMessage) => request.id ?? '',
        quietReqLogger: true,
        quietResLogger: true,
        customAttributeKeys: { reqId: 'requestId' },
        autoLogging: { ignore: (request: IncomingMessage) => PROBES.includes(pathOf(request)) },
        // 5xx that heals by itself, such as a database that was away, is no reason to wake anybody; INTERNAL is logged where it arises
        customLogLevel: (_request: IncomingMessage, response: ServerResponse) => (response.statusCode >= 500 ? 'warn' : 'info'),
        customSuccessMessage: (request: IncomingMessage, response: ServerResponse) => `${request.method} ${pathOf(request)} ${response.statusCode}`,
        customErrorMessage: (request: IncomingMessage, response: ServerResponse) => `${request.method} ${pathOf(request)} ${response.statusCode}`,
        serializers: { err: loggableError, error: loggableError, req: () => undefined, res: () => undefined },
      },
    }),
  });
}

/** Without the query: a filter may name what is nobody's business. */
function pathOf(request: IncomingMessage): string {
  return ((request as { originalUrl?: string }).originalUrl ?? request.url ?? '').split('?', 1)[0] ?? '';
}
