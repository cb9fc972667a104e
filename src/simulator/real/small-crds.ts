import type { KubeObject, ResourceType } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';

/** Velero's kinds have no status subresource: whoever writes a status moves `metadata.generation`. */
const hasStatusSubresource = (type: ResourceType): boolean => type.group !== 'velero.io';

const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

function smallCrd(type: ResourceType): KubeObject {
  const { group, version, plural, kind, namespaced } = type;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: [{
        name: version,
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { ...anything, properties: { spec: anything, status: anything } } },
        ...(hasStatusSubresource(type) ? { subresources: { status: {} } } : {}),
      }],
    },
  };
}

/** Definitions of every kind in `resources` that is not built in: right names, scope and status subresource, any content. */
export const smallCrds: readonly KubeObject[] = Object.values<ResourceType>(resources).filter(({ group }) => group !== '').map(smallCrd);
