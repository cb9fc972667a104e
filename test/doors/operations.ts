import type { Role } from '../../src/access/permissions.js';

export interface Twin {
  /** operationId of REST; null: only GraphQL has it */
  readonly rest: string | null;
  /** Root field of GraphQL, or `Type.field`; null: only REST has it */
  readonly graphql: string | null;
  readonly roles: readonly Role[];
}

const everyone: readonly Role[] = ['viewer', 'operator', 'approver', 'admin'];
const operators: readonly Role[] = ['operator', 'admin'];
const approvers: readonly Role[] = ['approver', 'admin'];
const admins: readonly Role[] = ['admin'];

/** Every operation, in both doors, and who may: written down here again, so that a change of the code's own table shows. */
export const operations: readonly Twin[] = [
  { rest: 'whoami', graphql: 'whoami', roles: everyone },
  { rest: 'createApiKey', graphql: 'createApiKey', roles: admins },
  { rest: 'listApiKeys', graphql: 'apiKeys', roles: admins },
  { rest: 'getApiKey', graphql: null, roles: admins },
  { rest: 'revokeApiKey', graphql: 'revokeApiKey', roles: admins },
  { rest: 'listAuditEntries', graphql: 'auditEntries', roles: admins },
  { rest: 'registerHub', graphql: 'registerHub', roles: admins },
  { rest: 'listHubs', graphql: 'hubs', roles: everyone },
  { rest: 'getHub', graphql: 'hub', roles: everyone },
  { rest: 'getHubWatch', graphql: 'Hub.watch', roles: everyone },
  { rest: 'listWorkers', graphql: 'workers', roles: everyone },
  { rest: 'updateHub', graphql: 'updateHub', roles: operators },
  { rest: 'replaceHubCredentials', graphql: 'replaceHubCredentials', roles: admins },
  { rest: 'removeHub', graphql: 'removeHub', roles: admins },
  { rest: 'removeProtection', graphql: 'removeProtection', roles: admins },
  { rest: 'listProtectionRemovals', graphql: 'protectionRemovals', roles: everyone },
  { rest: 'getProtectionRemoval', graphql: 'protectionRemoval', roles: everyone },
  { rest: 'listRemovalItems', graphql: 'ProtectionRemoval.items', roles: everyone },
  { rest: 'inspectHub', graphql: 'inspectHub', roles: operators },
  { rest: 'getHubPrerequisites', graphql: 'Hub.prerequisites', roles: everyone },
  { rest: 'enableHubComponents', graphql: 'enableHubComponents', roles: operators },
  { rest: 'getHubReadiness', graphql: 'Hub.readiness', roles: everyone },
  { rest: 'putBackupSchedule', graphql: 'putBackupSchedule', roles: operators },
  { rest: 'changeBackupSchedule', graphql: 'changeBackupSchedule', roles: operators },
  { rest: 'pauseBackupSchedule', graphql: 'pauseBackupSchedule', roles: operators },
  { rest: 'resumeBackupSchedule', graphql: 'resumeBackupSchedule', roles: operators },
  { rest: 'previewBackupSchedule', graphql: 'backupSchedulePreview', roles: everyone },
  { rest: 'getBackupSchedule', graphql: null, roles: everyone },
  { rest: 'listBackupSchedules', graphql: 'backupSchedules', roles: everyone },
  { rest: 'listBackupSets', graphql: 'backupSets', roles: everyone },
  { rest: 'getBackupSet', graphql: 'backupSet', roles: everyone },
  { rest: 'listBackupSetTokens', graphql: 'BackupSet.tokens', roles: everyone },
  { rest: 'listBackupSetClusters', graphql: 'BackupSet.clusters', roles: everyone },
  { rest: 'listClusters', graphql: 'clusters', roles: everyone },
  { rest: 'getCluster', graphql: 'cluster', roles: everyone },
  { rest: 'getClusterReadiness', graphql: 'ManagedCluster.readiness', roles: everyone },
  { rest: 'listTokens', graphql: 'tokens', roles: everyone },
  { rest: 'getTokenTimeline', graphql: 'ManagedCluster.tokenTimeline', roles: everyone },
  { rest: 'getTokenTotals', graphql: 'tokenTotals', roles: everyone },
  { rest: 'listTokenProblems', graphql: 'tokenProblems', roles: everyone },
  { rest: 'getToken', graphql: 'token', roles: everyone },
  { rest: 'createPlan', graphql: 'createPlan', roles: operators },
  { rest: 'listPlans', graphql: 'plans', roles: everyone },
  { rest: 'getPlan', graphql: 'plan', roles: everyone },
  { rest: 'updatePlan', graphql: 'updatePlan', roles: operators },
  { rest: 'archivePlan', graphql: 'archivePlan', roles: operators },
  { rest: 'getPlanReadiness', graphql: 'RecoveryPlan.readiness', roles: everyone },
  { rest: 'listPlanClusterReadiness', graphql: 'RecoveryPlan.clusterReadiness', roles: everyone },
  { rest: 'exportPlanClusterReadiness', graphql: null, roles: everyone },
  { rest: 'listClusterReadinessGroups', graphql: 'RecoveryPlan.clusterReadinessGroups', roles: everyone },
  { rest: 'getPlanObjectives', graphql: 'RecoveryPlan.objectives', roles: everyone },
  { rest: 'listRecoveryPoints', graphql: 'RecoveryPlan.recoveryPoints', roles: everyone },
  { rest: 'getForecast', graphql: 'RecoveryPlan.forecast', roles: everyone },
  { rest: 'getWhatIf', graphql: 'RecoveryPlan.whatIf', roles: everyone },
  { rest: 'getReadinessHistory', graphql: 'RecoveryPlan.readinessHistory', roles: everyone },
  { rest: 'listVerdictChanges', graphql: 'RecoveryPlan.verdictChanges', roles: everyone },
  { rest: 'listVerdictChangeGroups', graphql: 'RecoveryPlan.verdictChangeGroups', roles: everyone },
  { rest: 'getReadinessAsOf', graphql: 'RecoveryPlan.readinessAsOf', roles: everyone },
  { rest: 'listAcknowledgements', graphql: 'RecoveryPlan.acknowledgements', roles: everyone },
  { rest: 'acknowledgeFinding', graphql: 'acknowledgeFinding', roles: operators },
  { rest: 'withdrawAcknowledgement', graphql: 'withdrawAcknowledgement', roles: operators },
  { rest: 'startFailover', graphql: 'startFailover', roles: operators },
  { rest: 'listFailovers', graphql: 'failovers', roles: everyone },
  { rest: 'getFailover', graphql: 'failover', roles: everyone },
  { rest: 'decideFailover', graphql: 'decideFailover', roles: approvers },
  { rest: 'abortFailover', graphql: 'abortFailover', roles: operators },
  { rest: 'retryFailover', graphql: 'retryFailover', roles: operators },
  { rest: 'listFailoverEvents', graphql: 'failoverEvents', roles: everyone },
  { rest: 'listImports', graphql: 'Failover.imports', roles: everyone },
  { rest: 'getImport', graphql: null, roles: everyone },
  { rest: 'supplyApiUrl', graphql: 'supplyApiUrl', roles: operators },
  { rest: 'listChanges', graphql: 'changes', roles: everyone },
  { rest: null, graphql: 'changeLog', roles: everyone },
  { rest: 'listRestores', graphql: 'restores', roles: everyone },
  { rest: 'getRestore', graphql: 'restore', roles: everyone },
];
