import { Injectable } from '@nestjs/common';
import type { ListRequest, Page, Sort } from '../common/paging.js';
import { TokenNotFoundError } from './tokens.errors.js';
import { TokensRepository } from './tokens.repository.js';
import type { AutoImportToken, TokenFilter, TokenIncarnation, TokenSortField } from './tokens.types.js';

/** The token inventory. */
@Injectable()
export class TokensService {
  constructor(private readonly repository: TokensRepository) {}

  list(filter: TokenFilter, sort: Sort<TokenSortField>, request: ListRequest): Promise<Page<AutoImportToken>> {
    return this.repository.list(filter, sort, request);
  }

  /** @throws TokenNotFoundError */
  async get(tokenId: string): Promise<AutoImportToken> {
    const token = await this.repository.find(tokenId);
    if (token === null) throw new TokenNotFoundError(tokenId);
    return token;
  }

  /** Newest first, at most 100. @throws TokenNotFoundError */
  async incarnations(tokenId: string): Promise<TokenIncarnation[]> {
    return this.repository.incarnations(await this.get(tokenId));
  }

  /** Of some clusters of one hub, by cluster and account. */
  ofClusters(hubId: string, clusters: readonly string[]): Promise<AutoImportToken[]> {
    return this.repository.ofClusters(hubId, clusters);
  }
}
