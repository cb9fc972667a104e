import { Injectable } from '@nestjs/common';
import type { ListRequest, Page, Sort } from '../common/paging.js';
import type { AutoImportToken, TokenFilter, TokenIncarnation, TokenSortField } from './tokens.types.js';

const unwritten = (): Promise<never> => Promise.reject(new Error('not written'));

@Injectable()
export class TokensService {
  list(_filter: TokenFilter, _sort: Sort<TokenSortField>, _request: ListRequest): Promise<Page<AutoImportToken>> { return unwritten(); }
  /** @throws TokenNotFoundError */
  get(_tokenId: string): Promise<AutoImportToken> { return unwritten(); }
  /** Newest first, at most 100. @throws TokenNotFoundError */
  incarnations(_tokenId: string): Promise<TokenIncarnation[]> { return unwritten(); }
  /** Of some clusters of one hub, for DataLoaders. */
  ofClusters(_hubId: string, _clusters: readonly string[]): Promise<AutoImportToken[]> { return unwritten(); }
}
