import { Controller, Get, Param, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { partsOf, toPageView, type PageView } from '../api/paging.js';
import { Rest } from '../api/rest-docs.js';
import { idParam } from '../api/schemas.js';
import {
  toIncarnationView, tokenDetailView, tokenPage, tokenProblemQuery, tokenProblemsView, tokenQuery, tokenTotalsQuery, tokenTotalsView, toTokenProblemView, toTokenTotalsView, toTokenView,
  type TokenDetailView, type TokenTotalsView, type TokenView,
} from './tokens.models.js';
import { TokensService } from './tokens.service.js';

@Controller('tokens')
export class TokensController {
  constructor(private readonly tokens: TokensService) {}

  @Get()
  @Requires('token:read')
  @Rest({ summary: 'List auto-import tokens', tag: 'Tokens', answer: tokenPage, takes: true })
  async listTokens(@Query({ schema: tokenQuery }) query: z.output<typeof tokenQuery>): Promise<PageView<TokenView>> {
    const { filter, sort, request } = partsOf(query);
    return toPageView(await this.tokens.list(filter, sort, request), toTokenView);
  }

  @Get('totals')
  @Requires('token:read')
  @Rest({ summary: 'Count auto-import tokens', tag: 'Tokens', answer: tokenTotalsView, takes: true, description: 'Of all that match the filter, by problem and by expiry.' })
  async getTokenTotals(@Query({ schema: tokenTotalsQuery }) filter: z.output<typeof tokenTotalsQuery>): Promise<TokenTotalsView> {
    return toTokenTotalsView(await this.tokens.totals(filter));
  }

  @Get('problems')
  @Requires('token:read')
  @Rest({ summary: 'What is wrong with tokens, by code and hub', tag: 'Tokens', answer: tokenProblemsView, takes: true, description: 'The gravest first.' })
  async listTokenProblems(@Query({ schema: tokenProblemQuery }) filter: z.output<typeof tokenProblemQuery>): Promise<z.output<typeof tokenProblemsView>> {
    return { items: (await this.tokens.problems(filter)).map(toTokenProblemView) };
  }

  @Get(':id')
  @Requires('token:read')
  @Rest({ summary: 'Read an auto-import token and its lives', tag: 'Tokens', answer: tokenDetailView, takes: true, finds: true })
  async getToken(@Param({ schema: idParam }) { id }: z.output<typeof idParam>): Promise<TokenDetailView> {
    const [token, incarnations] = await Promise.all([this.tokens.get(id), this.tokens.incarnations(id)]);
    return { ...toTokenView(token), incarnations: incarnations.map(toIncarnationView) };
  }
}
