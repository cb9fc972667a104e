import { z } from 'zod';
import { connectionType, listArguments } from '../api/connection.js';
import { inputType, mutationInput, objectType, payloadType } from '../api/graphql-from-zod.js';
import { pageOf } from '../api/paging.js';
import { actingWithReason, id, instant, listQuery, orderedListQuery } from '../api/schemas.js';
import { iso, isoOrNull, named } from '../api/view.js';
import { backupSetSortFields, backupSetStatuses, beliefReasons, beliefs, type BackupSchedule, type BackupSet, type BackupSetToken } from './backups.types.js';

export const backupScheduleView = z
  .object({
    hubId: id,
    name: z.string(),
    phase: z.string().nullable(),
    lastMessage: z.string().nullable(),
    cron: z.string().nullable(),
    veleroTtlSeconds: z.int().nullable(),
    tokenTtlSeconds: z.int().nullable(),
    useManagedServiceAccount: z.boolean(),
    paused: z.boolean(),
    veleroPaused: z.boolean().describe('The Velero schedules are paused: no backup runs, whatever the phase says'),
    readAt: instant,
  })
  .meta({ id: 'BackupSchedule', description: 'RHACM\u2019s BackupSchedule on a hub' });
export type BackupScheduleView = z.infer<typeof backupScheduleView>;

export const toBackupScheduleView = (schedule: BackupSchedule): BackupScheduleView => ({
  hubId: schedule.hubId,
  name: schedule.name,
  phase: schedule.phase,
  lastMessage: schedule.lastMessage,
  cron: schedule.cron,
  veleroTtlSeconds: schedule.veleroTtlSeconds,
  tokenTtlSeconds: schedule.tokenTtlSeconds,
  useManagedServiceAccount: schedule.useManagedServiceAccount,
  paused: schedule.paused,
  veleroPaused: schedule.veleroPaused,
  readAt: iso(schedule.readAt),
});

const status = named('BackupSetStatus', backupSetStatuses, 'PARTIAL: the credentials are usable, another part is not. FAILED: the credentials are not');

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
});

const belief = named('Belief', beliefs, 'What a set is held to contain of a token');

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
  decidedAt: iso(token.decidedAt),
});

const schedule = {
  name: z.string().trim().min(1).max(253).optional().describe('Absent: the one that exists, else `schedule-acm`'),
  cron: z.string().trim().min(1).max(200).describe('Five fields, or `@every 1h`, `@daily`\u2026 as Velero reads it'),
  veleroTtl: z.string().trim().min(1).max(50).describe('Go duration, e.g. `720h`'),
  tokenTtl: z.string().trim().min(1).max(50).optional().describe('Go duration; absent: twice veleroTtl, as the operator does'),
  useManagedServiceAccount: z.boolean(),
  paused: z.boolean().optional(),
};
export const putBackupScheduleBody = z.strictObject({ ...schedule, ...actingWithReason });

export const backupScheduleQuery = orderedListQuery({ hubId: id.optional() });
export const backupSchedulePage = pageOf(backupScheduleView);

const setFilter = { hubId: id.optional().describe('Sets that this hub owns'), status: status.optional() };
const setSort = { fields: backupSetSortFields, fallback: '-startedAt' } as const;
export const backupSetQuery = listQuery(setFilter, setSort);
export const backupSetPage = pageOf(backupSetView);

const setTokenFilter = { belief: belief.optional(), cluster: z.string().trim().min(1).max(253).optional() };
export const backupSetTokenQuery = orderedListQuery(setTokenFilter);
export const backupSetTokenPage = pageOf(backupSetTokenView);

// ---- GraphQL

const BackupScheduleModel = objectType(backupScheduleView);
export const BackupScheduleConnection = connectionType(BackupScheduleModel);
export const backupScheduleArguments = listArguments('BackupSchedule', { hubId: id.optional() });
export const BackupSetModel = objectType(backupSetView);
export const BackupSetConnection = connectionType(BackupSetModel);
export const backupSetArguments = listArguments('BackupSet', setFilter, setSort);
const BackupSetTokenModel = objectType(backupSetTokenView);
export const BackupSetTokenConnection = connectionType(BackupSetTokenModel);
export const backupSetTokenArguments = listArguments('BackupSetToken', setTokenFilter);
export const putBackupScheduleInput = z.strictObject({ hubId: id, ...schedule, ...actingWithReason, ...mutationInput });
export const PutBackupScheduleInput = inputType('PutBackupScheduleInput', putBackupScheduleInput);
export const PutBackupSchedulePayload = payloadType('PutBackupSchedulePayload', { backupSchedule: { type: BackupScheduleModel } });
