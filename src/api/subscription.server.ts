import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import { getOperationAST, GraphQLError, parse, specifiedRules, validate, type DocumentNode, type ExecutionArgs, type GraphQLFormattedError } from 'graphql';
import { CloseCode, type Context, type SubscribePayload } from 'graphql-ws';
import { useServer, type Extra } from 'graphql-ws/use/ws';
import { WebSocketServer, type ServerOptions } from 'ws';
import { Authenticator, setAuthorization, type CallingRequest } from './caller.js';
import { GRAPHQL_PATH } from './graphql-path.js';
import { formatGraphQLError, logUnforeseen, toGraphQLError } from './graphql-error.js';
import { parseLimits, subscriptionRules } from './graphql-limits.js';
import { asDomainError } from './as-domain-error.js';
import { Loaders } from './loaders.js';

/** Largest message of a WebSocket, in bytes: an operation and its variables. */
const MESSAGE_LIMIT = 65_536;
/** `closeTimeout`: how long a client has to say goodbye. Half a minute unless said otherwise, which a process that stops does not have */
const SOCKETS: ServerOptions & { readonly closeTimeout: number } = { noServer: true, maxPayload: MESSAGE_LIMIT, closeTimeout: 2000 };

/**
 * GraphQL over WebSocket (graphql-ws), for subscriptions and nothing else: what HTTP limits is not limited there by Apollo,
 * so the same rules are applied here. The key comes in `connectionParams.authorization` and is looked at on connecting and
 * with each subscription; EventStreams looks again while one runs.
 */
@Injectable()
export class SubscriptionServer implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly sockets = new WebSocketServer(SOCKETS);
  private disposable: { dispose(): void | Promise<void> } | null = null;

  constructor(private readonly host: HttpAdapterHost, private readonly schemaHost: GraphQLSchemaHost, private readonly authenticator: Authenticator) {}

  onApplicationBootstrap(): void {
    this.disposable = useServer(
      {
        connectionInitWaitTimeout: 5000,
        onConnect: (context) => this.admit(context),
        onSubscribe: (context, _id, payload) => this.prepare(context, payload),
        onError: (_context, _id, _payload, errors) => errors.map((error) => formatted(error)) as unknown as GraphQLError[],
        onNext: (_context, _id, _payload, _args, result) => (result.errors ? { ...result, errors: result.errors.map((error) => formatted(error)) as unknown as GraphQLError[] } : undefined),
      },
      this.sockets,
    );
    const server = this.host.httpAdapter?.getHttpServer() as Server | undefined;
    server?.on('upgrade', this.upgrade);
  }

  async onModuleDestroy(): Promise<void> {
    const server = this.host.httpAdapter?.getHttpServer() as Server | undefined;
    server?.off('upgrade', this.upgrade);
    await this.disposable?.dispose();
  }

  /** Browsers send Origin with an upgrade, and no rule of theirs keeps another site's page from making one. */
  private readonly upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== GRAPHQL_PATH) return refuse(socket, '404 Not Found');
    if (!isSameOrigin(request)) return refuse(socket, '403 Forbidden');
    this.sockets.handleUpgrade(request, socket, head, (client) => {
      this.sockets.emit('connection', client, request);
      // graphql-ws would print what a caller sent wrong; ws closes the connection by itself
      client.removeAllListeners('error').on('error', () => undefined);
    });
  };

  private async admit(context: Context<Record<string, unknown> | undefined, Extra>): Promise<boolean> {
    try {
      await this.authenticator.authenticate(authorizationIn(context.connectionParams));
      return true;
    } catch {
      context.extra.socket.close(CloseCode.Unauthorized, 'Unauthorized');
      return false;
    }
  }

  private async prepare(context: Context<Record<string, unknown> | undefined, Extra>, payload: SubscribePayload): Promise<ExecutionArgs | readonly GraphQLError[]> {
    const { schema } = this.schemaHost;
    let document: DocumentNode;
    try {
      document = parse(payload.query, parseLimits);
    } catch (error) {
      return [error as GraphQLError];
    }
    if (getOperationAST(document, payload.operationName)?.operation !== 'subscription') {
      return [new GraphQLError('A WebSocket carries subscriptions only: send queries and mutations over HTTP', { extensions: { code: 'BAD_USER_INPUT' } })];
    }
    const errors = validate(schema, document, [...specifiedRules, ...subscriptionRules]);
    if (errors.length > 0) return errors;
    const authorization = authorizationIn(context.connectionParams);
    try {
      await this.authenticator.authenticate(authorization);
    } catch (error) {
      return [toGraphQLError(asDomainError(error))];
    }
    const req: CallingRequest = { headers: context.extra.request.headers };
    setAuthorization(req, authorization);
    return { schema, document, operationName: payload.operationName, variableValues: payload.variables, contextValue: { req, loaders: new Loaders() } };
  }
}

function formatted(error: GraphQLError | GraphQLFormattedError): GraphQLFormattedError {
  if (!(error instanceof GraphQLError)) return error;
  logUnforeseen(error);
  return formatGraphQLError(error.toJSON(), error);
}

/** Playgrounds hand on what is typed into their header editor, in any case. */
function authorizationIn(parameters: Record<string, unknown> | undefined): string | undefined {
  const entry = Object.entries(parameters ?? {}).find(([name]) => name.toLowerCase() === 'authorization');
  return typeof entry?.[1] === 'string' ? entry[1] : undefined;
}

function isSameOrigin(request: IncomingMessage): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) return true; // no browser
  try {
    return new URL(origin).host === host;
  } catch {
    return false;
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
