import { Args, Mutation, Query, Resolver } from '@nestjs/graphql';
import type { z } from 'zod';
import { Acts } from '../api/acts.decorator.js';
import { Actor, actingOf, CurrentCaller } from '../api/caller.decorator.js';
import type { Caller } from '../api/caller.js';
import { connect, type Connection, type ConnectionArgs } from '../api/connection.js';
import { ArgPipe } from '../api/input.pipe.js';
import {
  apiKeyArguments, ApiKeyConnection, CallerModel, CreateApiKeyInput, createApiKeyInput, CreateApiKeyPayload, RevokeApiKeyInput, revokeApiKeyInput, RevokeApiKeyPayload,
  toApiKeyView, toCallerView, toNewApiKey, type ApiKeyView, type CallerView,
} from './api-keys.models.js';
import { ApiKeysService } from './api-keys.service.js';
import type { ApiKeyFilter, ApiKeySortField } from './api-keys.types.js';
import { Requires } from './requires.decorator.js';

const withoutKey = (payload: Record<string, unknown>): Record<string, unknown> => ({ ...payload, key: null });

@Resolver()
export class ApiKeysResolver {
  constructor(private readonly keys: ApiKeysService) {}

  @Query(() => CallerModel, { description: 'Whom the key belongs to' })
  @Requires('caller:read')
  whoami(@CurrentCaller() caller: Caller): CallerView {
    return toCallerView(caller);
  }

  @Query(() => ApiKeyConnection)
  @Requires('api-key:manage')
  apiKeys(@Args({ type: () => apiKeyArguments.type }, new ArgPipe(apiKeyArguments.schema)) args: ConnectionArgs<ApiKeyFilter, ApiKeySortField>): Promise<Connection<ApiKeyView>> {
    return connect(args, (request) => this.keys.list(args.filter, args.sort, request), toApiKeyView);
  }

  @Mutation(() => CreateApiKeyPayload, { description: 'Makes a key. The answer holds the key itself, this once.' })
  @Requires('api-key:manage')
  @Acts({ withoutSecrets: withoutKey })
  async createApiKey(@Args('input', { type: () => CreateApiKeyInput }, new ArgPipe(createApiKeyInput)) input: z.output<typeof createApiKeyInput>, @Actor() actor: string): Promise<{ apiKey: ApiKeyView; key: string }> {
    const { apiKey, key } = await this.keys.create(toNewApiKey(input), actingOf(actor, input));
    return { apiKey: toApiKeyView(apiKey), key: key.reveal() };
  }

  @Mutation(() => RevokeApiKeyPayload, { description: 'From now on the key opens nothing.' })
  @Requires('api-key:manage')
  @Acts({ keyOptional: true })
  async revokeApiKey(@Args('input', { type: () => RevokeApiKeyInput }, new ArgPipe(revokeApiKeyInput)) input: z.output<typeof revokeApiKeyInput>, @Actor() actor: string): Promise<{ apiKey: ApiKeyView }> {
    return { apiKey: toApiKeyView(await this.keys.revoke(input.id, actingOf(actor, input))) };
  }
}
