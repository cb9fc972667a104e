import { z } from 'zod';
import { connectionType, listArguments } from '../../api/connection.js';
import { docsUrlOf } from '../../api/docs-url.js';
import { inputType, mutationInput, objectType, payloadType } from '../../api/graphql-from-zod.js';
import { actingWithReason, correlationView, id, instant, listQuery } from '../../api/schemas.js';
import { iso, isoOrNull, named, toCorrelationView } from '../../api/view.js';
import { pageOf } from '../../api/paging.js';
import { restoreMode } from '../restores/restores.models.js';
import { importCountsView, toImportCountsView } from '../imports/imports.models.js';
import {
  approvalDecisions, failoverKinds, failoverOperations, failoverProblemCodes, failoverSortFields, failoverStatuses, stepResults, terminalStatuses,
  type AllowedOperation, type Approval, type Failover, type FailoverDetail, type FailoverEvent, type FailoverStatus, type FailoverStep, type PinnedContent,
} from './failovers.types.js';

const kind = named('FailoverKind', failoverKinds);
const status = named('FailoverStatus', failoverStatuses);

const pinnedHub = z.object({ hubId: id, name: z.string(), clusterId: z.string().nullable() }).meta({ id: 'PinnedHub' });
const pinnedBackups = z
  .object({ credentials: z.string(), resources: z.string(), managedClusters: z.string(), generic: z.string().nullable() })
  .meta({ id: 'PinnedBackups', description: 'Velero Backups by exact name' });
const pinnedView = z
  .object({
    planVersion: z.int(),
    source: pinnedHub,
    target: pinnedHub,
    setId: id,
    backups: pinnedBackups,
    restoreName: z.string().describe('On the target'),
    mode: restoreMode,
    clustersHash: z.string().describe('SHA-256 over the sorted names'),
    clusters: z.int(),
    sourceAnswers: z.boolean().describe('When it was checked'),
  })
  .meta({ id: 'PinnedContent', description: 'What the failover would do: fixed before it is approved, and what an approval is bound to' });

const toPinnedView = (pinned: PinnedContent): z.infer<typeof pinnedView> => ({
  planVersion: pinned.planVersion,
  source: toPinnedHub(pinned.source),
  target: toPinnedHub(pinned.target),
  setId: pinned.setId,
  backups: { credentials: pinned.backups.credentials, resources: pinned.backups.resources, managedClusters: pinned.backups.managedClusters, generic: pinned.backups.generic },
  restoreName: pinned.restoreName,
  mode: pinned.mode,
  clustersHash: pinned.clustersHash,
  clusters: pinned.clusters,
  sourceAnswers: pinned.sourceAnswers,
});
const toPinnedHub = ({ hubId, name, clusterId }: PinnedContent['target']): z.infer<typeof pinnedHub> => ({ hubId, name, clusterId });

const problemView = z
  .object({ code: named('FailoverProblemCode', failoverProblemCodes), docsUrl: z.string().describe('The page of the code, on this server'), message: z.string(), remedy: z.string() })
  .meta({ id: 'FailoverProblem', description: 'Why a failover failed or needs a person' });

const failoverFields = {
  id,
  planId: id,
  kind,
  status,
  sourceHubId: id,
  targetHubId: id,
  requestedBy: z.string(),
  reason: z.string(),
  correlation: correlationView.nullable(),
  setId: id.nullable(),
  contentHash: z.string().nullable().describe('What an approval is bound to'),
  pinned: pinnedView.nullable(),
  problem: problemView.nullable(),
  needsAttention: z.boolean().describe('It stands still until a person retries or aborts'),
  createdAt: instant,
  approvedAt: instant.nullable(),
  finishedAt: instant.nullable(),
  version: z.int(),
};
const failoverView = z.object(failoverFields).meta({ id: 'Failover', description: 'One execution of a recovery plan' });
export type FailoverView = z.infer<typeof failoverView>;

