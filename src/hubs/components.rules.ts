import { components } from '../common/rhacm-names.js';
import { at, listAt, textAt } from '../common/untrusted.js';
import type { KubeObject } from '../kube/kube.types.js';
import type { HubComponent } from './hubs.types.js';

/** Names that mean the component, the newest first; what is not listed yet is enabled by the first. */
export const componentNames: Readonly<Record<HubComponent, readonly [string, ...string[]]>> = {
  MANAGED_SERVICE_ACCOUNT: [components.managedServiceAccount, components.managedServiceAccountPreview],
  CLUSTER_BACKUP: [components.clusterBackup],
};

const entries = (host: KubeObject): readonly unknown[] => listAt(host.spec, 'overrides', 'components');

/** Whether any of the names is listed as enabled. */
export function isComponentEnabled(host: KubeObject, component: HubComponent): boolean {
  return entries(host).some((entry) => componentNames[component].includes(at(entry, 'name') as string) && at(entry, 'enabled') === true);
}

/** Names of what is enabled; old names of a component by its newest. */
export function enabledComponents(host: KubeObject): string[] {
  const on = entries(host).filter((entry) => at(entry, 'enabled') === true).flatMap((entry) => textAt(entry, ['name'], 100) ?? []);
  return on.map((name) => Object.values(componentNames).find((names) => names.includes(name))?.[0] ?? name);
}

export type JsonPatch = readonly { readonly op: 'test' | 'add' | 'replace'; readonly path: string; readonly value: unknown }[];

/**
 * What to change so that the component is on, other entries untouched; null where it is on already.
 * The tests make the patch fail where someone changed the resource meanwhile.
 * @param host a MultiClusterEngine or MultiClusterHub as just read
 */
export function enablePatch(host: KubeObject, component: HubComponent): JsonPatch | null {
  if (isComponentEnabled(host, component)) return null;
  const [newest] = componentNames[component];
  const unchanged = { op: 'test', path: '/metadata/resourceVersion', value: host.metadata.resourceVersion } as const;
  const index = entries(host).findIndex((entry) => componentNames[component].includes(at(entry, 'name') as string));
  if (index >= 0) return [unchanged, { op: 'add', path: `/spec/overrides/components/${index}/enabled`, value: true }];
  const added = { name: newest, enabled: true };
  if (Array.isArray(at(host.spec, 'overrides', 'components'))) return [unchanged, { op: 'add', path: '/spec/overrides/components/-', value: added }];
  if (at(host.spec, 'overrides') instanceof Object) return [unchanged, { op: 'add', path: '/spec/overrides/components', value: [added] }];
  if (at(host, 'spec') instanceof Object) return [unchanged, { op: 'add', path: '/spec/overrides', value: { components: [added] } }];
  return [unchanged, { op: 'add', path: '/spec', value: { overrides: { components: [added] } } }];
}
