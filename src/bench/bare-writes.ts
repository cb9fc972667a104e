import { annotations, annotationValues, accounts, namespaces, roleBindings, secrets, works } from '../common/rhacm-names.js';
import type { HubClient } from '../kube/hub-client.js';
import { resources } from '../kube/resources.js';
import { accountManifest, addOnManifest, workManifest } from '../tokens/token-manifests.rules.js';
import { importSecretOf, VALIDITY_MS } from './bench-fleet.js';

/** `protect`: what an imported cluster lacks. `import`: what brings a restored cluster back. */
export type BareWork = 'protect' | 'import';

/** Clusters written to at once, by the bare client as by the service. */
export const PLACES = 32;

/** The writes that one cluster needs, in the service's order and with its contents. */
export function writesOf(work: BareWork, cluster: string): readonly ((client: HubClient) => Promise<unknown>)[] {
  if (work === 'import') {
    const metadata = { annotations: { [annotations.immediateImport]: annotationValues.immediateImportAsked } };
    return [
      (client) => client.patch(resources.managedCluster, { name: cluster }, { metadata }, { patchType: 'merge', metadataOnly: true }),
      (client) => client.create(resources.secret, importSecretOf(cluster), { metadataOnly: true }),
    ];
  }
  const account = accounts.autoImport;
  const binding = { type: 'APPLY_WORK', account, name: works.import, binding: roleBindings.import, namespace: namespaces.defaultAddOn } as const;
  return [
    (client) => client.apply(resources.managedClusterAddOn, addOnManifest(cluster)),
    (client) => client.apply(resources.managedServiceAccount, accountManifest(cluster, { type: 'APPLY_ACCOUNT', account, validityMs: VALIDITY_MS })),
    (client) => client.apply(resources.manifestWork, workManifest(cluster, binding), { metadataOnly: true }),
  ];
}

/** Names of the objects by which a cluster's work is told to be done: the last that is written. */
export const lastOf = { protect: { resource: 'manifestworks', name: works.import }, import: { resource: 'secrets', name: secrets.autoImport } } as const;
