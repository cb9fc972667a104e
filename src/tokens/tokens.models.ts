import { z } from 'zod';
import { connectionType, listArguments } from '../api/connection.js';
import { objectType } from '../api/graphql-from-zod.js';
import { pageOf } from '../api/paging.js';
import { id, instant, instantIn, listQuery } from '../api/schemas.js';
import { iso, isoOrNull, named } from '../api/view.js';
import { tokenAccounts, tokenProblemCodes, tokenSortFields, type AutoImportToken, type TokenIncarnation } from './tokens.types.js';

const problemCode = named('TokenProblemCode', tokenProblemCodes, 'What is wrong with a token');

const tokenFields = {
  id,
  hubId: id,
  cluster: z.string(),
  account: z.enum(tokenAccounts).describe('Name of the ManagedServiceAccount'),
  accountPresent: z.boolean(),
  accountUid: z.string().nullable(),
  validitySeconds: z.int().nullable().describe('As asked for; the cluster may have granted less'),
  expiresAt: instant.nullable().describe('As granted'),
  refreshedAt: instant.nullable(),
  secretPresent: z.boolean(),
  secretUid: z.string().nullable(),
  inBackupSelection: z.boolean().describe('Velero takes it into the credentials backup'),
  labelledAt: instant.nullable(),
  bindingPresent: z.boolean().describe('The work that carries its role binding is there'),
  problemCode: problemCode.nullable(),
  problemDetail: z.string().nullable(),
  problemSince: instant.nullable(),
  uncoveredHoursPerDay: z.number().nullable().describe('Of each day, on average and at worst: for how long the newest backup set holds no token of the cluster that is still valid'),
  setRestorableSeconds: z.int().nullable().describe('Up to which age every backup set brings the cluster back, as far as tokens go'),
  oldForRpoAt: instant.nullable().describe('From when on a set that the plan\u2019s RPO allows may hold no valid token, unless one is renewed before'),
  readAt: instant,
};
const tokenView = z.object(tokenFields).meta({ id: 'AutoImportToken', description: 'One row of the token inventory. Never the token itself' });
export type TokenView = z.infer<typeof tokenView>;

const incarnationView = z
  .object({
    id,
    secretUid: z.string(),
    refreshedAt: instant,
    expiresAt: instant.nullable(),
    seenAt: instant,
    labelledAt: instant.nullable().describe('Since when its Secret carried a backup label; null: not yet'),
    endedAt: instant.nullable(),
  })
  .meta({ id: 'TokenIncarnation', description: 'One life of a token: a new one begins with every Secret and every refresh' });
export type IncarnationView = z.infer<typeof incarnationView>;

export const tokenDetailView = z.object({ ...tokenFields, incarnations: z.array(incarnationView) }).meta({ id: 'AutoImportTokenDetail' });
export type TokenDetailView = z.infer<typeof tokenDetailView>;

export const toTokenView = (token: AutoImportToken): TokenView => ({
  id: token.id,
  hubId: token.hubId,
  cluster: token.cluster,
  account: token.account,
  accountPresent: token.accountPresent,
  accountUid: token.accountUid,
  validitySeconds: token.validitySeconds,
  expiresAt: isoOrNull(token.expiresAt),
  refreshedAt: isoOrNull(token.refreshedAt),
  secretPresent: token.secretPresent,
  secretUid: token.secretUid,
  inBackupSelection: token.inBackupSelection,
  labelledAt: isoOrNull(token.labelledAt),
  bindingPresent: token.bindingPresent,
  problemCode: token.problemCode,
  problemDetail: token.problemDetail,
  problemSince: isoOrNull(token.problemSince),
  uncoveredHoursPerDay: token.uncoveredSecondsPerDay === null ? null : Math.round(token.uncoveredSecondsPerDay / 36) / 100,
  setRestorableSeconds: token.setRestorableSeconds,
  oldForRpoAt: isoOrNull(token.oldForRpoAt),
  readAt: iso(token.readAt),
});

export const toIncarnationView = (life: TokenIncarnation): IncarnationView => ({
  id: life.id,
  secretUid: life.secretUid,
  refreshedAt: iso(life.refreshedAt),
  expiresAt: isoOrNull(life.expiresAt),
  seenAt: iso(life.seenAt),
  labelledAt: isoOrNull(life.labelledAt),
  endedAt: isoOrNull(life.endedAt),
});

const tokenFilter = {
  hubId: id.optional(),
  cluster: z.string().trim().min(1).max(253).optional().describe('Exact name'),
  problemCode: problemCode.optional(),
  expiresBefore: instantIn.optional(),
};
const tokenSort = { fields: tokenSortFields, fallback: 'cluster' } as const;
export const tokenQuery = listQuery(tokenFilter, tokenSort);
export const tokenPage = pageOf(tokenView);

export const TokenModel = objectType(tokenView);
export const TokenConnection = connectionType(TokenModel);
export const IncarnationModel = objectType(incarnationView);
export const tokenArguments = listArguments('AutoImportToken', tokenFilter, tokenSort);
