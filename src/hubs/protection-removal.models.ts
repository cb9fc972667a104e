import { z } from 'zod';
import { connectionType, listArguments } from '../api/connection.js';
import { docsUrlOf } from '../api/docs-url.js';
import { inputType, mutationInput, objectType, payloadType } from '../api/graphql-from-zod.js';
import { pageOf } from '../api/paging.js';
import { acting, correlationView, id, instant, orderedListQuery, queryFlag } from '../api/schemas.js';
import { iso, isoOrNull, named, toCorrelationView } from '../api/view.js';
import {
  removalActions, removalOutcomes, removalStatuses, removalWarningCodes, removedKinds, type ProtectionRemoval, type RemovalItem, type RemovalOutcome, type RemovalPlan, type RemovalTarget,
} from './protection-removal.types.js';

const kind = named('RemovedKind', removedKinds);
const action = named('RemovalAction', removalActions, 'FOLLOWS: goes with its owner, by the hub\u2019s own garbage collection');
const outcome = named('RemovalOutcome', removalOutcomes, 'GONE: was not there any more. KEPT: others manage it by now, or another object bears its name. REFUSED: by the hub');

const object = { kind, namespace: z.string(), name: z.string() };
const target = { ...object, uid: z.string(), action, why: z.string() };

const targetView = z.object(target).meta({ id: 'RemovalTarget', description: 'One object that is to be removed' });
const keptView = z.object({ ...object, why: z.string() }).meta({ id: 'KeptObject', description: 'One object that Lifeboat has touched and that stays' });
const warningView = z.object({ code: named('RemovalWarningCode', removalWarningCodes), docsUrl: z.string(), cause: z.string(), remedy: z.string() }).meta({ id: 'RemovalWarning' });
const lastSetView = z.object({ id, credentialsBackup: z.string(), startedAt: instant.nullable(), expiresAt: instant.nullable() }).meta({ id: 'LastSet', description: 'The newest complete set, which still holds the tokens' });

const consequencesView = z
  .object({
    clustersLosingTokens: z.int().describe('Clusters that have no token in the backup selection afterwards'),
    recoverableNow: z.int().describe('Clusters that the newest complete set brings back now, by their tokens'),
    clustersDroppingOut: z.int().describe('Of those, how many the next set brings back no more'),
    dropOutFrom: instant.nullable().describe('Start of the first set that lacks them; null: no schedule runs'),
    lastSet: lastSetView.nullable(),
    lastRestorableAt: instant.nullable().describe('From when on not even that set brings the last of them back; null: not known, or none drops out'),
  })
  .meta({ id: 'RemovalConsequences', description: 'What readiness becomes: sets that are done keep what they hold, new ones lack it' });

const removalPlanView = z
  .object({
    hubId: id,
    confirm: z.string().describe('What a removal must name: it is bound to exactly this list'),
    total: z.int().describe('Objects on the list'),
    targets: z.array(targetView).describe('Those that `offset` and `limit` ask for'),
    kept: z.array(keptView).describe('What Lifeboat has touched and leaves, at most a thousand'),
    consequences: consequencesView,
    warnings: z.array(warningView),
  })
  .meta({ id: 'RemovalPlan', description: 'What is removed of a hub\u2019s protection, object by object' });

const outcomeCount = z.object({ outcome, count: z.int() }).meta({ id: 'RemovalOutcomeCount' });
const removalFields = {
  id,
  hubId: id,
  status: named('RemovalStatus', removalStatuses, 'STOPPED: the policy became PROTECT again; what was not removed by then stays'),
  actor: z.string(),
  reason: z.string(),
  correlation: correlationView.nullable(),
  createdAt: instant,
  finishedAt: instant.nullable(),
  total: z.int(),
  open: z.int().describe('Objects without an outcome'),
  outcomes: z.array(outcomeCount),
  remaining: z.int().nullable().describe('Objects of ours that a last look still found; null: there was none yet'),
  lastErrorCode: z.string().nullable().describe('Why it waits'),
};
export const removalView = z.object(removalFields).meta({ id: 'ProtectionRemoval', description: 'Taking off a hub what PROTECT has made there' });
export type RemovalView = z.infer<typeof removalView>;

export const toRemovalView = (removal: ProtectionRemoval): RemovalView => ({
  id: removal.id,
  hubId: removal.hubId,
  status: removal.status,
  actor: removal.actor,
  reason: removal.reason,
  correlation: toCorrelationView(removal.correlation),
  createdAt: iso(removal.createdAt),
  finishedAt: isoOrNull(removal.finishedAt),
  total: removal.progress.total,
  open: removal.progress.open,
  outcomes: removalOutcomes.flatMap((one: RemovalOutcome) => {
    const count = removal.progress.byOutcome[one];
    return count === undefined ? [] : [{ outcome: one, count }];
  }),
  remaining: removal.remaining,
  lastErrorCode: removal.lastErrorCode,
});

