import { resources } from '../../kube/resources.js';
import type { HubEnv } from './hub-env.js';
import { statusOf } from './json.js';
import { BACKUP_NAMESPACE } from './words.js';

/** Why the operator has no storage location to work with; null: there is a valid one, in the namespace, made by OADP and available. */
export function storageProblem({ informers }: HubEnv): string | null {
  const locations = informers.of(resources.backupStorageLocation).inNamespace(BACKUP_NAMESPACE);
  if (locations.length === 0) {
    return 'velero.io.BackupStorageLocation resources not found. Verify you have created a konveyor.openshift.io.Velero or oadp.openshift.io.DataProtectionApplications resource.';
  }
  const isValid = locations.some((location) => (location.metadata.ownerReferences?.length ?? 0) > 0 && statusOf(location)['phase'] === 'Available');
  return isValid ? null : `Backup storage location is not available. Check velero.io.BackupStorageLocation and validate storage credentials.`;
}
