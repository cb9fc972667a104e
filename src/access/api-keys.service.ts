import { randomBytes } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { SYSTEM, type Acting } from '../common/acting.js';
import { Clock } from '../common/clock.js';
import type { ListRequest, Page, Sort } from '../common/paging.js';
import { Secret } from '../common/secret.js';
import { ApiKeyExpiryInvalidError, ApiKeyNameTakenError, ApiKeyNotFoundError } from './access.errors.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import type { ApiKey, ApiKeyFilter, ApiKeySortField, CreatedApiKey, NewApiKey } from './api-keys.types.js';
import { AuditService } from './audit.service.js';
import { hashOf, isSameHash, keyIdOf, keyOf, parseKey } from './key-format.rules.js';
import type { Role } from './permissions.js';

/** How exactly `lastUsedAt` is kept: one write a minute for a key in use. */
const LAST_USED_EVERY_MS = 60_000;

@Injectable()
export class ApiKeysService {
  private readonly logger = new Logger(ApiKeysService.name);

  constructor(private readonly repository: ApiKeysRepository, private readonly audit: AuditService, private readonly clock: Clock) {}

  /** The answer holds the key itself, this once. @throws ApiKeyNameTakenError, ApiKeyExpiryInvalidError */
  async create(input: NewApiKey, by: Acting): Promise<CreatedApiKey> {
    const now = this.clock.now();
    if (input.expiresAt && input.expiresAt <= now) throw new ApiKeyExpiryInvalidError();
    const created = await this.insert(input, by, now);
    await this.audit.record({ action: 'api-key.create', subject: `api-key/${created.apiKey.id}`, by, details: { name: input.name, roles: input.roles, expiresAt: input.expiresAt?.toISOString() ?? null } });
    return created;
  }

  list(filter: ApiKeyFilter, sort: Sort<ApiKeySortField>, request: ListRequest): Promise<Page<ApiKey>> {
    return this.repository.list(filter, sort, request);
  }

  /** @throws ApiKeyNotFoundError */
  async get(keyId: string): Promise<ApiKey> {
    const key = await this.repository.find(keyId);
    if (!key) throw new ApiKeyNotFoundError(keyId);
    return key;
  }

  /** From now on the key opens nothing. Harmless when repeated. @throws ApiKeyNotFoundError */
  async revoke(keyId: string, by: Acting): Promise<ApiKey> {
    const revoked = await this.repository.revoke(keyId, this.clock.now());
    if (revoked) await this.audit.record({ action: 'api-key.revoke', subject: `api-key/${keyId}`, by });
    return this.get(keyId);
  }

  /**
   * Makes an admin key where there is none that is good, so that nobody is ever locked out: whoever reads the console may.
   * @returns the key, to be shown once; null where an admin exists
   */
  async ensureFirstAdmin(): Promise<string | null> {
    const now = this.clock.now();
    if (await this.repository.hasGood('admin', now)) return null;
    try {
      const { apiKey, key } = await this.insert({ name: `first-admin-${now.toISOString().slice(0, 10)}`, roles: ['admin'] }, SYSTEM, now);
      await this.audit.record({ action: 'api-key.create', subject: `api-key/${apiKey.id}`, by: SYSTEM, details: { name: apiKey.name, roles: apiKey.roles } });
      return key.reveal();
    } catch (error) {
      if (error instanceof ApiKeyNameTakenError) return null; // another process was faster, and prints its key
      throw error;
    }
  }

  /** @returns null for whatever is wrong with it */
  async verify(text: string): Promise<ApiKey | null> {
    const parts = parseKey(text);
    const stored = parts && (await this.repository.findWithHash(parts.id));
    // A hash is compared for unknown ids too, so that the time tells nothing of which ids exist
    const same = isSameHash(hashOf(parts?.secret ?? ''), stored?.hash ?? Buffer.alloc(32));
    const now = this.clock.now();
    if (!stored || !same || stored.revokedAt !== null || (stored.expiresAt !== null && stored.expiresAt <= now)) return null;
    this.touch(stored, now);
    const { hash: _, ...key } = stored;
    return key;
  }

  private async insert(input: NewApiKey, by: Acting, now: Date): Promise<CreatedApiKey> {
    const id = keyIdOf(input.name, randomBytes(8));
    const { key, secret } = keyOf(id, randomBytes(32));
    const roles: Role[] = [...new Set(input.roles)];
    const apiKey = await this.repository.insert({ id, name: input.name, roles, createdAt: now, createdBy: by.actor, expiresAt: input.expiresAt ?? null }, hashOf(secret));
    return { apiKey, key: new Secret(key) };
  }

  private touch(key: ApiKey, now: Date): void {
    if (key.lastUsedAt !== null && now.getTime() - key.lastUsedAt.getTime() < LAST_USED_EVERY_MS) return;
    this.repository.touch(key.id, now, new Date(now.getTime() - LAST_USED_EVERY_MS)).catch((err: unknown) => this.logger.warn({ err }, 'The last use of a key was not recorded'));
  }
}
