import type { Hub, PolicyPreview } from './hubs.types.js';
import { firstSelecting, type Labels } from './label-selector.rules.js';

const MAX_EXAMPLES = 10;

/** @param clusters those that need a token, by name */
export function policyPreview(hub: Pick<Hub, 'policy' | 'fencing' | 'tokenExclusions'>, clusters: readonly { readonly name: string; readonly labels: Labels }[]): PolicyPreview {
  const exclusions = hub.tokenExclusions.map((selector) => {
    const hit = clusters.filter(({ labels }) => firstSelecting([selector], labels) !== null).map(({ name }) => name);
    return { selector, clusters: hit.length, examples: hit.slice(0, MAX_EXAMPLES) };
  });
  const clustersExcluded = clusters.filter(({ labels }) => firstSelecting(hub.tokenExclusions, labels) !== null).length;
  const isWrittenTo = hub.policy === 'PROTECT' && hub.fencing === 'NONE';
  return { clustersInNeed: clusters.length, clustersExcluded, clustersProtected: isWrittenTo ? clusters.length - clustersExcluded : 0, exclusions };
}
