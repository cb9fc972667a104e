import type { KubeObject } from '../../kube/kube.types.js';
import { matchesWrite, type WriteMatcher } from './write-matcher.js';
import type { AdmissionHook, AdmissionRequest } from '../store/admission.js';
import { ApiStatusError, forbidden } from '../store/api-status.js';
import { isRecord } from '../store/deep-equal.js';

const text = (value: unknown): string | null => (typeof value === 'string' ? value.trim().toLowerCase() : null);
const record = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});

/** Why a syncing Restore is refused; null: it is not. The status counts as it is stored, which is why an activation passes. */
function syncProblem({ spec, status }: KubeObject): string | null {
  const { syncRestoreWithNewBackups, veleroManagedClustersBackupName, veleroCredentialsBackupName, veleroResourcesBackupName } = record(spec);
  if (syncRestoreWithNewBackups !== true) return null;
  const [clusters, credentials, resources] = [text(veleroManagedClustersBackupName), text(veleroCredentialsBackupName), text(veleroResourcesBackupName)];
  if (clusters === null || credentials === null || resources === null) return 'syncRestoreWithNewBackups requires all backup names to be set';
  if (clusters !== 'skip' && clusters !== 'latest') return `syncRestoreWithNewBackups requires veleroManagedClustersBackupName to be 'skip' or 'latest', got: ${clusters}`;
  if (credentials !== 'latest') return `syncRestoreWithNewBackups requires veleroCredentialsBackupName to be 'latest', got: ${credentials}`;
  if (resources !== 'latest') return `syncRestoreWithNewBackups requires veleroResourcesBackupName to be 'latest', got: ${resources}`;
  const { phase, veleroManagedClustersRestoreName } = record(status);
  if (phase === 'Enabled' || clusters === 'skip' || veleroManagedClustersRestoreName) return null;
  return 'when syncRestoreWithNewBackups is true, veleroManagedClustersBackupName must initially be set to \'skip\'. To activate managed clusters, edit the restore to set veleroManagedClustersBackupName to \'latest\'';
}

/**
 * The validating webhook that new releases of the backup operator bring.
 * @see stolostron/cluster-backup-operator, api/v1beta1/restore_webhook.go
 */
export const restoreWebhook: AdmissionHook = {
  name: 'vrestore.kb.io',
  review: ({ operation, kind, object, subresource }: AdmissionRequest): string | null =>
    operation !== 'DELETE' && subresource === null && object && kind.kind === 'Restore' && kind.group === 'cluster.open-cluster-management.io' ? syncProblem(object) : null,
};

/** A webhook that refuses all writes that match: a policy engine that does not like them. */
export const refusingWebhook = (match: WriteMatcher, message: string, name = 'validate.policy.example.com'): AdmissionHook => ({
  name,
  review: (request) => (matchesWrite(match, request) ? message : null),
});

/** A webhook that does not answer, with `failurePolicy: Fail`: nobody can write what it is asked about. */
export const downWebhook = (match: WriteMatcher, name = 'validate.policy.example.com'): AdmissionHook => {
  const words = `failed calling webhook "${name}": failed to call webhook: Post "https://policy.policy-system.svc:443/validate?timeout=10s": dial tcp 172.30.4.7:443: connect: connection refused`;
  return { name, review: (request) => (matchesWrite(match, request) ? new ApiStatusError(500, 'InternalError', `Internal error occurred: ${words}`, { causes: [{ message: words }] }) : null) };
};

/** A ResourceQuota that is used up: what is there may be changed, nothing may be made. */
export const exhaustedQuota = (match: WriteMatcher, quota: string): AdmissionHook => ({
  name: quota,
  review: (request) => {
    if (request.operation !== 'CREATE' || !matchesWrite(match, request)) return null;
    const counted = `count/${request.kind.plural}${request.kind.group ? `.${request.kind.group}` : ''}`;
    return forbidden(request.kind, request.name, `exceeded quota: ${quota}, requested: ${counted}=1, used: ${counted}=0, limited: ${counted}=0`);
  },
});
