import { accounts, addOns, annotations, clusterRoles, labels, labelValues } from '../common/rhacm-names.js';
import { formatGoDuration } from '../common/duration.js';
import { rfc3339 } from '../common/untrusted.js';
import type { KubeObject } from '../kube/kube.types.js';
import type { TokenAction } from './token-plan.rules.js';

type Act<T extends TokenAction['type']> = Extract<TokenAction, { type: T }>;

/** The label by which the operator knows add-ons and accounts as its own. */
const managed = { [labels.isManagedServiceAccount]: accounts.autoImport };

/** No install namespace: the hub's own setting decides. */
export const addOnManifest = (cluster: string): KubeObject => ({
  apiVersion: 'addon.open-cluster-management.io/v1alpha1',
  kind: 'ManagedClusterAddOn',
  metadata: { name: addOns.managedServiceAccount, namespace: cluster, labels: managed },
  spec: {},
});

export const accountManifest = (cluster: string, { account, validityMs }: Act<'APPLY_ACCOUNT'>): KubeObject => ({
  apiVersion: 'authentication.open-cluster-management.io/v1beta1',
  kind: 'ManagedServiceAccount',
  metadata: { name: account, namespace: cluster, labels: managed },
  spec: { rotation: { enabled: true, validity: formatGoDuration(validityMs) } },
});

export const validityPatch = ({ resourceVersion, validityMs }: Act<'CHANGE_VALIDITY'>): unknown => ({
  metadata: { resourceVersion },
  spec: { rotation: { validity: formatGoDuration(validityMs) } },
});

/** The backup label on the work brings the binding into the activation data: without it a restored token has no rights. */
export const workManifest = (cluster: string, { name, binding, account, namespace }: Act<'APPLY_WORK'>): KubeObject => ({
  apiVersion: 'work.open-cluster-management.io/v1',
  kind: 'ManifestWork',
  metadata: { name, namespace: cluster, labels: { [labels.addOnNameWork]: labelValues.addOnNameWork, [labels.backup]: labelValues.backupClusterActivation } },
  spec: {
    workload: {
      manifests: [
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'ClusterRoleBinding',
          metadata: { name: binding },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: clusterRoles.bootstrap },
          subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
        },
      ],
    },
  },
});

/** Merges into the Secret as it was read, and into no other: a patch never makes a Secret, and a newer one is looked at first. */
export function secretPatch({ resourceVersion, label, life }: Act<'MARK_SECRET'>): unknown {
  const notes = {
    ...(life?.expiresAt ? { [annotations.expirationTimestamp]: rfc3339(life.expiresAt) } : {}),
    ...(life?.refreshedAt ? { [annotations.lastRefreshTimestamp]: rfc3339(life.refreshedAt) } : {}),
  };
  return {
    metadata: {
      resourceVersion,
      ...(label ? { labels: { [labels.backup]: labelValues.backupMsa } } : {}),
      ...(life === null ? {} : { annotations: notes }),
    },
  };
}
