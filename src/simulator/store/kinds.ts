import type { ResourceType } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';

/** How the API server treats one kind. */
export interface Kind extends ResourceType {
  /** `status` is written through `/status` alone. Without it, status is part of the main resource and moves metadata.generation (velero.io) */
  readonly statusSubresource: boolean;
  /** `custom`: defined by a CRD, so metadata.generation counts and strategic merge patch is refused. `builtin`: part of kube-apiserver */
  readonly nature: 'custom' | 'builtin';
  /** Builtin kinds that count metadata.generation (by changes of spec) */
  readonly generation: boolean;
  /** Answered, never stored: reviews */
  readonly review: boolean;
}

export type KindOptions = Partial<Omit<Kind, keyof ResourceType>>;

export function kindOf(type: ResourceType, options: KindOptions = {}): Kind {
  const nature = options.nature ?? (type.group.includes('.') && !type.group.endsWith('.k8s.io') ? 'custom' : 'builtin');
  return {
    ...type,
    nature,
    statusSubresource: options.statusSubresource ?? (nature === 'custom' && type.group !== 'velero.io'),
    generation: options.generation ?? nature === 'custom',
    review: options.review ?? false,
  };
}

export const apiVersionOf = (type: Pick<ResourceType, 'group' | 'version'>): string => (type.group ? `${type.group}/${type.version}` : type.version);

/** Names a kind among all: group, version and plural. */
export const kindId = (type: Pick<ResourceType, 'group' | 'version' | 'plural'>): string => `${type.group}/${type.version}/${type.plural}`;

const row = (group: string, version: string, plural: string, kind: string, namespaced: boolean, options?: KindOptions): Kind =>
  kindOf({ group, version, plural, kind, namespaced }, options);

const builtin: KindOptions = { nature: 'builtin' };
const withStatus: KindOptions = { nature: 'builtin', statusSubresource: true };
const withGeneration: KindOptions = { nature: 'builtin', statusSubresource: true, generation: true };
const review: KindOptions = { nature: 'builtin', review: true };

/** Every kind that a simulated hub serves unless told otherwise. */
export const DEFAULT_KINDS: readonly Kind[] = [
  ...Object.values(resources).map((type) => kindOf(type, type.plural === 'namespaces' || type.plural === 'pods' ? withStatus : {})),
  row('', 'v1', 'serviceaccounts', 'ServiceAccount', true, builtin),
  row('', 'v1', 'events', 'Event', true, builtin),
  row('', 'v1', 'nodes', 'Node', false, withStatus),
  row('', 'v1', 'services', 'Service', true, withStatus),
  row('', 'v1', 'endpoints', 'Endpoints', true, builtin),
  row('apps', 'v1', 'deployments', 'Deployment', true, withGeneration),
  row('batch', 'v1', 'jobs', 'Job', true, withGeneration),
  row('batch', 'v1', 'cronjobs', 'CronJob', true, withGeneration),
  row('coordination.k8s.io', 'v1', 'leases', 'Lease', true, builtin),
  row('rbac.authorization.k8s.io', 'v1', 'roles', 'Role', true, builtin),
  row('rbac.authorization.k8s.io', 'v1', 'rolebindings', 'RoleBinding', true, builtin),
  row('rbac.authorization.k8s.io', 'v1', 'clusterroles', 'ClusterRole', false, builtin),
  row('rbac.authorization.k8s.io', 'v1', 'clusterrolebindings', 'ClusterRoleBinding', false, builtin),
  row('admissionregistration.k8s.io', 'v1', 'validatingwebhookconfigurations', 'ValidatingWebhookConfiguration', false, { ...builtin, generation: true }),
  row('apiextensions.k8s.io', 'v1', 'customresourcedefinitions', 'CustomResourceDefinition', false, withGeneration),
  row('authorization.k8s.io', 'v1', 'selfsubjectaccessreviews', 'SelfSubjectAccessReview', false, review),
  row('authorization.k8s.io', 'v1', 'selfsubjectrulesreviews', 'SelfSubjectRulesReview', false, review),
  row('authentication.k8s.io', 'v1', 'selfsubjectreviews', 'SelfSubjectReview', false, review),
  row('authentication.k8s.io', 'v1', 'tokenreviews', 'TokenReview', false, review),
  row('agent.open-cluster-management.io', 'v1', 'klusterletaddonconfigs', 'KlusterletAddonConfig', true),
  row('addon.open-cluster-management.io', 'v1alpha1', 'addondeploymentconfigs', 'AddOnDeploymentConfig', true, { statusSubresource: false }),
  row('cluster.open-cluster-management.io', 'v1beta2', 'managedclustersets', 'ManagedClusterSet', false),
  row('cluster.open-cluster-management.io', 'v1beta1', 'placements', 'Placement', true),
  row('cluster.open-cluster-management.io', 'v1beta1', 'placementdecisions', 'PlacementDecision', true),
  row('operator.open-cluster-management.io', 'v1', 'internalhubcomponents', 'InternalHubComponent', true),
  row('observability.open-cluster-management.io', 'v1beta2', 'multiclusterobservabilities', 'MultiClusterObservability', false),
  row('velero.io', 'v1', 'serverstatusrequests', 'ServerStatusRequest', true),
  row('hive.openshift.io', 'v1', 'clusterpools', 'ClusterPool', true),
  row('config.openshift.io', 'v1', 'infrastructures', 'Infrastructure', false),
  row('route.openshift.io', 'v1', 'routes', 'Route', true),
  row('operators.coreos.com', 'v1alpha1', 'clusterserviceversions', 'ClusterServiceVersion', true),
  row('operators.coreos.com', 'v1alpha1', 'subscriptions', 'Subscription', true),
  row('argoproj.io', 'v1alpha1', 'applications', 'Application', true, { statusSubresource: false }),
];
