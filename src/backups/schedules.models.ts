import { z } from 'zod';
import { connectionType, listArguments } from '../api/connection.js';
import { docsUrlOf } from '../api/docs-url.js';
import { inputType, mutationInput, objectType, payloadType } from '../api/graphql-from-zod.js';
import { pageOf } from '../api/paging.js';
import { actingWithReason, id, instant, orderedListQuery, queryFlag } from '../api/schemas.js';
import { iso, named } from '../api/view.js';
import { severities } from '../readiness/readiness.types.js';
import type { BackupSchedule } from './backups.types.js';
import { scheduleFindingCodes, tokenKeepers, validitySources, type SchedulePreview } from './schedules.types.js';

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
    version: z.int().nullable().describe('Grows with each change of its spec; the ETag. null: not told yet'),
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
  version: schedule.generation,
  readAt: iso(schedule.readAt),
});

const findingView = z
  .object({
    code: named('ScheduleFindingCode', scheduleFindingCodes),
    docsUrl: z.string().describe('The page of the code, on this server'),
    severity: named('Severity', severities),
    cause: z.string(),
    remedy: z.string(),
  })
  .meta({ id: 'ScheduleFinding', description: 'What speaks against a schedule' });

const objectiveView = z
  .object({
    planId: id,
    name: z.string(),
    rpoSeconds: z.int(),
    worstAgeSeconds: z.int().describe('How old the newest usable set gets before the next one can be used'),
    met: z.boolean(),
  })
  .meta({ id: 'PlanObjective', description: 'What a plan may lose, against what the schedule lets it lose' });

const shortClusterView = z
  .object({
    cluster: z.string(),
    lifeSeconds: z.int().describe('Life of its tokens; less than was asked where the cluster grants no more (EKS: a day)'),
    lastsSeconds: z.int().describe('How long the better token of a set is good for at least, from the set\u2019s start'),
  })
  .meta({ id: 'ShortCluster', description: 'A cluster whose tokens end before the sets that hold them' });

export const schedulePreviewView = z
  .object({
    hubId: id,
    name: z.string().nullable().describe('null: the hub has no schedule yet'),
    cron: z.string(),
    veleroTtlSeconds: z.int(),
    useManagedServiceAccount: z.boolean(),
    paused: z.boolean(),
    nextRuns: z.array(instant).describe('Five, UTC; none while paused'),
    shortestIntervalSeconds: z.int(),
    longestIntervalSeconds: z.int(),
    setsKeptLeast: z.int().describe('Sets that exist at a time, at least'),
    setsKeptMost: z.int(),
    restorableSeconds: z.int().describe('How far back a restore can always go'),
    uncoveredSeconds: z.int().describe('How long in each interval there is no set at all'),
    plans: z.array(objectiveView).describe('Of plans that name the hub as source'),
    tokenValiditySeconds: z.int().describe('What is asked for'),
    tokenValidityFrom: named('ValiditySource', validitySources, 'Where the validity of tokens comes from'),
    tokensKeptBy: named('TokenKeeper', tokenKeepers, 'Who makes and renews the tokens'),
    tokensLastSeconds: z.int().nullable().describe('How long the better token of a set is good for at least, where the cluster grants what is asked; null: nobody keeps tokens'),
    clustersInNeed: z.int().describe('Clusters that need a token'),
    clustersKnown: z.int().describe('Of those, how many have a token whose life is known'),
    clustersShort: z.int().describe('Of those that are known: tokens that end before their sets do'),
    clustersWithoutCover: z.int().describe('Of those that are known: tokens that end before the next set can be used'),
    shortClusters: z.array(shortClusterView).describe('The shortest first, at most a hundred'),
    findings: z.array(findingView).describe('The gravest first'),
  })
  .meta({ id: 'BackupSchedulePreview', description: 'What would follow from a schedule, by what is known of the hub' });
export type SchedulePreviewView = z.infer<typeof schedulePreviewView>;

