import { z } from 'zod';
import { connectionType, listArguments } from '../../api/connection.js';
import { inputType, mutationInput, objectType, payloadType } from '../../api/graphql-from-zod.js';
import { inOrder, type Loaders } from '../../api/loaders.js';
import { pageOf } from '../../api/paging.js';
import { acting, actingWithReason, id, instant, listQuery, queryFlag } from '../../api/schemas.js';
import { iso, isoOrNull, named } from '../../api/view.js';
import type { PlansService } from './plans.service.js';
import { backupRules, planSortFields, reachabilityRules, type Plan } from './plans.types.js';

const backupRule = named('BackupRule', backupRules, 'NEWEST_COMPLETE: the newest set that the target shows in full');
const reachability = named(
  'ReachabilityRule', reachabilityRules,
  'ASSUMED: that the target reaches the clusters’ APIs is taken for granted, until a probe has been refused. PROBED: only what a probe has proved counts',
);

export const planView = z
  .object({
    id,
    name: z.string(),
    sourceHubId: id,
    targetHubId: id,
    rpoSeconds: z.int().describe('How much of the fleet\u2019s state may be lost'),
    rtoSeconds: z.int().describe('How long the recovery may take'),
    backupRule,
    approvalRequired: z.boolean(),
    importWindowSeconds: z.int().describe('How long imports are retried after the restore'),
    reachability,
    probeIntervalSeconds: z.int().describe('How often the way from the target to each cluster is probed, where reachability is PROBED'),
    deepCheck: z.boolean().describe('Whether each cluster\u2019s token is tried on the cluster itself, once a day and after each refresh. Lifeboat then reads token values from the source hub; they are used once and kept nowhere'),
    version: z.int().describe('Grows with each change; the ETag'),
    createdAt: instant,
    createdBy: z.string(),
    updatedAt: instant,
    archivedAt: instant.nullable(),
  })
  .meta({ id: 'RecoveryPlan', description: 'What shall happen if the source hub is lost' });
export type PlanView = z.infer<typeof planView>;

export const toPlanView = (plan: Plan): PlanView => ({
  id: plan.id,
  name: plan.name,
  sourceHubId: plan.sourceHubId,
  targetHubId: plan.targetHubId,
  rpoSeconds: plan.rpoSeconds,
  rtoSeconds: plan.rtoSeconds,
  backupRule: plan.backupRule,
  approvalRequired: plan.approvalRequired,
  importWindowSeconds: plan.importWindowSeconds,
  reachability: plan.reachability,
  probeIntervalSeconds: plan.probeIntervalSeconds,
  deepCheck: plan.deepCheck,
  version: plan.version,
  createdAt: iso(plan.createdAt),
  createdBy: plan.createdBy,
  updatedAt: iso(plan.updatedAt),
  archivedAt: isoOrNull(plan.archivedAt),
});

const changeable = {
  name: z.string().trim().min(1).max(100),
  rpoSeconds: z.int().min(60).max(2_592_000).optional().describe('A minute to thirty days; a day by default'),
  rtoSeconds: z.int().min(60).max(2_592_000).optional().describe('A minute to thirty days; an hour by default'),
  backupRule: backupRule.optional(),
  approvalRequired: z.boolean().optional().describe('true by default'),
  importWindowSeconds: z.int().min(10).max(86_400).optional().describe('Ten seconds to a day; an hour by default'),
  reachability: reachability.optional().describe('ASSUMED by default'),
  probeIntervalSeconds: z.int().min(300).max(604_800).optional().describe('Five minutes to a week; six hours by default'),
  deepCheck: z.boolean().optional().describe('false by default: it reads token values'),
};
const hubs = { sourceHubId: id, targetHubId: id };
const change = { ...changeable, name: changeable.name.optional() };
export const createPlanBody = z.strictObject({ ...changeable, ...hubs, ...acting });
export const updatePlanBody = z.strictObject({ ...change, ...acting });

const planFilter = {
  hubId: id.optional().describe('Plans that name the hub as source or as target'),
  sourceHubId: id.optional(),
  targetHubId: id.optional(),
  name: z.string().trim().min(1).max(100).optional().describe('A part of the name'),
};
const planSort = { fields: planSortFields, fallback: 'name' } as const;
export const planQuery = listQuery({ ...planFilter, includeArchived: queryFlag }, planSort);
export const planPage = pageOf(planView);

// ---- GraphQL

export const PlanModel = objectType(planView);
export const PlanConnection = connectionType(PlanModel);
export const planArguments = listArguments('RecoveryPlan', { ...planFilter, includeArchived: z.boolean().optional() }, planSort);
export const createPlanInput = z.strictObject({ ...changeable, ...hubs, ...acting, ...mutationInput });
export const CreatePlanInput = inputType('CreatePlanInput', createPlanInput);
export const updatePlanInput = z.strictObject({ id, version: z.int().min(1).describe('The version that was read'), ...change, ...acting, ...mutationInput });
export const UpdatePlanInput = inputType('UpdatePlanInput', updatePlanInput);
export const archivePlanInput = z.strictObject({ id, ...actingWithReason, ...mutationInput });
export const ArchivePlanInput = inputType('ArchivePlanInput', archivePlanInput);
export const PlanPayload = payloadType('PlanPayload', { plan: { type: PlanModel } });

const PLANS = {};

/** The plan of an id, in batches. null: there is none. */
export async function loadPlan(loaders: Loaders, plans: Pick<PlansService, 'getMany'>, planId: string): Promise<PlanView | null> {
  const plan = await loaders.of(PLANS, async (ids: readonly string[]) => inOrder(ids, await plans.getMany(ids), (row) => row.id)).load(planId);
  return plan && toPlanView(plan);
}
