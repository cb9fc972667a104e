import { z } from 'zod';
import { connectionType, listArguments } from '../api/connection.js';
import { docsUrlOf } from '../api/docs-url.js';
import { argsType, objectType } from '../api/graphql-from-zod.js';
import { pageOf } from '../api/paging.js';
import { exportFormats, type Columns } from '../api/row-stream.js';
import { id, instant, listQuery } from '../api/schemas.js';
import { iso, isoOrNull, named } from '../api/view.js';
import { clusterOrigin } from '../fleet/fleet.models.js';
import { remedyBy } from '../hubs/hubs.models.js';
import { importOutcomeCode } from '../recovery/imports/imports.models.js';
import { acknowledgementView, toAcknowledgementView } from './acknowledgements.models.js';
import {
  clusterGroupings, clusterReadinessSortFields, clusterVerdicts,
  type BackupSetSummary, type ClusterGroup, type ClusterReadinessRow, type ClusterReadinessView as ClusterReadiness, type Finding, type HubReadinessView as HubReadiness,
  type PlanReadinessView as PlanReadiness, type Readiness, type VerdictCounts,
} from './readiness.types.js';
import { clusterVerdict, severity } from './verdict.models.js';

export const verdict = named('Verdict', ['READY', 'AT_RISK', 'NOT_READY', 'UNKNOWN']);

export const findingView = z
  .object({
    code: z.string().describe('Stable'),
    docsUrl: z.string().describe('The page of the code, on this server'),
    severity,
    verdict: verdict.describe('What it makes of a verdict; READY: it only informs'),
    cause: z.string(),
    remedy: z.string(),
    remedyBy: remedyBy.describe('Who can carry it out'),
    since: instant,
    checkedAt: instant.nullable().describe('When an inspection or a probe last looked; null: the hub is watched for it'),
    predicts: importOutcomeCode.nullable().describe('On a cluster: how its import would end'),
    hubId: id.nullable().describe('Of a plan: which hub it is about'),
    acknowledgement: acknowledgementView.nullable().describe('Who knows of it; the finding counts nonetheless'),
  })
  .meta({ id: 'Finding', description: 'One fact that speaks against recovery, or limits what is known of it' });
type FindingView = z.infer<typeof findingView>;

export const toFindingView = (finding: Finding): FindingView => ({
  code: finding.code,
  docsUrl: docsUrlOf(finding.code),
  severity: finding.severity,
  verdict: finding.verdict,
  cause: finding.cause,
  remedy: finding.remedy,
  remedyBy: finding.remedyBy,
  since: iso(finding.since),
  checkedAt: isoOrNull(finding.checkedAt),
  predicts: finding.predicts,
  hubId: finding.hubId,
  acknowledgement: finding.acknowledgement === undefined ? null : toAcknowledgementView(finding.acknowledgement),
});

export const counts = z
  .object(Object.fromEntries(clusterVerdicts.map((word) => [word, z.int()])) as Record<(typeof clusterVerdicts)[number], z.ZodInt>)
  .meta({ id: 'VerdictCounts', description: 'Clusters by verdict' });

export const toCounts = (found: VerdictCounts): z.infer<typeof counts> => Object.fromEntries(clusterVerdicts.map((word) => [word, found[word]])) as z.infer<typeof counts>;

export const setSummary = z
  .object({
    id,
    credentialsBackup: z.string(),
    resourcesBackup: z.string().nullable(),
    genericBackup: z.string().nullable(),
    managedClustersBackup: z.string().nullable(),
    startedAt: instant.nullable(),
    expiresAt: instant.nullable(),
  })
  .meta({ id: 'BackupSetSummary' });

export const toSetSummary = (set: BackupSetSummary): z.infer<typeof setSummary> => ({
  id: set.id,
  credentialsBackup: set.credentialsBackup,
  resourcesBackup: set.resourcesBackup,
  genericBackup: set.genericBackup,
  managedClustersBackup: set.managedClustersBackup,
  startedAt: isoOrNull(set.startedAt),
  expiresAt: isoOrNull(set.expiresAt),
});

