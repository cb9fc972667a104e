import type { AccessQuestion } from '../kube/kube.types.js';

const backupNamespace = 'open-cluster-management-backup';

/** READ is needed to register a hub at all; CHECK to judge its health and set-up; VERIFY to ask Velero what its backups hold; PROTECT and RECOVER when tokens are to be kept and clusters to be brought back. */
export type RightsPurpose = 'READ' | 'CHECK' | 'VERIFY' | 'PROTECT' | 'RECOVER';

export interface NeededRight extends AccessQuestion {
  readonly purpose: RightsPurpose;
}

const rights = (purpose: RightsPurpose, group: string, resource: string, verbs: readonly string[], namespace?: string): NeededRight[] =>
  verbs.map((verb) => ({ purpose, verb, group, resource, ...(namespace === undefined ? {} : { namespace }) }));

const watched = ['list', 'watch'] as const;

/** Every right that Lifeboat uses on a hub; deploy/ grants exactly these. */
export const neededRights: readonly NeededRight[] = [
  ...rights('READ', 'cluster.open-cluster-management.io', 'managedclusters', ['get', ...watched]),
  ...rights('READ', 'addon.open-cluster-management.io', 'managedclusteraddons', watched),
  ...rights('READ', 'addon.open-cluster-management.io', 'clustermanagementaddons', ['get', ...watched]),
  ...rights('READ', 'authentication.open-cluster-management.io', 'managedserviceaccounts', watched),
  ...rights('READ', 'work.open-cluster-management.io', 'manifestworks', watched),
  ...rights('READ', '', 'secrets', watched),
  ...rights('READ', 'cluster.open-cluster-management.io', 'backupschedules', watched, backupNamespace),
  ...rights('READ', 'cluster.open-cluster-management.io', 'restores', ['get', ...watched], backupNamespace),
  ...['schedules', 'backups', 'restores', 'backupstoragelocations'].flatMap((resource) => rights('READ', 'velero.io', resource, watched, backupNamespace)),
  ...rights('READ', 'config.openshift.io', 'clusterversions', ['get']),
  ...rights('READ', '', 'namespaces', ['get']),
  ...rights('READ', 'multicluster.openshift.io', 'multiclusterengines', ['list']),
  ...rights('READ', 'operator.open-cluster-management.io', 'multiclusterhubs', ['list']),
  ...rights('READ', 'oadp.openshift.io', 'dataprotectionapplications', ['list'], backupNamespace),
  ...rights('CHECK', 'operators.coreos.com', 'subscriptions', ['list']),
  ...rights('CHECK', 'apps', 'deployments', ['list'], backupNamespace),
  ...rights('CHECK', '', 'pods', ['list'], backupNamespace),
  ...rights('CHECK', 'hive.openshift.io', 'clusterdeployments', ['list']),
  ...rights('CHECK', 'observability.open-cluster-management.io', 'multiclusterobservabilities', ['list']),
  ...rights('CHECK', 'argoproj.io', 'applications', ['list']),
  // By name, in whichever namespace the engine runs
  ...rights('CHECK', '', 'configmaps', ['get']).map((right) => ({ ...right, name: 'import-controller-config' })),
  ...rights('CHECK', 'config.open-cluster-management.io', 'klusterletconfigs', ['get']).map((right) => ({ ...right, name: 'global' })),
  ...rights('VERIFY', 'velero.io', 'downloadrequests', ['create', 'get', 'delete'], backupNamespace),
  ...rights('PROTECT', 'addon.open-cluster-management.io', 'managedclusteraddons', ['create', 'patch']),
  ...rights('PROTECT', 'authentication.open-cluster-management.io', 'managedserviceaccounts', ['create', 'patch']),
  ...rights('PROTECT', 'work.open-cluster-management.io', 'manifestworks', ['create', 'patch', 'delete']),
  ...rights('PROTECT', '', 'secrets', ['patch', 'delete']),
  ...rights('PROTECT', 'cluster.open-cluster-management.io', 'backupschedules', ['create', 'patch'], backupNamespace),
  ...rights('RECOVER', 'cluster.open-cluster-management.io', 'restores', ['create', 'patch'], backupNamespace),
  ...rights('RECOVER', 'cluster.open-cluster-management.io', 'managedclusters', ['patch']),
  ...rights('RECOVER', '', 'secrets', ['get', 'create']),
];

/** Cluster-admin has it; one question instead of all the others. */
export const everyRight: AccessQuestion = { verb: '*', group: '*', resource: '*' };

/** `patch managedclusters.cluster.open-cluster-management.io`, with the namespace where it is asked for one only. */
export function rightInWords({ verb, group, resource, namespace }: AccessQuestion): string {
  return `${verb} ${resource}${group === '' ? '' : `.${group}`}${namespace === undefined ? '' : ` in ${namespace}`}`;
}
