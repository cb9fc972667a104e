import { z } from 'zod';
import { connectionType, listArguments } from '../api/connection.js';
import { inputType, mutationInput, objectType, payloadType } from '../api/graphql-from-zod.js';
import { pageOf } from '../api/paging.js';
import { acting, instant, instantIn, listQuery, queryFlag } from '../api/schemas.js';
import { iso, isoOrNull, named } from '../api/view.js';
import { apiKeySortFields, type ApiKey, type NewApiKey } from './api-keys.types.js';
import { permissions, roles } from './permissions.js';

const role = named('Role', roles, 'viewer reads; operator acts; approver decides on failovers; admin may everything, yet decides on nothing that it requested');
const keyId = z.string().min(1).max(64);

const apiKeyFields = {
  id: z.string().describe('The public part of the key, and the `actor` of what is done with it'),
  name: z.string(),
  roles: z.array(role),
  createdAt: instant,
  createdBy: z.string(),
  expiresAt: instant.nullable().describe('null: never'),
  lastUsedAt: instant.nullable().describe('To the minute'),
  revokedAt: instant.nullable(),
};
export const apiKeyView = z.object(apiKeyFields).meta({ id: 'ApiKey', description: 'A caller\u2019s key, without its secret' });
export type ApiKeyView = z.infer<typeof apiKeyView>;

export const createdApiKeyView = z
  .object({ ...apiKeyFields, key: z.string().optional().describe('The whole key. Told once: a repetition of the request leaves it out') })
  .meta({ id: 'CreatedApiKey' });
export type CreatedApiKeyView = z.infer<typeof createdApiKeyView>;

export const toApiKeyView = (key: ApiKey): ApiKeyView => ({
  id: key.id,
  name: key.name,
  roles: [...key.roles],
  createdAt: iso(key.createdAt),
  createdBy: key.createdBy,
  expiresAt: isoOrNull(key.expiresAt),
  lastUsedAt: isoOrNull(key.lastUsedAt),
  revokedAt: isoOrNull(key.revokedAt),
});

const newApiKey = {
  name: z.string().trim().min(1).max(100),
  roles: z.array(role).min(1).max(roles.length),
  expiresAt: instantIn.nullable().optional().describe('null or absent: never'),
};
export const createApiKeyBody = z.strictObject({ ...newApiKey, ...acting });
export const toNewApiKey = ({ name, roles, expiresAt }: Pick<z.output<typeof createApiKeyBody>, 'name' | 'roles' | 'expiresAt'>): NewApiKey => ({
  name,
  roles,
  ...(expiresAt === undefined ? {} : { expiresAt }),
});
export const keyIdParam = z.strictObject({ id: keyId });

const nameFilter = z.string().trim().min(1).max(100).optional().describe('A part of the name');
const apiKeySort = { fields: apiKeySortFields, fallback: '-createdAt' } as const;
export const apiKeyQuery = listQuery({ name: nameFilter, role: role.optional(), includeRevoked: queryFlag }, apiKeySort);
export const apiKeyPage = pageOf(apiKeyView);

export const callerView = z
  .object({ id: z.string(), name: z.string(), roles: z.array(role), permissions: z.array(z.string()), expiresAt: instant.nullable() })
  .meta({ id: 'Caller', description: 'Whom the key belongs to and what it may do' });
export type CallerView = z.infer<typeof callerView>;

/** In the order of the table, so that the answer is the same each time. */
export const toCallerView = (caller: { readonly id: string; readonly name: string; readonly roles: readonly string[]; readonly permissions: ReadonlySet<string>; readonly expiresAt: Date | null }): CallerView => ({
  id: caller.id,
  name: caller.name,
  roles: roles.filter((one) => caller.roles.includes(one)),
  permissions: permissions.filter((one) => caller.permissions.has(one)),
  expiresAt: isoOrNull(caller.expiresAt),
});

// ---- GraphQL

const ApiKeyModel = objectType(apiKeyView);
export const ApiKeyConnection = connectionType(ApiKeyModel);
export const apiKeyArguments = listArguments('ApiKey', { name: nameFilter, role: role.optional(), includeRevoked: z.boolean().optional() }, apiKeySort);
export const CallerModel = objectType(callerView);
export const createApiKeyInput = z.strictObject({ ...newApiKey, ...acting, ...mutationInput });
export const CreateApiKeyInput = inputType('CreateApiKeyInput', createApiKeyInput);
export const revokeApiKeyInput = z.strictObject({ id: keyId, ...acting, ...mutationInput });
export const RevokeApiKeyInput = inputType('RevokeApiKeyInput', revokeApiKeyInput);
export const CreateApiKeyPayload = payloadType('CreateApiKeyPayload', {
  apiKey: { type: ApiKeyModel },
  key: { type: String, nullable: true, description: 'The whole key. Told once: a repetition of the mutation answers null' },
});
export const RevokeApiKeyPayload = payloadType('RevokeApiKeyPayload', { apiKey: { type: ApiKeyModel } });
