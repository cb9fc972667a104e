import { Args, Context, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { connect, type Connection, type ConnectionArgs } from '../api/connection.js';
import type { GraphQLContext } from '../api/context.js';
import { IdArg } from '../api/id-arg.js';
import { ArgPipe } from '../api/input.pipe.js';
import { HubModel, loadHub, type HubView } from '../hubs/hubs.models.js';
import { HubsService } from '../hubs/hubs.service.js';
import {
  IncarnationModel, toIncarnationView, tokenArguments, TokenConnection, TokenModel, tokenProblemArguments, TokenProblemArguments, TokenProblemModel, tokenTotalsArguments,
  TokenTotalsArguments, TokenTotalsModel, toTokenProblemView, toTokenTotalsView, toTokenView, type IncarnationView, type TokenProblemView, type TokenTotalsView, type TokenView,
} from './tokens.models.js';
import { TokensService } from './tokens.service.js';
import type { TokenFilter, TokenSortField } from './tokens.types.js';

const LIVES = {};

@Resolver(() => TokenModel)
export class TokensResolver {
  constructor(private readonly service: TokensService, private readonly hubs: HubsService) {}

  @Query(() => TokenConnection, { description: 'The token inventory: one row per auto-import token' })
  @Requires('token:read')
  tokens(@Args({ type: () => tokenArguments.type }, new ArgPipe(tokenArguments.schema)) args: ConnectionArgs<TokenFilter, TokenSortField>): Promise<Connection<TokenView>> {
    return connect(args, (request) => this.service.list(args.filter, args.sort, request), toTokenView);
  }

  @Query(() => TokenTotalsModel, { description: 'All tokens that match the filter, counted by problem and by expiry' })
  @Requires('token:read')
  async tokenTotals(@Args({ type: () => TokenTotalsArguments }, new ArgPipe(tokenTotalsArguments)) { filter }: z.output<typeof tokenTotalsArguments>): Promise<TokenTotalsView> {
    return toTokenTotalsView(await this.service.totals(filter));
  }

  @Query(() => [TokenProblemModel], { description: 'What is wrong with tokens, by code and hub; the gravest first' })
  @Requires('token:read')
  async tokenProblems(@Args({ type: () => TokenProblemArguments }, new ArgPipe(tokenProblemArguments)) { filter }: z.output<typeof tokenProblemArguments>): Promise<TokenProblemView[]> {
    return (await this.service.problems(filter)).map(toTokenProblemView);
  }

  @Query(() => TokenModel)
  @Requires('token:read')
  async token(@IdArg() id: string): Promise<TokenView> {
    return toTokenView(await this.service.get(id));
  }

  @ResolveField(() => [IncarnationModel], { description: 'Newest first, at most 100' })
  async incarnations(@Parent() token: TokenView, @Context() { loaders }: GraphQLContext): Promise<IncarnationView[]> {
    const loader = loaders.of(LIVES, (tokens: readonly TokenView[]) => this.service.incarnationsOf(tokens), ({ id }) => id);
    return (await loader.load(token)).map(toIncarnationView);
  }

  @ResolveField(() => HubModel, { nullable: true })
  hub(@Parent() token: TokenView, @Context() { loaders }: GraphQLContext): Promise<HubView | null> {
    return loadHub(loaders, this.hubs, token.hubId);
  }
}
