import type { IncomingMessage } from 'node:http';
import type { DynamicModule } from '@nestjs/common';
import { LoggerModule, type Params } from 'nestjs-pino';
import { Config } from '../config/config.js';
import { loggableError, loggableFields } from './loggable.js';

/** What Nest tells of itself on each start: a hundred lines of what the API page shows better. */
const CHATTER = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'GraphQLModule', 'NestApplication']);
const INFO = 30;

/** One line of JSON for each event. What is not named here, or is no plain fact, does not get in. */
export function loggingModule(): DynamicModule {
  return LoggerModule.forRootAsync({
    inject: [Config],
    useFactory: ({ logLevel }: Config): Params => ({
      pinoHttp: {
        level: logLevel,
        base: { service: 'lifeboat' },
        formatters: { level: (label: string) => ({ level: label }), log: loggableFields },
        hooks: {
          logMethod(args, method, level) {
            const [fields] = args as unknown as [{ readonly context?: unknown } | string | undefined];
            if (level <= INFO && typeof fields === 'object' && CHATTER.has(String(fields.context))) return;
            method.apply(this, args);
          },
        },
        timestamp: () => `,"time":"${new Date().toISOString()}"`,
        genReqId: (request: IncomingMessage) => request.id ?? '',
        quietReqLogger: true,
        quietResLogger: true,
        customAttributeKeys: { reqId: 'requestId' },
        autoLogging: false, // RequestLog does it, for every route and with the caller
        serializers: { err: loggableError, error: loggableError, req: () => undefined, res: () => undefined },
      },
    }),
  });
}
