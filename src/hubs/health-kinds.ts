import type { ResourceType } from '../kube/kube.types.js';

/** Kinds that an inspection reads and nothing else touches. A hub need not serve them all. */
export const healthKinds = {
  subscription: { group: 'operators.coreos.com', version: 'v1alpha1', plural: 'subscriptions', kind: 'Subscription', namespaced: true },
  deployment: { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true },
  pod: { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true },
  observability: { group: 'observability.open-cluster-management.io', version: 'v1beta2', plural: 'multiclusterobservabilities', kind: 'MultiClusterObservability', namespaced: false },
  application: { group: 'argoproj.io', version: 'v1alpha1', plural: 'applications', kind: 'Application', namespaced: true },
} as const satisfies Record<string, ResourceType>;
