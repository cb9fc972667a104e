import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import type { ListRequest, Page, Sort } from '../common/paging.js';
import { gravestFirst, tokenProblemSeverity } from './token-severity.rules.js';
import { TokenNotFoundError } from './tokens.errors.js';
import { TokensRepository, type TokenKey } from './tokens.repository.js';
import type { AutoImportToken, TokenFilter, TokenIncarnation, TokenProblemFilter, TokenProblemGroup, TokenSortField, TokenTotals } from './tokens.types.js';

/** The token inventory. */
@Injectable()
export class TokensService {
  constructor(private readonly repository: TokensRepository, private readonly clock: Clock) {}

  list(filter: TokenFilter, sort: Sort<TokenSortField>, request: ListRequest): Promise<Page<AutoImportToken>> {
    return this.repository.list(filter, sort, request);
  }

  totals(filter: TokenFilter): Promise<TokenTotals> {
    return this.repository.totals(filter, this.clock.now());
  }

  /** What is wrong, by code and hub; the gravest first. */
  async problems(filter: TokenProblemFilter): Promise<TokenProblemGroup[]> {
    return gravestFirst((await this.repository.problems(filter)).map((group) => ({ ...group, severity: tokenProblemSeverity(group.code) })));
  }

  /** @throws TokenNotFoundError */
  async get(tokenId: string): Promise<AutoImportToken> {
    const token = await this.repository.find(tokenId);
    if (token === null) throw new TokenNotFoundError(tokenId);
    return token;
  }

  /** Newest first, at most 100. @throws TokenNotFoundError */
  async incarnations(tokenId: string): Promise<TokenIncarnation[]> {
    const [lives = []] = await this.repository.incarnations([await this.get(tokenId)]);
    return lives;
  }

  /** Of each token in turn, newest first. */
  incarnationsOf(tokens: readonly TokenKey[]): Promise<TokenIncarnation[][]> {
    return this.repository.incarnations(tokens);
  }

  /** Of some clusters of one hub, by cluster and account. */
  ofClusters(hubId: string, clusters: readonly string[]): Promise<AutoImportToken[]> {
    return this.repository.ofClusters(new Map([[hubId, clusters]]));
  }

  /** Of clusters of many hubs, by cluster and account. */
  ofClustersOfHubs(namesByHub: ReadonlyMap<string, readonly string[]>): Promise<AutoImportToken[]> {
    return this.repository.ofClusters(namesByHub);
  }
}
