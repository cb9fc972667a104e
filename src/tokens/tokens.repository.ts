import { Injectable } from '@nestjs/common';
import type { ListRequest, Page, Sort } from '../common/paging.js';
import type { AutoImportToken as TokenRow, Prisma } from '../database/generated/client.js';
import { keysetPage } from '../database/keyset.js';
import { PrismaService } from '../database/prisma.service.js';
import type { AutoImportToken, TokenAccount, TokenFilter, TokenIncarnation, TokenProblemCode, TokenSortField } from './tokens.types.js';

const MAX_INCARNATIONS = 100;

const toToken = (row: TokenRow): AutoImportToken => ({ ...row, account: row.account as TokenAccount, problemCode: row.problemCode as TokenProblemCode | null });

/** The inventory as others read it; its writer is TokenInventoryRepository. */
@Injectable()
export class TokensRepository {
  constructor(private readonly prisma: PrismaService) {}

  list(filter: TokenFilter, sort: Sort<TokenSortField>, page: ListRequest): Promise<Page<AutoImportToken>> {
    const { hubId, cluster, problemCode, expiresBefore } = filter;
    const where: Prisma.AutoImportTokenWhereInput = {
      ...(hubId === undefined ? {} : { hubId }),
      ...(cluster === undefined ? {} : { cluster }),
      ...(problemCode === undefined ? {} : { problemCode }),
      ...(expiresBefore === undefined ? {} : { expiresAt: { lt: expiresBefore } }),
    };
    return keysetPage<AutoImportToken, Prisma.AutoImportTokenWhereInput, Prisma.AutoImportTokenOrderByWithRelationInput>({
      list: 'tokens',
      filter,
      sort: [{ field: sort.by, direction: sort.direction, ...(sort.by === 'expiresAt' ? { nullable: true } : {}) }, { field: 'id', direction: 'ASC' }],
      page,
      find: async (keyset) => (await this.prisma.autoImportToken.findMany({ ...keyset, where: { AND: [where, keyset.where] } })).map(toToken),
      count: () => this.prisma.autoImportToken.count({ where }),
    });
  }

  async find(id: string): Promise<AutoImportToken | null> {
    const row = await this.prisma.autoImportToken.findUnique({ where: { id } });
    return row === null ? null : toToken(row);
  }

  async ofClusters(hubId: string, clusters: readonly string[]): Promise<AutoImportToken[]> {
    const rows = await this.prisma.autoImportToken.findMany({ where: { hubId, cluster: { in: [...clusters] } }, orderBy: [{ cluster: 'asc' }, { account: 'asc' }] });
    return rows.map(toToken);
  }

  /** Newest first. */
  incarnations({ hubId, cluster, account }: Pick<AutoImportToken, 'hubId' | 'cluster' | 'account'>): Promise<TokenIncarnation[]> {
    return this.prisma.tokenIncarnation.findMany({
      where: { hubId, cluster, account },
      select: { id: true, secretUid: true, refreshedAt: true, expiresAt: true, seenAt: true, labelledAt: true, endedAt: true },
      orderBy: [{ refreshedAt: 'desc' }, { id: 'desc' }],
      take: MAX_INCARNATIONS,
    });
  }
}