const removalItemView = z
  .object({ position: z.int(), ...target, attemptedAt: instant.nullable(), outcome: outcome.nullable(), detail: z.string().nullable(), outcomeAt: instant.nullable() })
  .meta({ id: 'RemovalItem', description: 'One object of a removal, and what came of it' });
export type RemovalItemView = z.infer<typeof removalItemView>;

const toTargetView = ({ kind: what, namespace, name, uid, action: how, why }: RemovalTarget): z.infer<typeof targetView> => ({ kind: what, namespace, name, uid, action: how, why });
export const toRemovalItemView = (item: RemovalItem): RemovalItemView => ({
  position: item.position, ...toTargetView(item), attemptedAt: isoOrNull(item.attemptedAt), outcome: item.outcome, detail: item.detail, outcomeAt: isoOrNull(item.outcomeAt),
});

export const removalAnswer = z
  .object({ plan: removalPlanView, removal: removalView.nullable().describe('The removal that was begun; null: a dry run') })
  .meta({ id: 'RemovalAnswer' });
export type RemovalAnswer = z.infer<typeof removalAnswer>;

const MAX_KEPT = 1_000;

export const toRemovalAnswer = ({ plan, removal }: { readonly plan: RemovalPlan; readonly removal: ProtectionRemoval | null }, { offset, limit }: { readonly offset: number; readonly limit: number }): RemovalAnswer => ({
  plan: {
    hubId: plan.hubId,
    confirm: plan.confirm,
    total: plan.targets.length,
    targets: plan.targets.slice(offset, offset + limit).map(toTargetView),
    kept: plan.kept.slice(0, MAX_KEPT).map(({ kind: what, namespace, name, why }) => ({ kind: what, namespace, name, why })),
    consequences: {
      clustersLosingTokens: plan.consequences.clustersLosingTokens,
      recoverableNow: plan.consequences.recoverableNow,
      clustersDroppingOut: plan.consequences.clustersDroppingOut,
      dropOutFrom: isoOrNull(plan.consequences.dropOutFrom),
      lastSet: plan.consequences.lastSet && { id: plan.consequences.lastSet.id, credentialsBackup: plan.consequences.lastSet.credentialsBackup, startedAt: isoOrNull(plan.consequences.lastSet.startedAt), expiresAt: isoOrNull(plan.consequences.lastSet.expiresAt) },
      lastRestorableAt: isoOrNull(plan.consequences.lastRestorableAt),
    },
    warnings: plan.warnings.map(({ code, cause, remedy }) => ({ code, docsUrl: docsUrlOf(code), cause, remedy })),
  },
  removal: removal && toRemovalView(removal),
});

// ---- What callers send

const ask = {
  dryRun: z.boolean().default(false).describe('`true`: only tells what would be removed'),
  confirm: z.string().regex(/^[0-9a-f]{64}$/).optional().describe('`plan.confirm` of the list that was looked at; without it nothing is removed'),
  offset: z.int().min(0).max(10_000_000).default(0).describe('Which part of the list to tell; `confirm` says whether parts are of one list'),
  limit: z.int().min(1).max(5_000).default(200),
};
export const removeProtectionBody = z.strictObject({ ...ask, ...acting });
export const removalQuery = orderedListQuery({ hubId: id.optional() });
export const removalPage = pageOf(removalView);
const itemFilter = { outcome: outcome.optional() };
export const removalItemQuery = orderedListQuery({ ...itemFilter, open: queryFlag.describe('`true`: those without an outcome') });
export const removalItemPage = pageOf(removalItemView);

// ---- GraphQL

export const RemovalModel = objectType(removalView);
export const RemovalConnection = connectionType(RemovalModel);
export const removalArguments = listArguments('ProtectionRemoval', { hubId: id.optional() });
const RemovalItemModel = objectType(removalItemView);
export const RemovalItemConnection = connectionType(RemovalItemModel);
export const removalItemArguments = listArguments('RemovalItem', { ...itemFilter, open: z.boolean().optional() });
export const removeProtectionInput = z.strictObject({ hubId: id, ...ask, ...acting, ...mutationInput });
export const RemoveProtectionInput = inputType('RemoveProtectionInput', removeProtectionInput);
export const RemoveProtectionPayload = payloadType('RemoveProtectionPayload', { plan: { type: objectType(removalPlanView) }, removal: { type: RemovalModel, nullable: true } });