export const codeCount = z.object({ code: z.string(), severity, verdict, count: z.int().describe('Clusters with this finding') }).meta({ id: 'CodeCount' });

const readinessFields = {
  verdict,
  counts,
  clustersRecoverable: z.int().describe('Clusters that would come back, of those that need a token'),
  clustersTotal: z.int(),
  byCode: z.array(codeCount).describe('Gravest first, then most clusters'),
  findings: z.array(findingView).describe('Of the plan and its hubs, gravest first'),
  backupSet: setSummary.nullable().describe('What would be restored'),
  rpoCurrentSeconds: z.int().nullable().describe('How far back the newest usable set lies'),
  factsAgeSeconds: z.int().nullable().describe('Age of the oldest of the facts it rests on; null: some hub has never spoken'),
  computedAt: instant,
};

const toReadinessFields = (readiness: Readiness) => ({
  verdict: readiness.verdict,
  counts: toCounts(readiness.counts),
  clustersRecoverable: readiness.clustersRecoverable,
  clustersTotal: readiness.clustersTotal,
  byCode: readiness.byCode.map(({ code, severity, verdict, count }) => ({ code, severity, verdict, count })),
  findings: readiness.findings.map(toFindingView),
  backupSet: readiness.backupSet && toSetSummary(readiness.backupSet),
  rpoCurrentSeconds: seconds(readiness.rpoCurrentSeconds),
  factsAgeSeconds: seconds(readiness.factsAgeSeconds),
  computedAt: iso(readiness.computedAt),
});

const seconds = (value: number | null): number | null => (value === null ? null : Math.round(value));

export const planReadinessView = z
  .object({ planId: id, ...readinessFields, rpoTargetSeconds: z.int(), rtoTargetSeconds: z.int(), since: instant.describe('Since when the verdict is what it is') })
  .meta({ id: 'PlanReadiness', description: 'What a failover would bring' });
export type PlanReadinessView = z.infer<typeof planReadinessView>;

export const toPlanReadinessView = (readiness: PlanReadiness): PlanReadinessView => ({
  planId: readiness.planId,
  ...toReadinessFields(readiness),
  rpoTargetSeconds: readiness.rpoTargetSeconds,
  rtoTargetSeconds: readiness.rtoTargetSeconds,
  since: iso(readiness.since),
});

export const hubReadinessView = z.object({ hubId: id, ...readinessFields }).meta({ id: 'HubReadiness', description: 'As if the hub died now: by the newest set of its own' });
export type HubReadinessView = z.infer<typeof hubReadinessView>;

export const toHubReadinessView = (readiness: HubReadiness): HubReadinessView => ({ hubId: readiness.hubId, ...toReadinessFields(readiness) });

export const clusterReadinessRowView = z
  .object({
    planId: id,
    cluster: z.string(),
    origin: clusterOrigin,
    verdict: clusterVerdict,
    code: z.string().nullable().describe('The first finding\u2019s'),
    predictedOutcome: importOutcomeCode.nullable().describe('How its import would end; null: cannot be said'),
    findings: z.array(findingView).describe('Gravest first'),
    setId: id.nullable(),
    since: instant,
    computedAt: instant,
  })
  .meta({ id: 'PlanClusterReadiness', description: 'The verdict on one cluster under one plan' });
export type ClusterReadinessRowView = z.infer<typeof clusterReadinessRowView>;

export const toClusterReadinessRowView = (row: ClusterReadinessRow): ClusterReadinessRowView => ({
  planId: row.planId,
  cluster: row.cluster,
  origin: row.origin,
  verdict: row.verdict,
  code: row.code,
  predictedOutcome: row.predictedOutcome,
  findings: row.findings.map(toFindingView),
  setId: row.setId,
  since: iso(row.since),
  computedAt: iso(row.computedAt),
});

export const clusterReadinessView = z
  .object({
    clusterId: id,
    cluster: z.string(),
    hubId: id,
    verdict: clusterVerdict.describe('The worst of the plans\u2019; without a plan: by the hub\u2019s own newest set'),
    findings: z.array(findingView),
    byPlan: z.array(clusterReadinessRowView),
  })
  .meta({ id: 'ClusterReadiness' });
