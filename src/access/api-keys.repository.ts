import { Injectable } from '@nestjs/common';
import type { ListRequest, Page, Sort } from '../common/paging.js';
import { violates } from '../database/constraint.js';
import type { ApiKey as ApiKeyRow, Prisma } from '../database/generated/client.js';
import { keysetPage, type SortKeys } from '../database/keyset.js';
import { PrismaService } from '../database/prisma.service.js';
import { Sql } from '../database/sql.js';
import { ApiKeyNameTakenError } from './access.errors.js';
import type { ApiKey, ApiKeyFilter, ApiKeySortField } from './api-keys.types.js';
import { roles, type Role } from './permissions.js';

export type ApiKeyWithHash = ApiKey & { readonly hash: Uint8Array };

@Injectable()
export class ApiKeysRepository {
  constructor(
    private readonly prisma: PrismaService,
    private readonly sql: Sql,
  ) {}

  /** @throws ApiKeyNameTakenError */
  async insert(key: Omit<ApiKey, 'lastUsedAt' | 'revokedAt'>, hash: Uint8Array): Promise<ApiKey> {
    try {
      return toApiKey(await this.prisma.apiKey.create({ data: { ...key, roles: [...key.roles], hash: Uint8Array.from(hash) } }));
    } catch (cause) {
      if (violates(cause, 'one_api_key_per_name')) throw new ApiKeyNameTakenError(key.name, { cause });
      throw cause;
    }
  }

  async find(id: string): Promise<ApiKey | null> {
    const row = await this.prisma.apiKey.findUnique({ where: { id } });
    return row && toApiKey(row);
  }

  /** For every request */
  async findWithHash(id: string): Promise<ApiKeyWithHash | null> {
    const [row] = await this.sql.query<ApiKeyRow>(
      `SELECT id, name, hash, roles, created_at AS "createdAt", created_by AS "createdBy", expires_at AS "expiresAt", last_used_at AS "lastUsedAt", revoked_at AS "revokedAt" FROM api_key WHERE id = $1`, [id]);
    return row === undefined ? null : { ...toApiKey(row), hash: row.hash };
  }

  async list(filter: ApiKeyFilter, sort: Sort<ApiKeySortField>, page: ListRequest): Promise<Page<ApiKey>> {
    const own: Prisma.ApiKeyWhereInput = {
      ...(filter.name === undefined ? {} : { name: { contains: filter.name, mode: 'insensitive' } }),
      ...(filter.role === undefined ? {} : { roles: { has: filter.role } }),
      ...(filter.includeRevoked ? {} : { revokedAt: null }),
    };
    const keys: SortKeys<ApiKeyRow> = [{ field: sort.by, direction: sort.direction }, { field: 'id', direction: sort.direction }];
    const rows = await keysetPage<ApiKeyRow, Prisma.ApiKeyWhereInput, Prisma.ApiKeyOrderByWithRelationInput>({
      list: 'api-keys',
      filter,
      sort: keys,
      page,
      find: ({ where, orderBy, take }) => this.prisma.apiKey.findMany({ where: { AND: [own, where] }, orderBy, take }),
      count: () => this.prisma.apiKey.count({ where: own }),
    });
    return { ...rows, items: rows.items.map(toApiKey) };
  }

  /** @returns whether it was good until now */
  async revoke(id: string, at: Date): Promise<boolean> {
    const { count } = await this.prisma.apiKey.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: at } });
    return count > 0;
  }

  /** Writes nothing where another process did after `unlessAfter`. */
  async touch(id: string, at: Date, unlessAfter: Date): Promise<void> {
    await this.prisma.apiKey.updateMany({ where: { id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lte: unlessAfter } }] }, data: { lastUsedAt: at } });
  }

  async hasGood(role: Role, now: Date): Promise<boolean> {
    return (await this.prisma.apiKey.count({ where: { roles: { has: role }, revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] }, take: 1 })) > 0;
  }
}

function toApiKey(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    // A role that this version does not know gives no right
    roles: roles.filter((role) => row.roles.includes(role)),
    createdAt: row.createdAt,
    createdBy: row.createdBy,
    expiresAt: row.expiresAt,
    lastUsedAt: row.lastUsedAt,
    revokedAt: row.revokedAt,
  };
}
