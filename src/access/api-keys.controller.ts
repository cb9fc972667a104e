import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Actor, actingOf, CurrentCaller } from '../api/caller.decorator.js';
import type { Caller } from '../api/caller.js';
import { partsOf, toPageView, type PageView } from '../api/paging.js';
import { Rest } from '../api/rest-docs.js';
import { actingBody } from '../api/schemas.js';
import {
  apiKeyPage, apiKeyQuery, apiKeyView, callerView, createApiKeyBody, createdApiKeyView, keyIdParam, toApiKeyView, toCallerView, toNewApiKey,
  type ApiKeyView, type CallerView, type CreatedApiKeyView,
} from './api-keys.models.js';
import { ApiKeysService } from './api-keys.service.js';
import { Requires } from './requires.decorator.js';

const withoutKey = ({ key: _, ...rest }: Record<string, unknown>): Record<string, unknown> => rest;

@Controller()
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  @Post('api-keys')
  @Requires('api-key:manage')
  @Rest({ summary: 'Create an API key', tag: 'Access', answer: createdApiKeyView, status: 201, acts: { withoutSecrets: withoutKey }, takes: true, location: '/api-keys' })
  async createApiKey(@Body({ schema: createApiKeyBody }) body: z.output<typeof createApiKeyBody>, @Actor() actor: string): Promise<CreatedApiKeyView> {
    const { apiKey, key } = await this.keys.create(toNewApiKey(body), actingOf(actor, body));
    return { ...toApiKeyView(apiKey), key: key.reveal() };
  }

  @Get('api-keys')
  @Requires('api-key:manage')
  @Rest({ summary: 'List API keys', tag: 'Access', answer: apiKeyPage, takes: true })
  async listApiKeys(@Query({ schema: apiKeyQuery }) query: z.output<typeof apiKeyQuery>): Promise<PageView<ApiKeyView>> {
    const { filter, sort, request } = partsOf(query);
    return toPageView(await this.keys.list(filter, sort, request), toApiKeyView);
  }

  @Get('api-keys/:id')
  @Requires('api-key:manage')
  @Rest({ summary: 'Read an API key', tag: 'Access', answer: apiKeyView, takes: true, finds: true })
  async getApiKey(@Param({ schema: keyIdParam }) { id }: z.output<typeof keyIdParam>): Promise<ApiKeyView> {
    return toApiKeyView(await this.keys.get(id));
  }

  @Delete('api-keys/:id')
  @Requires('api-key:manage')
  @Rest({ summary: 'Revoke an API key', tag: 'Access', answer: apiKeyView, takes: true, finds: true, description: 'At once. The row stays, for the record.' })
  async revokeApiKey(@Param({ schema: keyIdParam }) { id }: z.output<typeof keyIdParam>, @Body({ schema: actingBody }) body: z.output<typeof actingBody>, @Actor() actor: string): Promise<ApiKeyView> {
    return toApiKeyView(await this.keys.revoke(id, actingOf(actor, body)));
  }

  @Get('whoami')
  @Requires('caller:read')
  @Rest({ summary: 'Whom the key belongs to', tag: 'Access', answer: callerView })
  whoami(@CurrentCaller() caller: Caller): CallerView {
    return toCallerView(caller);
  }
}
