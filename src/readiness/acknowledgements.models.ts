import { z } from 'zod';
import { connectionType, listArguments } from '../api/connection.js';
import { inputType, mutationInput, objectType, payloadType } from '../api/graphql-from-zod.js';
import { pageOf } from '../api/paging.js';
import { acting, actingWithReason, id, instant, instantIn, orderedListQuery, queryFlag } from '../api/schemas.js';
import { iso, isoOrNull } from '../api/view.js';
import type { Acknowledgement } from './readiness.types.js';

export const acknowledgementView = z
  .object({
    id,
    planId: id,
    cluster: z.string().nullable().describe('null: the finding wherever it occurs under the plan'),
    code: z.string(),
    reason: z.string(),
    acknowledgedBy: z.string(),
    acknowledgedAt: instant,
    until: instant,
    withdrawnBy: z.string().nullable(),
    withdrawnAt: instant.nullable(),
  })
  .meta({ id: 'Acknowledgement', description: 'Somebody knows of a finding and lives with it for a while. The finding counts nonetheless' });
export type AcknowledgementView = z.infer<typeof acknowledgementView>;
export const acknowledgementPage = pageOf(acknowledgementView);

export const toAcknowledgementView = (one: Acknowledgement): AcknowledgementView => ({
  id: one.id,
  planId: one.planId,
  cluster: one.cluster,
  code: one.code,
  reason: one.reason,
  acknowledgedBy: one.acknowledgedBy,
  acknowledgedAt: iso(one.acknowledgedAt),
  until: iso(one.until),
  withdrawnBy: one.withdrawnBy,
  withdrawnAt: isoOrNull(one.withdrawnAt),
});

const code = z.string().trim().regex(/^[A-Z][A-Z0-9_]{2,63}$/, 'A code is in capitals, e.g. API_URL_MISSING');
const cluster = z.string().trim().min(1).max(253);

const content = {
  code: code.describe('Of the finding'),
  cluster: cluster.optional().describe('Absent: the finding wherever it occurs under the plan'),
  until: instantIn.describe('At most 90 days ahead'),
};
export const acknowledgeBody = z.strictObject({ ...content, ...actingWithReason });

const filter = { code: code.optional(), cluster: cluster.optional() };
export const acknowledgementQuery = orderedListQuery({ ...filter, inForce: queryFlag.describe('`false`: also those that are withdrawn or over') });

// ---- GraphQL

export const AcknowledgementModel = objectType(acknowledgementView);
export const AcknowledgementConnection = connectionType(AcknowledgementModel);
export const acknowledgementArguments = listArguments('Acknowledgement', { ...filter, inForce: z.boolean().optional().describe('`false`: also those that are withdrawn or over') });
export const acknowledgeFindingInput = z.strictObject({ planId: id, ...content, ...actingWithReason, ...mutationInput });
export const AcknowledgeFindingInput = inputType('AcknowledgeFindingInput', acknowledgeFindingInput);
export const withdrawAcknowledgementInput = z.strictObject({ id, ...acting, ...mutationInput });
export const WithdrawAcknowledgementInput = inputType('WithdrawAcknowledgementInput', withdrawAcknowledgementInput);
export const AcknowledgementPayload = payloadType('AcknowledgementPayload', { acknowledgement: { type: AcknowledgementModel } });
