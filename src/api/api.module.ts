import { Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { AnswerInterceptor } from './answer.interceptor.js';
import { EventStreams } from './event-streams.js';
import { graphqlModule } from './graphql.module.js';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';
import { IdempotencyRepository } from './idempotency.repository.js';
import { IdempotencyService } from './idempotency.service.js';
import { OpenConnections } from './open-connections.js';
import { InputPipe } from './input.pipe.js';
import { ProblemFilter } from './problem.filter.js';
import { SubscriptionServer } from './subscription.server.js';

/** What both doors share. Needs an Authenticator from elsewhere. */
@Global()
@Module({
  imports: [graphqlModule()],
  providers: [
    IdempotencyRepository,
    IdempotencyService,
    EventStreams,
    SubscriptionServer,
    OpenConnections,
    { provide: APP_PIPE, useClass: InputPipe },
    { provide: APP_FILTER, useClass: ProblemFilter },
    // The first is the outermost
    { provide: APP_INTERCEPTOR, useClass: AnswerInterceptor },
    { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
  ],
  exports: [EventStreams, IdempotencyService],
})
export class ApiModule {}
