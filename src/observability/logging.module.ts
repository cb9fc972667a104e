import type { IncomingMessage } from 'node:http';
import type { DynamicModule } from '@nestjs/common';
import { LoggerModule, type Params } from 'nestjs-pino';
import type { LogFn, Logger } from 'pino';
import { Config } from '../config/config.js';
import { loggableError, loggableFields } from './loggable.js';

/** What Nest tells of itself on each start: a hundred lines of what the API page shows better. */
const CHATTER = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'GraphQLModule', 'NestApplication']);
const INFO = 30;

/** One line of JSON for each event. What is not named here, or is no plain fact, does not get in. */
export const logSettings = (level: string) => ({
  level,
  base: { service: 'lifeboat' },
  formatters: { level: (label: string) => ({ level: label }), log: loggableFields },
  hooks: {
    logMethod(this: Logger, args: Parameters<LogFn>, method: LogFn, severity: number): void {
      const [fields] = args as unknown as [{ readonly context?: unknown } | string | undefined];
      if (severity <= INFO && typeof fields === 'object' && CHATTER.has(String(fields.context))) return;
      method.apply(this, args);
    },
  },
  timestamp: () => `,"time":"${new Date().toISOString()}"`,
  genReqId: (request: IncomingMessage) => request.id ?? '',
  quietReqLogger: true,
  quietResLogger: true,
  customAttributeKeys: { reqId: 'requestId' },
  autoLogging: false, // RequestLog does it, for every route and with the caller
  // Else pino's own come first, and ours see no error any more
  wrapSerializers: false,
  serializers: { err: loggableError, error: loggableError, req: () => undefined, res: () => undefined },
});

export function loggingModule(): DynamicModule {
  return LoggerModule.forRootAsync({ inject: [Config], useFactory: ({ logLevel }: Config): Params => ({ pinoHttp: logSettings(logLevel) }) });
}
