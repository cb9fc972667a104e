import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Logger } from 'nestjs-pino';
import { ApiKeysService } from './access/api-keys.service.js';
import { AppModule } from './app.module.js';
import { configureHttp, newHttpAdapter } from './api/http.js';
import { type Clock, SystemClock } from './common/clock.js';
import { Secret } from './common/secret.js';
import { version } from './common/version.js';
import type { Config } from './config/config.js';
import { sealingKeyFromFile } from './config/sealing-key-file.js';
import { startEmbeddedPostgres } from './database/embedded-postgres.js';
import { migrate } from './database/migrate.js';

export interface RunningService {
  /** `http://host:port` */
  readonly url: string;
  /** The first administrator's key; null where there is one already. Never to be had again */
  readonly firstAdminKey: string | null;
  /** Whether the database is the embedded one, in `config.dataDir` */
  readonly embedded: boolean;
  close(): Promise<void>;
}

/** What a process without the role `api` still answers. */
const PROBES = new Set(['/livez', '/readyz', '/metrics']);

/**
 * Starts the roles that the configuration asks for: database, migrations, application, listener; what had started is
 * stopped again when a later part fails.
 * @throws Error, SchemaTooNewError, EmbeddedPostgresError
 */
export async function startService(config: Config, { clock = new SystemClock() }: { clock?: Clock } = {}): Promise<RunningService> {
  const sealingKeys = config.sealingKeys ?? sealingKeyFromFile(config.dataDir);
  const embedded = config.databaseUrl ? null : await startEmbeddedPostgres({ dataDir: config.dataDir });
  let app: NestFastifyApplication | undefined;
  const close = async (): Promise<void> => {
    await app?.close();
    await embedded?.stop();
  };
  try {
    const databaseUrl = config.databaseUrl ?? new Secret(embedded!.url);
    await migrate(databaseUrl.reveal());
    const ground = { config: Object.freeze({ ...config, sealingKeys }), databaseUrl, clock };
    app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(ground), newHttpAdapter(), { bodyParser: false, logger: ['error', 'warn'], abortOnError: false });
    if (!config.roles.has('api')) answerProbesOnly(app);
    await configureHttp(app, version, config);
    await app.init();
    app.useLogger(app.get(Logger)); // only now: what Nest says of each route on its way up is of interest to nobody
    await app.listen(config.port, config.host);
    const firstAdminKey = await app.get(ApiKeysService).ensureFirstAdmin();
    return { url: (await app.getUrl()).replace('[::1]', 'localhost'), firstAdminKey, embedded: embedded !== null, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function answerProbesOnly(app: NestFastifyApplication): void {
  app.getHttpAdapter().getInstance().addHook('onRequest', (request, reply, done) => {
    if (PROBES.has(request.url.split('?', 1)[0] ?? '')) return done();
    void reply.status(404).send();
  });
}