export const toFailoverView = (failover: Failover): FailoverView => ({
  id: failover.id,
  planId: failover.planId,
  kind: failover.kind,
  status: failover.status,
  sourceHubId: failover.sourceHubId,
  targetHubId: failover.targetHubId,
  requestedBy: failover.requestedBy,
  reason: failover.reason,
  correlation: toCorrelationView(failover.correlation),
  setId: failover.setId,
  contentHash: failover.contentHash,
  pinned: failover.pinned && toPinnedView(failover.pinned),
  problem: failover.problem && { code: failover.problem.code, docsUrl: docsUrlOf(failover.problem.code), message: failover.problem.message, remedy: failover.problem.remedy },
  needsAttention: failover.needsAttention,
  createdAt: iso(failover.createdAt),
  approvedAt: isoOrNull(failover.approvedAt),
  finishedAt: isoOrNull(failover.finishedAt),
  version: failover.version,
});

const facts = z.record(z.string(), z.unknown());

const stepView = z
  .object({
    step: status,
    position: z.int(),
    intent: facts.nullable().describe('What it set out to do; null: not begun'),
    intentAt: instant.nullable(),
    outcome: facts.nullable(),
    result: named('StepResult', stepResults).nullable().describe('null: not known yet'),
    outcomeAt: instant.nullable(),
  })
  .meta({ id: 'FailoverStep' });
export type StepView = z.infer<typeof stepView>;

export const toStepView = (step: FailoverStep): StepView => ({
  step: step.step,
  position: step.position,
  intent: step.intent && { ...step.intent },
  intentAt: isoOrNull(step.intentAt),
  outcome: step.outcome && { ...step.outcome },
  result: step.result,
  outcomeAt: isoOrNull(step.outcomeAt),
});

const evidenceView = z.object({ number: z.string().nullable(), url: z.string().nullable() }).meta({ id: 'Evidence' });
const decision = named('ApprovalDecision', approvalDecisions);

const approvalView = z
  .object({
    id,
    decision,
    decidedBy: z.string(),
    reason: z.string(),
    evidence: evidenceView.nullable(),
    contentHash: z.string(),
    valid: z.boolean().describe('false: the content has changed since'),
    decidedAt: instant,
  })
  .meta({ id: 'Approval', description: 'Another person\u2019s decision, bound to the content of what was decided on' });
export type ApprovalView = z.infer<typeof approvalView>;

export const toApprovalView = (approval: Approval): ApprovalView => ({
  id: approval.id,
  decision: approval.decision,
  decidedBy: approval.decidedBy,
  reason: approval.reason,
  evidence: approval.evidence && { number: approval.evidence.number ?? null, url: approval.evidence.url ?? null },
  contentHash: approval.contentHash,
  valid: approval.valid,
  decidedAt: iso(approval.decidedAt),
});

const allowedOperationView = z
  .object({
    operation: named('FailoverOperation', failoverOperations),
    allowed: z.boolean(),
    refusalCode: z.string().nullable(),
    refusal: z.string().nullable(),
  })
  .meta({ id: 'AllowedOperation', description: 'What may be asked of the failover now, and why not' });
export type AllowedOperationView = z.infer<typeof allowedOperationView>;

export const toAllowedOperationView = ({ operation, allowed, refusalCode, refusal }: AllowedOperation): AllowedOperationView => ({ operation, allowed, refusalCode, refusal });

const links = z.object({ self: z.string(), events: z.string(), imports: z.string() }).meta({ id: 'FailoverLinks' });

export const failoverDetailView = z
  .object({
    ...failoverFields,
    steps: z.array(stepView).describe('In order, also those that are still to come'),
    approvals: z.array(approvalView),
    allowedOperations: z.array(allowedOperationView),
    importCounts: importCountsView,
    links,
  })
  .meta({ id: 'FailoverDetail' });
export type FailoverDetailView = z.infer<typeof failoverDetailView>;

export function toFailoverDetailView(failover: FailoverDetail): FailoverDetailView {
  const self = `/api/v1/failovers/${failover.id}`;
  return {
    ...toFailoverView(failover),
    steps: failover.steps.map(toStepView),
    approvals: failover.approvals.map(toApprovalView),
    allowedOperations: failover.allowedOperations.map(toAllowedOperationView),
    importCounts: toImportCountsView(failover.imports),
    links: { self, events: `${self}/events`, imports: `${self}/imports` },
  };
}