export type ClusterReadinessView = z.infer<typeof clusterReadinessView>;

export const toClusterReadinessView = (readiness: ClusterReadiness): ClusterReadinessView => ({
  clusterId: readiness.clusterId,
  cluster: readiness.cluster,
  hubId: readiness.hubId,
  verdict: readiness.verdict,
  findings: readiness.findings.map(toFindingView),
  byPlan: readiness.byPlan.map(toClusterReadinessRowView),
});

const rowFilter = {
  verdict: clusterVerdict.optional(),
  code: z.string().trim().min(1).max(100).optional().describe('Any of the cluster\u2019s findings'),
  origin: clusterOrigin.optional(),
  name: z.string().trim().min(1).max(253).optional().describe('A part of the name'),
  clusterSet: z.string().trim().min(1).max(253).optional(),
  vendor: z.string().trim().min(1).max(63).optional().describe('As the ManagedCluster\u2019s label says: OpenShift, EKS…'),
  label: z.string().trim().min(1).max(400).optional().describe('`key`, or `key=value`'),
};
const rowSort = { fields: clusterReadinessSortFields, fallback: 'cluster' } as const;
export const clusterReadinessQuery = listQuery(rowFilter, rowSort);
export const clusterReadinessPage = pageOf(clusterReadinessRowView);

export const clusterExportQuery = z.strictObject({ ...rowFilter, format: z.enum(exportFormats).default('jsonl') });
export const clusterExportShape = {
  columns: {
    cluster: (row) => row.cluster,
    origin: (row) => row.origin,
    verdict: (row) => row.verdict,
    code: (row) => row.code,
    predictedOutcome: (row) => row.predictedOutcome,
    cause: (row) => row.findings[0]?.cause ?? null,
    remedy: (row) => row.findings[0]?.remedy ?? null,
    findings: (row) => row.findings.map(({ code }) => code).join(' '),
    since: (row) => iso(row.since),
    computedAt: (row) => iso(row.computedAt),
  } satisfies Columns<ClusterReadinessRow>,
  toView: toClusterReadinessRowView,
};

const groupView = z
  .object({ value: z.string().nullable().describe('null: those without'), clusters: z.int(), counts })
  .meta({ id: 'ClusterReadinessGroup', description: 'Verdicts counted by a property of the clusters' });
export const groupsView = z.object({ items: z.array(groupView).describe('Most clusters first') }).meta({ id: 'ClusterReadinessGroups' });
export const toGroupView = (group: ClusterGroup): z.infer<typeof groupView> => ({ value: group.value, clusters: group.clusters, counts: toCounts(group.counts) });

const grouping = {
  by: named('ClusterGrouping', clusterGroupings).default('CODE'),
  labelKey: z.string().trim().min(1).max(317).optional().describe('For LABEL: which'),
};
const needsKey = <T extends { by: string; labelKey?: string | undefined }>(question: T): boolean => question.by !== 'LABEL' || question.labelKey !== undefined;
const KEY_MISSING = { path: ['labelKey'], error: 'LABEL needs labelKey' };
export const groupsQuery = z.strictObject({ ...grouping, ...rowFilter }).refine(needsKey, KEY_MISSING);

// ---- GraphQL

export const PlanReadinessModel = objectType(planReadinessView);
export const HubReadinessModel = objectType(hubReadinessView);
export const ClusterReadinessModel = objectType(clusterReadinessView);
export const ClusterReadinessRowConnection = connectionType(objectType(clusterReadinessRowView));
export const ClusterGroupModel = objectType(groupView);
const groupsShape = z.strictObject({ ...grouping, filter: z.strictObject(rowFilter).meta({ id: 'ClusterReadinessGroupFilter' }).default({}) });
export const GroupsArguments = argsType('ClusterReadinessGroupsArguments', groupsShape);
export const groupsArguments = groupsShape.refine(needsKey, KEY_MISSING);
export const clusterReadinessArguments = listArguments('PlanClusterReadiness', rowFilter, rowSort);
