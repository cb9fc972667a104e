import { kindId, type Kind } from '../kinds.js';

/**
 * How a value merges. Without a node: an object is a struct of named fields, a list is atomic (what a CRD without x-kubernetes-list-type
 * says, so also the conditions of OCM's kinds).
 */
export interface SchemaNode {
  /** Replaced as a whole */
  readonly atomic?: true;
  /** An object whose keys are free: labels, data */
  readonly map?: true;
  /** A list whose items are told apart by these fields */
  readonly keys?: readonly string[];
  /** A list of scalars without repetition */
  readonly set?: true;
  readonly fields?: Readonly<Record<string, SchemaNode>>;
  /** Of the items of a list, or of the values of a map */
  readonly item?: SchemaNode;
}

const freeMap: SchemaNode = { map: true };
const keyed = (...keys: string[]): SchemaNode => ({ keys });
const struct = (fields: Readonly<Record<string, SchemaNode>>): SchemaNode => ({ fields });

const metadata = struct({
  labels: freeMap,
  annotations: freeMap,
  finalizers: { set: true },
  ownerReferences: { keys: ['uid'], item: { atomic: true } },
  managedFields: { atomic: true },
});

const overrides = struct({ overrides: struct({ components: keyed('name') }), nodeSelector: freeMap });
const podTemplate = struct({
  metadata: struct({ labels: freeMap, annotations: freeMap }),
  spec: struct({ containers: keyed('name'), initContainers: keyed('name'), nodeSelector: freeMap, volumes: keyed('name') }),
});
const selector: SchemaNode = { atomic: true };

/** Besides metadata: read off the published CRDs and the API's OpenAPI document (x-kubernetes-list-type, -list-map-keys, -map-type). */
const BY_KIND: Readonly<Record<string, Readonly<Record<string, SchemaNode>>>> = {
  '/v1/secrets': { data: freeMap, stringData: freeMap },
  '/v1/configmaps': { data: freeMap, binaryData: freeMap },
  '/v1/namespaces': { status: struct({ conditions: keyed('type') }) },
  '/v1/serviceaccounts': { secrets: keyed('name') },
  '/v1/services': { spec: struct({ ports: keyed('port', 'protocol'), selector: { map: true, atomic: true } }), status: struct({ conditions: keyed('type') }) },
  '/v1/nodes': { status: struct({ conditions: keyed('type'), addresses: keyed('type'), capacity: freeMap, allocatable: freeMap }) },
  'apps/v1/deployments': { spec: struct({ selector, template: podTemplate }), status: struct({ conditions: keyed('type') }) },
  'batch/v1/jobs': { spec: struct({ selector, template: podTemplate }) },
  'cluster.open-cluster-management.io/v1/managedclusters': {
    status: struct({ allocatable: freeMap, capacity: freeMap, managedNamespaces: keyed('clusterSet', 'name') }),
  },
  'addon.open-cluster-management.io/v1alpha1/managedclusteraddons': { status: struct({ supportedConfigs: keyed('group', 'resource') }) },
  'agent.open-cluster-management.io/v1/klusterletaddonconfigs': { spec: struct({ clusterLabels: freeMap }) },
  'cluster.open-cluster-management.io/v1beta1/restores': { spec: struct({ labelSelector: selector, namespaceMapping: freeMap }) },
  'config.open-cluster-management.io/v1alpha1/klusterletconfigs': { spec: struct({ hubKubeAPIServerConfig: struct({ trustedCABundles: keyed('name') }) }) },
  'multicluster.openshift.io/v1/multiclusterengines': { spec: overrides },
  'operator.open-cluster-management.io/v1/multiclusterhubs': { spec: overrides, status: struct({ components: freeMap }) },
  'velero.io/v1/backups': { spec: struct({ labelSelector: selector, orderedResources: freeMap, metadata: struct({ labels: freeMap }) }) },
  'velero.io/v1/restores': { spec: struct({ labelSelector: selector, namespaceMapping: freeMap }) },
  'velero.io/v1/backupstoragelocations': { spec: struct({ config: freeMap, credential: { atomic: true } }) },
  'velero.io/v1/schedules': { spec: struct({ template: struct({ labelSelector: selector, metadata: struct({ labels: freeMap }), orderedResources: freeMap }) }) },
};

const cache = new Map<string, SchemaNode>();

export function schemaOf(kind: Kind): SchemaNode {
  const id = kindId(kind);
  let schema = cache.get(id);
  if (!schema) cache.set(id, (schema = struct({ ...BY_KIND[id], metadata })));
  return schema;
}
