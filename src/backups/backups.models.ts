import { z } from 'zod';
import { connectionType, listArguments } from '../api/connection.js';
import { objectType } from '../api/graphql-from-zod.js';
import { pageOf } from '../api/paging.js';
import { id, instant, listQuery, orderedListQuery } from '../api/schemas.js';
import { iso, isoOrNull, named } from '../api/view.js';
import {
  backupParts, backupSetSortFields, backupSetStatuses, beliefReasons, beliefs, evidenceKinds, recordStates, type BackupSet, type BackupSetCluster, type BackupSetMember,
  type BackupSetToken, type BeliefCounts,
} from './backups.types.js';

const status = named('BackupSetStatus', backupSetStatuses, 'PARTIAL: the credentials are usable, another part is not. FAILED: the credentials are not');

const backupSetMemberView = z
  .object({
    part: named('BackupPart', backupParts),
    backup: z.string(),
    veleroSchedule: z.string().describe('The Velero schedule that made it'),
    phase: z.string().nullable().describe('null: no hub shows it any more'),
    storageLocation: z.string().nullable(),
    startedAt: instant.nullable(),
    completedAt: instant.nullable(),
    expiresAt: instant.nullable(),
    record: named('RecordState', recordStates, 'Velero\u2019s own record of what it holds. WAITING: will be read, or tried again. FAILED: is not tried again. NOT_ASKED: of an older set, or not done yet'),
    recordHubId: id.nullable().describe('The hub that gave the record, or was asked last'),
    recordReadAt: instant.nullable(),
    problem: z
      .object({ code: z.string(), detail: z.string().nullable() })
      .meta({ id: 'RecordProblem', description: 'Why the record could not be read; /problems tells what to do' })
      .nullable(),
  })
  .meta({ id: 'BackupSetMember', description: 'One Velero Backup of a set, and the reading of Velero\u2019s own record of it' });

const toMemberView = (member: BackupSetMember): z.infer<typeof backupSetMemberView> => ({
  part: member.part,
  backup: member.backup,
  veleroSchedule: member.veleroSchedule,
  phase: member.phase,
  storageLocation: member.storageLocation,
  startedAt: isoOrNull(member.startedAt),
  completedAt: isoOrNull(member.completedAt),
  expiresAt: isoOrNull(member.expiresAt),
  record: member.record,
  recordHubId: member.recordHubId,
  recordReadAt: isoOrNull(member.recordReadAt),
  problem: member.problemCode === null ? null : { code: member.problemCode, detail: member.problemDetail },
});

const backupSetSightView = z
  .object({
    hubId: id,
    since: instant.nullable().describe('Since when it has shown all backups of the finished set'),
    afterSeconds: z.int().nullable().describe('How long after the last of them was done'),
  })
  .meta({ id: 'BackupSetSight', description: 'A hub that shows a backup set' });

const beliefCountsView = z
  .object({ verifiedIn: z.int(), verifiedOut: z.int(), inferredIn: z.int(), inferredOut: z.int(), unknown: z.int() })
  .meta({ id: 'BeliefCounts', description: 'How many are held to be inside, and how surely' });

const toCountsView = (counts: BeliefCounts): z.infer<typeof beliefCountsView> => ({
  verifiedIn: counts.VERIFIED_IN, verifiedOut: counts.VERIFIED_OUT, inferredIn: counts.INFERRED_IN, inferredOut: counts.INFERRED_OUT, unknown: counts.UNKNOWN,
});

export const backupSetView = z
  .object({
    id,
    ownerClusterId: z.string(),
    ownerHubId: id.nullable().describe('The registered hub with that cluster id'),
    credentialsBackup: z.string(),
    resourcesBackup: z.string().nullable(),
    genericBackup: z.string().nullable(),
    managedClustersBackup: z.string().nullable(),
    status,
    startedAt: instant.nullable().describe('Start of the credentials backup: the moment that decides which token is inside'),
    managedClustersStartedAt: instant.nullable(),
    completedAt: instant.nullable(),
    expiresAt: instant.nullable(),
    firstSeenAt: instant,
    shownByHubIds: z.array(id).describe('Hubs that show all its backups now'),
    scheduleName: z.string().nullable().describe('The BackupSchedule that ran'),
    tainted: z.string().nullable().describe('Why another hub\u2019s doings cast doubt on the set; null: nothing does'),
    members: z.array(backupSetMemberView).describe('Its backups, the credentials first'),
    shownBy: z.array(backupSetSightView),
    tokenCounts: beliefCountsView,
    clusterCounts: beliefCountsView,
  })
  .meta({ id: 'BackupSet', description: 'The Velero backups that one run of a BackupSchedule produced' });
export type BackupSetView = z.infer<typeof backupSetView>;

export const toBackupSetView = (set: BackupSet): BackupSetView => ({
  id: set.id,
  ownerClusterId: set.ownerClusterId,
  ownerHubId: set.ownerHubId,
  credentialsBackup: set.credentialsBackup,
  resourcesBackup: set.resourcesBackup,
  genericBackup: set.genericBackup,
  managedClustersBackup: set.managedClustersBackup,
  status: set.status,
  startedAt: isoOrNull(set.startedAt),
  managedClustersStartedAt: isoOrNull(set.managedClustersStartedAt),
  completedAt: isoOrNull(set.completedAt),
  expiresAt: isoOrNull(set.expiresAt),
  firstSeenAt: iso(set.firstSeenAt),
  shownByHubIds: [...set.shownByHubIds],
  scheduleName: set.scheduleName,
  tainted: set.tainted,
  members: set.members.map(toMemberView),
  shownBy: set.shownBy.map(({ hubId, since, afterSeconds }) => ({ hubId, since: isoOrNull(since), afterSeconds })),
  tokenCounts: toCountsView(set.tokenCounts),
  clusterCounts: toCountsView(set.clusterCounts),
});