export const toSchedulePreviewView = ({ nextRuns, plans, shortClusters, findings, ...preview }: SchedulePreview): SchedulePreviewView => ({
  hubId: preview.hubId,
  name: preview.name,
  cron: preview.cron,
  veleroTtlSeconds: preview.veleroTtlSeconds,
  useManagedServiceAccount: preview.useManagedServiceAccount,
  paused: preview.paused,
  nextRuns: nextRuns.map(iso),
  shortestIntervalSeconds: preview.shortestIntervalSeconds,
  longestIntervalSeconds: preview.longestIntervalSeconds,
  setsKeptLeast: preview.setsKeptLeast,
  setsKeptMost: preview.setsKeptMost,
  restorableSeconds: preview.restorableSeconds,
  uncoveredSeconds: preview.uncoveredSeconds,
  plans: plans.map(({ planId, name, rpoSeconds, worstAgeSeconds, met }) => ({ planId, name, rpoSeconds, worstAgeSeconds, met })),
  tokenValiditySeconds: preview.tokenValiditySeconds,
  tokenValidityFrom: preview.tokenValidityFrom,
  tokensKeptBy: preview.tokensKeptBy,
  tokensLastSeconds: preview.tokensLastSeconds,
  clustersInNeed: preview.clustersInNeed,
  clustersKnown: preview.clustersKnown,
  clustersShort: preview.clustersShort,
  clustersWithoutCover: preview.clustersWithoutCover,
  shortClusters: shortClusters.map(({ cluster, lifeSeconds, lastsSeconds }) => ({ cluster, lifeSeconds, lastsSeconds })),
  findings: findings.map(({ code, severity, cause, remedy }) => ({ code, docsUrl: docsUrlOf(code), severity, cause, remedy })),
});

// ---- What callers send

const cron = z.string().trim().min(1).max(200).describe('Five fields, or `@every 1h`, `@daily`\u2026 as Velero reads it');
const duration = z.string().trim().min(1).max(50);
const veleroTtl = duration.describe('Go duration, e.g. `720h`');
const schedule = {
  name: z.string().trim().min(1).max(253).optional().describe('Absent: the one that exists, else `schedule-acm`'),
  cron,
  veleroTtl,
  tokenTtl: duration.optional().describe('Go duration; absent: twice veleroTtl, as the operator does'),
  useManagedServiceAccount: z.boolean(),
  paused: z.boolean().optional(),
};
export const putBackupScheduleBody = z.strictObject({ ...schedule, ...actingWithReason });

const scheduleChange = {
  cron: cron.optional(),
  veleroTtl: veleroTtl.optional(),
  tokenTtl: duration.nullable().optional().describe('Go duration; null: twice veleroTtl, as the operator does'),
  useManagedServiceAccount: z.boolean().optional(),
  paused: z.boolean().optional(),
};
export const changeBackupScheduleBody = z.strictObject({ ...scheduleChange, ...actingWithReason });
/** What is absent is as it is. */
export const previewQuery = z.strictObject({ cron: cron.optional(), veleroTtl: veleroTtl.optional(), tokenTtl: duration.optional(), useManagedServiceAccount: queryFlag, paused: queryFlag });

export const backupScheduleQuery = orderedListQuery({ hubId: id.optional() });
export const backupSchedulePage = pageOf(backupScheduleView);

// ---- GraphQL

export const BackupScheduleModel = objectType(backupScheduleView);
export const BackupScheduleConnection = connectionType(BackupScheduleModel);
export const backupScheduleArguments = listArguments('BackupSchedule', { hubId: id.optional() });
export const SchedulePreviewModel = objectType(schedulePreviewView);

const ofHub = { hubId: id, ...actingWithReason, ...mutationInput };
export const putBackupScheduleInput = z.strictObject({ ...schedule, ...ofHub });
export const PutBackupScheduleInput = inputType('PutBackupScheduleInput', putBackupScheduleInput);
export const changeBackupScheduleInput = z.strictObject({ version: z.int().min(1).describe('The version that was read'), ...scheduleChange, ...ofHub });
export const ChangeBackupScheduleInput = inputType('ChangeBackupScheduleInput', changeBackupScheduleInput);
export const pauseBackupScheduleInput = z.strictObject(ofHub);
export const PauseBackupScheduleInput = inputType('PauseBackupScheduleInput', pauseBackupScheduleInput);
export const resumeBackupScheduleInput = z.strictObject(ofHub);
export const ResumeBackupScheduleInput = inputType('ResumeBackupScheduleInput', resumeBackupScheduleInput);
export const schedulePreviewInput = z.strictObject({ hubId: id, ...scheduleChange });
export const SchedulePreviewInput = inputType('BackupSchedulePreviewInput', schedulePreviewInput);

const payload = (name: string) => payloadType(name, { backupSchedule: { type: BackupScheduleModel } });
export const PutBackupSchedulePayload = payload('PutBackupSchedulePayload');
export const ChangeBackupSchedulePayload = payload('ChangeBackupSchedulePayload');
export const PauseBackupSchedulePayload = payload('PauseBackupSchedulePayload');
export const ResumeBackupSchedulePayload = payload('ResumeBackupSchedulePayload');
