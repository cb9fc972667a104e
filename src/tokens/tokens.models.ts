import { z } from 'zod';
import { connectionType, listArguments } from '../api/connection.js';
import { docsUrlOf } from '../api/docs-url.js';
import { argsType, inputType, objectType } from '../api/graphql-from-zod.js';
import { pageOf } from '../api/paging.js';
import { id, instant, instantIn, listQuery, queryFlag } from '../api/schemas.js';
import { iso, isoOrNull, named } from '../api/view.js';
import { severity } from '../readiness/verdict.models.js';
import { tokenAccounts, tokenProblemCodes, tokenSortFields, type AutoImportToken, type TokenIncarnation, type TokenProblemGroup, type TokenTotals } from './tokens.types.js';

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
  docsUrl: z.string().nullable().describe('The page of the problem\u2019s code, on this server'),
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
  docsUrl: token.problemCode && docsUrlOf(token.problemCode),
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

export const tokenTotalsView = z
  .object({
    total: z.int(),
    withProblem: z.int(),
    byProblemCode: z.record(z.string(), z.int()).describe('Only what is there'),
    expired: z.int(),
    expiringWithin24Hours: z.int().describe('Valid now, and not a day from now unless renewed'),
    expiringWithin7Days: z.int(),
    inBackupSelection: z.int(),
  })
  .meta({ id: 'TokenTotals', description: 'Of all tokens that match a filter' });
export type TokenTotalsView = z.infer<typeof tokenTotalsView>;

export const toTokenTotalsView = (totals: TokenTotals): TokenTotalsView => ({ ...totals, byProblemCode: { ...totals.byProblemCode } });

const tokenProblemView = z
  .object({
    code: problemCode,
    docsUrl: z.string().describe('The page of the code, on this server'),
    severity,
    hubId: id,
    tokens: z.int().describe('A cluster has up to two'),
    clusters: z.int(),
    oldestSince: instant,
    exampleClusters: z.array(z.string()).describe('Those that have it longest, at most five'),
  })
  .meta({ id: 'TokenProblem', description: 'What is wrong with tokens of one hub in one way' });
export type TokenProblemView = z.infer<typeof tokenProblemView>;
export const tokenProblemsView = z.object({ items: z.array(tokenProblemView) }).meta({ id: 'TokenProblems' });

export const toTokenProblemView = (group: TokenProblemGroup): TokenProblemView => ({
  code: group.code,
  docsUrl: docsUrlOf(group.code),
  severity: group.severity,
  hubId: group.hubId,
  tokens: group.tokens,
  clusters: group.clusters,
  oldestSince: iso(group.oldestSince),
  exampleClusters: [...group.exampleClusters],
});

const name = z.string().trim().min(1).max(253);
const tokenFilter = {
  hubId: id.optional(),
  cluster: name.optional().describe('A part of the name'),
  clusterSet: name.optional().describe('Exact name of a ManagedClusterSet'),
  problemCode: problemCode.optional(),
  expiresBefore: instantIn.optional(),
};
const HAS_PROBLEM = '`true`: any problem; `false`: none';
const SELECTED = 'Velero takes it into the credentials backup';
const inQuery = { ...tokenFilter, hasProblem: queryFlag.describe(HAS_PROBLEM), inBackupSelection: queryFlag.describe(SELECTED) };
const inArguments = { ...tokenFilter, hasProblem: z.boolean().optional().describe(HAS_PROBLEM), inBackupSelection: z.boolean().optional().describe(SELECTED) };
const tokenSort = { fields: tokenSortFields, fallback: 'cluster' } as const;
export const tokenQuery = listQuery(inQuery, tokenSort);
export const tokenPage = pageOf(tokenView);
export const tokenTotalsQuery = z.strictObject(inQuery);
export const tokenProblemQuery = z.strictObject({ hubId: id.optional(), clusterSet: tokenFilter.clusterSet, code: problemCode.optional() });

// ---- GraphQL

export const TokenModel = objectType(tokenView);
export const TokenConnection = connectionType(TokenModel);
export const IncarnationModel = objectType(incarnationView);
export const tokenArguments = listArguments('AutoImportToken', inArguments, tokenSort);
export const TokenTotalsModel = objectType(tokenTotalsView);
const tokenTotalsFilter = z.strictObject(inArguments);
export const tokenTotalsArguments = z.strictObject({ filter: tokenTotalsFilter.default({}) });
export const TokenTotalsArguments = argsType('TokenTotalsArguments', z.object({}), { filter: { type: inputType('AutoImportTokenFilter', tokenTotalsFilter), nullable: true } });
export const TokenProblemModel = objectType(tokenProblemView);
export const tokenProblemArguments = z.strictObject({ filter: tokenProblemQuery.default({}) });
export const TokenProblemArguments = argsType('TokenProblemArguments', z.object({}), { filter: { type: inputType('TokenProblemFilter', tokenProblemQuery), nullable: true } });