const eventView = z
  .object({
    failoverId: id,
    sequence: z.int().describe('1, 2, 3\u2026 within the failover'),
    type: z.string(),
    summary: z.string().describe('One line, ready as a work note'),
    data: facts,
    actor: z.string(),
    at: instant,
    correlation: correlationView.nullable(),
  })
  .meta({ id: 'FailoverEvent', description: 'One line of a failover\u2019s log; never changed, never removed' });
export type EventView = z.infer<typeof eventView>;

/** @param correlation of the failover, echoed so that a receiver needs no look-up */
export const toEventView = (event: FailoverEvent, correlation: Failover['correlation']): EventView => ({
  failoverId: event.failoverId,
  sequence: event.sequence,
  type: event.type,
  summary: event.summary,
  data: { ...event.data },
  actor: event.actor,
  at: iso(event.at),
  correlation: toCorrelationView(correlation),
});

export const isTerminal = (word: FailoverStatus): boolean => (terminalStatuses as readonly FailoverStatus[]).includes(word);

// ---- What callers send

export const startFailoverParams = z.strictObject({ planId: id });
export const startFailoverBody = z.strictObject({ kind, ...actingWithReason });

const evidence = z
  .strictObject({ number: z.string().trim().min(1).max(255).optional(), url: z.url({ protocol: /^https?$/ }).max(2048).optional() })
  .meta({ id: 'EvidenceInput', description: 'The caller\u2019s proof: a ticket' });
const decisionFields = {
  decision,
  evidence: evidence.optional(),
  contentHash: z.string().min(1).max(128).optional().describe('What you saw; another content then refuses the decision'),
};
export const decideFailoverBody = z.strictObject({ ...decisionFields, ...actingWithReason });

/** `?status=FENCING,RESTORING` or the parameter twice */
const statuses = z.preprocess((value) => (typeof value === 'string' ? value.split(',') : value), z.array(status).min(1).max(failoverStatuses.length));
const failoverFilter = {
  planId: id.optional(),
  hubId: id.optional().describe('As source or as target'),
  correlationId: z.string().trim().min(1).max(255).optional(),
  correlationNumber: z.string().trim().min(1).max(255).optional(),
};
const failoverSort = { fields: failoverSortFields, fallback: '-createdAt' } as const;
export const failoverQuery = listQuery({ ...failoverFilter, status: statuses.optional().describe('One or more; also by commas') }, failoverSort);
export const failoverPage = pageOf(failoverView);

const sequence = z.coerce.number().int().min(0).max(999_999_999);
export const eventQuery = z.strictObject({
  after: sequence.optional().describe('Sequence of the last event that you have; Last-Event-ID says the same'),
  cursor: sequence.optional().describe('`page.nextCursor` of the page before'),
  limit: z.coerce.number().int().min(1).max(500).default(200),
});
export const eventPage = pageOf(eventView);

// ---- GraphQL

export const FailoverModel = objectType(failoverView);
export const FailoverConnection = connectionType(FailoverModel);
export const failoverArguments = listArguments('Failover', { ...failoverFilter, status: z.array(status).min(1).max(failoverStatuses.length).optional() }, failoverSort);
export const StepModel = objectType(stepView);
export const ApprovalModel = objectType(approvalView);
export const AllowedOperationModel = objectType(allowedOperationView);
export const ImportCountsModel = objectType(importCountsView);
export const EventModel = objectType(eventView);
export const EventConnection = connectionType(EventModel);


export const startFailoverInput = z.strictObject({ planId: id, kind, ...actingWithReason, ...mutationInput });
export const StartFailoverInput = inputType('StartFailoverInput', startFailoverInput);
export const decideFailoverInput = z.strictObject({ id, ...decisionFields, ...actingWithReason, ...mutationInput });
export const DecideFailoverInput = inputType('DecideFailoverInput', decideFailoverInput);
export const failoverReasonInput = z.strictObject({ id, ...actingWithReason, ...mutationInput });
export const AbortFailoverInput = inputType('AbortFailoverInput', failoverReasonInput);
export const RetryFailoverInput = inputType('RetryFailoverInput', failoverReasonInput);
export const FailoverPayload = payloadType('FailoverPayload', { failover: { type: FailoverModel } });
