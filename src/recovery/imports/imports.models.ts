import { z } from 'zod';
import { connectionType, listArguments } from '../../api/connection.js';
import { docsUrlOf } from '../../api/docs-url.js';
import { inputType, mutationInput, objectType, payloadType } from '../../api/graphql-from-zod.js';
import { pageOf } from '../../api/paging.js';
import { actingWithReason, id, instant, listQuery, queryFlag } from '../../api/schemas.js';
import { isoOrNull, named } from '../../api/view.js';
import { clusterOrigin } from '../../fleet/fleet.models.js';
import { clusterVerdict } from '../../readiness/verdict.models.js';
import { importOutcomeCodes, importSortFields, importStates, type ClusterImport, type ImportCounts } from './imports.types.js';

export const importOutcomeCode = named('ImportOutcomeCode', importOutcomeCodes, 'How a cluster\u2019s import ended');
const state = named('ImportState', importStates, 'WAITING: nothing tried yet. IMPORTING: tried, not back yet. The others are ends');

export const importView = z
  .object({
    failoverId: id,
    cluster: z.string(),
    origin: clusterOrigin,
    predictedVerdict: clusterVerdict.describe('What readiness said when the failover was checked'),
    predictedCode: z.string().nullable(),
    predictedOutcome: importOutcomeCode.nullable(),
    state,
    outcomeCode: importOutcomeCode.nullable().describe('null while it is open'),
    docsUrl: z.string().nullable().describe('The page of the outcome\u2019s code, on this server'),
    message: z.string().nullable(),
    suppliedApiUrl: z.string().nullable(),
    account: z.string().nullable().describe('Which account\u2019s token was used last'),
    attempts: z.int(),
    nextAttemptAt: instant.nullable(),
    firstAttemptAt: instant.nullable(),
    finishedAt: instant.nullable(),
  })
  .meta({ id: 'ClusterImport', description: 'The re-import of one managed cluster on the target during a failover' });
export type ImportView = z.infer<typeof importView>;

export const toImportView = (one: ClusterImport): ImportView => ({
  failoverId: one.failoverId,
  cluster: one.cluster,
  origin: one.origin,
  predictedVerdict: one.predictedVerdict,
  predictedCode: one.predictedCode,
  predictedOutcome: one.predictedOutcome,
  state: one.state,
  outcomeCode: one.outcomeCode,
  docsUrl: one.outcomeCode && docsUrlOf(one.outcomeCode),
  message: one.message,
  suppliedApiUrl: one.suppliedApiUrl,
  account: one.account,
  attempts: one.attempts,
  nextAttemptAt: isoOrNull(one.nextAttemptAt),
  firstAttemptAt: isoOrNull(one.firstAttemptAt),
  finishedAt: isoOrNull(one.finishedAt),
});

const count = z.record(z.string(), z.int());
export const importCountsView = z
  .object({ total: z.int(), byState: count.describe('Only what is there'), byOutcome: count })
  .meta({ id: 'ImportCounts', description: 'The imports of a failover by state and by outcome' });

export const toImportCountsView = (counts: ImportCounts): z.infer<typeof importCountsView> => ({ total: counts.total, byState: { ...counts.byState }, byOutcome: { ...counts.byOutcome } });

const importFilter = {
  state: state.optional(),
  outcomeCode: importOutcomeCode.optional(),
  cluster: z.string().trim().min(1).max(253).optional().describe('A part of the cluster\u2019s name'),
};
const SURPRISING = 'Only those whose outcome is not the predicted one';
const importSort = { fields: importSortFields, fallback: 'cluster' } as const;
export const importQuery = listQuery({ ...importFilter, surprising: queryFlag.describe(SURPRISING) }, importSort);
export const importPage = pageOf(importView);

const clusterName = z.string().min(1).max(253);
const apiUrl = z.string().trim().min(1).max(2048).describe('https://host[:port], as the target hub reaches the cluster');
export const importParams = z.strictObject({ id, cluster: clusterName });
export const supplyApiUrlBody = z.strictObject({ apiUrl, ...actingWithReason });

// ---- GraphQL

export const ImportModel = objectType(importView);
export const ImportConnection = connectionType(ImportModel);
export const importArguments = listArguments('ClusterImport', { ...importFilter, surprising: z.boolean().optional().describe(SURPRISING) }, importSort);
export const supplyApiUrlInput = z.strictObject({ failoverId: id, cluster: clusterName, apiUrl, ...actingWithReason, ...mutationInput });
export const SupplyApiUrlInput = inputType('SupplyApiUrlInput', supplyApiUrlInput);
export const SupplyApiUrlPayload = payloadType('SupplyApiUrlPayload', { clusterImport: { type: ImportModel } });
