import type { ApolloServerPlugin } from '@apollo/server';
import type { ApolloDriverConfig } from '@nestjs/apollo';
import { ApolloDriver } from '@nestjs/apollo';
import { GraphQLModule } from '@nestjs/graphql';
import { GraphQLError } from 'graphql';
import type { DynamicModule } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { asDomainError } from './as-domain-error.js';
import { Authenticator, authorizationOf, setCaller } from './caller.js';
import type { GraphQLContext } from './context.js';
import { formatGraphQLError, logUnforeseen, toGraphQLError } from './graphql-error.js';
import { costErrors, httpRules, parseLimits } from './graphql-limits.js';
import { GRAPHQL_PATH } from './graphql-path.js';
import { Loaders } from './loaders.js';

/** Nobody gets as far as the schema without a key. */
async function contextOf(authenticator: Authenticator, req: FastifyRequest, reply: FastifyReply): Promise<GraphQLContext> {
  try {
    setCaller(req, await authenticator.authenticate(authorizationOf(req)));
  } catch (error) {
    throw toGraphQLError(asDomainError(error), 401);
  }
  return { req, reply, loaders: new Loaders() };
}

const errorLog: ApolloServerPlugin = {
  async requestDidStart() {
    return {
      async didEncounterErrors({ errors }) {
        errors.forEach(logUnforeseen);
      },
    };
  },
};

/** Validation knows no variables. */
const costWithVariables: ApolloServerPlugin = {
  async requestDidStart() {
    return {
      async didResolveOperation({ schema, document, operationName, request }) {
        const [error] = costErrors(schema, document, operationName ?? undefined, request.variables ?? {});
        if (error !== undefined) throw new GraphQLError(error.message, { extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } } });
      },
    };
  },
};

/** GraphQL, code first. Subscriptions have a server of their own: SubscriptionServer. */
export function graphqlModule(): DynamicModule {
  return GraphQLModule.forRootAsync<ApolloDriverConfig>({
    driver: ApolloDriver,
    inject: [Authenticator],
    useFactory: (authenticator: Authenticator): Omit<ApolloDriverConfig, 'driver'> => ({
      path: GRAPHQL_PATH,
      autoSchemaFile: true, // in memory
      sortSchema: true,
      context: (req: FastifyRequest, reply: FastifyReply) => contextOf(authenticator, req, reply),
      formatError: formatGraphQLError,
      autoTransformHttpErrors: false,
      graphiql: false,
      introspection: true, // the context lets nobody in without a key
      csrfPrevention: true,
      allowBatchedHttpRequests: false,
      persistedQueries: false,
      includeStacktraceInErrorResponses: false,
      hideSchemaDetailsFromClientErrors: true,
      stopOnTerminationSignals: false,
      // After the HTTP server is closed: Apollo would close it first, and wait ten seconds for what is open
      stopOnApplicationShutdown: true,
      plugins: [errorLog, costWithVariables],
      parseOptions: parseLimits,
      validationRules: [...httpRules],
    }),
  });
}
