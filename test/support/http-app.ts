import { Global, Module, type DynamicModule, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AccessModule } from '../../src/access/access.module.js';
import { ApiKeysService } from '../../src/access/api-keys.service.js';
import type { Role } from '../../src/access/permissions.js';
import { ApiModule } from '../../src/api/api.module.js';
import type { Borders } from '../../src/api/borders.js';
import { configureHttp, newHttpAdapter } from '../../src/api/http.js';
import { Clock, ManualClock } from '../../src/common/clock.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { Secret } from '../../src/common/secret.js';
import { cloneTestDatabase, type TestDatabase } from './database.js';

@Global()
@Module({})
class TimeModule {
  static of(clock: Clock): DynamicModule {
    return { module: TimeModule, providers: [{ provide: Clock, useValue: clock }], exports: [Clock] };
  }
}

/** The doors on a real port, over a real database, with what a test adds behind them. */
export interface HttpApp {
  readonly app: NestFastifyApplication;
  readonly url: string;
  readonly database: TestDatabase;
  readonly clock: ManualClock;
  /** A key with these roles; made once per combination */
  keyOf(...roles: Role[]): Promise<string>;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  graphql(query: string, options?: CallOptions & { readonly variables?: unknown }): Promise<Answer>;
  close(): Promise<void>;
}

export interface CallOptions {
  /** The Authorization header's key; null: none. Default: an admin's */
  readonly key?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // What a test asserts on is the test's own to know
  readonly body: Readonly<Record<string, never>> & { readonly [name: string]: unknown };
}

export async function startHttpApp(features: Pick<ModuleMetadata, 'imports' | 'controllers' | 'providers'> = {}, startAt = new Date('2026-11-24T08:00:00Z'), borders: Borders = {}): Promise<HttpApp> {
  const database = await cloneTestDatabase();
  const clock = new ManualClock(startAt);

  @Module({
    imports: [DatabaseModule.forRoot({ url: new Secret(database.url) }), TimeModule.of(clock), AccessModule, ApiModule, ...(features.imports ?? [])],
    controllers: features.controllers ?? [],
    providers: features.providers ?? [],
  })
  class TestModule {}

  const app = await NestFactory.create<NestFastifyApplication>(TestModule, newHttpAdapter(), { bodyParser: false, logger: process.env['TEST_LOG'] ? ['error', 'warn'] : false, abortOnError: false });
  await configureHttp(app, '0.0.0-test', borders);
  await app.listen(0, '127.0.0.1');
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');

  const keys = new Map<string, Promise<string>>();
  const keyOf = (...roles: Role[]): Promise<string> => {
    const name = `test ${roles.join(' ')}`;
    const known = keys.get(name) ?? app.get(ApiKeysService).create({ name, roles }, { actor: 'system' }).then(({ key }) => key.reveal());
    keys.set(name, known);
    return known;
  };
  const call = async (method: string, path: string, { key, body, headers = {} }: CallOptions = {}): Promise<Answer> => {
    const bearer = key === undefined ? await keyOf('admin') : key;
    const response = await fetch(url + path, {
      method,
      headers: { ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /[/+]json(;|$)/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, text, body: (isJson ? JSON.parse(text) : {}) as Answer['body'] };
  };
  return {
    app,
    url,
    database,
    clock,
    keyOf,
    call,
    graphql: (query, { variables, ...options } = {}) => call('POST', '/graphql', { ...options, body: { query, ...(variables === undefined ? {} : { variables }) } }),
    close: async () => {
      await app.close();
      await database.drop();
    },
  };
}
