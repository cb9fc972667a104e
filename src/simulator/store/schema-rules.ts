import type { KubeObject } from '../../kube/kube.types.js';
import type { StatusCause } from './api-status.js';
import { isRecord } from './deep-equal.js';
import { kindId, type Kind } from './kinds.js';

/** What the published CRD of a kind demands and fills in, as far as callers can stumble over it. Paths are asked for only where their parent is. */
interface SchemaRules {
  readonly required?: readonly string[];
  readonly defaults?: Readonly<Record<string, unknown>>;
}

const RULES: Readonly<Record<string, SchemaRules>> = {
  'cluster.open-cluster-management.io/v1/managedclusters': { defaults: { 'spec.leaseDurationSeconds': 60 } },
  'addon.open-cluster-management.io/v1alpha1/managedclusteraddons': { required: ['spec'], defaults: { 'spec.installNamespace': 'open-cluster-management-agent-addon' } },
  'authentication.open-cluster-management.io/v1beta1/managedserviceaccounts': {
    required: ['spec.rotation'], defaults: { 'spec.rotation.enabled': true, 'spec.rotation.validity': '8640h0m0s' },
  },
  'cluster.open-cluster-management.io/v1beta1/backupschedules': { required: ['spec.veleroSchedule'] },
  'cluster.open-cluster-management.io/v1beta1/restores': {
    required: ['spec.cleanupBeforeRestore', 'spec.veleroCredentialsBackupName', 'spec.veleroManagedClustersBackupName', 'spec.veleroResourcesBackupName'],
  },
  'config.openshift.io/v1/clusterversions': { required: ['spec', 'spec.clusterID'] },
  'hive.openshift.io/v1/clusterdeployments': { required: ['spec.baseDomain', 'spec.clusterName', 'spec.platform'] },
  'multicluster.openshift.io/v1/multiclusterengines': { defaults: { 'spec.localClusterName': 'local-cluster' } },
  'operator.open-cluster-management.io/v1/multiclusterhubs': { defaults: { 'spec.localClusterName': 'local-cluster' } },
  'oadp.openshift.io/v1alpha1/dataprotectionapplications': { required: ['spec.configuration'], defaults: { 'spec.logFormat': 'text' } },
  'velero.io/v1/backupstoragelocations': { required: ['spec.objectStorage', 'spec.provider'] },
  'velero.io/v1/deletebackuprequests': { required: ['spec.backupName'] },
  'velero.io/v1/downloadrequests': { required: ['spec.target'] },
  'velero.io/v1/schedules': { required: ['spec.schedule', 'spec.template'] },
};

function parentOf(object: KubeObject, path: readonly string[]): Record<string, unknown> | null {
  let at: unknown = object;
  for (const field of path.slice(0, -1)) at = isRecord(at) ? at[field] : undefined;
  return isRecord(at) ? at : null;
}

export function applySchemaDefaults(kind: Kind, object: KubeObject): void {
  for (const [path, value] of Object.entries(RULES[kindId(kind)]?.defaults ?? {})) {
    const fields = path.split('.');
    const parent = parentOf(object, fields);
    const last = fields.at(-1);
    if (parent && last !== undefined) parent[last] ??= value;
  }
}

export function schemaProblems(kind: Kind, object: KubeObject): StatusCause[] {
  const missing = (RULES[kindId(kind)]?.required ?? []).filter((path) => {
    const fields = path.split('.');
    const parent = parentOf(object, fields);
    return parent !== null && parent[fields.at(-1) ?? ''] === undefined;
  });
  const causes: StatusCause[] = missing.map((field) => ({ reason: 'FieldValueRequired', message: 'Required value', field }));
  if (kind.nature === 'builtin') return causes;
  for (const field of ['spec', 'status'] as const) {
    const value: unknown = object[field];
    if (value === undefined || isRecord(value)) continue;
    const type = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
    causes.push({ reason: 'FieldValueTypeInvalid', message: `Invalid value: ${JSON.stringify(type)}: ${field} in body must be of type object: ${JSON.stringify(type)}`, field });
  }
  return causes;
}
