/** What of a hub goes into a Velero Backup, and what of a Backup into a Velero Restore: kinds, namespaces and labels as Velero reads its specs. */
import type { KubeObject, ResourceType } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { list, record, text, type Json } from './json.js';
import { matchesVeleroSelectors } from './selectors.js';
import { LABEL } from './words.js';

/** The kinds that a simulated Velero finds on a hub; namespaces come only along with what is in them. */
export const BACKUP_KINDS: readonly ResourceType[] = [
  resources.secret, resources.configMap, resources.managedCluster, resources.managedClusterAddOn, resources.managedServiceAccount,
  resources.manifestWork, resources.clusterDeployment, resources.klusterletConfig,
];

/** As Velero's lists name a kind: `plural.group` or `singular.group`, without the group for the core and where it is left out. */
function isNamed(type: ResourceType, names: unknown): boolean {
  const suffix = type.group === '' ? '' : `.${type.group}`;
  const known = [type.plural, type.kind.toLowerCase(), type.plural + suffix, type.kind.toLowerCase() + suffix];
  return list(names).some((name) => name === '*' || known.includes((text(name) ?? '').toLowerCase()));
}

export function selectsKind(spec: Json, type: ResourceType): boolean {
  const included = list(spec['includedResources']);
  return (included.length === 0 || isNamed(type, included)) && !isNamed(type, spec['excludedResources']);
}

/** Whether the spec of a Backup or Restore takes this object; the kind is looked at apart. */
export function selectsObject(spec: Json, { metadata }: KubeObject): boolean {
  if (metadata.labels?.[LABEL.veleroExclude] === 'true') return false;
  const included = list(spec['includedNamespaces']);
  const { namespace } = metadata;
  if (namespace !== undefined && included.length > 0 && !included.includes('*') && !included.includes(namespace)) return false;
  if (namespace !== undefined && list(spec['excludedNamespaces']).includes(namespace)) return false;
  return matchesVeleroSelectors(spec, metadata.labels);
}

/**
 * Selectors for the API server that together find at least what the spec's own label selectors match; undefined stands for everything.
 * One for each of `orLabelSelectors`, as Velero asks.
 */
export function serverSelectors(spec: Json): (string | undefined)[] {
  const common = requirements(spec['labelSelector']);
  const alternatives = list(spec['orLabelSelectors']);
  const all = alternatives.length === 0 ? [common] : alternatives.map((selector) => [...common, ...requirements(selector)]);
  return all.map((parts) => (parts.length > 0 ? parts.join(',') : undefined));
}

function requirements(selector: unknown): string[] {
  const { matchLabels, matchExpressions } = record(selector);
  const equal = Object.entries(record(matchLabels)).map(([key, value]) => `${key}=${text(value) ?? ''}`);
  const others = list(matchExpressions).map(record).map(({ key, operator, values }) => {
    const name = text(key) ?? '';
    if (operator === 'Exists') return name;
    if (operator === 'DoesNotExist') return `!${name}`;
    return `${name} ${operator === 'NotIn' ? 'notin' : 'in'} (${list(values).join(',')})`;
  });
  return [...equal, ...others];
}

/** An object as Velero writes it back: own labels and annotations stay, everything that a server gave it and its owners are gone, and so is status. */
export function restoredForm(item: KubeObject, labels: Readonly<Record<string, string>>): KubeObject {
  const { metadata, status: _status, ...rest } = item;
  const { name, namespace, annotations } = metadata;
  return { ...rest, metadata: { name, ...(namespace === undefined ? {} : { namespace }), labels: { ...metadata.labels, ...labels }, ...(annotations ? { annotations } : {}) } };
}
