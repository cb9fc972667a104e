import type { Secret } from '../common/secret.js';
import type { Role } from './permissions.js';

/** A key of a caller, without its secret: that is not kept. */
export interface ApiKey {
  /** The public part of the key, and the `actor` of what is done with it: made of the name and some letters by chance */
  readonly id: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly createdAt: Date;
  /** Id of another key, or `system` */
  readonly createdBy: string;
  /** null: never */
  readonly expiresAt: Date | null;
  /** To the minute */
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

export interface NewApiKey {
  /** 1 to 100 characters; unique among the keys that are not revoked */
  readonly name: string;
  readonly roles: readonly Role[];
  /** null or absent: never */
  readonly expiresAt?: Date | null;
}

export interface CreatedApiKey {
  readonly apiKey: ApiKey;
  /** The whole key, `lfb_<id>_<secret>`; told this once */
  readonly key: Secret;
}

export interface ApiKeyFilter {
  /** A part of the name, upper or lower case alike */
  readonly name?: string;
  readonly role?: Role;
  /** Default false */
  readonly includeRevoked?: boolean;
}

export const apiKeySortFields = ['name', 'createdAt'] as const;
export type ApiKeySortField = (typeof apiKeySortFields)[number];
