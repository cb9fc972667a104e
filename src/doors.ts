import { NestFactory } from '@nestjs/core';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { AppModule } from './app.module.js';
import { newHttpAdapter, prefixRoutes } from './api/http.js';
import { openApiDocument } from './api/openapi-document.js';
import { SystemClock } from './common/clock.js';
import { Secret } from './common/secret.js';
import { version } from './common/version.js';
import { loadConfig } from './config/config.js';

/**
 * What both doors offer, as the code says it, by the path of the file that tells it. Nothing is started and no database is
 * asked: Nest only looks at the modules (its "preview").
 */
export async function describeDoors(): Promise<Readonly<Record<'openapi/openapi.json' | 'openapi/schema.graphql', string>>> {
  const module = AppModule.forRoot({ config: loadConfig({}), databaseUrl: new Secret('postgres://nowhere/nothing'), clock: new SystemClock() });
  const app = await NestFactory.create<NestFastifyApplication>(module, newHttpAdapter(), { preview: true, abortOnError: false, logger: ['error'] });
  prefixRoutes(app);
  await app.init();
  const described = {
    'openapi/openapi.json': `${JSON.stringify(openApiDocument(app, version), null, 2)}\n`,
    'openapi/schema.graphql': `${printSchema(lexicographicSortSchema(app.get(GraphQLSchemaHost).schema))}\n`,
  };
  await app.close();
  return described;
}
