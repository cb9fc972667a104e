import type { AdmissionHook } from '../store/admission.js';
import { record, specOf } from './json.js';

/**
 * The operator's validating webhook of new releases (facts, section 6), for a simulated hub: a syncing Restore begins with managed
 * clusters skipped. A patch of a standing one to `latest` is let through: that is the activation.
 */
export const restoreWebhook: AdmissionHook = {
  name: 'vrestore.kb.io',
  review({ operation, kind, object, oldObject }) {
    if (operation === 'DELETE' || !object || kind.kind !== 'Restore' || kind.group !== 'cluster.open-cluster-management.io') return null;
    const { syncRestoreWithNewBackups, veleroManagedClustersBackupName } = specOf(object);
    if (syncRestoreWithNewBackups !== true || veleroManagedClustersBackupName === 'skip') return null;
    const wasSyncing = operation === 'UPDATE' && record(oldObject?.spec)['syncRestoreWithNewBackups'] === true;
    if (wasSyncing && veleroManagedClustersBackupName === 'latest') return null;
    return "when syncRestoreWithNewBackups is true, veleroManagedClustersBackupName must initially be set to 'skip'. Set it to 'latest' later to activate the managed clusters";
  },
};