export const belief = named('Belief', beliefs, 'What a set is held to contain of a token or a cluster');
export const evidenceKind = named(
  'EvidenceKind', evidenceKinds,
  'RESOURCE_LIST: Velero\u2019s own record. PASSIVE_SYNC: what a passive hub restored. LABEL_AT_START, AGE_AT_START: how it stood when the backup began',
);
const conflict = z.string().nullable().describe('Where the sources contradict each other; the pessimistic one has decided');

const backupSetTokenView = z
  .object({
    setId: id,
    cluster: z.string(),
    account: z.string(),
    belief,
    expiresAt: instant.nullable().describe('Of the token inside'),
    refreshedAt: instant.nullable(),
    evidence: z.string(),
    reason: named('BeliefReason', beliefReasons).nullable().describe('Why it is out'),
    evidenceKind,
    evidenceHubId: id.nullable().describe('The hub that gave the evidence'),
    conflict,
    expiryDoubt: z.string().nullable().describe('Why the recorded expiry is not to be trusted; null: nothing speaks against it'),
    decidedAt: instant,
  })
  .meta({ id: 'BackupSetToken', description: 'What a backup set is believed to hold of one token' });
export type BackupSetTokenView = z.infer<typeof backupSetTokenView>;

export const toBackupSetTokenView = (token: BackupSetToken): BackupSetTokenView => ({
  setId: token.setId,
  cluster: token.cluster,
  account: token.account,
  belief: token.belief,
  expiresAt: isoOrNull(token.expiresAt),
  refreshedAt: isoOrNull(token.refreshedAt),
  evidence: token.evidence,
  reason: token.reason,
  evidenceKind: token.evidenceKind,
  evidenceHubId: token.evidenceHubId,
  conflict: token.conflict,
  expiryDoubt: token.expiryDoubt,
  decidedAt: iso(token.decidedAt),
});

const backupSetClusterView = z
  .object({
    setId: id,
    cluster: z.string(),
    belief,
    evidence: z.string(),
    evidenceKind,
    evidenceHubId: id.nullable(),
    conflict,
    apiUrlKnown: z.boolean().describe('Whether it is known what apiUrl was when the managed-clusters backup began'),
    apiUrl: z.string().nullable().describe('The API URL that a restore would bring back'),
    hasAccount: z.boolean().nullable().describe('The resources backup holds an auto-import account of it; null: not read'),
    hasBinding: z.boolean().nullable().describe('The generic resources backup holds the ManifestWork of its role binding; null: not read'),
    decidedAt: instant,
  })
  .meta({ id: 'BackupSetCluster', description: 'What a backup set is believed to hold of one managed cluster' });
export type BackupSetClusterView = z.infer<typeof backupSetClusterView>;

export const toBackupSetClusterView = (cluster: BackupSetCluster): BackupSetClusterView => ({
  setId: cluster.setId,
  cluster: cluster.cluster,
  belief: cluster.belief,
  evidence: cluster.evidence,
  evidenceKind: cluster.evidenceKind,
  evidenceHubId: cluster.evidenceHubId,
  conflict: cluster.conflict,
  apiUrlKnown: cluster.apiUrlKnown,
  apiUrl: cluster.apiUrl,
  hasAccount: cluster.hasAccount,
  hasBinding: cluster.hasBinding,
  decidedAt: iso(cluster.decidedAt),
});

const setFilter = { hubId: id.optional().describe('Sets that this hub owns'), status: status.optional() };
const setSort = { fields: backupSetSortFields, fallback: '-startedAt' } as const;
export const backupSetQuery = listQuery(setFilter, setSort);
export const backupSetPage = pageOf(backupSetView);

const setTokenFilter = { belief: belief.optional(), cluster: z.string().trim().min(1).max(253).optional() };
export const backupSetTokenQuery = orderedListQuery(setTokenFilter);
export const backupSetTokenPage = pageOf(backupSetTokenView);

const setClusterFilter = { belief: belief.optional(), cluster: z.string().trim().min(1).max(253).optional() };
export const backupSetClusterQuery = orderedListQuery(setClusterFilter);
export const backupSetClusterPage = pageOf(backupSetClusterView);

// ---- GraphQL

export const BackupSetModel = objectType(backupSetView);
export const BackupSetConnection = connectionType(BackupSetModel);
export const backupSetArguments = listArguments('BackupSet', setFilter, setSort);
const BackupSetTokenModel = objectType(backupSetTokenView);
export const BackupSetTokenConnection = connectionType(BackupSetTokenModel);
export const backupSetTokenArguments = listArguments('BackupSetToken', setTokenFilter);
const BackupSetClusterModel = objectType(backupSetClusterView);
export const BackupSetClusterConnection = connectionType(BackupSetClusterModel);
export const backupSetClusterArguments = listArguments('BackupSetCluster', setClusterFilter);
